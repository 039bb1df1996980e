"""What the search takes as parameters, for every address of it alike. An empty one, as forms send it, is left out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BeforeValidator, Field

from services.transparency.search import rules
from shared.fields import Day, Moment, PlainNumber, as_written

EMPTY = BeforeValidator(lambda value: None if value == "" else value)
CARDS = {"none": "None", "gpc": "GPC", "ccc": "CCC"}

Text = Annotated[str | None, Field(max_length=200), EMPTY]
Pence = Annotated[
    Annotated[int, Field(ge=-(2**63), le=2**63 - 1), as_written("-?[0-9]{1,19}", "a whole number of pence, 50000")]
    | None,
    EMPTY,
]
Inclusion = Literal[
    "OVER_THRESHOLD",
    "PART_OF_ITEM",
    "CREDIT_OVER_THRESHOLD",
    "LINKED_CREDIT",
    "CARD",
    "EXPENSE_MONTH",
    "VCSE_GRANT",
    "VOLUNTARY",
]


def _card(value: Any) -> Any:
    """`gpc` is `GPC`: a card is one of three signs, in whatever case."""
    return CARDS.get(value.lower(), value) if isinstance(value, str) else value


def _asked(
    q: Annotated[
        Text,
        Query(
            description="Words in payee, purpose, category or unit, all of which must be there. `roof*` is the "
            'beginning of a word, `"peer challenge"` a phrase. Case and accents do not count.'
        ),
    ] = None,
    payee: Annotated[
        Text, Query(description="Name of a payee, the beginning of one with `*` behind it, or a BeneficiaryOtherID.")
    ] = None,
    unit: Annotated[Text, Query(description="Organisational unit, or the beginning of one with `*`.")] = None,
    category: Annotated[Text, Query(description="Category, or the beginning of one with `*`.")] = None,
    contract: Annotated[Text, Query(description="ContractRef, or the beginning of one with `*`.")] = None,
    publisher: Annotated[Text, Query(description="Slug of a publisher.")] = None,
    period: Annotated[Text, Query(description="Quarter, `2017-18-q1`.")] = None,
    year: Annotated[Text, Query(description="Financial year, `2017-18`.")] = None,
    min_pence: Annotated[Pence, Query(description="Smallest amount.")] = None,
    max_pence: Annotated[Pence, Query(description="Largest amount.")] = None,
    paid_from: Annotated[Annotated[Day | None, EMPTY], Query(description="First day of payment.")] = None,
    paid_to: Annotated[Annotated[Day | None, EMPTY], Query(description="Last day of payment.")] = None,
    card: Annotated[
        Annotated[Literal["None", "GPC", "CCC"] | None, EMPTY, BeforeValidator(_card)],
        Query(description="CardTransaction: `None`, `GPC` or `CCC`."),
    ] = None,
    redaction: Annotated[
        Text, Query(description="`true` for rows with a redaction, `false` for those without, or the reason's code.")
    ] = None,
    late: Annotated[Annotated[bool | None, EMPTY], Query(description="Whether the row was added late.")] = None,
    has_contract: Annotated[
        Annotated[bool | None, EMPTY], Query(description="Whether the row names a contract.")
    ] = None,
    has_number: Annotated[
        Annotated[bool | None, EMPTY], Query(description="Whether a company or charity number stands beside the payee.")
    ] = None,
    inclusion: Annotated[Annotated[Inclusion | None, EMPTY], Query(description="InclusionReason.")] = None,
    dataset: Annotated[
        Literal["spend"] | None, Query(description="Dataset whose rows are searched; `spend` is the only one.")
    ] = None,
    as_at: Annotated[
        Annotated[Moment | None, EMPTY], Query(description="Search the editions in force at this instant.")
    ] = None,
    edition: Annotated[
        Annotated[Annotated[PlainNumber, Field(ge=1, le=100_000)] | None, EMPTY],
        Query(description="Search this edition, of the publisher and period given beside it."),
    ] = None,
) -> rules.Asked:
    return rules.Asked(
        q=q,
        payee=payee,
        unit=unit,
        category=category,
        contract=contract,
        publisher=publisher,
        period=period,
        year=year,
        min_pence=min_pence,
        max_pence=max_pence,
        paid_from=paid_from,
        paid_to=paid_to,
        card=card,
        redaction=redaction,
        late=late,
        has_contract=has_contract,
        has_number=has_number,
        inclusion=inclusion,
        as_at=as_at,
        edition=edition,
    )


Asking = Annotated[rules.Asked, Depends(_asked)]

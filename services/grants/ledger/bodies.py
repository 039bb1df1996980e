"""What requests on the ledger carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.grants.expenditure.cells import is_spreadsheet_error
from services.grants.ledger.content import Content, Payee
from services.grants.ledger.rules import Kind
from services.grants.ledger.values import Amounts
from services.grants.organisations.identifiers import charity_number, company_number
from services.grants.shapes import Code, OrganisationSlug, Prose, SignedAmount, Yes
from shared.errors import Contradiction
from shared.fields import Day, example
from shared.http import Body
from shared.values import Card, DateBasis, PartyKind, QuarterSlug

Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Label = Annotated[str, Field(max_length=7, description="Year of the agreement, `2017-18`; null outside any (G-28a).")]
Gss = Annotated[str, Field(pattern="^[A-Z][0-9]{8}$", description="GSS code of the authority that benefits (G-6).")]
UseCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
UseCodes = Annotated[
    tuple[UseCode, ...],
    Field(max_length=20, description="Rules of use the line raises, such as `PU1`; empty: none (G-19)."),
]
Quarter = Annotated[
    QuarterSlug, Field(description="Left out, the quarter of the service date; named where that one is locked (G-29).")
]


def _name(text: str) -> str:
    if is_spreadsheet_error(text):
        raise Contradiction(f"{text[:40]} is an error value of a spreadsheet and no name; give the payee's name", "")
    return text


def _number(read: Callable[[str], str | None], no_such: str) -> AfterValidator:
    """The number as its register writes it; refused, with the fix, where it can be none of it (G-23)."""

    def check(text: str) -> str:
        number = read(text)
        if number is None:
            raise Contradiction(f"{text[:40]} is {no_such}, or leave it out", "")
        return number

    return AfterValidator(check)


PayeeName = Annotated[Text, AfterValidator(_name)]
CompanyNumber = Annotated[
    Short,
    _number(
        company_number,
        "no company number: give its 8 letters or digits as Companies House writes them, zeros included",
    ),
]
CharityNumber = Annotated[
    Short,
    _number(
        charity_number,
        "no charity number: give 6 or 7 digits with any suffix, such as 1234567-1, or the number of Scotland, SC012345",
    ),
]

PAYEE_FIELDS = ("kind", "name", "number", "company_number", "charity_number", "vcse")
AMOUNT_FIELDS = (
    "net_pence", "vat_pence", "recoverable_vat_pence", "irrecoverable_vat_pence", "gross_pence", "gross_used",
)  # fmt: skip
CONTENT_FIELDS = (
    "ledger_class", "unit", "category", "purpose", "card", "contract_ref", "service_date", "invoice_date",
    "payment_date", "date_basis", "decision_ref", "use_codes", "use_exception", "beneficiary_gss",
)  # fmt: skip
PLACE_FIELDS = {"agreement": "agreement", "line_code": "line_code", "accounting_quarter": "quarter"}


class PayeeBody(Body):
    """Who was paid. Names of individuals, staff and payees of unknown kind stay inside."""

    kind: PartyKind
    name: PayeeName | None = None
    number: Reference | None = Field(default=None, description="The source's own number of the payee; never published.")
    company_number: CompanyNumber | None = None
    charity_number: CharityNumber | None = None
    vcse: Yes | None = None


class _Line(Body):
    """What a line may say beside its amounts and dates."""

    ledger_class: Short | None = Field(default=None, description="Class that decides exclusion, such as `salary`.")
    unit: Text | None = None
    category: Text | None = None
    purpose: Prose | None = None
    contract_ref: Reference | None = None
    service_date: Day | None = Field(
        default=None, description="Day of receipt; without it the payment date decides the quarter (G-26)."
    )
    invoice_date: Day | None = None
    decision_ref: Reference | None = None
    use_codes: UseCodes | None = None
    use_exception: Annotated[str, Field(max_length=80)] | None = Field(
        default=None, description="Name of the exception or carve-out it comes under (G-20)."
    )
    beneficiary_gss: Gss | None = None
    vat_pence: SignedAmount | None = None
    recoverable_vat_pence: SignedAmount | None = Field(default=None, description="Part that is reclaimed; 0 for none.")
    irrecoverable_vat_pence: SignedAmount | None = None
    gross_pence: SignedAmount | None = Field(default=None, description="Compared with net and VAT; not kept.")
    agreement: Label | None = None
    line_code: Code | None = None
    accounting_quarter: Quarter | None = None


class NewLine(_Line):
    """A line of an organisation's ledger, entered by hand."""

    model_config = example(
        organisation="agency",
        payment_date="2018-05-02",
        service_date="2018-03-20",
        invoice_date="2018-04-05",
        party={"kind": "organisation", "name": "Northern Training Ltd", "company_number": "01234567"},
        purpose="Leadership course",
        net_pence=100_000,
        vat_pence=20_000,
        recoverable_vat_pence=20_000,
        agreement="2017-18",
        line_code="IL5",
        use_codes=[],
        item_reference="INV-77",
    )

    organisation: OrganisationSlug
    kind: Kind | None = Field(default=None, description="`invoice`, or `credit_note` where negative, unless said.")
    party: PayeeBody
    card: Card = Card.NONE
    payment_date: Day
    date_basis: DateBasis = DateBasis.PAYMENT
    net_pence: SignedAmount = Field(description="Without VAT; the gross where `gross_used`.")
    gross_used: Yes = Field(default=False, description="The VAT cannot be separated (G-27).")
    item_reference: Reference | None = Field(
        default=None, description="Invoice it belongs to; lines entered by hand under one reference are one item."
    )
    same_item_as: UUID | None = Field(default=None, description="Another line of the invoice it belongs to.")
    origin: UUID | None = Field(default=None, description="Entry that a negative amount corrects (G-28).")
    reason: Prose | None = Field(default=None, description="Why; needed with a negative amount.")

    @model_validator(mode="after")
    def one_item(self) -> NewLine:
        if self.item_reference is not None and self.same_item_as is not None:
            raise ValueError("name the item by item_reference or by same_item_as, not by both")
        if (self.agreement is None) != (self.line_code is None):
            raise ValueError("agreement and line_code go together; leave both out for a line outside any agreement")
        return self

    def content(self) -> Content:
        kind = self.kind or ("credit_note" if self.net_pence < 0 else "invoice")
        return Content(
            kind=kind,
            payee=Payee(**{name: _plain(getattr(self.party, name)) for name in PAYEE_FIELDS}),
            amounts=Amounts(**{name: getattr(self, name) for name in AMOUNT_FIELDS}),
            **{name: _plain(getattr(self, name)) for name in CONTENT_FIELDS},
        )


class PayeeChange(Body):
    """What is given replaces what stood; the rest is copied."""

    kind: PartyKind | None = None
    name: PayeeName | None = None
    number: Reference | None = None
    company_number: CompanyNumber | None = None
    charity_number: CharityNumber | None = None
    vcse: Yes | None = None


class CorrectionBody(_Line):
    """What the full new entry says otherwise: what is given replaces, null empties, the rest is copied."""

    model_config = example(reason="charged to the wrong line", line_code="IL1")

    reason: Prose
    party: PayeeChange | None = None
    card: Card | None = None
    payment_date: Day | None = None
    date_basis: DateBasis | None = None
    net_pence: SignedAmount | None = None
    gross_used: Yes | None = None

    @model_validator(mode="after")
    def needed_ones_stay(self) -> CorrectionBody:
        for name in ("payment_date", "date_basis", "net_pence", "card", "gross_used", "party", "accounting_quarter"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be emptied; leave it out to keep it")
        if self.party is not None and "kind" in self.party.model_fields_set and self.party.kind is None:
            raise ValueError("the payee's kind cannot be emptied; leave it out to keep it")
        if self.agreement is not None and self.line_code is None:
            raise ValueError("another agreement needs its line_code")
        return self

    def given(self, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: _plain(getattr(self, name)) for name in names if name in self.model_fields_set}

    def payee(self) -> dict[str, Any]:
        party = self.party
        return {name: _plain(getattr(party, name)) for name in PAYEE_FIELDS if party and name in party.model_fields_set}

    def place(self) -> dict[str, Any]:
        return {to: getattr(self, name) for name, to in PLACE_FIELDS.items() if name in self.model_fields_set}


class ReversalBody(Body):
    """Why an entry is negated."""

    model_config = example(reason="entered twice")

    reason: Prose


class AlikeBody(Body):
    """Which standing entries: those that have all the values given."""

    agreement: Annotated[str, Field(max_length=7)] | None = None
    line_code: Code | None = None
    category: Text | None = None
    unit: Text | None = None
    contract_ref: Reference | None = None
    party_key: Short | None = None
    service_from: Day | None = Field(default=None, description="First day of service, else of payment.")
    service_to: Day | None = None


class ReassignmentBody(Body):
    """All standing entries of a source that are alike, charged to another line, or to none."""

    model_config = example(
        organisation="agency",
        source="mou-ledger",
        alike={"agreement": "2017-18", "line_code": "IL5", "category": "Training"},
        agreement="2017-18",
        line_code="IL1",
        reason="training is charged to IL1 by the assignment agreed in May",
    )

    organisation: OrganisationSlug
    source: Annotated[str, Field(pattern="^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=80)] = Field(
        description="Source profile of the entries; `by_hand` for those entered by hand."
    )
    alike: AlikeBody
    agreement: Label | None
    line_code: Code | None
    reason: Prose

    @model_validator(mode="after")
    def says_which(self) -> ReassignmentBody:
        if not self.alike.model_fields_set:
            raise ValueError("alike names at least one value; all entries of a source are not moved at once")
        if (self.agreement is None) != (self.line_code is None):
            raise ValueError("agreement and line_code go together; null for both moves the entries outside")
        return self


Decision = Literal["accept", "outside", "duplicate", "refuse"]


def _plain(value: Any) -> Any:
    """An agreed meaning as its text."""
    return value.value if isinstance(value, PartyKind | Card | DateBasis) else value

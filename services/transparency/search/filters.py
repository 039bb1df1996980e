"""From what is asked to conditions in SQL: the editions that are searched, and the rows that are looked for in them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from services.transparency import queries as publishers
from services.transparency.editions import queries as editions
from services.transparency.search import rules
from services.transparency.search.folding import phrases, words
from services.transparency.search.index import FOLDED_LENGTH
from shared.database import raw_connection
from shared.periods import FinancialYear, Quarter
from shared.work import Work

REASONS = Path(__file__).parent.parent / "data" / "redaction_reasons.csv"

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True)
class Searched:
    """A public edition that is searched, as answers name it."""

    edition_id: UUID
    publisher: str
    publisher_name: str
    period: str
    number: int
    published_at: datetime

    def url(self, base_url: str) -> str:
        return f"{base_url}/v1/datasets/{self.publisher}/spend/{self.period}/editions/{self.number}"


@dataclass(frozen=True)
class Looked:
    """What rows are looked for, in SQL: conditions with the values they take."""

    scope: dict[UUID, Searched]
    in_scope: tuple[str, ...]
    """Conditions that follow from the editions alone."""
    conditions: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return " AND ".join((*self.in_scope, *self.conditions))


_EDITIONS = """
SELECT edition.edition_id, organisation.slug, organisation.name, edition.period, edition.number, edition.published_at
FROM {editions} AS edition
JOIN datasets dataset ON dataset.dataset_id = edition.dataset_id AND dataset.kind = 'spend'
JOIN organisations organisation ON organisation.organisation_id = dataset.organisation_id
WHERE {conditions}
ORDER BY edition.edition_id
"""

# What was in force then is the newest edition published by then, whatever became of it; what is not public any more is
# not shown, and no older edition comes in its place.
_AT_THE_TIME = """(
    SELECT DISTINCT ON (dataset_id, period) * FROM editions WHERE published_at <= %(as_at)s
    ORDER BY dataset_id, period, number DESC
)"""

LABELLED = {"unit": ("unit_key", "unit"), "category": ("category_key", "category"),
            "contract": ("contract_key", "contract_ref")}  # fmt: skip


async def look_for(work: Work, asked: rules.Asked) -> Looked:
    """The editions and conditions of a search. NotFound where no edition was public by then."""
    connection = await raw_connection(work.session)
    scope = await scope_of(work, connection, asked)
    conditions: list[str] = []
    values: dict[str, Any] = {"editions": list(scope)}
    in_scope = ["edition_id = ANY(%(editions)s)", *_days(asked, values)]
    await _text(connection, asked, conditions, values)
    for name, (key, column) in LABELLED.items():
        if (text := getattr(asked, name)) is not None:
            labels = [label for _, label in await _named(connection, name, text, values["editions"])]
            values[name] = labels
            conditions.append(f"{key} = ANY(SELECT hashtext(label) FROM unnest(%({name})s::text[]) AS label)")
            conditions.append(f"{column} = ANY(%({name})s::text[])")
    if asked.payee is not None:
        values["payee"] = await _payee_keys(connection, asked.payee, values["editions"])
        conditions.append("payee_key = ANY(%(payee)s::text[])")
    _plain(asked, conditions, values)
    return Looked(scope, tuple(in_scope), tuple(conditions), values)


async def scope_of(work: Work, connection: Connection, asked: rules.Asked) -> dict[UUID, Searched]:
    """The editions to search: those in force, now or then, or a given one."""
    conditions = []
    values: dict[str, Any] = {}
    source = "editions"
    if asked.publisher is not None:
        organisation = await publishers.publisher(work.session, asked.publisher)
        if asked.edition is not None and asked.period is not None:
            dataset = await editions.dataset_of(work.session, organisation, "spend")
            given = await editions.edition(work.session, dataset.dataset_id, asked.period, asked.edition, drafts=False)
            conditions.append("edition.edition_id = %(given)s")
            values["given"] = given.edition_id
        conditions.append("dataset.organisation_id = %(publisher)s")
        values["publisher"] = organisation.organisation_id
    if asked.as_at is not None:
        source = _AT_THE_TIME
        values["as_at"] = asked.as_at
    periods = _periods(asked)
    if periods:
        conditions.append("edition.period = ANY(%(periods)s)")
        values["periods"] = [quarter.slug for quarter in periods]
    if asked.edition is None and asked.as_at is None:
        conditions.append("edition.state = 'published'")
    query = _EDITIONS.format(editions=source, conditions=" AND ".join(conditions) or "true")
    found = await (await connection.execute(query, values)).fetchall()
    if asked.as_at is not None:
        if not found:
            raise rules.NothingPublished(
                f"No edition of this kind was published by {asked.as_at:%Y-%m-%dT%H:%M:%SZ}; take a later instant.",
                parameter="as_at",
            )
        found = await _still_public(connection, found)
    return {row[0]: Searched(*row) for row in found}


async def _still_public(connection: Connection, found: list[Any]) -> list[Any]:
    public = await connection.execute(
        "SELECT edition_id FROM editions WHERE edition_id = ANY(%s) AND state = ANY(%s)",
        [[row[0] for row in found], list(editions.PUBLIC_STATES)],
    )
    kept = {edition_id for (edition_id,) in await public.fetchall()}
    return [row for row in found if row[0] in kept]


def _periods(asked: rules.Asked) -> list[Quarter]:
    if asked.period is not None:
        return [Quarter.parse(asked.period)]
    return list(FinancialYear.parse(asked.year).quarters) if asked.year is not None else []


def _days(asked: rules.Asked, values: dict[str, Any]) -> list[str]:
    """Days of payment: as asked, and no further than the periods reach, since every row is paid within its own."""
    periods = _periods(asked)
    starts: list[date] = [quarter.start for quarter in periods[:1]]
    ends: list[date] = [quarter.end for quarter in periods[-1:]]
    if asked.paid_from is not None:
        starts.append(asked.paid_from)
    if asked.paid_to is not None:
        ends.append(asked.paid_to)
    conditions = []
    if starts:
        values["paid_from"] = max(starts)
        conditions.append("payment_date >= %(paid_from)s")
    if ends:
        values["paid_to"] = min(ends)
        conditions.append("payment_date <= %(paid_to)s")
    return conditions


async def _text(connection: Connection, asked: rules.Asked, conditions: list[str], values: dict[str, Any]) -> None:
    terms = asked.terms
    found = []
    for term, phrase in zip(terms, await phrases(connection, [term.text for term in terms]), strict=True):
        if phrase:
            # A phrase is written as its words with an arrow between; behind the last one, `:*` asks for a beginning.
            found.append(f"({phrase}:*)" if term.prefix else f"({phrase})")
    if found:
        values["words"] = " & ".join(found)
        conditions.append("document @@ %(words)s::tsquery")
    elif asked.q is not None and asked.q.strip():
        raise rules.SearchInvalid("The text holds no letter or figure; search for a word.", parameter="q")


def _plain(asked: rules.Asked, conditions: list[str], values: dict[str, Any]) -> None:
    for name, condition in (
        ("min_pence", "amount_pence >= %(min_pence)s"),
        ("max_pence", "amount_pence <= %(max_pence)s"),
        ("card", "card = %(card)s"),
        ("inclusion", "inclusion = %(inclusion)s"),
    ):
        if (value := getattr(asked, name)) is not None:
            values[name] = value
            conditions.append(condition)
    if asked.card is not None and asked.card != "None":
        conditions.append("card <> 'None'")
    if asked.late is not None:
        conditions.append("late_addition" if asked.late else "NOT late_addition")
    for wanted, condition in (
        (asked.has_contract, "contract_ref IS NOT NULL"),
        (asked.has_number, "(company_number IS NOT NULL OR charity_number IS NOT NULL)"),
    ):
        if wanted is not None:
            conditions.append(condition if wanted else f"NOT {condition}")
    if asked.redaction in ("true", "false"):
        conditions.append(f"redaction_reason IS {'NOT ' if asked.redaction == 'true' else ''}NULL")
    elif asked.redaction is not None:
        values["redaction"] = asked.redaction
        conditions.append("redaction_reason = %(redaction)s")


async def _payee_keys(connection: Connection, text: str, scope: list[UUID]) -> list[str]:
    """Keys of the payees of this name, or of this `BeneficiaryOtherID`. Hidden payees have neither."""
    named = {key for key, _ in await _named(connection, "payee", text, scope)}
    return sorted(named | {text.strip().upper()})


async def _named(connection: Connection, dimension: str, text: str, scope: list[UUID]) -> list[tuple[str, str]]:
    """Key and label of what bears this name in these editions, or a name with this beginning."""
    (folded,) = await words(connection, [text])
    if not folded:
        return []
    prefix = text.endswith("*") or len(folded) > FOLDED_LENGTH
    comparison = "folded LIKE %(folded)s" if prefix else "folded = %(folded)s"
    found = await connection.execute(
        f"SELECT DISTINCT key, label FROM spend_totals WHERE dimension = %(dimension)s AND {comparison}"
        " AND edition_id = ANY(%(editions)s)",
        {
            "dimension": dimension,
            "folded": folded[:FOLDED_LENGTH] + ("%" if prefix else ""),
            "editions": scope,
        },
        prepare=False,
    )
    return await found.fetchall()


@cache
def redaction_codes() -> tuple[str, ...]:
    """Reasons for which a text of a spend row may be replaced."""
    with REASONS.open(encoding="utf-8", newline="") as file:
        return tuple(
            row["code"]
            for row in csv.DictReader(file)
            if "spend" in row["applies_to"].split(";") and row["approved_by"] != "never approved"
        )


async def publisher_names(work: Work) -> list[tuple[str, str]]:
    """Slug and name of everybody whose spend is published, for a list to choose from."""
    connection = await raw_connection(work.session)
    found = await connection.execute(
        "SELECT DISTINCT organisation.slug, organisation.name FROM editions edition JOIN datasets dataset"
        " USING (dataset_id) JOIN organisations organisation USING (organisation_id)"
        " WHERE dataset.kind = 'spend' AND edition.state = 'published' ORDER BY 2, 1"
    )
    return await found.fetchall()

"""What was paid under contracts, as far as it is public: sums of what editions counted, and the rows they show."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, and_, cast, exists, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.contracts.ocds_parts import Payment
from services.transparency.editions.tables import Dataset, Edition, RowDecision
from services.transparency.redactions.names import WithheldNames
from services.transparency.redactions.rules import IN_FORCE
from services.transparency.redactions.tables import Redaction, RowRedaction
from services.transparency.search.tables import SpendRow
from services.transparency.spending.tables import SpendLine

NOT_COUNTED = ("SUPERSEDED_LINE", "INDIVIDUAL_COMPENSATION", "SOLE_BENEFICIARY_AT_RISK")
"""Lines that an edition leaves out and a sum must not hold: corrected since, or kept out to protect a person."""


@dataclass(frozen=True)
class MonthSpend:
    month: str
    lines: int
    pence: int


@dataclass(frozen=True)
class Spend:
    """What payments name a contract, of the quarters whose spend is published."""

    lines: int = 0
    pence: int = 0
    months: tuple[MonthSpend, ...] = ()
    decisions: tuple[str, ...] = ()
    """Board decisions that the published rows name."""
    budget_lines: tuple[str, ...] = ()
    """Agreement's year and line that these rows are charged to, `2017-18/IL1`."""


async def spend_of(session: AsyncSession, organisation_id: UUID, reference: str, names: WithheldNames) -> Spend:
    """The payments that name a contract, by month of payment.

    The sums count lines as `_counted` says; the decisions and budget lines are those that public rows show.
    """
    month = func.to_char(col(SpendLine.payment_date), "YYYY-MM")
    statement = (
        select(month, func.count(), func.sum(col(SpendLine.eligible_pence)))
        .where(*await _counted(session, organisation_id, [reference], None, names))
        .group_by(month)
        .order_by(month)
    )
    months = tuple(MonthSpend(name, lines, int(pence)) for name, lines, pence in (await session.exec(statement)).all())
    rows = [row for row, _, _ in await _public_rows(session, organisation_id, [reference], None, names)]
    return Spend(
        lines=sum(row.lines for row in months),
        pence=sum(row.pence for row in months),
        months=months,
        decisions=_shown((row.decision_ref for row in rows), names),
        budget_lines=_shown((row.grant_ref for row in rows if "/" in (row.grant_ref or "")), names),
    )


async def spend_totals(
    session: AsyncSession,
    organisation_id: UUID,
    references: Collection[str],
    names: WithheldNames,
    until: date | None = None,
) -> dict[str, int]:
    """Reference → pence of the payments that name it, up to and including a day; nobody paid for what is absent."""
    statement = (
        select(SpendLine.contract_ref, func.sum(col(SpendLine.eligible_pence)))
        .where(*await _counted(session, organisation_id, references, until, names))
        .group_by(col(SpendLine.contract_ref))
    )
    return {named: int(pence) for named, pence in (await session.exec(statement)).all() if named is not None}


async def supplier_payments(
    session: AsyncSession,
    organisation_id: UUID,
    references: Collection[str],
    names: WithheldNames,
    until: date | None = None,
) -> list[Payment]:
    """Published payments to organisations that name one of these contracts, in order of the day."""
    return [
        Payment(
            reference=row.contract_ref or "",
            row_id=row.row_id,
            paid_on=row.payment_date,
            pence=row.amount_pence,
            payee=row.beneficiary,
            company_number=row.company_number,
            charity_number=row.charity_number,
            seen_at=seen_at,
        )
        for row, kind, seen_at in await _public_rows(session, organisation_id, references, until, names)
        if kind == "organisation"
    ]


async def _public_rows(
    session: AsyncSession,
    organisation_id: UUID,
    references: Collection[str],
    until: date | None,
    names: WithheldNames,
) -> list[tuple[SpendRow, str, Any]]:
    """Rows of editions in force that name one of these contracts and their payee, with the kind of payee and the
    moment at which the ledger's line came. What is withheld since, or in a later draft, is left out (T-19, T-52).

    A suspended edition has no rows in the search, and a row that two quarters show counts as the later published one.
    """
    statement: Any = (
        select(SpendRow, SpendLine.party_kind, SpendLine.first_seen_at)
        .join(Edition, col(Edition.edition_id) == col(SpendRow.edition_id))
        .join(
            RowDecision,
            and_(
                col(RowDecision.edition_id) == col(SpendRow.edition_id),
                col(RowDecision.row_id) == col(SpendRow.row_id),
                col(RowDecision.inclusion).is_not(None),
            ),
        )
        .join(SpendLine, col(SpendLine.entry_id) == col(RowDecision.entry_id))
        .where(
            col(SpendRow.organisation_id) == organisation_id,
            col(SpendRow.contract_key).is_not(None),
            col(SpendRow.contract_ref).in_(list(references)),
            col(SpendRow.payee_key).is_not(None),
            col(Edition.state) == "published",
            *_not_hidden(organisation_id),
        )
        .order_by(col(Edition.published_at), col(SpendRow.edition_id), col(SpendRow.place))
    )
    if until is not None:
        statement = statement.where(col(SpendRow.payment_date) <= until)
    found = {row.row_id: (row, kind, seen_at) for row, kind, seen_at in (await session.exec(statement)).all()}
    shown = [each for each in found.values() if names.find(each[0].beneficiary) != "whole"]
    return sorted(shown, key=lambda each: (each[0].payment_date, each[0].row_id))


async def _counted(
    session: AsyncSession,
    organisation_id: UUID,
    references: Collection[str],
    until: date | None,
    names: WithheldNames,
) -> list[Any]:
    """Lines that sums count: decided in an edition of spend that is in force, and of a payee who is not hidden (T-28).

    Small lines that the edition leaves out count as well, because their sum may exceed the value. Lines of a quarter
    that nobody has published yet do not: a sum with them and one after a payee was withheld would differ by just the
    row that then shows neither payee nor contract (T-19). The limit that stays: of a row that was published and is
    withheld later, an earlier public sum still holds the amount, as the earlier edition did.
    """
    in_force = (
        select(Edition.edition_id)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .where(
            col(Dataset.organisation_id) == organisation_id,
            col(Dataset.kind) == "spend",
            col(Edition.state) == "published",
        )
    )
    conditions = [
        col(SpendLine.organisation_id) == organisation_id,
        col(SpendLine.contract_ref).in_(list(references)),
        exists().where(
            col(RowDecision.entry_id) == col(SpendLine.entry_id),
            col(RowDecision.edition_id).in_(in_force),
            func.coalesce(col(RowDecision.exclusion), "").not_in(NOT_COUNTED),
        ),
        *_not_hidden(organisation_id),
    ]
    if until is not None:
        conditions.append(col(SpendLine.payment_date) <= until)
    if names:
        payees: Any = select(SpendLine.party_name).where(*conditions).distinct()
        withheld = [name for name in (await session.exec(payees)).all() if names.find(name) == "whole"]
        conditions.append(func.coalesce(col(SpendLine.party_name), "").not_in(withheld))
    return conditions


def _not_hidden(organisation_id: UUID) -> list[Any]:
    """Whether a line's payee and contract may be told: a hidden payee's row shows no contract either (T-19).

    Nor may those of a line that a redaction in force is about, or whose payee or contract an edition or a draft
    withholds; what the ledger's owner keeps back is among that.
    """
    decided = exists().where(
        col(Redaction.organisation_id) == organisation_id,
        col(Redaction.target_kind) == "row",
        col(Redaction.state).in_(IN_FORCE),
        or_(
            and_(~col(Redaction.payee), col(Redaction.target) == col(SpendLine.row_id)),
            and_(col(Redaction.payee), col(Redaction.target) == col(SpendLine.party_key)),
        ),
    )
    telling = cast(["beneficiary", "contract_ref"], ARRAY(Text))
    withheld = col(RowRedaction.fields).op("||")(col(RowRedaction.named))
    return [
        col(SpendLine.party_kind).not_in(("individual", "staff")),
        ~col(SpendLine.source_redacted),
        ~decided,
        ~exists().where(col(RowRedaction.entry_id) == col(SpendLine.entry_id), withheld.bool_op("&&")(telling)),
    ]


def _shown(texts: Iterable[str | None], names: WithheldNames) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text and names.find(text) != "whole"}))

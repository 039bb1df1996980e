"""Read-only selects on accounting periods, their statements, and what the ledger holds for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import and_, func, text
from sqlalchemy import select as columns_of
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure.tables import LedgerEntry
from services.grants.ledger.queries import PAID
from services.grants.periods.rules import stale_year_to_date
from services.grants.periods.tables import AccountingPeriod, PeriodMove, QuarterStatement, StatementLine
from services.grants.tables import Party
from shared.errors import NotFound
from shared.periods import Quarter

View = Literal["accruals", "cash"]


@dataclass(frozen=True)
class Cell:
    """What the ledger holds for a line in a quarter; `own` tells the recipient's entries from those of other bodies.

    A body that receives pass-through reports its spend at its award. The agreement's own spend is what was paid to it,
    and would be counted twice with it. `late_for` names the locked quarter whose entries came too late for it.
    `vat_unknown`: a source gave amounts without recoverable VAT, so more was paid than it says. `day_assumed` counts
    entries without the day that the view goes by, for which another of their days stands in.
    """

    code: str
    quarter: Quarter
    own: bool
    pence: int
    entries: int
    gross_used: bool
    late_for: str | None
    vat_unknown: bool
    day_assumed: int


@dataclass(frozen=True)
class LedgerSums:
    """What the ledger holds by carrying line, in pence: the quarter, and the year up to its end.

    `gross_used`: some figure of either holds VAT that cannot be separated (G-27). `elsewhere_pence`: what other bodies
    entered for the agreement up to then, which is in none of the sums.
    """

    quarter_pence: dict[str, int]
    year_to_date_pence: dict[str, int]
    gross_used: bool
    elsewhere_pence: int = 0


async def load_period(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> AccountingPeriod:
    """A quarter's period. Who changes it holds the agreement's row, so that nobody else does."""
    statement = select(AccountingPeriod).where(
        AccountingPeriod.agreement_id == agreement_id, AccountingPeriod.quarter == quarter.slug
    )
    period = (await session.exec(statement)).one_or_none()
    if period is None:
        raise NotFound("The agreement has no such quarter.")
    return period


async def period_moves(session: AsyncSession, agreement_id: UUID, quarter: str | None = None) -> Sequence[PeriodMove]:
    """Locks and reopenings of the agreement's quarters, or of one, in the order in which they happened."""
    statement = select(PeriodMove).where(PeriodMove.agreement_id == agreement_id)
    if quarter is not None:
        statement = statement.where(PeriodMove.quarter == quarter)
    return (await session.exec(statement.order_by(col(PeriodMove.quarter), col(PeriodMove.number)))).all()


async def ledger_sums(
    session: AsyncSession,
    agreement_id: UUID,
    quarter: Quarter,
    *,
    view: View = "accruals",
    known_by: datetime | None = None,
) -> LedgerSums:
    """Sums of the agreement's ledger entries (G-26, G-27) up to the end of a quarter, of its own organisations only."""
    return sums_to(await ledger_cells(session, agreement_id, view=view, known_by=known_by), quarter)


async def ledger_cells(
    session: AsyncSession,
    agreement_id: UUID,
    *,
    view: View = "accruals",
    known_by: datetime | None = None,
    until: date | None = None,
) -> list[Cell]:
    """What the ledger holds for the agreement, by line and quarter, in the order of neither.

    Accruals: eligible cost in the quarter an entry is accounted for. Cash: the full amount paid, recoverable VAT with
    it, in the quarter of its payment, whichever year that falls in (G-26). With `known_by` only what was recorded
    before that instant; with `until` only what was received (accruals) or paid (cash) by that day. One pass over the
    agreement's entries, found by its index.
    """
    own = own_entries(agreement_id)
    entry = LedgerEntry
    when: Any = col(entry.accounting_quarter) if view == "accruals" else func.date_trunc("quarter", entry.payment_date)
    pence: Any = col(entry.eligible_pence) if view == "accruals" else PAID
    day_assumed = col(entry.service_date).is_(None) if view == "accruals" else col(entry.date_basis) != "payment"
    vat_unknown = and_(col(entry.amount_basis) == "net", col(entry.vat_pence).is_(None))
    statement: Any = (
        columns_of(
            col(entry.line_code),
            when.label("quarter"),
            own.label("own"),
            func.sum(pence).label("pence"),
            func.count().label("entries"),
            func.bool_or(col(entry.amount_basis) == "gross").label("gross_used"),
            col(entry.late_for),
            func.bool_or(vat_unknown).label("vat_unknown"),
            func.count().filter(day_assumed).label("day_assumed"),
        )
        .where(col(entry.agreement_id) == agreement_id)
        .group_by(col(entry.line_code), col(entry.late_for), text("quarter"), text("own"))
    )
    if known_by is not None:
        statement = statement.where(col(entry.recorded_at) < known_by)
    if until is not None:
        day = col(entry.payment_date)
        statement = statement.where((func.coalesce(entry.service_date, day) if view == "accruals" else day) <= until)
    return [
        Cell(
            code=row.line_code,
            quarter=quarter_of_row(row.quarter),
            own=row.own,
            pence=int(row.pence),
            entries=row.entries,
            gross_used=row.gross_used,
            late_for=row.late_for,
            vat_unknown=row.vat_unknown,
            day_assumed=row.day_assumed,
        )
        for row in await (await session.connection()).execute(statement)
    ]


def own_entries(agreement_id: UUID) -> Any:
    """Whether an entry stands in the ledger of the recipient, or of the body that it belongs to."""
    return col(LedgerEntry.organisation_id).in_(
        select(Party.organisation_id).where(
            Party.agreement_id == agreement_id, col(Party.role).in_(("recipient", "lead_parent"))
        )
    )


def quarter_of_row(value: str | datetime) -> Quarter:
    """The quarter that a grouped row is of: its name (accruals), or the instant at which it begins (cash)."""
    return Quarter.parse(value) if isinstance(value, str) else Quarter.of(value.date())


def sums_to(cells: Iterable[Cell], quarter: Quarter) -> LedgerSums:
    """The quarter, and its financial year up to its end."""
    of_quarter: dict[str, int] = {}
    to_date: dict[str, int] = {}
    elsewhere_pence = 0
    gross_used = False
    for cell in cells:
        if cell.quarter.year != quarter.year or cell.quarter > quarter:
            continue
        if not cell.own:
            elsewhere_pence += cell.pence
            continue
        to_date[cell.code] = to_date.get(cell.code, 0) + cell.pence
        gross_used = gross_used or cell.gross_used
        if cell.quarter == quarter:
            of_quarter[cell.code] = of_quarter.get(cell.code, 0) + cell.pence
    return LedgerSums(of_quarter, to_date, gross_used, elsewhere_pence)


async def latest_statement(
    session: AsyncSession,
    agreement_id: UUID,
    quarter: Quarter,
    *,
    known_by: datetime | None = None,
    as_at: datetime | None = None,
) -> QuarterStatement | None:
    """The statement made last; with `known_by` the last recorded before that instant, with `as_at` the last made."""
    statement = select(QuarterStatement).where(
        QuarterStatement.agreement_id == agreement_id, QuarterStatement.quarter == quarter.slug
    )
    if known_by is not None:
        statement = statement.where(QuarterStatement.recorded_at < known_by)
    if as_at is not None:
        statement = statement.where(QuarterStatement.happened_at < as_at)
    return (await session.exec(statement.order_by(col(QuarterStatement.number).desc()).limit(1))).one_or_none()


async def first_statement(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> QuarterStatement | None:
    """The statement with which the quarter's spend was first stated."""
    statement = select(QuarterStatement).where(
        QuarterStatement.agreement_id == agreement_id, QuarterStatement.quarter == quarter.slug
    )
    return (await session.exec(statement.order_by(col(QuarterStatement.number)).limit(1))).one_or_none()


async def statement_lines(session: AsyncSession, statement_id: UUID) -> Sequence[StatementLine]:
    statement = (
        select(StatementLine).where(StatementLine.statement_id == statement_id).order_by(col(StatementLine.position))
    )
    return (await session.exec(statement)).all()


async def is_stale(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> bool:
    """Whether the year to date of a stated quarter no longer follows from the quarter before, stated anew (G-31)."""
    newest = await latest_statement(session, agreement_id, quarter)
    before = await year_to_date_before(session, agreement_id, quarter)
    if newest is None or before is None:
        return False
    return any(
        stale_year_to_date(before, line.quarter_pence, line.year_to_date_pence, line.code)
        for line in await statement_lines(session, newest.id)
    )


async def year_to_date_before(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> dict[str, int] | None:
    """Each line's year to date of the quarter before: none in Q1, unknown where that quarter was not stated."""
    if quarter.number == 1:
        return {}
    before = await latest_statement(session, agreement_id, Quarter(quarter.year, quarter.number - 1))
    if before is None:
        return None
    return {line.code: line.year_to_date_pence for line in await statement_lines(session, before.id)}

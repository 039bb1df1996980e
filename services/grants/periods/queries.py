"""Read-only selects on accounting periods, their statements, and what the ledger holds for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure.tables import LedgerEntry
from services.grants.periods.tables import AccountingPeriod, QuarterStatement, StatementLine
from shared.errors import NotFound
from shared.periods import Quarter


@dataclass(frozen=True)
class LedgerSums:
    """What the ledger holds by carrying line, in pence of eligible cost: the quarter, and the year up to its end."""

    quarter_pence: dict[str, int]
    year_to_date_pence: dict[str, int]
    gross_used: bool


async def load_period(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> AccountingPeriod:
    """A quarter's period. Who changes it holds the agreement's row, so that nobody else does."""
    statement = select(AccountingPeriod).where(
        AccountingPeriod.agreement_id == agreement_id, AccountingPeriod.quarter == quarter.slug
    )
    period = (await session.exec(statement)).one_or_none()
    if period is None:
        raise NotFound("The agreement has no such quarter.")
    return period


async def ledger_sums(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> LedgerSums:
    """Sums of the agreement's ledger entries (G-26, G-27) up to the end of a quarter."""
    first = quarter.year.quarters[0].slug
    statement = (
        select(
            LedgerEntry.line_code,
            LedgerEntry.accounting_quarter,
            func.sum(LedgerEntry.eligible_pence),
            func.bool_or(col(LedgerEntry.amount_basis) == "gross"),
        )
        .where(
            LedgerEntry.agreement_id == agreement_id,
            col(LedgerEntry.accounting_quarter).between(first, quarter.slug),
        )
        .group_by(col(LedgerEntry.line_code), col(LedgerEntry.accounting_quarter))
    )
    of_quarter: dict[str, int] = {}
    to_date: dict[str, int] = {}
    gross_used = False
    for code, entered, pence, gross in (await session.exec(statement)).all():
        if code is None:
            continue
        to_date[code] = to_date.get(code, 0) + int(pence)
        if entered == quarter.slug:
            of_quarter[code] = int(pence)
            gross_used = gross_used or bool(gross)
    return LedgerSums(of_quarter, to_date, gross_used)


async def latest_statement(
    session: AsyncSession, agreement_id: UUID, quarter: Quarter, *, known_by: datetime | None = None
) -> QuarterStatement | None:
    """The statement made last; with `known_by` the last recorded before that instant."""
    statement = select(QuarterStatement).where(
        QuarterStatement.agreement_id == agreement_id, QuarterStatement.quarter == quarter.slug
    )
    if known_by is not None:
        statement = statement.where(QuarterStatement.recorded_at < known_by)
    return (await session.exec(statement.order_by(col(QuarterStatement.number).desc()).limit(1))).one_or_none()


async def statement_lines(session: AsyncSession, statement_id: UUID) -> Sequence[StatementLine]:
    statement = (
        select(StatementLine).where(StatementLine.statement_id == statement_id).order_by(col(StatementLine.position))
    )
    return (await session.exec(statement)).all()


async def year_to_date_before(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> dict[str, int] | None:
    """Each line's year to date of the quarter before: none in Q1, unknown where that quarter was not stated."""
    if quarter.number == 1:
        return {}
    before = await latest_statement(session, agreement_id, Quarter(quarter.year, quarter.number - 1))
    if before is None:
        return None
    return {line.code: line.year_to_date_pence for line in await statement_lines(session, before.id)}

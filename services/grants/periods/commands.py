"""One function per thing a person can do with a quarter: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.grants.commands import load_agreement_to_change
from services.grants.faults import quarter_of, year_of
from services.grants.periods.queries import (
    latest_statement,
    ledger_sums,
    load_period,
    period_moves,
    year_to_date_before,
)
from services.grants.periods.rules import StatedLine, StatingPosition
from services.grants.periods.rules import lock_quarter as decide_lock
from services.grants.periods.rules import reopen_quarter as decide_reopening
from services.grants.periods.rules import state_quarter as decide_statement
from services.grants.periods.tables import AccountingPeriod, PeriodMove, QuarterStatement, StatementLine
from services.grants.queries import budget_awaiting, carrying_lines, quarters_open
from services.grants.tables import Agreement
from shared.periods import Quarter, london_date
from shared.work import Work


async def state_quarter(
    work: Work,
    agreement_key: str,
    quarter_slug: str,
    lines: Sequence[StatedLine],
    stated: datetime | None,
    reason: str | None,
) -> QuarterStatement:
    """State the spend of a quarter for every carrying line (G-31), beside what the ledger holds.

    Records QuarterSpendStated.
    """
    agreement, quarter = await _load(work, agreement_key, quarter_slug)
    period = await load_period(work.session, agreement.id, quarter)
    newest = await latest_statement(work.session, agreement.id, quarter)
    ledger = await ledger_sums(work.session, agreement.id, quarter)
    happened_at = work.happened_at(stated)
    fact = decide_statement(
        StatingPosition(
            agreement_id=agreement.id,
            quarter=quarter,
            lines={line.code: line.name for line in await carrying_lines(work.session, agreement.id, quarter.end)},
            before=await year_to_date_before(work.session, agreement.id, quarter),
            newest=newest.number if newest else 0,
            newest_happened_at=newest.happened_at if newest else None,
            lock_reason=period.lock_reason,
            open_quarters=tuple(await quarters_open(work.session, agreement.id)),
            gross_used=ledger.gross_used,
            ledger=ledger.quarter_pence,
            ledger_to_date=ledger.year_to_date_pence,
            budget_awaiting=await budget_awaiting(work.session, agreement.id),
        ),
        lines,
        happened_at=happened_at,
        today=london_date(happened_at),
        reason=reason,
    )
    statement = QuarterStatement(
        id=work.new_id(),
        agreement_id=agreement.id,
        quarter=fact.quarter,
        number=fact.version,
        gross_used=fact.gross_used,
        reason=reason,
        happened_at=fact.happened_at,
        recorded_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(statement)
    await work.session.flush()
    reasons = {line.code: line.reason for line in lines}
    work.session.add_all(
        StatementLine(
            statement_id=statement.id,
            code=line.code,
            name=line.name,
            position=place,
            reason=reasons[line.code],
            quarter_pence=line.quarter_pence,
            year_to_date_pence=line.year_to_date_pence,
            ledger_pence=ledger.quarter_pence.get(line.code, 0),
        )
        for place, line in enumerate(fact.lines)
    )
    await work.record(fact)
    work.audit(
        "state_quarter",
        agreement.id,
        after={
            "quarter": fact.quarter,
            "number": fact.version,
            "quarter_pence": sum(line.quarter_pence for line in fact.lines),
        },
        reason=reason,
    )
    return statement


async def lock_quarter(work: Work, agreement_key: str, quarter_slug: str, reason: str) -> AccountingPeriod:
    """Lock a quarter: lines for it go to the first open one from now on (G-29)."""
    agreement, quarter = await _load(work, agreement_key, quarter_slug)
    period = await load_period(work.session, agreement.id, quarter)
    decide_lock(quarter, period.lock_reason)
    period.state, period.lock_reason = "locked", reason
    period.locked_at, period.locked_by = work.now, work.actor.sub
    await _move(work, period, reason)
    work.audit("lock_quarter", agreement.id, after={"quarter": quarter.slug, "state": "locked"}, reason=reason)
    return period


async def reopen_quarter(work: Work, agreement_key: str, quarter_slug: str, reason: str) -> AccountingPeriod:
    """Open a locked quarter again; the reason stands beside that of the lock."""
    agreement, quarter = await _load(work, agreement_key, quarter_slug)
    period = await load_period(work.session, agreement.id, quarter)
    decide_reopening(quarter, period.lock_reason)
    before = {"quarter": quarter.slug, "lock_reason": period.lock_reason}
    period.state, period.lock_reason, period.locked_at, period.locked_by = "open", None, None, None
    await _move(work, period, reason)
    work.audit("reopen_quarter", agreement.id, before=before, after={"state": "open"}, reason=reason)
    return period


async def _load(work: Work, agreement_key: str, quarter_slug: str) -> tuple[Agreement, Quarter]:
    agreement = await load_agreement_to_change(work, agreement_key)
    return agreement, quarter_of(quarter_slug, year_of(agreement.year))


async def _move(work: Work, period: AccountingPeriod, reason: str) -> None:
    """Note what the quarter became and why; who moves it holds the agreement's row, so that numbers follow."""
    moves = await period_moves(work.session, period.agreement_id, period.quarter)
    work.session.add(
        PeriodMove(
            agreement_id=period.agreement_id,
            quarter=period.quarter,
            number=len(moves) + 1,
            state=period.state,
            reason=reason,
            moved_at=work.now,
            moved_by=work.actor.sub,
            moved_by_name=work.actor.name,
        )
    )
    period.version += 1
    period.modified_at = work.now

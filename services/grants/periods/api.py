"""Routes of accounting periods: what the ledger holds, what is stated, locks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import col, select

from services.grants.accounts.queries import negatives
from services.grants.accounts.shapes import Because
from services.grants.as_csv import csv_of
from services.grants.expenditure.names import SEES_NAMES
from services.grants.faults import quarter_of, year_of
from services.grants.periods import commands
from services.grants.periods.queries import (
    latest_statement,
    ledger_sums,
    load_period,
    period_moves,
    statement_lines,
    year_to_date_before,
)
from services.grants.periods.rules import StatedLine, stale_year_to_date
from services.grants.periods.shapes import (
    Finding,
    LedgerLineShape,
    LockBody,
    PeriodInList,
    PeriodMoveShape,
    PeriodShape,
    ReopeningBody,
    ReportShape,
    StatementBody,
    StatementLineShape,
    StatementShape,
)
from services.grants.periods.tables import AccountingPeriod, PeriodMove, QuarterStatement, StatementLine
from services.grants.queries import carrying_lines, load_agreement, reported_quarters
from services.grants.shapes import AsAtTime, KnownByTime, content_tag
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.http import Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import Quarter
from shared.tabular import wants_csv
from shared.work import Work

router = Routes(tags=["accounting periods"])

COLUMNS = {
    "Code": "code",
    "Name": "name",
    "Quarter": "quarter_pence",
    "YearToDate": "year_to_date_pence",
    "Ledger": "ledger_pence",
    "Reason": "reason",
}
"""A stated line as CSV."""

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]
Finance = Annotated[Work, Writes("grants:finance", "grants:cfo")]
Cfo = Annotated[Work, Writes("grants:cfo")]


@router.get("/v1/agreements/{agreement}/accounting-periods")
async def list_accounting_periods(work: Ledger, agreement: str, paging: Paging) -> Page[PeriodInList]:
    """The quarters of an agreement: whether they are locked, and every lock and reopening with its reason."""
    found = await load_agreement(work.session, agreement)
    moves = await period_moves(work.session, found.id)
    statement = select(AccountingPeriod).where(AccountingPeriod.agreement_id == found.id)
    return await paginate(
        work,
        statement,
        order=(col(AccountingPeriod.quarter),),
        paging=paging,
        shape=lambda period: _in_list(period, moves),
    )


@router.get("/v1/agreements/{agreement}/accounting-periods/{quarter}")
async def read_accounting_period(work: Ledger, agreement: str, quarter: str) -> PeriodShape:
    """A quarter: its lock, what the ledger holds by carrying line, and what is stated."""
    found, wanted = await _load(work, agreement, quarter)
    shape = await _period_shape(work, found, wanted)
    work.etag(content_tag(shape))
    return shape


@router.get(
    "/v1/agreements/{agreement}/accounting-periods/{quarter}/statement.csv",
    include_in_schema=False,
    response_model=StatementShape,
)
@router.get("/v1/agreements/{agreement}/accounting-periods/{quarter}/statement", response_model=StatementShape)
async def read_statement(
    work: Ledger,
    request: Request,
    agreement: str,
    quarter: str,
    as_at: AsAtTime = None,
    known_by: KnownByTime = None,
) -> StatementShape | Response:
    """The quarter's latest statement; with `as_at` the one that stood on a day, with `known_by` the one known then."""
    found, wanted = await _load(work, agreement, quarter)
    statement = await latest_statement(work.session, found.id, wanted, as_at=as_at, known_by=known_by)
    if statement is None:
        raise NotFound(f"{wanted.label} was not stated then.")
    shape = await _statement_shape(work, statement)
    work.headers["Vary"] = "Accept"
    if wants_csv(request):
        work.etag(statement.number, "csv")
        return csv_of(COLUMNS, shape.lines, f"statement-{wanted.slug}-{statement.number}.csv")
    # What is found about it changes with the statements of other quarters.
    work.etag(statement.number, content_tag(shape))
    return shape


@router.post("/v1/agreements/{agreement}/accounting-periods/{quarter}/statement", status_code=201)
async def state_quarter(work: Finance, agreement: str, quarter: str, body: StatementBody) -> StatementShape:
    """State the spend of a quarter; a later statement stands beside the earlier one."""
    lines = [
        StatedLine(line.code, line.quarter_pence, line.year_to_date_pence, line.zero_confirmed, line.reason)
        for line in body.lines
    ]
    statement = await commands.state_quarter(work, agreement, quarter, lines, body.happened_at, body.reason)
    work.etag(statement.number)
    return await _statement_shape(work, statement)


@router.post("/v1/agreements/{agreement}/accounting-periods/{quarter}/lock", status_code=201)
async def lock_quarter(work: Cfo, agreement: str, quarter: str, body: LockBody) -> PeriodInList:
    """Lock a quarter; later lines for it go to the first open one."""
    return await _moved(work, await commands.lock_quarter(work, agreement, quarter, body.reason))


@router.post("/v1/agreements/{agreement}/accounting-periods/{quarter}/reopening", status_code=201)
async def reopen_quarter(work: Cfo, agreement: str, quarter: str, body: ReopeningBody) -> PeriodInList:
    """Open a locked quarter again."""
    return await _moved(work, await commands.reopen_quarter(work, agreement, quarter, body.reason))


async def _load(work: Work, agreement: str, quarter: str) -> tuple[Agreement, Quarter]:
    found = await load_agreement(work.session, agreement)
    return found, quarter_of(quarter, year_of(found.year))


async def _moved(work: Work, period: AccountingPeriod) -> PeriodInList:
    await work.session.flush()
    return _in_list(period, await period_moves(work.session, period.agreement_id, period.quarter))


def _in_list(period: AccountingPeriod, moves: Sequence[PeriodMove]) -> PeriodInList:
    history = [PeriodMoveShape.model_validate(move) for move in moves if move.quarter == period.quarter]
    return PeriodInList(
        **period.model_dump(include={"quarter", "state", "lock_reason", "locked_at", "version"}), history=history
    )


async def _period_shape(work: Work, agreement: Agreement, quarter: Quarter) -> PeriodShape:
    period = await load_period(work.session, agreement.id, quarter)
    ledger = await ledger_sums(work.session, agreement.id, quarter)
    report = (await reported_quarters(work.session, agreement.id)).get(quarter.slug)
    statement = await latest_statement(work.session, agreement.id, quarter)
    because = await negatives(
        work.session,
        agreement.id,
        [(code, quarter) for code, pence in ledger.quarter_pence.items() if pence < 0],
        view="accruals",
        sees_names=work.actor.may(*SEES_NAMES),
    )
    return PeriodShape(
        **_in_list(period, await period_moves(work.session, agreement.id)).model_dump(),
        starts_on=quarter.start,
        ends_on=quarter.end,
        report=ReportShape.model_validate(report) if report else None,
        gross_used=ledger.gross_used,
        lines=[
            LedgerLineShape(
                code=line.code,
                name=line.name,
                ledger_pence=ledger.quarter_pence.get(line.code, 0),
                ledger_year_to_date_pence=ledger.year_to_date_pence.get(line.code, 0),
                negative_because=[Because.model_validate(each) for each in because.get((line.code, quarter), [])],
            )
            for line in await carrying_lines(work.session, agreement.id, quarter.end)
        ],
        statement=await _statement_shape(work, statement) if statement else None,
    )


async def _statement_shape(work: Work, statement: QuarterStatement) -> StatementShape:
    await work.session.flush()
    lines = await statement_lines(work.session, statement.id)
    quarter = Quarter.parse(statement.quarter)
    return StatementShape(
        **statement.model_dump(exclude={"agreement_id", "created_by"}),
        stated=statement.happened_at < statement.recorded_at,
        lines=[StatementLineShape.model_validate(line) for line in lines],
        findings=[
            *(
                Finding(
                    code="ledger_differs",
                    line=line.code,
                    detail=f"{line.code}: the ledger holds another figure; post what is missing, or state it anew.",
                    difference_pence=line.quarter_pence - line.ledger_pence,
                )
                for line in lines
                if line.quarter_pence != line.ledger_pence
            ),
            *await _stale_lines(work, statement.agreement_id, quarter, lines),
        ],
        stale_quarters=[
            later.slug
            for later in quarter.year.quarters[quarter.number :]
            if (newest := await latest_statement(work.session, statement.agreement_id, later)) is not None
            and await _stale_lines(work, statement.agreement_id, later, await statement_lines(work.session, newest.id))
        ],
    )


async def _stale_lines(
    work: Work, agreement_id: UUID, quarter: Quarter, lines: Sequence[StatementLine]
) -> list[Finding]:
    """Lines whose year to date no longer follows from the quarter before, which was stated anew (G-31)."""
    before = await year_to_date_before(work.session, agreement_id, quarter)
    if before is None:
        return []
    found = []
    for line in lines:
        off_pence = stale_year_to_date(before, line.quarter_pence, line.year_to_date_pence, line.code)
        if off_pence:
            detail = f"{line.code}: an earlier quarter was stated anew; state {quarter.label} anew too."
            found.append(Finding(code="year_to_date_stale", line=line.code, detail=detail, difference_pence=off_pence))
    return found

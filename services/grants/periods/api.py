"""Routes of accounting periods: what the ledger holds, what is stated, locks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select

from services.grants.faults import quarter_of, year_of
from services.grants.periods import commands
from services.grants.periods.queries import (
    latest_statement,
    ledger_sums,
    load_period,
    statement_lines,
    year_to_date_before,
)
from services.grants.periods.rules import PeriodState, StatedLine, stale_year_to_date
from services.grants.periods.tables import AccountingPeriod, QuarterStatement, StatementLine
from services.grants.queries import carrying_lines, load_agreement, reported_quarters
from services.grants.shapes import Code, HappenedAt, KnownBy, Prose, SignedAmount, Yes, content_tag
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.fields import example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import Quarter, end_of_day
from shared.work import Work

router = Routes(tags=["accounting periods"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]
Finance = Annotated[Work, Writes("grants:finance", "grants:cfo")]
Cfo = Annotated[Work, Writes("grants:cfo")]


class StatedLineBody(Body):
    code: Code
    quarter_pence: SignedAmount
    year_to_date_pence: SignedAmount | None = Field(
        default=None,
        description="Computed from the quarters stated before; given where the quarter before was not stated.",
    )
    zero_confirmed: Yes = Field(default=False, description="True where the figure is zero and meant (G-31).")


class StatementBody(Body):
    """The spend of a quarter: a figure for every carrying line."""

    model_config = example(
        lines=[
            {"code": "IL1", "quarter_pence": 165_325_000},
            {"code": "CF", "quarter_pence": 0, "zero_confirmed": True},
        ]
    )

    lines: list[StatedLineBody] = Field(max_length=500)
    reason: Prose | None = Field(default=None, description="Why the quarter is stated anew; needed then.")
    happened_at: HappenedAt = None


class LockBody(Body):
    """Why the quarter is locked."""

    model_config = example(reason="quarter stated")

    reason: Prose = Field(description="Shown with the lock, such as: quarter stated.")


class ReopeningBody(Body):
    """Why the quarter is opened again."""

    model_config = example(reason="an invoice of the quarter came late")

    reason: Prose


class StatementLineShape(Shape):
    code: str
    name: str
    quarter_pence: int
    year_to_date_pence: int
    ledger_pence: int = Field(description="What the ledger held for the quarter when it was stated.")


class Finding(Shape):
    code: Literal["ledger_differs", "year_to_date_stale"]
    line: str
    detail: str
    difference_pence: int = Field(description="Stated less ledger, or less what the quarters stated by now come to.")


class StatementShape(Shape):
    id: UUID
    quarter: str
    number: int
    gross_used: bool = Field(description="Some figures hold VAT that cannot be separated (G-27).")
    reason: str | None = Field(description="Why the quarter was stated anew.")
    happened_at: datetime
    recorded_at: datetime
    stated: bool = Field(description="happened_at was stated, and lies before the recording.")
    lines: list[StatementLineShape]
    findings: list[Finding] = Field(
        description="Where the statement differs from the ledger of its moment, or from earlier quarters stated anew."
    )
    stale_quarters: list[str] = Field(
        description="Later quarters whose year to date no longer follows; state them anew, in order."
    )


class ReportShape(Shape):
    state: str
    submitted_at: datetime | None
    published_at: datetime | None
    url: str | None


class PeriodInList(Shape):
    quarter: str
    state: PeriodState
    lock_reason: str | None
    locked_at: datetime | None
    version: int


class LedgerLineShape(Shape):
    code: str
    name: str
    ledger_pence: int = Field(description="Eligible cost in the ledger for the quarter (G-26, G-27).")
    ledger_year_to_date_pence: int


class PeriodShape(PeriodInList):
    starts_on: date
    ends_on: date
    report: ReportShape | None = Field(description="Where the quarter's performance report stands (G-43).")
    gross_used: bool
    lines: list[LedgerLineShape] = Field(description="Every carrying line of the budget at the quarter's end.")
    statement: StatementShape | None = Field(description="The latest statement.")


@router.get("/v1/agreements/{agreement}/accounting-periods")
async def list_accounting_periods(work: Ledger, agreement: str, paging: Paging) -> Page[PeriodInList]:
    """The quarters of an agreement and whether they are locked."""
    found = await load_agreement(work.session, agreement)
    statement = select(AccountingPeriod).where(AccountingPeriod.agreement_id == found.id)
    return await paginate(
        work, statement, order=(col(AccountingPeriod.quarter),), paging=paging, shape=PeriodInList.model_validate
    )


@router.get("/v1/agreements/{agreement}/accounting-periods/{quarter}")
async def read_accounting_period(work: Ledger, agreement: str, quarter: str) -> PeriodShape:
    """A quarter: its lock, what the ledger holds by carrying line, and what is stated."""
    found, wanted = await _load(work, agreement, quarter)
    shape = await _period_shape(work, found, wanted)
    work.etag(content_tag(shape))
    return shape


@router.get("/v1/agreements/{agreement}/accounting-periods/{quarter}/statement")
async def read_statement(work: Ledger, agreement: str, quarter: str, known_by: KnownBy = None) -> StatementShape:
    """The quarter's latest statement; with `known_by` the one known on a day."""
    found, wanted = await _load(work, agreement, quarter)
    known_before = end_of_day(known_by) if known_by else None
    statement = await latest_statement(work.session, found.id, wanted, known_by=known_before)
    if statement is None:
        raise NotFound(f"{wanted.label} was not stated then.")
    work.etag(statement.number)
    return await _statement_shape(work, statement)


@router.post("/v1/agreements/{agreement}/accounting-periods/{quarter}/statement", status_code=201)
async def state_quarter(work: Finance, agreement: str, quarter: str, body: StatementBody) -> StatementShape:
    """State the spend of a quarter; a later statement stands beside the earlier one."""
    lines = [
        StatedLine(line.code, line.quarter_pence, line.year_to_date_pence, line.zero_confirmed) for line in body.lines
    ]
    statement = await commands.state_quarter(work, agreement, quarter, lines, body.happened_at, body.reason)
    work.etag(statement.number)
    return await _statement_shape(work, statement)


@router.post("/v1/agreements/{agreement}/accounting-periods/{quarter}/lock", status_code=201)
async def lock_quarter(work: Cfo, agreement: str, quarter: str, body: LockBody) -> PeriodInList:
    """Lock a quarter; later lines for it go to the first open one."""
    return PeriodInList.model_validate(await commands.lock_quarter(work, agreement, quarter, body.reason))


@router.post("/v1/agreements/{agreement}/accounting-periods/{quarter}/reopening", status_code=201)
async def reopen_quarter(work: Cfo, agreement: str, quarter: str, body: ReopeningBody) -> PeriodInList:
    """Open a locked quarter again."""
    return PeriodInList.model_validate(await commands.reopen_quarter(work, agreement, quarter, body.reason))


async def _load(work: Work, agreement: str, quarter: str) -> tuple[Agreement, Quarter]:
    found = await load_agreement(work.session, agreement)
    return found, quarter_of(quarter, year_of(found.year))


async def _period_shape(work: Work, agreement: Agreement, quarter: Quarter) -> PeriodShape:
    period = await load_period(work.session, agreement.id, quarter)
    ledger = await ledger_sums(work.session, agreement.id, quarter)
    report = (await reported_quarters(work.session, agreement.id)).get(quarter.slug)
    statement = await latest_statement(work.session, agreement.id, quarter)
    return PeriodShape(
        **PeriodInList.model_validate(period).model_dump(),
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

"""Routes of results: a table of them with an outcome for every row, one of them, and what is known of a deliverable."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field, model_validator
from sqlmodel import col, select
from starlette.responses import Response

from services.deliverables.programme.commands import lock_programme
from services.deliverables.programme.queries import find_deliverable, find_programme
from services.deliverables.ratings.api import READERS
from services.deliverables.results.commands import report_result, take_in_results
from services.deliverables.results.desk import Answer, Outcome
from services.deliverables.results.queries import find_import, part_numbers
from services.deliverables.results.rows import MAX_BYTES, Row, check_dates
from services.deliverables.results.rules import Kind, Statement
from services.deliverables.results.tables import Observation, ResultsImport
from services.deliverables.shapes import AsSeen, Day, Figure, Number, QuarterText, Unit, Whole, YearPath, example
from services.deliverables.targets.rules import Assessment, Bound
from shared.errors import Conflict, ErrorItem, Invalid, TooLarge, UnsupportedMediaType
from shared.http import UPLOAD, Body, Reads, ReceivedFile, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear, Quarter
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["results"])

OFFICER = "deliverables:officer"
OUTCOME_COLUMNS = ("record", "line", "ref", "part", "outcome", "code", "column", "detail")


class RowOut(Shape):
    record: int = Field(description="Data record, counted from 1.")
    line: int = Field(description="Physical line of the file on which the record starts.")
    ref: str
    part: int | None
    outcome: Outcome
    reasons: list[ErrorItem] = Field(description="What stands against the row, or is worth knowing about it.")


class ImportOut(Shape):
    """What became of a table of results. `received` is the sum of the outcomes."""

    id: UUID
    year: str
    sha256: str
    received: int
    outcomes: dict[str, int]
    rows: list[RowOut]
    created_at: datetime
    links: dict[str, str]


@router.post("/v1/programmes/{year}/results", status_code=201, response_model=ImportOut, openapi_extra=UPLOAD)
async def import_results(
    request: Request,
    work: Annotated[Work, Writes(OFFICER)],
    year: YearPath,
    upload: ReceivedFile,
    as_at: Annotated[Day, Query(description="Day the values stand for, where a row does not say.")] = None,
    period: Annotated[QuarterText | None, Query(description="Instead of `as_at`: the quarter at whose end.")] = None,
    kind: Annotated[Kind, Query(description="Where a row does not say.")] = Kind.DELIVERED,
    statement: Annotated[
        Statement, Query(description="Whether values are totals of the year so far, where a row does not say.")
    ] = Statement.STATED_TOTAL,
) -> ImportOut | Response:
    """Take in a CSV table of results and printed ratings; every row has an outcome.

    Columns: ref, part; value, bound, unit, kind, statement, instance, q1_value to q4_value, as_at, occurred_on,
    assessment, rag_as_printed, rag_state, evidence, converted_value, conversion_note, note, source, reason. Good rows
    are stored even where others are rejected; sent again they are `unchanged`. Answers JSON, or CSV by `Accept`.
    """
    parsed = FinancialYear.parse(year)
    if upload.media_type not in ("text/csv", "application/csv"):
        raise UnsupportedMediaType("Send the table as text/csv or as the file of a form; save a workbook as CSV first.")
    if (upload.content_encoding or "identity") != "identity":
        raise UnsupportedMediaType("Send the table without compression.")
    if upload.size > MAX_BYTES:
        raise TooLarge(f"The table is larger than {MAX_BYTES // 1024 // 1024} MiB; send it in several.")
    if as_at is not None and period is not None:
        raise Invalid("Give as_at or period, not both.", parameter="period")
    day = Quarter.parse(period).end if period else as_at
    record = await take_in_results(work, parsed, upload.path, upload.sha256, as_at=day, kind=kind, statement=statement)
    answer = _import(work, parsed, record)
    work.headers["Location"] = answer.links["self"]
    return _outcomes_csv(record, 201) if wants_csv(request) else answer


@router.get("/v1/programmes/{year}/results/{import_id}", response_model=ImportOut)
@router.get("/v1/programmes/{year}/results/{import_id}/outcomes.csv", name="get_import_csv", response_model=None)
async def get_import(
    request: Request, work: Annotated[Work, Reads(*READERS)], year: YearPath, import_id: UUID
) -> ImportOut | Response:
    """What became of a table of results, row by row."""
    parsed = FinancialYear.parse(year)
    record = await find_import(work.session, await find_programme(work.session, parsed), import_id)
    return _outcomes_csv(record, 200) if wants_csv(request) else _import(work, parsed, record)


class ObservationIn(Body):
    """One result. A value for what is known already needs a reason, which makes it a revision."""

    model_config = example(part=1, period="2017-18-q1", value=12, unit="council", source="Quarterly return")

    part: Whole = Field(default=1, ge=1, le=999)
    period: QuarterText
    value: Number = None
    bound: Bound = Bound.EXACT
    unit: Unit | None = None
    kind: Kind = Kind.DELIVERED
    statement: Statement = Field(default=Statement.IN_PERIOD, description="New in the quarter, or the year so far.")
    instance: Annotated[str, Field(max_length=200), AsSeen] = ""
    assessment: Assessment | None = None
    occurred_on: Day = None
    converted_value: Number = Field(default=None, description="In the target's unit (D-9).")
    conversion_note: str | None = Field(default=None, min_length=1, max_length=1000)
    note: str | None = Field(default=None, max_length=4000)
    source: str | None = Field(default=None, max_length=400)
    reason: str | None = Field(default=None, min_length=1, max_length=1000)

    @model_validator(mode="after")
    def says_something(self) -> ObservationIn:
        if self.value is None and self.assessment is None and not self.note:
            raise ValueError("give a value, an assessment or a note")
        if self.value is not None and self.unit is None:
            raise ValueError("say the unit of the value")
        if (self.converted_value is None) != (self.conversion_note is None):
            raise ValueError("give a converted value together with the note that states the conversion")
        return self


class ObservationOutcome(Shape):
    outcome: Outcome
    reasons: list[ErrorItem]


class ResultRefused(Conflict):
    code = "result_refused"
    title = "The result cannot be taken in"


@router.post("/v1/deliverables/{deliverable_id}/observations", status_code=201)
async def report_observation(
    work: Annotated[Work, Writes(OFFICER)], deliverable_id: UUID, body: ObservationIn
) -> ObservationOutcome:
    """Report one result, or revise one with a reason, by the same rules as a row of a table (D-16 to D-20)."""
    deliverable, programme = await find_deliverable(work.session, deliverable_id)
    programme = await lock_programme(work, FinancialYear.parse(programme.year))
    period = Quarter.parse(body.period)
    if period.year.label != programme.year:
        raise Invalid(f"{period.label} is not in {programme.year}; choose one of its quarters.", pointer="/period")
    row = Row(
        record=1, line=1, ref=deliverable.ref, period=period, as_at=period.end, **body.model_dump(exclude={"period"})
    )
    check_dates(row)
    answer = await report_result(work, programme, row)
    if answer.outcome in (Outcome.REJECTED, Outcome.CONFLICT):
        raise ResultRefused(answer.items[0].detail, errors=_pointed(answer))
    return ObservationOutcome(outcome=answer.outcome, reasons=_pointed(answer))


class ObservationOut(Shape):
    """One reported value; a revised one stays, named by the one that revises it."""

    id: UUID
    part: int
    period: str
    as_at: date
    instance: str
    kind: str
    statement: str
    value: Figure | None
    bound: str
    unit: str | None
    converted_value: Figure | None
    conversion_note: str | None
    assessment: str | None
    evidence_empty: bool
    occurred_on: date | None
    note: str | None
    source: str | None
    state: str
    revision_of: UUID | None
    reason: str | None
    created_at: datetime


@router.get("/v1/deliverables/{deliverable_id}/observations")
async def list_observations(
    work: Annotated[Work, Reads(*READERS)], deliverable_id: UUID, paging: Paging
) -> Page[ObservationOut]:
    """Everything that was reported for a deliverable, revised values included, in the order it came."""
    deliverable, _ = await find_deliverable(work.session, deliverable_id)
    parts = await part_numbers(work.session, deliverable)
    statement = select(Observation).where(col(Observation.target_part_id).in_(list(parts)))
    return await paginate(
        work,
        statement,
        order=(col(Observation.created_at), col(Observation.id)),
        paging=paging,
        shape=lambda row: ObservationOut(
            part=parts[row.target_part_id], **row.model_dump(exclude={"target_part_id", "import_id"})
        ),
    )


def _import(work: Work, year: FinancialYear, record: ResultsImport) -> ImportOut:
    here = f"{work.base_url}/v1/programmes/{year.slug}/results/{record.id}"
    counts = Counter(row["outcome"] for row in record.outcomes)
    return ImportOut(
        id=record.id,
        year=year.label,
        sha256=record.sha256,
        received=record.received,
        outcomes={outcome: counts[outcome] for outcome in Outcome},
        rows=[RowOut.model_validate(row) for row in record.outcomes],
        created_at=record.created_at,
        links={"self": here, "csv": f"{here}/outcomes.csv"},
    )


def _outcomes_csv(record: ResultsImport, status: int) -> Response:
    lines: list[list[Any]] = []
    for row in record.outcomes:
        for reason in row["reasons"] or [{}]:
            lines.append([reason.get(name, row.get(name)) for name in OUTCOME_COLUMNS])
    response = csv_response(csv_bytes(OUTCOME_COLUMNS, lines)[0], f"outcomes-{record.id}.csv")
    response.status_code = status
    return response


def _pointed(answer: Answer) -> list[ErrorItem]:
    """The same faults, placed in a body instead of a file."""
    return [
        ErrorItem(code=item.code, detail=item.detail, pointer=f"/{item.column}" if item.column else None)
        for item in answer.items
    ]

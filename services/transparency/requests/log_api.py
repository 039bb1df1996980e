"""Public routes: the disclosure log, and the days on which nobody works."""

from __future__ import annotations

from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import Field
from sqlmodel import col
from starlette.responses import HTMLResponse

from services.transparency.requests import clocks, days, draft, queries
from services.transparency.requests.api import Officer, Year, publisher_id, year_of
from services.transparency.requests.exemptions import exemptions
from services.transparency.requests.shapes import (
    DayDecisionShape,
    DecidedDay,
    ExemptionShape,
    NonWorkingDayBody,
    NonWorkingDayShape,
    Outcome,
)
from services.transparency.requests.tables import InformationRequest
from shared.http import PublicWork, Routes, Shape
from shared.pagination import Page, Paging, page_of, paginate
from shared.periods import FinancialYear, london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["information requests"])

TEMPLATES = Environment(
    loader=FileSystemLoader(FilePath(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
)
Publisher = Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")]


class LoggedReview(Shape):
    asked_on: date
    decided_on: date | None
    result: str | None = Field(description="`upheld` or `changed`; null while the review goes on.")


class LoggedRequest(Shape):
    publisher: str
    reference: str
    subject: str
    received_on: date
    due_on: date
    arithmetic: str = Field(description="How the day was found: days counted and days left out.")
    extension_reason: str | None = Field(description="Why more time was taken for weighing the public interest.")
    answered_on: date
    working_days: int
    late: bool
    working_days_late: int
    outcome: Outcome = Field(description="As answered, or as the review changed it.")
    exemptions: list[ExemptionShape]
    review: LoggedReview | None
    disclosure_url: str | None


class DisclosureLog(Page[LoggedRequest]):
    notes: list[str] = Field(description="What the list does not show, counted.")


@router.get("/v1/disclosure-log", responses={200: {"content": {"text/csv": {}, "text/html": {}}}})
@router.get("/v1/disclosure-log.csv", include_in_schema=False, name="read_disclosure_log_csv")
@router.get("/v1/disclosure-log.html", include_in_schema=False, name="read_disclosure_log_html")
async def read_disclosure_log(
    work: PublicWork, request: Request, paging: Paging, publisher: Publisher = None, year: Year = None
) -> Any:
    """Answered requests with their subject in cleared words, the days taken, outcome and grounds; also as CSV and as a
    page. Who asked is in none of them."""
    organisation_id, financial_year = await publisher_id(work, publisher), year_of(year)
    statement = queries.logged(organisation_id, financial_year)
    order = (InformationRequest.received_on, InformationRequest.request_id)
    is_page = request.url.path.endswith(".html") or "text/html" in request.headers.get("accept", "")
    if wants_csv(request) or is_page:
        rows = (await work.session.exec(statement.order_by(*(col(column) for column in order)))).all()
        if wants_csv(request):
            table = [draft.cells(found, organisation.name) for found, organisation in rows]
            data, _ = csv_bytes(draft.COLUMNS, [[cells.get(head) for head in draft.COLUMNS] for cells in table])
            return csv_response(data, f"disclosure-log-{publisher or 'all'}-{year or 'all'}.csv")
        notes = await _notes(work, organisation_id, financial_year)
        page = TEMPLATES.get_template("disclosure_log.html").render(
            items=[(_logged(found, organisation.slug), organisation.name) for found, organisation in rows],
            notes=notes,
            name=rows[0][1].name if publisher and rows else publisher,
            year=financial_year.label if financial_year else None,
        )
        return HTMLResponse(page, headers={"Vary": "Accept"})
    found = await paginate(work, statement, order=order, paging=paging, shape=lambda row: _logged(row[0], row[1].slug))
    return DisclosureLog(
        items=found.items, links=found.links, notes=await _notes(work, organisation_id, financial_year)
    )


@router.get("/v1/non-working-days")
async def list_non_working_days(
    work: PublicWork,
    paging: Paging,
    year: Annotated[
        int | None, Query(ge=2000, le=2199, description="Calendar year; this year and the next without it.")
    ] = None,
) -> Page[NonWorkingDayShape]:
    """Days beside weekends on which nobody works, so that no request's clock counts them, and who decided what."""
    first = year or london_date(work.now).year
    entries = await days.listed(work.session, first, year or first + 1)
    return page_of(work, [_day(entry) for entry in entries], key=lambda item: (item.date.isoformat(),), paging=paging)


@router.post("/v1/non-working-days", status_code=201)
async def decide_non_working_day(work: Officer, body: NonWorkingDayBody) -> DecidedDay:
    """Add a bank holiday, or remove one, in some nations. Clocks of open requests move; answered ones do not."""
    decision, moved = await clocks.decide_day(
        work,
        body.date,
        body.nations,
        name=body.name,
        change=body.change,
        source=body.source,
        reason=body.reason,
    )
    (entry,) = [
        entry
        for entry in await days.listed(work.session, body.date.year, body.date.year)
        if entry.off.day == decision.day
    ]
    return DecidedDay(**_day(entry).model_dump(), clocks_moved=moved)


async def _notes(work: Work, organisation_id: UUID | None, year: FinancialYear | None) -> list[str]:
    open_still, not_cleared = await queries.waiting(work.session, organisation_id, year)
    notes = []
    if open_still:
        notes.append(f"Not listed: {open_still} not answered yet.")
    if not_cleared:
        notes.append(f"Not listed: {not_cleared} answered, whose subject nobody has cleared for publication yet.")
    return notes


def _logged(request: InformationRequest, publisher: str) -> LoggedRequest:
    known = exemptions()
    return LoggedRequest(
        publisher=publisher,
        subject=request.published_subject or draft.NOT_STATED,
        **request.model_dump(
            include={
                "reference",
                "received_on",
                "due_on",
                "arithmetic",
                "extension_reason",
                "answered_on",
                "working_days",
                "working_days_late",
                "disclosure_url",
            }
        ),
        late=bool(request.working_days_late),
        outcome=draft.outcome_now(request),
        exemptions=[ExemptionShape.model_validate(known[code]) for code in draft.exemptions_now(request)],
        review=None
        if request.review_asked_on is None
        else LoggedReview(
            asked_on=request.review_asked_on,
            decided_on=request.review_decided_on,
            result=request.review_result,
        ),
    )


def _day(entry: days.Entry) -> NonWorkingDayShape:
    return NonWorkingDayShape(
        date=entry.off.day,
        weekday=f"{entry.off.day:%A}",
        name=entry.off.name,
        nations=list(entry.off.nations),
        source=entry.source,
        decisions=[DayDecisionShape.model_validate(decision) for decision in entry.decisions],
    )

"""Routes of the publication calendar, its public record, and documents."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import AwareDatetime, ConfigDict, Field
from sqlmodel import col
from starlette.responses import HTMLResponse

from services.transparency import queries as publishers
from services.transparency.obligations import commands, queries, rules
from services.transparency.obligations.tables import Document, Obligation
from services.transparency.tables import Organisation
from shared.errors import Invalid
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear, london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["obligations"])

TEMPLATES = Environment(
    loader=FileSystemLoader(FilePath(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
)

Publisher = Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")]
Year = Annotated[str | None, Query(max_length=10, description="Financial year, `2017-18`; all without it.")]
State = Literal["upcoming", "due_soon", "met", "missed", "met_late", "not_judged", "not_applicable"]
HTTPS = r"^https?://[^\s]+$"


class ReadingShape(Shape):
    name: str
    due_on: date
    arithmetic: str = Field(description="How the day was found, in words.")
    is_alarm: bool = Field(description="The earliest configured reading, on which the alarm stands (T-42).")
    met: bool | None = None


class ObligationShape(Shape):
    obligation_id: UUID
    publisher: str | None = Field(description="Null until the organisation's registration has arrived.")
    code: str
    period: str
    subject: str
    year: str
    what: str
    kind: str
    source: str
    readings: list[ReadingShape]
    alarm_on: date | None
    remind_on: date | None
    state: str
    state_reason: str | None
    met_at: datetime | None
    stated: bool = Field(description="The time of publication was stated afterwards, not seen here.")
    days_late: int | None
    entered_on: date = Field(description="London day on which the duty was entered here.")
    entered_after_due: bool = Field(description="It was entered here when its day had passed.")
    lateness_known: bool = Field(
        description="False where it was entered after its day and nothing states an earlier time of publication: "
        "`days_late` then counts up to the publication here and does not say when the body first published."
    )
    url: str | None
    proposed_by: str | None
    approved_by: str | None
    version: int


class Compliance(Shape):
    publisher: str | None
    year: str | None
    summary: dict[str, int]
    notes: list[str] = Field(
        description="What to know first: duties entered here after their day, and what that means."
    )
    items: list[ObligationShape]


class DocumentShape(Shape):
    document_id: UUID
    publisher: str | None
    kind: str
    title: str
    period: str
    meeting_id: UUID | None
    version: int
    state: str
    url: str | None
    sha256: str | None
    withheld_count: int
    happened_at: datetime
    stated: bool
    recorded_at: datetime


class DocumentBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "publisher": "improvement-agency",
                    "code": "MEMORANDUM",
                    "period": "2017-18",
                    "title": "Memorandum of understanding 2017/18",
                    "url": "https://example.org/memorandum.pdf",
                    "happened_at": "2017-05-12T09:00:00Z",
                }
            ]
        }
    )

    publisher: Slug
    code: str = Field(max_length=40, description="Duty it meets, such as `ACCOUNTS` or `MEMORANDUM`.")
    period: str = Field(max_length=80, description="Year it is about, `2017-18`.")
    title: str = Field(min_length=3, max_length=300)
    url: str | None = Field(default=None, pattern=HTTPS, max_length=2000, description="Where it can be read.")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    happened_at: AwareDatetime | None = Field(
        default=None, description="When it was published or sent; now without it, earlier with transparency:history."
    )


class ExemptionBody(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The body has no employees."}]})

    reason: str = Field(min_length=3, max_length=2000, description="Why the duty does not apply.")


@router.get("/v1/obligations")
async def list_obligations(
    work: PublicWork,
    paging: Paging,
    publisher: Publisher = None,
    year: Year = None,
    code: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[State | None, Query(description="State of the obligation.")] = None,
) -> Page[ObligationShape]:
    """The calendar: every obligation with its readings, their arithmetic and its state."""
    organisation_id = await _publisher_id(work, publisher)
    statement = queries.obligations(organisation_id, _year(year), code, state).add_columns(Organisation)
    statement = statement.outerjoin(Organisation, col(Organisation.organisation_id) == col(Obligation.organisation_id))
    return await paginate(
        work,
        statement,
        order=(Obligation.year, Obligation.code, Obligation.subject, Obligation.obligation_id),
        paging=paging,
        shape=lambda row: _obligation(row[0], row[1]),
    )


@router.get("/v1/obligations/compliance", responses={200: {"content": {"text/csv": {}, "text/html": {}}}})
@router.get("/v1/obligations/compliance.csv", include_in_schema=False, name="read_compliance_csv")
@router.get("/v1/obligations/compliance.html", include_in_schema=False, name="read_compliance_html")
async def read_compliance(work: PublicWork, request: Request, publisher: Publisher = None, year: Year = None) -> Any:
    """The public record of met, late and missed, for one publisher or all; also as CSV and as a page (T-48)."""
    organisation_id = await _publisher_id(work, publisher)
    found = await queries.calendar_of(work.session, organisation_id, _year(year))
    if wants_csv(request):
        data, _ = csv_bytes(RECORD_COLUMNS, _record(found, work.base_url))
        return csv_response(data, f"compliance-{publisher or 'all'}-{year or 'all'}.csv")
    answer = Compliance(
        publisher=publisher,
        year=year,
        summary=queries.summary([obligation for obligation, _ in found]),
        notes=rules.notes([queries.entered(obligation) for obligation, _ in found]),
        items=[_obligation(obligation, organisation) for obligation, organisation in found],
    )
    if _wants_html(request):
        names = {organisation.slug: organisation.name for _, organisation in found if organisation is not None}
        page = TEMPLATES.get_template("compliance.html").render(compliance=answer, names=names, base=work.base_url)
        return HTMLResponse(page, headers={"Vary": "Accept"})
    return answer


@router.get("/v1/obligations/{obligation_id}")
async def read_obligation(work: PublicWork, obligation_id: UUID) -> ObligationShape:
    """One obligation."""
    obligation = await queries.obligation(work.session, obligation_id)
    return await _answer(work, obligation)


@router.post("/v1/obligations/{obligation_id}/exemptions", status_code=201)
async def propose_exemption(
    work: Annotated[Work, Writes("transparency:preparer")], obligation_id: UUID, body: ExemptionBody
) -> ObligationShape:
    """Propose that a duty does not apply, with the reason; another person approves it."""
    return await _answer(work, await commands.propose_exemption(work, obligation_id, body.reason))


@router.post("/v1/obligations/{obligation_id}/exemptions/approvals", status_code=201)
async def approve_exemption(
    work: Annotated[Work, Writes("transparency:approver")], obligation_id: UUID
) -> ObligationShape:
    """Approve it: the obligation becomes not applicable, with the reason shown."""
    return await _answer(work, await commands.approve_exemption(work, obligation_id))


@router.post("/v1/documents", status_code=201)
async def publish_document(work: Annotated[Work, Writes("transparency:preparer")], body: DocumentBody) -> DocumentShape:
    """Record a document as published, sent or shared; it meets the duty of its code."""
    document = await commands.publish_document(
        work,
        body.publisher,
        code=body.code,
        period=body.period,
        title=body.title,
        url=body.url,
        sha256=body.sha256,
        happened_at=body.happened_at,
    )
    work.headers["Location"] = f"{work.base_url}/v1/documents/{document.document_id}"
    return _document(document, body.publisher)


@router.get("/v1/documents")
async def list_documents(
    work: PublicWork,
    paging: Paging,
    publisher: Publisher = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[DocumentShape]:
    """Documents known here: reports, papers, minutes, accounts, letters, the memorandum."""
    organisation_id = await _publisher_id(work, publisher)
    statement = queries.documents(organisation_id, kind).add_columns(Organisation)
    statement = statement.outerjoin(Organisation, col(Organisation.organisation_id) == col(Document.organisation_id))
    return await paginate(
        work,
        statement,
        order=(Document.happened_at, Document.document_id),
        paging=paging,
        shape=lambda row: _document(row[0], row[1].slug if row[1] else None),
    )


@router.get("/v1/documents/{document_id}")
async def read_document(work: PublicWork, document_id: UUID) -> DocumentShape:
    """One document."""
    document = await queries.document(work.session, document_id)
    organisation = await publishers.organisation(work.session, document.organisation_id)
    work.etag(document.version)
    return _document(document, organisation.slug if organisation else None)


RECORD_COLUMNS = (
    "OrganisationLabel",
    "OrganisationURI",
    "Obligation",
    "PeriodOrMeeting",
    "Source",
    "Reading",
    "Arithmetic",
    "DueOn",
    "PublishedOn",
    "State",
    "DaysLate",
    "URL",
    "EnteredOn",
    "LatenessKnown",
)
"""The publication record; `not_judged` joins the states of its profile, for duties entered after their day."""


def _record(found: list[tuple[Obligation, Organisation | None]], base_url: str) -> list[tuple[Any, ...]]:
    """One row for each reading; a duty without a stated day has one row with empty days."""
    rows = []
    for obligation, organisation in found:
        label = organisation.name if organisation else str(obligation.organisation_id)
        uri = (
            publishers.public_uri(organisation.identifiers, f"{base_url}/v1/publishers/{organisation.slug}")
            if organisation
            else None
        )
        entered = queries.entered(obligation)
        published = f"{london_date(obligation.met_at):%d/%m/%Y}" if obligation.met_at else None
        readings: list[dict[str, Any] | None] = [*obligation.readings] or [None]
        for reading in readings:
            rows.append(
                (
                    label,
                    uri,
                    obligation.code,
                    obligation.period,
                    obligation.source,
                    reading["name"] if reading else "no day stated",
                    reading["arithmetic"] if reading else "The memorandum states no day.",
                    f"{date.fromisoformat(reading['due_on']):%d/%m/%Y}" if reading else None,
                    published,
                    obligation.state,
                    obligation.days_late,
                    obligation.url,
                    f"{entered.entered_on:%d/%m/%Y}",
                    str(entered.lateness_known).lower(),
                )
            )
    return rows


def _wants_html(request: Request) -> bool:
    return request.url.path.endswith(".html") or "text/html" in request.headers.get("accept", "")


async def _publisher_id(work: Work, slug: str | None) -> UUID | None:
    if slug is None:
        return None
    return (await publishers.publisher(work.session, slug)).organisation_id


def _year(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return FinancialYear.parse(text).slug
    except ValueError as error:
        raise Invalid(f"The year cannot be read: {error}.", parameter="year") from error


async def _answer(work: Work, obligation: Obligation) -> ObligationShape:
    work.etag(obligation.version)
    return _obligation(obligation, await publishers.organisation(work.session, obligation.organisation_id))


def _obligation(obligation: Obligation, organisation: Organisation | None) -> ObligationShape:
    entered = queries.entered(obligation)
    return ObligationShape(
        **obligation.model_dump(
            include={
                "obligation_id",
                "code",
                "period",
                "subject",
                "year",
                "what",
                "kind",
                "source",
                "alarm_on",
                "state",
                "state_reason",
                "met_at",
                "stated",
                "days_late",
                "url",
                "proposed_by",
                "approved_by",
                "version",
            }
        ),
        publisher=organisation.slug if organisation else None,
        readings=[ReadingShape(**reading) for reading in queries.judged_readings(obligation)],
        remind_on=queries.reminder_of(obligation),
        entered_on=entered.entered_on,
        entered_after_due=entered.after_its_day,
        lateness_known=entered.lateness_known,
    )


def _document(document: Document, publisher: str | None) -> DocumentShape:
    return DocumentShape(
        **document.model_dump(exclude={"organisation_id", "created_by"}),
        publisher=publisher,
    )

"""Routes of the publication calendar and its public record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import ConfigDict, Field
from sqlmodel import col
from starlette.responses import HTMLResponse

from services.transparency import queries as publishers
from services.transparency.obligations import commands, queries, record, rules
from services.transparency.obligations.tables import Obligation, ObligationEvidence
from services.transparency.tables import Organisation
from shared.errors import Invalid
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear, london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
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
STATES = f"{'; '.join(f'`{state}`: {words}' for state, words in rules.STATE_WORDS.items())}."
HTTPS = r"^https?://[^\s]+$"


class ReadingShape(Shape):
    name: str
    due_on: date
    arithmetic: str = Field(description="How the day was found, in words.")
    is_alarm: bool = Field(description="The earliest configured reading, on which the alarm stands (T-42).")
    met: bool | None = None


class EvidenceShape(Shape):
    evidence_id: UUID
    url: str
    note: str
    recorded_by: str | None = Field(description="Who recorded it; for officers alone.")
    recorded_at: datetime


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
    state: State = Field(
        description=f"{'; '.join(f'`{state}`: {words}' for state, words in rules.STATE_WORDS.items())}."
    )
    state_reason: str | None = Field(description="Why it is not assessed, or does not apply; else mostly null.")
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
    proposed_by: str | None = Field(description="Who proposed that it does not apply; for officers alone.")
    exemption_reason: str | None = Field(description="Why it is proposed that it does not apply.")
    approved_by: str | None = Field(description="Who approved that; for officers alone.")
    evidence: list[EvidenceShape] = Field(
        description="Where it can be seen that it was met, as people recorded it; it changes no assessment."
    )
    version: int


class Reminder(ObligationShape):
    days_left: int = Field(description="Days from the asked day to the alarm's day; 0 on the day itself.")


class Compliance(Shape):
    publisher: str | None
    year: str | None
    summary: dict[str, int]
    states: dict[str, str] = Field(description="What each state means.")
    notes: list[str] = Field(
        description="What to know first: duties entered here after their day, and what that means."
    )
    items: list[ObligationShape]


class EvidenceBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.org/archive/accounts-2016-17.pdf",
                    "note": "The accounts in the web archive, captured on 29 July 2017.",
                }
            ]
        }
    )

    url: str = Field(pattern=HTTPS, max_length=2000, description="Where it can be seen. Public.")
    note: str = Field(min_length=3, max_length=2000, description="What it shows. Public.")


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
    organisation_id = await publisher_id(work, publisher)
    statement = queries.obligations(organisation_id, year_of(year), code, state).add_columns(Organisation)
    statement = statement.outerjoin(Organisation, col(Organisation.organisation_id) == col(Obligation.organisation_id))
    page = await paginate(
        work,
        statement,
        order=(Obligation.year, Obligation.code, Obligation.subject, Obligation.obligation_id),
        paging=paging,
        shape=lambda row: (row[0], row[1]),
    )
    return Page(items=await _shapes(work, page.items), links=page.links)


@router.get("/v1/obligations/reminders")
async def list_reminders(
    work: PublicWork,
    paging: Paging,
    on: Annotated[date | None, Query(description="London day to look from; today without it.")] = None,
    publisher: Publisher = None,
) -> Page[Reminder]:
    """What is due within ten days and not met, the nearest first, with the last working day before (T-42)."""
    day = on or london_date(work.now)
    statement = queries.due_within(day, await publisher_id(work, publisher)).add_columns(Organisation)
    statement = statement.outerjoin(Organisation, col(Organisation.organisation_id) == col(Obligation.organisation_id))
    page = await paginate(
        work,
        statement,
        order=(Obligation.alarm_on, Obligation.obligation_id),
        paging=paging,
        shape=lambda row: (row[0], row[1]),
    )
    shapes = await _shapes(work, page.items)
    return Page(
        items=[
            Reminder(**shape.model_dump(), days_left=(shape.alarm_on - day).days)
            for shape in shapes
            if shape.alarm_on is not None
        ],
        links=page.links,
    )


@router.get("/v1/obligations/compliance", responses={200: {"content": {"text/csv": {}, "text/html": {}}}})
@router.get("/v1/obligations/compliance.csv", include_in_schema=False, name="read_compliance_csv")
@router.get("/v1/obligations/compliance.html", include_in_schema=False, name="read_compliance_html")
async def read_compliance(work: PublicWork, request: Request, publisher: Publisher = None, year: Year = None) -> Any:
    """The public record of met, late and missed, for one publisher or all; also as CSV and as a page (T-48)."""
    organisation_id = await publisher_id(work, publisher)
    found = await queries.calendar_of(work.session, organisation_id, year_of(year))
    if wants_csv(request):
        data, _ = csv_bytes(record.COLUMNS, [row.cells for row in record.rows(found, work.base_url)])
        return csv_response(data, f"compliance-{publisher or 'all'}-{year or 'all'}.csv")
    answer = Compliance(
        publisher=publisher,
        year=year,
        summary=queries.summary([obligation for obligation, _ in found]),
        states=rules.STATE_WORDS,
        notes=rules.notes([queries.entered(obligation) for obligation, _ in found]),
        items=await _shapes(work, found),
    )
    if wants_html(request):
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


@router.get("/v1/obligations/{obligation_id}/evidence")
async def list_evidence(work: PublicWork, obligation_id: UUID, paging: Paging) -> Page[EvidenceShape]:
    """Where it can be seen that a duty was met, the oldest entry first."""
    await queries.obligation(work.session, obligation_id)
    return await paginate(
        work,
        queries.evidence_of(obligation_id),
        order=(ObligationEvidence.recorded_at, ObligationEvidence.evidence_id),
        paging=paging,
        shape=lambda row: _evidence(row, named=work.actor.may(*OFFICERS)),
    )


@router.post("/v1/obligations/{obligation_id}/evidence", status_code=201)
async def add_evidence(
    work: Annotated[Work, Writes("transparency:preparer")], obligation_id: UUID, body: EvidenceBody
) -> EvidenceShape:
    """Record where it can be seen that a duty was met, judged duties included; the judgement stays as it is."""
    return _evidence(await commands.add_evidence(work, obligation_id, url=body.url, note=body.note), named=True)


def wants_html(request: Request) -> bool:
    return request.url.path.endswith(".html") or "text/html" in request.headers.get("accept", "")


async def publisher_id(work: Work, slug: str | None) -> UUID | None:
    if slug is None:
        return None
    return (await publishers.publisher(work.session, slug)).organisation_id


def year_of(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return FinancialYear.parse(text).slug
    except ValueError as error:
        raise Invalid(f"The year cannot be read: {error}.", parameter="year") from error


async def _answer(work: Work, obligation: Obligation) -> ObligationShape:
    work.etag(obligation.version)
    organisation = await publishers.organisation(work.session, obligation.organisation_id)
    (shape,) = await _shapes(work, [(obligation, organisation)])
    return shape


async def _shapes(work: Work, found: Sequence[tuple[Obligation, Organisation | None]]) -> list[ObligationShape]:
    evidence = await queries.evidence(work.session, [obligation.obligation_id for obligation, _ in found])
    return [
        _obligation(
            obligation, organisation, evidence.get(obligation.obligation_id, ()), named=work.actor.may(*OFFICERS)
        )
        for obligation, organisation in found
    ]


OFFICERS = ("transparency:preparer", "transparency:approver", "transparency:dpl", "transparency:auditor")


def _evidence(row: ObligationEvidence, *, named: bool) -> EvidenceShape:
    """The public reads where it can be seen; officers also who recorded it."""
    return EvidenceShape(
        evidence_id=row.evidence_id,
        url=row.url,
        note=row.note,
        recorded_by=row.recorded_by if named else None,
        recorded_at=row.recorded_at,
    )


def _obligation(
    obligation: Obligation,
    organisation: Organisation | None,
    evidence: Sequence[ObligationEvidence],
    *,
    named: bool,
) -> ObligationShape:
    entered = queries.entered(obligation)
    computed = {
        "publisher",
        "readings",
        "remind_on",
        "entered_on",
        "entered_after_due",
        "lateness_known",
        "evidence",
        "proposed_by",
        "approved_by",
    }
    return ObligationShape(
        **obligation.model_dump(include=set(ObligationShape.model_fields) - computed),
        publisher=organisation.slug if organisation else None,
        proposed_by=obligation.proposed_by if named else None,
        approved_by=obligation.approved_by if named else None,
        readings=[ReadingShape(**reading) for reading in queries.judged_readings(obligation)],
        remind_on=queries.reminder_of(obligation),
        entered_on=entered.entered_on,
        entered_after_due=entered.after_its_day,
        lateness_known=entered.lateness_known,
        evidence=[_evidence(row, named=named) for row in evidence],
    )

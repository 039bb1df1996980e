"""Routes of quarterly reports: draft, texts, due day, submission, publication, reopening, and the page itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlmodel import col, select
from starlette.responses import Response

from services.deliverables.ratings.api import READERS
from services.deliverables.reports.commands import (
    HTML,
    create_report,
    move_due_date,
    publish_report,
    reopen_report,
    submit_report,
    write_sections,
)
from services.deliverables.reports.page import render_report
from services.deliverables.reports.queries import Story, build_figures, find_report, load_story, sections_out
from services.deliverables.reports.rules import NoSuchReport, report_type
from services.deliverables.reports.shapes import (
    DueDateIn,
    DueOut,
    PublicationIn,
    PublicationOut,
    ReopeningIn,
    ReopeningOut,
    ReportBrief,
    ReportIn,
    ReportOut,
    SectionOut,
    SectionsIn,
    SubmissionIn,
    SubmissionOut,
)
from services.deliverables.reports.tables import Publication, Report, Submission
from services.deliverables.shapes import QuarterText, content_tag
from shared.errors import Invalid
from shared.http import PublicWork, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear, Quarter
from shared.work import Work

router = Routes(tags=["reports"])

Officer = Annotated[Work, Writes("deliverables:officer")]
Director = Annotated[Work, Writes("deliverables:director")]
Publisher = Annotated[Work, Writes("deliverables:officer", "deliverables:director")]


@router.post("/v1/reports", status_code=201)
async def draft_report(work: Officer, body: ReportIn) -> ReportOut:
    """Open the draft of a quarter's report; a quarter has one (409 `report_exists` names it)."""
    report = await create_report(work, Quarter.parse(body.quarter))
    work.headers["Location"] = f"{work.base_url}/v1/reports/{report.id}"
    return await _answer(work, report, whole=True)


@router.get("/v1/reports")
async def list_reports(
    work: PublicWork,
    paging: Paging,
    year: Annotated[str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Financial year, `2017-18`.")] = None,
    quarter: Annotated[QuarterText | None, Query(description="Quarter, `2017-18-q1`.")] = None,
) -> Page[ReportBrief]:
    """Published reports; drafts too for a token that may read them."""
    statement = select(Report)
    whole = work.actor.may(*READERS)
    if not whole:
        published = select(Publication.report_id).where(Publication.report_id == Report.id)
        statement = statement.where(published.exists())
    if year is not None:
        statement = statement.where(col(Report.quarter).startswith(_year(year), autoescape=True))
    if quarter is not None:
        statement = statement.where(Report.quarter == quarter)
    page = await paginate(
        work, statement, order=(col(Report.quarter), col(Report.id)), paging=paging, shape=lambda row: row
    )
    items = [_brief(work, await load_story(work.session, row), whole=whole) for row in page.items]
    return Page(items=items, links=page.links)


# The addresses of pages come before those of the resource, whose path would match them too.
@router.get("/v1/reports/{report_id}/publications/{number}.html", response_model=None)
async def get_published_page(work: PublicWork, report_id: UUID, number: int) -> Response:
    """A published page, byte for byte as it was published."""
    story = await load_story(work.session, await find_report(work.session, report_id))
    publication = next((one for one in story.publications if one.number == number), None)
    if publication is None:
        raise NoSuchReport("There is no publication of this number.")
    return await _page(work, publication)


@router.get("/v1/reports/{report_id}.html", response_model=None)
async def get_report_page(work: PublicWork, report_id: UUID) -> Response:
    """The report as a page: the last published one; before that a preview, for those who may read drafts."""
    story = await load_story(work.session, await find_report(work.session, report_id))
    if story.publication is not None:
        return await _page(work, story.publication)
    _refuse_drafts(work)
    figures = await _figures(work, story)
    submission = story.submission if story.report.state == "submitted" else None
    return Response(render_report(figures, submission=submission, published_at=None), media_type=HTML)


@router.get("/v1/reports/{report_id}")
async def get_report(work: PublicWork, report_id: UUID) -> ReportOut:
    """A report with its figures: the published one for everyone, as it stands for those who may read drafts."""
    return await _answer(work, await find_report(work.session, report_id), whole=work.actor.may(*READERS))


@router.put("/v1/reports/{report_id}/sections")
async def put_sections(work: Officer, report_id: UUID, body: SectionsIn) -> ReportOut:
    """Replace the texts of a draft, all of them; needs If-Match."""
    texts = {key: section.model_dump(exclude_none=True) for key, section in body.sections.items()}
    report = await write_sections(work, report_id, {key: value for key, value in texts.items() if value})
    return await _answer(work, report, whole=True)


@router.put("/v1/reports/{report_id}/due-date")
async def put_due_date(work: Officer, report_id: UUID, body: DueDateIn) -> ReportOut:
    """Move the due day of this one quarter, and record who agreed it (D-39); needs If-Match."""
    if body.due_on is None:
        raise Invalid("Say the day the report is due instead.", pointer="/due_on")
    return await _answer(work, await move_due_date(work, report_id, body.due_on, body.agreed_by), whole=True)


@router.post("/v1/reports/{report_id}/submissions", status_code=201)
async def submit(work: Director, report_id: UUID, body: SubmissionIn) -> ReportOut:
    """Certify the report and submit it to the Secretary of State; its figures are frozen (D-43)."""
    return await _answer(work, await submit_report(work, report_id, body.happened_at), whole=True)


@router.post("/v1/reports/{report_id}/publications", status_code=201)
async def publish(work: Publisher, report_id: UUID, body: PublicationIn) -> ReportOut:
    """Publish what was submitted; refused with `rating_missing` unless missing ratings are to be shown as such."""
    report = await publish_report(work, report_id, body.happened_at, publish_with_unknowns=body.publish_with_unknowns)
    return await _answer(work, report, whole=True)


@router.post("/v1/reports/{report_id}/reopenings", status_code=201)
async def reopen(work: Director, report_id: UUID, body: ReopeningIn) -> ReportOut:
    """Take a submitted report up again, with a reason; what was published stays readable (D-43)."""
    return await _answer(work, await reopen_report(work, report_id, body.happened_at, body.reason), whole=True)


async def _answer(work: Work, report: Report, *, whole: bool) -> ReportOut:
    story = await load_story(work.session, report)
    if not whole and story.publication is None:
        _refuse_drafts(work)
    submission = story.submission if whole else story.published_submission
    figures = await _figures(work, story) if whole else (submission.figures if submission else {})
    texts = sections_out(story.quarter, report.texts) if whole else figures["sections"]
    answer = ReportOut(
        **_brief(work, story, whole=whole).model_dump(),
        version=report.version,
        organisation=story.organisation_name,
        agreement_id=story.programme.agreement_id,
        submission=SubmissionOut.model_validate(submission) if submission else None,
        publication=PublicationOut.model_validate(story.publication) if story.publication else None,
        reopenings=[ReopeningOut.model_validate(one) for one in story.reopenings] if whole else [],
        sections=[SectionOut.model_validate(one) for one in texts],
        warnings=_warnings(story, figures),
        figures=figures,
    )
    # A draft's figures change without a change of the draft: the tag tells both, and If-Match compares the version.
    work.etag(report.version, content_tag(answer))
    return answer


def _brief(work: Work, story: Story, *, whole: bool) -> ReportBrief:
    report, quarter, publication = story.report, story.quarter, story.publication
    submission = story.submission if whole else story.published_submission
    here = f"{work.base_url}/v1/reports/{report.id}"
    return ReportBrief(
        id=report.id,
        year=quarter.year.label,
        quarter=quarter.slug,
        label=quarter.label,
        report_type=report_type(quarter),
        state=report.state if whole else "published",
        due=DueOut(
            on=story.due.on,
            overridden=story.due.overridden,
            agreed_by=report.due_agreed_by,
            warning=story.due.warning,
        ),
        submitted_at=submission.happened_at if submission else None,
        published_at=publication.happened_at if publication else None,
        links={"self": here, "html": f"{here}.html", **({"published": publication.url} if publication else {})},
    )


def _warnings(story: Story, figures: dict[str, Any]) -> list[str]:
    warnings = [story.due.warning] if story.due.warning else []
    found: Sequence[tuple[str, list[str]]] = (
        ("Green without evidence", figures.get("evidence_empty", [])),
        ("Rated otherwise than the numbers say, without a reason on record", figures.get("overrides_unexplained", [])),
        ("No rating", figures.get("missing", [])),
    )
    return warnings + [f"{text}: {', '.join(refs)}." for text, refs in found if refs]


async def _figures(work: Work, story: Story) -> dict[str, Any]:
    """Frozen while submitted or published, else as they are now."""
    submission: Submission | None = story.submission
    if submission is not None and story.report.state in ("submitted", "published"):
        return submission.figures
    return await build_figures(work.session, story, work.base_url)


async def _page(work: Work, publication: Publication) -> Response:
    data = await asyncio.to_thread(work.files.path(publication.html_sha256).read_bytes)
    work.etag(publication.html_sha256)
    return Response(data, media_type=HTML)


def _refuse_drafts(work: Work) -> None:
    if not work.actor.may(*READERS):
        raise NoSuchReport("There is no published report of this id; drafts need a token of the deliverables service.")


def _year(text: str) -> str:
    try:
        return FinancialYear.parse(text).slug
    except ValueError as error:
        raise Invalid(f"{error}.", parameter="year") from error

"""What a person does with a report: draft it, fill it, move its due day, submit, publish, reopen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.deliverables.programme.commands import lock_programme, may_write_for
from services.deliverables.programme.tables import Programme
from services.deliverables.reports import rules
from services.deliverables.reports.page import render_report
from services.deliverables.reports.queries import Story, build_figures, find_report, is_stated, load_story, texts_of
from services.deliverables.reports.tables import Publication, Reopening, Report, Submission
from shared.events.base import canonical_json
from shared.periods import Quarter
from shared.work import Work, four_eyes

HTML = "text/html; charset=utf-8"


async def create_report(work: Work, quarter: Quarter) -> Report:
    """Open the draft of a quarter's report; a quarter has one."""
    programme = await lock_programme(work, quarter.year)
    if programme.state == "open":
        raise rules.ProgrammeEmpty(f"The programme of {programme.year} holds nothing yet; import it first.")
    existing = select(Report.id).where(Report.programme_id == programme.id, Report.quarter == quarter.slug)
    found = (await work.session.exec(existing)).one_or_none()
    if found is not None:
        href = f"{work.base_url}/v1/reports/{found}"
        raise rules.ReportExists(f"{quarter.label} has its report already; go on with it.", extra={"report": href})
    report = Report(
        id=work.new_id(),
        programme_id=programme.id,
        quarter=quarter.slug,
        state="draft",
        texts={},
        editors=[work.actor.sub],
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(report)
    work.audit("create_report", report.id, after={"quarter": quarter.slug})
    await work.session.flush()
    return report


async def write_sections(work: Work, report_id: UUID, texts: Mapping[str, Mapping[str, str | None]]) -> Report:
    """Replace the texts of a draft, all of them (D-45: a section left empty states why)."""
    report, _ = await _lock(work, report_id)
    work.if_match(report.version, f"{work.base_url}/v1/reports/{report.id}")
    quarter = Quarter.parse(report.quarter)
    sent = {key: dict(value) for key, value in texts.items()}
    if sent == report.texts:
        return report
    rules.check_editable(_as_report(report, quarter))
    rules.check_sections(quarter, {key: (v.get("text"), v.get("empty_reason")) for key, v in sent.items()})
    work.audit("write_sections", report.id, before={"sections": sorted(report.texts)}, after={"sections": sorted(sent)})
    report.texts = sent
    if work.actor.sub not in report.editors:
        report.editors = [*report.editors, work.actor.sub]
    report.touch(work.now)
    work.session.add(report)
    return report


async def move_due_date(work: Work, report_id: UUID, due_on: date, agreed_by: str) -> Report:
    """Move the due day of this one quarter, and record who agreed it (D-39)."""
    report, _ = await _lock(work, report_id)
    work.if_match(report.version, f"{work.base_url}/v1/reports/{report.id}")
    quarter = Quarter.parse(report.quarter)
    if (due_on, agreed_by) == (report.due_override_on, report.due_agreed_by):
        return report
    rules.check_due_date(_as_report(report, quarter), due_on)
    before = {"due_on": rules.due(quarter, report.due_override_on).on.isoformat()}
    report.due_override_on, report.due_agreed_by = due_on, agreed_by
    report.touch(work.now)
    work.session.add(report)
    work.audit("move_due_date", report.id, before=before, after={"due_on": due_on.isoformat(), "agreed_by": agreed_by})
    return report


async def submit_report(work: Work, report_id: UUID, happened_at: datetime | None) -> Report:
    """Certify a report and submit it to the Secretary of State; its figures are frozen from here on (D-40, D-43).

    Nobody certifies what they drafted or wrote in, in whichever round that was (domain section 3).
    """
    report, programme = await _lock(work, report_id)
    quarter = Quarter.parse(report.quarter)
    rules.check_editable(_as_report(report, quarter))
    for editor in report.editors:
        four_eyes(
            work.actor, editor, detail="A person who drafted the report or wrote in it may not certify it as well."
        )
    story = await load_story(work.session, report)
    moment = work.happened_at(happened_at)
    figures = await build_figures(work.session, story, work.base_url)
    digest = hashlib.sha256(canonical_json(figures)).hexdigest()
    report.touch(work.now)
    event = rules.submit(
        _as_report(report, quarter, programme, story),
        happened_at=moment,
        texts=texts_of(report),
        figures=figures["filled_by_figures"],
        sha256=digest,
    )
    submission = Submission(
        id=work.new_id(),
        report_id=report.id,
        number=len(story.submissions) + 1,
        due_on=event.due_on,
        happened_at=moment,
        stated=is_stated(moment, work.now),
        recorded_at=work.now,
        submitted_by=work.actor.sub,
        days_late=event.days_late,
        sha256=digest,
        figures=figures,
    )
    report.state = "submitted"
    work.session.add_all([report, submission])
    await work.record(event)
    work.audit("submit_report", report.id, after={"number": submission.number, "sha256": digest, "happened_at": moment})
    await work.session.flush()
    return report


async def publish_report(
    work: Work, report_id: UUID, happened_at: datetime | None, *, publish_with_unknowns: bool
) -> Report:
    """Publish the submitted figures as a page that never changes; missing ratings need to be shown as such (D-29)."""
    report, programme = await _lock(work, report_id)
    quarter = Quarter.parse(report.quarter)
    story = await load_story(work.session, report)
    moment = work.happened_at(happened_at)
    submission = story.submission
    figures: dict[str, Any] = submission.figures if submission else {}
    missing = figures.get("missing", [])
    position = _as_report(report, quarter, programme, story)
    submitted_at = rules.check_publishable(
        position, happened_at=moment, missing=missing, publish_with_unknowns=publish_with_unknowns
    )
    assert submission is not None
    page = render_report(figures, submission=submission, published_at=moment)
    stored = await work.store_file(page, HTML)
    report.touch(work.now)
    event = rules.publish(
        _as_report(report, quarter, programme, story),
        happened_at=moment,
        submitted_at=submitted_at,
        unknowns=len(missing),
        url=f"{work.base_url}/v1/reports/{report.id}/publications/{submission.number}.html",
        sha256=stored.sha256,
    )
    publication = Publication(
        id=work.new_id(),
        report_id=report.id,
        submission_id=submission.id,
        number=submission.number,
        happened_at=moment,
        stated=is_stated(moment, work.now),
        recorded_at=work.now,
        published_by=work.actor.sub,
        days_late=event.days_late,
        unknowns=event.published_with_unknowns,
        url=event.url,
        html_sha256=stored.sha256,
    )
    report.state = "published"
    work.session.add_all([report, publication])
    await work.record(event)
    work.audit("publish_report", report.id, after={"number": publication.number, "unknowns": publication.unknowns})
    await work.session.flush()
    return report


async def reopen_report(work: Work, report_id: UUID, happened_at: datetime | None, reason: str) -> Report:
    """Take a submitted report up again; what was submitted and published stays readable as it was (D-43)."""
    report, programme = await _lock(work, report_id)
    moment = work.happened_at(happened_at)
    story = await load_story(work.session, report)
    report.touch(work.now)
    event = rules.reopen(
        _as_report(report, Quarter.parse(report.quarter), programme, story), happened_at=moment, reason=reason
    )
    reopening = Reopening(
        id=work.new_id(),
        report_id=report.id,
        happened_at=moment,
        recorded_at=work.now,
        reopened_by=work.actor.sub,
        reason=reason,
    )
    before = report.state
    report.state = "reopened"
    work.session.add_all([report, reopening])
    await work.record(event)
    work.audit("reopen_report", report.id, before={"state": before}, after={"state": "reopened"}, reason=reason)
    await work.session.flush()
    return report


async def _lock(work: Work, report_id: UUID) -> tuple[Report, Programme]:
    report = await find_report(work.session, report_id, for_update=True)
    programme = await work.session.get(Programme, report.programme_id)
    assert programme is not None
    await may_write_for(work, programme)
    return report, programme


def _as_report(
    report: Report, quarter: Quarter, programme: Programme | None = None, story: Story | None = None
) -> rules.Report:
    """The row as the rules take it."""
    submission = story.submission if story else None
    return rules.Report(
        id=report.id,
        version=report.version,
        agreement_id=programme.agreement_id if programme else report.programme_id,
        organisation_id=programme.organisation_id if programme else report.programme_id,
        quarter=quarter,
        state=report.state,  # type: ignore[arg-type]
        due_on=rules.due(quarter, report.due_override_on).on,
        submitted_at=submission.happened_at if submission else None,
        latest_at=story.latest_at if story else None,
    )

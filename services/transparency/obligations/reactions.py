"""What agreements, awards, reports and meetings put into the calendar, and what judges them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update

from services.transparency.obligations import catalogue, documents, rules
from services.transparency.obligations.calendar import Made, make_public, owe
from services.transparency.obligations.catalogue import Due
from services.transparency.obligations.rules import Reading
from services.transparency.obligations.tables import Document, Obligation
from shared.events.deliverables import (
    PerformanceReportPublished,
    PerformanceReportReopened,
    PerformanceReportSubmitted,
)
from shared.events.governance import MeetingScheduled, MinutesApproved, MinutesPublished, PapersPublished
from shared.events.grants import AgreementSigned, PassThroughAwarded
from shared.inbox import Reacting
from shared.periods import FinancialYear, Quarter, london_date
from shared.values import MeetingState, PapersScope

TARGETS = frozenset({"office_target", "minutes_target"})
"""Readings of a meeting that are aims of the office, not deadlines; the alarm never stands on them."""


async def bring_into_calendar(event: AgreementSigned, recipient: UUID, parent: UUID | None, reacting: Reacting) -> None:
    """The year's obligations of the recipient and of its parent body, each with every reading of its day."""
    year = FinancialYear.parse(event.year)
    owed = catalogue.owed_by_recipient(year, event.signed_on, has_parent=parent is not None)
    for due in owed:
        await owe(reacting, recipient, due, year=year.slug, source_version=event.version)
    if parent is not None:
        for due in catalogue.owed_by_parent(year):
            await owe(reacting, parent, due, year=year.slug, source_version=event.version)


async def take_on_duties(event: PassThroughAwarded, reacting: Reacting) -> None:
    """The obligations of the body that receives an award, from the award on."""
    year = FinancialYear.parse(event.year)
    for due in catalogue.owed_by_pass_through(year, event.awarded_on):
        await owe(reacting, event.organisation_id, due, year=year.slug, source_version=event.version)


async def submit_report(event: PerformanceReportSubmitted, reacting: Reacting) -> None:
    """Keep that the report was submitted; the duty is to submit and to publish, so it is judged when published."""
    await _keep_report(event, reacting, state="submitted", happened_at=event.submitted_at, sha256=event.sha256)


async def reopen_report(event: PerformanceReportReopened, reacting: Reacting) -> None:
    """Keep that the report is open again."""
    await _keep_report(event, reacting, state="reopened", happened_at=event.reopened_at)


async def publish_report(event: PerformanceReportPublished, reacting: Reacting) -> None:
    """REPORT is met by publication, and so is what stands inside the report and nowhere else: spend by workstream from
    the second quarter on, the year's summary in the last (T-59)."""
    await _keep_report(
        event, reacting, state="published", happened_at=event.published_at, url=event.url, sha256=event.sha256
    )
    duties = [("REPORT", event.quarter)]
    if Quarter.parse(event.quarter).number > 1:
        duties.append(("REPORT-SPEND", event.quarter))
    if event.report_type == "quarterly_summative":
        duties.append(("REPORT-YEAR", FinancialYear.parse(event.year).slug))
    for code, subject in duties:
        await make_public(
            reacting,
            Made(
                publication_id=reacting.derived_id(code),
                organisation_id=event.organisation_id,
                code=code,
                subject=subject,
                happened_at=event.published_at,
                recorded_at=reacting.occurred_at,
                url=event.url,
            ),
        )


async def owe_for_meeting(event: MeetingScheduled, reacting: Reacting) -> None:
    """Papers and minutes of a meeting under the grant's duty, with the readings it carries (T-45).

    A moved meeting brings new days; a cancelled one, or one no longer under the duty, owes nothing more. What was
    judged before stays judged.
    """
    owes = event.under_grant_duty and event.state not in (MeetingState.CANCELLED, MeetingState.POSTPONED)
    day = london_date(event.start)
    for subject, code in (("papers", "PAPERS"), ("minutes", "MINUTES")):
        readings = tuple(
            Reading(reading.name, reading.due_on, reading.arithmetic, alarms=reading.is_policy)
            for reading in event.readings
            if reading.subject == subject
        )
        if not any(reading.alarms for reading in readings):
            # No reading is marked as the board's policy, so the earliest that is no mere target alarms (T-42).
            readings = tuple(
                Reading(reading.name, reading.due_on, reading.arithmetic, alarms=reading.name not in TARGETS)
                for reading in readings
            )
        due = Due(catalogue.of_meeting(code), str(event.meeting_id), f"{event.board_slug} {day.isoformat()}", readings)
        if owes:
            year = FinancialYear.of(day).slug
            await owe(reacting, event.organisation_id, due, year=year, source_version=event.version)
        else:
            await _lift(event, due, reacting)


async def judge_papers(event: PapersPublished, reacting: Reacting) -> None:
    """The main pack meets PAPERS; each supplement has a clock of its own and is judged beside it (T-45)."""
    subject = str(event.meeting_id)
    if event.scope is PapersScope.SUPPLEMENT:
        main = await _obligation(event.organisation_id, "PAPERS", subject, reacting)
        if main is not None:
            subject = f"{subject}/{event.supplement_no}"
            readings = tuple(
                Reading(item["name"], date.fromisoformat(item["due_on"]), item["arithmetic"], item["alarms"])
                for item in main.readings
            )
            period = f"{main.period} supplement {event.supplement_no}"
            due = Due(catalogue.of_meeting("PAPERS"), subject, period, readings)
            await _as_stated(event, "PAPERS", subject, event.met_policy, reacting)
            await owe(reacting, event.organisation_id, due, year=main.year, source_version=main.source_version)
    else:
        await _as_stated(event, "PAPERS", subject, event.met_policy, reacting)
    name = "Papers" if event.scope is PapersScope.MAIN_PACK else f"Supplement {event.supplement_no}"
    supplement = "" if event.scope is PapersScope.MAIN_PACK else f"/{event.supplement_no}"
    series = f"PAPERS {event.meeting_id}{supplement}"
    await _keep_meeting_document(event, "board_papers", name, reacting, series=series)


async def judge_minutes(event: MinutesPublished, reacting: Reacting) -> None:
    """Minutes, a labelled draft included, meet MINUTES; the verdict is governance's (T-45)."""
    await _as_stated(event, "MINUTES", str(event.meeting_id), event.met, reacting)
    name = "Minutes" if event.state == "approved" else "Draft minutes"
    series = f"MINUTES {event.meeting_id}"
    await _keep_meeting_document(event, "minutes", name, reacting, series=series, version=event.minutes_version)


async def approve_minutes(event: MinutesApproved, reacting: Reacting) -> None:
    """The minutes are no draft any more; their duty was met by publication, drafts included, and stays as judged."""
    await reacting.session.exec(
        update(Document)
        .where(
            col(Document.meeting_id) == event.meeting_id,
            col(Document.kind) == "minutes",
            col(Document.version) <= event.minutes_version,
        )
        .values(state="approved")
    )


async def _as_stated(
    event: PapersPublished | MinutesPublished, code: str, subject: str, in_time: bool, reacting: Reacting
) -> None:
    await make_public(
        reacting,
        Made(
            publication_id=reacting.derived_id(code),
            organisation_id=event.organisation_id,
            code=code,
            subject=subject,
            happened_at=event.happened_at,
            recorded_at=reacting.occurred_at,
            url=event.url,
            readings_met={reading.name: reading.met for reading in event.readings},
            in_time=in_time,
        ),
    )


async def _obligation(organisation_id: UUID, code: str, subject: str, reacting: Reacting) -> Obligation | None:
    found = await reacting.session.exec(
        select(Obligation)
        .where(
            col(Obligation.organisation_id) == organisation_id,
            col(Obligation.code) == code,
            col(Obligation.subject) == subject,
        )
        .with_for_update()
    )
    return found.one_or_none()


async def _lift(event: MeetingScheduled, due: Due, reacting: Reacting) -> None:
    obligation = await _obligation(event.organisation_id, due.duty.code, due.subject, reacting)
    if obligation is None or obligation.source_version >= event.version:
        return
    obligation.source_version = event.version
    if obligation.state in rules.JUDGED_STATES:
        return
    obligation.state = "not_applicable"
    obligation.state_reason = (
        f"The meeting was {event.state}." if event.under_grant_duty else "The meeting is not under the grant's duty."
    )
    obligation.alarm_on = None
    obligation.version += 1
    obligation.modified_at = reacting.now


async def _keep_report(
    event: PerformanceReportSubmitted | PerformanceReportReopened | PerformanceReportPublished,
    reacting: Reacting,
    *,
    state: str,
    happened_at: datetime,
    url: str | None = None,
    sha256: str | None = None,
) -> None:
    await _keep_earlier_report(event.report_id, event.version, reacting)
    values = {
        "organisation_id": event.organisation_id,
        "kind": "performance_report",
        "series": f"REPORT {event.quarter}",
        "title": f"Performance report {Quarter.parse(event.quarter).label}",
        "period": event.quarter,
        "version": event.version,
        "state": state,
        "url": url,
        "sha256": sha256,
        "withheld_count": 0,
        "happened_at": happened_at,
        "stated": happened_at < reacting.occurred_at,
        "recorded_at": reacting.occurred_at,
    }
    row = insert(Document).values(document_id=event.report_id, **values)
    newer = col(Document.version) < event.version
    await reacting.session.exec(row.on_conflict_do_update(index_elements=["document_id"], set_=values, where=newer))


async def _keep_earlier_report(report_id: UUID, version: int, reacting: Reacting) -> None:
    """A published report that is opened again stays readable as the version it was."""
    found = await reacting.session.exec(select(Document).where(col(Document.document_id) == report_id))
    published = found.one_or_none()
    if published is None or published.state != "published" or published.version >= version:
        return
    earlier = published.model_dump() | {
        "document_id": uuid5(report_id, f"version {published.version}"),
        "state": "superseded",
    }
    await reacting.session.exec(insert(Document).values(**earlier).on_conflict_do_nothing())


async def _keep_meeting_document(
    event: PapersPublished | MinutesPublished,
    kind: str,
    name: str,
    reacting: Reacting,
    *,
    series: str,
    version: int | None = None,
) -> None:
    """Without a version of its own it is the next one of its series."""
    if version is None:
        version = await documents.next_version(reacting.session, event.organisation_id, series)
    owed = await _obligation(event.organisation_id, "PAPERS", str(event.meeting_id), reacting)
    period = owed.period if owed else str(event.meeting_id)
    row = insert(Document).values(
        document_id=reacting.derived_id("document"),
        organisation_id=event.organisation_id,
        kind=kind,
        series=series,
        title=f"{name} of {period}",
        period=period,
        meeting_id=event.meeting_id,
        version=version,
        state="draft" if name == "Draft minutes" else "published",
        url=event.url,
        sha256=event.sha256,
        withheld_count=event.withheld_count,
        happened_at=event.happened_at,
        stated=event.happened_at < reacting.occurred_at,
        recorded_at=reacting.occurred_at,
    )
    await reacting.session.exec(row.on_conflict_do_nothing())

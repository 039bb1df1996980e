"""Quarterly reports: when they are due, what each quarter's must hold, and what stops them (D-29, D-39 to D-45)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.errors import Conflict, ErrorItem, Invalid, NotFound
from shared.events.deliverables import (
    PerformanceReportPublished,
    PerformanceReportReopened,
    PerformanceReportSubmitted,
)
from shared.periods import Quarter, add_months, end_of_day, london_date

ReportType = Literal["quarterly", "quarterly_summative"]


@dataclass(frozen=True)
class Section:
    """A section of the report; `from_quarter` is the first of the year that must hold it (MoU para 25, D-41)."""

    key: str
    title: str
    from_quarter: int = 1


SECTIONS = (
    Section("support", "Support given: the three months and the year to date"),
    Section("outcomes", "Outcomes and outputs, progress against targets, evidence and surveys"),
    Section("commentary", "Commentary"),
    Section("spend", "Spend by workstream: the three months and the year to date", from_quarter=2),
    Section("problems", "Problems"),
    Section("changes", "Proposed changes to the memorandum"),
    Section("summative", "Summative analysis and evaluation of the year", from_quarter=4),
    Section("full_year_spend", "Full-year unaudited spend", from_quarter=4),
    Section("areas_not_engaged", "Areas that did not engage", from_quarter=4),
)


def sections_of(quarter: Quarter) -> tuple[Section, ...]:
    """The sections that a quarter's report must hold (D-41): none on spend in the first, a summing up in the fourth."""
    return tuple(section for section in SECTIONS if quarter.number >= section.from_quarter)


def report_type(quarter: Quarter) -> ReportType:
    """The fourth quarter's report sums up the year (D-42)."""
    return "quarterly_summative" if quarter.number == 4 else "quarterly"


@dataclass(frozen=True)
class Due:
    """The day a report is due, with a warning where it falls on a weekend; a weekend moves nothing (D-39)."""

    on: date
    overridden: bool
    warning: str | None


def due(quarter: Quarter, override: date | None = None) -> Due:
    """One month after the quarter's end, the same day number or that month's last (D-39); an override moves one."""
    on = override or add_months(quarter.end, 1)
    weekend = {5: "Saturday", 6: "Sunday"}.get(on.weekday())
    return Due(on, override is not None, f"The due day, {on.isoformat()}, is a {weekend}." if weekend else None)


def days_late(due_on: date, happened_at: datetime) -> int:
    """Whole London days after the due day, which ends at midnight Europe/London; 0 is on time (D-40)."""
    return max(0, (london_date(happened_at) - due_on).days)


@dataclass(frozen=True)
class Report:
    """A report as far as its transitions need it."""

    id: UUID
    version: int
    agreement_id: UUID
    organisation_id: UUID
    quarter: Quarter
    state: Literal["draft", "submitted", "published", "reopened"]
    due_on: date
    submitted_at: datetime | None = None
    latest_at: datetime | None = None
    """When the last of its submissions, publications and reopenings happened."""


class UnknownSection(Invalid):
    code = "unknown_section"
    title = "This report has no such section"


class SectionEmpty(Conflict):
    code = "section_empty"
    title = "A section left empty says why"


class QuarterNotOver(Conflict):
    code = "quarter_not_over"
    title = "The quarter has not ended"


class AlreadySubmitted(Conflict):
    code = "already_submitted"
    title = "The report has been submitted"


class NotSubmitted(Conflict):
    code = "not_submitted"
    title = "The report has not been submitted"


class PublishedTooEarly(Conflict):
    code = "published_before_submission"
    title = "Publication cannot precede submission"


class EarlierThanForerunner(Conflict):
    """What follows upon a step cannot have happened before it; a late report would else turn into one on time."""

    code = "earlier_than_forerunner"
    title = "It lies before what it follows"


class RatingMissing(Conflict):
    code = "rating_missing"
    title = "Deliverables have no rating"


class DueDateFixed(Conflict):
    code = "due_date_fixed"
    title = "The report has been submitted against its due day"


class ReportExists(Conflict):
    code = "report_exists"
    title = "The quarter has its report"


class ProgrammeEmpty(Conflict):
    code = "programme_empty"
    title = "There is nothing to report on"


class NoSuchReport(NotFound):
    pass


def check_editable(report: Report) -> None:
    """Only a draft or a reopened report can be changed (D-43)."""
    if report.state not in ("draft", "reopened"):
        raise AlreadySubmitted(
            "The report is submitted and its figures are frozen; reopen it with a reason to change it."
        )


def check_due_date(report: Report, due_on: date) -> None:
    """An override moves a quarter's due day before the report is submitted, and to a day after the quarter (D-39)."""
    if report.state in ("submitted", "published"):
        raise DueDateFixed("The report was submitted against its due day; reopen it to move the day.")
    if due_on <= report.quarter.end:
        detail = f"{due_on.isoformat()} does not lie after {report.quarter.label}; choose a later day."
        raise DueDateFixed(detail, pointer="/due_on")


def check_sections(quarter: Quarter, texts: Mapping[str, tuple[str | None, str | None]]) -> None:
    """Refuse a section the quarter does not have. Values are text and the reason for having none."""
    known = {section.key for section in sections_of(quarter)}
    errors = [
        ErrorItem(
            code="unknown_section",
            detail=f"The report for {quarter.label} has no section {key[:64]}; it has {', '.join(sorted(known))}.",
            pointer=f"/sections/{key}",
        )
        for key in texts
        if key not in known
    ]
    if errors:
        raise UnknownSection("Some sections do not belong to this quarter's report.", errors=errors)


def submit(
    report: Report,
    *,
    happened_at: datetime,
    texts: Mapping[str, tuple[str | None, str | None]],
    figures: Sequence[str],
    sha256: str,
) -> PerformanceReportSubmitted:
    """The report goes to the Secretary of State with every section filled, or saying why not (D-40, D-41, D-45).

    `figures` names the sections that hold figures of their own and so need no text.
    """
    check_editable(report)
    _check_order(report, happened_at)
    if happened_at < end_of_day(report.quarter.end):
        raise QuarterNotOver(
            f"{report.quarter.label} ends on {report.quarter.end.isoformat()}; submit the report after it."
        )
    empty = [
        section
        for section in sections_of(report.quarter)
        if section.key not in figures and not any(texts.get(section.key, (None, None)))
    ]
    if empty:
        raise SectionEmpty(
            f"Empty: {', '.join(section.key for section in empty)}. Give each a text, or an empty_reason.",
            errors=[
                ErrorItem(
                    code="section_empty",
                    detail=f"{section.title}: give a text or an empty_reason.",
                    pointer=f"/sections/{section.key}",
                )
                for section in empty
            ],
        )
    return PerformanceReportSubmitted(
        report_id=report.id,
        version=report.version,
        agreement_id=report.agreement_id,
        organisation_id=report.organisation_id,
        year=report.quarter.year.label,
        quarter=report.quarter.slug,
        report_type=report_type(report.quarter),
        due_on=report.due_on,
        submitted_at=happened_at,
        days_late=days_late(report.due_on, happened_at),
        sha256=sha256,
    )


def check_publishable(
    report: Report, *, happened_at: datetime, missing: Sequence[str], publish_with_unknowns: bool
) -> datetime:
    """Refuse to publish what was not submitted, or ratings that are missing and not shown as such (D-29, D-40).

    Returns the time of submission.
    """
    if report.state != "submitted" or report.submitted_at is None:
        state = "has been published" if report.state == "published" else f"is a {report.state} report"
        raise NotSubmitted(f"This {state}; submit it, then publish it.")
    if happened_at < report.submitted_at:
        raise PublishedTooEarly("Publication cannot precede submission; state a later happened_at.")
    if missing and not publish_with_unknowns:
        raise RatingMissing(
            f"{len(missing)} deliverables have no rating: {', '.join(missing)}; rate them and submit the report again, "
            "or publish with unknowns.",
            errors=[
                ErrorItem(code="rating_missing", detail=f"{ref} has no rating.", pointer="/publish_with_unknowns")
                for ref in missing
            ],
        )
    return report.submitted_at


def publish(
    report: Report, *, happened_at: datetime, submitted_at: datetime, unknowns: int, url: str, sha256: str
) -> PerformanceReportPublished:
    """Anyone can now read the report. `unknowns` are deliverables shown without a rating (D-29)."""
    return PerformanceReportPublished(
        report_id=report.id,
        version=report.version,
        agreement_id=report.agreement_id,
        organisation_id=report.organisation_id,
        year=report.quarter.year.label,
        quarter=report.quarter.slug,
        report_type=report_type(report.quarter),
        due_on=report.due_on,
        submitted_at=submitted_at,
        published_at=happened_at,
        days_late=days_late(report.due_on, happened_at),
        published_with_unknowns=unknowns,
        url=url,
        sha256=sha256,
    )


def reopen(report: Report, *, happened_at: datetime, reason: str) -> PerformanceReportReopened:
    """A submitted report is taken up again, with a reason; what was submitted or published stays as it was (D-43)."""
    if report.state not in ("submitted", "published"):
        raise NotSubmitted("Only a submitted report can be reopened; this one can be changed as it is.")
    _check_order(report, happened_at)
    return PerformanceReportReopened(
        report_id=report.id,
        version=report.version,
        agreement_id=report.agreement_id,
        organisation_id=report.organisation_id,
        year=report.quarter.year.label,
        quarter=report.quarter.slug,
        reopened_at=happened_at,
        reason=reason,
    )


def _check_order(report: Report, happened_at: datetime) -> None:
    if report.latest_at is not None and happened_at < report.latest_at:
        raise EarlierThanForerunner(
            "happened_at lies before the report's last step; state a later time.", pointer="/happened_at"
        )

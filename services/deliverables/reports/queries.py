"""Reads around reports: the report with its history, and the figures that a submission freezes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.deliverables.programme.tables import Programme
from services.deliverables.ratings.queries import Standings, load_standings
from services.deliverables.ratings.shapes import deliverable_out, green_without_evidence, summary_out
from services.deliverables.reports.rules import Due, NoSuchReport, due, report_type, sections_of
from services.deliverables.reports.tables import Publication, Reopening, Report, Submission
from services.deliverables.tables import (
    AgreedVariation,
    BudgetLine,
    BudgetVersion,
    Organisation,
    Outturn,
    SpendStatement,
)
from shared.periods import Quarter


@dataclass(frozen=True)
class Story:
    """A report with everything that happened to it."""

    report: Report
    programme: Programme
    organisation_name: str
    submissions: tuple[Submission, ...]
    publications: tuple[Publication, ...]
    reopenings: tuple[Reopening, ...]

    @property
    def quarter(self) -> Quarter:
        return Quarter.parse(self.report.quarter)

    @property
    def due(self) -> Due:
        return due(self.quarter, self.report.due_override_on)

    @property
    def submission(self) -> Submission | None:
        """The last submission."""
        return self.submissions[-1] if self.submissions else None

    @property
    def latest_at(self) -> datetime | None:
        """When the last step happened."""
        moments = [step.happened_at for step in self.submissions]
        moments += [step.happened_at for step in self.publications]
        moments += [step.happened_at for step in self.reopenings]
        return max(moments, default=None)

    @property
    def publication(self) -> Publication | None:
        """What the public sees."""
        return self.publications[-1] if self.publications else None

    @property
    def published_submission(self) -> Submission | None:
        wanted = self.publication.submission_id if self.publication else None
        return next((one for one in self.submissions if one.id == wanted), None)


async def find_report(session: AsyncSession, report_id: UUID, *, for_update: bool = False) -> Report:
    """A report by its id, its row held on request; 404 where there is none."""
    statement = select(Report).where(Report.id == report_id)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    report = (await session.exec(statement)).one_or_none()
    if report is None:
        raise NoSuchReport("There is no report of this id; find it in the list of reports, by year and quarter.")
    return report


async def load_story(session: AsyncSession, report: Report) -> Story:
    """A report's submissions, publications and reopenings, in order."""
    programme = await session.get(Programme, report.programme_id)
    assert programme is not None
    organisation = await session.get(Organisation, programme.organisation_id)
    submissions = select(Submission).where(Submission.report_id == report.id).order_by(col(Submission.number))
    publications = select(Publication).where(Publication.report_id == report.id).order_by(col(Publication.number))
    reopenings = select(Reopening).where(Reopening.report_id == report.id).order_by(col(Reopening.recorded_at))
    return Story(
        report,
        programme,
        organisation.name if organisation else programme.organisation_name,
        tuple((await session.exec(submissions)).all()),
        tuple((await session.exec(publications)).all()),
        tuple((await session.exec(reopenings)).all()),
    )


async def build_figures(session: AsyncSession, story: Story, base_url: str) -> dict[str, Any]:
    """All that the report says at this moment, as JSON; a submission freezes it (D-41 to D-43).

    Spend comes only from what grants stated for the quarter, the year's spend from its latest outturn.
    """
    quarter, programme = story.quarter, story.programme
    standings = await load_standings(session, programme, quarter)
    rated = quarter.number == 4 or any(row.rated.colour for row in standings.rows)
    spend = await session.get(SpendStatement, (programme.agreement_id, quarter.slug))
    amounts = await _budget_of(session, programme.agreement_id, quarter.end)
    outturn = await session.get(Outturn, programme.agreement_id) if quarter.number == 4 else None
    variations = select(AgreedVariation).where(AgreedVariation.agreement_id == programme.agreement_id)
    summary = summary_out(standings, "explained")
    return {
        "organisation": story.organisation_name,
        "year": programme.year,
        "quarter": quarter.slug,
        "label": quarter.label,
        "report_type": report_type(quarter),
        "due_on": story.due.on.isoformat(),
        "due_agreed_by": story.report.due_agreed_by,
        "sections": sections_out(quarter, story.report.texts),
        "filled_by_figures": sorted(_filled(standings, quarter, spend, outturn)),
        "summary": summary.model_dump(mode="json") if rated else None,
        "summary_as_printed": summary_out(standings, "printed").model_dump(mode="json") if rated else None,
        "missing": list(summary.agreed.missing_refs) if rated else [],
        "overrides_unexplained": list(summary.rows.overrides_unexplained_refs),
        "evidence_empty": green_without_evidence(standings),
        "carried_forward": _carried_forward(standings),
        "deliverables": [
            deliverable_out(item, standings, base_url).model_dump(mode="json", exclude={"href"})
            for item in standings.items
            if item.deliverable.row_kind != "lead_in"
        ],
        "themes": [{"code": theme.code, "title": theme.title} for theme in standings.book.themes],
        "spend": _spend(spend, amounts) if quarter.number > 1 else None,
        "outturn": _outturn(outturn),
        "variations": [
            row.model_dump(mode="json", exclude={"agreement_id"})
            for row in (await session.exec(variations.order_by(col(AgreedVariation.effective_from)))).all()
        ],
    }


def sections_out(quarter: Quarter, texts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The quarter's sections in order, with their texts or why they are empty."""
    return [
        {
            "key": section.key,
            "title": section.title,
            "text": texts.get(section.key, {}).get("text"),
            "empty_reason": texts.get(section.key, {}).get("empty_reason"),
        }
        for section in sections_of(quarter)
    ]


def texts_of(report: Report) -> dict[str, tuple[str | None, str | None]]:
    return {key: (value.get("text"), value.get("empty_reason")) for key, value in report.texts.items()}


def timeliness(days_late: int) -> str:
    return "on time" if days_late == 0 else f"{days_late} day{'s' if days_late > 1 else ''} late"


def is_stated(happened_at: datetime, recorded_at: datetime) -> bool:
    """Whether the time was stated by a person instead of being the moment of recording."""
    return happened_at != recorded_at


def _filled(standings: Standings, quarter: Quarter, spend: SpendStatement | None, outturn: Outturn | None) -> set[str]:
    """Sections that hold figures and so need no text: results of the quarter, stated spend, an outturn."""
    reported = any(
        observation.period == quarter.slug
        for item in standings.items
        for part in item.parts
        for observation in part.observations
    )
    filled = {"support", "outcomes"} if reported else set()
    if spend is not None and quarter.number > 1:
        filled.add("spend")
    if outturn is not None:
        filled.add("full_year_spend")
    return filled


def _carried_forward(standings: Standings) -> list[str]:
    """Parts due after the year, whose progress goes into the next one (D-10)."""
    return [
        f"{item.deliverable.ref}/{part.part.part}"
        for item in standings.items
        if not item.deliverable.refers_to
        for part in item.parts
        if part.part.due > standings.period.year.end
    ]


async def _budget_of(session: AsyncSession, agreement_id: UUID, day: date) -> dict[str, int]:
    """Amounts by line of the budget in effect on a day (G-16); of the latest where its days were never told."""
    versions = select(BudgetVersion).where(
        BudgetVersion.agreement_id == agreement_id, BudgetVersion.effective_from <= day
    )
    latest = (col(BudgetVersion.effective_from).desc(), col(BudgetVersion.version).desc())
    version = (await session.exec(versions.order_by(*latest).limit(1))).first()
    if version is not None:
        return version.amounts
    lines = await session.exec(select(BudgetLine).where(BudgetLine.agreement_id == agreement_id))
    return {line.code: line.amount_pence for line in lines.all()}


def _spend(statement: SpendStatement | None, budget: Mapping[str, int]) -> dict[str, Any] | None:
    if statement is None:
        return None
    return {
        "lines": [{**line, "budget_pence": budget.get(line["code"])} for line in statement.lines],
        "quarter_pence": sum(line["quarter_pence"] for line in statement.lines),
        "year_to_date_pence": sum(line["year_to_date_pence"] for line in statement.lines),
        "gross_used": statement.gross_used,
        "stated_at": statement.happened_at.isoformat(),
        "version": statement.version,
    }


def _outturn(outturn: Outturn | None) -> dict[str, Any] | None:
    return None if outturn is None else outturn.model_dump(mode="json", exclude={"agreement_id"})

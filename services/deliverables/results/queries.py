"""Reads around results: which quarters are locked, and what became of a file."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.deliverables.programme.tables import Deliverable, Programme, TargetPart
from services.deliverables.reports.tables import Report, Submission
from services.deliverables.results.tables import ResultsImport
from shared.errors import NotFound
from shared.periods import london_date


async def locked_quarters(session: AsyncSession, programme: Programme) -> dict[str, str]:
    """Quarters whose report is submitted or published, each with why and since when (D-44)."""
    statement = (
        select(Report, Submission)
        .join(Submission, col(Submission.report_id) == Report.id)
        .where(Report.programme_id == programme.id, col(Report.state).in_(["submitted", "published"]))
        .order_by(col(Submission.number))
    )
    return {
        report.quarter: f"its report was {report.state}, submitted on {london_date(submission.happened_at).isoformat()}"
        for report, submission in (await session.exec(statement)).all()
    }


async def part_numbers(session: AsyncSession, deliverable: Deliverable) -> dict[UUID, int]:
    """The numbers of a deliverable's target parts by their ids, superseded ones included."""
    statement = select(TargetPart).where(TargetPart.deliverable_id == deliverable.id)
    return {part.id: part.part for part in (await session.exec(statement)).all()}


async def find_import(session: AsyncSession, programme: Programme, import_id: UUID) -> ResultsImport:
    """A file that was taken in; 404 where the programme has none of this id."""
    record = await session.get(ResultsImport, import_id)
    if record is None or record.programme_id != programme.id:
        raise NotFound("There is no import of this id in this programme.")
    return record

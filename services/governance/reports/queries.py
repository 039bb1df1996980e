"""Reads of open reports."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.agendas.queries import find_item
from services.governance.agendas.tables import AgendaItem
from services.governance.reports.tables import Report
from shared.errors import NotFound


async def find_report(session: AsyncSession, report_id: UUID, *, lock: bool = False) -> tuple[Report, AgendaItem]:
    """An open report and its item. A closed report is unknown here, as any other id (B-17)."""
    statement = select(Report).where(Report.id == report_id)
    report = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if report is None:
        raise NotFound("No report has this id.")
    return report, await find_item(session, report.agenda_item_id)

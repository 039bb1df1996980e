"""Reads of agendas and open papers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.agendas.tables import AgendaItem, AgendaVersion, Restriction
from services.governance.reports.tables import Report
from shared.errors import NotFound


@dataclass(frozen=True)
class Agenda:
    """The agenda as it stands: items in order, open reports and restrictions by item."""

    items: Sequence[AgendaItem]
    reports: dict[UUID, list[Report]]
    restrictions: dict[UUID, Restriction]

    @property
    def open_reports(self) -> list[Report]:
        return [report for item in self.items for report in self.reports.get(item.id, [])]


async def agenda_of(session: AsyncSession, meeting_id: UUID) -> Agenda:
    """The agenda as it stands, withdrawn reports left out."""
    items = (
        await session.exec(
            select(AgendaItem).where(AgendaItem.meeting_id == meeting_id).order_by(col(AgendaItem.position))
        )
    ).all()
    ids = [item.id for item in items]
    reports: dict[UUID, list[Report]] = defaultdict(list)
    restrictions: dict[UUID, Restriction] = {}
    if ids:
        for report in (
            await session.exec(
                select(Report)
                .where(col(Report.agenda_item_id).in_(ids), Report.state != "withdrawn")
                .order_by(col(Report.position))
            )
        ).all():
            reports[report.agenda_item_id].append(report)
        found = await session.exec(select(Restriction).where(col(Restriction.agenda_item_id).in_(ids)))
        restrictions = {r.agenda_item_id: r for r in found.all()}
    return Agenda(items, dict(reports), restrictions)


async def latest_version(session: AsyncSession, meeting_id: UUID) -> AgendaVersion | None:
    return (
        await session.exec(
            select(AgendaVersion)
            .where(AgendaVersion.meeting_id == meeting_id)
            .order_by(col(AgendaVersion.number).desc())
            .limit(1)
        )
    ).one_or_none()


async def versions_of(session: AsyncSession, meeting_id: UUID) -> Sequence[AgendaVersion]:
    return (
        await session.exec(
            select(AgendaVersion).where(AgendaVersion.meeting_id == meeting_id).order_by(col(AgendaVersion.number))
        )
    ).all()


async def find_item(session: AsyncSession, item_id: UUID) -> AgendaItem:
    item = (await session.exec(select(AgendaItem).where(AgendaItem.id == item_id))).one_or_none()
    if item is None:
        raise NotFound("No agenda item has this id.")
    return item

"""What the deliverables service tells about quarterly reports: one function per fact, and REACTIONS."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.grants.tables import ReportedQuarter
from shared.events.base import Event
from shared.events.deliverables import (
    PerformanceReportPublished,
    PerformanceReportReopened,
    PerformanceReportSubmitted,
)
from shared.inbox import Reacting, Reaction


async def quarter_reported(event: PerformanceReportSubmitted, reacting: Reacting) -> None:
    """A submitted quarter keeps its budget (G-16)."""
    await _note(reacting, event, state="submitted", submitted_at=event.submitted_at)


async def report_reopened(event: PerformanceReportReopened, reacting: Reacting) -> None:
    """A reopened report counts as not submitted until it is submitted again."""
    await _note(reacting, event, state="reopened", submitted_at=None, published_at=None, url=None)


async def report_published(event: PerformanceReportPublished, reacting: Reacting) -> None:
    """What closing the year waits for, as far as the fourth quarter goes (G-38)."""
    await _note(
        reacting,
        event,
        state="published",
        submitted_at=event.submitted_at,
        published_at=event.published_at,
        url=event.url,
    )


async def _note(
    reacting: Reacting,
    event: PerformanceReportSubmitted | PerformanceReportReopened | PerformanceReportPublished,
    **columns: object,
) -> None:
    """Keep the newest version of a report; an older one that arrives late changes nothing (G-43)."""
    values = {"version": event.version, "agreement_id": event.agreement_id, "quarter": event.quarter, **columns}
    statement = insert(ReportedQuarter).values(report_id=event.report_id, **values)
    await reacting.session.exec(
        statement.on_conflict_do_update(
            index_elements=["report_id"],
            set_=values,
            where=col(ReportedQuarter.version) < statement.excluded.version,
        )
    )


REACTIONS: Mapping[type[Event], Reaction] = {
    PerformanceReportSubmitted: quarter_reported,
    PerformanceReportReopened: report_reopened,
    PerformanceReportPublished: report_published,
}

"""The closed surface: authenticated, separate, and the only routes that read or write Part 2 (B-15 to B-17)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select

from services.governance.agendas.tables import AgendaItem
from services.governance.closed import commands
from services.governance.closed.tables import ClosedItem, ClosedMinuteItem, ClosedReport
from services.governance.meetings.queries import find_meeting
from services.governance.shapes import LongText, Text
from shared.errors import NotFound
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["closed"])

ClosedReader = Annotated[Work, Reads("governance:closed", "governance:clerk", "governance:chair")]


class ClosedItemIn(Body):
    title: Text
    text: LongText | None = None


class ClosedReportIn(Body):
    title: Text
    summary: LongText | None = None
    body: LongText | None = None
    recommendations: list[LongText] = Field(default_factory=list, max_length=100)


class ClosedMinutesIn(Body):
    text: LongText
    decisions: list[LongText] = Field(default_factory=list, max_length=100)
    actions: list[LongText] = Field(default_factory=list, max_length=100)


class ClosedDeclarationIn(Body):
    nature: LongText


class Kept(Shape):
    """Ids only: answers are kept for replay, and nothing closed may lie there."""

    id: UUID


class ClosedReportOut(Shape):
    id: UUID
    agenda_item_id: UUID
    title: str
    summary: str | None
    body: str | None
    recommendations: list[str]


class ClosedItemOut(Shape):
    agenda_item_id: UUID
    number: str | None
    public_title: str
    title: str | None
    text: str | None
    reports: list[ClosedReportOut]
    minutes: dict[str, Any] | None


class ClosedAgenda(Shape):
    meeting_id: UUID
    items: list[ClosedItemOut]


@router.post("/v1/closed/agenda-items/{item}", status_code=201)
async def keep_closed_item(item: UUID, body: ClosedItemIn, work: Annotated[Work, Writes("governance:clerk")]) -> Kept:
    """Keep the closed title and text of a Part 2 item."""
    return Kept.model_validate(await commands.keep_closed_item(work, item, body.title, body.text))


@router.post("/v1/closed/agenda-items/{item}/reports", status_code=201)
async def add_closed_report(
    item: UUID, body: ClosedReportIn, work: Annotated[Work, Writes("governance:clerk")]
) -> Kept:
    """Add a closed paper."""
    return Kept.model_validate(await commands.add_closed_report(work, item, body.model_dump()))


@router.post("/v1/closed/agenda-items/{item}/minutes", status_code=201)
async def keep_closed_minutes(
    item: UUID, body: ClosedMinutesIn, work: Annotated[Work, Writes("governance:clerk")]
) -> Kept:
    """Keep what was minuted of a Part 2 item."""
    row = await commands.keep_closed_minutes(work, item, body.text, body.decisions, body.actions)
    return Kept.model_validate(row)


@router.post("/v1/closed/declarations/{declaration}", status_code=201)
async def keep_closed_declaration(
    declaration: UUID, body: ClosedDeclarationIn, work: Annotated[Work, Writes("governance:clerk")]
) -> Kept:
    """Keep the nature of a sensitive interest (B-30)."""
    return Kept.model_validate(await commands.keep_closed_declaration(work, declaration, body.nature))


@router.get("/v1/closed/meetings/{meeting}/agenda")
async def read_closed_agenda(meeting: UUID, work: ClosedReader) -> ClosedAgenda:
    """Part 2 of a meeting's agenda with its papers and minutes."""
    await find_meeting(work.session, meeting)
    rows = (
        await work.session.exec(
            select(AgendaItem, ClosedItem, ClosedMinuteItem)
            .join(ClosedItem, col(ClosedItem.agenda_item_id) == AgendaItem.id, isouter=True)
            .join(ClosedMinuteItem, col(ClosedMinuteItem.agenda_item_id) == AgendaItem.id, isouter=True)
            .where(AgendaItem.meeting_id == meeting, AgendaItem.part == 2)
            .order_by(col(AgendaItem.position))
        )
    ).all()
    items = []
    for item, closed, minuted in rows:
        reports = await commands.closed_reports(work, item.id)
        items.append(
            ClosedItemOut(
                agenda_item_id=item.id,
                number=item.number,
                public_title=item.public_title,
                title=closed.closed_title if closed else None,
                text=closed.text if closed else None,
                reports=[ClosedReportOut.model_validate(report) for report in reports],
                minutes={"text": minuted.text, "decisions": minuted.decisions, "actions": minuted.actions}
                if minuted
                else None,
            )
        )
    return ClosedAgenda(meeting_id=meeting, items=items)


@router.get("/v1/closed/reports/{report}")
async def read_closed_report(report: UUID, work: ClosedReader) -> ClosedReportOut:
    """One closed paper."""
    found = (await work.session.exec(select(ClosedReport).where(ClosedReport.id == report))).one_or_none()
    if found is None:
        raise NotFound("No report has this id.")
    return ClosedReportOut.model_validate(found)

"""What can be done in the closed store. Audit entries and answers hold ids and hashes, no text (B-15, B-16)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.governance.agendas.queries import find_item
from services.governance.agendas.tables import AgendaItem
from services.governance.closed.tables import (
    ClosedAgendaSnapshot,
    ClosedDeclaration,
    ClosedItem,
    ClosedMinuteItem,
    ClosedReport,
)
from services.governance.declarations.tables import Declaration
from services.governance.meetings.queries import find_meeting
from shared.errors import Conflict, NotFound
from shared.events.base import canonical_json
from shared.work import Work


class NotAClosedItem(Conflict):
    code = "not_a_closed_item"
    title = "The item is open"


class NotSensitive(Conflict):
    code = "not_sensitive"
    title = "The declaration is open"


async def keep_closed_item(work: Work, item_id: UUID, closed_title: str, text: str | None) -> ClosedItem:
    """Keep the closed face of a Part 2 item."""
    item = await _closed_item(work, item_id)
    row = (await work.session.exec(select(ClosedItem).where(ClosedItem.agenda_item_id == item.id))).one_or_none()
    if row is None:
        row = ClosedItem(
            id=work.new_id(),
            agenda_item_id=item.id,
            closed_title=closed_title,
            text=text,
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
    else:
        row.closed_title, row.text = closed_title, text
        row.touch(work.now)
    work.session.add(row)
    work.audit("keep_closed_item", item.id, after={"sha256": _hash([closed_title, text])})
    return row


async def add_closed_report(work: Work, item_id: UUID, fields: Mapping[str, Any]) -> ClosedReport:
    """Add a closed paper under a Part 2 item."""
    item = await _closed_item(work, item_id)
    report = ClosedReport(
        id=work.new_id(),
        agenda_item_id=item.id,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **fields,
    )
    work.session.add(report)
    work.audit("add_closed_report", item.id, after={"report": report.id, "sha256": _hash(dict(fields))})
    return report


async def keep_closed_minutes(
    work: Work, item_id: UUID, text: str, decisions: Sequence[str], actions: Sequence[str]
) -> ClosedMinuteItem:
    """Keep what was minuted of a Part 2 item. Its decisions and actions make no event (domain section 6)."""
    item = await _closed_item(work, item_id)
    row = (
        await work.session.exec(select(ClosedMinuteItem).where(ClosedMinuteItem.agenda_item_id == item.id))
    ).one_or_none()
    if row is None:
        row = ClosedMinuteItem(
            id=work.new_id(),
            agenda_item_id=item.id,
            text=text,
            decisions=list(decisions),
            actions=list(actions),
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
    else:
        row.text, row.decisions, row.actions = text, list(decisions), list(actions)
        row.touch(work.now)
    work.session.add(row)
    work.audit("keep_closed_minutes", item.id, after={"sha256": _hash([text, *decisions, *actions])})
    return row


async def take_over_nature(work: Work, declaration_id: UUID, nature: str) -> None:
    """Keep what was entered in the open before the interest was known to be sensitive (B-30)."""
    await keep_closed_declaration(work, declaration_id, nature)


async def keep_closed_declaration(work: Work, declaration_id: UUID, nature: str) -> ClosedDeclaration:
    """Keep the nature of a sensitive interest (B-30)."""
    declaration = (
        await work.session.exec(select(Declaration).where(Declaration.id == declaration_id).with_for_update())
    ).one_or_none()
    if declaration is None:
        raise NotFound("No declaration has this id.")
    if not declaration.sensitive:
        raise NotSensitive("Enter its nature in the open.")
    _, board = await find_meeting(work.session, declaration.meeting_id)
    work.may_write_for(board.organisation_slug)
    row = (
        await work.session.exec(select(ClosedDeclaration).where(ClosedDeclaration.declaration_id == declaration_id))
    ).one_or_none()
    if row is None:
        row = ClosedDeclaration(
            id=work.new_id(),
            declaration_id=declaration_id,
            nature=nature,
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
    else:
        row.nature = nature
        row.touch(work.now)
    work.session.add(row)
    work.audit("keep_closed_declaration", declaration_id, after={"sha256": _hash(nature)})
    return row


async def keep_closed_snapshot(work: Work, meeting_id: UUID, number: int) -> None:
    """Keep the closed half of an agenda version beside the public one; nothing of it is returned (B-32)."""
    items = (
        await work.session.exec(
            select(AgendaItem)
            .where(AgendaItem.meeting_id == meeting_id, AgendaItem.part == 2)
            .order_by(col(AgendaItem.position))
        )
    ).all()
    faces = []
    for item in items:
        closed = (await work.session.exec(select(ClosedItem).where(ClosedItem.agenda_item_id == item.id))).one_or_none()
        reports = await closed_reports(work, item.id)
        faces.append(
            {
                "item": str(item.id),
                "title": closed.closed_title if closed else None,
                "text": closed.text if closed else None,
                "reports": [{"id": str(r.id), "title": r.title} for r in reports],
            }
        )
    work.session.add(
        ClosedAgendaSnapshot(
            id=work.new_id(),
            meeting_id=meeting_id,
            number=number,
            snapshot={"items": faces},
            sha256=_hash(faces),
            recorded_at=work.now,
        )
    )


async def closed_reports(work: Work, item_id: UUID) -> Sequence[ClosedReport]:
    return (
        await work.session.exec(
            select(ClosedReport)
            .where(ClosedReport.agenda_item_id == item_id)
            .order_by(col(ClosedReport.created_at), col(ClosedReport.id))
        )
    ).all()


async def _closed_item(work: Work, item_id: UUID) -> AgendaItem:
    item = await find_item(work.session, item_id)
    _, board = await find_meeting(work.session, item.meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if item.part != 2:
        raise NotAClosedItem("Enter it in the open.")
    return item


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()

"""Published papers as documents, built from open fields alone (B-19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.governance.agendas.documents import item_face, meeting_face, report_face
from services.governance.agendas.tables import AgendaItem, Restriction
from services.governance.boards.tables import Board
from services.governance.meetings.tables import Meeting
from services.governance.reports.tables import Report


def pack_document(
    meeting: Meeting,
    board: Board,
    scope: str,
    supplement_no: int | None,
    items: Sequence[AgendaItem],
    reports: Mapping[UUID, Sequence[Report]],
    restrictions: Mapping[UUID, Restriction],
) -> dict[str, Any]:
    """The public papers: every open report in full, a placeholder for each closed item (B-19, B-34)."""
    shown = []
    for item in items:
        own = reports.get(item.id, ()) if item.part == 1 else ()
        face = item_face(item, own, restrictions.get(item.id))
        if item.part == 1:
            face["reports"] = [report_face(report) for report in own]
        shown.append(face)
    return {
        "scope": scope,
        "supplement_no": supplement_no,
        "meeting": meeting_face(meeting, board),
        "items": shown,
    }


def page_map(items: Sequence[AgendaItem]) -> list[dict[str, Any]]:
    return [
        {"item": str(item.id), "from": item.page_from, "to": item.page_to}
        for item in items
        if item.page_from is not None
    ]

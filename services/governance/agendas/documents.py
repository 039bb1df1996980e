"""The public faces of agendas and papers, built from open fields alone (B-14, B-19)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.governance.agendas.tables import AgendaItem, Restriction
from services.governance.boards.tables import Board
from services.governance.meetings.queries import local
from services.governance.meetings.tables import Meeting
from services.governance.reports.tables import Report
from shared.events.base import canonical_json

REPORT_FIELDS = (
    "title",
    "purpose_text",
    "purpose_categories",
    "summary",
    "recommendations",
    "action",
    "contact_officers",
    "lead_member",
    "background",
    "financial_implications",
    "wales_implications",
    "next_steps",
    "other_sections",
    "section_order",
    "appendices",
    "background_papers",
    "programme_relevant",
    "not_relevant_reason",
    "workstreams",
)


def meeting_face(meeting: Meeting, board: Board) -> dict[str, Any]:
    """What every document says of its meeting. Board and title as they are at the time."""
    return {
        "id": str(meeting.id),
        "board": board.slug,
        "board_name": board.name,
        "title": meeting.title,
        "start": local(meeting.start, meeting.zone).isoformat(),
        "end": local(meeting.end, meeting.zone).isoformat() if meeting.end else None,
        "venue_text": meeting.venue_text,
        "mode": meeting.mode,
    }


def item_face(item: AgendaItem, reports: Sequence[Report], restriction: Restriction | None) -> dict[str, Any]:
    """An item as the public sees it. A Part 2 item shows its public face and nothing else (B-14)."""
    face: dict[str, Any] = {
        "id": str(item.id),
        "order": item.position,
        "number": item.number,
        "title": item.public_title,
        "note": item.public_note,
        "part": item.part,
        "public": item.part == 1,
        "pages": {"from": item.page_from, "to": item.page_to} if item.page_from is not None else None,
    }
    if item.part == 2:
        face["restriction"] = restriction_face(restriction)
        return face
    return face | {
        "kind": item.kind,
        "start": item.start.isoformat() if item.start else None,
        "end": item.end.isoformat() if item.end else None,
        "programme_relevant": item.programme_relevant,
        "not_relevant_reason": item.not_relevant_reason,
        "urgency_reason": item.urgency_reason,
        "supplement_no": item.supplement_no,
        "recording_allowed": item.recording_allowed,
        "reports": [{"id": str(r.id), "order": r.position, "title": r.title} for r in reports],
    }


def restriction_face(restriction: Restriction | None) -> dict[str, Any]:
    return {
        "kind": restriction.kind if restriction else "confidential",
        "code": restriction.code if restriction else None,
        "regime": restriction.regime if restriction else None,
        "reason": restriction.reason if restriction else None,
    }


def report_face(report: Report) -> dict[str, Any]:
    """An open report in full."""
    return {"id": str(report.id), "order": report.position} | {name: getattr(report, name) for name in REPORT_FIELDS}


def agenda_document(
    meeting: Meeting,
    board: Board,
    items: Sequence[AgendaItem],
    reports: Mapping[UUID, Sequence[Report]],
    restrictions: Mapping[UUID, Restriction],
) -> dict[str, Any]:
    """The public snapshot of an agenda."""
    return {
        "meeting": meeting_face(meeting, board),
        "items": [item_face(item, reports.get(item.id, ()), restrictions.get(item.id)) for item in items],
    }


def withheld_list(items: Sequence[AgendaItem], restrictions: Mapping[UUID, Restriction]) -> list[dict[str, Any]]:
    """Part 2 items are outside the count, and listed with code and reason (B-7)."""
    return [
        {"number": item.number, "title": item.public_title} | restriction_face(restrictions.get(item.id))
        for item in items
        if item.part == 2
    ]


def fingerprint(document: Any) -> str:
    return hashlib.sha256(canonical_json(document)).hexdigest()

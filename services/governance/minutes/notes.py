"""Taking in a note: its rows, its public content and its findings; settling its names later (B-43, B-44)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.governance.actions.commands import keep_registers
from services.governance.agendas.tables import AgendaItem
from services.governance.boards.tables import Board
from services.governance.declarations.commands import keep_declaration
from services.governance.declarations.rules import check_declaration
from services.governance.declarations.tables import Declaration
from services.governance.findings.noting import note_finding
from services.governance.meetings.queries import local_day, next_meeting
from services.governance.meetings.stamps import raise_stamps
from services.governance.meetings.tables import Meeting
from services.governance.minutes.rules import (
    check_minute_item,
    check_numbers,
    is_decision_without_heading,
    number_gaps,
)
from services.governance.minutes.tables import MinuteItem, Minutes, NoteAttendance
from services.governance.people.queries import known_people
from services.governance.people.rules import KnownPerson, match_name
from shared.errors import Invalid
from shared.texts import folded
from shared.work import Work


async def settle_note_name(work: Work, printed: str, person_id: UUID) -> None:
    """A person confirmed whom a printed name means: notes and declarations that wait for it follow (B-43)."""
    for row in (
        await work.session.exec(
            select(NoteAttendance).where(
                col(NoteAttendance.person_id).is_(None),
                NoteAttendance.part != "officer",
            )
        )
    ).all():
        if folded(row.name_printed) == folded(printed):
            row.person_id = person_id
            work.session.add(row)
    for declaration in (await work.session.exec(select(Declaration).where(col(Declaration.person_id).is_(None)))).all():
        if folded(declaration.person_printed) == folded(printed):
            declaration.person_id = person_id
            declaration.touch(work.now)
            work.session.add(declaration)
    await work.session.flush()


async def fill_minutes(work: Work, meeting: Meeting, board: Board, minutes: Minutes, note: Mapping[str, Any]) -> None:
    """Write a note's rows, its public content and its findings."""
    batch = note.get("source") or f"note of {local_day(meeting).isoformat()}"
    known = await known_people(work.session)
    minutes.content = {
        "attendance": note["attendance"],
        "declarations": [
            {
                name: d[name]
                for name in ("person", "items", "type", "nature", "sensitive", "action_taken", "dispensation")
            }
            for d in note["declarations"]
        ],
        "items": [],
        "amendments": [],
    }
    work.session.add(minutes)
    await work.session.flush()
    await _attendance(work, meeting, board, batch, note["attendance"], known)
    for declared in note["declarations"]:
        await keep_declaration(work, meeting, declared, known, minutes.id)
        if declared["action_taken"] == "not_recorded":
            await _note(work, meeting, board, batch, "declaration_action_missing", "declarations", declared["person"])
    following = await next_meeting(work.session, board.id, meeting.start)
    agenda = {
        item.number: item
        for item in (await work.session.exec(select(AgendaItem).where(AgendaItem.meeting_id == meeting.id))).all()
        if item.number
    }
    shown = []
    for position, item in enumerate(note["items"]):
        listed = agenda.get(item["number"]) if item["number"] else None
        row = await _minute_item(work, meeting, position, item, listed)
        actions = await keep_registers(work, meeting, board, row, item, following, known)
        shown.append(
            {name: item[name] for name in ("number", "title", "part", "introduced_by", "guests", "points", "text")}
            | {
                "id": str(row.id),
                "order": position,
                "public": row.part == 1,
                "public_summary": row.public_summary,
                "urgency_reason": row.urgency_reason,
                "programme_relevant": row.programme_relevant,
                "decisions": item["decisions"],
                "actions": [a for a in actions if a["kind"] == "action"],
                "commitments": [a for a in actions if a["kind"] == "commitment"],
                "approval": item["approval"],
            }
        )
        if is_decision_without_heading(item["text"], len(item["decisions"]), approval=item["approval"] is not None):
            place = f"item {item['number'] or position}"
            await _note(work, meeting, board, batch, "decision_without_heading", place, item["text"])
    gaps = number_gaps([item["number"] for item in note["items"]])
    if gaps:
        await _note(work, meeting, board, batch, "number_gap", "item numbers", "; ".join(gaps))
    minutes.content = minutes.content | {"items": shown}
    work.session.add(minutes)
    await raise_stamps(work, meeting)


async def _minute_item(
    work: Work, meeting: Meeting, position: int, item: Mapping[str, Any], listed: AgendaItem | None
) -> MinuteItem:
    row = MinuteItem(
        id=work.new_id(),
        meeting_id=meeting.id,
        agenda_item_id=listed.id if listed else None,
        position=position,
        number=item["number"],
        title=item["title"],
        part=item["part"],
        programme_relevant=listed.programme_relevant if listed else True,
        introduced_by=item["introduced_by"],
        guests=item["guests"],
        points=item["points"],
        text=item["text"],
        public_summary=item["public_summary"],
        # The reason for urgency stands in the minutes, as the Act asks (B-11).
        urgency_reason=listed.urgency_reason if listed else None,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def _attendance(
    work: Work, meeting: Meeting, board: Board, batch: str, attendance: Mapping[str, Any], known: Sequence[KnownPerson]
) -> None:
    """Names of the note as printed; what is known is attached, what is near is proposed (B-43)."""
    rows = [("present", p["name"], p["role"], p["authority"]) for p in attendance["present"]]
    rows += [("present", name, None, None) for name in attendance["names_printed"]]
    rows += [("apologies", p["name"], p["role"], p["authority"]) for p in attendance["apologies"]]
    rows += [("in_attendance", p["name"], p["role"], p["authority"]) for p in attendance["in_attendance"]]
    rows += [("officer", name, None, group["body"]) for group in attendance["officers"] for name in group["names"]]
    for position, (part, name, role, authority) in enumerate(rows):
        person_id = await _who(work, meeting, board, batch, part, name, known)
        work.session.add(
            NoteAttendance(
                id=work.new_id(),
                meeting_id=meeting.id,
                position=position,
                part=part,
                name_printed=name,
                role_printed=role,
                authority_printed=authority,
                person_id=person_id,
            )
        )
    await work.session.flush()


async def look_again(work: Work, meeting: Meeting, board: Board) -> None:
    """Match the note's unsettled names once more: persons may have been entered since it came in."""
    known = await known_people(work.session)
    rows = (
        await work.session.exec(
            select(NoteAttendance)
            .where(NoteAttendance.meeting_id == meeting.id, col(NoteAttendance.person_id).is_(None))
            .order_by(col(NoteAttendance.position))
        )
    ).all()
    for row in rows:
        row.person_id = await _who(work, meeting, board, "note looked at again", row.part, row.name_printed, known)
        work.session.add(row)
    await work.session.flush()


async def _who(
    work: Work, meeting: Meeting, board: Board, batch: str, part: str, name: str, known: Sequence[KnownPerson]
) -> UUID | None:
    """The person a printed name means where that is known; else a finding for a person to confirm (B-43)."""
    if part == "officer":
        return None
    match = match_name(name, known)
    if match.person_id is None and match.proposals:
        await note_finding(
            work,
            batch=batch,
            place=f"attendance of {local_day(meeting).isoformat()}",
            kind=match.proposals[0].kind,
            source_value=name,
            same=("name", name),
            board_id=board.id,
            meeting_id=meeting.id,
            proposal={"persons": [{"person_id": str(p.person_id), "name": p.name} for p in match.proposals]},
        )
    elif match.person_id is None and part != "in_attendance":
        await _note(work, meeting, board, batch, "name_unknown", "attendance", name)
    return match.person_id


def check_note(note: Mapping[str, Any]) -> None:
    faults = []
    for index, item in enumerate(note["items"]):
        closed_matter = len(item["decisions"]) + len(item["actions"]) + len(item["commitments"]) + bool(item["text"])
        faults += check_minute_item(item["part"], closed_matter, item["public_summary"], f"/items/{index}")
        for register in ("decisions", "actions", "commitments"):
            faults += check_numbers([entry["n"] for entry in item[register]], f"/items/{index}/{register}")
    for index, declared in enumerate(note["declarations"]):
        faults += check_declaration(declared["sensitive"], declared["nature"], f"/declarations/{index}")
    if faults:
        raise Invalid("The minutes cannot be taken as they stand; see errors.", errors=faults)


async def _note(work: Work, meeting: Meeting, board: Board, batch: str, kind: str, place: str, value: str) -> None:
    await note_finding(
        work,
        batch=batch,
        place=f"note of {local_day(meeting).isoformat()}, {place}",
        kind=kind,
        source_value=value,
        same=(str(meeting.id), place, value),
        board_id=board.id,
        meeting_id=meeting.id,
    )

"""What can be done with attendance: import a register, enter a meeting's list, settle cells, compare with the note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.governance.attendance.queries import entries_of, note_list
from services.governance.attendance.rules import (
    ComparisonFinding,
    Entry,
    MeetingToCome,
    MeetingWasCancelled,
    check_own_group,
    check_substitute,
    compare,
)
from services.governance.attendance.tables import AttendanceEntry
from services.governance.boards.commands import settle_group
from services.governance.boards.queries import group_names
from services.governance.findings.noting import note_finding
from services.governance.meetings.queries import find_meeting, local_day
from services.governance.minutes.notes import look_again
from services.governance.people.queries import find_person, memberships_on, names_by_id
from services.governance.registers.queries import unsettled_cells
from shared.periods import london_date
from shared.work import Work


@dataclass(frozen=True)
class ListedEntry:
    """One person of a meeting's attendance list, as a clerk enters it."""

    person_id: UUID
    capacity: str
    status: str
    mode: str
    acting: bool
    substitutes_for: UUID | None
    group: str | None
    source: str
    source_value: str


async def record_attendance(work: Work, meeting_id: UUID, listed: Sequence[ListedEntry]) -> list[AttendanceEntry]:
    """Enter or correct people of one meeting's list (B-23 to B-26)."""
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if meeting.state == "cancelled":
        raise MeetingWasCancelled("Attendance belongs to a meeting that took place; this one was cancelled.")
    if local_day(meeting) > london_date(work.now) and any(item.status == "present" for item in listed):
        raise MeetingToCome("Presence is entered from the day of the meeting on; apologies may come before.")
    groups = await group_names(work.session)
    sitting = {m.person_id: m for m, _ in await memberships_on(work.session, board.id, local_day(meeting))}
    made: list[AttendanceEntry] = []
    for item in listed:
        await find_person(work.session, item.person_id)
        group_id = sitting[item.person_id].group_id if item.person_id in sitting else None
        if item.group is not None:
            group_id = (await settle_group(work.session, work, item.group)).id
            groups = await group_names(work.session)
        group = groups.get(group_id) if group_id else None
        others = [e for e in await entries_of(work.session, [meeting_id]) if e.person_id != item.person_id]
        if item.substitutes_for is not None:
            member = next((e for e in others if e.person_id == item.substitutes_for), None)
            seat = sitting.get(item.substitutes_for)
            seat_group = member.group if member else (groups.get(seat.group_id) if seat and seat.group_id else None)
            check_own_group(group, seat_group)
        check_substitute(
            Entry(meeting_id, item.person_id, item.capacity, group, item.status, acting=item.acting), others
        )
        made.append(await _keep_entry(work, meeting_id, item, group_id))
        await work.session.flush()
        if item.capacity == "substitute" and (
            item.person_id not in sitting or sitting[item.person_id].capacity != "substitute"
        ):
            await note_finding(
                work,
                batch=item.source,
                place=f"attendance of {local_day(meeting).isoformat()}",
                kind="substitute_not_listed",
                source_value=item.source_value,
                same=(str(meeting_id), str(item.person_id)),
                board_id=board.id,
                meeting_id=meeting_id,
            )
    meeting.touch(work.now)
    work.session.add(meeting)
    work.audit("record_attendance", meeting_id, after={"entries": len(made)})
    return made


async def compare_with_note(work: Work, meeting_id: UUID) -> tuple[tuple[ComparisonFinding, ...], list[str]]:
    """Set the meeting's register against its note; each difference is kept as a finding, once (B-44).

    While a name of either is unsettled the differences are only told: the name may be what explains them. Returns the
    differences, and the names that nobody has settled yet.
    """
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    await work.lock("persons")
    await look_again(work, meeting, board)
    entries = await entries_of(work.session, [meeting_id])
    note, unsettled = await note_list(work.session, meeting_id)
    unsettled += await unsettled_cells(work.session, meeting_id)
    names = await names_by_id(work.session, {e.person_id for e in entries})
    found = compare(entries, names, note) if note.names_printed else ()
    if unsettled:
        return found, unsettled
    for difference in found:
        await note_finding(
            work,
            batch="register against note",
            place=f"meeting of {local_day(meeting).isoformat()}",
            kind=difference.kind,
            source_value=difference.value,
            same=("comparison", str(meeting_id), difference.value),
            board_id=board.id,
            meeting_id=meeting_id,
        )
    return found, unsettled


async def _keep_entry(work: Work, meeting_id: UUID, item: ListedEntry, group_id: UUID | None) -> AttendanceEntry:
    entry = (
        await work.session.exec(
            select(AttendanceEntry).where(
                AttendanceEntry.meeting_id == meeting_id,
                AttendanceEntry.person_id == item.person_id,
                AttendanceEntry.capacity == item.capacity,
            )
        )
    ).one_or_none()
    values: dict[str, Any] = {
        "group_id": group_id,
        "substitutes_for_person": item.substitutes_for,
        "expected": item.status != "unknown",
        "status": item.status,
        "mode": item.mode,
        "acting": item.acting,
        "source": item.source,
        "source_value": item.source_value,
    }
    if entry is None:
        entry = AttendanceEntry(
            id=work.new_id(),
            meeting_id=meeting_id,
            person_id=item.person_id,
            capacity=item.capacity,
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
            **values,
        )
    elif {name: getattr(entry, name) for name in values} != values:
        for name, value in values.items():
            setattr(entry, name, value)
        entry.touch(work.now)
    work.session.add(entry)
    return entry

"""Reads of attendance: a meeting's list, a year's matrix with its rates, a note's list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.attendance.rules import (
    COUNTED_CAPACITIES,
    Entry,
    NoteList,
    Quorum,
    Rates,
    Seats,
    quorum,
    rates,
    seats_filled,
    year_bounds,
)
from services.governance.attendance.tables import AttendanceEntry
from services.governance.boards.queries import Policy, group_names, policy_on
from services.governance.boards.tables import Board
from services.governance.meetings.queries import local_day, meetings_between
from services.governance.meetings.tables import Meeting
from services.governance.minutes.tables import Minutes, NoteAttendance
from services.governance.people.queries import names_by_id


async def entries_of(session: AsyncSession, meeting_ids: Collection[UUID]) -> list[Entry]:
    """Entries of meetings, as counting needs them, in order of entry."""
    if not meeting_ids:
        return []
    groups = await group_names(session)
    rows = (
        await session.exec(
            select(AttendanceEntry)
            .where(col(AttendanceEntry.meeting_id).in_(meeting_ids))
            .order_by(col(AttendanceEntry.created_at), col(AttendanceEntry.id))
        )
    ).all()
    return [
        Entry(
            meeting_id=row.meeting_id,
            person_id=row.person_id,
            capacity=row.capacity,
            group=groups.get(row.group_id) if row.group_id else None,
            status=row.status,
            expected=row.expected,
            acting=row.acting,
            mode=row.mode,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Column:
    """One meeting of a year's matrix."""

    meeting: Meeting
    policy: Policy
    seats: Seats
    quorum: Quorum


@dataclass(frozen=True)
class Matrix:
    """A board's meeting year: meetings, people, marks and rates."""

    columns: tuple[Column, ...]
    entries: tuple[Entry, ...]
    names: dict[UUID, str]
    rates: Rates
    marks: dict[tuple[UUID, str, UUID], str]

    @property
    def people(self) -> list[tuple[UUID, str, str | None]]:
        """Person, capacity and group, by capacity in the order of the register."""
        seen = dict.fromkeys((e.person_id, e.capacity, e.group) for e in self.entries)
        order = {name: n for n, name in enumerate(COUNTED_CAPACITIES)}
        return sorted(seen, key=lambda key: order.get(key[1], len(order)))

    def status(self, person_id: UUID, capacity: str, meeting_id: UUID) -> str:
        return self.marks.get((person_id, capacity, meeting_id), "unknown")

    @property
    def names_public(self) -> bool:
        """Named attendance may be shown where every rule set of the year says so (B-24)."""
        return all(column.policy.named_attendance_public for column in self.columns)

    @property
    def percentages_public(self) -> bool:
        return all(column.policy.publish_percentages for column in self.columns)


async def matrix_of(session: AsyncSession, board: Board, year: str) -> Matrix:
    """The matrix of a meeting year; cancelled and coming meetings are listed and count nothing (B-23)."""
    first, until = year_bounds(year, board.meeting_year_month, board.meeting_year_day)
    meetings = await meetings_between(session, board.id, first, until)
    entries = await entries_of(session, [meeting.id for meeting in meetings])
    columns = []
    for meeting in meetings:
        policy = await policy_on(session, board.id, local_day(meeting))
        own = [e for e in entries if e.meeting_id == meeting.id]
        columns.append(Column(meeting, policy, seats_filled(own), quorum(own, policy.quorum)))
    held = frozenset(meeting.id for meeting in meetings if meeting.state == "held")
    names = await names_by_id(session, {e.person_id for e in entries})
    marks = {(e.person_id, e.capacity, e.meeting_id): e.status for e in entries}
    return Matrix(tuple(columns), tuple(entries), names, rates(entries, held), marks)


async def note_list(session: AsyncSession, meeting_id: UUID) -> tuple[NoteList, list[str]]:
    """A note's attendance as far as its names are settled, and the names that are not."""
    rows: Sequence[NoteAttendance] = (
        await session.exec(
            select(NoteAttendance)
            .where(NoteAttendance.meeting_id == meeting_id)
            .order_by(col(NoteAttendance.position), col(NoteAttendance.id))
        )
    ).all()
    first = (
        await session.exec(select(Minutes).where(Minutes.meeting_id == meeting_id, Minutes.number == 1))
    ).one_or_none()
    attendance = (first.content.get("attendance") or {}) if first else {}
    return (
        NoteList(
            present={r.person_id: r.name_printed for r in rows if r.part == "present" and r.person_id},
            apologies={r.person_id: r.name_printed for r in rows if r.part == "apologies" and r.person_id},
            names_printed=[r.name_printed for r in rows if r.part == "present"],
            column_names=len(attendance.get("names_printed", [])),
            column_authorities=len(attendance.get("authorities_printed", [])),
        ),
        [r.name_printed for r in rows if r.part in ("present", "apologies") and r.person_id is None],
    )

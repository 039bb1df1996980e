"""Routes of attendance: registers in, lists and a year's matrix out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from services.governance.attendance import commands
from services.governance.attendance.queries import Matrix, entries_of, matrix_of
from services.governance.attendance.rules import (
    YEAR_PATTERN,
    Quorum,
    QuorumState,
    Tally,
    check_year,
    quorum,
    seats_filled,
)
from services.governance.boards.queries import find_board
from services.governance.meetings.queries import find_meeting, local_day, policy_for
from services.governance.people.queries import names_by_id
from services.governance.shapes import BoardRef, Day, Flag, Text, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Actor, Work

router = Routes(tags=["attendance"])

Year = Annotated[str, Query(pattern=YEAR_PATTERN, description="Meeting year, `2017-2018`.")]
NAME_READERS = tuple(f"governance:{who}" for who in ("clerk", "chair", "member", "admin"))


class AttendanceIn(Body):
    person_id: UUID
    capacity: Literal["full_member", "substitute", "observer", "lead_peer", "guest", "in_attendance", "officer"]
    status: Literal["present", "apologies", "absent", "unknown"]
    mode: Literal["in_person", "remote"] = "in_person"
    acting: Flag = Field(default=True, description="Fills the seat; false for a substitute beside their member.")
    substitutes_for: UUID | None = Field(default=None, description="The member whose seat a substitute fills.")
    group: Text | None = Field(default=None, description="Left out: the group of the membership.")
    source_value: Text | None = Field(default=None, description="As printed or signed.")


class AttendanceListIn(Body):
    model_config = example(
        source="register in the room",
        entries=[{"person_id": "0197a3c2-0000-7000-8000-000000000001", "capacity": "full_member", "status": "present"}],
    )

    source: Text = Field(description="Such as: register in the room.")
    entries: list[AttendanceIn] = Field(min_length=1, max_length=500)


class TallyOut(Shape):
    present: int
    counted: int
    per_cent: str | None = Field(description="One decimal; null where the board does not publish percentages.")


class QuorumOut(Shape):
    state: QuorumState
    needed: int | None
    present: int | None
    groups_needed: int | None
    groups_present: list[str]


class MeetingColumn(Shape):
    meeting_id: UUID
    start: datetime
    day: Day
    state: str
    counts: bool = Field(description="Only held meetings count (B-23).")
    seats_filled: int
    seats: int
    quorum: QuorumOut


class PersonRow(Shape):
    person_id: UUID
    name: str
    capacity: str
    group: str | None
    statuses: list[str] = Field(description="One a meeting, in the order of `meetings`.")
    rate: TallyOut | None


class GroupRate(Shape):
    group: str
    rate: TallyOut


class CapacityRate(Shape):
    capacity: str
    rate: TallyOut


class AttendanceYear(Shape):
    board: str
    year: str
    meetings: list[MeetingColumn]
    by_capacity: list[CapacityRate]
    members_by_group: list[GroupRate]
    seats_filled: int
    seats: int
    people: list[PersonRow] | None = Field(description="Null to the public where the rules keep names back (B-24).")


class EntryOut(Shape):
    person_id: UUID
    name: str
    capacity: str
    group: str | None
    status: str
    acting: bool
    mode: str


class MeetingAttendance(Shape):
    meeting_id: UUID
    day: Day
    counts_by_capacity: list[CapacityRate]
    seats_filled: int
    seats: int
    quorum: QuorumOut
    entries: list[EntryOut] | None


class Difference(Shape):
    kind: str
    value: str


class Comparison(Shape):
    meeting_id: UUID
    findings: list[Difference]
    unsettled_names: list[str] = Field(
        description="Names of note or register that nobody has confirmed yet; until then the findings are only told."
    )


@router.post("/v1/meetings/{meeting}/attendance")
async def record_attendance(
    meeting: UUID, body: AttendanceListIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MeetingAttendance:
    """Enter or correct people of a meeting's list (B-23 to B-26)."""
    listed = [
        commands.ListedEntry(
            person_id=entry.person_id,
            capacity=entry.capacity,
            status=entry.status,
            mode=entry.mode,
            acting=entry.acting,
            substitutes_for=entry.substitutes_for,
            group=entry.group,
            source=body.source,
            source_value=entry.source_value or entry.status,
        )
        for entry in body.entries
    ]
    await commands.record_attendance(work, meeting, listed)
    return await _meeting_attendance(work, meeting)


@router.get("/v1/meetings/{meeting}/attendance")
async def read_meeting_attendance(meeting: UUID, work: PublicWork) -> MeetingAttendance:
    """A meeting's attendance: counts always, names where the rule set says so (B-24)."""
    return await _meeting_attendance(work, meeting)


@router.post("/v1/meetings/{meeting}/attendance/comparisons")
async def compare_with_note(meeting: UUID, work: Annotated[Work, Writes("governance:clerk")]) -> Comparison:
    """Set the register against the note; once every name is settled each difference becomes a finding (B-44)."""
    found, unsettled = await commands.compare_with_note(work, meeting)
    return Comparison(
        meeting_id=meeting, findings=[Difference.model_validate(d) for d in found], unsettled_names=unsettled
    )


@router.get("/v1/boards/{board}/attendance", response_model=AttendanceYear)
@router.get("/v1/boards/{board}/attendance.csv", response_model=AttendanceYear, name="read_attendance_year_csv")
async def read_attendance_year(
    board: BoardRef, year: Year, work: PublicWork, request: Request
) -> AttendanceYear | Response:
    """A meeting year's matrix: marks by person, rates by capacity and, for full members, by group (B-23 to B-25)."""
    check_year(year)
    found = await find_board(work.session, board)
    matrix = await matrix_of(work.session, found, year)
    named = matrix.names_public or _may_see_names(work.actor)
    if wants_csv(request):
        return _csv(matrix, found.slug, year, named)
    percentages = matrix.percentages_public
    return AttendanceYear(
        board=found.slug,
        year=year,
        meetings=[
            MeetingColumn(
                meeting_id=c.meeting.id,
                start=c.meeting.start,
                day=local_day(c.meeting),
                state=c.meeting.state,
                counts=c.meeting.state == "held",
                seats_filled=c.seats.filled,
                seats=c.seats.seats,
                quorum=_quorum(c.quorum),
            )
            for c in matrix.columns
        ],
        by_capacity=[
            CapacityRate(capacity=name, rate=_tally(tally, percentages))
            for name, tally in matrix.rates.by_capacity.items()
        ],
        members_by_group=[
            GroupRate(group=name, rate=_tally(tally, percentages))
            for name, tally in matrix.rates.members_by_group.items()
        ],
        seats_filled=sum(c.seats.filled for c in matrix.columns if c.meeting.state == "held"),
        seats=sum(c.seats.seats for c in matrix.columns if c.meeting.state == "held"),
        people=[
            PersonRow(
                person_id=person,
                name=matrix.names[person],
                capacity=capacity,
                group=group,
                statuses=[matrix.status(person, capacity, c.meeting.id) for c in matrix.columns],
                rate=_tally(matrix.rates.by_person[person, capacity], percentages)
                if (person, capacity) in matrix.rates.by_person
                else None,
            )
            for person, capacity, group in matrix.people
        ]
        if named
        else None,
    )


def _csv(matrix: Matrix, slug: str, year: str, named: bool) -> Response:
    days = [local_day(c.meeting).isoformat() for c in matrix.columns]
    rows: list[list[object]] = []
    if named:
        for person, capacity, group in matrix.people:
            tally = matrix.rates.by_person.get((person, capacity))
            marks = [matrix.status(person, capacity, c.meeting.id) for c in matrix.columns]
            rows.append([matrix.names[person], capacity, group, *marks, *_cells(tally, matrix.percentages_public)])
    blanks = [None] * len(days)
    for name, tally in matrix.rates.members_by_group.items():
        rows.append([None, "full_member", name, *blanks, *_cells(tally, matrix.percentages_public)])
    for name, tally in matrix.rates.by_capacity.items():
        rows.append([None, name, None, *blanks, *_cells(tally, matrix.percentages_public)])
    data, _ = csv_bytes(["person", "capacity", "group", *days, "present", "counted", "per_cent"], rows)
    return csv_response(data, f"attendance-{slug}-{year}.csv")


async def _meeting_attendance(work: Work, meeting_id: UUID) -> MeetingAttendance:
    meeting, _ = await find_meeting(work.session, meeting_id)
    policy, _ = await policy_for(work.session, meeting)
    entries = await entries_of(work.session, [meeting_id])
    names = await names_by_id(work.session, {e.person_id for e in entries})
    seats = seats_filled(entries)
    tallies: dict[str, Tally] = {}
    for e in entries:
        if e.expected:
            tallies[e.capacity] = tallies.get(e.capacity, Tally()).plus(e)
    named = policy.named_attendance_public or _may_see_names(work.actor)
    return MeetingAttendance(
        meeting_id=meeting_id,
        day=local_day(meeting),
        counts_by_capacity=[
            CapacityRate(capacity=c, rate=_tally(t, policy.publish_percentages)) for c, t in tallies.items()
        ],
        seats_filled=seats.filled,
        seats=seats.seats,
        quorum=_quorum(quorum(entries, policy.quorum)),
        entries=[
            EntryOut(
                person_id=e.person_id,
                name=names[e.person_id],
                capacity=e.capacity,
                group=e.group,
                status=e.status,
                acting=e.acting,
                mode=e.mode,
            )
            for e in entries
        ]
        if named
        else None,
    )


def _may_see_names(actor: Actor) -> bool:
    return actor.may(*NAME_READERS)


def _tally(tally: Tally, percentages: bool) -> TallyOut:
    return TallyOut(present=tally.present, counted=tally.counted, per_cent=tally.per_cent if percentages else None)


def _cells(tally: Tally | None, percentages: bool) -> list[object]:
    if tally is None:
        return [None, None, None]
    return [tally.present, tally.counted, tally.per_cent if percentages else None]


def _quorum(found: Quorum) -> QuorumOut:
    return QuorumOut(
        state=found.state,
        needed=found.needed,
        present=found.present,
        groups_needed=found.groups_needed,
        groups_present=list(found.groups_present),
    )

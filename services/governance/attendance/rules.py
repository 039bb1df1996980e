"""Attendance: rates by capacity and group, seats filled, quorum, the register against the note (B-22 to B-29)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from services.governance.people.rules import duplicates
from shared.errors import Conflict, Invalid

COUNTED_CAPACITIES = ("full_member", "substitute", "observer", "lead_peer")
RATED_CAPACITIES = ("full_member", "observer", "lead_peer")
"""Capacities that have a rate. Substitutes, guests, those in attendance and officers have none (B-24, B-25)."""

CAPACITIES = (*COUNTED_CAPACITIES, "guest", "in_attendance", "officer")
STATUS_WORDS = {
    "yes": "present",
    "y": "present",
    "present": "present",
    "no": "absent",
    "n": "absent",
    "absent": "absent",
    "apologies": "apologies",
    "": "unknown",
}
"""How register marks are read. A blank is unknown, not absent (B-23)."""

YEAR_PATTERN = r"^(19|20|21)[0-9]{2}-(19|20|21)[0-9]{2}$"
"""How a meeting year is written, `2017-2018`."""

NEAR_DAYS = 7
"""How far a register column's date may lie from the meeting it is proposed for (B-45)."""


class SeatActedTwice(Conflict):
    code = "seat_acted_twice"
    title = "Somebody already acts in that seat"


class SubstituteForAnotherGroup(Conflict):
    code = "substitute_for_another_group"
    title = "A substitute serves their own group only"


class MeetingWasCancelled(Conflict):
    code = "meeting_cancelled"
    title = "Nobody attends a cancelled meeting"


class MeetingToCome(Conflict):
    code = "meeting_to_come"
    title = "Nobody has attended a meeting that is still to come"


@dataclass(frozen=True)
class Entry:
    """One person's part in one meeting, as far as counting needs it."""

    meeting_id: UUID
    person_id: UUID
    capacity: str
    group: str | None
    status: str
    expected: bool = True
    acting: bool = True
    mode: str = "in_person"


@dataclass(frozen=True)
class Tally:
    """Times present of times counted."""

    present: int = 0
    counted: int = 0

    def plus(self, entry: Entry) -> Tally:
        return Tally(self.present + (entry.status == "present"), self.counted + 1)

    @property
    def per_cent(self) -> str | None:
        """One decimal, halves away from zero; None where nothing was counted."""
        if not self.counted:
            return None
        tenths = (self.present * 2000 + self.counted) // (2 * self.counted)
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True)
class Rates:
    by_capacity: Mapping[str, Tally]
    members_by_group: Mapping[str, Tally]
    by_person: Mapping[tuple[UUID, str], Tally]


def counts(entry: Entry) -> bool:
    """Whether an entry is in a denominator: expected, and attendance known (B-23)."""
    return entry.expected and entry.status != "unknown"


def rates(entries: Iterable[Entry], held: frozenset[UUID]) -> Rates:
    """Rates over held meetings, by capacity, and by group for full members (B-23, B-24)."""
    capacity: dict[str, Tally] = defaultdict(Tally)
    group: dict[str, Tally] = defaultdict(Tally)
    person: dict[tuple[UUID, str], Tally] = defaultdict(Tally)
    for entry in entries:
        if entry.meeting_id not in held or entry.capacity not in RATED_CAPACITIES or not counts(entry):
            continue
        capacity[entry.capacity] = capacity[entry.capacity].plus(entry)
        person[entry.person_id, entry.capacity] = person[entry.person_id, entry.capacity].plus(entry)
        if entry.capacity == "full_member":
            name = entry.group or "none"
            group[name] = group[name].plus(entry)
    return Rates(dict(capacity), dict(group), dict(person))


@dataclass(frozen=True)
class Seats:
    """Seats filled by their member or by a substitute of the same group (B-25)."""

    filled: int
    seats: int


def seats_filled(entries: Iterable[Entry]) -> Seats:
    """Seats of one meeting; each counts once. A group never fills more seats than it has (B-25, B-26)."""
    seats: dict[str | None, int] = defaultdict(int)
    filled: dict[str | None, int] = defaultdict(int)
    for entry in entries:
        if entry.capacity == "full_member" and counts(entry):
            seats[entry.group] += 1
        if entry.status == "present" and entry.acting and entry.capacity in ("full_member", "substitute"):
            filled[entry.group] += 1
    return Seats(sum(min(filled[name], seats[name]) for name in seats), sum(seats.values()))


def check_substitute(substitute: Entry, others: Sequence[Entry]) -> None:
    """An acting substitute needs a seat of their own group that nobody else fills (B-25, B-26)."""
    if substitute.capacity != "substitute" or substitute.status != "present" or not substitute.acting:
        return
    own = [e for e in others if e.group == substitute.group and e.person_id != substitute.person_id]
    seats = sum(1 for e in own if e.capacity == "full_member" and e.expected)
    taken = sum(1 for e in own if e.status == "present" and e.acting and e.capacity in ("full_member", "substitute"))
    if seats and taken >= seats:
        raise SeatActedTwice(
            "Every seat of that group is already filled; mark one of the two as not acting.", pointer="/acting"
        )


def check_own_group(substitute_group: str | None, member_group: str | None) -> None:
    """B-26."""
    if substitute_group != member_group:
        raise SubstituteForAnotherGroup(
            f"The substitute is of {substitute_group or 'no group'}, the seat of {member_group or 'no group'}; "
            "name a member of the substitute's own group.",
            pointer="/substitutes_for",
        )


@dataclass(frozen=True)
class QuorumRule:
    """What the rule set in force asks; all None or empty where it says nothing of quorum (B-27)."""

    numerator: int
    denominator: int
    min_groups: int
    voting_capacities: tuple[str, ...] = ("full_member",)
    remote_counts: bool = True


QuorumState = Literal["quorate", "not_quorate", "attendance_unknown", "no_rule_in_force"]


@dataclass(frozen=True)
class Quorum:
    state: QuorumState
    needed: int | None = None
    present: int | None = None
    groups_needed: int | None = None
    groups_present: tuple[str, ...] = field(default=())


def quorum(entries: Sequence[Entry], rule: QuorumRule | None) -> Quorum:
    """Whether a meeting was quorate: a share of the voting members, rounded up, and enough groups (B-27, B-29).

    An acting substitute stands for the seat. The share is of all voting members, known to have come or not; where those
    of unknown attendance would decide, that is the answer. Without a rule in force the answer is just that, not false.
    """
    if rule is None:
        return Quorum("no_rule_in_force")
    voting = [e for e in entries if e.capacity in rule.voting_capacities]
    needed = -(-len(voting) * rule.numerator // rule.denominator)
    here = [
        e
        for e in entries
        if e.status == "present"
        and (rule.remote_counts or e.mode != "remote")
        and (e.capacity in rule.voting_capacities or (e.capacity == "substitute" and e.acting))
    ]
    # Substitutes fill seats, they do not add any: a group's voters never outnumber its seats.
    by_group: dict[str | None, int] = defaultdict(int)
    seats: dict[str | None, int] = defaultdict(int)
    for e in voting:
        seats[e.group] += 1
    for e in here:
        by_group[e.group] += 1
    present = sum(min(number, seats[name]) for name, number in by_group.items())
    groups = tuple(sorted(name for name in by_group if name))
    met = present >= needed and len(groups) >= rule.min_groups and bool(voting)
    state: QuorumState = "quorate" if met else "not_quorate"
    unknown = [e for e in voting if e.status == "unknown"]
    possible_groups = set(groups) | {e.group for e in unknown if e.group}
    if not met and present + len(unknown) >= needed and len(possible_groups) >= rule.min_groups and unknown:
        state = "attendance_unknown"
    return Quorum(state, needed, present, rule.min_groups, groups)


@dataclass(frozen=True)
class ComparisonFinding:
    kind: str
    value: str


@dataclass(frozen=True)
class NoteList:
    """A note's attendance: persons who could be settled, names as printed, and columns printed apart."""

    present: Mapping[UUID, str]
    apologies: Mapping[UUID, str]
    names_printed: Sequence[str]
    column_names: int = 0
    column_authorities: int = 0


def compare(register: Iterable[Entry], names: Mapping[UUID, str], note: NoteList) -> tuple[ComparisonFinding, ...]:
    """Set a meeting's register against its note; every difference is a finding, nothing is repaired (B-44)."""
    entries = [e for e in register if e.capacity in COUNTED_CAPACITIES]
    present = {e.person_id for e in entries if e.status == "present"}
    away = {e.person_id for e in entries if e.status in ("absent", "apologies")}
    found = [ComparisonFinding("register_only", names[p]) for p in _by_name(present - set(note.present), names)]
    found += [ComparisonFinding("note_only", note.present[p]) for p in _by_name(set(note.present) - present, names)]
    found += [ComparisonFinding("duplicate_name", name) for name in duplicates(note.names_printed)]
    if note.column_authorities and note.column_names != note.column_authorities:
        found.append(
            ComparisonFinding(
                "column_length_mismatch", f"{note.column_names} names; {note.column_authorities} authorities"
            )
        )
    found += [
        ComparisonFinding("apologies_not_in_register", note.apologies[p])
        for p in _by_name(set(note.apologies) - away, names)
    ]
    found += [
        ComparisonFinding("absent_without_apologies", names[p]) for p in _by_name(away - set(note.apologies), names)
    ]
    return tuple(found)


def nearest_meeting(column: date, meetings: Mapping[UUID, date]) -> UUID | None:
    """The one meeting within seven days of a column's date; None where there is none or two are as near (B-45)."""
    near = sorted((abs((day - column).days), str(key), key) for key, day in meetings.items())
    near = [entry for entry in near if entry[0] <= NEAR_DAYS]
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][2]


def meeting_year(day: date, month: int, first: int) -> str:
    """The meeting year a day falls in, `2017-2018`, for a year that starts on that month and day."""
    starts = day.year if (day.month, day.day) >= (month, first) else day.year - 1
    return f"{starts}-{starts + 1}"


def check_year(year: str) -> None:
    """Refuse a label whose second year does not follow the first."""
    if int(year[5:]) != int(year[:4]) + 1:
        raise Invalid("A meeting year is written 2017-2018, the second following the first.", parameter="year")


def year_bounds(label: str, month: int, first: int) -> tuple[date, date]:
    """First day of a meeting year and first day of the next."""
    starts = int(label[:4])
    return date(starts, month, first), date(starts + 1, month, first)


def _by_name(ids: Iterable[UUID], names: Mapping[UUID, str]) -> list[UUID]:
    return sorted(ids, key=lambda person: names.get(person, ""))

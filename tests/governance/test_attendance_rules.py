"""Counting attendance: rates, seats, quorum, and the register set against the note, on the real registers."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest

from services.governance.attendance.rules import (
    STATUS_WORDS,
    ComparisonFinding,
    Entry,
    NoteList,
    QuorumRule,
    SeatActedTwice,
    SubstituteForAnotherGroup,
    Tally,
    check_own_group,
    check_substitute,
    compare,
    meeting_year,
    nearest_meeting,
    quorum,
    rates,
    seats_filled,
)
from services.governance.people.rules import part_name
from tests.governance.data import DATA, REGISTER_1718, day

FRAMEWORK = QuorumRule(1, 3, 2)


def name_id(text: str) -> UUID:
    return uuid5(NAMESPACE_URL, part_name(text).name.replace("Connett", "Connet"))


def meeting_id(text: str) -> UUID:
    return uuid5(NAMESPACE_URL, text)


def register() -> list[Entry]:
    rows = csv.DictReader(REGISTER_1718.read_text(encoding="utf-8").splitlines())
    return [
        Entry(
            meeting_id=meeting_id(row["meeting_date"]),
            person_id=name_id(row["person"]),
            capacity=row["capacity"],
            group=row["group"] or None,
            status=STATUS_WORDS[row["status"].casefold()],
            expected=row["status"] != "",
        )
        for row in rows
    ]


HELD = frozenset(meeting_id(text) for text in ("2017-11-01", "2018-01-30", "2018-03-22"))


def test_rates_of_2017_18_come_out_as_counted_by_hand():
    """B-23, B-24, worked example 4."""
    found = rates(register(), HELD)
    assert found.by_capacity["full_member"] == Tally(46, 54)
    assert found.by_capacity["full_member"].per_cent == "85.2"
    assert found.members_by_group == {
        "Conservative": Tally(22, 24),
        "Labour": Tally(16, 21),
        "Liberal Democrat": Tally(5, 6),
        "Independent": Tally(3, 3),
    }
    assert found.by_capacity["observer"] == Tally(5, 6)
    assert found.by_capacity["lead_peer"] == Tally(12, 16)
    assert "substitute" not in found.by_capacity


def test_seats_filled_count_a_seat_once_by_its_member_or_a_substitute():
    """B-25, worked example 5: 17, 18 and 15 of 18."""
    by_meeting = defaultdict(list)
    for entry in register():
        by_meeting[entry.meeting_id].append(entry)
    found = [seats_filled(by_meeting[meeting_id(t)]) for t in ("2017-11-01", "2018-01-30", "2018-03-22")]
    assert [(s.filled, s.seats) for s in found] == [(17, 18), (18, 18), (15, 18)]


def test_a_cancelled_or_coming_meeting_adds_nothing():
    """B-23, worked example 6."""
    other = meeting_id("2018-05-24")
    more = [*register(), Entry(other, name_id("Liz Green"), "full_member", "Liberal Democrat", "absent")]
    assert rates(more, HELD) == rates(register(), HELD)


def test_a_blank_cell_is_unknown_and_not_absent():
    """B-23: one known mark of Pannell counts, the two blanks do not."""
    assert rates(register(), HELD).by_person[name_id("Shirley Pannell"), "lead_peer"] == Tally(1, 1)


def test_percentages_round_halves_up_to_one_decimal():
    """B-24."""
    assert [Tally(1, 8).per_cent, Tally(1, 16).per_cent, Tally(2, 3).per_cent] == ["12.5", "6.3", "66.7"]
    assert Tally().per_cent is None


def test_a_second_acting_entry_for_a_filled_seat_is_refused():
    """B-25."""
    m, member, stand_in = meeting_id("x"), UUID(int=1), UUID(int=2)
    seat = Entry(m, member, "full_member", "Labour", "present")
    substitute = Entry(m, stand_in, "substitute", "Labour", "present")
    with pytest.raises(SeatActedTwice):
        check_substitute(substitute, [seat])
    check_substitute(Entry(m, stand_in, "substitute", "Labour", "present", acting=False), [seat])
    check_substitute(substitute, [Entry(m, member, "full_member", "Labour", "present", acting=False)])
    check_substitute(substitute, [Entry(m, member, "full_member", "Labour", "absent")])


def test_a_substitute_for_another_group_is_refused():
    """B-26."""
    with pytest.raises(SubstituteForAnotherGroup):
        check_own_group("Labour", "Conservative")
    check_own_group("Labour", "Labour")


def test_quorum_is_a_third_of_the_voting_members_rounded_up_and_two_groups():
    """B-27."""
    m = meeting_id("q")
    members = [Entry(m, UUID(int=n), "full_member", "Labour" if n < 4 else "Conservative", "absent") for n in range(7)]

    def present(*who: int) -> list[Entry]:
        return [
            Entry(e.meeting_id, e.person_id, e.capacity, e.group, "present") if n in who else e
            for n, e in enumerate(members)
        ]

    assert quorum(present(0, 1), FRAMEWORK).state == "not_quorate"
    assert quorum(present(0, 1, 2), FRAMEWORK).state == "not_quorate", "three, but one group"
    assert quorum(present(0, 1, 4), FRAMEWORK).state == "quorate"
    assert quorum(present(0, 1, 4), FRAMEWORK).needed == 3


def test_quorum_is_of_all_voting_members_and_unknown_attendance_is_said_to_be_so():
    """B-23, B-27: two present of eighteen with sixteen blank cells are neither quorate nor not."""
    m = meeting_id("q")
    here = [
        Entry(m, UUID(int=n), "full_member", group, "present") for n, group in enumerate(("Labour", "Conservative"))
    ]
    blank = [Entry(m, UUID(int=n), "full_member", "Labour", "unknown", expected=False) for n in range(2, 18)]
    found = quorum([*here, *blank], FRAMEWORK)
    assert (found.state, found.needed, found.present) == ("attendance_unknown", 6, 2)
    absent = [Entry(m, e.person_id, e.capacity, e.group, "absent") for e in blank]
    assert quorum([*here, *absent], FRAMEWORK).state == "not_quorate"
    assert quorum([*here, *absent[:13], *blank[13:]], FRAMEWORK).state == "not_quorate", "five at the most"


def test_observers_do_not_count_to_quorum_and_an_acting_substitute_does():
    """B-27, B-29."""
    m = meeting_id("q")
    entries = [
        Entry(m, UUID(int=1), "full_member", "Labour", "present"),
        Entry(m, UUID(int=2), "full_member", "Conservative", "absent"),
        Entry(m, UUID(int=3), "observer", "Conservative", "present"),
    ]
    assert quorum(entries, FRAMEWORK).state == "not_quorate"
    substitute = Entry(m, UUID(int=4), "substitute", "Conservative", "present", mode="remote")
    assert quorum([*entries, substitute], FRAMEWORK).state == "quorate"
    assert quorum([*entries, substitute], QuorumRule(1, 3, 2, remote_counts=False)).state == "not_quorate"


def test_without_a_rule_in_force_quorum_is_not_false():
    """B-27."""
    assert quorum(register(), None).state == "no_rule_in_force"


def test_register_against_note_of_22_march_2018_gives_exactly_four_findings():
    """B-44, worked example 7."""
    note = json.loads((DATA / "notes_2018-03-22.json").read_text(encoding="utf-8"))["attendance"]
    present = [e["name_printed"] for e in note["office_holders"]["entries"]] + note["members"]["names_printed"]
    apologies = [e["name_printed"] for e in note["apologies"]]
    entries = [e for e in register() if e.meeting_id == meeting_id("2018-03-22")]
    rows = csv.DictReader(REGISTER_1718.read_text(encoding="utf-8").splitlines())
    names = {name_id(row["person"]): row["person"] for row in rows}
    found = compare(
        entries,
        names,
        NoteList(
            present={name_id(n): n for n in present},
            apologies={name_id(n): n for n in apologies},
            names_printed=present,
            column_names=len(note["members"]["names_printed"]),
            column_authorities=len(note["members"]["authorities_printed"]),
        ),
    )
    assert found == (
        ComparisonFinding("register_only", "Liz Green"),
        ComparisonFinding("register_only", "Phelim MacCafferty"),
        ComparisonFinding("duplicate_name", "Cllr Joy Allen"),
        ComparisonFinding("column_length_mismatch", "15 names; 14 authorities"),
    )


def test_a_wrong_column_date_finds_the_one_meeting_within_seven_days():
    """B-45, worked example 8."""
    march = {UUID(int=1): day("2011-03-21"), UUID(int=2): day("2011-01-18")}
    assert nearest_meeting(day("2011-03-22"), march) == UUID(int=1)
    assert nearest_meeting(day("2011-05-17"), march) is None
    two = {UUID(int=1): day("2011-03-21"), UUID(int=2): day("2011-03-23")}
    assert nearest_meeting(day("2011-03-22"), two) is None


def test_a_meeting_year_starts_on_the_boards_own_day():
    """B-23: the year of a board is data."""
    assert meeting_year(day("2017-11-01"), 9, 1) == "2017-2018"
    assert meeting_year(day("2018-08-31"), 9, 1) == "2017-2018"
    assert meeting_year(day("2018-09-01"), 9, 1) == "2018-2019"

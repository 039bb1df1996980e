"""Deadline readings, judging and minutes due: the table of readings and the worked examples on them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.governance.deadlines.calendars import bank_holidays, office_days
from services.governance.deadlines.rules import (
    NoticeRule,
    OfficeDays,
    Standing,
    alerts,
    judge_minutes,
    judge_papers,
    minutes_readings,
    paper_readings,
)

LONDON = ZoneInfo("Europe/London")
POLICY = NoticeRule()
COUNCIL = NoticeRule(notice_days=5)

TABLE = [
    # meeting, literal, clear, strict, office, five clear working (office day), minutes due, minutes target
    ("2011-01-18", "2011-01-15", "2011-01-14", "2011-01-12", "2011-01-12", "2011-01-10", "2011-02-18", "2011-02-18"),
    ("2011-03-21", "2011-03-18", "2011-03-17", "2011-03-15", "2011-03-15", "2011-03-11", "2011-04-21", "2011-04-21"),
    ("2017-11-01", "2017-10-29", "2017-10-28", "2017-10-26", "2017-10-26", "2017-10-24", "2017-12-01", "2017-12-01"),
    ("2018-03-22", "2018-03-19", "2018-03-18", "2018-03-18", "2018-03-16", "2018-03-14", "2018-04-22", "2018-04-20"),
    ("2018-05-24", "2018-05-21", "2018-05-20", "2018-05-20", "2018-05-18", "2018-05-16", "2018-06-24", "2018-06-22"),
    ("2018-05-29", "2018-05-26", "2018-05-25", "2018-05-22", "2018-05-22", "2018-05-18", "2018-06-29", "2018-06-29"),
    ("2018-07-16", "2018-07-13", "2018-07-12", "2018-07-10", "2018-07-10", "2018-07-06", "2018-08-16", "2018-08-16"),
]


def england(year: int = 2018) -> OfficeDays:
    return office_days("1111100", "GB-ENG", [], date(year, 1, 1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def due(readings) -> dict[str, str]:
    return {reading.name: reading.due_on.isoformat() for reading in readings}


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_every_reading_of_the_table_comes_out_as_printed(row):
    """B-2, B-5, B-8, B-10."""
    meeting, literal, clear, strict, office, council, minutes, target = row
    day = date.fromisoformat(meeting)
    days = england(day.year)
    assert due(paper_readings(day, POLICY, days)) == {
        "literal_deadline": literal,
        "clear_deadline": clear,
        "strict_latest": strict,
        "office_target": office,
    }
    assert due(paper_readings(day, COUNCIL, days))["office_target"] == council
    assert due(minutes_readings(day, POLICY, days)) == {"minutes_due": minutes, "minutes_target": target}


def test_the_arithmetic_names_each_day_counted_or_skipped_and_why():
    """B-3: the spring bank holiday and the weekend before 29 May 2018 are skipped by name."""
    strict = paper_readings(date(2018, 5, 29), POLICY, england())[2]
    assert strict.is_policy
    assert "Mon 28 May 2018 skipped (Spring Bank Holiday)" in strict.arithmetic
    assert "Sun 27 May 2018 skipped (Sunday, not an office day)" in strict.arithmetic
    assert "Fri 25 May 2018 counts as 1; Thu 24 May 2018 counts as 2; Wed 23 May 2018 counts as 3" in strict.arithmetic


@pytest.mark.parametrize(
    ("published", "working", "literal", "policy"),
    [
        ("2018-05-18T09:00", 3, True, True),
        ("2018-05-19T12:00", 3, True, True),
        ("2018-05-20T23:59", 3, True, True),
        ("2018-05-21T00:00", 2, True, False),
        ("2018-05-21T23:59", 2, True, False),
        ("2018-05-22T00:01", 1, False, False),
    ],
)
def test_a_publication_is_judged_by_the_days_it_leaves(published, working, literal, policy):
    """B-3, B-4, worked example 1: the weekend before 24 May 2018 is in time, Monday meets only the literal reading."""
    verdict = judge_papers(at(published), date(2018, 5, 24), POLICY, england())
    assert (verdict.clear_working_days_given, verdict.met_literal, verdict.met_policy) == (working, literal, policy)


def test_a_day_ends_at_london_midnight_in_summer():
    """B-4: 22:59 UTC on 20 May is still the 20th in London, 23:00 UTC is the 21st."""
    utc = ZoneInfo("UTC")
    late = judge_papers(datetime(2018, 5, 20, 22, 59, tzinfo=utc), date(2018, 5, 24), POLICY, england())
    over = judge_papers(datetime(2018, 5, 20, 23, 0, tzinfo=utc), date(2018, 5, 24), POLICY, england())
    assert late.met_policy
    assert not over.met_policy


def test_the_basis_of_notice_is_data_and_decides_the_verdict():
    """B-3, B-10: on Monday 21 May the calendar basis is met, clear and clear working days are not."""
    verdicts = {
        basis: judge_papers(at("2018-05-21T10:00"), date(2018, 5, 24), NoticeRule(3, basis), england()).met_policy
        for basis in ("calendar", "clear", "clear_working")
    }
    assert verdicts == {"calendar": True, "clear": False, "clear_working": False}


def test_papers_put_out_after_the_meeting_leave_no_days():
    """B-3."""
    verdict = judge_papers(at("2018-06-30T10:00"), date(2018, 5, 24), POLICY, england())
    assert (verdict.clear_days_given, verdict.clear_working_days_given, verdict.met_literal) == (0, 0, False)


@pytest.mark.parametrize(
    ("meeting", "due_on", "target"),
    [("2018-05-31", "2018-06-30", "2018-06-29"), ("2028-01-31", "2028-02-29", "2028-02-29")],
)
def test_minutes_due_are_clamped_to_the_end_of_the_next_month(meeting, due_on, target):
    """B-8, worked example 2."""
    day = date.fromisoformat(meeting)
    readings = minutes_readings(day, POLICY, england(day.year))
    assert due(readings) == {"minutes_due": due_on, "minutes_target": target}
    assert "its last day counts" in readings[0].arithmetic


def test_a_labelled_draft_meets_the_duty_only_while_the_rule_set_lets_it():
    """B-8."""
    facts = (at("2018-06-24T23:59"), date(2018, 5, 24), POLICY, england())
    assert judge_minutes(*facts, is_draft=True, draft_satisfies=True).met
    assert not judge_minutes(*facts, is_draft=True, draft_satisfies=False).met
    assert judge_minutes(*facts, is_draft=False, draft_satisfies=False).met
    assert not judge_minutes(at("2018-06-25T00:00"), *facts[1:], is_draft=False, draft_satisfies=True).met


def test_a_proclaimed_holiday_moves_strict_latest_and_office_target():
    """B-5, worked example 3: Wednesday 23 May 2018 added."""
    days = office_days(
        "1111100", "GB-ENG", [(date(2018, 5, 23), "Day of national celebration", "add")], date(2018, 5, 24)
    )
    readings = due(paper_readings(date(2018, 5, 24), POLICY, days))
    assert (readings["strict_latest"], readings["office_target"]) == ("2018-05-17", "2018-05-17")


def test_a_closed_day_can_take_a_bank_holiday_away():
    """B-5: effect `remove`."""
    days = office_days("1111100", "GB-ENG", [(date(2018, 5, 28), "worked by agreement", "remove")], date(2018, 5, 24))
    assert days.is_office_day(date(2018, 5, 28))


def test_england_has_its_own_bank_holidays():
    """B-5: GB, subdivision ENG: Easter Monday counts, the second of January does not."""
    found = bank_holidays("GB-ENG", 2018)
    assert date(2018, 4, 2) in found
    assert date(2018, 1, 2) not in found


def standing(**changes) -> Standing:
    """24 May 2018, nothing out yet."""
    facts = {
        "state": "scheduled",
        "day": date(2018, 5, 24),
        "office_target": date(2018, 5, 18),
        "minutes_target": date(2018, 6, 22),
        "papers_out": False,
        "minutes_out": False,
        "minutes_approved": False,
        "next_held": None,
    }
    return Standing(**{**facts, **changes})


@pytest.mark.parametrize(
    ("today", "changes", "codes"),
    [
        ("2018-05-15", {}, []),
        ("2018-05-16", {}, ["papers_target_near"]),
        ("2018-05-18", {}, ["papers_target_near"]),
        ("2018-05-19", {}, ["papers_target_passed"]),
        ("2018-05-19", {"papers_out": True}, []),
        ("2018-05-19", {"state": "cancelled"}, []),
        ("2018-06-05", {"state": "held"}, []),
        ("2018-06-06", {"state": "held"}, ["decisions_not_out"]),
        ("2018-06-23", {"state": "held"}, ["decisions_not_out", "minutes_target_passed"]),
        ("2018-06-23", {"state": "held", "minutes_out": True}, []),
        (
            "2018-07-17",
            {"state": "held", "minutes_out": True, "next_held": date(2018, 7, 16)},
            ["minutes_not_approved"],
        ),
        (
            "2018-07-17",
            {"state": "held", "minutes_out": True, "minutes_approved": True, "next_held": date(2018, 7, 16)},
            [],
        ),
    ],
)
def test_alerts_tell_what_is_near_or_past(today, changes, codes):
    """B-9: seven working days after 24 May 2018, the bank holiday skipped, is 5 June."""
    assert [a.code for a in alerts(standing(**changes), date.fromisoformat(today), england())] == codes

"""Deadlines: every reading with its arithmetic, and what a publication is worth. Pure rules, no database."""

from __future__ import annotations

import csv
from datetime import date, datetime

import pytest

from services.transparency.obligations import catalogue, queries, rules
from shared.periods import FinancialYear, Quarter, london_date
from tests.transparency.facts import at

YEAR = FinancialYear(2017)
SIGNED = (date(2017, 4, 24), date(2017, 5, 4))


def days(readings: tuple[rules.Reading, ...]) -> list[str]:
    return [reading.due_on.isoformat() for reading in readings]


def test_a_month_after_a_quarter_has_a_strict_and_a_practical_reading() -> None:
    """T-43, worked example 12: quarter ended 30 June 2026: 30 July and 31 July."""
    readings = rules.month_after_quarter(Quarter.parse("2026-27-q1"))
    assert days(readings) == ["2026-07-30", "2026-07-31"]
    assert readings[0].arithmetic == (
        "Q1 2026/27 ends on 30 June 2026; the same day number one month on is 30 July 2026."
    )


def test_an_instant_late_on_a_summer_evening_is_the_next_day_in_london() -> None:
    """T-11, worked example 15: 2026-06-30T23:30Z is 1 July, in the second quarter."""
    assert Quarter.of(london_date(at("2026-06-30T23:30"))).slug == "2026-27-q2"


def test_thirty_days_beginning_with_the_last_day_end_twenty_nine_days_later() -> None:
    """T-44, worked example 12: 29 July."""
    assert rules.thirty_days_beginning_with(date(2026, 6, 30)) == date(2026, 7, 29)


def test_the_first_report_has_the_month_that_item_j_names_beside_it() -> None:
    """T-46: July, and the corresponding date."""
    assert days(rules.first_report(YEAR)) == ["2017-07-30", "2017-07-31", "2017-07-31"]


def test_the_alarm_stands_on_the_earliest_reading_and_never_on_a_target() -> None:
    """T-42."""
    target = rules.Reading("office_target", date(2017, 7, 1), "", alarms=False)
    assert rules.alarm((target, *rules.month_after_quarter(Quarter(YEAR, 1)))).name == "corresponding_date"  # type: ignore[union-attr]
    assert rules.alarm(()) is None


def test_the_reminder_is_the_last_working_day_before_and_the_day_itself_does_not_move() -> None:
    """T-42: 30 July 2017 is a Sunday; the Friday before reminds. Easter Monday is no working day."""
    assert rules.reminder(date(2017, 7, 30), queries.is_working_day) == date(2017, 7, 28)
    assert rules.reminder(date(2017, 4, 18), queries.is_working_day) == date(2017, 4, 13)


def test_the_computed_days_of_2017_18_are_those_of_the_reference_table() -> None:
    """T-43, T-46, T-48: every day the table states, in both readings."""
    computed: dict[str, list[rules.Reading]] = {}
    strict: dict[str, list[str]] = {}
    parent = [due for due in catalogue.owed_by_parent(YEAR) if due.duty.code in catalogue.PARENT_ALONE]
    for due in [*catalogue.owed_by_recipient(YEAR, SIGNED, has_parent=True), *parent]:
        computed.setdefault(due.duty.code, []).extend(due.readings)
        strict.setdefault(due.duty.code, []).extend(
            reading.due_on.isoformat()
            for reading in due.readings
            if reading.name in ("corresponding_date", "named_day")
        )
    with catalogue.TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["due_dates_2017_18"]:
                assert strict[row["code"]] == row["due_dates_2017_18"].split("|"), row["code"]
            if row["due_dates_month_end_reading"]:
                month_end = [r.due_on.isoformat() for r in computed[row["code"]] if r.name == "month_end"]
                assert month_end == row["due_dates_month_end_reading"].split("|"), row["code"]


def test_the_memorandum_is_due_a_month_after_the_last_signature() -> None:
    """Annex C item K; the target is ours."""
    (due,) = [
        due for due in catalogue.owed_by_recipient(YEAR, SIGNED, has_parent=True) if due.duty.code == "MEMORANDUM"
    ]
    assert days(due.readings) == ["2017-06-04"]


def test_without_a_parent_the_recipient_owes_the_letters_itself() -> None:
    """T-48, Annex C item D."""
    alone = {due.duty.code for due in catalogue.owed_by_recipient(YEAR, SIGNED, has_parent=False)}
    with_parent = {due.duty.code for due in catalogue.owed_by_recipient(YEAR, SIGNED, has_parent=True)}
    assert alone - with_parent == {"LETTER-APR", "LETTER-NOV"}


def test_a_body_that_grant_is_passed_to_owes_only_quarters_after_its_award() -> None:
    """T-48."""
    owed = catalogue.owed_by_pass_through(YEAR, date(2017, 9, 30))
    assert {due.subject for due in owed} == {"2017-18-q2", "2017-18-q3", "2017-18-q4"}
    assert {due.duty.code for due in owed} == {"SPEND", "CARDS", "CONTRACTS"}


@pytest.mark.parametrize(
    ("published", "state", "late", "met"),
    [
        ("2017-07-30T22:59", "met", 0, [True, True]),
        ("2017-07-30T23:00", "met_late", 1, [False, True]),
        ("2017-08-01T09:00", "met_late", 2, [False, False]),
    ],
)
def test_a_publication_is_judged_by_its_london_day_in_each_reading(
    published: str, state: str, late: int, met: list[bool]
) -> None:
    """T-42: in summer the day ends at 23:00 UTC."""
    verdict = rules.judge(rules.month_after_quarter(Quarter(YEAR, 1)), at(published))
    assert (verdict.state, verdict.days_late, list(verdict.readings_met.values())) == (state, late, met)


def test_a_verdict_that_came_with_its_event_is_kept_whatever_the_days_say() -> None:
    """T-45, worked example 13: out on 31 December for 6 January, when the clear working day was the 30th."""
    readings = (
        rules.Reading("literal_deadline", date(2027, 1, 3), "three days before", alarms=False),
        rules.Reading("clear_deadline", date(2027, 1, 2), "three clear days", alarms=False),
        rules.Reading("strict_latest", date(2026, 12, 30), "three clear working days"),
    )
    told = {"literal_deadline": True, "clear_deadline": True, "strict_latest": False}
    late = rules.judge_as_stated(readings, at("2026-12-31T10:00"), False, told)
    assert (late.state, late.days_late, late.readings_met) == ("met_late", 1, told)
    kept = rules.judge_as_stated(readings, at("2026-12-31T10:00"), True, told)
    assert (kept.state, kept.days_late) == ("met", 0)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2017-07-19T12:00", "upcoming"),
        ("2017-07-20T12:00", "due_soon"),
        ("2017-07-30T22:59", "due_soon"),
        ("2017-07-30T23:00", "missed"),
    ],
)
def test_a_waiting_obligation_moves_with_time(now: str, state: str) -> None:
    """Section 3: due soon ten days before, missed when the day has ended in London."""
    assert rules.next_state("upcoming", date(2017, 7, 30), at(now)) == state


def test_an_obligation_created_after_its_day_is_not_judged() -> None:
    """Two times: nobody watched it, so nobody missed it here."""
    state, reason = rules.first_state(date(2017, 7, 30), at("2017-07-30T23:00"))
    assert state == "not_judged"
    assert reason is not None
    assert "on 31 July 2017, after its day, 30 July 2017" in reason
    assert rules.next_state("not_judged", date(2017, 7, 30), at("2018-01-01T00:00")) == "not_judged"
    assert rules.first_state(date(2017, 7, 30), at("2017-07-30T22:59")) == ("due_soon", None)


def test_an_obligation_without_a_day_is_not_judged_and_says_so() -> None:
    """T-42: it can be neither in time nor late; the caller may say more."""
    state, reason = rules.first_state(None, datetime.fromisoformat("2030-01-01T00:00:00+00:00"))
    assert (state, reason) == ("not_judged", rules.NO_DAY_STATED)
    assert rules.first_state(None, at("2017-07-30T22:59"), without_day="Stopped.") == ("not_judged", "Stopped.")


@pytest.mark.parametrize(
    ("created", "met", "stated", "known"),
    [
        ("2017-05-04T12:00", "2017-08-02T09:00", False, True),
        ("2017-07-30T22:59", "2026-11-30T12:00", False, True),
        ("2017-07-30T23:00", "2017-08-02T09:00", False, False),
        ("2026-11-30T12:00", "2026-11-30T12:05", False, False),
        ("2026-11-30T12:00", "2017-07-20T12:00", True, True),
        ("2026-11-30T12:00", "2018-05-02T10:00", False, True),
        ("2026-11-30T12:00", None, False, False),
    ],
)
def test_lateness_is_known_where_the_duty_was_watched_or_the_time_is_stated(
    created: str, met: str | None, stated: bool, known: bool
) -> None:
    """Two times: what is published after a duty was entered after its day says nothing of an earlier publication."""
    assert rules.lateness_is_known(date(2017, 7, 30), at(created), at(met) if met else None, stated=stated) is known
    assert rules.lateness_is_known(None, at(created), at(met) if met else None, stated=stated) is True


def test_notes_count_what_was_entered_after_its_day() -> None:
    """T-48: what was met at a stated time is not counted among what merely looks late."""
    first, last = date(2026, 11, 30), date(2026, 12, 2)
    watched = rules.Entered(first, after_its_day=False, met_on=first, lateness_known=True)
    stated = rules.Entered(first, after_its_day=True, met_on=date(2017, 7, 20), lateness_known=True)
    entered = rules.Entered(last, after_its_day=True, met_on=last, lateness_known=False)
    never = rules.Entered(first, after_its_day=True, met_on=None, lateness_known=False)
    assert rules.notes([watched]) == []
    found = rules.notes([watched, stated, entered, never])
    assert found[0].startswith(
        "Of these 4 duties 3 were entered here after the day had passed, between 30 November 2026"
    )
    assert found[1].startswith("1 of them is met by files that were entered and published here on 2 December 2026")
    assert found[2].startswith("1 of them is not assessed")

"""Working days of requests: known days of 2017 and 2018, by a list made without any library."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.transparency.requests import clock
from services.transparency.requests.clock import DayOff, WorkingDays
from services.transparency.requests.days import _stock

# Bank holidays in any part of the United Kingdom, written down from the calendars of 2017 and 2018.
BY_HAND = {
    date.fromisoformat(day)
    for day in (
        "2017-01-02", "2017-01-03", "2017-03-17", "2017-04-14", "2017-04-17", "2017-05-01", "2017-05-29", "2017-07-12",
        "2017-08-07", "2017-08-28", "2017-11-30", "2017-12-25", "2017-12-26", "2018-01-01", "2018-01-02", "2018-03-19",
        "2018-03-30", "2018-04-02", "2018-05-07", "2018-05-28", "2018-07-12", "2018-08-06", "2018-08-27", "2018-11-30",
        "2018-12-25", "2018-12-26",
    )
}  # fmt: skip
STOCK = WorkingDays({day: off for year in (2016, 2017, 2018, 2019) for day, off in _stock(year).items()})


def test_the_stock_list_holds_the_bank_holidays_of_every_nation() -> None:
    """T-47: a bank holiday in any part counts: 2 January, 17 March, 12 July and St Andrew's Day among them."""
    weekdays = {day for day in STOCK.days_off if day.year in (2017, 2018) and day.weekday() < 5}
    assert weekdays == BY_HAND
    assert STOCK.days_off[date(2017, 7, 12)].nations == ("Northern Ireland",)
    assert STOCK.days_off[date(2017, 11, 30)].nations == ("Scotland",)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2016-12-30", "2017-01-31"),  # over 2 and 3 January
        ("2017-03-01", "2017-03-30"),  # over 17 March
        ("2017-03-31", "2017-05-03"),  # over Easter and the first Monday of May
        ("2017-04-01", "2017-05-03"),  # a Saturday counts as the Friday before it
        ("2017-04-02", "2017-05-03"),  # and so does a Sunday
        ("2017-07-10", "2017-08-09"),  # over 12 July and the Scottish holiday of August
        ("2017-11-24", "2017-12-27"),  # over St Andrew's Day and Christmas
        ("2017-12-20", "2018-01-23"),  # over Christmas, 1 and 2 January
        ("2018-02-27", "2018-03-28"),  # over 19 March, in place of a Saturday
    ],
)
def test_an_answer_is_due_on_the_twentieth_working_day_after_receipt(received: str, due: str) -> None:
    """T-47."""
    assert clock.count(date.fromisoformat(received), 20, STOCK).due_on == date.fromisoformat(due)


def test_every_day_of_two_years_agrees_with_counting_by_the_list_made_by_hand() -> None:
    """T-47."""
    received = date(2017, 1, 1)
    while received < date(2018, 11, 1):
        day, left = received, 20
        while left:
            day += timedelta(days=1)
            left -= day.isoweekday() not in (6, 7) and day not in BY_HAND
        assert clock.count(received, 20, STOCK).due_on == day, received
        received += timedelta(days=1)


def test_the_sum_is_shown_in_words_with_the_days_counted_and_left_out() -> None:
    """T-47, section 9: the calendar shows its arithmetic."""
    assert clock.in_words(clock.count(date(2017, 4, 1), 20, STOCK), begins="Received") == (
        "Received on Saturday 1 April 2017. Working day 1 is Monday 3 April 2017 and working day 20 is Wednesday "
        "3 May 2017. Counted: 3 to 7 April 2017, 10 to 13 April 2017, 18 to 21 April 2017, 24 to 28 April 2017, "
        "2 to 3 May 2017. Left out: 9 weekend days; 14 April 2017, Good Friday; 17 April 2017, Easter Monday "
        "(England, Wales, Northern Ireland); 1 May 2017, May Day."
    )


def test_working_days_taken_and_late_are_counted_in_the_same_way() -> None:
    """T-47: late by working days, so a weekend adds none."""
    assert clock.between(date(2017, 7, 10), date(2017, 8, 9), STOCK) == 20
    assert clock.between(date(2017, 8, 9), date(2017, 8, 13), STOCK) == 2
    assert clock.between(date(2017, 8, 9), date(2017, 8, 9), STOCK) == 0
    assert clock.between(date(2017, 8, 9), date(2017, 8, 1), STOCK) == 0


def test_christmas_day_and_good_friday_are_never_worked_whatever_the_list_says() -> None:
    """T-47; Easter by the calendar of four centuries: known Sundays, the earliest and the latest among them."""
    empty = WorkingDays({})
    assert not empty.is_worked(date(2017, 12, 25))
    assert not empty.is_worked(date(2018, 3, 30))
    assert empty.is_worked(date(2017, 7, 12))
    assert not WorkingDays({date(2017, 7, 12): DayOff(date(2017, 7, 12), "Holiday", ("Wales",))}).is_worked(
        date(2017, 7, 12)
    )
    sundays = ("1818-03-22", "1943-04-25", "2000-04-23", "2017-04-16", "2018-04-01", "2027-03-28", "2038-04-25")
    for sunday in sundays:
        assert clock.easter_sunday(int(sunday[:4])).isoformat() == sunday

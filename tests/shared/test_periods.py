"""Years, quarters and London days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.periods import FinancialYear, Quarter, add_months, end_of_day, london_date, start_of_day


@pytest.mark.parametrize("text", ["2017/19", "2017/8", "17/18", "2017-2018", "２０１７/18", "2017/18 ", "", "9999/00"])
def test_a_label_whose_second_year_does_not_follow_is_refused(text: str) -> None:
    """G-2: `2017/19` is refused."""
    with pytest.raises(ValueError):
        FinancialYear.parse(text)


def test_both_spellings_of_a_year_are_the_same_year() -> None:
    """G-2: accepted with stroke or hyphen, written with a stroke; the century turns over."""
    assert FinancialYear.parse("2017-18") == FinancialYear.parse("2017/18")
    assert FinancialYear.parse("2017-18").label == "2017/18"
    assert FinancialYear.parse("2099/00").end == date(2100, 3, 31)


@given(st.dates(date(1950, 1, 1), date(2150, 12, 31)))
def test_every_day_lies_in_exactly_one_quarter_of_its_april_year(day: date) -> None:
    """G-2: quarter numbers come from the April year."""
    quarter = Quarter.of(day)
    assert quarter.start <= day <= quarter.end
    assert [other for other in quarter.year.quarters if other.start <= day <= other.end] == [quarter]
    assert Quarter.parse(quarter.slug) == quarter


def test_a_month_later_is_the_same_day_number_or_the_months_end() -> None:
    """D-39, T-43, B-8: the due dates of 2017/18 and 2018/19; 31 January 2028 gives 29 February."""
    for year, days in (
        ("2017-18", ["2017-07-30", "2017-10-30", "2018-01-31", "2018-04-30"]),
        ("2018-19", ["2018-07-30", "2018-10-30", "2019-01-31", "2019-04-30"]),
    ):
        quarters = FinancialYear.parse(year).quarters
        assert [add_months(quarter.end, 1).isoformat() for quarter in quarters] == days
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)


def test_a_day_ends_at_midnight_in_london_summer_time_or_not() -> None:
    """G-3, D-40, B-4: 22:30Z on 30 July 2017 is still that day, 23:30Z is the next."""
    assert end_of_day(date(2017, 7, 30)) == datetime(2017, 7, 30, 23, tzinfo=UTC)
    assert london_date(datetime(2017, 7, 30, 22, 30, tzinfo=UTC)) == date(2017, 7, 30)
    assert london_date(datetime(2017, 7, 30, 23, 30, tzinfo=UTC)) == date(2017, 7, 31)
    assert end_of_day(date(2018, 1, 31)) == datetime(2018, 2, 1, tzinfo=UTC)
    # The day on which the clocks go forward has 23 hours.
    assert end_of_day(date(2018, 3, 25)) - start_of_day(date(2018, 3, 25)) == timedelta(hours=23)

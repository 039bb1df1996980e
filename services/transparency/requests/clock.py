"""Working days: the twentieth after receipt, how many were taken, and the sum in words (T-47). Pure: days in, days out.

No day is worked on a weekend, on Christmas Day, on Good Friday, or on a bank holiday in any part of the United Kingdom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

NATIONS = ("England", "Wales", "Scotland", "Northern Ireland")


@dataclass(frozen=True)
class DayOff:
    """A day on which at least one nation does not work."""

    day: date
    name: str
    nations: tuple[str, ...] = NATIONS


@dataclass(frozen=True)
class WorkingDays:
    """Which days are worked on, as the holiday list and what people decided leave it."""

    days_off: Mapping[date, DayOff]

    def off(self, day: date) -> DayOff | None:
        """The holiday of this day, weekends aside. Christmas Day and Good Friday need no list."""
        fixed = always_off(day)
        return self.days_off.get(day) or (DayOff(day, fixed) if fixed else None)

    def is_worked(self, day: date) -> bool:
        return day.weekday() < 5 and self.off(day) is None


@dataclass(frozen=True)
class Counted:
    """The days from the day after the start up to the due day."""

    starts_on: date
    due_on: date
    worked: tuple[date, ...]
    weekend_days: int
    holidays: tuple[DayOff, ...]


def always_off(day: date) -> str | None:
    """Christmas Day and Good Friday are never worked, whatever a list says."""
    if (day.month, day.day) == (12, 25):
        return "Christmas Day"
    if day == easter_sunday(day.year) - timedelta(days=2):
        return "Good Friday"
    return None


def easter_sunday(year: int) -> date:
    """By the Gregorian reckoning: golden number, century's corrections, age of the moon, next Sunday."""
    golden, century = year % 19, year // 100
    moon = (19 * golden + century - century // 4 - (8 * century + 13) // 25 + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    return date(year, 3, 28) + timedelta(days=moon - weekday)


def count(starts_on: date, working_days: int, calendar: WorkingDays) -> Counted:
    """The given number of working days after a day; the day itself is never one of them (T-47)."""
    day, weekend_days = starts_on, 0
    worked: list[date] = []
    holidays: list[DayOff] = []
    while len(worked) < working_days:
        day += timedelta(days=1)
        off = calendar.off(day)
        if day.weekday() >= 5:
            weekend_days += 1
        elif off is not None:
            holidays.append(off)
        else:
            worked.append(day)
    return Counted(starts_on, day, tuple(worked), weekend_days, tuple(holidays))


def between(after: date, until: date, calendar: WorkingDays) -> int:
    """How many working days lie after one day and up to another; 0 where the second is not later."""
    days = (after + timedelta(days=step) for step in range(1, (until - after).days + 1))
    return sum(calendar.is_worked(day) for day in days)


def in_words(counted: Counted, *, begins: str) -> str:
    """The sum as a sentence: which days were counted and which were left out. `begins` is what happened on the first
    day, such as `Received`."""
    number = len(counted.worked)
    left_out = [f"{counted.weekend_days} weekend days", *(_holiday(off) for off in counted.holidays)]
    return (
        f"{begins} on {_weekday(counted.starts_on)}. Working day 1 is {_weekday(counted.worked[0])} and working day "
        f"{number} is {_weekday(counted.due_on)}. Counted: {_runs(counted.worked)}. Left out: {'; '.join(left_out)}."
    )


def _holiday(off: DayOff) -> str:
    where = "" if set(off.nations) == set(NATIONS) else f" ({', '.join(off.nations)})"
    return f"{_day(off.day)}, {off.name}{where}"


def _runs(days: Sequence[date]) -> str:
    """`3 to 7 April 2017, 10 to 13 April 2017`."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(_run(run[0], run[-1]) for run in runs)


def _run(first: date, last: date) -> str:
    if first == last:
        return _day(first)
    opening = str(first.day) if (first.year, first.month) == (last.year, last.month) else _day(first)
    return f"{opening} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _weekday(day: date) -> str:
    return f"{day:%A} {_day(day)}"

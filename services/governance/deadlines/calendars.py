"""Office days of a year: bank holidays of the `holidays` library under the service's own closed days (B-5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays

from services.governance.deadlines.rules import OfficeDays

CALENDARS = ("GB-ENG", "GB-WLS", "GB-SCT", "GB-NIR", "none")
"""Holiday calendars a rule set may name; `none` leaves only closed days."""


@lru_cache(maxsize=256)
def bank_holidays(calendar: str, year: int) -> dict[date, str]:
    """Bank holidays of one year by day, `calendar` as in CALENDARS."""
    if calendar == "none":
        return {}
    country, subdivision = calendar.split("-")
    return dict(holidays.country_holidays(country, subdiv=subdivision, years=year).items())


def office_days(weekdays: str, calendar: str, closed: Iterable[tuple[date, str, str]], around: date) -> OfficeDays:
    """The office days of the year around a meeting; `closed` holds (day, name, `add` | `remove`)."""
    days: dict[date, str] = {}
    for year in (around.year - 1, around.year, around.year + 1):
        days.update(bank_holidays(calendar, year))
    for day, name, effect in closed:
        if effect == "add":
            days[day] = name
        else:
            days.pop(day, None)
    return OfficeDays(weekdays, days)

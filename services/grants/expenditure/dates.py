"""Days as finance systems write them: formats that a profile names, tried in order, and never a guess between two."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone

from services.grants.expenditure.cells import SPACES, Unreadable
from shared.periods import london_date

EXCEL_SERIAL = "excel-serial"
"""A spreadsheet's day number in the 1900 system, with or without a fraction for the hour."""

EXCEL_EPOCH = date(1899, 12, 30)
SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
CACHE_SIZE = 20_000

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {
    name.lower(): number for number, name in enumerate(calendar.month_name) if name
}
MONTHS["sept"] = 9

TOKENS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "yy": r"(?P<short>[0-9]{2})",
    "mmmm": r"(?P<name>[A-Za-z]{3,9})",
    "mmm": r"(?P<name>[A-Za-z]{3,4})",
    "mm": r"(?P<month>[0-9]{2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "dddd": r"(?:[A-Za-z]{6,9})",
    "ddd": r"(?:[A-Za-z]{3,4})",
    "dd": r"(?P<day>[0-9]{2})",
    "d": r"(?P<day>[0-9]{1,2})",
    "do": r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th)",
    "time": r"(?:[T ]+(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
    r"(?:\s?[AaPp][Mm])?\s?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?",
}
TOKEN = re.compile(r"\[time\]|do(?![a-z])|y+|m+|d+", re.IGNORECASE)


def date_pattern(style: str) -> re.Pattern[str]:
    """`dd/mm/yyyy`, `d-mmm-yy`, `yyyy-mm-dd[time]`, `mmm-yy`, … as a pattern; other characters stand for themselves.

    ValueError where a part is unknown, given twice or absent. Without a day the month's last day is meant.
    """
    parts, place = [], 0
    for match in TOKEN.finditer(style):
        token = TOKENS.get(match[0].lower().strip("[]"))
        if token is None:
            raise ValueError(
                f"{match[0]} is not a part of a date; use yyyy, yy, mmmm, mmm, mm, m, dd, d, do, ddd, dddd"
            )
        parts += [re.escape(style[place : match.start()]), token]
        place = match.end()
    parts.append(re.escape(style[place:]))
    try:
        pattern = re.compile("".join(parts))
    except re.error:
        raise ValueError("each part of a date stands once in its format") from None
    groups = set(pattern.groupindex)
    if len(groups & {"year", "short"}) != 1 or len(groups & {"month", "name"}) != 1:
        raise ValueError("a date format holds a year and a month, each once, and a day unless the month is all it says")
    return pattern


class DateReader:
    """Reads cells through the formats of one profile; remembers what it has read. One thread uses it."""

    read: Callable[[str], str]

    def __init__(self, styles: Sequence[str]) -> None:
        self.month_only: set[str] = set()
        """Cells that named no more than a month."""
        self._shown = " or ".join(styles)
        self._serial = EXCEL_SERIAL in styles
        self._patterns = [date_pattern(style) for style in styles if style != EXCEL_SERIAL]
        known: dict[str, str] = {}

        def read(cell: str) -> str:
            found = known.get(cell)
            if found is None:
                if len(known) > CACHE_SIZE:
                    known.clear()
                    self.month_only.clear()
                found = known[cell] = self._read(cell)
            return found

        self.read = read

    def _read(self, cell: str) -> str:
        text = cell.strip(SPACES + "\t\r\n")
        if not text:
            raise Unreadable("date_missing", f"The date is blank; write it as {self._shown}.")
        for pattern in self._patterns if len(text) <= 100 else ():
            match = pattern.fullmatch(text)
            if match:
                day, whole = _day(match)
                if not whole:
                    self.month_only.add(cell)
                return _in_range(day).isoformat()
        if self._serial and (serial := SERIAL.fullmatch(text)):
            return _in_range(EXCEL_EPOCH + timedelta(days=int(serial[1]))).isoformat()
        raise Unreadable("date_unreadable", f"Not a date written as {self._shown}.")


def _day(match: re.Match[str]) -> tuple[date, bool]:
    """The day, and whether the text named one; else it is the last of the month."""
    parts = match.groupdict()
    month = MONTHS.get((parts.get("name") or "").lower()) or int(parts.get("month") or 0)
    # Two digits always mean this century: nothing older is taken in, and 98 would lie in the future.
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    try:
        if parts.get("day") is None:
            return date(year, month, calendar.monthrange(year, month)[1]), False
        day = date(year, month, int(parts["day"]))
        return (_in_london(day, parts["clock"], parts["zone"]) if parts.get("zone") else day), True
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        raise Unreadable("date_impossible", "There is no such day; correct the date.") from None


def _in_london(day: date, clock: str, zone: str) -> date:
    """A time with its zone falls on the day that London had then (G-3)."""
    hours, minutes = clock.split(":")[:2]
    offset = timedelta(0)
    if zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        offset = -offset if zone[0] == "-" else offset
    return london_date(datetime(day.year, day.month, day.day, int(hours), int(minutes), tzinfo=timezone(offset)))


def _in_range(day: date) -> date:
    if not 1990 <= day.year <= 2100:
        raise Unreadable("date_impossible", "The year lies outside 1990 to 2100; correct the date.")
    return day

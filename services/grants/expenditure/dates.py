"""Days as finance systems write them: formats that a profile names, tried in order, and never a guess between two."""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple, Protocol

from services.grants.expenditure.cells import Unreadable, quotable
from shared.periods import LONDON, london_date
from shared.texts import hidden_signs, seen

EXCEL_SERIAL = "excel-serial"
"""A spreadsheet's day number in the 1900 system, with or without a fraction for the hour."""

EXCEL_EPOCH = date(1899, 12, 30)
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
NOISE_SECONDS = Fraction(9, 10_000)
"""A spreadsheet counts time in thousandths of a second: 23:59:59.999 is the last it can hold. What stands nearer to
midnight than that, allowing for a last digit lost in writing, is the midnight itself with the noise of a float."""
UNCLEAR_SECONDS = Fraction(1, 2)
"""Up to here from midnight the same cell shows one day as a date and the next one with its time: two readings."""
CACHE_SIZE = 20_000
LONGEST = 100
SHOWN = 64

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
    "time": r"(?:,?[Tt ]+(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,:][0-9]+)?)?|(?= ?[AaPp]\.? ?[Mm]))"
    r" ?(?P<half>[AaPp]\.? ?[Mm]\b\.?)?"
    r" ?(?P<zone>(?i:Z|(?:UTC|GMT)?[+-](?:[0-9]{2}:?[0-9]{2}|[0-9]{1,2}(?::[0-9]{2})?)|UTC|GMT|BST))?"
    r"(?(zone)(?: ?[\[(][A-Za-z_/ ]+[\])])?))?",
}
"""The parts of a format. A name in brackets behind a zone, `[Europe/London]`, adds nothing to it."""
TOKEN = re.compile(r"\[time\]|do(?![a-z])|y+|m+|d+", re.IGNORECASE)
ANY_TIME = r"(?:,?[Tt ]+(?P<clock>[0-9].*))"
SLASHES = str.maketrans({0x2044: "/", 0x2215: "/", 0x29F8: "/", 0x2236: ":"})
"""Signs that a reader takes for a slash or a colon, and Unicode does not."""
NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?")

HINTS = (
    "yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yyyy", "d/m/yyyy", "m/d/yyyy", "dd/mm/yy", "mm/dd/yy", "d/m/yy", "m/d/yy",
    "dd-mm-yyyy", "mm-dd-yyyy", "dd.mm.yyyy", "yyyy/mm/dd", "yyyymmdd", "ddmmyyyy", "d-mmm-yy", "d-mmm-yyyy",
    "d mmm yyyy", "d mmmm yyyy", "mmmm d, yyyy", "mmm-yy", "mmm yyyy", "mmmm yyyy", "yyyy-mm",
)  # fmt: skip
"""Formats that a cell may be in when it is in none of the profile's: named in the reason, never read."""


def date_pattern(style: str) -> re.Pattern[str]:
    """`dd/mm/yyyy`, `d-mmm-yy`, `yyyy-mm-dd[time]`, `mmm-yy`, … as a pattern; other characters stand for themselves.

    ValueError where a part is unknown, given twice or absent. Without a day the month's last day is meant.
    """
    return _pattern(style, TOKENS)


def _pattern(style: str, tokens: dict[str, str]) -> re.Pattern[str]:
    parts, place, style = [], 0, _plain(style)
    for match in TOKEN.finditer(style):
        token = tokens.get(match[0].lower().strip("[]"))
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


def other_order(style: str) -> str | None:
    """The format with day and month exchanged, `mm/dd/yyyy` for `dd/mm/yyyy`; None where they cannot be mistaken.

    Names of months cannot, and nobody writes the day second behind a year.
    """
    found = {match[0].lower(): match.start() for match in TOKEN.finditer(style)}
    day = next((found[name] for name in ("dd", "d") if name in found), None)
    month = next((found[name] for name in ("mm", "m") if name in found), None)
    year = next((found[name] for name in ("yyyy", "yy") if name in found), None)
    if day is None or month is None or year is None or year < month < day:
        return None
    exchange = str.maketrans("dDmM", "mMdD")
    return TOKEN.sub(lambda match: match[0].translate(exchange) if len(match[0]) <= 2 else match[0], style)


class Reading(NamedTuple):
    """What a cell says: its day, and the day that it would say with day and month exchanged."""

    day: date | None
    """None where only the other order of day and month makes a day of it."""
    style: str
    other: date | None = None
    other_style: str | None = None
    month_only: bool = False


class OtherOrder(Unreadable):
    """A cell that names a day, but only with day and month exchanged."""

    def __init__(self, detail: str, reading: Reading) -> None:
        super().__init__("date_impossible", detail)
        self.reading = reading


class Watcher(Protocol):
    """Counts the days of one column while they are read."""

    def first(self, cell: str, reading: Reading) -> None:
        """A cell whose text was not met before, or so long ago that it is forgotten."""

    def add(self, reading: Reading, cells: int) -> None:
        """So many cells with this text."""


class DateReader:
    """Reads cells through the formats of one profile; remembers what it has read. One thread uses it."""

    read: Callable[[str], str]

    def __init__(self, styles: Sequence[str], *, decimal: str = ".", watcher: Watcher | None = None) -> None:
        """`decimal`: the mark of the source's fractions, for serials."""
        self.month_only: set[str] = set()
        """Cells that named no more than a month."""
        self._shown = " or ".join(styles)
        self._serial = EXCEL_SERIAL in styles
        mark = r"[.,]" if decimal == "," else r"\."
        self._serial_pattern = re.compile(rf"([0-9]{{5}})(?:{mark}([0-9]+))?")
        self._decimal = decimal
        named = [style for style in styles if style != EXCEL_SERIAL]
        self._styles = [(style, date_pattern(style), other_order(style)) for style in named]
        self._watcher = watcher
        known: dict[str, list[Any]] = {}
        self._known = known
        self._refused: dict[str, tuple[str, str, Reading | None]] = {}
        learn = self._learn

        def read(cell: str) -> str:
            entry = known.get(cell)
            if entry is None:
                entry = learn(cell)
            entry[1] += 1
            day: str = entry[0]
            return day

        self.read = read

    def settle(self) -> None:
        """Tell the watcher of all cells that were read since this was asked before."""
        if self._watcher is not None:
            for entry in self._known.values():
                if entry[1]:
                    self._watcher.add(entry[2], entry[1])
        for entry in self._known.values():
            entry[1] = 0

    def _learn(self, cell: str) -> list[Any]:
        refused = self._refused.get(cell)
        if refused is None:
            try:
                reading = self._read(cell)
            except Unreadable as fault:
                other = fault.reading if isinstance(fault, OtherOrder) else None
                refused = (fault.code, fault.detail, other)
                if len(cell) <= 2 * LONGEST:
                    if len(self._refused) > CACHE_SIZE:
                        self._refused.clear()
                    self._refused[cell] = refused
                if other is not None and self._watcher is not None:
                    self._watcher.first(cell, other)
            else:
                if len(self._known) > CACHE_SIZE:
                    self.settle()
                    self._known.clear()
                    self.month_only.clear()
                assert reading.day is not None, "what is no day is not read"
                if reading.month_only:
                    self.month_only.add(cell)
                if self._watcher is not None:
                    self._watcher.first(cell, reading)
                entry = self._known[cell] = [reading.day.isoformat(), 0, reading]
                return entry
        code, detail, other = refused
        if other is not None and self._watcher is not None:
            self._watcher.add(other, 1)
        raise Unreadable(code, detail)

    def _read(self, cell: str) -> Reading:
        cell = cell.strip()
        text = _plain(cell) if len(cell) <= 2 * LONGEST else cell
        if not text:
            raise Unreadable("date_missing", f"The date is blank; write it as {self._shown}.")
        if len(text) <= LONGEST and not (strange := _strange_digits(cell)):
            for style, pattern, other in self._styles:
                match = pattern.fullmatch(text)
                if match:
                    return _reading(match, text, style, other)
            if self._serial and (serial := self._serial_pattern.fullmatch(text)):
                return Reading(_in_range(_day_of_serial(text, *serial.groups()), text), EXCEL_SERIAL)
            raise self._unreadable(cell, text)
        raise Unreadable(
            "date_unreadable", f"{quoted(cell)} is not a date written as {self._shown}{_signs(strange)}; correct it."
            if len(text) <= LONGEST
            else f"{quoted(cell)} is longer than any date; write it as {self._shown}.",
        )  # fmt: skip

    def _unreadable(self, cell: str, text: str) -> Unreadable:
        """Why none of the formats fits, and which other would."""
        for style, _, _ in self._styles:
            match = _with_any_time(style).fullmatch(text) if "[time]" in style.lower() else None
            if match:
                detail = (
                    f"The time {quoted(match['clock'])} cannot be read; write hh:mm:ss, with AM or PM where it counts"
                    " to 12, and a zone as Z, UTC, GMT, BST or +hh:mm; or leave the time out."
                )
                return Unreadable("date_unreadable", detail)
        if self._serial and NUMBER.fullmatch(text):
            return Unreadable("date_unreadable", _why_no_serial(text, self._decimal))
        signs = _signs([*hidden_signs(cell), *_others(text)])
        fits = _fitting(text)
        if fits:
            detail = f"it fits {' or '.join(fits)}. Correct it, or add its format to the dates of the profile."
        else:
            detail = "correct it."
        return Unreadable("date_unreadable", f"{quoted(cell)} is not a date written as {self._shown}{signs}; {detail}")


def _plain(text: str) -> str:
    """The text as a reader sees it, with the slashes that Unicode has besides."""
    plain = seen(text)
    return plain if plain.isascii() else plain.translate(SLASHES)


def quoted(text: str) -> str:
    """A cell in a message: without what nobody sees, and at most 64 characters of it."""
    if quotable(text) is None:
        # Where columns moved, a name may stand here.
        return "The text"
    shown = seen(text[: 4 * SHOWN]).encode(errors="replace").decode()
    return f'"{shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"}"'


def _strange_digits(text: str) -> list[str]:
    """Digits that do not count as such for a reader: raised, lowered, in circles, parts of fractions."""
    return [] if text.isascii() else _named(sign for sign in text if unicodedata.category(sign) == "No")


def _others(text: str) -> list[str]:
    """Signs of a normalised text that stand in no format: digits of other scripts, signs that look like a divider."""
    if text.isascii():
        return []
    return _named(sign for sign in text if ord(sign) > 127 and unicodedata.category(sign)[0] in "NPS")


def _named(signs: Any) -> list[str]:
    return list(dict.fromkeys(f"U+{ord(sign):04X} {unicodedata.name(sign, 'unnamed')}" for sign in signs))


def _signs(names: Sequence[str]) -> str:
    return f" (it holds {', '.join(names[:3])})" if names else ""


def _reading(match: re.Match[str], text: str, style: str, other_style: str | None) -> Reading:
    """The day, moved to London where the text names a zone; and the day of the other order, where there is one."""
    parts = match.groupdict()
    month = MONTHS.get((parts.get("name") or "").lower()) or int(parts.get("month") or 0)
    # Two digits always mean this century: nothing older is taken in, and 98 would lie in the future.
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        detail = f"The year of {quoted(text)} lies outside 1990 to 2100; correct the date."
        raise Unreadable("date_impossible", detail)
    if parts.get("day") is None:
        day = _real(year, month, calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0)
        if day is None:
            raise _impossible(text, style)
        return Reading(_in_range(day, text), style, month_only=True)
    number = int(parts["day"])
    day = _real(year, month, number)
    other = _real(year, number, month) if other_style is not None else None
    if day is None and other is None:
        raise _impossible(text, style)
    clock = _clock(parts, text) if parts.get("hour") is not None else None
    if day is not None:
        # The other day serves for comparison alone: midnight may make it another, and nothing hangs on that.
        return Reading(_in_range(_in_london(day, clock, text), text) if clock else day, style, other, other_style)
    assert other is not None, "one of the two is a day"
    if clock:
        other = _in_range(_in_london(other, clock, text), text)
    detail = (
        f"{quoted(text)} names no day as {style}; it fits {other_style} ({other.isoformat()}). Correct the date, or the"
        " dates of the profile."
    )
    raise OtherOrder(detail, Reading(None, style, other, other_style))


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _impossible(text: str, style: str) -> Unreadable:
    return Unreadable("date_impossible", f"There is no such day: {quoted(text)} as {style}; correct the date.")


def _within(day: date) -> date | None:
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _in_range(day: date, text: str) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        detail = f"{quoted(text)} is {day.isoformat()}: the year lies outside 1990 to 2100; correct the date."
        raise Unreadable("date_impossible", detail)
    return day


# ---------------------------------------------------------------------- time of day


def _clock(parts: dict[str, str | None], text: str) -> tuple[int, int, int, str] | None:
    """Hour, minute, second and zone of a time that moves the day; None where it has no zone.

    Only a zone moves a day. Without one, 23:59:59.999 and 23:59:60 are of the day that stands beside them: whoever
    writes the end of a day so means that day. Fractions of a second are not rounded up, for the same reason.
    """
    hour, minute, second = int(parts["hour"] or 0), int(parts["minute"] or 0), int(parts["second"] or 0)
    half = parts["half"]
    if half is not None:
        afternoon = half[0] in "Pp"
        if hour > 12 or (hour == 0 and afternoon):
            raise _no_time(text, "with AM and PM the hours are 1 to 12")
        hour = hour % 12 + (12 if afternoon else 0)
    elif hour == 24:
        raise _no_time(text, "24:00 is the start of the next day; write the day that is meant, with 00:00 or no time")
    if hour > 23 or minute > 59 or second > 60:
        raise _no_time(text, "the hours are 00 to 23, minutes and seconds 00 to 59")
    zone = parts["zone"]
    return None if zone is None else (hour, minute, min(second, 59), zone.upper())


def _in_london(day: date, clock: tuple[int, int, int, str], text: str) -> date:
    """From the day that is written to the day that London had then (G-3)."""
    hour, minute, second, zone = clock
    instant = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=timezone(_offset(zone, text)))
    there = london_date(instant)
    if zone == "BST" and there != day and not instant.astimezone(LONDON).dst():
        raise _no_time(text, "British summer time does not hold on that day; write the zone as Z or +hh:mm")
    return there


def _offset(zone: str, text: str) -> timedelta:
    if zone in ("Z", "UTC", "GMT"):
        return timedelta(0)
    if zone == "BST":
        return timedelta(hours=1)
    zone = zone.removeprefix("UTC").removeprefix("GMT")
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or offset > timedelta(hours=14):
        raise _no_time(text, "no zone is further from UTC than 14 hours")
    return -offset if zone[0] == "-" else offset


def _no_time(text: str, why: str) -> Unreadable:
    return Unreadable("date_impossible", f"There is no such time: {quoted(text)}; {why}.")


# ---------------------------------------------------------------------- serials


def _day_of_serial(text: str, whole: str, fraction: str | None) -> date:
    """The day that the spreadsheet shows for a number."""
    day = EXCEL_EPOCH + timedelta(days=int(whole))
    if not fraction:
        return day
    missing = (1 - Fraction(int(fraction[:30]), 10 ** len(fraction[:30]))) * 86_400
    following = day + timedelta(days=1)
    if missing <= NOISE_SECONDS:
        return following
    if missing < UNCLEAR_SECONDS:
        detail = (
            f"{quoted(text)} lies {float(missing):.3f} seconds before midnight and may mean {day.isoformat()} or"
            f" {following.isoformat()}; write the day without a time."
        )
        raise Unreadable("date_unreadable", detail)
    return day


def _why_no_serial(text: str, decimal: str) -> str:
    shown = quoted(text)
    if "e" in text.lower():
        return f"{shown} is a number in scientific notation; format the column as a date, and export it again."
    if "," in text or text.count(".") > 1:
        example = f"42825{decimal}75"
        return f"{shown} is not a day number as spreadsheets hold it; write {example}, without other marks."
    first, last = ((day - EXCEL_EPOCH).days for day in (FIRST_DAY, LAST_DAY))
    return (
        f"{shown} is not a day number from {first} (1 January 1990) to {last} (31 December 2100), with five digits and"
        " a fraction at most; correct the date."
    )


# ---------------------------------------------------------------------- hints


@cache
def _with_any_time(style: str) -> re.Pattern[str]:
    return _pattern(style, {**TOKENS, "time": ANY_TIME})


@cache
def _hint_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((style, date_pattern(style)) for hint in HINTS for style in (hint, f"{hint}[time]"))


def _fitting(text: str) -> list[str]:
    """Up to two formats in which the text names a day; both orders of day and month are named where both fit."""
    fits: dict[date, str] = {}
    for style, pattern in _hint_patterns():
        match = pattern.fullmatch(text)
        if match:
            try:
                day = _reading(match, text, style, None).day
            except Unreadable:
                continue
            if day is not None and day not in fits:
                fits[day] = style
    if not fits and re.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", text):
        return [EXCEL_SERIAL] if _within(EXCEL_EPOCH + timedelta(days=int(text[:5]))) else []
    return list(fits.values())[:2]

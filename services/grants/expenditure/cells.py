"""Single cells: amounts, dates and text as finance systems write them, read strictly and without floating point."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

MAX_AMOUNT_PENCE = 10**13
"""£100 billion: more than any line of any public body, and small enough that a batch's sum fits a 64-bit integer."""

SPACES = " \u00a0\u2007\u2009\u202f"
PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,2})?")
NOISE_DIGITS = 6
"""From so many decimals on, digits that are a whole penny within this precision are a spreadsheet's float noise."""

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {
    name.lower(): number for number, name in enumerate(calendar.month_name) if name
}


class Unreadable(ValueError):
    """A cell that cannot be taken: a stable code and a sentence that says the fix."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class AmountStyle:
    """How a layout writes amounts. What is not allowed here is refused, never guessed."""

    decimal: str = "."
    thousands: str = ""
    currency: tuple[str, ...] = ()
    brackets: bool = False
    trailing_minus: bool = False
    dash_is_zero: bool = False


def amount_reader(style: AmountStyle) -> Callable[[str], tuple[int, bool]]:
    """A function from a cell to (pence, whether float noise was taken off). Raises Unreadable (T-57, G-1)."""
    thousands = re.escape(style.thousands)
    whole = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|[0-9]+" if thousands else "[0-9]+"
    number = re.compile(rf"({whole})(?:{re.escape(style.decimal)}([0-9]+))?")
    plain = style.decimal == "."

    def read(cell: str) -> tuple[int, bool]:
        if plain and PLAIN.fullmatch(cell):
            # The shape nearly every cell has: two decimals, so the digits are the pence.
            if cell[-3:-2] == ".":
                pence = int(cell[:-3] + cell[-2:])
                return (pence, False) if -MAX_AMOUNT_PENCE <= pence <= MAX_AMOUNT_PENCE else _too_large()
            whole_part, _, fraction = cell.partition(".")
            pence = int(whole_part + (fraction + "00")[:2])
            return (pence, False) if -MAX_AMOUNT_PENCE <= pence <= MAX_AMOUNT_PENCE else _too_large()
        return _read_styled(cell, style, number)

    return read


def _read_styled(cell: str, style: AmountStyle, number: re.Pattern[str]) -> tuple[int, bool]:
    text = cell.strip(SPACES + "\t")
    if not text:
        raise Unreadable("amount_missing", "The amount is blank; write it, 0.00 for none.")
    if text == "-" and style.dash_is_zero:
        return 0, False
    negative = False
    if style.brackets and text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip(SPACES)
    elif style.trailing_minus and text.endswith("-") and not text.startswith("-"):
        negative, text = True, text[:-1].rstrip(SPACES)
    signed = False
    if text.startswith("-") and not negative:
        negative, signed, text = True, True, text[1:].lstrip(SPACES)
    for mark in style.currency:
        if text.startswith(mark):
            text = text[len(mark) :].lstrip(SPACES)
            break
        if text.endswith(mark):
            text = text[: -len(mark)].rstrip(SPACES)
            break
    if text.startswith("-") and not negative and not signed:
        negative, text = True, text[1:].lstrip(SPACES)
    match = number.fullmatch(text)
    if not match:
        raise Unreadable(
            "amount_unreadable", "Not an amount in the style this profile names; write pounds such as 1234.50."
        )
    digits = match[1].replace(style.thousands, "") if style.thousands else match[1]
    fraction = match[2] or ""
    if len(digits.lstrip("0")) > 12:
        _too_large()
    pence, noise = _pence(digits, fraction)
    if pence > MAX_AMOUNT_PENCE:
        _too_large()
    return (-pence if negative else pence), noise


def _pence(digits: str, fraction: str) -> tuple[int, bool]:
    if len(fraction) <= 2 or not fraction[2:].strip("0"):
        return int(digits + (fraction + "00")[:2]), False
    if len(fraction) > NOISE_DIGITS:
        fraction = fraction[:40]
        scale = 10 ** (len(fraction) - 2)
        scaled = int(digits + fraction)
        pence, rest = divmod(scaled, scale)
        tolerance = scale // 10 ** (NOISE_DIGITS - 2)
        if rest <= tolerance:
            return pence, True
        if scale - rest <= tolerance:
            return pence + 1, True
    raise Unreadable("amount_unreadable", "The amount has parts of a penny; round it at its source to two decimals.")


def _too_large() -> tuple[int, bool]:
    raise Unreadable("amount_too_large", "The amount is larger than £100 billion; check for a slipped decimal point.")


TOKENS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "mmmm": r"(?P<name>[A-Za-z]{3,9})",
    "mmm": r"(?P<name>[A-Za-z]{3})",
    "mm": r"(?P<month>[0-9]{2})",
    "m": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{2})",
    "d": r"(?P<day>[0-9]{1,2})",
}
TOKEN = re.compile(r"y+|m+|d+", re.IGNORECASE)


def date_pattern(style: str) -> re.Pattern[str]:
    """`dd/mm/yyyy`, `yyyy-mm-dd`, `d-mmm-yyyy`, … as a pattern; other characters stand for themselves.

    ValueError where a part is unknown, given twice or absent; two-digit years are not offered, they lose the century.
    """
    parts, place = [], 0
    for match in TOKEN.finditer(style):
        token = TOKENS.get(match[0].lower())
        if token is None:
            raise ValueError(f"{match[0]} is not a part of a date; use yyyy, mmmm, mmm, mm, m, dd or d")
        parts += [re.escape(style[place : match.start()]), token]
        place = match.end()
    parts.append(re.escape(style[place:]))
    try:
        pattern = re.compile("".join(parts))
    except re.error:
        raise ValueError("each part of a date stands once in its format") from None
    groups = set(pattern.groupindex)
    if not {"year", "day"} <= groups or len(groups & {"month", "name"}) != 1:
        raise ValueError("a date format holds a year, a month and a day, each once")
    return pattern


def date_reader(styles: Sequence[str]) -> Callable[[str], str]:
    """A function from a cell to an ISO date, trying the styles in order. Raises Unreadable."""
    patterns = [date_pattern(style) for style in styles]
    shown = " or ".join(styles)
    known: dict[str, str] = {}

    def read(cell: str) -> str:
        found = known.get(cell)
        if found is None:
            if len(known) > 20_000:
                known.clear()
            found = known[cell] = slow(cell)
        return found

    def slow(cell: str) -> str:
        text = cell.strip(SPACES + "\t")
        if not text:
            raise Unreadable("date_missing", f"The date is blank; write it as {shown}.")
        for pattern in patterns:
            match = pattern.fullmatch(text)
            if match:
                parts = match.groupdict()
                month = MONTHS.get((parts.get("name") or "").lower()) or int(parts.get("month") or 0)
                try:
                    day = date(int(parts["year"]), month, int(parts["day"]))
                except ValueError:
                    raise Unreadable("date_impossible", "There is no such day; correct the date.") from None
                if not 1990 <= day.year <= 2100:
                    raise Unreadable("date_impossible", "The year lies outside 1990 to 2100; correct the date.")
                return day.isoformat()
        raise Unreadable("date_unreadable", f"Not a date written as {shown}.")

    return read


C1 = {code: bytes([code]).decode("cp1252", errors="ignore") or " " for code in range(0x80, 0xA0)}
"""Control characters that are really Windows punctuation, saved once too often as UTF-8."""
BREAKS = dict.fromkeys((*range(1, 32), 127, 133, 8232, 8233), " ")
REPAIR = C1 | BREAKS
GUARDED = ("'=", "'+", "'-", "'@")


def clean_text(cell: str) -> tuple[str, bool]:
    """The text without outer spaces, and whether characters in it had to be repaired. Raises Unreadable.

    Line breaks inside become spaces; Windows punctuation that was mangled into control characters is restored; the
    apostrophe that a file of errors puts before text a spreadsheet would run is taken off again (T-56).
    """
    if cell.isprintable():
        text, repaired = cell.strip(), False
    else:
        if "\x00" in cell:
            raise Unreadable("bad_text", "Holds a NUL character, which no text may hold; remove it.")
        if any("\ud800" <= character <= "\udfff" for character in cell):
            raise Unreadable("bad_text", "Holds half of a surrogate pair; send the whole character.")
        text = cell.translate(REPAIR).strip().strip("\ufeff")
        repaired = any("\x7f" <= character <= "\x9f" for character in cell)
    if text.startswith(GUARDED):
        text = text[1:]
    return text, repaired

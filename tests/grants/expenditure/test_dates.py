"""Single cells that name a day: clocks, zones, day numbers of spreadsheets, and signs that nobody sees."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grants.expenditure.cells import Unreadable
from services.grants.expenditure.dates import EXCEL_EPOCH, DateReader, other_order
from shared.periods import LONDON

CLOCK, US, SERIAL = "yyyy-mm-dd[time]", "m/d/yyyy[time]", "excel-serial"


def refusal(cell: str, *styles: str, decimal: str = ".") -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        DateReader(styles, decimal=decimal).read(cell)
    return refused.value


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("42825.99999999999", "2017-04-01"),
        ("42825.999999999996", "2017-04-01"),
        ("42825.9999999999", "2017-04-01"),
        ("42825.99999999", "2017-04-01"),
        ("42826.00000000001", "2017-04-01"),
        ("42826", "2017-04-01"),
        ("42826.0", "2017-04-01"),
        ("42825.75", "2017-03-31"),
        ("42825.5", "2017-03-31"),
        ("42825.99998842593", "2017-03-31"),  # 23:59:59
        ("42825.99999", "2017-03-31"),  # 23:59:59.136
        ("43100.99999999999", "2018-01-01"),
        ("32874", "1990-01-01"),
        ("73415.9", "2100-12-31"),
    ],
)
def test_a_day_number_is_the_day_that_the_spreadsheet_shows(cell: str, day: str) -> None:
    """Design section 6: float noise is normalised; an hour of the day is none."""
    assert DateReader([SERIAL]).read(cell) == day


@pytest.mark.parametrize(
    ("cell", "code", "words"),
    [
        ("42825.999999", "date_unreadable", "0.086 seconds before midnight and may mean 2017-03-31 or 2017-04-01"),
        ("42825.99999996528", "date_unreadable", "0.003 seconds before midnight"),  # 23:59:59.997
        ("4.2826E+04", "date_unreadable", '"4.2826E+04" is a number in scientific notation'),
        ("42825,5", "date_unreadable", '"42825,5" is not a day number'),
        ("42,826", "date_unreadable", '"42,826" is not a day number'),
        ("123456", "date_unreadable", "from 32874 (1 January 1990) to 73415 (31 December 2100)"),
        ("4282", "date_unreadable", "from 32874 (1 January 1990) to 73415"),
        ("-42826", "date_unreadable", '"-42826" is not a day number'),
        ("60", "date_unreadable", '"60" is not a day number'),
        ("10000", "date_impossible", '"10000" is 1927-05-18: the year lies outside 1990 to 2100'),
        ("73415.99999999999", "date_impossible", "is 2101-01-01"),
        ("42826.", "date_unreadable", '"42826."'),
    ],
)
def test_a_number_that_is_no_day_number_is_refused_in_words(cell: str, code: str, words: str) -> None:
    """Design section 6: nothing is guessed silently."""
    fault = refusal(cell, SERIAL)
    assert (fault.code, words in fault.detail) == (code, True), fault.detail


def test_a_decimal_comma_is_read_where_the_profile_writes_its_amounts_so() -> None:
    """Design section 6: JSON numbers come with the profile's own decimal mark."""
    read = DateReader([SERIAL], decimal=",").read
    assert [read(cell) for cell in ("42825,75", "42825,99999999999", "42825.75", "42826")] == [
        "2017-03-31", "2017-04-01", "2017-03-31", "2017-04-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("style", "cell", "day"),
    [
        (US, "3/31/2017 11:30:00 PM +00:00", "2017-04-01"),
        (US, "3/31/2017 11:30:00 pm +00:00", "2017-04-01"),
        (US, "3/31/2017 11:30:00 p.m. +00:00", "2017-04-01"),
        (US, "3/31/2017 11:30PM+00:00", "2017-04-01"),
        (US, "3/31/2017 11:30 PM Z", "2017-04-01"),
        (US, "3/31/2017 11:30 PM UTC", "2017-04-01"),
        (US, "3/31/2017 11 PM GMT", "2017-04-01"),
        (US, "3/31/2017, 11:30:00\u202fPM GMT", "2017-04-01"),
        (US, "3/31/2017 11:30 PM BST", "2017-03-31"),
        (US, "3/31/2017 11:30 PM +0100", "2017-03-31"),
        (US, "3/31/2017 11:30 AM +00:00", "2017-03-31"),
        (US, "3/31/2017 12:30 AM +00:00", "2017-03-31"),
        (US, "3/31/2017 12:30 AM +02:00", "2017-03-30"),
        (US, "3/31/2017 12:30 PM +00:00", "2017-03-31"),
        (US, "3/31/2017 12:30 PM -12:00", "2017-04-01"),
        (US, "3/31/2017 7:30 PM -05:00", "2017-04-01"),
        (US, "3/31/2017 7:30 PM \u22125", "2017-04-01"),
        (US, "3/31/2017 11:30:00 PM", "2017-03-31"),
        (US, "3/31/2017 12:00:00 AM", "2017-03-31"),
        (US, "3/31/2017 11:59:59PM", "2017-03-31"),
        (CLOCK, "2017-03-31T23:59:59.9999999", "2017-03-31"),
        (CLOCK, "2017-03-31T23:59:59.999", "2017-03-31"),
        (CLOCK, "2017-03-31 23:59:59,997", "2017-03-31"),
        (CLOCK, "2017-03-31T23:59:60", "2017-03-31"),
        (CLOCK, "2016-12-31T23:59:60Z", "2016-12-31"),
        (CLOCK, "2016-12-31T23:59:59.9999999Z", "2016-12-31"),
        (CLOCK, "2017-03-31T23:59:59.9999999Z", "2017-04-01"),
        (CLOCK, "2017-03-31T22:59:59.9999999Z", "2017-03-31"),
        (CLOCK, "2017-03-31t23:30:00z", "2017-04-01"),
        (CLOCK, "2017-04-01T00:30+01:00[Europe/London]", "2017-04-01"),
        (CLOCK, "2017-04-01T00:30:00 GMT+0200 (CEST)", "2017-03-31"),
        (CLOCK, "2017-01-31T12:00 BST", "2017-01-31"),
        (CLOCK, "2017-03-31", "2017-03-31"),
        ("dd/mm/yyyy[time]", "31/03/2017 23:30 UTC-1", "2017-04-01"),
        ("dd-mmm-yy[time]", "31-Mar-17 11.30 PM", None),
    ],
)
def test_a_clock_moves_the_day_with_its_zone_and_never_without(style: str, cell: str, day: str | None) -> None:
    """G-3: the day that London had then; AM and PM are counted before the zone."""
    if day is None:
        assert '"11.30 PM" cannot be read' in refusal(cell, style).detail
    else:
        assert DateReader([style]).read(cell) == day


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("3/31/2017 13:00 PM", "with AM and PM the hours are 1 to 12"),
        ("3/31/2017 13:00 AM", "with AM and PM the hours are 1 to 12"),
        ("3/31/2017 0:30 PM", "with AM and PM the hours are 1 to 12"),
        ("3/31/2017 24:00", "24:00 is the start of the next day"),
        ("3/31/2017 24:00:00 +00:00", "24:00 is the start of the next day"),
        ("3/31/2017 25:61", "the hours are 00 to 23"),
        ("3/31/2017 23:60", "the hours are 00 to 23"),
        ("3/31/2017 23:59:61", "the hours are 00 to 23"),
        ("3/31/2017 23:00 +15:00", "no zone is further from UTC than 14 hours"),
        ("3/31/2017 23:00 +00:99", "no zone is further from UTC than 14 hours"),
        ("1/31/2017 00:30 BST", "British summer time does not hold on that day"),
        ("3/31/2017 23:00 EST", 'The time "23:00 EST" cannot be read'),
        ("3/31/2017 11:30:00 XM", 'The time "11:30:00 XM" cannot be read'),
    ],
)
def test_a_clock_that_no_day_has_is_refused_in_words(cell: str, words: str) -> None:
    """G-3: no guess at what was meant."""
    assert words in refusal(cell, US).detail


@pytest.mark.parametrize(
    ("style", "cell"),
    [
        ("dd/mm/yyyy", "\u200e04/04/2017\u200e"),
        ("dd/mm/yyyy", "\u200f04\u200f/04\u200f/2017"),
        ("dd/mm/yyyy", "\u00a004/04/2017\u00a0"),
        ("dd/mm/yyyy", "04/\u200b04/\u20602017"),
        ("dd/mm/yyyy", "\ufeff04/04/2017"),
        ("dd/mm/yyyy", "04\uff0f04\uff0f2017"),
        ("dd/mm/yyyy", "04\u204404\u22152017"),
        ("dd/mm/yyyy", "\uff10\uff14/\uff10\uff14/2017"),
        ("dd-mm-yyyy", "04\u201304\u20132017"),
        ("dd-mm-yyyy", "04\u201104\u20112017"),
        ("dd-mm-yyyy", "04\u221204\u22122017"),
        ("dd.mm.yyyy", "04\uff0e04\uff0e2017"),
        ("d mmmm yyyy", "4\u00a0April\u202f2017"),
        ("dd\u2013mm\u2013yyyy", "04-04-2017"),
        ("yyyy-mm-dd[time]", "\u200e2017-04-04\u200eT\u200e10:00"),
        ("excel-serial", "\u200e42829\u200e"),
    ],
)
def test_signs_that_nobody_sees_are_no_part_of_a_day(style: str, cell: str) -> None:
    """Design section 6: a day is read as its reader sees it."""
    assert DateReader([style]).read(cell) == "2017-04-04"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            "\u200e4th April\u200e",
            '"4th April" is not a date written as dd/mm/yyyy (it holds U+200E LEFT-TO-RIGHT MARK)',
        ),
        ("04/04/201\u2077", "U+2077 SUPERSCRIPT SEVEN"),
        ("\u0660\u0664/04/2017", "U+0660 ARABIC-INDIC DIGIT ZERO"),
        ("04\u00ad04\u00ad2017", "U+00AD SOFT HYPHEN"),
        ("04\u29f804\u2023 2017", "U+2023 TRIANGULAR BULLET"),
    ],
)
def test_a_reason_names_the_sign_that_nobody_sees(cell: str, words: str) -> None:
    """Design section 6: refused with words that name it."""
    assert words in refusal(cell, "dd/mm/yyyy").detail


@pytest.mark.parametrize(
    ("styles", "cell", "words"),
    [
        (("dd/mm/yyyy",), "04/13/2017", '"04/13/2017" names no day as dd/mm/yyyy; it fits mm/dd/yyyy (2017-04-13).'),
        (("mm/dd/yyyy",), "13/04/2017", '"13/04/2017" names no day as mm/dd/yyyy; it fits dd/mm/yyyy (2017-04-13).'),
        (("d.m.yy",), "4.13.17", '"4.13.17" names no day as d.m.yy; it fits m.d.yy (2017-04-13).'),
        (("dd/mm/yyyy",), "2017-04-13", '"2017-04-13" is not a date written as dd/mm/yyyy; it fits yyyy-mm-dd.'),
        (("yyyy-mm-dd",), "13/04/2017", "it fits dd/mm/yyyy."),
        (("yyyy-mm-dd",), "03/04/2017", "it fits dd/mm/yyyy or mm/dd/yyyy."),
        (("dd/mm/yyyy",), "13/04/2017 10:00", "it fits dd/mm/yyyy[time]."),
        (("yyyy-mm-dd",), "42826", "it fits excel-serial."),
        (("dd/mm/yyyy",), "31/02/2017", 'There is no such day: "31/02/2017" as dd/mm/yyyy'),
        (("yyyy-mm-dd",), "soon", '"soon" is not a date written as yyyy-mm-dd; correct it.'),
        (("dd/mm/yyyy",), "01/04/1917", 'The year of "01/04/1917" lies outside 1990 to 2100'),
        (("yyyy-mm-dd",), "x" * 99, f'"{"x" * 63}…" is not a date'),
        (("yyyy-mm-dd",), "x" * 5000, f'"{"x" * 63}…" is longer than any date'),
        (("yyyy-mm-dd",), "a\x00b\ud800", '"a b?" is not a date'),
    ],
)
def test_a_reason_quotes_the_text_and_says_what_would_fit(styles: tuple[str, ...], cell: str, words: str) -> None:
    """Design section 5: what is wrong with which value, then what to do."""
    assert words in refusal(cell, *styles).detail


@pytest.mark.parametrize(
    ("style", "other"),
    [
        ("dd/mm/yyyy", "mm/dd/yyyy"),
        ("m-d-yy", "d-m-yy"),
        ("ddmmyyyy", "mmddyyyy"),
        ("ddd dd.mm.yyyy[time]", "ddd mm.dd.yyyy[time]"),
        ("d/mm/yyyy", "m/dd/yyyy"),
        ("yyyy-dd-mm", "yyyy-mm-dd"),
        ("yyyy-mm-dd", None),
        ("yymmdd", None),
        ("dd-mmm-yyyy", None),
        ("mmmm yyyy", None),
        ("do mm yyyy", None),
        ("yyyymmdd[time]", None),
    ],
)
def test_the_other_order_exchanges_day_and_month_where_both_are_figures(style: str, other: str | None) -> None:
    assert other_order(style) == other


DAYS = st.dates(date(1990, 1, 2), date(2100, 12, 30))
MARKS = st.sampled_from(["", " ", "\u00a0", "\u200e", "\u200b", "\ufeff", "\u2009", "\u202f\u200f", "\u2060"])
MONTH_NAMES = tuple(calendar.month_name)[1:]
STYLES = ("dd/mm/yyyy", "mm/dd/yyyy", "d.m.yyyy", "m-d-yyyy", "yyyy-mm-dd", "yyyymmdd", "d mmmm yyyy", "mmm d, yyyy",
          "dd-mm-yy", "m/d/yy")  # fmt: skip
DASHES = ("-", "\u2010", "\u2011", "\u2013", "\u2212", "\uff0d")


def written(style: str, day: date) -> str:
    parts = {
        "yyyy": f"{day.year}", "yy": f"{day.year % 100:02d}", "mmmm": MONTH_NAMES[day.month - 1],
        "mmm": MONTH_NAMES[day.month - 1][:3], "mm": f"{day.month:02d}", "m": f"{day.month}", "dd": f"{day.day:02d}",
        "d": f"{day.day}",
    }  # fmt: skip
    out, place = "", 0
    while place < len(style):
        token = next((name for name in parts if style.startswith(name, place)), None)
        out += parts[token] if token else style[place]
        place += len(token or "x")
    return out


@given(
    DAYS, st.sampled_from(STYLES), st.times(), st.sampled_from(("", "24", "12", "12.")),
    st.none() | st.integers(-14 * 4, 14 * 4), MARKS, MARKS, st.sampled_from(DASHES), st.booleans(),
)  # fmt: skip
def test_the_day_read_is_the_day_written_whatever_stands_around_it(
    day: date, style: str, clock: time, hours: str, zone: int | None, before: str, behind: str, dash: str, slash: bool
) -> None:
    """G-3: in London time; only a zone moves a day, and signs that nobody sees do nothing."""
    if "yyyy" not in style:
        day = day.replace(year=2000 + day.year % 100, day=min(day.day, 28))
    text, expected = written(style, day).replace("-", dash), day
    if slash:
        text = text.replace("/", "\uff0f")
    if hours == "24":
        text += f"T{clock.hour:02d}:{clock.minute:02d}:{clock.second:02d}.{clock.microsecond:06d}"
    elif hours:
        half = ("p.m." if hours == "12." else "PM") if clock.hour >= 12 else ("a.m." if hours == "12." else "am")
        text += f" {clock.hour % 12 or 12}:{clock.minute:02d}:{clock.second:02d}\u202f{half}"
    if hours and zone is not None:
        offset = timedelta(minutes=15 * zone)
        minutes = abs(zone) * 15
        text += f" {'-' if zone < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
        instant = datetime.combine(day, clock.replace(microsecond=0), timezone(offset))
        expected = instant.astimezone(UTC).astimezone(LONDON).date()
    if date(1990, 1, 1) <= expected <= date(2100, 12, 31):
        assert DateReader([f"{style}[time]"]).read(before + text + behind) == expected.isoformat()


@given(DAYS, st.integers(0, 86_399), st.floats(-1e-11, 1e-11))
def test_a_day_number_with_any_second_of_the_day_is_that_day(day: date, second: int, noise: float) -> None:
    """Design section 6: no second of a day is taken for the next, and no noise for an hour."""
    serial = (day - EXCEL_EPOCH).days + second / 86_400 + (noise if second == 0 else 0)
    assert DateReader([SERIAL]).read(f"{serial:.15f}") == day.isoformat()

"""Amounts, dates and texts as finance systems write them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grants.expenditure.amounts import AmountStyle, amount_reader
from services.grants.expenditure.cells import Unreadable, clean_text
from services.grants.expenditure.dates import DateReader, date_pattern

PLAIN = amount_reader(AmountStyle())
BRITISH = amount_reader(AmountStyle(thousands=",", currency=("£", "GBP"), brackets=True, trailing_minus=True))
CONTINENTAL = amount_reader(AmountStyle(decimal=",", thousands="."))


@pytest.mark.parametrize(
    ("read", "cell", "pence"),
    [
        (PLAIN, "1616.23 ", 161623),
        (PLAIN, "312.2", 31220),
        (PLAIN, "6483", 648300),
        (PLAIN, "-0.50", -50),
        (PLAIN, "5.000", 500),
        (BRITISH, "(1,301.00)", -130100),
        (BRITISH, "£ 1,000.00", 100000),
        (BRITISH, "-£5.00", -500),
        (BRITISH, "£-5.00", -500),
        (BRITISH, "12.00-", -1200),
        (BRITISH, "1,234,567.89 GBP", 123456789),
        (BRITISH, "\u00a01,000.00\u00a0", 100000),
        (CONTINENTAL, "1.234,56", 123456),
    ],
)
def test_an_amount_in_the_profiles_style_is_exact_pence(read, cell, pence) -> None:  # type: ignore[no-untyped-def]
    """G-1, T-57: no float on the way."""
    assert read(cell) == (pence, False)


@pytest.mark.parametrize(
    "cell",
    [
        "1_000.00",
        "１２.00",
        "NaN",
        "Infinity",
        "1e5",
        "-",
        "--5",
        "1,000.00",
        "(5.00)",
        "£5",
        "12.345",
        ".50",
        "5.",
        "0x10",
    ],
)
def test_an_amount_outside_the_profiles_style_is_refused_not_guessed(cell: str) -> None:
    with pytest.raises(Unreadable) as refused:
        PLAIN(cell)
    assert refused.value.code == "amount_unreadable"


@pytest.mark.parametrize("cell", ["9" * 30, "100000000000.01", "-" + "9" * 30, "1" + "0" * 400])
def test_an_amount_larger_than_any_line_is_refused(cell: str) -> None:
    with pytest.raises(Unreadable) as refused:
        PLAIN(cell)
    assert refused.value.code == "amount_too_large"


@pytest.mark.parametrize("cell", ["1,00.00", "(-5.00)", "£", "1,2345.00", "£1.00£"])
def test_marks_in_wrong_places_are_refused(cell: str) -> None:
    with pytest.raises(Unreadable):
        BRITISH(cell)


@pytest.mark.parametrize(
    ("cell", "pence"), [("7956.420000000001", 795642), ("7956.4199999999", 795642), ("0.10000000000000001", 10)]
)
def test_float_noise_is_taken_off_and_told(cell: str, pence: int) -> None:
    """§6: noise of a spreadsheet is normalised and flagged."""
    assert PLAIN(cell) == (pence, True)


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_any_amount_survives_being_written_and_read(pence: int) -> None:
    """G-1."""
    sign, whole = ("-" if pence < 0 else ""), abs(pence)
    assert PLAIN(f"{sign}{whole // 100}.{whole % 100:02d}") == (pence, False)
    assert BRITISH(f"{sign}£{whole // 100:,}.{whole % 100:02d}") == (pence, False)


@given(st.text(max_size=20))
def test_no_cell_makes_the_readers_fail_otherwise_than_by_refusal(cell: str) -> None:
    for read in (PLAIN, BRITISH, CONTINENTAL, DateReader(["dd/mm/yyyy", "d mmmm yyyy"]).read, clean_text):
        with suppress(Unreadable):
            read(cell)


@pytest.mark.parametrize(
    ("style", "cell", "day"),
    [
        ("dd/mm/yyyy", "24/12/2010", "2010-12-24"),
        ("dd-mmm-yyyy", "09-Mar-2011", "2011-03-09"),
        ("d mmmm yyyy", "1 september 2017", "2017-09-01"),
        ("yyyymmdd", "20170403", "2017-04-03"),
        ("yyyy-mm-dd", " 2017-04-03 ", "2017-04-03"),
        ("mm/dd/yyyy", "02/01/2017", "2017-02-01"),
    ],
)
def test_a_date_is_read_in_the_profiles_format(style: str, cell: str, day: str) -> None:
    assert DateReader([style]).read(cell) == day


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("31/02/2017", "date_impossible"),
        ("29/02/2017", "date_impossible"),
        ("01/13/2017", "date_impossible"),
        ("01/01/1889", "date_impossible"),
        ("01/01/17", "date_unreadable"),
        ("1/1/2017", "date_unreadable"),
        ("2017-01-01", "date_unreadable"),
        ("", "date_missing"),
    ],
)
def test_an_impossible_or_short_date_is_refused(cell: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        DateReader(["dd/mm/yyyy"]).read(cell)
    assert refused.value.code == code


@pytest.mark.parametrize("style", ["dd/yy", "dd/mm", "dd/dd/yyyy", "yyyy-mm-mmm-dd", "x", "yyyyy-mm-dd"])
def test_a_date_format_that_cannot_name_a_day_is_refused(style: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        date_pattern(style)


def test_texts_are_trimmed_and_mangled_punctuation_is_restored() -> None:
    """T-13: names stand as on the vendor's record; only what no text may hold is mended."""
    assert clean_text("  Alpha  Plus ") == ("Alpha  Plus", False)
    assert clean_text("Penna Plc\u00a0") == ("Penna Plc", False)
    assert clean_text("Children\u0092s services") == ("Children’s services", True)
    assert clean_text("two\r\nlines") == ("two  lines", False)
    assert clean_text("'=SUM(A1)") == ("=SUM(A1)", False)
    with pytest.raises(Unreadable):
        clean_text("a\x00b")
    with pytest.raises(Unreadable):
        clean_text("a\ud800b")

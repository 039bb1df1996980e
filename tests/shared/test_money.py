"""Money and its display."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import MAX_PENCE, pence_of_pounds, percent, pounds, sterling, thousands


@given(st.integers(-MAX_PENCE, MAX_PENCE))
def test_pounds_and_pence_turn_into_each_other_exactly(pence: int) -> None:
    """G-1, T-57: no float on the way in either direction."""
    assert pence_of_pounds(pounds(pence)) == pence
    assert Decimal(pounds(pence)) * 100 == pence


def test_pounds_have_two_decimals_and_never_a_negative_zero() -> None:
    """T-55: `-0.00` and signs of currency do not occur."""
    assert [pounds(value) for value in (0, -5, 5, -2612345, 2512300)] == [
        "0.00",
        "-0.05",
        "0.05",
        "-26123.45",
        "25123.00",
    ]
    assert sterling(-123456789) == "-£1,234,567.89"


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1.", ".5", "1.234", "1,000", "1_000", "١٢", "1e3", "NaN", "+1", "--1", " 1", "9" * 30]
)
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        pence_of_pounds(text)


def test_percentages_are_of_unrounded_pence_with_three_decimals_half_up() -> None:
    """G-35, worked examples 9 to 11."""
    assert percent(700_000, 2_140_000_000) == "0.033"
    assert percent(1_400_000, 2_100_000_000) == "0.067"
    assert percent(1_875_000, 2_100_000_000) == "0.089"
    assert percent(1, 8, places=2) == "12.50"
    assert percent(1, 0) is None


def test_thousands_round_each_figure_half_away_from_zero_with_negatives_in_brackets() -> None:
    """G-40, worked examples 12 and 13: 10, 10, 10 and a total of 31; 11 and (11)."""
    assert [thousands(1_040_000)] * 3 + [thousands(3 * 1_040_000)] == ["10", "10", "10", "31"]
    assert (thousands(1_050_000), thousands(-1_050_000)) == ("11", "(11)")
    assert thousands(-40_000) == "0"

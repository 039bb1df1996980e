"""Money: integer pence inside, pounds with two decimals in files, rounding only for display (G-1, G-35, G-40)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MAX_PENCE = 2**63 - 1
"""Largest amount a `BigInteger` column holds."""


def pounds(pence: int) -> str:
    """`-123456` → `-1234.56`: plain decimal pounds for CSV, no sign of currency, no thousands mark, never `-0.00`."""
    sign = "-" if pence < 0 else ""
    return f"{sign}{abs(pence) // 100}.{abs(pence) % 100:02d}"


def sterling(pence: int) -> str:
    """`123456789` → `£1,234,567.89`, for people."""
    sign = "-" if pence < 0 else ""
    return f"{sign}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def thousands(pence: int) -> str:
    """Thousands of pounds from the figure's own pence, half away from zero, negatives in brackets (G-40)."""
    rounded = rounded_thousands(pence)
    return f"({-rounded:,})" if rounded < 0 else f"{rounded:,}"


def rounded_thousands(pence: int) -> int:
    """Whole thousands of pounds, half away from zero (G-40): what `thousands` shows, to see whether figures add up."""
    rounded = (abs(pence) + 50_000) // 100_000
    return -rounded if pence < 0 else rounded


def percent(part: int, whole: int, places: int = 3) -> str | None:
    """Share of `part` in `whole` in per cent, from unrounded pence, half up, as text (G-35). None without a whole."""
    if whole == 0:
        return None
    exponent = Decimal(1).scaleb(-places)
    return str((Decimal(part) * 100 / Decimal(whole)).quantize(exponent, rounding=ROUND_HALF_UP))


def pence_of_pounds(text: str) -> int:
    """Plain decimal pounds, such as `1234.5`, as pence. ValueError for anything else; no float on the way (T-57)."""
    digits = text.removeprefix("-")
    whole, _, fraction = digits.partition(".")
    if not (
        digits.isascii() and whole.isdigit() and (fraction.isdigit() or ("." not in digits)) and len(fraction) <= 2
    ):
        raise ValueError("not a plain amount in pounds with at most two decimals")
    pence = int(whole) * 100 + int((fraction + "00")[:2])
    if pence > MAX_PENCE:
        raise ValueError("larger than any amount that can be kept")
    return -pence if text.startswith("-") else pence

"""Whether the procurement duties apply to a publisher's period, and when they fall due. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from services.transparency.obligations.rules import Reading, thirty_days_beginning_with
from shared.errors import Conflict
from shared.periods import FinancialYear, HalfYear, Quarter

PAYMENTS, PERFORMANCE = "PAYMENTS30K", "PAYMENTPERFORMANCE"
"""Codes of the two duties."""


@dataclass(frozen=True)
class Owed:
    """A duty that falls due for one period."""

    code: str
    subject: str
    label: str
    year: str
    reading: Reading


class NotContractingAuthority(Conflict):
    code = "not_contracting_authority"
    title = "The publisher is not a contracting authority in this period"


def refuse_outside(publisher: str, what: str, period: Quarter | HalfYear, since: date | None) -> None:
    """Neither dataset exists for a publisher that is no contracting authority by the period's end (T-61, T-62)."""
    address = f"/v1/publishers/{publisher}/contracting-authority"
    if since is None:
        raise NotContractingAuthority(
            f"{publisher} has no contracting_authority_from, so it neither owes nor publishes {what}. If it buys as a "
            f"contracting authority, a finance lead sets the day with PUT {address}.",
            extra={"contracting_authority_from": None},
        )
    if period.end < since:
        raise NotContractingAuthority(
            f"{publisher} is a contracting authority from {said(since)}, and {period.label} ended before that, on "
            f"{said(period.end)}. Choose a later period, or correct the day with PUT {address}.",
            extra={"contracting_authority_from": since.isoformat()},
        )


def owed(years: Collection[FinancialYear], since: date | None) -> list[Owed]:
    """The duties of these years: every quarter and half-year that ends on the day or later (T-44)."""
    if since is None:
        return []
    found = []
    for year in sorted(years):
        periods: list[tuple[str, Quarter | HalfYear]] = [(PAYMENTS, quarter) for quarter in year.quarters]
        periods += [(PERFORMANCE, HalfYear(year, number)) for number in (1, 2)]
        found += [
            Owed(code, period.slug, period.label, year.slug, thirty_days(period))
            for code, period in periods
            if period.end >= since
        ]
    return found


def thirty_days(period: Quarter | HalfYear) -> Reading:
    """Thirty days that begin with the period's last day: 29 days on (T-44)."""
    due = thirty_days_beginning_with(period.end)
    return Reading(
        "thirty_days",
        due,
        f"{period.label} ends on {said(period.end)}; of the thirty days that begin with it the last is {said(due)}.",
    )


def said(day: date) -> str:
    """`30 June 2017`, for people."""
    return f"{day.day} {day:%B %Y}"

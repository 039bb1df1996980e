"""What is said of periods without a file, of lateness, shares and payees. Pure: facts in, figures out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from shared.errors import Invalid, Malformed, NotFound
from shared.periods import FinancialYear

PeriodState = Literal["published", "withdrawn", "suspended", "overdue", "not_yet_due", "not_applicable", "no_duty"]

LARGEST_PAYEES = 10


class UnreadablePosition(Malformed):
    code = "unreadable_position"
    title = "The position in the list of changes cannot be read"


class BadYear(Invalid):
    code = "bad_year"
    title = "The year is no financial year"


class NoSuchProfile(NotFound):
    code = "profile_not_found"
    title = "No dataset of this name has a data dictionary"


@dataclass(frozen=True)
class Duty:
    """A duty of a period, as far as a reader of the period's file wants to know it."""

    code: str
    subject: str
    """Slug of the period, or the id of a meeting."""
    period: str
    """The same for people."""
    state: str
    due_on: date | None
    days_late: int | None
    lateness_known: bool = True


@dataclass(frozen=True)
class Timeliness:
    """Whether a period was published on time. None where no duty says by when, or it has not been assessed."""

    on_time: bool | None
    days_late: int | None
    due_on: date | None


def timeliness(duties: Sequence[Duty], today: date) -> Timeliness:
    """The worst of the period's duties counts; one that is missed is late by another day each day (T-58).

    A duty whose lateness nobody knows says nothing: it was entered here after its day.
    """
    known = [duty for duty in duties if duty.lateness_known]
    due_on = min((duty.due_on for duty in known if duty.due_on is not None), default=None)
    judged = [duty for duty in known if duty.state in ("met", "met_late", "missed")]
    if not judged:
        return Timeliness(None, None, due_on)
    days = max(_days_late(duty, today) for duty in judged)
    return Timeliness(days == 0, days, due_on)


def _days_late(duty: Duty, today: date) -> int:
    if duty.state == "missed" and duty.due_on is not None:
        return max(1, (today - duty.due_on).days)
    return duty.days_late or 0


def period_state(duties: Sequence[Duty], today: date, *, edition_state: str | None) -> PeriodState:
    """What a reader is told of a period: a gap is named and never left out (T-51).

    `edition_state` is the state of its newest edition that was published once; None where there is none.
    """
    if edition_state in ("published", "superseded"):
        return "published"
    if edition_state == "suspended":
        return "suspended"
    if edition_state == "withdrawn":
        return "withdrawn"
    if not duties:
        return "no_duty"
    if all(duty.state == "not_applicable" for duty in duties):
        return "not_applicable"
    waiting = [duty for duty in duties if duty.state != "not_applicable"]
    if any(duty.due_on is not None and duty.due_on < today for duty in waiting):
        return "overdue"
    return "not_yet_due"


def days_to_correction(fault_found_on: date | None, published_on: date | None) -> int | None:
    """Days from the day on which the fault was found to the day the correction came out."""
    if fault_found_on is None or published_on is None:
        return None
    return (published_on - fault_found_on).days


def median(days: Iterable[int]) -> str | None:
    """The middle value as text; of two middle ones their mean, with one decimal. None where there is nothing."""
    found = sorted(days)
    if not found:
        return None
    middle = len(found) // 2
    if len(found) % 2:
        return str(found[middle])
    mean = Decimal(found[middle - 1] + found[middle]) / 2
    return str(mean.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)).removesuffix(".0")


@dataclass(frozen=True)
class Payee:
    """What one payee received in an edition. Withheld payees are one, because nothing may link two of them (T-19)."""

    name: str
    pence: int
    rows: int
    withheld: bool = False


WITHHELD_PAYEES = "Withheld names, all together"


def largest_payees(rows: Iterable[Payee], most: int = LARGEST_PAYEES) -> list[Payee]:
    """The payees with the largest totals, the largest first; of equal ones by name."""
    totals: dict[tuple[str, bool], Payee] = {}
    for row in rows:
        key = (WITHHELD_PAYEES, True) if row.withheld else (row.name, False)
        before = totals.get(key, Payee(key[0], 0, 0, withheld=row.withheld))
        totals[key] = Payee(before.name, before.pence + row.pence, before.rows + row.rows, withheld=row.withheld)
    return sorted(totals.values(), key=lambda payee: (-payee.pence, payee.name))[:most]


def year_of(text: str) -> str:
    """The year as addresses have it, `2017-18`; both ways of writing it are taken."""
    try:
        return FinancialYear.parse(text).slug
    except ValueError as error:
        raise BadYear(f"The year {text[:64]} cannot be read: {error}.", parameter="year") from error

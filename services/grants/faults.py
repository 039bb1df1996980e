"""Refusals that several parts of the service raise, and the way to raise several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from shared.errors import Conflict, ErrorItem, Invalid, NotFound, Refusal
from shared.periods import FinancialYear, Quarter


class BadYearLabel(Invalid):
    code = "bad_year_label"
    title = "This is not a financial year"


class FutureDate(Invalid):
    """No actual lies in the future (G-32)."""

    code = "future_date"
    title = "The day lies in the future"


class NoBudget(Conflict):
    code = "no_budget"
    title = "There is no budget on that day"


def no_budget(fix: str, awaiting: int | None, pointer: str) -> NoBudget:
    """No version is in effect; `awaiting` is the number of one that only lacks a second person's approval."""
    if awaiting is not None:
        return NoBudget(f"Version {awaiting} of the budget awaits approval by a second person.", pointer=pointer)
    return NoBudget(fix, pointer=pointer)


class UnknownLine(Invalid):
    code = "unknown_line"
    title = "The budget has no such line"


class RepeatedLine(Invalid):
    code = "repeated_line"
    title = "A line stands more than once"


class YearClosed(Conflict):
    """A closed year is read-only (G-38)."""

    code = "year_closed"
    title = "The year is closed"


class SpendMissing(Conflict):
    """Absence is not zero (G-31)."""

    code = "spend_missing"
    title = "A figure is missing"


def raise_together(faults: Sequence[Refusal]) -> None:
    """Raise the first fault with every fault's errors, so that all come at once; nothing where there are none.

    A field that has the wrong shape hides what rules say about it, so 422 goes before 409.
    """
    if not faults:
        return
    shape = [fault for fault in faults if fault.status == 422]
    shown = shape or list(faults)
    errors: list[ErrorItem] = [error for fault in shown for error in fault.errors]
    first = shown[0]
    detail = first.detail if len(errors) == 1 else f"{len(errors)} faults; the first: {first.detail}"
    raise type(first)(detail, errors=errors, extra=first.extra)


def line_faults(lines: Mapping[str, str], codes: Sequence[str], *, missing_what: str = "") -> list[Refusal]:
    """Faults of a list of figures that must name every carrying line once (G-31)."""
    faults: list[Refusal] = []
    for index, code in enumerate(codes):
        if code not in lines:
            faults.append(
                UnknownLine(
                    "No carrying line has this code; use the codes of the budget.", pointer=f"/lines/{index}/code"
                )
            )
        elif code in codes[:index]:
            faults.append(RepeatedLine("The line stands above already; give it once.", pointer=f"/lines/{index}/code"))
    faults.extend(
        SpendMissing(f"No {missing_what}figure for {code} {name}; enter a value even if zero.", pointer="/lines")
        for code, name in lines.items()
        if code not in codes
    )
    return faults


def year_of(label: str, *, pointer: str | None = None, parameter: str | None = None) -> FinancialYear:
    """The year behind `2017/18` or `2017-18` (G-2). BadYearLabel otherwise."""
    try:
        return FinancialYear.parse(label)
    except ValueError as error:
        raise BadYearLabel(
            "Write a financial year as 2017/18 or 2017-18, the second year following the first.",
            pointer=pointer,
            parameter=parameter,
        ) from error


def quarter_of(slug: str, year: FinancialYear) -> Quarter:
    """The quarter behind `2017-18-q1`, where it belongs to the year; NotFound for another year's."""
    try:
        quarter = Quarter.parse(slug)
    except ValueError as error:
        raise BadYearLabel("Write a quarter as 2017-18-q1, Q1 being April to June.", parameter="quarter") from error
    if quarter.year != year:
        raise NotFound(f"The agreement covers {year.label}; its quarters are {year.slug}-q1 to {year.slug}-q4.")
    return quarter


def quarter_in_body(slug: str, year: FinancialYear, pointer: str) -> Quarter:
    """As `quarter_of`, for a field of a request: another year's quarter is a bad value there."""
    try:
        quarter = Quarter.parse(slug)
    except ValueError as error:
        raise BadYearLabel("Write a quarter as 2017-18-q1, Q1 being April to June.", pointer=pointer) from error
    if quarter.year != year:
        raise BadYearLabel(
            f"The agreement covers {year.label}; name one of {year.slug}-q1 to {year.slug}-q4.", pointer=pointer
        )
    return quarter


def uuid_of(text: str) -> UUID | None:
    """The id a path segment holds, if it is one."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def not_after(day: date, today: date, pointer: str) -> None:
    """Refuse a day after today (G-32)."""
    if day > today:
        raise FutureDate(f"Give a day not after {today.isoformat()}.", pointer=pointer)


class EarlierThanForerunner(Conflict):
    """A fact that supersedes another cannot have happened before it: as-at reads would show them in the wrong order."""

    code = "earlier_than_forerunner"
    title = "It lies before what it follows"


def earlier_than_forerunner(what: str) -> Refusal:
    return EarlierThanForerunner(
        f"happened_at lies before the {what} that this one follows; state a later time.", pointer="/happened_at"
    )


class WrongTerritory(Conflict):
    """The grant covers its territory only (G-6)."""

    code = "wrong_territory"
    title = "The place lies outside the agreement's territory"

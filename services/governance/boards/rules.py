"""Boards and rule sets: what may stand beside what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.errors import Conflict, Invalid


class OrganisationUnknown(Conflict):
    code = "organisation_unknown"
    title = "The organisation is not known here yet"


class BoardExists(Conflict):
    code = "board_exists"
    title = "There is a board of that slug"


class RuleSetsOverlap(Conflict):
    code = "rule_sets_overlap"
    title = "Two rule sets of a board would bind on the same day"


class ClosedDayExists(Conflict):
    code = "closed_day_exists"
    title = "That day is already listed"


@dataclass(frozen=True)
class Validity:
    """From one day to another, both counted; an open end lasts."""

    first: date
    last: date | None

    def overlaps(self, other: Validity) -> bool:
        return (other.last is None or self.first <= other.last) and (self.last is None or other.first <= self.last)


def check_rule_set(new: Validity, others: Sequence[Validity]) -> None:
    """No two rule sets of one board are in force on one day (B-10, B-27)."""
    if new.last is not None and new.last < new.first:
        raise Invalid("valid_to lies before valid_from.", pointer="/valid_to")
    for other in others:
        if new.overlaps(other):
            end = other.last.isoformat() if other.last else "no end"
            raise RuleSetsOverlap(
                f"One is in force from {other.first.isoformat()} to {end}; end that one first, or choose other days.",
                pointer="/valid_from",
            )


def check_year_start(month: int, day: int) -> None:
    """A meeting year starts on a day that every year has."""
    if not (1 <= month <= 12 and 1 <= day <= 28):
        raise Invalid("A meeting year starts on a day between the 1st and the 28th.", pointer="/meeting_year_start")

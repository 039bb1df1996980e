"""How punctual a publisher was in a year, added up from its judged duties (T-48, T-58). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.money import percent


@dataclass(frozen=True)
class Judged:
    """What the record must know of one duty."""

    state: str
    days_late: int | None
    lateness_known: bool


@dataclass(frozen=True)
class Punctuality:
    """Numbers of duties, and days."""

    duties: int
    on_time: int
    late: int
    late_unknown: int
    """Met late because it was entered here after its day: that says nothing of when the body published."""
    missed: int
    not_judged: int
    waiting: int
    not_applicable: int
    on_time_percent: str | None
    """Of those on time, late and missed, one decimal."""
    days_late_total: int
    days_late_longest: int


def add_up(duties: Sequence[Judged]) -> Punctuality:
    late = [duty for duty in duties if duty.state == "met_late" and duty.lateness_known]
    on_time, missed = _in(duties, "met"), _in(duties, "missed")
    days = [duty.days_late or 0 for duty in late]
    return Punctuality(
        duties=len(duties),
        on_time=on_time,
        late=len(late),
        late_unknown=_in(duties, "met_late") - len(late),
        missed=missed,
        not_judged=_in(duties, "not_judged"),
        waiting=_in(duties, "upcoming", "due_soon"),
        not_applicable=_in(duties, "not_applicable"),
        on_time_percent=percent(on_time, on_time + len(late) + missed, places=1),
        days_late_total=sum(days),
        days_late_longest=max(days, default=0),
    )


def _in(duties: Sequence[Judged], *states: str) -> int:
    return sum(duty.state in states for duty in duties)

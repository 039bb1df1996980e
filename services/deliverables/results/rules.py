"""How reported values add up, and which of them cannot stand beside the others (D-14 to D-20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from services.deliverables.targets.rules import Bound, Join, Target
from shared.periods import FinancialYear, Quarter


class Accumulation(StrEnum):
    """What a value of a target part means over the quarters (D-14)."""

    INCREMENT = "increment"
    RUNNING_TOTAL = "running_total"
    LATEST_VALUE = "latest_value"
    DISTINCT_SET = "distinct_set"
    PERCENTAGE = "percentage"


class Kind(StrEnum):
    """How sure a value is: done, agreed to be done, or being talked about (D-31)."""

    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    PIPELINE = "pipeline"


class Statement(StrEnum):
    """Whether a value was given for its quarter, or as the total of the year so far (D-18)."""

    IN_PERIOD = "in_period"
    STATED_TOTAL = "stated_total"


TOTALS = frozenset({Accumulation.INCREMENT, Accumulation.RUNNING_TOTAL, Accumulation.DISTINCT_SET})
"""Modes whose stated totals can only grow within a year; a state at the end or a percentage may fall."""


@dataclass(frozen=True)
class Value:
    """One accepted observation, as far as sums need it. `members` are the councils of a `distinct_set`."""

    period: Quarter
    value: Decimal
    bound: Bound = Bound.EXACT
    unit: str | None = None
    statement: Statement = Statement.IN_PERIOD
    members: frozenset[str] = frozenset()
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True)
class Total:
    """A computed value and how exact it is."""

    value: Decimal
    bound: Bound
    unit: str | None


@dataclass(frozen=True)
class QuarterValue:
    """What was new in one quarter. An implied value lies between stated totals and is never stored (D-18)."""

    value: Decimal
    bound: Bound
    implied: bool
    unit: str | None = None
    units_differ: bool = False


def year_to_date(mode: Accumulation, values: Iterable[Value], upto: Quarter) -> Total | None:
    """The value of the year so far at the end of `upto` (D-14, D-18). None where nothing was reported.

    A stated total replaces whatever came before it, whatever the mode; later increments are added to it. A percentage
    is computed again from numerators and denominators, never averaged. A distinct set whose councils are not all named
    has no exact size: what is known is that it holds at least as many as the largest figure given so far (D-21).
    """
    known = sorted((v for v in values if v.period.year == upto.year and v.period <= upto), key=lambda v: v.period)
    if not known:
        return None
    stated = [v for v in known if v.statement is Statement.STATED_TOTAL]
    base = stated[-1] if stated else None
    later = [v for v in known if v.statement is Statement.IN_PERIOD and (base is None or v.period > base.period)]
    last = later[-1] if later else base
    assert last is not None
    if mode is Accumulation.INCREMENT:
        return _sum([*([base] if base else []), *later])
    if mode is Accumulation.DISTINCT_SET:
        return _distinct([*([base] if base else []), *later])
    if mode is Accumulation.PERCENTAGE and base is None:
        return _percentage(later) or Total(last.value, last.bound, last.unit)
    return Total(last.value, last.bound, last.unit)


def by_quarter(mode: Accumulation, values: Sequence[Value], year: FinancialYear) -> dict[Quarter, QuarterValue]:
    """What was new in each quarter: reported, or implied between stated totals (D-18).

    Totals at the ends of quarters and values of quarters are filled in from each other until nothing more follows:
    41 at Q2, 77 at Q4 and 15 new in Q4 imply 62 at Q3 and so 21 in Q3.
    """
    reported = {v.period: v for v in values if v.statement is Statement.IN_PERIOD}
    found = {
        quarter: QuarterValue(value.value, value.bound, implied=False, unit=value.unit)
        for quarter, value in sorted(reported.items())
    }
    if mode not in TOTALS:
        return found
    stated = {v.period.number: v for v in values if v.statement is Statement.STATED_TOTAL and v.period.year == year}
    units = {v.unit for v in (*reported.values(), *stated.values())}
    unit = stated[max(stated)].unit if stated else None
    totals: dict[int, tuple[Decimal, Bound]] = {0: (Decimal(0), Bound.EXACT)}
    totals |= {number: (v.value, v.bound) for number, v in stated.items()}
    for quarters in (tuple(reversed(year.quarters)), year.quarters):
        for quarter in quarters:
            new = reported.get(quarter)
            before, after = totals.get(quarter.number - 1), totals.get(quarter.number)
            if new and after and before is None:
                totals[quarter.number - 1] = (after[0] - new.value, join_bounds(after[1], opposite(new.bound)))
            if new and before and after is None:
                totals[quarter.number] = (before[0] + new.value, join_bounds(before[1], new.bound))
    for quarter in year.quarters:
        before, after = totals.get(quarter.number - 1), totals.get(quarter.number)
        if quarter not in found and before and after:
            bound = join_bounds(after[1], opposite(before[1]))
            differ = len(units) > 1
            found[quarter] = QuarterValue(after[0] - before[0], bound, implied=True, unit=unit, units_differ=differ)
    return found


def join_bounds(*bounds: Bound) -> Bound:
    """The bound of a sum: that of its members, `approx` where they differ in direction (D-19)."""
    directions = {bound for bound in bounds if bound is not Bound.EXACT}
    if not directions:
        return Bound.EXACT
    if len(directions) == 1:
        return directions.pop()
    return Bound.GT if directions == {Bound.GT, Bound.GE} else Bound.APPROX


def opposite(bound: Bound) -> Bound:
    """The bound of what is taken away: less a little more than 20 is a little less. At least turns into about."""
    return {Bound.GT: Bound.LT, Bound.LT: Bound.GT, Bound.GE: Bound.APPROX}.get(bound, bound)


@dataclass(frozen=True)
class Fall:
    """A total that stands against another: the earlier of the two is the larger."""

    earlier: Quarter
    earlier_value: Decimal
    later: Quarter
    later_value: Decimal

    @property
    def detail(self) -> str:
        earlier = f"{plain(self.earlier_value)} at {self.earlier.label}"
        later = f"{plain(self.later_value)} at {self.later.label}"
        return f"{later} after {earlier}: a total cannot fall. Send a revision with a reason, or correct it."


def find_fall(mode: Accumulation, new: Value, standing: Iterable[Value]) -> Fall | None:
    """Whether a new total falls below the one before it, or lies above the one after it (D-17, D-18).

    Only totals in the same unit are compared; a state at the end and a percentage may fall.
    """
    total = new.statement is Statement.STATED_TOTAL or mode is Accumulation.RUNNING_TOTAL
    if not total or mode not in TOTALS:
        return None
    others = sorted(
        (
            v
            for v in standing
            if v.unit == new.unit
            and v.period != new.period
            and v.period.year == new.period.year
            and (v.statement is Statement.STATED_TOTAL or mode is Accumulation.RUNNING_TOTAL)
        ),
        key=lambda v: v.period,
    )
    before = [v for v in others if v.period < new.period]
    after = [v for v in others if v.period > new.period]
    if before and new.value < before[-1].value:
        return Fall(before[-1].period, before[-1].value, new.period, new.value)
    if after and new.value > after[0].value:
        return Fall(new.period, new.value, after[0].period, after[0].value)
    return None


@dataclass(frozen=True)
class Excess:
    """A part of a part that is larger than it."""

    part: int
    value: Decimal
    whole: int
    whole_value: Decimal

    def detail(self, what: str) -> str:
        name = (what or f"Part {self.part}").rstrip(".")
        return (
            f"{name[:1].upper()}{name[1:]}: {plain(self.value)} is more than {plain(self.whole_value)} in total; "
            "correct one of them."
        )


def find_excess(targets: Sequence[Target], totals: Mapping[int, Total]) -> list[Excess]:
    """Parts joined by `of_which` whose value certainly exceeds that of the part they belong to (D-8).

    They belong to the nearest earlier part that is not itself an `of_which`. Values in different units are not
    compared, and a whole reported as "over" or "at least" cannot be exceeded for certain.
    """
    found = []
    whole: Target | None = None
    for target in sorted(targets, key=lambda t: t.part):
        if target.join is not Join.OF_WHICH:
            whole = target
            continue
        part, of = totals.get(target.part), totals.get(whole.part) if whole else None
        if whole is None or part is None or of is None or part.unit != of.unit:
            continue
        if of.bound in (Bound.EXACT, Bound.LT) and part.bound is not Bound.APPROX and part.value > of.value:
            found.append(Excess(target.part, part.value, whole.part, of.value))
    return found


class Position(StrEnum):
    """Where a part stands within the year (D-31). Nothing here is red: the year is not over."""

    ON_TRACK = "on_track"
    ON_TRACK_IF_PIPELINE_HOLDS = "on_track_if_pipeline_holds"
    SHORT = "short"
    MISSING = "missing"


@dataclass(frozen=True)
class InYear:
    """Delivered, confirmed and pipeline against a target, with unrounded percentages of it."""

    position: Position
    delivered: Total | None
    committed: Total | None
    possible: Total | None
    committed_percent: Decimal | None
    possible_percent: Decimal | None


def in_year(goal: Decimal, delivered: Total | None, confirmed: Total | None, pipeline: Total | None) -> InYear:
    """Committed is delivered and confirmed, possible is that and the pipeline, both against the full target (D-31).

    Without confirmed or pipeline figures the position is missing, unless what is delivered reaches the target already.
    """
    committed = _sum_totals(delivered, confirmed)
    possible = _sum_totals(delivered, confirmed, pipeline)
    if committed is not None and committed.value >= goal:
        position = Position.ON_TRACK
    elif confirmed is None and pipeline is None:
        position = Position.MISSING
    elif possible is not None and possible.value >= goal:
        position = Position.ON_TRACK_IF_PIPELINE_HOLDS
    else:
        position = Position.SHORT
    return InYear(
        position,
        delivered,
        committed,
        possible,
        committed.value * 100 / goal if committed and goal else None,
        possible.value * 100 / goal if possible and goal else None,
    )


def plain(value: Decimal) -> str:
    """`77`, `0.5`, `40000000`: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _sum(values: Sequence[Value]) -> Total:
    units = {v.unit for v in values}
    return Total(
        sum((v.value for v in values), Decimal(0)),
        join_bounds(*(v.bound for v in values)),
        # Values in different units do not add up to anything that could meet a target (D-9).
        values[-1].unit if len(units) == 1 else None,
    )


def _distinct(values: Sequence[Value]) -> Total:
    """The size of the union where every member is named; else the largest of what is known, and it may be more."""
    # An exact zero puts nothing into the set, so it leaves the size as exact as it was.
    sets = [v for v in values if v.value or v.bound is not Bound.EXACT] or [values[-1]]
    if len(sets) == 1 and not sets[0].members:
        return Total(sets[0].value, sets[0].bound, sets[0].unit)
    named = [v for v in sets if v.members]
    known = [Total(v.value, v.bound, v.unit) for v in sets if not v.members]
    if named:
        union = Decimal(len(frozenset().union(*(v.members for v in named))))
        known.append(Total(union, Bound.EXACT, named[-1].unit))
        if len(known) == 1:
            return known[0]
    # Of equal figures the one that is certain to be reached decides.
    largest = max(known, key=lambda total: (total.value, _CERTAINTY.index(total.bound)))
    return Total(largest.value, join_bounds(Bound.GE, largest.bound), largest.unit)


_CERTAINTY = (Bound.LT, Bound.APPROX, Bound.EXACT, Bound.GE, Bound.GT)
"""From what a figure need not reach to what it surely exceeds."""


def _sum_totals(*totals: Total | None) -> Total | None:
    """A sum of what is known; figures in another unit than the first are left out, they cannot be added."""
    known = [total for total in totals if total is not None]
    known = [total for total in known if total.unit == known[0].unit]
    if not known:
        return None
    return Total(sum((t.value for t in known), Decimal(0)), join_bounds(*(t.bound for t in known)), known[0].unit)


def _percentage(values: Sequence[Value]) -> Total | None:
    pairs = [(v.numerator, v.denominator) for v in values if v.numerator is not None and v.denominator]
    if not pairs:
        return None
    numerator = sum((n for n, _ in pairs if n is not None), Decimal(0))
    denominator = sum((d for _, d in pairs if d is not None), Decimal(0))
    return Total(numerator * 100 / denominator, Bound.EXACT, values[-1].unit)

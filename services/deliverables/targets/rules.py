"""Target parts as data: the operators, and whether a reported value meets one (D-6 to D-10, D-19)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class Operator(StrEnum):
    """How a number is to be read; kept apart from the number itself (D-6)."""

    GE = "ge"
    GT = "gt"
    EQ = "eq"
    LE = "le"
    RANGE = "range"
    ALL = "all"
    AS_REQUIRED = "as_required"
    NARRATIVE = "narrative"
    UNRESOLVED = "unresolved"


class Bound(StrEnum):
    """How exactly a value was reported: "over 20" is `gt` 20, "nearly 40" is `lt` 40 (D-19)."""

    EXACT = "exact"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    APPROX = "approx"


class Join(StrEnum):
    """How a part belongs to the one before it (D-8)."""

    AND = "and"
    OF_WHICH = "of_which"
    EACH = "each"


class Assessment(StrEnum):
    """What a person found about a part without a number."""

    DONE = "done"
    PARTLY = "partly"
    NOT_DONE = "not_done"
    NOT_YET_DUE = "not_yet_due"


class Met(StrEnum):
    """What came out for one part. Only the first three rate."""

    MET = "met"
    MET_ABOVE_RANGE = "met_above_range"
    NOT_MET = "not_met"
    NOT_RATED = "not_rated"


class Why(StrEnum):
    """Why a part does not rate. Those in `LEAVES_A_GAP` make a derived rating partial; the others never rate."""

    AS_REQUIRED = "as_required"
    CEILING = "ceiling"
    UNRESOLVED = "unresolved"
    NOT_YET_DUE = "not_yet_due"
    UNASSESSED = "unassessed"
    UNREPORTED = "unreported"
    UNIT_MISMATCH = "unit_mismatch"
    POPULATION_UNKNOWN = "population_unknown"


LEAVES_A_GAP = frozenset({Why.UNASSESSED, Why.UNREPORTED, Why.UNIT_MISMATCH, Why.POPULATION_UNKNOWN})

ASSESSED_COLOUR = {Assessment.DONE: "green", Assessment.PARTLY: "amber", Assessment.NOT_DONE: "red"}


@dataclass(frozen=True)
class Target:
    """One measurable piece of a deliverable. `low` holds the ceiling where the operator is `le`."""

    part: int
    operator: Operator
    due: date
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str | None = None
    join: Join = Join.AND
    what: str = ""


@dataclass(frozen=True)
class Reading:
    """One value to test: the year to date of a part, or of one instance of it."""

    value: Decimal | None
    bound: Bound = Bound.EXACT
    unit: str | None = None
    assessment: Assessment | None = None
    instance: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What the numbers say about one part. `percent` is unrounded and relates to the low end (D-7)."""

    part: int
    met: Met
    why: Why | None = None
    percent: Decimal | None = None
    colour: str | None = None
    over_commitment: bool = False
    inexact: bool = False

    @property
    def rates(self) -> bool:
        return self.met is not Met.NOT_RATED

    @property
    def leaves_a_gap(self) -> bool:
        return self.why in LEAVES_A_GAP


def judge(
    target: Target,
    readings: Sequence[Reading],
    *,
    year_ends: date,
    red_below: Decimal,
    population: int | None = None,
    instances: int | None = None,
) -> Verdict:
    """Test the readings of one part against its target with unrounded values (D-6 to D-10, D-27).

    `red_below` is a percentage: short of the target is amber down to it, red under it. `population` is the number of
    bodies an `all` part must reach. `instances` is how many an `each` part must show; the worst decides, and a
    large one does not serve for two.
    """
    if target.due > year_ends:
        return _not_rated(target, Why.NOT_YET_DUE)
    if target.operator is Operator.NARRATIVE:
        return _judge_narrative(target, readings)
    if target.operator is Operator.AS_REQUIRED:
        return _not_rated(target, Why.AS_REQUIRED)
    if target.operator is Operator.UNRESOLVED:
        return _not_rated(target, Why.UNRESOLVED)
    numbers = [reading for reading in readings if reading.value is not None]
    if target.operator is Operator.LE:
        over = any(_certainly_above(r, target.low) for r in numbers if r.unit == target.unit)
        return _not_rated(target, Why.CEILING, over_commitment=over)
    if not numbers:
        return _not_rated(target, Why.UNREPORTED)
    if any(reading.unit != target.unit for reading in numbers):
        return _not_rated(target, Why.UNIT_MISMATCH)
    goal = Decimal(population) if target.operator is Operator.ALL and population else target.low
    if goal is None:
        return _not_rated(target, Why.POPULATION_UNKNOWN)
    verdicts = [_judge_number(target, reading, goal, red_below) for reading in numbers]
    if target.join is Join.EACH and instances is not None and len(numbers) < instances:
        # An instance that was promised and not reported cannot be covered by the others: no colour better than red
        # would be certain, and red itself would be a guess.
        return _not_rated(target, Why.UNREPORTED)
    return min(verdicts, key=badness)


def badness(verdict: Verdict) -> tuple[int, Decimal]:
    """Sort key among rated verdicts: the worst first, by colour, then by percentage."""
    order = {"red": 0, "amber": 1, "green": 2}
    return order.get(verdict.colour or "", 3), verdict.percent if verdict.percent is not None else Decimal("Infinity")


def reaches(value: Decimal, bound: Bound, goal: Decimal, *, strictly: bool) -> bool:
    """Whether a value as exactly as it was reported reaches a goal (D-19).

    "Over 20" reaches both at least 20 and over 20; "at least 13" reaches at least 13 but not over 13; "almost 90"
    does not reach 90; `approx` is taken at its value and marked as inexact by the caller.
    """
    if bound is Bound.GT:
        return value >= goal
    if bound is Bound.LT:
        return value > goal
    return value > goal if strictly else value >= goal


def shown(value: Decimal, *limits: Decimal) -> str:
    """A figure with one decimal, and up to two more where rounding would hide the side of a limit it is on (D-7)."""
    text = ""
    for places in (1, 2, 3):
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        text = f"{rounded:f}"
        if all((rounded > limit) == (value > limit) and (rounded < limit) == (value < limit) for limit in limits):
            break
    return text


def _judge_narrative(target: Target, readings: Sequence[Reading]) -> Verdict:
    found = [reading.assessment for reading in readings if reading.assessment]
    if not found:
        return _not_rated(target, Why.UNASSESSED)
    if found[-1] is Assessment.NOT_YET_DUE:
        return _not_rated(target, Why.NOT_YET_DUE)
    met = Met.MET if found[-1] is Assessment.DONE else Met.NOT_MET
    return Verdict(target.part, met, colour=ASSESSED_COLOUR[found[-1]])


def _judge_number(target: Target, reading: Reading, goal: Decimal, red_below: Decimal) -> Verdict:
    assert reading.value is not None
    percent = reading.value * 100 / goal if goal else Decimal(100)
    inexact = reading.bound is not Bound.EXACT
    if reaches(reading.value, reading.bound, goal, strictly=target.operator is Operator.GT):
        above = target.operator is Operator.RANGE and _certainly_above(reading, target.high)
        met = Met.MET_ABOVE_RANGE if above else Met.MET
        return Verdict(target.part, met, percent=percent, colour="green", inexact=inexact)
    colour = "amber" if percent >= red_below and reading.value > 0 else "red"
    return Verdict(target.part, Met.NOT_MET, percent=percent, colour=colour, inexact=inexact)


def _certainly_above(reading: Reading, limit: Decimal | None) -> bool:
    if reading.value is None or limit is None:
        return False
    return reaches(reading.value, reading.bound, limit, strictly=True)


def _not_rated(target: Target, why: Why, *, over_commitment: bool = False) -> Verdict:
    return Verdict(target.part, Met.NOT_RATED, why=why, over_commitment=over_commitment)

"""Operators, wording and percentages of targets, as pure functions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.deliverables.ratings.rules import derive
from services.deliverables.results.rules import Total, find_excess
from services.deliverables.targets.rules import (
    Assessment,
    Bound,
    Join,
    Met,
    Operator,
    Reading,
    Target,
    Verdict,
    Why,
    judge,
    reaches,
    shown,
)
from services.deliverables.targets.wording import Wording, parse_wording

YEAR_ENDS = date(2018, 3, 31)


def target(operator: Operator, low: str | None = None, high: str | None = None, **more: object) -> Target:
    fields = {"part": 1, "due": YEAR_ENDS, "unit": "council", **more}
    return Target(operator=operator, low=_number(low), high=_number(high), **fields)  # type: ignore[arg-type]


def verdict(of: Target, value: str | None, bound: Bound = Bound.EXACT, **more: object) -> Verdict:
    fields = {"unit": "council", **more}
    return judge(of, [Reading(_number(value), bound, **fields)], year_ends=YEAR_ENDS, red_below=Decimal(50))  # type: ignore[arg-type]


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/4 councils", Wording(Operator.RANGE, Decimal(3), Decimal(4), "council")),
        ("2/3 groups", Wording(Operator.RANGE, Decimal(2), Decimal(3), "council_group")),
        ("£3-£5m", Wording(Operator.RANGE, Decimal(3_000_000), Decimal(5_000_000), "gbp")),
        ("£3m–£5m", Wording(Operator.RANGE, Decimal(3_000_000), Decimal(5_000_000), "gbp")),
        ("at least £10m pa", Wording(Operator.GE, Decimal(10_000_000), None, "gbp", "annual")),
        ("over 90%", Wording(Operator.GT, Decimal(90), None, "percent")),
        ("up to at least 6", Wording(Operator.UNRESOLVED)),
    ],
)
def test_printed_wording_becomes_operator_and_numbers(text: str, expected: Wording) -> None:
    """D-13, worked example 12."""
    assert parse_wording(text) == expected


@pytest.mark.parametrize(
    "text",
    ["4/3 councils", "at least 3-5", "20 of 40 councils", "around 20", "٣ councils", "½ of them", "about 5 or 6"],
)
def test_wording_with_more_than_one_reading_stays_unresolved(text: str) -> None:
    """D-13: nothing is guessed."""
    assert parse_wording(text) == Wording(Operator.UNRESOLVED)


def test_wording_without_a_number_waits_for_a_person() -> None:
    """D-6: narrative, all and as required have no number."""
    assert parse_wording("Promote to councils with little take-up").operator is Operator.NARRATIVE
    assert parse_wording("all councils") == Wording(Operator.ALL, unit="council")
    assert parse_wording("as required").operator is Operator.AS_REQUIRED


def test_over_and_at_least_differ_at_the_number_itself() -> None:
    """D-6, D-7, worked example 10."""
    over, least = target(Operator.GT, "25"), target(Operator.GE, "40")
    assert [verdict(over, "25").met, verdict(over, "26").met] == [Met.NOT_MET, Met.MET]
    assert [verdict(least, "40").met, verdict(least, "39").met] == [Met.MET, Met.NOT_MET]
    assert verdict(least, "39").percent == Decimal("97.5")


def test_a_ceiling_neither_fails_nor_rates_but_flags_over_commitment() -> None:
    """D-6, worked example 10."""
    ceiling = target(Operator.LE, "10")
    assert verdict(ceiling, "14") == Verdict(1, Met.NOT_RATED, Why.CEILING, over_commitment=True)
    assert not verdict(ceiling, "10").over_commitment
    assert not verdict(ceiling, "3").over_commitment


def test_a_percentage_is_tested_unrounded_and_shown_with_the_decimals_that_tell() -> None:
    """D-7, worked example 11."""
    over_90 = target(Operator.GT, "90", unit="percent")
    exact = Decimal(361) * 100 / 401
    assert verdict(over_90, "90.0", unit="percent").met is Met.NOT_MET
    assert verdict(over_90, str(exact), unit="percent").met is Met.MET
    assert shown(exact, Decimal(90)) == "90.02"
    assert shown(Decimal("97.5"), Decimal(100)) == "97.5"
    assert shown(Decimal("99.97"), Decimal(100)) == "99.97"


def test_a_range_is_met_from_its_lower_end_and_noted_above_its_upper_one() -> None:
    """D-6, worked example 13."""
    savings = target(Operator.RANGE, "3000000", "5000000", unit="gbp")
    short = verdict(savings, "2000000", unit="gbp")
    assert (short.met, shown(short.percent or Decimal(0))) == (Met.NOT_MET, "66.7")
    assert verdict(savings, "3000000", unit="gbp").met is Met.MET
    assert verdict(savings, "5200000", unit="gbp").met is Met.MET_ABOVE_RANGE


@pytest.mark.parametrize(
    ("value", "bound", "operator", "low", "met"),
    [
        ("20", Bound.GT, Operator.GE, "20", True),
        ("20", Bound.GT, Operator.GT, "20", True),
        ("13", Bound.GE, Operator.GE, "13", True),
        ("13", Bound.GE, Operator.GT, "13", False),
        ("40000000", Bound.LT, Operator.GE, "25000000", True),
        ("90", Bound.LT, Operator.GE, "90", False),
        ("90", Bound.APPROX, Operator.GE, "90", True),
    ],
)
def test_a_value_counts_as_exactly_as_it_was_reported(
    value: str, bound: Bound, operator: Operator, low: str, met: bool
) -> None:
    """D-19."""
    assert reaches(Decimal(value), bound, Decimal(low), strictly=operator is Operator.GT) is met


def test_a_compound_target_is_as_good_as_its_worst_part() -> None:
    """D-8, D-27, worked example 4: 115 of 110 and 64 of 70 give amber with 91.4 %."""
    whole = target(Operator.GE, "110", unit="peer_challenge")
    part = target(Operator.GE, "70", unit="peer_challenge", part=2, join=Join.OF_WHICH)
    verdicts = [verdict(whole, "115", unit="peer_challenge"), verdict(part, "64", unit="peer_challenge")]
    derived = derive(verdicts)
    assert [shown(v.percent or Decimal(0)) for v in verdicts] == ["104.5", "91.4"]
    assert (derived.colour, derived.complete) == ("amber", True)
    assert shown(derived.headline_percent or Decimal(0)) == "91.4"


def test_a_part_of_a_part_cannot_exceed_it() -> None:
    """D-8, worked example 4: 120 corporate of 115."""
    whole = target(Operator.GE, "110", unit="peer_challenge")
    part = target(Operator.GE, "70", unit="peer_challenge", part=2, join=Join.OF_WHICH)
    of_115 = Total(Decimal(115), Bound.EXACT, "peer_challenge")
    excess = find_excess([whole, part], {1: of_115, 2: Total(Decimal(120), Bound.EXACT, "peer_challenge")})
    assert [e.detail("corporate") for e in excess] == ["Corporate: 120 is more than 115 in total; correct one of them."]
    assert not find_excess([whole, part], {1: of_115, 2: Total(Decimal(115), Bound.EXACT, "peer_challenge")})
    at_least = Total(Decimal(115), Bound.GE, "peer_challenge")
    assert not find_excess([whole, part], {1: at_least, 2: Total(Decimal(120), Bound.EXACT, "peer_challenge")})


def test_one_large_instance_does_not_serve_for_two() -> None:
    """D-8: each."""
    each = target(Operator.EQ, "4000000", unit="gbp", join=Join.EACH)
    first = Reading(Decimal(8_000_000), unit="gbp", instance="first")
    second = Reading(Decimal(3_000_000), unit="gbp", instance="second")
    alone = judge(each, [first], year_ends=YEAR_ENDS, red_below=Decimal(50), instances=2)
    both = judge(each, [first, second], year_ends=YEAR_ENDS, red_below=Decimal(50), instances=2)
    assert alone.why is Why.UNREPORTED
    assert (both.met, both.colour, both.percent) == (Met.NOT_MET, "amber", Decimal(75))


def test_a_result_in_another_unit_does_not_rate() -> None:
    """D-9: officers trained against councils."""
    assert verdict(target(Operator.GE, "5"), "15", unit="officer").why is Why.UNIT_MISMATCH


def test_a_part_due_after_the_year_is_not_rated() -> None:
    """D-10: One Public Estate by 2020."""
    assert verdict(target(Operator.EQ, "95", due=date(2020, 12, 31)), "90").why is Why.NOT_YET_DUE


@pytest.mark.parametrize(("value", "colour"), [("50", "amber"), ("49.99", "red"), ("0", "red"), ("100", "green")])
def test_short_is_amber_down_to_the_threshold(value: str, colour: str) -> None:
    """D-27: exactly 50 % is amber; nothing delivered is red."""
    assert verdict(target(Operator.GE, "100"), value).colour == colour


def test_what_was_not_reported_is_missing_and_not_zero() -> None:
    """D-27, D-29."""
    derived = derive([verdict(target(Operator.GE, "50"), None)])
    assert (derived.colour, derived.complete) == (None, False)


def test_narrative_parts_rate_by_assessment_and_leave_the_rating_partial_without() -> None:
    """D-27."""
    narrative = target(Operator.NARRATIVE, unit=None)
    met = verdict(target(Operator.GE, "10"), "10")
    unassessed = derive([met, verdict(narrative, None)])
    partly = derive([met, verdict(narrative, None, assessment=Assessment.PARTLY)])
    assert (unassessed.colour, unassessed.complete, unassessed.firm) == ("green", False, None)
    assert (partly.colour, partly.complete) == ("amber", True)


def test_parts_that_never_rate_leave_the_colour_complete() -> None:
    """D-27: le, as_required, unresolved and not-yet-due parts do not rate."""
    met = verdict(target(Operator.GE, "10"), "10")
    others = [
        verdict(target(Operator.LE, "5"), "9"),
        verdict(target(Operator.AS_REQUIRED), "4"),
        verdict(target(Operator.UNRESOLVED, "6"), "7"),
        verdict(target(Operator.GE, "50", due=date(2023, 3, 31)), None),
    ]
    assert [v.rates for v in others] == [False] * 4
    assert (derive([met, *others]).colour, derive([met, *others]).complete) == ("green", True)
    assert derive(others).colour is None


def test_all_councils_needs_to_know_how_many_there_are() -> None:
    """D-6: all is met when the distinct set equals the population."""
    everyone = target(Operator.ALL)
    reading = [Reading(Decimal(353), unit="council")]
    assert judge(everyone, reading, year_ends=YEAR_ENDS, red_below=Decimal(50)).why is Why.POPULATION_UNKNOWN
    known = judge(everyone, reading, year_ends=YEAR_ENDS, red_below=Decimal(50), population=353)
    short = judge(everyone, reading, year_ends=YEAR_ENDS, red_below=Decimal(50), population=354)
    assert (known.met, short.met) == (Met.MET, Met.NOT_MET)

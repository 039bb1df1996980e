"""Sums over the quarters, implied values, falls and positions within the year, as pure functions."""

from __future__ import annotations

from decimal import Decimal

from services.deliverables.results.rules import (
    Accumulation,
    Position,
    Statement,
    Total,
    Value,
    by_quarter,
    find_fall,
    in_year,
    join_bounds,
    year_to_date,
)
from services.deliverables.targets.rules import Bound, shown
from shared.periods import FinancialYear, Quarter

YEAR = FinancialYear.parse("2017/18")
Q1, Q2, Q3, Q4 = YEAR.quarters
STATED = Statement.STATED_TOTAL


def test_each_mode_has_its_own_year_to_date() -> None:
    """D-14."""
    values = [Value(Q1, Decimal(5), unit="council"), Value(Q2, Decimal(7), unit="council")]
    sets = [
        Value(Q1, Decimal(2), members=frozenset({"E06000001", "E06000002"})),
        Value(Q2, Decimal(2), members=frozenset({"E06000002", "E06000003"})),
    ]
    shares = [
        Value(Q1, Decimal(50), numerator=Decimal(1), denominator=Decimal(2)),
        Value(Q2, Decimal(90), numerator=Decimal(360), denominator=Decimal(399)),
    ]
    assert year_to_date(Accumulation.INCREMENT, values, Q4) == Total(Decimal(12), Bound.EXACT, "council")
    assert year_to_date(Accumulation.RUNNING_TOTAL, values, Q4) == Total(Decimal(7), Bound.EXACT, "council")
    assert year_to_date(Accumulation.LATEST_VALUE, values, Q1) == Total(Decimal(5), Bound.EXACT, "council")
    assert year_to_date(Accumulation.DISTINCT_SET, sets, Q4) == Total(Decimal(3), Bound.EXACT, None)
    percentage = year_to_date(Accumulation.PERCENTAGE, shares, Q4)
    assert percentage is not None
    assert shown(percentage.value, Decimal(90)) == "90.02"
    assert year_to_date(Accumulation.INCREMENT, [], Q4) is None


def test_a_late_correction_changes_later_sums_of_increments_only() -> None:
    """D-16."""
    before = [Value(Q1, Decimal(5)), Value(Q2, Decimal(7))]
    after = [Value(Q1, Decimal(6)), Value(Q2, Decimal(7))]
    totals = [year_to_date(Accumulation.INCREMENT, values, Q2) for values in (before, after)]
    runnings = [year_to_date(Accumulation.RUNNING_TOTAL, values, Q2) for values in (before, after)]
    assert [t.value for t in totals if t] == [12, 13]
    assert [t.value for t in runnings if t] == [7, 7]


def test_a_stated_total_replaces_what_came_before_whatever_the_mode() -> None:
    """D-18."""
    values = [Value(Q2, Decimal(41), statement=STATED), Value(Q3, Decimal(10))]
    total = year_to_date(Accumulation.DISTINCT_SET, [Value(Q2, Decimal(41), statement=STATED)], Q4)
    assert total is not None
    assert total.value == 41
    increments = year_to_date(Accumulation.INCREMENT, values, Q4)
    assert increments is not None
    assert increments.value == 51


def test_a_set_without_its_members_is_at_least_its_largest_figure() -> None:
    """D-14, D-18, D-19, D-21: councils that are not named may be the same ones or others; no smaller total is exact."""

    def total(*values: Value) -> Total | None:
        return year_to_date(Accumulation.DISTINCT_SET, values, Q4)

    def named(period: Quarter, *codes: str) -> Value:
        return Value(period, Decimal(len(codes)), members=frozenset(codes))

    stated = Value(Q2, Decimal(41), statement=STATED)
    ten = named(Q1, *(f"E0600000{n}" for n in range(10)))
    assert total(stated, Value(Q3, Decimal(12))) == Total(Decimal(41), Bound.GE, None)
    assert total(stated, Value(Q3, Decimal(50))) == Total(Decimal(50), Bound.GE, None)
    assert total(ten, Value(Q2, Decimal(5))) == Total(Decimal(10), Bound.GE, None)
    assert total(Value(Q1, Decimal(10)), Value(Q2, Decimal(5))) == Total(Decimal(10), Bound.GE, None)
    assert total(stated, named(Q3, "E06000001")) == Total(Decimal(41), Bound.GE, None)
    two = (named(Q1, "E06000001", "E06000002"), named(Q2, "E06000002", "E06000003"))
    assert total(*two, Value(Q3, Decimal(2))) == Total(Decimal(3), Bound.GE, None)
    # What is exact stays so: one figure alone, a total that was stated last, a quarter in which nothing was added.
    assert total(Value(Q3, Decimal(12))) == Total(Decimal(12), Bound.EXACT, None)
    assert total(Value(Q1, Decimal(50)), stated) == Total(Decimal(41), Bound.EXACT, None)
    assert total(stated, Value(Q3, Decimal(0))) == Total(Decimal(41), Bound.EXACT, None)
    assert total(Value(Q1, Decimal(0)), Value(Q2, Decimal(0))) == Total(Decimal(0), Bound.EXACT, None)


def test_a_set_without_its_members_keeps_the_bound_and_the_unit_of_its_largest_figure() -> None:
    """D-9, D-19: over 41 and more is over 41, nearly 41 and more is about 41; 41 authorities are not 41 councils."""

    def total(bound: Bound) -> Total | None:
        values = [Value(Q2, Decimal(41), bound, "council", STATED), Value(Q3, Decimal(12), unit="council")]
        return year_to_date(Accumulation.DISTINCT_SET, values, Q3)

    found = {bound: total(bound) for bound in Bound}
    assert found == {
        Bound.EXACT: Total(Decimal(41), Bound.GE, "council"),
        Bound.GE: Total(Decimal(41), Bound.GE, "council"),
        Bound.GT: Total(Decimal(41), Bound.GT, "council"),
        Bound.LT: Total(Decimal(41), Bound.APPROX, "council"),
        Bound.APPROX: Total(Decimal(41), Bound.APPROX, "council"),
    }
    equal = [Value(Q1, Decimal(41), Bound.LT, "council"), Value(Q2, Decimal(41), unit="council")]
    assert year_to_date(Accumulation.DISTINCT_SET, equal, Q3) == Total(Decimal(41), Bound.GE, "council")
    units = [Value(Q2, Decimal(41), unit="local_authority", statement=STATED), Value(Q3, Decimal(12), unit="council")]
    assert year_to_date(Accumulation.DISTINCT_SET, units, Q3) == Total(Decimal(41), Bound.GE, "local_authority")


def test_the_quarter_between_stated_totals_is_implied() -> None:
    """D-18, worked example 14: 41 at Q2, 77 at year end, 15 new in Q4 imply 21 in Q3."""
    values = [
        Value(Q2, Decimal(41), statement=STATED),
        Value(Q4, Decimal(77), statement=STATED),
        Value(Q4, Decimal(15)),
    ]
    found = by_quarter(Accumulation.DISTINCT_SET, values, YEAR)
    assert (found[Q3].value, found[Q3].implied) == (21, True)
    assert (found[Q4].value, found[Q4].implied) == (15, False)
    assert Q1 not in found
    assert Q2 not in found


def test_a_total_cannot_fall() -> None:
    """D-17, D-18, worked example 15: 38 at Q3 after 41; nor may an earlier total be loaded above a later one."""
    standing = [Value(Q2, Decimal(41), unit="council", statement=STATED)]
    fall = find_fall(Accumulation.DISTINCT_SET, Value(Q3, Decimal(38), unit="council", statement=STATED), standing)
    assert fall is not None
    assert fall.detail.startswith("38 at Q3 2017/18 after 41 at Q2 2017/18")
    late = Value(Q1, Decimal(50), unit="council", statement=STATED)
    assert find_fall(Accumulation.INCREMENT, late, standing) is not None
    assert (
        find_fall(Accumulation.LATEST_VALUE, Value(Q3, Decimal(38), unit="council", statement=STATED), standing) is None
    )
    other_unit = Value(Q3, Decimal(38), unit="local_authority", statement=STATED)
    assert find_fall(Accumulation.DISTINCT_SET, other_unit, standing) is None


def test_a_sum_takes_the_bound_of_its_members() -> None:
    """D-19: approx where they differ in direction; worked example 16: nearly 40m and about 9.3m are not exact."""
    assert join_bounds(Bound.EXACT, Bound.EXACT) is Bound.EXACT
    assert join_bounds(Bound.EXACT, Bound.GT) is Bound.GT
    assert join_bounds(Bound.LT, Bound.GT) is Bound.APPROX
    assert join_bounds(Bound.GE, Bound.GT) is Bound.GT
    assert join_bounds(Bound.LT, Bound.APPROX) is Bound.APPROX


def test_half_year_position_counts_what_is_agreed_and_what_is_talked_about() -> None:
    """D-31, worked example 5: 35 delivered, 54 confirmed, 23 in talks against 110."""
    position = in_year(Decimal(110), *(Total(Decimal(n), Bound.EXACT, "peer_challenge") for n in (35, 54, 23)))
    assert position.committed is not None
    assert position.possible is not None
    assert (position.committed.value, position.possible.value) == (89, 112)
    assert shown(position.committed_percent or Decimal(0)) == "80.9"
    assert shown(position.possible_percent or Decimal(0)) == "101.8"
    assert position.position is Position.ON_TRACK_IF_PIPELINE_HOLDS


def test_position_is_missing_without_confirmed_or_pipeline_figures() -> None:
    """D-31: a straight line alone never makes red."""
    delivered = Total(Decimal(35), Bound.EXACT, "council")
    assert in_year(Decimal(110), delivered, None, None).position is Position.MISSING
    assert in_year(Decimal(30), delivered, None, None).position is Position.ON_TRACK
    assert in_year(Decimal(110), delivered, delivered, None).position is Position.SHORT

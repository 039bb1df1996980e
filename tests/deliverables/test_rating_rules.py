"""Colours, claims and how they are counted, as pure functions."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from services.deliverables.ratings.rules import (
    Derived,
    OverrideReasonMissing,
    Place,
    Rated,
    ReferenceNotEditable,
    Row,
    Scheme,
    SplitParentNotRated,
    UnknownColour,
    assert_rating,
    count_agreed,
    count_rows,
    read_colour,
)
from shared.periods import Quarter

SCHEME = Scheme("2017/18", "Has the target been achieved?")
Q4 = Quarter.parse("2017-18-q4")
PLACE = Place(UUID(int=1), "2017/18", "EP4", "deliverable")
AMBER = Derived("amber", complete=True, headline_percent=Decimal(93))


def test_colour_words_are_trimmed_and_read_without_regard_to_case() -> None:
    """D-30, worked example 8."""
    assert read_colour("GREEN", SCHEME) == "green"
    assert read_colour(" green ", SCHEME) == "green"
    with pytest.raises(UnknownColour, match=r"'Grn' is not in scheme 2017/18 \(green, amber, red\)"):
        read_colour("Grn", SCHEME)


def test_blue_exists_only_where_the_scheme_has_it() -> None:
    """D-26, worked example 8."""
    with pytest.raises(UnknownColour):
        read_colour("Blue", SCHEME)
    assert read_colour("Blue", Scheme("2019/20", "On target?", ("blue", "green", "amber", "red"))) == "blue"


def test_a_claim_against_the_numbers_needs_a_reason_and_then_waits() -> None:
    """D-28, worked example 19: EP4, 93 % of the target, asserted green."""
    with pytest.raises(OverrideReasonMissing, match="Derived amber, asserted green"):
        assert_rating(PLACE, SCHEME, Q4, 1, colour="green", derived=AMBER, reason=None)
    assert assert_rating(PLACE, SCHEME, Q4, 1, colour="green", derived=AMBER, reason="Counted late.") is None
    fact = assert_rating(PLACE, SCHEME, Q4, 1, colour="amber", derived=AMBER, reason=None)
    assert fact is not None
    assert (fact.derived, fact.asserted, fact.overridden) == ("amber", "amber", False)


def test_a_difference_exists_only_against_a_complete_derived_colour() -> None:
    """D-28."""
    partial = Derived("red", complete=False, headline_percent=Decimal(0))
    assert assert_rating(PLACE, SCHEME, Q4, 1, colour="green", derived=partial, reason=None) is not None
    assert not Rated("green", partial).differs
    assert Rated("green", AMBER).unexplained
    assert not Rated("green", AMBER, approved_override=True).unexplained


def test_a_referring_deliverable_and_a_split_parent_take_no_rating() -> None:
    """D-3, D-4."""
    refers = Place(PLACE.programme_id, "2017/18", "LC2", "deliverable", refers_to="E6")
    split = Place(PLACE.programme_id, "2017/18", "EP11", "split_parent", rows=("EP11a", "EP11b"))
    with pytest.raises(ReferenceNotEditable, match="LC2 follows E6; change E6"):
        assert_rating(refers, SCHEME, Q4, 1, colour="green", derived=AMBER, reason=None)
    with pytest.raises(SplitParentNotRated, match="rate EP11a and EP11b"):
        assert_rating(split, SCHEME, Q4, 1, colour="green", derived=AMBER, reason=None)


def _split(a: str | None, b: str | None) -> list[Row]:
    return [
        Row("EP11", "EP", reporting_row=False, agreed=True, rated=Rated(None)),
        Row("EP11a", "EP", reporting_row=True, agreed=False, rated=Rated(a), split_of="EP11"),
        Row("EP11b", "EP", reporting_row=True, agreed=False, rated=Rated(b), split_of="EP11"),
    ]


@pytest.mark.parametrize(
    ("a", "b", "counted"),
    [
        ("green", "green", "green"),
        ("amber", "green", "amber"),
        ("red", "amber", "red"),
        ("green", None, None),
        ("red", None, None),
    ],
)
def test_a_split_deliverable_counts_once_as_its_worst_row(a: str | None, b: str | None, counted: str | None) -> None:
    """D-3, D-29: missing is never green, and never a colour."""
    agreed = count_agreed(_split(a, b), SCHEME.colours)
    assert agreed.total == 1
    assert agreed.colours == {colour: int(colour == counted) for colour in SCHEME.colours}
    assert agreed.missing == (() if counted else ("EP11",))
    assert count_rows(_split(a, b), SCHEME.colours).total == 2

"""Rules without any service around them: what holds for every budget and every outturn."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grants.budget.lines import Line, roll_up
from services.grants.budget.rules import BudgetPosition, HeadingMismatch, approve_budget, set_budget
from services.grants.periods.rules import StatedLine, StatingPosition, state_quarter
from services.grants.rules import OutturnExceedsGrant, OutturnFigures, OutturnPosition, record_outturn
from shared.events.grants import OutturnRecorded
from shared.periods import FinancialYear, Quarter
from shared.values import OutturnState

YEAR = FinancialYear(2017)
ID = UUID(int=1)
NOON = datetime(2018, 6, 1, 12, tzinfo=UTC)
amounts = st.integers(min_value=0, max_value=10**12)


def budget_of(headings: list[list[int]]) -> list[Line]:
    """A budget whose printed sums are right: headings H0, H1, … with lines H0L0, … beneath them."""
    lines = []
    for number, pence in enumerate(headings):
        lines += [Line(f"H{number}L{n}", "line", "leaf", f"H{number}", amount) for n, amount in enumerate(pence)]
        lines.append(Line(f"H{number}", "heading", "heading", "T", stated_pence=sum(pence)))
    return [*lines, Line("T", "total", "total", stated_pence=sum(map(sum, headings)))]


def position(grant_pence: int) -> BudgetPosition:
    return BudgetPosition(agreement_id=ID, year=YEAR, grant_pence=grant_pence, signed=False)


@given(st.lists(st.lists(amounts, min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_budget_that_adds_up_is_accepted_and_loses_no_penny(headings: list[list[int]]) -> None:
    """G-8, G-9."""
    lines = budget_of(headings)
    set_budget(position(sum(map(sum, headings))), lines, effective_from=YEAR.start)
    fact = approve_budget(
        position(sum(map(sum, headings))), lines, number=1, state="balanced", effective_from=YEAR.start
    )
    assert sum(line.amount_pence for line in fact.lines) == sum(map(sum, headings))
    sums = roll_up(lines, {line.code: line.amount_pence or 0 for line in lines})
    assert sums["T"] == sum(sums[f"H{number}"] for number in range(len(headings)))


@given(st.lists(st.lists(st.integers(1, 10**9), min_size=1, max_size=4), min_size=2, max_size=4), st.data())
def test_any_line_under_another_heading_is_found(headings: list[list[int]], data: st.DataObject) -> None:
    """G-9: the total still agrees, the headings do not."""
    lines = budget_of(headings)
    place = data.draw(st.sampled_from([n for n, line in enumerate(lines) if line.kind == "leaf"]))
    moved = lines[place]
    other = data.draw(st.sampled_from([f"H{n}" for n in range(len(headings)) if f"H{n}" != moved.parent_code]))
    lines[place] = Line(moved.code, moved.name, "leaf", other, moved.amount_pence)
    with pytest.raises(HeadingMismatch) as refused:
        set_budget(position(sum(map(sum, headings))), lines, effective_from=YEAR.start)
    assert {error.code for error in refused.value.errors} == {"heading_mismatch"}
    assert len(refused.value.errors) == 2


def outturn(grant_pence: int, spend_pence: int, own_funds_pence: int) -> OutturnRecorded:
    return record_outturn(
        OutturnPosition(agreement_id=ID, year=YEAR, signed=True, grant_pence=grant_pence, lines={}),
        OutturnFigures(OutturnState.PROVISIONAL, date(2018, 3, 31), spend_pence, own_funds_pence),
        outturn_id=ID,
        happened_at=NOON,
        today=NOON.date(),
        by_cfo=False,
    )


@given(amounts, amounts, amounts)
def test_grant_spend_and_own_funds_always_reconcile(grant: int, spend: int, own_funds: int) -> None:
    """G-30: what is accepted satisfies grant + own funds = spend + underspend; everything else is refused."""
    if own_funds != max(spend - grant, 0):
        with pytest.raises(OutturnExceedsGrant):
            outturn(grant, spend, own_funds)
        own_funds = max(spend - grant, 0)
    fact = outturn(grant, spend, own_funds)
    assert fact.grant_pence + fact.own_funds_pence == fact.spend_pence + fact.underspend_pence


@given(st.lists(st.integers(-(10**9), 10**9), min_size=4, max_size=4))
def test_the_last_year_to_date_is_the_sum_of_the_quarters(quarters: list[int]) -> None:
    """G-31."""
    before: dict[str, int] = {}
    for number, pence in enumerate(quarters, 1):
        fact = state_quarter(
            StatingPosition(ID, Quarter(YEAR, number), {"A1": "one"}, before),
            [StatedLine("A1", pence, zero_confirmed=True, reason="a credit note")],
            happened_at=NOON,
            today=NOON.date(),
        )
        before = {line.code: line.year_to_date_pence for line in fact.lines}
    assert before == {"A1": sum(quarters)}

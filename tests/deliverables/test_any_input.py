"""Whatever text arrives, it is read, refused or left unresolved; nothing breaks."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.deliverables.results.rows import Row, read_table
from services.deliverables.results.rules import Accumulation, Kind, Statement, Value, by_quarter, year_to_date
from services.deliverables.targets.rules import Operator
from services.deliverables.targets.wording import in_words, parse_wording
from shared.errors import Refusal
from shared.periods import FinancialYear

YEAR = FinancialYear.parse("2017/18")
SAID = st.lists(
    st.sampled_from(
        ["at least", "over", "up to", "£", "3", "10", "1,000", "/", "-", " to ", "m", "%", " councils", " pa", " "]
    ),
    max_size=8,
).map("".join)


@given(st.one_of(st.text(max_size=60), SAID))
def test_any_wording_has_one_reading_or_none(text: str) -> None:
    """D-13: a number is only read where there is one; everything can be shown again."""
    wording = parse_wording(text)
    assert in_words(wording.operator, wording.low, wording.high, wording.unit, wording.basis)
    if wording.operator in (Operator.NARRATIVE, Operator.UNRESOLVED, Operator.AS_REQUIRED, Operator.ALL):
        assert wording.low is None
    else:
        assert wording.low is not None
    if wording.high is not None:
        assert wording.low is not None
        assert wording.low < wording.high


CELLS = st.one_of(st.text(max_size=12), st.sampled_from(["E1", "1", "2018-03-31", "council", "Green", '"', "12", "gt"]))


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(["ref", "part", "value", "unit", "as_at", "bound", "note", "x"]), max_size=6),
    st.lists(st.lists(CELLS, max_size=6), max_size=5),
)
def test_any_file_is_read_row_by_row_or_refused(header: list[str], rows: list[list[str]]) -> None:
    """Never an error of ours: a refusal, or rows of which each is whole or says its faults."""
    data = "\n".join(",".join(cells) for cells in [header, *rows]).encode("utf-8", "surrogatepass")
    # Anything but a refusal would pass through here and fail the test.
    read: list[Row] = []
    with contextlib.suppress(Refusal):
        read = read_table(data, YEAR, as_at=date(2018, 3, 31), kind=Kind.DELIVERED, statement=Statement.STATED_TOTAL)
    for row in read:
        assert isinstance(row, Row)
        assert row.errors or (row.part is not None and row.period is not None)
        assert all(error.record == row.record and error.line == row.line for error in row.errors)


QUARTERS = st.sampled_from(YEAR.quarters)
VALUES = st.builds(
    Value,
    period=QUARTERS,
    value=st.integers(0, 1000).map(Decimal),
    unit=st.just("council"),
    statement=st.sampled_from(Statement),
)


@given(st.sampled_from(Accumulation), st.lists(VALUES, max_size=6, unique_by=lambda v: (v.period, v.statement)))
def test_quarters_add_up_to_the_totals_that_were_stated(mode: Accumulation, values: list[Value]) -> None:
    """D-14, D-18: what is implied never contradicts a stated total, and nothing reported is altered."""
    found = by_quarter(mode, values, YEAR)
    for value in values:
        if value.statement is Statement.IN_PERIOD:
            assert (found[value.period].value, found[value.period].implied) == (value.value, False)
    total = year_to_date(mode, values, YEAR.quarters[3])
    assert (total is None) == (not values)
    stated = {v.period.number: v.value for v in values if v.statement is Statement.STATED_TOTAL}
    for number, value in stated.items():
        whole = [found[q] for q in YEAR.quarters[:number] if q in found]
        if len(whole) == number and whole[-1].implied:
            before = stated.get(number - 1)
            assert before is None or whole[-1].value == value - before

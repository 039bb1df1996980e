"""What is said of periods without a file, of lateness, shares, payees and columns: pure rules."""

from __future__ import annotations

from datetime import date

import pytest

from services.transparency.editions import rules as edition_rules
from services.transparency.open_data import contents, dictionary, rules
from services.transparency.open_data.rules import Duty, Payee

TODAY = date(2017, 8, 10)


def duty(state: str, due: str | None = "2017-07-30", days: int | None = None, *, known: bool = True) -> Duty:
    due_on = date.fromisoformat(due) if due else None
    return Duty("SPEND", "2017-18-q1", "Q1 2017/18", state, due_on, days, lateness_known=known)


@pytest.mark.parametrize(
    ("duties", "on_time", "days"),
    [
        ([], None, None),
        ([duty("upcoming")], None, None),
        ([duty("met", days=0)], True, 0),
        ([duty("met", days=0), duty("met_late", days=4)], False, 4),
        ([duty("missed")], False, 11),
        ([duty("met_late", days=40, known=False)], None, None),
        ([duty("met_late", days=40, known=False), duty("met", days=0)], True, 0),
    ],
)
def test_the_worst_duty_of_a_period_says_whether_it_was_on_time(
    duties: list[Duty], on_time: bool | None, days: int | None
) -> None:
    """T-58. What was entered after its day says nothing of when it was published."""
    found = rules.timeliness(duties, TODAY)
    assert (found.on_time, found.days_late) == (on_time, days)


@pytest.mark.parametrize(
    ("duties", "edition", "state"),
    [
        ([], None, "no_duty"),
        ([duty("upcoming", "2017-10-30")], None, "not_yet_due"),
        ([duty("due_soon", "2017-08-10")], None, "not_yet_due"),
        ([duty("missed")], None, "overdue"),
        ([duty("not_judged", "2017-08-09")], None, "overdue"),
        ([duty("upcoming", None)], None, "not_yet_due"),
        ([duty("not_applicable")], None, "not_applicable"),
        ([duty("not_applicable"), duty("missed")], None, "overdue"),
        ([duty("missed")], "published", "published"),
        ([duty("met", days=0)], "withdrawn", "withdrawn"),
        ([duty("met", days=0)], "suspended", "suspended"),
    ],
)
def test_a_period_without_a_file_says_why(duties: list[Duty], edition: str | None, state: str) -> None:
    """T-51: a gap is shown as not yet due, overdue or withdrawn, never by silence."""
    assert rules.period_state(duties, TODAY, edition_state=edition) == state


def test_a_median_of_days_is_exact_and_of_two_middle_values_their_mean() -> None:
    """T-58, T-57: no float."""
    assert [rules.median(days) for days in ([], [3], [9, 1, 3], [1, 2], [2, 4])] == [None, "3", "3", "1.5", "3"]
    assert rules.days_to_correction(date(2017, 8, 1), date(2017, 8, 11)) == 10
    assert rules.days_to_correction(None, date(2017, 8, 11)) is None


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [(1, 3, "33.3"), (0, 5, "0.0"), (1, 0, None), (None, 5, None), (600, 500, None), (-1, 5, None), (1, 2000, "0.1")],
)
def test_a_share_is_given_only_where_the_part_lies_in_the_whole(
    part: int | None, whole: int | None, share: str | None
) -> None:
    """T-58: half up, one decimal; credits can make a part larger than its whole."""
    assert edition_rules.share(part, whole) == share


def test_withheld_payees_are_one_bar_and_a_payee_who_owes_has_none() -> None:
    """T-19: nothing links two withheld rows, a drawing neither."""
    paid = [Payee(f"Payee {number:02}", 1000 - number, 1) for number in range(11)]
    hidden = [Payee("REDACTED PERSONAL DATA", 700, 1, withheld=True), Payee("J. S.", 800, 1, withheld=True)]
    found = rules.largest_payees([*paid, *hidden, Payee("Payee 00", 500, 1)])
    assert len(found) == 10
    assert (found[0].name, found[0].pence, found[0].rows) == ("Payee 00", 1500, 2)
    assert found[1] == Payee(rules.WITHHELD_PAYEES, 1500, 2, withheld=True)
    assert sum(payee.withheld for payee in found) == 1
    bars, height = contents.bars([Payee("A" * 60, 2000, 1), Payee("B", 1, 1), Payee("C", -5, 1)])
    assert [(bar.width_percent, len(bar.short_name)) for bar in bars] == [("100.0", 30), ("0.2", 1)]
    assert height == bars[-1].bar_y + contents.BAR_HEIGHT + contents.BAR_GAP


def test_every_column_of_every_profile_is_in_the_dictionary_with_its_deviation() -> None:
    """Domain sections 5 and 9, item 15: each deviation and why."""
    columns = dictionary.all_columns()
    assert {column.dataset for column in columns} == set(dictionary.datasets())
    spend = {column.header: column for column in columns if column.dataset == "spend"}
    assert (spend["Amount"].type, spend["Amount"].sector_column) == ("money", True)
    assert "float" in (spend["Amount"].deviation or "")
    assert (spend["RowID"].sector_column, spend["RowID"].unique) == (False, True)
    assert spend["LineNumber"].note == "Unique together with TransactionNumber"
    assert spend["ContractRef"].references == "contracts.ContractReference"
    assert dictionary.key_of("spend") == ["TransactionNumber", "LineNumber"]
    assert all(column.deviation for column in dictionary.deviations())
    assert "None in CardTransaction is text" in dictionary.NULLS

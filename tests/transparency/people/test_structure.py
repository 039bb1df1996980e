"""The chart of the synthetic bodies: who is on it and who is not, each edge case of the list by name."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from services.transparency.people.cells import counts
from services.transparency.people.reader import read_staff
from services.transparency.people.staff import Staff
from services.transparency.people.structure import Choices, Node, Structure, structure
from tests.transparency.people.bench import DAY, SYNTHETIC


@cache
def chart(publisher: str = "example-lead", withheld: tuple[str, ...] = ("L005",), **choices: Any) -> Structure:
    read = read_staff(SYNTHETIC, "text/csv", publisher)
    assert (read.errors, read.rejected) == ((), 0)
    return structure(read.rows, DAY, Choices(**choices), publisher=publisher, withheld=set(withheld))


def node(number: str, **more: Any) -> Node:
    publisher = "example-partner" if number.startswith("P") else "example-lead"
    return next(node for node in chart(publisher, **more).nodes if node.post_id == number)


def bands(number: str) -> list[str | None]:
    return [holder.band for holder in node(number).holders]


def test_a_post_is_on_the_chart_when_its_full_time_salary_is_strictly_over_the_limit() -> None:
    """T-30: 50,012 is in, 50,000 is out, part time or not; allowances and benefits do not count."""
    listed = {item.post_id for item in chart().nodes}
    assert {"L026", "L030", "L034"} <= listed
    assert not {"L024", "L025", "L027", "L028", "L029", "L056"} & listed
    assert bands("L030") == ["55000-59999"]
    assert chart().left_out == {
        "NOT_ENGAGED": 1,
        "NOT_IN_POST": 3,
        "OBJECTION_UPHELD": 1,
        "SALARY_NOT_OVER": 17,
        "UNPAID_LEAVE": 1,
    }
    assert len(chart().nodes) + sum(chart().left_out.values()) == 56


def test_a_post_outside_the_programme_is_on_the_chart_of_a_whole_body_only() -> None:
    """T-30."""
    assert "L039" not in {item.post_id for item in chart().nodes}
    assert "L039" in {item.post_id for item in chart(programme_only=False).nodes}


def test_brackets_are_those_of_the_full_time_salary() -> None:
    """T-32: exactly on a floor, pence above a label, a penny under the next."""
    assert (bands("L021"), bands("L022"), bands("L023")) == (["60000-64999"], ["55000-59999"], ["60000-64999"])


def test_contractors_are_listed_without_bracket_and_vacancies_with_what_is_agreed() -> None:
    """T-34, T-30."""
    assert (bands("L018"), node("L018").employment_type, node("L018").maximum_pounds) == ([None], "contractor", None)
    assert (bands("L011"), node("L011").vacancy) == (["75000-79999"], True)
    assert (bands("P007"), node("P007").grade, node("P007").vacancy) == ([None], "Not stated", True)


def test_the_snapshot_holds_paid_leave_and_later_leavers_and_no_unpaid_leave() -> None:
    """T-35."""
    listed = {item.post_id for item in chart().nodes}
    assert {"L014", "L015", "L033", "L034", "L036", "L038"} <= listed
    assert not {"L031", "L032", "L035", "L037"} & listed


def test_a_job_share_is_one_post_of_whole_fte_with_two_holders() -> None:
    """T-35."""
    shared = node("L017")
    assert (len(shared.holders), str(shared.fte)) == (2, "1.00")
    assert [holder.contact for holder in shared.holders] == [
        "peer-support@example.org|020 7946 0116",
        "midlands.second@example.org",
    ]


def test_a_shared_post_is_published_once_and_linked_from_the_other_publisher() -> None:
    """T-35."""
    full, link = node("L013"), node("P003")
    assert (full.shared, full.carried_by, full.is_link, bands("L013")) == (True, "example-lead", False, ["75000-79999"])
    assert (link.shared, link.carried_by, link.is_link, bands("P003")) == (True, "example-lead", True, [None])
    assert (link.budget_pounds, link.employees, link.maximum_pounds, link.holders[0].name) == (None, None, None, None)


def test_names_stand_from_the_limit_or_by_consent() -> None:
    """T-33: 163,500 and exactly 150,000 are named, 63,400 by consent; nobody else."""
    named = {
        item.post_id: holder.name
        for publisher in ("example-lead", "example-partner")
        for item in chart(publisher).nodes
        for holder in item.holders
        if holder.name
    }
    assert named == {"L001": "Aled Specimen", "L002": "Bina Sample", "P002": "Glyn Specimen"}
    assert node("L003").holders[0].name_withheld


def test_a_boss_off_the_chart_is_passed_over() -> None:
    """T-36: L042 is not listed, L005 is withheld."""
    assert (node("L043").parent, node("L040").parent, node("L041").parent) == ("L012", "L001", "L001")
    assert (node("L001").parent, node("L001").depth, node("L043").depth) == (None, 1, 4)


def test_budget_and_staff_hold_what_stands_beneath_whether_listed_or_not() -> None:
    """T-33: a person in two posts counts once, contractors and vacancies are no staff."""
    assert (node("L012").budget_pounds, node("L012").employees) == (260_000, 4)
    assert (node("L011").employees, node("L010").employees, node("L043").employees) == (1, 5, 0)
    assert node("P001").budget_pounds == 225_000
    assert node("L003").employees == 31


def test_an_upheld_objection_leaves_a_number_and_no_row() -> None:
    """T-37."""
    withheld, open_chart = chart(), chart(withheld=())
    assert "L005" not in {item.post_id for item in withheld.nodes}
    assert (withheld.withheld, open_chart.withheld) == (1, 0)
    assert len(open_chart.nodes) == len(withheld.nodes) + 1


def test_a_small_unit_with_a_withheld_post_is_noticed_and_a_decision_hides_what_it_says() -> None:
    """T-37."""
    (unit,) = chart().small_units
    assert (unit.unit, unit.posts, unit.withheld, unit.shown) == ("Communications", 3, 1, ("L040", "L041"))
    assert chart(withheld=()).small_units == ()
    assert chart(small_unit=2).small_units == ()
    rows = read_staff(SYNTHETIC, "text/csv", "example-lead").rows
    for decision, shown in (
        ("publish", ("Communications", "65000-69999", 120_000)),
        ("hide_figures", ("Communications", None, None)),
        ("hide_unit", ("REDACTED PERSONAL DATA", None, None)),
    ):
        made = structure(rows, DAY, Choices(), publisher="b", withheld={"L005"}, decided={"Communications": decision})
        press = next(item for item in made.nodes if item.post_id == "L040")
        assert (press.unit, press.holders[0].band, press.budget_pounds) == shown
        assert next(item for item in made.nodes if item.post_id == "L006").budget_pounds == 4_570_000


def test_counts_hold_persons_by_remuneration_from_50000_inclusive_without_those_listed() -> None:
    """T-31: two half posts are one person, a leaver with compensation counts, a bracket of nobody is 0."""
    rows = read_staff(SYNTHETIC, "text/csv", "example-lead").rows
    found = counts(rows, chart(), Choices(), frozenset({"L005"}))
    assert found.brackets["50000-54999"] == 5
    assert found.brackets["70000-74999"] == 1
    assert (found.brackets["60000-64999"], list(found.brackets)[-1]) == (0, "115000-119999")
    assert found.left_out == {"LISTED_INDIVIDUALLY": 25, "NOT_ENGAGED": 1}
    assert found.only_withheld == ("115000-119999",)
    whole = Choices(programme_only=False)
    all_listed = structure(rows, DAY, whole, publisher="b", withheld={"L005"})
    assert "NOT_ENGAGED" not in counts(rows, all_listed, whole, frozenset()).left_out


def test_a_person_in_two_posts_is_counted_once_with_both_and_a_listed_senior_not_at_all() -> None:
    """T-31, worked example 10: 48,000 and 4,500 count in 50000-54999; a listed senior at 128,000 adds nothing."""
    rows = [
        Staff("A", "Director", "One", "permanent", "s", fte=Decimal(1), months_paid=Decimal(12),
              basic_paid_pence=12_800_000),
        Staff("B", "Adviser", "One", "permanent", "a", fte=Decimal(1), months_paid=Decimal(12),
              basic_paid_pence=4_800_000, allowances_pence=450_000),
        Staff("C", "Analyst", "One", "permanent", "t", fte=Decimal("0.5"), base_salary_pence=4_900_000,
              basic_paid_pence=2_450_000, bonus_pence=50_000),
        Staff("D", "Editor", "One", "permanent", "t", fte=Decimal("0.5"), base_salary_pence=4_900_000,
              basic_paid_pence=2_450_000, bonus_pence=50_000),
    ]  # fmt: skip
    made = structure(rows, DAY, Choices(), publisher="body")
    assert [item.post_id for item in made.nodes] == ["A"]
    found = counts(rows, made, Choices(), frozenset())
    assert (found.brackets, found.left_out) == ({"50000-54999": 2}, {"LISTED_INDIVIDUALLY": 1})

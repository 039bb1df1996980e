"""The graph rules of the chart, each fault by itself and all at once: pure rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from services.transparency.people.chart import chart_faults, in_order, loops, nearest
from services.transparency.people.staff import Staff


def row(post_id: str, above: str | None = None, **more: Any) -> Staff:
    return Staff(
        **{
            "post_id": post_id,
            "reports_to": above,
            "job_title": "Adviser",
            "unit": "Advice",
            "employment_type": "permanent",
            "person_id": more.pop("person_id", f"p-{post_id}"),
            "fte": Decimal(1),
            **more,
        }
    )


def test_a_tree_has_no_fault() -> None:
    """T-36."""
    assert chart_faults([row("A"), row("B", "A"), row("C", "B"), row("D", "A"), row("E")]) == []


def test_every_fault_is_its_own_error_and_names_its_posts() -> None:
    """T-36, bad input `malformed chart`: self-report, unknown boss, loop and rows that disagree, all at once."""
    rows = [
        row("A", "A"),
        row("B", "X9"),
        row("C", "D"),
        row("D", "E"),
        row("E", "C"),
        row("F"),
        row("G", "F", unit="Advice"),
        row("G", "F", person_id="other", unit="Press", grade="AD"),
    ]
    found = {fault.code: fault for fault in chart_faults(rows)}
    assert {code: fault.posts for code, fault in found.items()} == {
        "chart_rows_disagree": ("G",),
        "chart_self_report": ("A",),
        "chart_unknown_boss": ("B",),
        "chart_loop": ("C", "D", "E"),
    }
    assert found["chart_self_report"].detail == (
        "Post A reports to itself; name the post above it, or leave reports_to empty at the top."
    )
    assert "Post B reports to X9, which is not in the list" in found["chart_unknown_boss"].detail
    assert "Posts C, D, E report to each other in a loop" in found["chart_loop"].detail
    assert "The rows of post G differ in grade, unit." in found["chart_rows_disagree"].detail


def test_two_loops_are_two_errors_and_a_tail_that_leads_into_one_is_none() -> None:
    """T-36."""
    bosses = {"T": "A", "A": "B", "B": "A", "C": "D", "D": "C", "E": None}
    assert loops(bosses) == [("A", "B"), ("C", "D")]
    assert loops({"A": "A", "B": "X"}) == []


def test_rows_of_a_job_share_may_differ_in_name_fte_pay_and_contact_only() -> None:
    """T-35, T-36."""
    first = row("A", fte=Decimal("0.6"), holder_name="One", contact="a@example.org", base_salary_pence=7_000_000)
    second = row(
        "A", person_id="q", fte=Decimal("0.4"), holder_name="Two", contact="b@example.org", base_salary_pence=7_100_000
    )
    assert chart_faults([first, second]) == []
    assert [fault.code for fault in chart_faults([first, row("A", person_id="q", level=3)])] == ["chart_rows_disagree"]
    assert [fault.code for fault in chart_faults([first, first])] == ["chart_person_twice"]


def test_a_post_whose_boss_is_not_listed_goes_under_the_nearest_listed_one() -> None:
    """T-36."""
    bosses = {"A": None, "B": "A", "C": "B", "D": "C"}
    assert nearest("D", bosses, {"A", "D"}) == "A"
    assert nearest("D", bosses, {"B", "D"}) == "B"
    assert nearest("B", bosses, {"B"}) is None


def test_posts_stand_from_the_top_down_by_number() -> None:
    assert in_order({"Z": None, "B": "Z", "A": "Z", "C": "A"}) == [("Z", 1), ("A", 2), ("C", 3), ("B", 2)]

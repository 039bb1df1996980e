"""The pay multiple: earnings, median, rounding and who counts. Pure rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.transparency.pay.rules import (
    AgencyPayMissing,
    Method,
    NobodyCounts,
    PayEntry,
    multiple,
    pay_list,
    ratio,
    two_places,
)
from services.transparency.people.reader import read_staff
from services.transparency.people.staff import Staff
from tests.transparency.people.bench import DAY, SYNTHETIC

WHOLE = Method("whole_workforce", "fte_annualised", False)
PROGRAMME = Method("programme_staff", "fte_annualised", False)


def entry(basic: int, **more: int) -> PayEntry:
    parts = {"allowances_paid_pence": 0, "allowances_full_pence": 0, "bonus_pence": 0, "benefits_pence": 0}
    return PayEntry(basic_paid_pence=basic, basic_full_pence=basic, **{**parts, **more})


def staff(person: str, basic: int = 3_000_000, **more: Any) -> Staff:
    values: dict[str, Any] = {
        "post_id": person,
        "job_title": "Adviser",
        "unit": "Advice",
        "employment_type": "permanent",
        "person_id": person,
        "fte": Decimal(1),
        "months_paid": Decimal(12),
        "basic_paid_pence": basic,
    }
    return Staff(**{**values, **more})


def test_highest_over_median_with_pension_and_its_growth_left_out() -> None:
    """T-38, T-39, worked example 11: 150,000 + 7,500 + 6,200 = 163,700; median 36,250: 4.52."""
    top = staff("top", 15_000_000, bonus_pence=750_000, benefits_pence=620_000, pension_pence=3_000_000)
    found = pay_list([top, staff("b", 3_625_000), staff("c", 2_000_000)], DAY, WHOLE)
    figures = multiple(found.entries, "fte_annualised")
    assert (figures.highest_pence, figures.median_pence) == (16_370_000, 3_625_000)
    assert (two_places(figures.ratio), figures.n, figures.median_ranks) == ("4.52", 3, (2,))


def test_the_top_earner_counts_in_the_median() -> None:
    """T-39."""
    figures = multiple([entry(100_00), entry(200_00), entry(900_00)], "as_paid")
    assert (figures.median_pence, figures.ratio) == (200_00, 450)


def test_an_even_number_takes_the_mean_of_the_two_middle_values_to_the_penny() -> None:
    """T-39: no banding first."""
    figures = multiple([entry(30_000_01), entry(30_000_02), entry(10_000_00), entry(90_000_00)], "as_paid")
    assert (figures.median_pence, figures.median_ranks) == (30_000_02, (2, 3))
    assert (figures.mean_pence, figures.lowest_pence) == (40_000_01, 10_000_00)
    assert (figures.ratio_to(figures.mean_pence), figures.ratio_to(figures.lowest_pence)) == ("2.25", "9.00")


@pytest.mark.parametrize(
    ("highest", "median", "shown"),
    [(163_700_00, 36_250_00, "4.52"), (1_005, 200, "5.03"), (1_004, 200, "5.02"), (4_449_999, 1_000_000, "4.45"),
     (100, 100, "1.00")],
)  # fmt: skip
def test_the_ratio_is_rounded_half_up_once(highest: int, median: int, shown: str) -> None:
    """T-41."""
    assert two_places(ratio(highest, median)) == shown


def test_full_time_pay_takes_basic_and_regular_allowances_to_a_full_year_and_the_rest_as_paid() -> None:
    """T-40: half time for six months; bonus and benefits stay."""
    row = staff(
        "a", 1_000_000, fte=Decimal("0.5"), months_paid=Decimal(6), allowances_pence=10_000, bonus_pence=500,
        benefits_pence=70,
    )  # fmt: skip
    (found,) = pay_list([row], DAY, WHOLE).entries
    assert (found.basic_full_pence, found.allowances_full_pence) == (4_000_000, 40_000)
    assert (found.earnings("fte_annualised"), found.earnings("as_paid")) == (4_040_570, 1_010_570)


def test_two_half_posts_of_one_person_are_one_employee() -> None:
    """T-39, T-40: each post weighs by its FTE."""
    posts = [
        staff("a", 1_000_000, post_id="x", fte=Decimal("0.5"), base_salary_pence=2_000_000),
        staff("a", 2_000_000, post_id="y", fte=Decimal("0.5"), base_salary_pence=4_000_000, allowances_pence=100),
    ]
    (found,) = pay_list(posts, DAY, WHOLE).entries
    assert (found.basic_full_pence, found.basic_paid_pence, found.allowances_full_pence) == (3_000_000, 3_000_000, 100)


def test_leavers_agency_and_others_are_out_and_counted() -> None:
    """T-41, T-39: leave of any kind counts; an end on the day itself counts."""
    rows = [
        staff("stays"),
        staff("leave", leave="unpaid"),
        staff("last-day", end_date=date(2018, 3, 31)),
        staff("left", end_date=date(2018, 3, 30)),
        staff("starts", start_date=date(2018, 4, 1)),
        staff("agency", employment_type="contractor", is_employee=False),
        staff("link", 0, fte=None, basic_paid_pence=None, shared_with="other"),
        staff("else", programme_staff=False),
    ]
    found = pay_list(rows, DAY, WHOLE)
    assert (len(found.entries), found.left_out) == (
        4,
        {"AGENCY": 1, "LEFT_BEFORE_DATE": 1, "PAID_ELSEWHERE": 1, "STARTS_AFTER_DATE": 1},
    )
    assert pay_list(rows, DAY, PROGRAMME).left_out["NOT_ENGAGED"] == 1
    with_agency = Method("whole_workforce", "fte_annualised", True)
    assert len(pay_list(rows, DAY, with_agency).entries) == 5
    unpaid = staff("day-rate", employment_type="contractor", is_employee=False, basic_paid_pence=None)
    with pytest.raises(AgencyPayMissing, match="1 of them have no basic_pay_paid"):
        pay_list([*rows, unpaid], DAY, with_agency)


@pytest.mark.parametrize(
    ("publisher", "method", "n", "highest", "median", "shown"),
    [
        ("example-lead", WHOLE, 50, 17_680_000, 5_667_500, "3.12"),
        ("example-lead", PROGRAMME, 49, 17_680_000, 5_600_000, "3.16"),
        ("example-partner", WHOLE, 6, 10_070_000, 4_818_500, "2.09"),
    ],
)
def test_the_synthetic_bodies(publisher: str, method: Method, n: int, highest: int, median: int, shown: str) -> None:
    """T-38 to T-41 on every edge case of the list."""
    found = pay_list(read_staff(SYNTHETIC, "text/csv", publisher).rows, DAY, method)
    figures = multiple(found.entries, "fte_annualised")
    assert (figures.n, figures.highest_pence, figures.median_pence) == (n, highest, median)
    assert two_places(figures.ratio) == shown


def test_too_few_or_unpaid_employees_make_no_multiple() -> None:
    with pytest.raises(NobodyCounts, match="1 employees are left"):
        multiple([entry(100)], "as_paid")
    with pytest.raises(NobodyCounts, match="earnings of 0"):
        multiple([entry(100), entry(0)], "as_paid")

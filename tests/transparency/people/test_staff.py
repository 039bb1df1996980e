"""Brackets, full-time rates and who is in the snapshot: pure rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from services.transparency.people.staff import Staff, bracket, half_up, whole_pounds

DAY = date(2018, 3, 31)


def staff(**more: Any) -> Staff:
    values: dict[str, Any] = {
        "post_id": "A1",
        "job_title": "Adviser",
        "unit": "Advice",
        "employment_type": "permanent",
        "person_id": "p",
        "fte": Decimal(1),
        "months_paid": Decimal(12),
    }
    return Staff(**{**values, **more})


@pytest.mark.parametrize(
    ("pence", "label"),
    [
        (5_000_000, "50000-54999"),
        (5_999_950, "55000-59999"),
        (6_000_000, "60000-64999"),
        (6_499_999, "60000-64999"),
        (6_500_000, "65000-69999"),
        (17_680_000, "175000-179999"),
    ],
)
def test_a_bracket_begins_at_a_multiple_of_5000_and_pence_fall_in_no_gap(pence: int, label: str) -> None:
    """T-32."""
    assert bracket(pence) == label


def test_the_rate_is_basic_pay_taken_to_full_time_without_allowances() -> None:
    """T-30, worked example 10: FTE 0.6 paid 33,000 is 55,000; FTE 0.5 paid 25,000 is 50,000."""
    part = staff(fte=Decimal("0.6"), basic_paid_pence=3_300_000, allowances_pence=450_000)
    assert (part.rate_pence, bracket(part.rate_pence or 0)) == (5_500_000, "55000-59999")
    assert staff(fte=Decimal("0.5"), basic_paid_pence=2_500_000).rate_pence == 5_000_000
    assert staff(months_paid=Decimal(7), basic_paid_pence=1_612_333).rate_pence == 2_763_999
    assert staff(base_salary_pence=5_001_200, basic_paid_pence=1).rate_pence == 5_001_200


def test_no_rate_is_invented_for_a_contractor_or_from_nothing() -> None:
    """T-34."""
    contractor = staff(employment_type="contractor", is_employee=False, basic_paid_pence=9_000_000)
    assert contractor.rate_pence is None
    assert staff(basic_paid_pence=0, months_paid=Decimal(0)).rate_pence is None
    assert staff(fte=None, basic_paid_pence=100).rate_pence is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"leave": "paid"}, None),
        ({"leave": "unpaid"}, "UNPAID_LEAVE"),
        ({"end_date": date(2018, 4, 13)}, None),
        ({"end_date": date(2018, 3, 31)}, None),
        ({"end_date": date(2018, 3, 30)}, "NOT_IN_POST"),
        ({"start_date": date(2018, 3, 31)}, None),
        ({"start_date": date(2018, 4, 1)}, "NOT_IN_POST"),
        ({"vacancy": True, "person_id": None, "start_date": date(2018, 4, 1)}, None),
    ],
)
def test_paid_leave_and_later_leavers_are_in_and_unpaid_leave_is_out(row: dict[str, Any], reason: str | None) -> None:
    """T-35."""
    assert staff(**row).absent_as(DAY) == reason


def test_remuneration_holds_everything_paid_but_pension() -> None:
    """T-31, worked example 10: salary 48,000 and a taxable allowance of 4,500."""
    row = staff(basic_paid_pence=4_800_000, allowances_pence=450_000, pension_pence=900_000)
    assert row.remuneration_pence == 5_250_000
    paid = staff(
        basic_paid_pence=1, allowances_pence=10, bonus_pence=100, benefits_pence=1_000, loss_of_office_pence=10_000
    )
    assert paid.remuneration_pence == 11_111


def test_halves_go_up_in_whole_pounds_and_in_fractions() -> None:
    """T-55, T-41."""
    assert [whole_pounds(pence) for pence in (149, 150, 151, 0)] == [1, 2, 2, 0]
    assert [half_up(Fraction(number, 4)) for number in (1, 2, 3, 6)] == [0, 1, 1, 2]

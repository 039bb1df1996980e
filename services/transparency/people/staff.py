"""One row of a staff list, who was in post on a day, and the full-time rate of pay. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

PENCE_IN_BRACKET = 500_000


@dataclass(frozen=True)
class Staff:
    """One holder of one post, a vacancy, or a link to a post that another publisher carries. Personal data."""

    post_id: str
    job_title: str
    unit: str
    employment_type: str
    """`permanent`, `temporary` or `contractor`."""
    person_id: str | None = None
    reports_to: str | None = None
    level: int | None = None
    grade: str | None = None
    grade_max_pence: int | None = None
    service: str | None = None
    is_employee: bool = True
    programme_staff: bool = True
    fte: Decimal | None = None
    base_salary_pence: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    months_paid: Decimal | None = None
    leave: str | None = None
    """`paid` or `unpaid` leave on the date of the list."""
    basic_paid_pence: int | None = None
    allowances_pence: int = 0
    bonus_pence: int = 0
    bonus_detail: str | None = None
    benefits_pence: int = 0
    benefits_detail: str | None = None
    loss_of_office_pence: int = 0
    pension_pence: int = 0
    vacancy: bool = False
    shared_with: str | None = None
    holder_name: str | None = None
    consent_to_name: bool = False
    objection: str | None = None
    contact: str | None = None
    responsibilities: str | None = None
    own_budget_pence: int | None = None

    @property
    def is_link(self) -> bool:
        """A shared post that the other publisher pays and publishes; here it is only a link (T-35)."""
        return self.shared_with is not None and self.fte is None and not self.basic_paid_pence

    @property
    def rate_pence(self) -> int | None:
        """Full-time yearly salary: basic pay divided by FTE, without allowances; None for a day rate (T-30, T-34)."""
        if self.employment_type == "contractor":
            return None
        if self.base_salary_pence is not None:
            return self.base_salary_pence
        if self.basic_paid_pence is None or not self.fte or not self.months_paid:
            return None
        return annualised(self.basic_paid_pence, self.fte, self.months_paid)

    @property
    def salary_pence(self) -> int:
        """Salary of a whole year in this post at its FTE, which decides about naming."""
        return half_up(Fraction(self.rate_pence or 0) * Fraction(self.fte or 0))

    @property
    def remuneration_pence(self) -> int:
        """Paid in the year: salary, taxable allowances, bonus, benefits and loss of office; no pension (T-31)."""
        parts = (self.allowances_pence, self.bonus_pence, self.benefits_pence, self.loss_of_office_pence)
        return (self.basic_paid_pence or 0) + sum(parts)

    def absent_as(self, day: date) -> str | None:
        """Why the holder is not in the snapshot of a day: paid leave and later leavers are in (T-35)."""
        if self.vacancy:
            return None
        if (self.start_date and self.start_date > day) or (self.end_date and self.end_date < day):
            return "NOT_IN_POST"
        return "UNPAID_LEAVE" if self.leave == "unpaid" else None


def half_up(value: Fraction) -> int:
    """The nearest whole number; a half goes up. For amounts of zero or more."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def annualised(paid_pence: int, fte: Decimal, months: Decimal) -> int:
    """Pay of part time or part of a year, as it would be full time and for twelve months (T-40)."""
    return half_up(Fraction(paid_pence * 12) / (Fraction(fte) * Fraction(months)))


def whole_pounds(pence: int) -> int:
    """Half up, as salaries are published (T-55)."""
    return half_up(Fraction(pence, 100))


def bracket(pence: int) -> str:
    """`60000-64999`: from a multiple of 5,000 pounds up to, and without, the next; pence fall in no gap (T-32)."""
    floor = pence // PENCE_IN_BRACKET * 5_000
    return f"{floor}-{floor + 4_999}"


def by_post(rows: Sequence[Staff]) -> dict[str, list[Staff]]:
    """Post → its rows, in the order of the list."""
    posts: dict[str, list[Staff]] = {}
    for row in rows:
        posts.setdefault(row.post_id, []).append(row)
    return posts

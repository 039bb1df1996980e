"""Tables of pay runs, the anonymous restricted pay list behind each, and the times that one was run again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, json_field, pence


class PayRun(Transparency, table=True):
    """Figures of a pay date by one method. Restricted until an edition publishes them."""

    __tablename__ = "pay_runs"
    __table_args__ = (
        UniqueConstraint("organisation_id", "pay_date", "version"),
        CheckConstraint("state IN ('made', 'approved')", name="state"),
        CheckConstraint("(state = 'approved') = (approved_by IS NOT NULL)", name="approved"),
        CheckConstraint("approved_by IS NULL OR approved_by <> made_by", name="two_people"),
        CheckConstraint("population IN ('whole_workforce', 'programme_staff')", name="population"),
        CheckConstraint("basis IN ('fte_annualised', 'as_paid')", name="basis"),
        CheckConstraint("(list_id IS NULL) = (source = 'pay_list')", name="source"),
        CheckConstraint("employees >= 2", name="employees"),
        CheckConstraint("highest_pence >= median_pence AND median_pence > 0", name="highest_is_highest"),
        CheckConstraint(
            "ratio_hundredths = floor((2 * highest_pence::numeric * 100 + median_pence) / (2 * median_pence))",
            name="ratio",
        ),
    )

    pay_run_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    pay_date: date
    version: int
    row_version: int = 1
    state: str
    source: str = Field(description="`staff_list`, or `pay_list` where anonymous entries were sent.")
    list_id: UUID | None = Field(default=None, foreign_key="staff_lists.list_id")
    methodology: int
    population: str
    basis: str
    agency_in_population: bool
    further_factors: list[str] = json_field()
    employees: int
    highest_pence: int = pence()
    median_pence: int = pence()
    ratio_hundredths: int
    figures: dict[str, Any] = json_field()
    """Each basis with its figures; the other one may stand beside (T-40)."""
    left_out: dict[str, int] = json_field()
    entries_sha256: str
    made_by: str
    made_at: datetime = instant()
    approved_by: str | None = None
    approved_at: datetime | None = instant(nullable=True)


class PayRunEntry(Transparency, table=True):
    """What one employee was paid: no name, no number, in the order of earnings. Restricted."""

    __tablename__ = "pay_run_entries"
    __table_args__ = (
        CheckConstraint(
            "basic_paid_pence >= 0 AND basic_full_pence >= 0 AND allowances_paid_pence >= 0"
            " AND allowances_full_pence >= 0 AND bonus_pence >= 0 AND benefits_pence >= 0",
            name="amounts",
        ),
    )

    pay_run_id: UUID = Field(primary_key=True, foreign_key="pay_runs.pay_run_id")
    number: int = Field(primary_key=True)
    basic_paid_pence: int = pence()
    basic_full_pence: int = pence()
    allowances_paid_pence: int = pence()
    allowances_full_pence: int = pence()
    bonus_pence: int = pence()
    benefits_pence: int = pence()


class PayRerun(Transparency, table=True):
    """A run worked out again from its restricted list, and whether the figures were the same."""

    __tablename__ = "pay_reruns"

    rerun_id: UUID = Field(primary_key=True)
    pay_run_id: UUID = Field(foreign_key="pay_runs.pay_run_id", index=True)
    same: bool
    differs_in: list[str] = json_field()
    run_by: str
    run_at: datetime = instant()

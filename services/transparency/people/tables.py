"""Tables of staff lists with their versions, the restricted rows, objections, and decisions about small units."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, pence


class StaffList(Transparency, table=True):
    """A version of a publisher's staff list as at a day: who sent it and how much it holds, nothing personal."""

    __tablename__ = "staff_lists"
    __table_args__ = (
        UniqueConstraint("organisation_id", "applicable_date", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("row_count > 0 AND rejected_rows >= 0", name="counts"),
    )

    list_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    applicable_date: date
    version: int
    content_sha256: str = Field(description="Fingerprint of the rows taken; the same list again changes nothing.")
    file_sha256: str
    row_count: int
    post_count: int
    rejected_rows: int
    imported_by: str
    imported_at: datetime = instant()


class StaffEntry(Transparency, table=True):
    """A row of a staff list. Personal data: read by finance, data protection and audit alone, never published as is."""

    __tablename__ = "staff_entries"
    __table_args__ = (
        CheckConstraint("reports_to IS NULL OR reports_to <> post_id", name="no_self_report"),
        CheckConstraint("employment_type IN ('permanent', 'temporary', 'contractor')", name="employment_type"),
        CheckConstraint("leave IS NULL OR leave IN ('paid', 'unpaid')", name="leave"),
        CheckConstraint("level IS NULL OR level BETWEEN 1 AND 9", name="level"),
        CheckConstraint("fte IS NULL OR (fte > 0 AND fte <= 1)", name="fte"),
        CheckConstraint("months_paid IS NULL OR months_paid BETWEEN 0 AND 12", name="months_paid"),
        CheckConstraint(
            "NOT vacancy OR (person_id IS NULL AND holder_name IS NULL AND coalesce(basic_paid_pence, 0) = 0)",
            name="vacancy_has_no_holder",
        ),
        CheckConstraint("vacancy OR person_id IS NOT NULL", name="holder_is_known"),
        CheckConstraint(
            "employment_type <> 'contractor' OR (NOT is_employee AND base_salary_pence IS NULL)",
            name="contractor_has_no_salary",
        ),
        CheckConstraint("start_date IS NULL OR end_date IS NULL OR end_date >= start_date", name="ends_after_start"),
        CheckConstraint(
            "coalesce(base_salary_pence, 0) >= 0 AND coalesce(basic_paid_pence, 0) >= 0 AND allowances_pence >= 0"
            " AND bonus_pence >= 0 AND benefits_pence >= 0 AND loss_of_office_pence >= 0 AND pension_pence >= 0",
            name="amounts",
        ),
    )

    list_id: UUID = Field(primary_key=True, foreign_key="staff_lists.list_id")
    number: int = Field(primary_key=True)
    post_id: str
    person_id: str | None = None
    reports_to: str | None = None
    level: int | None = None
    job_title: str
    grade: str | None = None
    grade_max_pence: int | None = pence(nullable=True)
    unit: str
    service: str | None = None
    employment_type: str
    is_employee: bool
    programme_staff: bool
    fte: Decimal | None = Field(default=None, sa_type=Numeric(5, 4))
    base_salary_pence: int | None = pence(nullable=True)
    start_date: date | None = None
    end_date: date | None = None
    months_paid: Decimal | None = Field(default=None, sa_type=Numeric(6, 4))
    leave: str | None = None
    basic_paid_pence: int | None = pence(nullable=True)
    allowances_pence: int = pence(default=0)
    bonus_pence: int = pence(default=0)
    bonus_detail: str | None = None
    benefits_pence: int = pence(default=0)
    benefits_detail: str | None = None
    loss_of_office_pence: int = pence(default=0)
    pension_pence: int = pence(default=0)
    vacancy: bool
    shared_with: str | None = None
    holder_name: str | None = None
    consent_to_name: bool
    objection: str | None = None
    contact: str | None = None
    responsibilities: str | None = None
    own_budget_pence: int | None = pence(nullable=True)


class PostObjection(Transparency, table=True):
    """A holder's objection to publication of a post, and what was decided. Restricted; the public sees a number."""

    __tablename__ = "post_objections"
    __table_args__ = (
        Index("ix_post_objections_post", "organisation_id", "post_id"),
        Index(
            "uq_post_objections_one_open",
            "organisation_id",
            "post_id",
            unique=True,
            postgresql_where=text("state IN ('raised', 'upheld')"),
        ),
        CheckConstraint("state IN ('raised', 'upheld', 'refused', 'lifted')", name="state"),
        CheckConstraint("(state = 'raised') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("decided_by IS NULL OR decided_by <> raised_by", name="two_people"),
    )

    objection_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    post_id: str
    state: str
    version: int = 1
    reason: str
    decision_reason: str | None = None
    raised_by: str
    raised_at: datetime = instant()
    decided_by: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    review_on: date | None = None


class SmallUnitDecision(Transparency, table=True):
    """How the data protection lead keeps a withheld post in a small unit from being found out (T-37). Restricted."""

    __tablename__ = "small_unit_decisions"
    __table_args__ = (
        UniqueConstraint("organisation_id", "applicable_date", "unit"),
        CheckConstraint("decision IN ('publish', 'hide_figures', 'hide_unit')", name="decision"),
    )

    decision_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    applicable_date: date
    unit: str
    decision: str
    public_interest: str
    review_on: date
    version: int = 1
    decided_by: str
    decided_at: datetime = instant()

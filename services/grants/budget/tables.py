"""Tables of budget versions and their lines."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import instant, pence


class BudgetVersion(Kept, table=True):
    """One division of the grant, in effect from a day until a later version's day; never edited then (G-12)."""

    __tablename__ = "budget_versions"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_budget_versions_number"),
        CheckConstraint("type IN ('original', 'revised')", name="type"),
        CheckConstraint("status IN ('indicative', 'committed')", name="status"),
        CheckConstraint("state IN ('balanced', 'effective', 'superseded', 'withdrawn')", name="state"),
        CheckConstraint("(state IN ('effective', 'superseded')) = (approved_at IS NOT NULL)", name="approved"),
        # An approver is never the author.
        CheckConstraint("approved_by <> created_by", name="four_eyes"),
        Index("uq_budget_versions_balanced", "agreement_id", unique=True, postgresql_where=text("state = 'balanced'")),
        Index(
            "uq_budget_versions_effective", "agreement_id", unique=True, postgresql_where=text("state = 'effective'")
        ),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    type: str = Field(max_length=20)
    status: str = Field(max_length=20)
    effective_from: date
    grant_pence: int = pence()
    """The grant that it divides; that of the agreement may change by a variation."""
    state: str = Field(max_length=20)
    variation_id: UUID | None = Field(default=None, foreign_key="variations.id", description="What made it, if any.")
    approved_at: datetime | None = instant(nullable=True)
    approved_by: str | None = Field(
        default=None, description="Subject of the second person; none where the department agreed instead."
    )


class BudgetLine(Grants, table=True):
    """A line as agreed: carrying lines hold an amount, headings and the total what is printed beside them (G-8)."""

    __tablename__ = "budget_lines"
    __table_args__ = (
        UniqueConstraint("version_id", "code", name="uq_budget_lines_code"),
        CheckConstraint("kind IN ('leaf', 'pass_through', 'unallocated', 'heading', 'total')", name="kind"),
        # Money of a heading would count twice (G-8).
        CheckConstraint(
            "(kind IN ('leaf', 'pass_through', 'unallocated')) = (amount_pence IS NOT NULL)", name="who_carries"
        ),
        CheckConstraint("kind IN ('heading', 'total') OR stated_pence IS NULL", name="stated_only_on_sums"),
        CheckConstraint("amount_pence >= 0", name="amount_not_negative"),
    )

    version_id: UUID = Field(foreign_key="budget_versions.id", primary_key=True)
    line_id: UUID = Field(primary_key=True, description="The same line across versions.")
    code: str = Field(max_length=20)
    name: str = Field(max_length=200)
    parent_code: str | None = Field(default=None, max_length=20)
    kind: str = Field(max_length=20)
    amount_pence: int | None = pence(nullable=True)
    stated_pence: int | None = pence(nullable=True)
    position: int

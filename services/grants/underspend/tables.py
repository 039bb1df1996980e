"""The table of what was decided about underspend."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Kept
from shared.database import instant, pence


class UnderspendTreatment(Kept, table=True):
    """One decision on part of a year's underspend; what no row decides on is undecided (G-36).

    A decision that turns out wrong is withdrawn with a reason and stays readable; nothing is edited.
    """

    __tablename__ = "underspend_treatments"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_underspend_treatments_number"),
        CheckConstraint("treatment IN ('retain', 'return', 'carry_forward', 'net_off')", name="treatment"),
        CheckConstraint("state IN ('decided', 'settled', 'withdrawn')", name="state"),
        CheckConstraint("amount_pence > 0", name="amount_positive"),
        # Money that moves to another year says to which (G-36).
        CheckConstraint(
            "(treatment IN ('carry_forward', 'net_off')) = (following_agreement_id IS NOT NULL)", name="names_following"
        ),
        CheckConstraint("treatment = 'retain' OR approval_reference IS NOT NULL", name="approved"),
        CheckConstraint("following_agreement_id <> agreement_id", name="other_year"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    treatment: str = Field(max_length=20)
    amount_pence: int = pence()
    outturn_id: UUID = Field(foreign_key="outturns.id", description="The outturn that showed the underspend.")
    following_agreement_id: UUID | None = Field(default=None, foreign_key="agreements.id", index=True)
    approved_by: str | None = Field(default=None, max_length=200, description="Who at the department approved it.")
    approval_reference: str | None = Field(default=None, max_length=200)
    decided_on: date
    reason: str | None = Field(default=None, max_length=2000)
    state: str = Field(max_length=20)
    settled_on: date | None = None
    settlement_reference: str | None = Field(default=None, max_length=200)
    withdrawn_at: datetime | None = instant(nullable=True)
    withdrawal_reason: str | None = Field(default=None, max_length=2000)

"""Tables of payments and of the parts in which they came in or went out."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import instant, json_field, pence


class Payment(Kept, table=True):
    """Grant asked for or handed on under one agreement (G-24, G-25); what moved stands in its parts."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("(direction = 'out') = (award_id IS NOT NULL)", name="out_to_an_award"),
        CheckConstraint(
            "basis IN ('arrears', 'in_advance_of_need_approved', 'single_lump', 'unknown')",
            name="basis",
        ),
        CheckConstraint(
            "state IN ('planned', 'requested', 'received', 'refused', 'withdrawn') AND direction = 'in'"
            " OR state IN ('planned', 'part_paid', 'paid', 'withdrawn') AND direction = 'out'",
            name="state",
        ),
        CheckConstraint("requested_pence > 0", name="amount_positive"),
        CheckConstraint("(state IN ('requested', 'received')) <= (need_check IS NOT NULL)", name="requested_is_tested"),
        CheckConstraint("(state = 'refused') = (refusal_reason IS NOT NULL)", name="refusal_has_reason"),
        CheckConstraint("(state = 'withdrawn') = (withdrawal_reason IS NOT NULL)", name="withdrawal_has_reason"),
        CheckConstraint("(excess_reason IS NULL) = (excess_approved_by IS NULL)", name="excess_has_reason"),
        CheckConstraint("excess_approved_by <> requested_by", name="excess_four_eyes"),
        Index("ix_payments_agreement_id", "agreement_id", "direction"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    direction: str = Field(max_length=3)
    award_id: UUID | None = Field(default=None, foreign_key="pass_through_awards.id", index=True)
    basis: str = Field(max_length=30)
    state: str = Field(max_length=10)
    requested_pence: int = pence()
    due_on: date | None = None
    requested_on: date | None = None
    requested_by: str | None = None
    need_check: dict[str, Any] | None = json_field(nullable=True)
    excess_reason: str | None = Field(default=None, max_length=2000)
    excess_approved_by: str | None = None
    excess_approved_at: datetime | None = instant(nullable=True)
    refusal_reason: str | None = Field(default=None, max_length=2000)
    refusal_reference: str | None = Field(default=None, max_length=200)
    refused_by_name: str | None = Field(default=None, max_length=200)
    refused_on: date | None = None
    withdrawal_reason: str | None = Field(default=None, max_length=2000)


class PaymentPart(Grants, table=True):
    """Money that moved on one day. Never edited: a negative part takes back what was noted wrongly, with the reason."""

    __tablename__ = "payment_parts"
    __table_args__ = (
        CheckConstraint("paid_pence <> 0", name="amount_not_zero"),
        CheckConstraint("paid_pence > 0 OR reason IS NOT NULL", name="taken_back_with_reason"),
    )

    payment_id: UUID = Field(foreign_key="payments.id", primary_key=True)
    number: int = Field(primary_key=True)
    paid_on: date
    paid_pence: int = pence()
    reference: str | None = Field(default=None, max_length=200)
    reason: str | None = Field(default=None, max_length=2000)
    recorded_at: datetime = instant()
    created_by: str

"""Table of approved figures of payment performance."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, json_field


class PerformanceApproval(Transparency, table=True):
    """The figures of a half-year as a finance lead approved them; they are public from then on."""

    __tablename__ = "payment_performance_approvals"
    __table_args__ = (
        UniqueConstraint("organisation_id", "period", "fingerprint"),
        CheckConstraint("NOT jsonb_exists(makers, approved_by)", name="two_people"),
        CheckConstraint("period ~ '^[0-9]{4}-[0-9]{2}-h[12]$'", name="half_year"),
        CheckConstraint("fingerprint ~ '^[0-9a-f]{64}$'", name="fingerprint"),
    )

    approval_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    period: str
    fingerprint: str
    figures: dict[str, Any] = json_field()
    makers: list[str] = json_field()
    """Who stated something of an invoice that the figures count or leave out; none of them approves."""
    approved_by: str
    approved_at: datetime = instant()

"""Tables of what happened to an agreement over time, and of its yearly reviews."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants
from shared.database import instant, json_field


class AgreementVersion(Grants, table=True):
    """One change of an agreement's terms: what, by whom, when, and the day from which it holds; never changed.

    Without effective_from it holds from the start: the draft, and what corrects it.
    """

    __tablename__ = "agreement_versions"

    agreement_id: UUID = Field(foreign_key="agreements.id", primary_key=True)
    number: int = Field(primary_key=True, description="Version of the agreement that the change made.")
    action: str = Field(max_length=40)
    effective_from: date | None = None
    changes: list[dict[str, Any]] = json_field()
    """{what, before, after}: terms by name, money in pence, days as ISO dates."""
    variation_id: UUID | None = Field(default=None, foreign_key="variations.id")
    recorded_at: datetime = instant()
    recorded_by: str


class YearlyReview(Grants, table=True):
    """What a review of the agreement decided, with the note that reconciles it to the accounts (G-17)."""

    __tablename__ = "yearly_reviews"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_yearly_reviews_number"),
        CheckConstraint("decision IN ('continue', 'stop', 'amend')", name="decision"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    reviewed_on: date
    decision: str = Field(max_length=20)
    reconciliation_note: str = Field(max_length=2000)
    decided_by: str = Field(max_length=200, description="Who decided, by name.")
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    recorded_by: str

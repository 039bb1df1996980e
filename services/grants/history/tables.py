"""The table of what documents say about the grant of past years."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Kept
from shared.database import pence


class HistoricalGrant(Kept, table=True):
    """One printed figure for one year and scope; what the documents do not say is null, never zero."""

    __tablename__ = "grant_history"
    __table_args__ = (
        UniqueConstraint("year", "scope", name="uq_grant_history_year", postgresql_nulls_not_distinct=True),
        CheckConstraint("grant_pence >= 0", name="grant_not_negative"),
        CheckConstraint("spend_pence >= 0", name="spend_not_negative"),
        CheckConstraint("spend_pence IS NOT NULL OR spend_state IS NULL", name="spend_state_of_spend"),
    )

    id: UUID = Field(primary_key=True)
    year: str = Field(max_length=7)
    scope: str | None = Field(default=None, max_length=200, description="What the figure covers.")
    funding_basis: str = Field(max_length=40)
    grant_pence: int | None = pence(nullable=True)
    state: str = Field(max_length=80)
    source: str | None = Field(default=None, max_length=200)
    note: str | None = Field(default=None, max_length=2000)
    spend_pence: int | None = pence(nullable=True)
    spend_state: str | None = Field(default=None, max_length=20)
    spend_reported_on: date | None = None

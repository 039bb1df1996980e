"""Tables of what documents say about the grant of past years, and of what is claimed about its change."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.grants.base import Kept
from shared.database import instant, pence


class HistoricalGrant(Kept, table=True):
    """One printed figure for one year and scope; what the documents do not say is null, never zero.

    A corrected figure is a new row; the one it supersedes stays, for whoever asks what was known on a day.
    """

    __tablename__ = "grant_history"
    __table_args__ = (
        Index(
            "uq_grant_history_year",
            "year",
            "scope",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
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
    superseded_at: datetime | None = instant(nullable=True)


class GrantClaim(Kept, table=True):
    """What somebody claims about a change of the grant over years: kept as claimed, never computed by us."""

    __tablename__ = "grant_claims"
    __table_args__ = (
        CheckConstraint("basis IN ('real_terms', 'cash', 'not_stated')", name="basis"),
        CheckConstraint("from_year < to_year", name="years_ordered"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawn_says_why"),
    )

    id: UUID = Field(primary_key=True)
    from_year: str = Field(max_length=7)
    to_year: str = Field(max_length=7)
    basis: str = Field(max_length=20)
    claimed_by: str = Field(max_length=200)
    source: str = Field(max_length=200)
    statement: str = Field(max_length=2000, description="In our own words.")
    figure_as_printed: str = Field(max_length=200)
    claimed_on: date | None = None
    withdrawn_at: datetime | None = instant(nullable=True)
    withdrawal_reason: str | None = Field(default=None, max_length=2000)

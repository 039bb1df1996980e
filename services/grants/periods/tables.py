"""Tables of accounting periods and of the statements made for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import instant, pence


class AccountingPeriod(Kept, table=True):
    """One quarter of an agreement's year; locked by the chief finance officer's own act, with a reason (G-29)."""

    __tablename__ = "accounting_periods"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'locked')", name="state"),
        CheckConstraint("(state = 'locked') = (lock_reason IS NOT NULL)", name="lock_has_reason"),
    )

    agreement_id: UUID = Field(foreign_key="agreements.id", primary_key=True)
    quarter: str = Field(primary_key=True, max_length=10, description="2017-18-q1")
    state: str = Field(default="open", max_length=10)
    lock_reason: str | None = Field(default=None, max_length=2000)
    locked_at: datetime | None = instant(nullable=True)
    locked_by: str | None = None


class QuarterStatement(Grants, table=True):
    """The spend of a quarter as stated once; a later statement stands beside it, never in its place (G-31)."""

    __tablename__ = "quarter_statements"
    __table_args__ = (
        UniqueConstraint("agreement_id", "quarter", "number", name="uq_quarter_statements_number"),
        CheckConstraint("happened_at <= recorded_at", name="not_in_future"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    quarter: str = Field(max_length=10)
    number: int
    gross_used: bool
    reason: str | None = Field(default=None, max_length=2000)
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    created_by: str


class StatementLine(Grants, table=True):
    """A carrying line's figures in a statement, and what the ledger held at that moment."""

    __tablename__ = "quarter_statement_lines"

    statement_id: UUID = Field(foreign_key="quarter_statements.id", primary_key=True)
    code: str = Field(primary_key=True, max_length=20)
    name: str = Field(max_length=200)
    position: int
    quarter_pence: int = pence()
    year_to_date_pence: int = pence()
    ledger_pence: int = pence()

"""Tables of accounting periods and of the statements made for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
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


class PeriodMove(Grants, table=True):
    """A lock or a reopening of a quarter, with its reason and who did it; none is ever taken back (G-29)."""

    __tablename__ = "accounting_period_moves"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agreement_id", "quarter"], ["accounting_periods.agreement_id", "accounting_periods.quarter"]
        ),
        CheckConstraint("state IN ('open', 'locked')", name="state"),
    )

    agreement_id: UUID = Field(primary_key=True)
    quarter: str = Field(primary_key=True, max_length=10)
    number: int = Field(primary_key=True, description="From 1, in the order in which they happened.")
    state: str = Field(max_length=10, description="What the quarter became: locked, or open again.")
    reason: str = Field(max_length=2000)
    moved_at: datetime = instant()
    moved_by: str = Field(description="Subject of the token.")
    moved_by_name: str


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
    reason: str | None = Field(default=None, max_length=2000, description="Why a figure is negative (G-28).")
    quarter_pence: int = pence()
    year_to_date_pence: int = pence()
    ledger_pence: int = pence()

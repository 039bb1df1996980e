"""Table of what the finance team states of an invoice beside the ledger."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant


class InvoiceStatement(Transparency, table=True):
    """One statement about one invoice. A later one supersedes it; none is changed. Never public, the reason least."""

    __tablename__ = "invoice_statements"
    __table_args__ = (
        UniqueConstraint("organisation_id", "source", "item_id", "number"),
        CheckConstraint("number >= 1", name="number_counts"),
        CheckConstraint("reason IS NOT NULL OR NOT (disputed OR incomplete)", name="left_out_with_reason"),
        CheckConstraint("reason IS NOT NULL OR number = 1", name="changed_with_reason"),
    )

    statement_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    source: str
    item_id: str
    number: int = Field(description="1 for the first statement about the invoice.")
    received_on: date | None = None
    disputed: bool
    incomplete: bool
    reason: str | None = None
    file_sha256: str = Field(description="The file or body that it came in.")
    stated_by: str
    stated_at: datetime = instant()

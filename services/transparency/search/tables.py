"""Tables of the search: every row of every public spend edition, totals of each, and the files over all periods."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, pence

HIDDEN_HAS_NO_KEY = (
    "redaction_reason IS NULL OR NOT (starts_with(beneficiary, 'REDACTED ') OR redaction_reason = 'SOURCE_REDACTED') "
    "OR (payee_key IS NULL AND beneficiary_id IS NULL)"
)
"""Nothing may link two rows whose payee is hidden (T-19)."""


class SpendRow(Transparency, table=True):
    """A row as an edition published it. A new edition brings rows of its own; none is ever changed (T-49, T-60)."""

    __tablename__ = "spend_rows"
    __table_args__ = (
        CheckConstraint(HIDDEN_HAS_NO_KEY, name="hidden_payee_has_no_key"),
        Index("ix_spend_rows_newest", "payment_date", "edition_id", "place"),
        Index("ix_spend_rows_amount", "amount_pence", "edition_id", "place"),
        Index("ix_spend_rows_document", "document", postgresql_using="gin"),
        Index("ix_spend_rows_payee", "payee_key"),
        Index("ix_spend_rows_category", "category_key"),
        Index("ix_spend_rows_unit", "unit_key"),
        Index("ix_spend_rows_contract", "contract_key", postgresql_where=text("contract_key IS NOT NULL")),
        Index("ix_spend_rows_redaction", "redaction_reason", postgresql_where=text("redaction_reason IS NOT NULL")),
        Index("ix_spend_rows_card", "card", postgresql_where=text("card <> 'None'")),
        Index("ix_spend_rows_inclusion", "inclusion"),
        Index("ix_spend_rows_late", "edition_id", postgresql_where=text("late_addition")),
    )

    edition_id: UUID = Field(primary_key=True)
    place: int = Field(primary_key=True, description="Place of the row in its file, counted from 1.")
    row_id: str
    organisation_id: UUID
    period: str
    transaction_number: str
    line_number: int
    payment_date: date
    date_basis: str
    item_kind: str
    unit: str
    beneficiary: str
    beneficiary_id: str | None = None
    payee_key: str | None = Field(
        default=None, description="What rows of one payee have in common; null where the payee is hidden or not stated."
    )
    unit_key: int = Field(description="Digest of the unit: texts of any length are found by it, then compared.")
    category_key: int
    contract_key: int | None = None
    company_number: str | None = None
    charity_number: str | None = None
    vcse_grant: bool
    amount_pence: int = pence()
    irrecoverable_vat_pence: int | None = pence(nullable=True)
    amount_basis: str
    purpose: str
    category: str
    card: str
    contract_ref: str | None = None
    grant_ref: str | None = None
    decision_ref: str | None = None
    inclusion: str
    late_addition: bool
    redaction_reason: str | None = None
    document: Any = Field(
        sa_type=TSVECTOR,
        nullable=False,
        description="Words of the published payee, purpose, category and unit, without case and accents.",
    )


class SpendTotal(Transparency, table=True):
    """Rows and amount of one edition for one payee, category, unit, month or contract, or of the whole of it.

    The row of dimension `all` is there from the moment on that the edition can be searched, also for a file without
    rows.
    """

    __tablename__ = "spend_totals"
    __table_args__ = (
        CheckConstraint("dimension IN ('all', 'payee', 'category', 'unit', 'month', 'contract')", name="dimension"),
        Index("ix_spend_totals_label", "dimension", "folded", postgresql_ops={"folded": "text_pattern_ops"}),
    )

    edition_id: UUID = Field(primary_key=True)
    dimension: str = Field(primary_key=True)
    key: str = Field(primary_key=True, description="Payee's key; empty in other dimensions and where there is none.")
    digest: str = Field(primary_key=True, description="Of the label, which may be of any length.")
    label: str
    folded: str | None = Field(
        default=None,
        description="Words of the label, 200 characters of them, to find it by; null where it names nobody.",
    )
    rows: int
    total_pence: int = pence()


class SpendFile(Transparency, table=True):
    """A file with the rows of all periods of one publisher; built again at each publication and withdrawal."""

    __tablename__ = "spend_files"

    organisation_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    media_type: str
    sha256: str
    size: int = pence()
    rows: int
    built_at: datetime = instant()

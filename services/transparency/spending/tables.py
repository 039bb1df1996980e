"""Tables of the spend read model: the owners' ledger lines, and what their batches state by month."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Text, text
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, pence


class SpendLine(Transparency, table=True):
    """One ledger entry as it crossed. Entries never change, so a row is written once (T-54)."""

    __tablename__ = "spend_lines"
    __table_args__ = (
        Index("ix_spend_lines_period", "organisation_id", "payment_date"),
        Index("ix_spend_lines_item", "organisation_id", "source", "item_id"),
        Index(
            "ix_spend_lines_contract",
            "organisation_id",
            "contract_ref",
            postgresql_where=text("contract_ref IS NOT NULL"),
        ),
        Index("ix_spend_lines_reverses", "reverses", postgresql_where=text("reverses IS NOT NULL")),
        Index(
            "ix_spend_lines_withheld_texts",
            "organisation_id",
            postgresql_where=text("withheld_texts IS NOT NULL"),
        ),
    )

    entry_id: UUID = Field(primary_key=True)
    row_id: str = Field(description="Public id: UUIDv5 of the root entry, so that corrections keep it.")
    root_id: UUID
    organisation_id: UUID
    batch_id: UUID
    source: str
    line_key: str
    item_id: str
    line_no: int
    kind: str
    ledger_class: str | None = None
    party_key: str | None = None
    party_kind: str
    party_name: str | None = None
    company_number: str | None = None
    charity_number: str | None = None
    vcse: bool | None = None
    unit: str | None = None
    category: str | None = None
    purpose: str | None = None
    card: str
    contract_ref: str | None = None
    invoice_date: date | None = Field(default=None, description="Where the ledger states it (T-62).")
    payment_date: date
    date_basis: str
    net_pence: int = pence()
    vat_pence: int | None = pence(nullable=True)
    irrecoverable_vat_pence: int | None = pence(nullable=True)
    amount_basis: str
    eligible_pence: int = pence()
    agreement_id: UUID | None = None
    line_code: str | None = None
    reverses: UUID | None = None
    replaces: UUID | None = None
    decision_ref: str | None = None
    credit_of: str | None = Field(default=None, description="Item that a credit note names, of the same source (T-7).")
    source_redacted: bool
    withheld_texts: list[str] | None = Field(
        default=None,
        sa_column=Column(ARRAY(Text), nullable=True),
        description="Texts that the ledger's owner keeps back because they name a person (T-63); null is none.",
    )
    first_seen_at: datetime = instant()


class SpreadLine(Transparency, table=True):
    """A line paid in one quarter whose item also has lines in another: the other quarter's test takes it in (T-2)."""

    __tablename__ = "spread_lines"
    __table_args__ = (Index("ix_spread_lines_quarter", "organisation_id", "quarter_start"),)

    entry_id: UUID = Field(primary_key=True)
    quarter_start: date = Field(primary_key=True, description="First day of the other quarter.")
    organisation_id: UUID
    pence: int = pence()


class LedgerBatch(Transparency, table=True):
    """A batch as its owner last stated it: how much its readers must have received (T-14), and the days it covers.

    It is here from the first fact about it. Until the owner says that it is complete, its lines are on their way.
    """

    __tablename__ = "ledger_batches"
    __table_args__ = (
        CheckConstraint(
            "(covers_from IS NULL) = (covers_to IS NULL) AND covers_from <= covers_to", name="days_covered"
        ),
        CheckConstraint("(waits_from IS NULL) = (waits_to IS NULL) AND waits_from <= waits_to", name="days_waiting"),
        CheckConstraint(
            "completed_at IS NOT NULL OR (version = 0 AND lines = 0 AND covers_from IS NULL)", name="on_its_way"
        ),
    )

    batch_id: UUID = Field(primary_key=True)
    version: int
    organisation_id: UUID = Field(index=True)
    source: str
    lines: int
    pence: int = pence()
    covers_from: date | None = Field(default=None, description="First day of payment the batch covers (T-51).")
    covers_to: date | None = None
    waits_from: date | None = Field(
        default=None,
        description="First day it is meant to cover, while lines of it are on their way or not settled: no month that "
        "holds a day from here to `waits_to` is whole (T-59).",
    )
    waits_to: date | None = None
    unsettled_lines: int = Field(default=0, description="Lines neither corrected, decided nor given up.")
    by_hand: bool = Field(default=False, description="A person's act, which says nothing of what else was paid.")
    completed_at: datetime | None = instant(nullable=True)


class LedgerMonth(Transparency, table=True):
    """What one batch put into the owner's ledger for one month of payment."""

    __tablename__ = "ledger_months"
    __table_args__ = (Index("ix_ledger_months_organisation", "organisation_id", "month"),)

    batch_id: UUID = Field(primary_key=True)
    month: str = Field(primary_key=True)
    organisation_id: UUID
    lines: int
    pence: int = pence()

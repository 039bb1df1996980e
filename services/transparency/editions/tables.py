"""Tables of datasets, their editions, the files of each, and the decision on every ledger line."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, json_field, pence


class Dataset(Transparency, table=True):
    """One subject of one publisher; `version` numbers the events about it."""

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("organisation_id", "kind"),)

    dataset_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    kind: str
    title: str
    version: int = 0
    created_at: datetime = instant()


class Edition(Transparency, table=True):
    """One version of a dataset for one period; once published, it never changes (T-49)."""

    __tablename__ = "editions"
    __table_args__ = (
        UniqueConstraint("dataset_id", "period", "number"),
        Index(
            "uq_editions_one_open",
            "dataset_id",
            "period",
            unique=True,
            postgresql_where=text("state IN ('draft', 'checked')"),
        ),
        Index(
            "uq_editions_one_published",
            "dataset_id",
            "period",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
        CheckConstraint(
            "state IN ('draft', 'checked', 'published', 'superseded', 'suspended', 'withdrawn')", name="state"
        ),
        CheckConstraint("state IN ('draft', 'checked') OR approved_by <> drafted_by", name="two_people"),
        CheckConstraint(
            "state IN ('draft', 'checked') OR NOT jsonb_exists(changed_by, approved_by)",
            name="approver_changed_nothing",
        ),
        CheckConstraint("coverage IN ('complete', 'partial', 'not_stated')", name="coverage"),
        CheckConstraint(
            "(coverage = 'partial') = (jsonb_array_length(missing_months) > 0)", name="partial_lacks_months"
        ),
        CheckConstraint("NOT nil_return OR (row_count = 0 AND coverage = 'complete')", name="nil_is_complete"),
    )

    edition_id: UUID = Field(primary_key=True)
    dataset_id: UUID
    period: str
    number: int
    state: str
    version: int = 1
    methodology: int
    change_kind: str
    change_note: str | None = None
    nil_stated: bool = Field(description="A person stated that there was nothing to pay (T-51).")
    nil_return: bool
    coverage: str
    missing_months: list[str] = json_field()
    row_count: int
    line_count: int
    total_pence: int = pence()
    ledger_mark: str = Field(description="Fingerprint of the ledger lines that the content was made of.")
    reconciliation: dict[str, Any] = json_field()
    warnings: dict[str, int] = json_field()
    changes: dict[str, int] = json_field()
    gross_rows: int
    guarded_cells: int = 0
    details: dict[str, Any] = json_field()
    """What belongs into the metadata of this kind of dataset alone, such as a method card; what was left out."""
    quality: dict[str, Any] = json_field()
    """Figures of its quality card that are known when it is checked (T-58)."""
    newly_withheld: dict[str, int] = json_field()
    """Number of an earlier edition → rows that it shows and this one withholds; that edition must go first (T-52)."""
    fault_found_on: date | None = Field(default=None, description="Day on which what it corrects was found.")
    salt: str | None = Field(default=None, description="Secret behind the digests of its rows; erased on withdrawal.")
    sha256: str | None = None
    predecessor: int | None = None
    drafted_by: str
    drafted_at: datetime = instant()
    changed_by: list[str] = json_field()
    """Everyone who drafted, checked or resolved a finding of it, each once; none of them approves it (section 3)."""
    checked_by: str | None = None
    checked_at: datetime | None = instant(nullable=True)
    approved_by: str | None = None
    published_at: datetime | None = instant(nullable=True)
    created_by: str
    created_at: datetime = instant()
    modified_at: datetime = instant()


class EditionFile(Transparency, table=True):
    """A file of an edition, built once at checking."""

    __tablename__ = "edition_files"

    edition_id: UUID = Field(primary_key=True, foreign_key="editions.edition_id")
    name: str = Field(primary_key=True)
    media_type: str
    sha256: str
    size: int = pence()


class RowDecision(Transparency, table=True):
    """Why one ledger line is in an edition, or why it is not (T-15)."""

    __tablename__ = "row_decisions"
    __table_args__ = (
        CheckConstraint("(inclusion IS NULL) <> (exclusion IS NULL)", name="one_reason"),
        Index("ix_row_decisions_row", "row_id"),
    )

    edition_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    row_id: str
    inclusion: str | None = None
    exclusion: str | None = None
    item_total_pence: int = pence()
    amount_pence: int = pence()
    transaction_number: str
    line_number: int
    late_addition: bool
    content: str = Field(description="Digest of the published cells, to find changed rows.")


class Withdrawal(Transparency, table=True):
    """Editions that an officer suspended at once, and what a second person decided (section 3, T-52)."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        CheckConstraint("state IN ('suspended', 'withdrawn', 'lifted')", name="state"),
        CheckConstraint("reason_class IN ('personal_data', 'court_order', 'unlawful')", name="reason_class"),
        CheckConstraint("state = 'suspended' OR decided_by <> started_by", name="two_people"),
    )

    withdrawal_id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(index=True)
    state: str
    version: int = 1
    reason_class: str
    reason: str = Field(description="For those who decide; never public.")
    started_by: str
    started_at: datetime = instant()
    decided_by: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    decision_reason: str | None = None


class WithdrawnEdition(Transparency, table=True):
    """An edition that a withdrawal is about, and the state it was in."""

    __tablename__ = "withdrawn_editions"

    withdrawal_id: UUID = Field(primary_key=True, foreign_key="withdrawals.withdrawal_id")
    edition_id: UUID = Field(primary_key=True, foreign_key="editions.edition_id", index=True)
    state_before: str
    sha256: str | None = Field(
        description="Hash of the file that was public. Never shown: whoever guesses a withheld word could test it."
    )


class Finding(Transparency, table=True):
    """Text that looks personal in a row about to be published; a person says what it is (T-24)."""

    __tablename__ = "findings"

    edition_id: UUID = Field(primary_key=True)
    finding_id: UUID = Field(primary_key=True)
    entry_id: UUID
    row_id: str
    code: str
    field: str = Field(description="Published text that it stands in: purpose, category or unit.")
    resolved_by: str | None = None
    resolved_at: datetime | None = instant(nullable=True)
    reason: str | None = None

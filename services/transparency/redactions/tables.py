"""Tables of redactions and their grounds, and of what each edition withholds; grounds are read by officers alone."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, json_field, pence

LIVE = "state IN ('proposed', 'approved', 'due_review', 'renewed')"


class Redaction(Transparency, table=True):
    """A decision to withhold texts of one thing, or of every row of one payee, from the next edition on (T-18)."""

    __tablename__ = "redactions"
    __table_args__ = (
        Index("ix_redactions_review", "state", "review_on"),
        Index(
            "uq_redactions_one_live",
            "organisation_id",
            "target_kind",
            "target",
            "reason_code",
            unique=True,
            postgresql_where=text(LIVE),
        ),
        CheckConstraint(
            "state IN ('proposed', 'refused', 'approved', 'due_review', 'renewed', 'lifted')", name="state"
        ),
        CheckConstraint("target_kind IN ('row', 'contract', 'post', 'document')", name="target_kind"),
        CheckConstraint(
            "(effect = 'redact' AND jsonb_array_length(fields) > 0) OR (effect = 'exclude' AND fields = '[]'::jsonb)",
            name="effect",
        ),
        CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("decided_by IS NULL OR NOT jsonb_exists(changed_by, decided_by)", name="two_people"),
        CheckConstraint("reviewed_by IS NULL OR NOT jsonb_exists(changed_by, reviewed_by)", name="two_people_review"),
        CheckConstraint("state NOT IN ('approved', 'due_review', 'renewed') OR review_on IS NOT NULL", name="reviewed"),
        CheckConstraint("NOT payee OR target_kind = 'row'", name="payee_of_a_row"),
    )

    redaction_id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(index=True)
    version: int = 1
    state: str
    effect: str = Field(description="`redact`: text is replaced; `exclude`: the row leaves the file.")
    target_kind: str
    target_id: str = Field(description="What was named: a row's public id, or the id of the contract, post, document.")
    payee: bool = Field(description="It holds for every row of the payee of the row that was named.")
    target: str = Field(description="What it is found by: `target_id`, or the ledger's key of the payee.")
    fields: list[str] = json_field()
    reason_code: str
    proposed_by: str
    proposed_at: datetime = instant()
    changed_by: list[str] = json_field()
    """Everyone who proposed or changed it; none of them decides or reviews it (section 3)."""
    decided_by: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    reviewed_by: str | None = None
    reviewed_at: datetime | None = instant(nullable=True)
    review_on: date | None = None
    modified_at: datetime = instant()


class RedactionGrounds(Transparency, table=True):
    """Why it is withheld, in people's own words. They may tell what is withheld, so they stand apart."""

    __tablename__ = "redaction_grounds"

    redaction_id: UUID = Field(primary_key=True, foreign_key="redactions.redaction_id")
    explanation: str
    exemption: str | None = None
    prejudice: str | None = None
    public_interest: str | None = None
    decision_reason: str | None = None
    review_reason: str | None = None


class RowRedaction(Transparency, table=True):
    """What one edition withholds of one ledger line beside what its kind of payee hides; names of fields, no text."""

    __tablename__ = "row_redactions"
    __table_args__ = (
        # An edition's row is written after its lines are decided; deleting a draft takes these with it.
        ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], ondelete="CASCADE", deferrable=True, initially="DEFERRED"
        ),
        CheckConstraint("cardinality(fields) + cardinality(named) > 0", name="something"),
    )

    edition_id: UUID = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    row_id: str
    reason_code: str
    cell_text: str = Field(description="What stands in place of the texts in `fields`.")
    fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False), description="Withheld by decision.")
    named: list[str] = Field(
        sa_column=Column(ARRAY(Text), nullable=False), description="Withheld because they name a person (T-63)."
    )


class RedactionTotal(Transparency, table=True):
    """Rows and value of one edition with withheld text, by reason (T-20)."""

    __tablename__ = "redaction_totals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], ondelete="CASCADE", deferrable=True, initially="DEFERRED"
        ),
    )

    edition_id: UUID = Field(primary_key=True)
    reason_code: str = Field(primary_key=True)
    row_count: int
    value_pence: int = pence()

"""Tables of the year's promises: programme, themes, deliverables and their target parts."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from services.deliverables.base import Deliverables, Kept
from shared.database import instant

NUMBER = Numeric(28, 6)
"""Exact decimals for values and targets; `gbp` holds whole pounds, never money to account for."""


class Programme(Kept, table=True):
    """The promises of one agreement year. Opened empty when the agreement is signed; the row that its changes lock."""

    __tablename__ = "programmes"
    __table_args__ = (
        UniqueConstraint("year", name="uq_programmes_year"),
        CheckConstraint("state IN ('open', 'imported')", name="state"),
        CheckConstraint("(state = 'imported') = (content_sha256 IS NOT NULL)", name="imported_has_content"),
    )

    id: UUID = Field(primary_key=True)
    year: str = Field(max_length=7, description="2017/18")
    agreement_id: UUID = Field(index=True)
    agreement_version: int
    organisation_id: UUID
    organisation_name: str = Field(max_length=400, description="The recipient's name in the agreement.")
    state: str = Field(max_length=20)
    content_sha256: str | None = Field(default=None, max_length=64, description="Of the imported body.")
    imported_at: datetime | None = instant(nullable=True)
    ratings_recorded: int = Field(default=0, description="Numbers the RatingRecorded events.")


class Theme(Deliverables, table=True):
    """A theme of the year; levels between it and the deliverables may be absent (D-1)."""

    __tablename__ = "themes"
    __table_args__ = (UniqueConstraint("programme_id", "code", name="uq_themes_code"),)

    id: UUID = Field(primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    code: str = Field(max_length=20)
    title: str = Field(max_length=400)
    position: int


class Deliverable(Kept, table=True):
    """One agreed promise, or a part of one that is reported on a row of its own (D-2 to D-4)."""

    __tablename__ = "deliverables"
    __table_args__ = (
        UniqueConstraint("programme_id", "ref", name="uq_deliverables_ref"),
        CheckConstraint("row_kind IN ('deliverable', 'split_parent', 'split_row', 'lead_in')", name="row_kind"),
        CheckConstraint("(row_kind = 'split_row') = (split_of IS NOT NULL)", name="split_row_names_its_parent"),
        CheckConstraint("refers_to IS NULL OR refers_to <> ref", name="refers_to_another"),
        CheckConstraint("row_kind <> 'lead_in' OR NOT (counts_in_summary OR reporting_row)", name="lead_in_is_void"),
        Index("ix_deliverables_position", "programme_id", "position"),
    )

    id: UUID = Field(primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    theme_id: UUID = Field(foreign_key="themes.id")
    ref: str = Field(max_length=20)
    printed_ref: str | None = Field(default=None, max_length=20)
    title: str = Field(max_length=1000)
    row_kind: str = Field(max_length=20)
    reporting_row: bool
    counts_in_summary: bool
    split_of: str | None = Field(default=None, max_length=20, description="Reference of the agreed deliverable.")
    refers_to: str | None = Field(default=None, max_length=20, description="Reference whose value and rating it shows.")
    position: int


class TargetPart(Kept, table=True):
    """One measurable piece of a deliverable (D-6 to D-14)."""

    __tablename__ = "target_parts"
    __table_args__ = (
        Index(
            "uq_target_parts_in_force",
            "deliverable_id",
            "part",
            unique=True,
            postgresql_where=text("state = 'in_force'"),
        ),
        CheckConstraint("state IN ('in_force', 'superseded')", name="state"),
        CheckConstraint(
            "operator IN ('ge', 'gt', 'eq', 'le', 'range', 'all', 'as_required', 'narrative', 'unresolved')",
            name="operator",
        ),
        CheckConstraint("\"join\" IN ('and', 'of_which', 'each')", name="join"),
        CheckConstraint("operator NOT IN ('ge', 'gt', 'eq', 'le', 'range') OR low IS NOT NULL", name="number_present"),
        CheckConstraint("operator <> 'range' OR high >= low", name="range_ordered"),
        CheckConstraint(
            "accumulation IN ('increment', 'running_total', 'latest_value', 'distinct_set', 'percentage')",
            name="accumulation",
        ),
        CheckConstraint("accumulation IS NOT NULL OR operator = 'narrative'", name="accumulation_present"),
    )

    id: UUID = Field(primary_key=True)
    deliverable_id: UUID = Field(foreign_key="deliverables.id")
    part: int = Field(ge=1)
    join: str = Field(max_length=10)
    operator: str = Field(max_length=20)
    low: Decimal | None = Field(default=None, sa_type=NUMBER)
    high: Decimal | None = Field(default=None, sa_type=NUMBER)
    unit: str | None = Field(default=None, max_length=40)
    basis: str | None = Field(default=None, max_length=40)
    due: date
    due_printed: str | None = Field(default=None, max_length=400)
    accumulation: str | None = Field(default=None, max_length=20)
    what: str = Field(max_length=1000)
    printed: str | None = Field(default=None, max_length=1000, description="Wording the operator was read from.")
    effective_from: date
    state: str = Field(max_length=20)

"""Tables of obligations, what was published to meet them, and documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, json_field


class Obligation(Transparency, table=True):
    """One duty of one publisher for one period, meeting or award; a judgement once recorded stands (T-48)."""

    __tablename__ = "obligations"
    __table_args__ = (
        UniqueConstraint("organisation_id", "code", "subject"),
        Index("ix_obligations_due", "state", "alarm_on"),
        CheckConstraint(
            "state IN ('upcoming', 'due_soon', 'met', 'missed', 'met_late', 'not_judged', 'not_applicable')",
            name="state",
        ),
    )

    obligation_id: UUID = Field(primary_key=True)
    version: int = 1
    organisation_id: UUID
    code: str
    subject: str = Field(description="What it is about: a year, a quarter or a meeting's id.")
    period: str = Field(description="The same for people.")
    year: str = Field(index=True)
    what: str
    kind: str
    source: str
    readings: list[dict[str, Any]] = json_field()
    alarm_reading: str | None = None
    alarm_on: date | None = None
    state: str
    state_reason: str | None = None
    met_at: datetime | None = instant(nullable=True)
    stated: bool = False
    days_late: int | None = None
    url: str | None = None
    missed_at: datetime | None = instant(nullable=True)
    source_version: int = 0
    proposed_by: str | None = None
    exemption_reason: str | None = Field(default=None, description="Why it is proposed that it does not apply.")
    approved_by: str | None = None
    created_at: datetime = instant()
    modified_at: datetime = instant()


class Publication(Transparency, table=True):
    """Something was published, sent or shared that may meet an obligation, known before or after it."""

    __tablename__ = "publications"
    __table_args__ = (Index("ix_publications_subject", "organisation_id", "code", "subject"),)

    publication_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    code: str
    subject: str
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    stated: bool
    url: str | None = None
    readings_met: dict[str, bool] | None = json_field(nullable=True)
    in_time: bool | None = Field(default=None, description="The verdict that came with it; null where we judge.")


class ObligationEvidence(Transparency, table=True):
    """Where it can be seen that a duty was met; it stands beside the judgement and changes nothing of it."""

    __tablename__ = "obligation_evidence"

    evidence_id: UUID = Field(primary_key=True)
    obligation_id: UUID = Field(index=True, foreign_key="obligations.obligation_id")
    url: str
    note: str
    recorded_by: str
    recorded_at: datetime = instant()


class Document(Transparency, table=True):
    """One version of a document that was published, sent or shared: accounts, letters, memorandum, reports, papers,
    minutes. Versions of one document have the same series."""

    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_series", "organisation_id", "series", "version"),
        Index(
            "uq_documents_version",
            "organisation_id",
            "series",
            "version",
            unique=True,
            postgresql_where=text("created_by IS NOT NULL"),
        ),
        CheckConstraint("created_by IS NULL OR version = 1 OR change_note IS NOT NULL", name="change_note"),
    )

    document_id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(index=True)
    kind: str
    series: str = Field(description="Code of its duty and what it is about: a year, a quarter, a meeting.")
    title: str
    period: str
    meeting_id: UUID | None = Field(default=None, index=True)
    version: int
    change_note: str | None = None
    state: str
    url: str | None = None
    sha256: str | None = None
    withheld_count: int = 0
    happened_at: datetime = instant()
    stated: bool
    recorded_at: datetime = instant()
    created_by: str | None = None

    @property
    def code(self) -> str:
        return self.series.partition(" ")[0]


class WithheldPart(Transparency, table=True):
    """A part of a document that readers do not get, and why. The reasoning stays inside; part and reason are public."""

    __tablename__ = "withheld_parts"

    document_id: UUID = Field(primary_key=True, foreign_key="documents.document_id")
    number: int = Field(primary_key=True)
    what: str
    reason_code: str
    exemption: str
    prejudice: str | None = None
    public_interest: str | None = None

"""Tables of agendas and open papers. Nothing closed is kept here: see the folder `closed` (B-14, B-15)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field

REPORT_STATES = ("draft", "submitted", "changes_requested", "approved", "in_pack", "withdrawn")


class AgendaItem(Kept, table=True):
    """An item's open face: what anyone may know of it, whichever part it is in (B-14, B-33)."""

    __tablename__ = "agenda_items"
    __table_args__ = (
        UniqueConstraint("meeting_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("part IN (1, 2)", name="part"),
    )

    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    position: int
    number: str | None = None
    public_title: str
    public_note: str | None = None
    part: int = 1
    kind: str = "business"
    start: datetime | None = instant(nullable=True)
    end: datetime | None = instant(nullable=True)
    page_from: int | None = None
    page_to: int | None = None
    programme_relevant: bool = True
    not_relevant_reason: str | None = None
    urgency_reason: str | None = None
    urgency_agreement_id: UUID | None = Field(default=None, foreign_key="urgency_agreements.id")
    late: bool = False
    supplement_no: int | None = None
    recording_allowed: bool = True


class UrgencyAgreement(Governance, table=True):
    """The chair's word that a late item is urgent (B-11)."""

    __tablename__ = "urgency_agreements"

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    title: str
    reason: str
    agreed_by: str
    agreed_at: datetime = instant()


class Report(Kept, table=True):
    """An open paper under an item."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("agenda_item_id", "position"),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'changes_requested', 'approved', 'in_pack', 'withdrawn')", name="state"
        ),
    )

    agenda_item_id: UUID = Field(foreign_key="agenda_items.id", index=True)
    position: int
    title: str
    purpose_text: str | None = None
    purpose_categories: list[Any] = json_field(default=list)
    summary: str | None = None
    recommendations: list[Any] = json_field(default=list)
    action: str | None = None
    contact_officers: list[Any] = json_field(default=list)
    lead_member: str | None = None
    background: str | None = None
    financial_implications: str | None = None
    wales_implications: str | None = None
    next_steps: str | None = None
    other_sections: list[Any] = json_field(default=list)
    section_order: list[Any] = json_field(default=list)
    appendices: list[Any] = json_field(default=list)
    background_papers: list[Any] = json_field(default=list)
    programme_relevant: bool = True
    not_relevant_reason: str | None = None
    workstreams: list[Any] = json_field(default=list)
    state: str = "draft"
    late: bool = False
    supplement_no: int | None = None
    source: str | None = None
    paper_offer_id: UUID | None = None


class SignOff(Governance, table=True):
    """Who said what of which version of a report."""

    __tablename__ = "sign_offs"

    id: UUID = Field(primary_key=True)
    report_id: UUID = Field(foreign_key="reports.id", index=True)
    report_version: int
    by: str
    outcome: str
    comment: str | None = None
    at: datetime = instant()


class Restriction(Governance, table=True):
    """Why an item is closed, in words anyone may read (B-18)."""

    __tablename__ = "restrictions"
    __table_args__ = (
        CheckConstraint("kind IN ('exempt', 'confidential')", name="kind"),
        CheckConstraint("state IN ('proposed', 'in_force', 'lifted')", name="state"),
    )

    id: UUID = Field(primary_key=True)
    agenda_item_id: UUID = Field(foreign_key="agenda_items.id", unique=True)
    kind: str
    code: str | None = None
    regime: str | None = None
    reason: str | None = None
    public_interest_note: str | None = None
    state: str = "in_force"
    decided_by: str
    decided_at: datetime = instant()
    review_on: date | None = None
    lifted_at: datetime | None = instant(nullable=True)


class AgendaVersion(Governance, table=True):
    """An agenda as it was published: immutable, with its public snapshot (B-32)."""

    __tablename__ = "agenda_versions"
    __table_args__ = (UniqueConstraint("meeting_id", "number"),)

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    number: int
    snapshot: dict[str, Any] = json_field()
    sha256: str
    reason_for_change: str | None = None
    published_at: datetime = instant()
    recorded_at: datetime = instant()
    published_by: str


class Pack(Governance, table=True):
    """The public papers as they went out: main pack, or a numbered supplement (B-6, B-13, B-19)."""

    __tablename__ = "packs"
    __table_args__ = (UniqueConstraint("meeting_id", "supplement_no"),)

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    scope: str
    supplement_no: int = Field(default=0, description="0 is the main pack.")
    document: dict[str, Any] = json_field()
    page_map: list[Any] = json_field(default=list)
    sha256: str
    published_at: datetime = instant()
    recorded_at: datetime = instant()

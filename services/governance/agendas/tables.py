"""Tables of agendas and open papers. Nothing closed is kept here: see the folder `closed` (B-14, B-15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field


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


class Restriction(Governance, table=True):
    """Why an item is closed, in words anyone may read (B-18)."""

    __tablename__ = "restrictions"
    __table_args__ = (CheckConstraint("kind IN ('exempt', 'confidential')", name="kind"),)

    id: UUID = Field(primary_key=True)
    agenda_item_id: UUID = Field(foreign_key="agenda_items.id", unique=True)
    kind: str
    code: str | None = None
    regime: str | None = None
    reason: str | None = None
    public_interest_note: str | None = None
    decided_by: str
    decided_at: datetime = instant()


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

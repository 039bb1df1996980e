"""Tables of minutes and the registers that come of them. Part 2 texts are not here: see the folder `closed`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field


class Minutes(Kept, table=True):
    """One version of a meeting's minutes. `content` is what is shown; once published it never changes (B-32, B-35)."""

    __tablename__ = "minutes"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        CheckConstraint("state IN ('draft', 'published_draft', 'approved', 'superseded')", name="state"),
    )

    meeting_id: UUID = Field(foreign_key="meetings.id")
    number: int
    state: str
    content: dict[str, Any] = json_field()
    source: str | None = None
    source_sha256: str
    published_at: datetime | None = instant(nullable=True)
    approved_at: datetime | None = instant(nullable=True)


class MinuteItem(Kept, table=True):
    """An item as minuted, with the gaps of the printed numbers kept (B-33)."""

    __tablename__ = "minute_items"
    __table_args__ = (UniqueConstraint("meeting_id", "position"),)

    meeting_id: UUID = Field(foreign_key="meetings.id")
    agenda_item_id: UUID | None = Field(default=None, foreign_key="agenda_items.id")
    position: int
    number: str | None = None
    title: str
    part: int = 1
    programme_relevant: bool = True
    introduced_by: list[Any] = json_field(default=list)
    guests: list[Any] = json_field(default=list)
    points: int = 0
    text: str | None = None
    public_summary: str | None = None
    urgency_reason: str | None = None


class Approval(Governance, table=True):
    """A later meeting's approval, naming its item and every amendment (B-35)."""

    __tablename__ = "approvals"

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    minutes_id: UUID = Field(foreign_key="minutes.id")
    approving_meeting_id: UUID = Field(foreign_key="meetings.id")
    item: str
    outcome: str
    amendments: list[Any] = json_field(default=list)
    signed_by: str | None = None
    happened_at: datetime = instant()
    recorded_at: datetime = instant()


class NoteAttendance(Governance, table=True):
    """A name in the attendance list of a note, as printed and once settled (B-43)."""

    __tablename__ = "note_attendance"

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    position: int
    part: str = Field(description="present, apologies, in_attendance or officer")
    name_printed: str
    role_printed: str | None = None
    authority_printed: str | None = None
    person_id: UUID | None = Field(default=None, foreign_key="persons.id")

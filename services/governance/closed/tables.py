"""Closed tables: titles, papers and minutes of Part 2. No public query, job or event may read them (B-15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field


class ClosedItem(Kept, table=True):
    """The closed face of a Part 2 item."""

    __tablename__ = "closed_items"

    agenda_item_id: UUID = Field(foreign_key="agenda_items.id", unique=True)
    closed_title: str
    text: str | None = None


class ClosedReport(Kept, table=True):
    """A closed paper. Its id is known to nobody without the right to read it (B-17)."""

    __tablename__ = "closed_reports"

    agenda_item_id: UUID = Field(foreign_key="agenda_items.id", index=True)
    title: str
    summary: str | None = None
    body: str | None = None
    recommendations: list[Any] = json_field(default=list)


class ClosedAgendaSnapshot(Governance, table=True):
    """The closed half of a published agenda version."""

    __tablename__ = "closed_agenda_snapshots"
    __table_args__ = (UniqueConstraint("meeting_id", "number"),)

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    number: int
    snapshot: dict[str, Any] = json_field()
    sha256: str
    recorded_at: datetime = instant()


class ClosedMinuteItem(Kept, table=True):
    """What was minuted of a Part 2 item, with its decisions and actions; none of it makes an event."""

    __tablename__ = "closed_minute_items"
    __table_args__ = (UniqueConstraint("agenda_item_id"),)

    agenda_item_id: UUID = Field(foreign_key="agenda_items.id")
    text: str
    decisions: list[Any] = json_field(default=list)
    actions: list[Any] = json_field(default=list)


class ClosedDeclaration(Kept, table=True):
    """The nature of a sensitive interest; in the open it only exists (B-30)."""

    __tablename__ = "closed_declarations"

    declaration_id: UUID = Field(foreign_key="declarations.id", unique=True)
    nature: str

"""Tables of meetings and of everything published about them, with the verdict of the day."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field


class Meeting(Kept, table=True):
    """A meeting of a board. `start` is an instant, `zone` says in which local time it is told; neither is a key."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'scheduled', 'postponed', 'held', 'cancelled')", name="state"),
        CheckConstraint("agenda_state IN ('none', 'draft', 'published', 'closed')", name="agenda_state"),
        CheckConstraint("(state = 'cancelled') = (cancel_reason IS NOT NULL)", name="cancel_reason"),
        CheckConstraint('"end" IS NULL OR "end" > start', name="end_after_start"),
        # Two live meetings of one board cannot start at the same moment; a cancelled one may be called again.
        Index(
            "uq_meetings_board_id_start",
            "board_id",
            "start",
            unique=True,
            postgresql_where=text("state NOT IN ('cancelled', 'postponed')"),
        ),
    )

    board_id: UUID = Field(foreign_key="boards.id", index=True)
    title: str
    start: datetime = instant()
    end: datetime | None = instant(nullable=True)
    zone: str = "Europe/London"
    mode: str = "in_person"
    venue_text: str | None = None
    state: str
    previous_starts: list[Any] = json_field(default=list)
    cancel_reason: str | None = None
    held_at: datetime | None = instant(nullable=True)
    webcast_url: str | None = None
    adjuncts: list[Any] = json_field(default=list)
    agenda_state: str = "none"
    source: str | None = None
    readings: list[Any] = json_field(default=list)


class Publication(Governance, table=True):
    """One publication and how it stood on its day: never recomputed (B-2, B-5)."""

    __tablename__ = "publications"
    __table_args__ = (
        CheckConstraint("scope IN ('agenda', 'main_pack', 'supplement', 'minutes')", name="scope"),
        Index("uq_publications_main_pack", "meeting_id", unique=True, postgresql_where=text("scope = 'main_pack'")),
    )

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    scope: str
    subject_id: UUID
    number: int = Field(description="Agenda version, supplement number, or version of the minutes.")
    state: str | None = None
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    stated: bool
    policy: dict[str, Any] = json_field(default=dict)
    readings: list[Any] = json_field(default=list)
    verdict: dict[str, Any] = json_field(default=dict)
    withheld: list[Any] = json_field(default=list)
    url: str
    sha256: str
    published_by: str

"""Table of paper offers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.governance.base import Kept
from shared.database import instant


class PaperOffer(Kept, table=True):
    """A report offered for the next meeting of a board under the duty (domain section 6)."""

    __tablename__ = "paper_offers"
    __table_args__ = (CheckConstraint("state IN ('offered', 'waiting', 'taken', 'declined', 'moved')", name="state"),)

    board_id: UUID | None = Field(default=None, foreign_key="boards.id", index=True)
    meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id")
    source_event_id: UUID = Field(index=True)
    source_service: str
    kind: str
    reference: str
    period: str
    source_version: int
    organisation_id: UUID | None = None
    title: str
    url: str | None = None
    happened_at: datetime = instant()
    state: str
    reason: str | None = None
    report_id: UUID | None = Field(default=None, foreign_key="reports.id")

"""Table of import findings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.governance.base import Kept
from shared.database import instant, json_field


class ImportFinding(Kept, table=True):
    """One oddity of a source, with what is proposed and what a person chose (B-44)."""

    __tablename__ = "import_findings"
    __table_args__ = (CheckConstraint("state IN ('open', 'accepted', 'dismissed')", name="state"),)

    fingerprint: str = Field(unique=True, description="Same source, place, kind and value: the same finding.")
    batch: str
    board_id: UUID | None = Field(default=None, foreign_key="boards.id", index=True)
    meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id", index=True)
    place: str
    kind: str
    source_value: str
    proposal: dict[str, Any] | None = json_field(nullable=True)
    chosen_value: dict[str, Any] | None = json_field(nullable=True)
    state: str = "open"
    resolved_by: str | None = None
    resolved_at: datetime | None = instant(nullable=True)

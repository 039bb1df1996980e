"""Table of published papers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance
from shared.database import instant, json_field


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

"""Table of declarations; the nature of a sensitive interest is not here, see the folder `closed` (B-30)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Field

from services.governance.base import Kept
from shared.database import json_field


class Declaration(Kept, table=True):
    """An interest declared. A sensitive one keeps no nature here (B-30)."""

    __tablename__ = "declarations"

    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    minutes_id: UUID | None = Field(
        default=None, description="The minutes it was read from; none: declared on its own."
    )
    person_id: UUID | None = Field(default=None, foreign_key="persons.id")
    person_printed: str
    items: list[Any] = json_field(default=list)
    type: str
    nature: str | None = None
    sensitive: bool = False
    action_taken: str = "not_recorded"
    dispensation: str | None = None

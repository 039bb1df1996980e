"""The base of this service's tables: its own MetaData, and what every record that people change keeps."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING, instant


class Governance(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Base of all tables of governance."""


class Kept(Governance):
    """A record with a fixed id, a version for If-Match, and stamps (domain section 2)."""

    id: UUID = Field(primary_key=True)
    version: int = 1
    created_at: datetime = instant()
    modified_at: datetime = instant()
    created_by: str

    def touch(self, now: datetime) -> None:
        """A change raises version and stamp (B-41)."""
        self.version += 1
        self.modified_at = now

"""The base of this service's tables: its own MetaData, and what every record that people change keeps."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING, instant


class Deliverables(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Base of every table of the deliverables service."""


class Kept(Deliverables):
    """A record with a fixed id, a version for If-Match, and stamps."""

    id: UUID = Field(primary_key=True)
    version: int = 1
    created_at: datetime = instant()
    modified_at: datetime = instant()
    created_by: str = Field(max_length=200)

    def touch(self, now: datetime) -> None:
        """A change raises the version and the stamp."""
        self.version += 1
        self.modified_at = now

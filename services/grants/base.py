"""The base of every table of the grants service: its own MetaData, so that no other service's tables mix with it."""

from datetime import datetime

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.database import NAMING, instant


class Grants(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the grants service."""


class Kept(Grants):
    """Columns of a record that people change: its version, and who and when."""

    version: int = Field(default=1, ge=1)
    created_at: datetime = instant()
    modified_at: datetime = instant()
    created_by: str = Field(description="Subject of the token that made it.")

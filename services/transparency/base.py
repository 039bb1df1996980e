"""The base of this service's tables: their own metadata, with named constraints."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.database import NAMING


class Transparency(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Base of every table of the transparency service."""

"""The base of every table of the grants service: its own MetaData, so that no other service's tables mix with it."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.database import NAMING


class Grants(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the grants service."""

"""Tables of persons, their other names, and dated memberships."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import json_field


class Person(Kept, table=True):
    """A person in public office or named on a board's page. A merged one points at the survivor (B-43)."""

    __tablename__ = "persons"

    name: str = Field(index=True)
    given: str | None = None
    family: str | None = None
    title: str | None = None
    honours: list[Any] = json_field(default=list)
    merged_into: UUID | None = Field(default=None, foreign_key="persons.id")


class Alias(Governance, table=True):
    """Another text under which a person is printed, confirmed by somebody (B-43)."""

    __tablename__ = "aliases"
    __table_args__ = (
        UniqueConstraint("person_id", "text"),
        CheckConstraint("kind IN ('spelling', 'title', 'former name')", name="kind"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id")
    text: str = Field(index=True)
    kind: str
    source: str
    confirmed_by: str


class Membership(Kept, table=True):
    """A person's part on a board between two days (B-22)."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("board_id", "person_id", "capacity", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    person_id: UUID = Field(foreign_key="persons.id", index=True)
    board_id: UUID = Field(foreign_key="boards.id", index=True)
    capacity: str
    role: str = "member"
    role_label: str | None = None
    voting: bool = False
    group_id: UUID | None = Field(default=None, foreign_key="political_groups.id")
    authority_id: UUID | None = Field(default=None, foreign_key="authorities.id")
    valid_from: date
    valid_to: date | None = None
    source: str
    name_printed: str | None = None

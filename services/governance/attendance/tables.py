"""Tables of attendance: the register as printed, cell by cell, and the entries that follow from it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Kept


class AttendanceEntry(Kept, table=True):
    """A person's part in a meeting, once per capacity (B-23)."""

    __tablename__ = "attendance_entries"
    __table_args__ = (
        UniqueConstraint("meeting_id", "person_id", "capacity"),
        CheckConstraint("status IN ('present', 'apologies', 'absent', 'unknown')", name="status"),
    )

    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    person_id: UUID = Field(foreign_key="persons.id", index=True)
    capacity: str
    group_id: UUID | None = Field(default=None, foreign_key="political_groups.id")
    substitutes_for_person: UUID | None = Field(default=None, foreign_key="persons.id")
    expected: bool
    status: str
    mode: str = "in_person"
    acting: bool = True
    source: str
    source_value: str

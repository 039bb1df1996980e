"""Tables of attendance: the register as printed, cell by cell, and the entries that follow from it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant


class RegisterImport(Governance, table=True):
    """One register file, kept by its hash."""

    __tablename__ = "register_imports"

    id: UUID = Field(primary_key=True)
    board_id: UUID = Field(foreign_key="boards.id", index=True)
    year: str = Field(description="Meeting year, `2017-2018`.")
    sha256: str
    rows: int
    received_at: datetime = instant()
    received_by: str


class RegisterCell(Governance, table=True):
    """One cell as printed. It becomes an entry when its person and its meeting are both settled (B-44, B-45)."""

    __tablename__ = "register_cells"
    __table_args__ = (UniqueConstraint("board_id", "year", "person_printed", "capacity", "column_date"),)

    id: UUID = Field(primary_key=True)
    import_id: UUID = Field(foreign_key="register_imports.id", index=True)
    board_id: UUID = Field(foreign_key="boards.id")
    year: str
    record: int
    person_printed: str
    capacity: str
    group_printed: str | None = None
    column_date: date
    status_printed: str
    person_id: UUID | None = Field(default=None, foreign_key="persons.id")
    meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id")


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

"""Tables of registers as printed."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance
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

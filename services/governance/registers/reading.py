"""Reading a register file: one row a cell, every fault located, nothing guessed (B-44)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from services.governance.attendance.rules import CAPACITIES, STATUS_WORDS
from shared.errors import ErrorItem, Invalid
from shared.rows import Record, UnreadableRows, by_column_name, read_rows
from shared.texts import folded, seen

COLUMNS = ("person", "capacity", "group", "meeting_date", "status")
LIMIT_BYTES = 5 * 1024 * 1024
FAULTS_SHOWN = 100


@dataclass(frozen=True)
class Cell:
    """One cell of a register as printed."""

    record: int
    person: str
    capacity: str
    group: str | None
    column: date
    status: str

    @property
    def is_heading(self) -> bool:
        """A number where a mark should stand: the row is a heading, such as `Lead Peers 100 100 100`."""
        return re.fullmatch("[0-9]+( ?%)?", folded(self.status)) is not None

    @property
    def read_status(self) -> str | None:
        """present, absent, apologies or unknown; None where the mark cannot be read."""
        return STATUS_WORDS.get(folded(self.status))


def read_register(data: bytes) -> list[Cell]:
    """Cells of a CSV file with the columns person, capacity, group, meeting_date (yyyy-mm-dd), status.

    Unreadable as a whole, or a row without person, capacity or date: Invalid with every fault; nothing is taken.
    """
    cells: list[Cell] = []
    faults: list[ErrorItem] = []
    try:
        for row in read_rows(data, names=by_column_name(COLUMNS), required=COLUMNS, check=_check_columns):
            cell = _cell(row, faults)
            if cell is not None:
                cells.append(cell)
    except UnreadableRows as fault:
        item = ErrorItem(code=fault.code, detail=fault.detail, line=fault.line)
        raise Invalid(fault.detail, errors=[item]) from fault
    if faults:
        raise Invalid(
            f"{len(faults)} rows cannot be read, so nothing was taken; see errors.", errors=faults[:FAULTS_SHOWN]
        )
    if not cells:
        raise Invalid("The file holds a header and no rows.")
    return cells


def _check_columns(columns: list[str], line: int) -> None:
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise Invalid(f"The header lacks {', '.join(missing)}; name the columns {', '.join(COLUMNS)}.")
    twice = [name for name in COLUMNS if columns.count(name) > 1]
    if twice:
        raise Invalid(f"The header in line {line} has {', '.join(twice)} twice; give each column once.")


def _cell(row: Record, faults: list[ErrorItem]) -> Cell | None:
    before = len(faults)
    values = row.cells

    def fault(column: str | None, code: str, detail: str) -> None:
        faults.append(ErrorItem(code=code, detail=detail, record=row.number, line=row.line, column=column))

    if row.surplus:
        fault(None, "cell_count", f"{row.surplus} filled cells stand under no column; quote commas inside cells.")
    for column, was in row.decoded_twice.items():
        if column in COLUMNS:
            detail = f"Was decoded twice and probably was `{was[:64]}`; save the source as CSV UTF-8 again."
            fault(column, "decoded_twice", detail)
    if not values["person"] or len(values["person"]) > 200:
        fault("person", "invalid", "Give a name of at most 200 characters.")
    capacity = folded(values["capacity"])
    if capacity not in CAPACITIES:
        fault("capacity", "unknown_value", f"Use one of {', '.join(CAPACITIES)}.")
    if len(values["group"]) > 200 or len(values["status"]) > 200:
        fault("status", "invalid", "Group and status hold at most 200 characters.")
    try:
        day = date.fromisoformat(seen(values["meeting_date"]))
        if not 1900 <= day.year <= 2200:
            raise ValueError
    except ValueError:
        fault("meeting_date", "invalid_date", "Write the date as yyyy-mm-dd, between 1900 and 2200.")
    if len(faults) > before:
        return None
    return Cell(row.number, values["person"], capacity, values["group"] or None, day, values["status"])

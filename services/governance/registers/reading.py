"""Reading a register file: one row a cell, every fault located, nothing guessed (B-44)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

from services.governance.attendance.rules import CAPACITIES, STATUS_WORDS
from shared.errors import ErrorItem, Invalid

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
        return self.status.replace("%", "").strip().isdigit()

    @property
    def read_status(self) -> str | None:
        """present, absent, apologies or unknown; None where the mark cannot be read."""
        return STATUS_WORDS.get(self.status.strip().casefold())


def read_register(data: bytes) -> list[Cell]:
    """Cells of a CSV file with the columns person, capacity, group, meeting_date (yyyy-mm-dd), status.

    Unreadable as a whole, or a row without person, capacity or date: Invalid with every fault; nothing is taken.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8; save it as CSV UTF-8 and send it again.") from error
    if "\x00" in text:
        raise Invalid("The file holds NUL characters; save it as CSV UTF-8 and send it again.")
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise Invalid(f"The header lacks {', '.join(missing)}; name the columns {', '.join(COLUMNS)}.")
        at = {name: header.index(name) for name in COLUMNS}
        cells: list[Cell] = []
        faults: list[ErrorItem] = []
        record = 0
        for row in reader:
            if not any(value.strip() for value in row):
                continue
            record += 1
            if len(row) != len(header):
                faults.append(
                    ErrorItem(
                        code="cell_count",
                        detail=f"The row has {len(row)} cells, the header {len(header)}; quote commas inside cells.",
                        record=record,
                        line=reader.line_num,
                    )
                )
                continue
            values = {name: row[index].strip() for name, index in at.items()}
            cell = _cell(record, reader.line_num, values, faults)
            if cell is not None:
                cells.append(cell)
    except csv.Error as error:
        raise Invalid("The file is not well-formed CSV; check its quotation marks.") from error
    if faults:
        raise Invalid(
            f"{len(faults)} rows cannot be read, so nothing was taken; see errors.", errors=faults[:FAULTS_SHOWN]
        )
    if not cells:
        raise Invalid("The file holds a header and no rows.")
    return cells


def _cell(record: int, line: int, values: dict[str, str], faults: list[ErrorItem]) -> Cell | None:
    before = len(faults)

    def fault(column: str, code: str, detail: str) -> None:
        faults.append(ErrorItem(code=code, detail=detail, record=record, line=line, column=column))

    if not values["person"] or len(values["person"]) > 200:
        fault("person", "invalid", "Give a name of at most 200 characters.")
    if values["capacity"] not in CAPACITIES:
        fault("capacity", "unknown_value", f"Use one of {', '.join(CAPACITIES)}.")
    if len(values["group"]) > 200 or len(values["status"]) > 200:
        fault("status", "invalid", "Group and status hold at most 200 characters.")
    try:
        column = date.fromisoformat(values["meeting_date"])
        if not 1900 <= column.year <= 2200:
            raise ValueError
    except ValueError:
        fault("meeting_date", "invalid_date", "Write the date as yyyy-mm-dd, between 1900 and 2200.")
    if len(faults) > before:
        return None
    return Cell(record, values["person"], values["capacity"], values["group"] or None, column, values["status"])

"""Finding a file's header: in a given record, in the first that fits, over several records, or in the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from services.grants.expenditure.cells import shown
from services.grants.expenditure.columns import (
    MAX_COLUMNS,
    ColumnFault,
    Columns,
    ColumnsMissing,
    named_columns,
)
from services.grants.expenditure.reading import FileFault, Record
from services.grants.expenditure.repairs import put_right

LOOKED_THROUGH = 20
"""Records in which a header that would fit is looked for, where the one that was read does not."""
SHOWN_COLUMNS = 40
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass
class Found:
    """The header, the records it was made of, and what stood above it and between it and the lines."""

    columns: Columns
    rows: list[list[str]] = field(default_factory=list)
    above: list[Record] = field(default_factory=list)
    skipped: list[Record] = field(default_factory=list)


class HeaderUnfit(ColumnsMissing):
    """The header that was read does not fit the profile; which it was, and which record would fit."""

    def __init__(
        self,
        faults: Sequence[ColumnFault],
        read: Sequence[str],
        record: int,
        hint: str = "",
        fitting: int | None = None,
    ) -> None:
        super().__init__(faults)
        self.read = tuple(name.strip() for name in read)
        self.record = record
        self.hint = hint
        self.fitting = fitting

    def __str__(self) -> str:
        return f"{super().__str__()} {self.told}"

    @property
    def told(self) -> str:
        """What was read and what would fit, in words."""
        return f"The header was read in record {self.record}: {columns_shown(self.read)}.{self.hint}"


def columns_shown(names: Sequence[str]) -> str:
    """Names of columns, for a sentence."""
    told = " | ".join(shown(name) for name in names[:SHOWN_COLUMNS])
    more = len(names) - SHOWN_COLUMNS
    return (told or "nothing") + (f" | and {more} more" if more > 0 else "")


def find_header(records: Iterator[Record], layout: dict[str, Any]) -> Found:
    """Takes the records up to the first line. FileFault or ColumnsMissing where there is no header that fits."""
    where = layout["header"]
    if where["columns"]:
        return Found(Columns(where["columns"], layout), [list(where["columns"])])
    found = _at_row(records, layout) if where["row"] else _searched(records, layout)
    found.skipped = list(islice(records, where["skip"]))
    return found


def _at_row(records: Iterator[Record], layout: dict[str, Any]) -> Found:
    where = layout["header"]
    last = where["row"] + where["rows"] - 1
    ahead = list(islice(records, last))
    if len(ahead) < last:
        raise FileFault("header_missing", f"The file ends before record {last}, where its header is due.")
    rows = ahead[where["row"] - 1 :]
    for record in rows:
        if record.fault:
            raise FileFault("header_missing", record.fault, line=record.line)
    try:
        return Found(columns_of(rows, layout), [row.cells for row in rows], ahead[: where["row"] - 1])
    except ColumnsMissing as fault:
        raise _unfit(fault, rows, where["row"], ahead, records, layout) from None


def _searched(records: Iterator[Record], layout: dict[str, Any]) -> Found:
    where = layout["header"]
    best: tuple[ColumnsMissing, list[Record], int] | None = None
    seen: list[Record] = []
    for record in islice(records, where["search"] + where["rows"] - 1):
        seen.append(record)
        rows = seen[-where["rows"] :]
        if len(rows) < where["rows"] or any(row.fault for row in rows):
            continue
        try:
            columns = columns_of(rows, layout)
        except ColumnsMissing as fault:
            if best is None or len(fault.faults) < len(best[0].faults):
                best = fault, rows, len(seen) - where["rows"] + 1
            continue
        return Found(columns, [row.cells for row in rows], seen[: -where["rows"]])
    if best is None:
        raise FileFault("header_missing", "The file holds no record; send the header and the lines.")
    raise _unfit(*best, seen, records, layout)


def _unfit(
    fault: ColumnsMissing,
    rows: Sequence[Record],
    record: int,
    seen: list[Record],
    records: Iterator[Record],
    layout: dict[str, Any],
) -> HeaderUnfit:
    """The refusal of a header, with the record that would be one: the rest of the file is not read any more."""
    where = layout["header"]
    count = where["rows"]
    names = names_of(rows, layout)
    ahead = [*seen, *islice(records, max(0, LOOKED_THROUGH + count - 1 - len(seen)))]
    for place in range(len(ahead) - count + 1):
        tried = ahead[place : place + count]
        if place + 1 == record or any(row.fault for row in tried):
            continue
        try:
            columns_of(tried, layout)
        except (ColumnsMissing, FileFault):
            continue
        option = "header.search" if where["search"] else "header.row"
        hint = f" Record {place + 1} would fit: make {option} {place + 1} in the profile."
        return HeaderUnfit(fault.faults, names, record, hint, place + 1)
    filled = [name for name in names if name.strip()]
    if len(filled) == 1:
        for delimiter, called in DELIMITERS.items():
            cut = filled[0].split(delimiter)
            if len(cut) > 1 and delimiter != layout["delimiter"]:
                hint = f" It would be {len(cut)} columns with {called} as the profile's delimiter."
                return HeaderUnfit(fault.faults, names, record, hint)
    return HeaderUnfit(fault.faults, names, record)


def columns_of(rows: Sequence[Record], layout: dict[str, Any]) -> Columns:
    """The columns of a header. ColumnsMissing where the profile's are not among them."""
    for row in rows:
        if len(row.cells) > MAX_COLUMNS:
            detail = (
                f"The header has {len(row.cells)} columns, more than {MAX_COLUMNS}; is the delimiter the profile's?"
            )
            raise FileFault("too_many_columns", detail, line=row.line)
    named, names = layout["header"]["named"], names_of(rows, layout)
    try:
        return Columns(named_columns(names, named), layout)
    except ColumnsMissing:
        repaired = [put_right(name)[0] for name in names]
        if repaired == names:
            raise
        return Columns(named_columns(repaired, named), layout)


def names_of(rows: Sequence[Record], layout: dict[str, Any]) -> list[str]:
    header = [row.cells for row in rows]
    return header[0] if len(header) == 1 else _joined(header, spread=layout["header"]["spread"])


def _joined(rows: list[list[str]], *, spread: bool) -> list[str]:
    """One name a column, of what stands above each other. With `spread`, upper names reach to the right."""
    width = max(map(len, rows))
    names: list[list[str]] = [[] for _ in range(width)]
    for number, row in enumerate(rows):
        left = ""
        for place in range(width):
            text = row[place].strip() if place < len(row) else ""
            if spread and number < len(rows) - 1:
                text = left = text or left
            if text:
                names[place].append(text)
    return [" ".join(parts) for parts in names]


def said_once(layout: dict[str, Any], found: Found) -> dict[str, str]:
    """What cells above the header say for every line, by field. FileFault where such a cell is not there."""
    said = {}
    for name, source in layout["fields"].items():
        if not source or not source.get("preamble"):
            continue
        row, column = source["preamble"]["row"], source["preamble"]["column"]
        cells = found.above[row - 1].cells if row <= len(found.above) else []
        if column > len(cells):
            raise FileFault(
                "preamble_missing",
                f"The field {name} is said in record {row}, cell {column}, above the header: not here.",
            )
        said[name] = cells[column - 1]
    return said

"""Finding a file's header: in a given record, in the first that fits, over several records, or in the profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from services.grants.expenditure.columns import MAX_COLUMNS, Columns, ColumnsMissing, named_columns
from services.grants.expenditure.reading import FileFault, Record


@dataclass
class Found:
    """The header, the records it was made of, and what stood above it."""

    columns: Columns
    rows: list[list[str]] = field(default_factory=list)
    above: list[Record] = field(default_factory=list)
    skipped: int = 0


def find_header(records: Iterator[Record], layout: dict[str, Any]) -> Found:
    """Takes the records up to the first line. FileFault or ColumnsMissing where there is no header that fits."""
    where = layout["header"]
    if where["columns"]:
        return Found(Columns(where["columns"], layout))
    found = _at_row(records, layout) if where["row"] else _searched(records, layout)
    found.skipped = len(list(islice(records, where["skip"])))
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
    return Found(_columns(rows, layout), [row.cells for row in rows], ahead[: where["row"] - 1])


def _searched(records: Iterator[Record], layout: dict[str, Any]) -> Found:
    where = layout["header"]
    best: ColumnsMissing | None = None
    seen: list[Record] = []
    for record in islice(records, where["search"] + where["rows"] - 1):
        seen.append(record)
        rows = seen[-where["rows"] :]
        if len(rows) < where["rows"] or any(row.fault for row in rows):
            continue
        try:
            columns = _columns(rows, layout)
        except ColumnsMissing as fault:
            if best is None or len(fault.faults) < len(best.faults):
                best = fault
            continue
        return Found(columns, [row.cells for row in rows], seen[: -where["rows"]])
    raise best or FileFault("header_missing", "The file holds no record; send the header and the lines.")


def _columns(rows: Sequence[Record], layout: dict[str, Any]) -> Columns:
    where = layout["header"]
    for row in rows:
        if len(row.cells) > MAX_COLUMNS:
            detail = (
                f"The header has {len(row.cells)} columns, more than {MAX_COLUMNS}; is the delimiter the profile's?"
            )
            raise FileFault("too_many_columns", detail, line=row.line)
    header = [row.cells for row in rows]
    joined = header[0] if len(header) == 1 else _joined(header, spread=where["spread"])
    return Columns(named_columns(joined, where["named"]), layout)


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

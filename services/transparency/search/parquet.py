"""Published CSV files as one Parquet file with types: days are dates, amounts decimals, nothing is a float (T-57)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY = "192MB"
ROW_GROUP = 50_000

UNGUARDED = (
    "CASE WHEN regexp_matches({cell}, '^''[=+@\t\r]')"
    " OR (starts_with({cell}, '''-') AND NOT regexp_full_match(substr({cell}, 2), '-[0-9]+([.][0-9]+)?'))"
    " THEN substr({cell}, 2) ELSE {cell} END"
)
"""The text as it is stored: the apostrophe that keeps a spreadsheet from running it stands in CSV alone (T-56)."""

TYPES = {
    "string": "{cell}",
    "text": "{cell}",
    "uri": "{cell}",
    "date": "strptime({cell}, '%d/%m/%Y')::DATE",
    "money": "{cell}::DECIMAL(18, 2)",
    "integer": "{cell}::INTEGER",
    "boolean": "{cell} = 'Yes'",
}
"""Type of the column profile → what a cell becomes."""


@dataclass(frozen=True)
class Source:
    """A published file, with the edition and period that each of its rows is of."""

    path: Path
    header: Sequence[str]
    guarded: bool
    """Whether the apostrophe was set before any cell of the file."""
    own: tuple[int, str]


def write(
    target: Path, profile: Sequence[Mapping[str, Any]], own_columns: Sequence[str], sources: list[Source]
) -> None:
    """Write the rows of the files in their order. The same files give the same bytes.

    The library is loaded here, because no other work of the service needs it. It reads and writes in portions, so that
    memory stays flat, and one thread keeps the rows in order.
    """
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": "1",
        "memory_limit": MEMORY,
        "temp_directory": str(target.parent),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    selects = " UNION ALL ".join(_select(source, profile, own_columns) for source in sources)
    with duckdb.connect(config=settings) as connection:
        connection.execute(
            f"COPY ({selects}) TO {_text(str(target))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        )


def _select(source: Source, profile: Sequence[Mapping[str, Any]], own_columns: Sequence[str]) -> str:
    cells = [f"{_cell(source, column)} AS {_name(column['header'])}" for column in profile]
    edition, period = source.own
    cells += [f"{edition}::INTEGER AS {_name(own_columns[0])}", f"{_text(period)} AS {_name(own_columns[1])}"]
    texts = ", ".join(f"{_text(header)}: 'VARCHAR'" for header in source.header)
    return (
        f"SELECT {', '.join(cells)} FROM read_csv({_text(str(source.path))}, header=true, auto_detect=false, delim=',',"
        f" quote='\"', escape='\"', new_line='\\r\\n', nullstr='', columns={{{texts}}})"
    )


def _cell(source: Source, column: Mapping[str, Any]) -> str:
    header = column["header"]
    cell = _name(header) if header in source.header else "NULL::VARCHAR"
    if source.guarded and column["type"] in ("string", "text"):
        cell = UNGUARDED.format(cell=cell)
    return TYPES[column["type"]].format(cell=cell)


def _name(header: str) -> str:
    return '"' + header.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

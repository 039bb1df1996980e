"""What differs between two editions of one period: row, field, old and new value (T-49)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import psycopg

from services.transparency.editions import row_lines
from shared.tabular import csv_bytes

MOST_ROWS = 50_000
"""Beyond so many rows a comparison names the rows alone and not their fields, so that memory stays flat."""

CHANGES_FILE = "changes.csv"
HEADER = ("RowID", "Change", "Field", "OldValue", "NewValue", "Reason", "ChangedAt")

Kind = Literal["added", "removed", "changed"]

REDACTION = "REDACTED "
"""How every text begins that stands in the place of a withheld one (T-18)."""


@dataclass(frozen=True)
class Change:
    """One entry of a comparison; `field` is None where the whole row came or went."""

    row_id: str
    change: Kind
    field: str | None = None
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Comparison:
    """The entries, and how many rows show text in the earlier edition that the later one withholds."""

    changes: Sequence[Change]
    newly_withheld: int


def compare(before: Path, after: Path, rows: Mapping[str, Kind]) -> Comparison:
    """Compare the named rows of two JSON files. Blocking; at most `MOST_ROWS` rows are held in memory.

    Where the later edition withholds a field, its old value is not repeated: it would show what was taken away (T-19).
    """
    if len(rows) > MOST_ROWS:
        # Too many to hold: which rows differ is named, and whether any is withheld now is still found out.
        taken = {row_id: fields for row_id, record in _records(after) if (fields := _withheld_fields(record))}
        shown = sum(
            any(_is_shown(record.get(name)) for name in taken[row_id]) for row_id, record in _records(before, taken)
        )
        return Comparison([Change(row_id, kind) for row_id, kind in sorted(rows.items())], shown)
    old = dict(_records(before, rows))
    new = dict(_records(after, rows))
    changes: list[Change] = []
    newly_withheld = 0
    for row_id, kind in sorted(rows.items()):
        if kind != "changed" or row_id not in old or row_id not in new:
            changes.append(Change(row_id, kind))
            continue
        taken_away = {name for name in _withheld_fields(new[row_id]) if _is_shown(old[row_id].get(name))}
        newly_withheld += bool(taken_away)
        for field, was, now in row_lines.fields_changed(old[row_id], new[row_id]):
            changes.append(Change(row_id, kind, field, None if field in taken_away else was, now))
    return Comparison(changes, newly_withheld)


async def rows_decided_otherwise(
    connection: psycopg.AsyncConnection[Any], before: UUID, after: UUID
) -> dict[str, Kind]:
    """Rows of spend that differ between two editions, by the digest of what each shows."""
    cursor = await connection.execute(
        """
        WITH rows AS (
            SELECT edition_id, row_id, string_agg(content, '' ORDER BY entry_id) AS content FROM row_decisions
            WHERE edition_id IN (%(before)s, %(after)s) AND inclusion IS NOT NULL GROUP BY 1, 2
        ), old AS (SELECT * FROM rows WHERE edition_id = %(before)s),
           new AS (SELECT * FROM rows WHERE edition_id = %(after)s)
        SELECT COALESCE(new.row_id, old.row_id),
            CASE WHEN old.row_id IS NULL THEN 'added' WHEN new.row_id IS NULL THEN 'removed' ELSE 'changed' END
        FROM new FULL JOIN old ON old.row_id = new.row_id
        WHERE old.content IS DISTINCT FROM new.content
        """,
        {"before": before, "after": after},
    )
    return dict(await cursor.fetchall())


def compare_all(before: Path, after: Path) -> dict[str, Kind]:
    """Which rows differ, where nothing but the files tells. Blocking; for datasets of few rows."""
    old, new = dict(row_lines.read(before)), dict(row_lines.read(after))
    return rows_of(old, new)


def rows_of(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> dict[str, Kind]:
    """Which rows differ, by their lines."""
    found: dict[str, Kind] = dict.fromkeys(new.keys() - old.keys(), "added")
    found |= dict.fromkeys(old.keys() - new.keys(), "removed")
    found |= {row_id: "changed" for row_id in new.keys() & old.keys() if new[row_id] != old[row_id]}
    return found


def as_csv(changes: Sequence[Change], *, reason: str, changed_at: datetime) -> bytes:
    """The comparison as the edition's file `changes.csv`."""
    at = f"{changed_at:%Y-%m-%dT%H:%M:%SZ}"
    rows = (
        (change.row_id, change.change, change.field, _text(change.old), _text(change.new), reason, at)
        for change in changes
    )
    data, _ = csv_bytes(HEADER, rows)
    return data


def _records(path: Path, wanted: Mapping[str, Any] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    for row_id, line in row_lines.read(path, wanted):
        yield row_id, json.loads(line)


def _withheld_fields(record: Mapping[str, Any]) -> list[str]:
    """Fields in which a withheld row shows a redaction text or nothing; each may have shown something before.

    What the ledger's own system had replaced before it came was never shown (T-23).
    """
    if record.get("redaction_reason") in (None, "SOURCE_REDACTED"):
        return []
    return [name for name, value in record.items() if not _is_shown(value)]


def _is_shown(value: Any) -> bool:
    """Whether a reader learns something from this value."""
    return value not in (None, "", [], {}) and not (isinstance(value, str) and value.startswith(REDACTION))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)

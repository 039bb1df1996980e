"""A fingerprint of what the four services hold, equal for two runs that did the same, whenever and in which order.

Ids and times differ between runs by nature, so they are counted and not compared. Everything else is: every table's
rows, each row's figures, words, days and documents with the ids and times inside them blanked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

PLUMBING = re.compile(r"alembic_version|idempotent_answers|audit_head|inbox_offset|inbox_parked|.*_leases?|spend_files")
"""Tables that say how work was carried out, not what came of it; large files over all periods are built by the tick."""

CLOCK_COLUMNS = re.compile(
    r"seq|position|attempts?|progress.*|.*_hash|hash|sha256|size|size_bytes|days_late|days_left|headers|etag|"
    r"transaction_number|row_id|content|beneficiary_id|payee_key|salt|place"
)
"""Columns that depend on order, on the day of the run, or on the secret that public numbers are made with."""

COUNTED_ONLY = {
    ("spend_totals", "key"): "made with the secret that public numbers are made with",
    ("outbox", "payload"): "the same facts stand in the tables; here the number by type is compared",
}

BLANKED = (
    r"https?://[^/\s\"]+|"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9a-f]{64}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)

_COLUMNS = """
    select c.table_name, c.column_name, c.data_type
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
    order by c.table_name, c.column_name
"""


def digest_of(lines: list[str]) -> str:
    """One line for the whole state."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def lines_of(urls: Mapping[str, str]) -> list[str]:
    """`service.table.column kind figure`, sorted: what the digest is made of, and what two runs can be compared by."""
    lines: list[str] = []
    for service, url in sorted(urls.items()):
        # The one reading transaction sees one moment of this service.
        with psycopg.connect(url) as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            lines += [f"{service}.{line}" for line in _lines(connection)]
    return lines


def _lines(connection: psycopg.Connection[Any]) -> list[str]:
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(_COLUMNS):
        if not PLUMBING.fullmatch(table):
            tables.setdefault(table, []).append((column, kind))
    today = _days_of_the_run(connection, tables)
    lines: list[str] = []
    for table, columns in tables.items():
        compared: list[tuple[str, sql.Composable]] = []
        for column, kind in columns:
            figure = None if CLOCK_COLUMNS.fullmatch(column) else _compared(table, column, kind)
            if figure is not None:
                compared.append((column, figure))
        lines += _table(connection, table, compared, today)
    return lines


def _table(
    connection: psycopg.Connection[Any], table: str, compared: list[tuple[str, sql.Composable]], today: list[str]
) -> list[str]:
    figures: list[sql.Composable] = [sql.SQL("count(*)")]
    for _, expression in compared:
        figures.append(_spread(expression))
    if compared:
        whole = sql.SQL(", ").join(expression for _, expression in compared)
        figures.append(_spread(sql.SQL("concat_ws('|', {})").format(whole)))
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(figures), sql.Identifier(table))
    row = connection.execute(query, {"blanked": BLANKED, "today": today}).fetchone()
    assert row is not None
    names = ["rows", *(column for column, _ in compared), *(["row by row"] if compared else [])]
    return [f"{table}: {name} {value if value is not None else 0}" for name, value in zip(names, row, strict=True)]


def _compared(table: str, column: str, kind: str) -> sql.Composable | None:
    name = sql.Identifier(column)
    if (table, column) in COUNTED_ONLY:
        return None
    if kind in ("bigint", "integer", "smallint", "numeric", "boolean"):
        return sql.SQL("{}::text").format(name)
    if kind == "date":
        # A day on which something was recorded is a time of this run; any other is a fact.
        return sql.SQL("case when {0}::text = any(%(today)s) then 'today' else {0}::text end").format(name)
    if kind in ("text", "character varying", "character", "jsonb", "json", "ARRAY"):
        # Days of the run inside documents are blanked with the ids and instants.
        return sql.SQL("regexp_replace({}::text, %(blanked)s, '#', 'g')").format(name)
    return None


def _spread(expression: sql.Composable) -> sql.Composed:
    """A sum over the rows that does not depend on their order, and changes with any value."""
    return sql.SQL("sum(hashtextextended(coalesce({}, '~'), 0)::numeric)").format(expression)


def _days_of_the_run(connection: psycopg.Connection[Any], tables: Mapping[str, Any]) -> list[str]:
    if "audit_entries" not in tables:
        return []
    rows = connection.execute(
        "select distinct (at at time zone 'Europe/London')::date::text from audit_entries"
        " union select distinct (occurred_at at time zone 'Europe/London')::date::text from outbox"
    )
    return [row[0] for row in rows]

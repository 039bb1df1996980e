"""The temporary table that parsed lines are copied into, and how blocks get there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import psycopg
from psycopg import sql

from services.grants.expenditure.parsing import INCOMING

TYPES = {
    "record": "bigint", "line": "bigint", "amount_pence": "bigint", "reasons": "jsonb", "line_key": 'text COLLATE "C"',
    "fingerprint": "uuid", "vcse": "boolean", "service_date": "date", "invoice_date": "date", "payment_date": "date",
    "net_pence": "bigint", "vat_pence": "bigint", "recoverable_vat_pence": "bigint",
    "irrecoverable_vat_pence": "bigint", "eligible_pence": "bigint", "rule": "int", "source_redacted": "boolean",
    "flags": "text[]",
}  # fmt: skip
"""Types of the columns that are not plain text."""


async def open_staging(connection: psycopg.AsyncConnection[Any]) -> None:
    """A table of this transaction's own, gone with it, never logged."""
    columns = ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in INCOMING)
    await connection.execute(f"CREATE TEMP TABLE incoming ({columns}) ON COMMIT DROP")  # type: ignore[arg-type]


async def copy_blocks(connection: psycopg.AsyncConnection[Any], blocks: AsyncIterator[bytes] | Iterable[str]) -> None:
    """Rows in COPY's text format, block by block, so that memory stays flat."""
    statement = sql.SQL("COPY incoming ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, INCOMING)))
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        if isinstance(blocks, AsyncIterator):
            async for block in blocks:
                await copy.write(block)
        else:
            for text in blocks:
                await copy.write(text)
    await connection.execute("ANALYZE incoming")

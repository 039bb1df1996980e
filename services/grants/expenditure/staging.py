"""The temporary table that parsed lines are copied into, slice by slice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
from psycopg import sql

from services.grants.expenditure.line import INCOMING

TYPES = {
    "record": "bigint", "line": "bigint", "amount_pence": "bigint", "reasons": "jsonb", "line_key": 'text COLLATE "C"',
    "fingerprint": "uuid", "vcse": "boolean", "service_date": "date", "invoice_date": "date", "payment_date": "date",
    "net_pence": "bigint", "vat_pence": "bigint", "recoverable_vat_pence": "bigint",
    "irrecoverable_vat_pence": "bigint", "eligible_pence": "bigint", "rule": "int", "source_redacted": "boolean",
    "use_codes": "text[]", "credit_of": 'text COLLATE "C"', "use_reasons": "jsonb", "flags": "text[]",
}  # fmt: skip
"""Types of the columns that are not plain text."""


async def open_staging(connection: psycopg.AsyncConnection[Any]) -> None:
    """A table of this transaction's own, gone with it, never logged."""
    columns = ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in INCOMING)
    await connection.execute(f"CREATE TEMP TABLE incoming ({columns}) ON COMMIT DROP")


async def copy_slice(connection: psycopg.AsyncConnection[Any], blocks: AsyncIterator[bytes], most: int | None) -> bool:
    """Replace what is staged by the next blocks, at most so many; rows are in COPY's text format. False at the end."""
    statement = sql.SQL("COPY incoming ({}) FROM STDIN").format(sql.SQL(", ").join(map(sql.Identifier, INCOMING)))
    await connection.execute("TRUNCATE incoming")
    taken = 0
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while most is None or taken < most:
            block = await anext(blocks, None)
            if block is None:
                break
            await copy.write(block)
            taken += 1
    return taken > 0

"""The temporary table that parsed lines are copied into, slice by slice."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from services.grants.expenditure.line import INCOMING
from services.grants.expenditure.tables import BatchLine

TYPES = {
    "record": "bigint", "line": "bigint", "amount_pence": "bigint", "reasons": "jsonb", "line_key": 'text COLLATE "C"',
    "fingerprint": "uuid", "vcse": "boolean", "service_date": "date", "invoice_date": "date", "payment_date": "date",
    "net_pence": "bigint", "vat_pence": "bigint", "recoverable_vat_pence": "bigint",
    "irrecoverable_vat_pence": "bigint", "eligible_pence": "bigint", "rule": "int", "source_redacted": "boolean",
    "use_codes": "text[]", "credit_of": 'text COLLATE "C"', "use_reasons": "jsonb",
    "loose_key": 'text COLLATE "C"', "flags": "text[]",
}  # fmt: skip
"""Types of the columns that are not plain text."""


SPOOLED_BYTES = 4 * 1024 * 1024
_OUTCOME_COLUMNS = sql.SQL(", ").join(sql.Identifier(name) for name in BatchLine.model_fields)


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


async def begin_trial(connection: psycopg.AsyncConnection[Any]) -> None:
    """From here on the transaction writes what `undo_trial` takes back."""
    await connection.execute("SAVEPOINT trial")


async def undo_trial(connection: psycopg.AsyncConnection[Any], batch_id: UUID) -> None:
    """Take back all that the trial wrote, but what became of each line that would not be accepted.

    The lines go through a file of the machine, so that memory holds none of them.
    """
    chosen = sql.SQL("SELECT {} FROM expenditure_batch_lines WHERE batch_id = {}").format(
        _OUTCOME_COLUMNS, sql.Literal(batch_id)
    )
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as spool:
        async with connection.cursor() as cursor:
            async with cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(chosen)) as copy:
                async for data in copy:
                    spool.write(data)
            await cursor.execute("ROLLBACK TO SAVEPOINT trial")
            spool.seek(0)
            into = sql.SQL("COPY expenditure_batch_lines ({}) FROM STDIN").format(_OUTCOME_COLUMNS)
            async with cursor.copy(into) as copy:
                while data := spool.read(SPOOLED_BYTES):
                    await copy.write(data)
            # What equals an earlier line of the same file would have named its entry, which does not exist.
            await cursor.execute(
                "UPDATE expenditure_batch_lines l SET entry_id = NULL WHERE l.batch_id = %s AND l.entry_id IS NOT NULL"
                " AND NOT EXISTS (SELECT FROM ledger_entries e WHERE e.entry_id = l.entry_id)",
                (batch_id,),
            )

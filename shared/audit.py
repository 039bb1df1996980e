"""The audit log: one append-only row per business action, chained by hashes so that a changed row shows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, SmallInteger, String, Table, Text, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.base import canonical_json

FIRST_HASH = "0" * 64


@dataclass(frozen=True)
class AuditTables:
    entries: Table
    head: Table


def audit_tables(metadata: MetaData) -> AuditTables:
    """The log and the one row that holds the end of its chain."""
    entries = Table(
        "audit_entries",
        metadata,
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor_sub", Text, nullable=False),
        Column("actor_name", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("reason", Text),
        Column("before", JSONB(none_as_null=True)),
        Column("after", JSONB(none_as_null=True)),
        Column("previous_hash", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
    )
    head = Table(
        "audit_head",
        metadata,
        Column("id", SmallInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, nullable=False),
        Column("hash", String(64), nullable=False),
    )
    return AuditTables(entries, head)


@dataclass
class AuditEntry:
    action: str
    subject: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str | None = None
    at: datetime | None = field(default=None)


async def append(
    connection: AsyncConnection,
    tables: AuditTables,
    entries: Sequence[AuditEntry],
    *,
    now: datetime,
    actor_sub: str,
    actor_name: str,
    request_id: str,
) -> None:
    """Add entries to the end of the chain. Call it as the last thing before commit: it locks the head."""
    await connection.execute(
        pg_insert(tables.head).values(id=1, seq=0, hash=FIRST_HASH).on_conflict_do_nothing(index_elements=["id"])
    )
    head = (await connection.execute(select(tables.head).where(tables.head.c.id == 1).with_for_update())).one()
    seq, previous = head.seq, head.hash
    rows = []
    for entry in entries:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "at": now,
            "actor_sub": actor_sub,
            "actor_name": actor_name,
            "request_id": request_id,
            "action": entry.action,
            "subject": entry.subject,
            "reason": entry.reason,
            "before": entry.before,
            "after": entry.after,
            "previous_hash": previous,
        }
        previous = row["hash"] = _hash(row)
        rows.append(row)
    await connection.execute(insert(tables.entries), rows)
    await connection.execute(update(tables.head).where(tables.head.c.id == 1).values(seq=seq, hash=previous))


async def verify(connection: AsyncConnection, tables: AuditTables) -> int | None:
    """The sequence number of the first row that does not fit the chain; None where all do. Rows past the end count."""
    previous, expected = FIRST_HASH, 0
    async with connection.stream(select(tables.entries).order_by(tables.entries.c.seq)) as stream:
        async for row in stream.mappings():
            expected += 1
            if row["seq"] != expected or row["previous_hash"] != previous or row["hash"] != _hash(dict(row)):
                return expected
            previous = row["hash"]
    head = (await connection.execute(select(tables.head))).one_or_none()
    if (head.seq, head.hash) != (expected, previous) if head else expected != 0:
        return expected + 1
    return None


def _hash(row: dict[str, Any]) -> str:
    content = {key: value for key, value in row.items() if key != "hash"}
    content["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(canonical_json(content)).hexdigest()

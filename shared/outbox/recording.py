"""Writing events into the outbox, which is also the archive: only `position` and `published_at` are ever set later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, MetaData, Table, Text, Uuid, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.events.base import Event

CHANNEL = "outbox"
"""PostgreSQL channel on which a commit with events is announced."""


def outbox_tables(metadata: MetaData) -> Table:
    """Add the outbox to a service's own metadata.

    `seq` is the order of insertion; transactions may commit in another order, so nothing pages by it. `position` is
    gapless and given by the relay. `payload` is text, not JSONB, so that the bytes sent are the bytes recorded.
    """
    table = Table(
        "outbox",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Uuid, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("payload", Text, nullable=False),
        Column("occurred_at", DateTime(timezone=True), nullable=False),
        Column("position", BigInteger),
        Column("published_at", DateTime(timezone=True)),
    )
    columns = table.c
    Index("uq_outbox_event_id", columns.event_id, unique=True)
    Index("uq_outbox_position", columns.position, unique=True)
    Index("ix_outbox_key_position", columns.key, columns.position)
    Index("ix_outbox_type_position", columns.type, columns.position)
    # The relay's two questions: what has no position yet, and what is not marked yet. Both indexes stay near empty.
    Index("ix_outbox_without_position", columns.seq, postgresql_where=columns.position.is_(None))
    Index("ix_outbox_not_published", columns.position, postgresql_where=columns.published_at.is_(None))
    return table


OUTBOX = outbox_tables(MetaData())
"""The same table for building statements where no service's metadata is at hand."""


async def record(
    session: AsyncSession,
    events: Sequence[Event],
    *,
    service: str,
    now: datetime,
    new_id: Callable[[], UUID],
    actor_sub: str,
    correlation_id: str,
    causation_id: str | UUID | None = None,
    traceparent: str | None = None,
) -> list[UUID]:
    """Write events into the outbox, in the session's transaction, and return their ids in order.

    The row of the aggregate must be locked before: then no later event of the same key can get a lower `seq`.
    """
    if not events:
        return []
    rows: list[dict[str, Any]] = []
    for event in events:
        if service != event.OWNER:
            raise ValueError(f"{service} may not publish {event.type()}: it belongs to {event.OWNER}")
        event_id = new_id()
        rows.append(
            {
                "event_id": event_id,
                "type": event.type(),
                "key": event.key,
                "headers": envelope(
                    event,
                    event_id=event_id,
                    occurred_at=now,
                    actor_sub=actor_sub,
                    correlation_id=correlation_id,
                    causation_id=causation_id,
                    traceparent=traceparent,
                ),
                "payload": event.canonical().decode(),
                "occurred_at": now,
            }
        )
    connection = await session.connection()
    await connection.execute(insert(OUTBOX), rows)
    await announce(connection)
    return [row["event_id"] for row in rows]


def envelope(
    event: Event,
    *,
    event_id: UUID,
    occurred_at: datetime,
    actor_sub: str,
    correlation_id: str,
    causation_id: str | UUID | None = None,
    traceparent: str | None = None,
) -> dict[str, str]:
    """Headers of one event."""
    return headers_for(
        type(event),
        event.key,
        event_id=event_id,
        occurred_at=occurred_at,
        actor_sub=actor_sub,
        correlation_id=correlation_id,
        causation_id=causation_id,
        traceparent=traceparent,
    )


def headers_for(
    kind: type[Event],
    key: UUID,
    *,
    event_id: UUID,
    occurred_at: datetime,
    actor_sub: str,
    correlation_id: str,
    causation_id: str | UUID | None = None,
    traceparent: str | None = None,
) -> dict[str, str]:
    """CloudEvents 1.0 attributes as headers of a record; `ce_time` is an ISO instant in UTC with `Z`.

    For those who write many rows set by set: `headers` and the columns of the same meaning must agree, the payload is
    canonical JSON, and `announce` follows in the same transaction.
    """
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_source": f"/{kind.OWNER}",
        "ce_type": kind.type(),
        "ce_subject": str(key),
        "ce_time": occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "content-type": "application/json",
        "correlationid": correlation_id,
        "actorid": actor_sub,
    }
    if causation_id is not None:
        headers["causationid"] = str(causation_id)
    if traceparent is not None:
        headers["traceparent"] = traceparent
    return headers


async def announce(connection: AsyncConnection) -> None:
    """Wake the relay after the commit, once a transaction however often it is asked for.

    A notification makes committing transactions queue behind one another, which the chain head of the audit makes
    them do anyway.
    """
    await connection.execute(text(f"NOTIFY {CHANNEL}"))

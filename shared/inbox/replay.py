"""Replay: empty a service's read models and fill them again from the archives, in the order of first receipt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus, Record, topic_of
from shared.events.all import OWNERS
from shared.inbox.reacting import NewId, Reactions, SessionFactory, arrival, react
from shared.inbox.tables import TABLES

CHUNK = 100

_STAGE = """
CREATE TEMPORARY TABLE replayed (event_id uuid PRIMARY KEY, topic text, key text, headers jsonb, payload text)
ON COMMIT DROP
"""

_KEEP = text(
    "INSERT INTO replayed VALUES (:event_id, :topic, :key, CAST(:headers AS jsonb), :payload) ON CONFLICT DO NOTHING"
)

_MISSING = "SELECT count(*) FROM inbox LEFT JOIN replayed USING (event_id) WHERE replayed.event_id IS NULL"

_NEXT = text(
    """
    SELECT inbox.seq, inbox.received_at, replayed.topic, replayed.key, replayed.headers, replayed.payload
    FROM inbox JOIN replayed USING (event_id) WHERE inbox.seq > :seq ORDER BY inbox.seq LIMIT :limit
    """
)


class ArchiveIncomplete(Exception):
    """Events the service has applied cannot be had any more; its read models stay as they are."""


async def replay(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    read_models: Sequence[Any],
    bus: Bus,
    *,
    new_id: NewId,
    owners: Mapping[str, ModuleType] = OWNERS,
) -> int:
    """Delete the rows of `read_models`, run the reactions again, and return how many events that were.

    One transaction: readers see the old rows until all new ones are there, and a failure changes nothing. Reactions
    get the moment of the first receipt as their `now` and record no event, so the same rows come out. Only what the
    inbox says was applied is applied again; what is parked stays parked.
    """
    offsets = TABLES.offsets
    async with session_factory() as session:
        connection = await session.connection()
        # The consumer waits meanwhile, and goes on where it was.
        await connection.execute(select(offsets.c.next_offset).with_for_update())
        await connection.execute(text(_STAGE))
        for owner in sorted({event.OWNER for event in reactions}):
            await _stage(connection, bus, topic_of(owner))
        missing = await connection.scalar(text(_MISSING))
        if missing:
            raise ArchiveIncomplete(f"{missing} applied events are in no archive; read models were left as they are")
        for table in emptying_order(read_models):
            await connection.execute(delete(table))
        seq = done = 0
        while rows := (await connection.execute(_NEXT, {"seq": seq, "limit": CHUNK})).all():
            for row in rows:
                record = Record(row.topic, 0, row.seq, row.key, row.headers, row.payload.encode())
                arrived = arrival(record, reactions)
                # An event whose reaction has since been removed leaves no rows.
                if arrived is not None:
                    await react(
                        session,
                        service,
                        reactions,
                        arrived,
                        now=row.received_at,
                        new_id=new_id,
                        owners=owners,
                        replaying=True,
                    )
                    done += 1
            session.expunge_all()
            seq = rows[-1].seq
        await session.commit()
        return done


def emptying_order(read_models: Iterable[Any]) -> list[Table]:
    """The tables of the read models, those that refer to others first."""
    tables = {getattr(model, "__table__", model) for model in read_models}
    metadata = next(iter(tables)).metadata if tables else None
    return [table for table in reversed(metadata.sorted_tables) if table in tables] if metadata is not None else []


def references_into(read_models: Iterable[Any]) -> list[str]:
    """Foreign keys of kept tables into read models, which would stand in a replay's way: there must be none."""
    tables = set(emptying_order(read_models))
    metadata = next(iter(tables)).metadata if tables else None
    return [
        f"{key.parent} -> {key.column}"
        for table in (metadata.sorted_tables if metadata is not None else ())
        if table not in tables
        for key in table.foreign_keys
        if key.column.table in tables
    ]


async def _stage(connection: AsyncConnection, bus: Bus, topic: str) -> None:
    waiting: list[dict[str, Any]] = []
    async for record in bus.everything(topic):
        try:
            event_id = UUID(record.headers.get("ce_id", ""))
        except ValueError:  # Not written by a service of ours, so never applied.
            continue
        waiting.append(
            {
                "event_id": event_id,
                "topic": topic,
                "key": record.key,
                "headers": json.dumps(dict(record.headers)),
                "payload": record.payload.decode("utf-8", "replace"),
            }
        )
        if len(waiting) >= CHUNK:
            await connection.execute(_KEEP, waiting)
            waiting.clear()
    if waiting:
        await connection.execute(_KEEP, waiting)

"""Parked events: seeing them, and applying them in order once the cause is mended; and reading a topic anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy import delete, func, select, update

from shared.bus import Record
from shared.events.all import OWNERS
from shared.inbox.applying import enter
from shared.inbox.faults import described, is_infrastructure
from shared.inbox.reacting import Clock, NewId, Reactions, SessionFactory, arrival, react
from shared.inbox.tables import TABLES


@dataclass(frozen=True)
class Redriven:
    """How many events were applied, and the keys (topic, key) whose first event failed again."""

    applied: int
    still_parked: tuple[tuple[str, str], ...]


async def redrive(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    *,
    clock: Clock,
    new_id: NewId,
    owners: Mapping[str, ModuleType] = OWNERS,
) -> Redriven:
    """Apply what is parked, key by key in the order of arrival; a key stops at the event that fails again.

    Each event has a transaction of its own, which holds the offset rows of its topic: meanwhile the consumer cannot
    overtake with a later event of the key, nor hold one back behind a key that has just been released.
    """
    parked = TABLES.parked
    async with session_factory() as session:
        statement = select(parked.c.topic, parked.c.key).group_by(parked.c.topic, parked.c.key)
        keys = [
            (row.topic, row.key)
            for row in await (await session.connection()).execute(statement.order_by(func.min(parked.c.seq)))
        ]
    applied = 0
    failed: list[tuple[str, str]] = []
    for topic, key in keys:
        while True:
            outcome = await _redrive_first(session_factory, service, reactions, topic, key, clock, new_id, owners)
            if outcome == "nothing":
                break
            if outcome == "failed":
                failed.append((topic, key))
                break
            applied += outcome == "applied"
    return Redriven(applied, tuple(failed))


async def _redrive_first(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    topic: str,
    key: str,
    clock: Clock,
    new_id: NewId,
    owners: Mapping[str, ModuleType],
) -> str:
    parked, offsets = TABLES.parked, TABLES.offsets
    async with session_factory() as session:
        connection = await session.connection()
        await connection.execute(select(offsets.c.next_offset).where(offsets.c.topic == topic).with_for_update())
        first = select(parked).where(parked.c.topic == topic, parked.c.key == key).order_by(parked.c.seq).limit(1)
        row = (await connection.execute(first)).one_or_none()
        if row is None:
            return "nothing"
        record = Record(row.topic, row.partition, row.offset, row.key, row.headers, row.payload)
        arrived = arrival(record, reactions)
        now = clock()
        outcome = "dropped"
        try:
            # Without a reaction any more, or known by now, there is nothing left to do about it.
            if arrived is not None and await enter(connection, [arrived], now):
                await react(session, service, reactions, arrived, now=now, new_id=new_id, owners=owners)
                outcome = "applied"
            await connection.execute(delete(parked).where(parked.c.seq == row.seq))
            await session.commit()
            return outcome
        except Exception as caught:
            if is_infrastructure(caught):
                raise
            error = caught
    async with session_factory() as session:
        again = update(parked).where(parked.c.seq == row.seq)
        await (await session.connection()).execute(again.values(error=described(error), attempts=parked.c.attempts + 1))
        await session.commit()
    return "failed"


async def parked_events(session_factory: SessionFactory) -> list[dict[str, Any]]:
    """What is parked, in the order of arrival: event, error (None where it waits behind another of its key), since."""
    parked = TABLES.parked
    columns = (parked.c.event_id, parked.c.topic, parked.c.type, parked.c.key)
    more = (parked.c.error, parked.c.attempts, parked.c.parked_at)
    async with session_factory() as session:
        rows = await (await session.connection()).execute(select(*columns, *more).order_by(parked.c.seq))
        return [dict(row) for row in rows.mappings()]


async def rewind(session_factory: SessionFactory, topic: str) -> int:
    """Have a topic read again from its first record, and clear its alarm; the inbox makes what is known harmless.

    For a topic that was made anew and refilled by its owner. Returns how many partitions were set back.
    """
    offsets = TABLES.offsets
    async with session_factory() as session:
        removed = await (await session.connection()).execute(delete(offsets).where(offsets.c.topic == topic))
        await session.commit()
        return removed.rowcount

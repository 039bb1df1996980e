"""Applying records: offset, inbox rows and reactions in one transaction; what cannot be applied is parked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import ModuleType
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import outbox
from shared.bus import Record, topic_of
from shared.events.all import OWNERS
from shared.events.base import Event
from shared.inbox.faults import described, is_infrastructure
from shared.inbox.reacting import Arrival, NewId, Reactions, SessionFactory, arrival, react
from shared.inbox.tables import TABLES

# One statement whatever the number of rows, so that it is prepared once; `place` keeps the order of arrival in `seq`.
_ENTER = text(
    """
    INSERT INTO inbox (event_id, owner, type, key, received_at)
    SELECT event_id, owner, type, key, CAST(:now AS timestamptz)
    FROM unnest(CAST(:event_ids AS uuid[]), CAST(:owners AS text[]), CAST(:types AS text[]), CAST(:keys AS text[]))
        WITH ORDINALITY AS arrived (event_id, owner, type, key, place)
    ORDER BY place
    ON CONFLICT DO NOTHING RETURNING event_id
    """
)

_HELD = text("SELECT EXISTS (SELECT FROM inbox_parked WHERE topic = :topic AND key = ANY(CAST(:keys AS text[])))")


async def enter(connection: AsyncConnection, arrivals: Sequence[Arrival], now: datetime) -> set[UUID]:
    """Insert inbox rows and return the ids that were not there before."""
    if not arrivals:
        return set()
    columns = {
        "event_ids": [arrived.event_id for arrived in arrivals],
        "owners": [arrived.type.partition(".")[0] for arrived in arrivals],
        "types": [arrived.type for arrived in arrivals],
        "keys": [arrived.record.key for arrived in arrivals],
        "now": now,
    }
    return set(await connection.scalars(_ENTER, columns))


async def next_offset(connection: AsyncConnection, log: str, topic: str, partition: int, *, lock: bool) -> int | None:
    """The offset to read next, None before the first. With `lock`, other readers of the partition wait until commit."""
    offsets = TABLES.offsets
    statement = select(offsets.c.next_offset).where(
        offsets.c.log == log, offsets.c.topic == topic, offsets.c.partition == partition
    )
    offset: int | None = await connection.scalar(statement.with_for_update() if lock else statement)
    return offset


async def alarm_of(connection: AsyncConnection, log: str, topic: str) -> str | None:
    """Why reading this topic was stopped, None where it was not."""
    offsets = TABLES.offsets
    statement = select(offsets.c.alarm).where(
        offsets.c.log == log, offsets.c.topic == topic, offsets.c.alarm.is_not(None)
    )
    alarm: str | None = await connection.scalar(statement.limit(1))
    return alarm


async def raise_alarm(connection: AsyncConnection, log: str, topic: str, alarm: str) -> None:
    """Stop reading this topic until `rewind`."""
    offsets = TABLES.offsets
    await connection.execute(
        update(offsets).where(offsets.c.log == log, offsets.c.topic == topic).values(alarm=alarm[:500])
    )


async def start_at(
    connection: AsyncConnection, log: str, topic: str, partition: int, offset: int, now: datetime
) -> None:
    """Make the offset row of a partition that has none yet."""
    statement = pg_insert(TABLES.offsets).values(
        log=log, topic=topic, partition=partition, next_offset=offset, advanced_at=now
    )
    await connection.execute(statement.on_conflict_do_nothing())


async def apply_batch(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    log: str,
    records: Sequence[Record],
    *,
    now: datetime,
    new_id: NewId,
    owners: Mapping[str, ModuleType] = OWNERS,
) -> int:
    """Apply records of one partition, in order; returns the next offset.

    All in one transaction where nothing goes wrong. After an error that is not the infrastructure's, one by one, each
    in its own: the event that fails again is parked with its error, later events of its key are held behind it.
    Infrastructure errors are raised, nothing is advanced, and the caller tries again.
    """
    try:
        return await _apply_together(session_factory, service, reactions, log, records, now, new_id, owners)
    except Exception as error:
        if is_infrastructure(error):
            raise
    offset = 0
    for record in records:
        offset = await _apply_alone(session_factory, service, reactions, log, record, now, new_id, owners)
    return offset


class _NeedsCare(Exception):
    """The batch holds an event whose key is held."""


async def _apply_together(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    log: str,
    records: Sequence[Record],
    now: datetime,
    new_id: NewId,
    owners: Mapping[str, ModuleType],
) -> int:
    topic, partition = records[0].topic, records[0].partition
    async with session_factory() as session:
        connection = await session.connection()
        offset = await _locked(connection, log, topic, partition)
        newer = [record for record in records if record.offset >= offset]
        if not newer:
            return offset
        arrivals = [arrived for record in newer if (arrived := arrival(record, reactions))]
        if await _held_keys(connection, topic, {arrived.record.key for arrived in arrivals}):
            raise _NeedsCare
        unseen = await enter(connection, arrivals, now)
        for arrived in arrivals:
            if arrived.event_id in unseen:
                unseen.discard(arrived.event_id)
                await react(session, service, reactions, arrived, now=now, new_id=new_id, owners=owners)
        offset = newer[-1].offset + 1
        await _advance(connection, log, topic, partition, offset, now)
        await session.commit()
        return offset


async def _apply_alone(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    log: str,
    record: Record,
    now: datetime,
    new_id: NewId,
    owners: Mapping[str, ModuleType],
) -> int:
    error: Exception | None = None
    arrived = arrival(record, reactions)
    async with session_factory() as session:
        connection = await session.connection()
        offset = await _locked(connection, log, record.topic, record.partition)
        if record.offset < offset:
            return offset
        if arrived is not None:
            if await _held_keys(connection, record.topic, {record.key}):
                await _park(connection, arrived, None, now)
            else:
                try:
                    async with session.begin_nested():
                        if await enter(connection, [arrived], now):
                            await react(session, service, reactions, arrived, now=now, new_id=new_id, owners=owners)
                except Exception as caught:
                    if is_infrastructure(caught):
                        raise
                    error = caught
        if error is None:
            await _advance(connection, log, record.topic, record.partition, record.offset + 1, now)
            try:
                await session.commit()
                return record.offset + 1
            except Exception as caught:  # A deferred constraint speaks only at commit.
                if is_infrastructure(caught):
                    raise
                error = caught
    assert arrived is not None
    # A session in which a reaction failed may hold half of its objects; parking gets a fresh one.
    async with session_factory() as session:
        connection = await session.connection()
        offset = await _locked(connection, log, record.topic, record.partition)
        if record.offset < offset:
            return offset
        await _park(connection, arrived, error, now)
        await _advance(connection, log, record.topic, record.partition, record.offset + 1, now)
        await session.commit()
    return record.offset + 1


async def deliver(
    session_factory: SessionFactory,
    service: str,
    reactions: Reactions,
    event: Event,
    *,
    event_id: UUID,
    occurred_at: datetime,
    now: datetime,
    new_id: NewId,
    source: str | None = None,
    correlation_id: str = "test",
    actor_sub: str = "system:test",
) -> bool:
    """Apply one event as the bus would, without an offset, and raise what its reaction raises. For tests.

    The event is serialised and read again. Returns False where it was known already or nothing reacts to it.
    """
    headers = outbox.envelope(
        event, event_id=event_id, occurred_at=occurred_at, actor_sub=actor_sub, correlation_id=correlation_id
    )
    if source is not None:
        headers["ce_source"] = source
    record = Record(topic_of(event.OWNER), 0, 0, str(event.key), headers, event.canonical())
    arrived = arrival(record, reactions)
    if arrived is None:
        return False
    async with session_factory() as session:
        if not await enter(await session.connection(), [arrived], now):
            return False
        await react(session, service, reactions, arrived, now=now, new_id=new_id)
        await session.commit()
    return True


async def _locked(connection: AsyncConnection, log: str, topic: str, partition: int) -> int:
    offset = await next_offset(connection, log, topic, partition, lock=True)
    if offset is None:
        raise RuntimeError(f"no offset row for {log} {topic}/{partition}: start_at comes first")
    return offset


async def _advance(
    connection: AsyncConnection, log: str, topic: str, partition: int, offset: int, now: datetime
) -> None:
    offsets = TABLES.offsets
    await connection.execute(
        update(offsets)
        .where(offsets.c.log == log, offsets.c.topic == topic, offsets.c.partition == partition)
        .values(next_offset=offset, advanced_at=now)
    )


async def _held_keys(connection: AsyncConnection, topic: str, keys: set[str]) -> bool:
    return bool(await connection.scalar(_HELD, {"topic": topic, "keys": sorted(keys)}))


async def _park(connection: AsyncConnection, arrived: Arrival, error: Exception | None, now: datetime) -> None:
    record = arrived.record
    known = select(TABLES.inbox.c.seq).where(TABLES.inbox.c.event_id == arrived.event_id)
    if await connection.scalar(known) is not None:
        return
    statement = pg_insert(TABLES.parked).values(
        event_id=arrived.event_id,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        type=arrived.type,
        key=record.key,
        headers=dict(record.headers),
        payload=record.payload,
        error=None if error is None else described(error),
        attempts=0 if error is None else 1,
        parked_at=now,
    )
    await connection.execute(statement.on_conflict_do_nothing())

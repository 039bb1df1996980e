"""The inbox: what a service has received, how far it has read, what is parked, and how one event is applied.

    inbox_tables(metadata) -> InboxTables(inbox, offsets, parked)
    Reaction = async def (event, reacting: Reacting) -> None
    await deliver(session_factory, service_name, reactions, event, event_id=, occurred_at=, now=, new_id=, source=None) -> bool
    apply_batch(...)                      the one transaction: offset, inbox rows, reactions
    Consumer(...)                         re-exported from shared/consumer.py: run(), drain(), status()

Reading a record twice is harmless: the offset row refuses older offsets, the inbox refuses known event ids. Its rows
are never purged, so a whole topic can be sent again.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import UUID, uuid5

import pydantic
import sqlalchemy.exc
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import outbox
from shared.bus import Record
from shared.events.all import OWNERS
from shared.events.base import REGISTER, Event

NewId = Callable[[], UUID]
Clock = Callable[[], datetime]
SessionFactory = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True)
class InboxTables:
    inbox: Table
    offsets: Table
    parked: Table


def inbox_tables(metadata: MetaData) -> InboxTables:
    """Add inbox, reading offsets and parked events to a service's own metadata.

    `inbox` holds one row for every event a reaction was run for; `seq` is the order in which they were applied, which a
    replay keeps, and `received_at` the moment their reactions saw. `offsets` holds the next offset to read of each partition; `log`
    tells one bus from another. `parked` holds events that could not be applied (with `error`) and those of the same key
    that wait behind them (without), in the order of arrival.
    """
    inbox = Table(
        "inbox",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("owner", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("received_at", DateTime(timezone=True), nullable=False),
    )
    Index("uq_inbox_event_id", inbox.c.event_id, unique=True)
    offsets = Table(
        "inbox_offset",
        metadata,
        Column("log", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True, autoincrement=False),
        Column("next_offset", BigInteger, nullable=False),
        Column("advanced_at", DateTime(timezone=True), nullable=False),
    )
    parked = Table(
        "inbox_parked",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        # Bytes, because an event may be parked for not being readable at all.
        Column("payload", LargeBinary, nullable=False),
        Column("error", Text),
        Column("attempts", Integer, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False),
    )
    Index("uq_inbox_parked_event_id", parked.c.event_id, unique=True)
    Index("ix_inbox_parked_topic_key", parked.c.topic, parked.c.key)
    return InboxTables(inbox, offsets, parked)


TABLES = inbox_tables(MetaData())
"""The same tables for building statements where no service's metadata is at hand."""


@dataclass(frozen=True)
class Reacting:
    """What a reaction is given beside the event: one transaction with the inbox row and the offset.

    `occurred_at` is when the owner recorded the fact, `now` when this service applies it first (the same on a replay).
    """

    session: AsyncSession
    service: str
    event_id: UUID
    occurred_at: datetime
    source: str
    correlation_id: str
    actor_sub: str
    now: datetime
    replaying: bool
    new_id: NewId

    def derived_id(self, *parts: object) -> UUID:
        """An id for something this event brings about: the same on every replay, another for other parts."""
        return uuid5(self.event_id, "\x1f".join(str(part) for part in parts))

    async def record(self, *events: Event) -> None:
        """Publish what follows from the event, in the same transaction; nothing on a replay."""
        if self.replaying:
            return
        await outbox.record(
            self.session,
            events,
            service=self.service,
            now=self.now,
            new_id=self.new_id,
            actor_sub=self.actor_sub,
            correlation_id=self.correlation_id,
            causation_id=self.event_id,
        )


Reaction = Callable[[Any, Reacting], Awaitable[None]]
Reactions = Mapping[type[Event], Reaction]


class Unreadable(Exception):
    """A record that a reaction waits for cannot be turned into its event; it is parked."""


@dataclass(frozen=True)
class Arrival:
    """A record that concerns this service. Without `event`, `fault` says why it could not be read."""

    record: Record
    event_id: UUID
    event: Event | None
    fault: Exception | None = None

    @property
    def type(self) -> str:
        return self.record.headers.get("ce_type", "unknown")


def arrival(record: Record, reactions: Reactions, owners: Mapping[str, ModuleType] = OWNERS) -> Arrival | None:
    """Read a record, turned into the newest version by its owner's `upcast`. None where no reaction waits for it.

    `upcast(event) -> event` in `shared/events/<owner>.py` turns a stored older version into the one readers know.
    """
    declared = record.headers.get("ce_type", "")
    owner, _, rest = declared.partition(".")
    name = rest.rpartition(".")[0]
    if name and not any(wanted.OWNER == owner and wanted.NAME == name for wanted in reactions):
        return None
    # A stand-in id keeps a record without a proper one from being parked twice.
    event_id = uuid5(UUID(int=0), f"{record.topic}/{record.partition}/{record.offset}")
    try:
        event_id = UUID(record.headers["ce_id"])
        if declared not in REGISTER:
            raise Unreadable(f"{declared} is newer than what this service knows; deploy its readers first")
        event = REGISTER[declared].model_validate_json(record.payload)
        upcast = getattr(owners.get(owner), "upcast", None)
        if upcast is not None:
            event = upcast(event)
        if type(event) not in reactions:
            raise Unreadable(f"no reaction for {event.type()}, into which {declared} was turned")
        datetime.fromisoformat(record.headers["ce_time"])
        return Arrival(record, event_id, event)
    except (Unreadable, pydantic.ValidationError, KeyError, ValueError) as fault:
        return Arrival(record, event_id, None, fault)


async def react(
    session: AsyncSession,
    service: str,
    reactions: Reactions,
    arrived: Arrival,
    *,
    now: datetime,
    new_id: NewId,
    replaying: bool = False,
) -> None:
    """Run the reaction of one event. The caller has seen to it that it runs once."""
    if arrived.event is None:
        assert arrived.fault is not None
        raise arrived.fault
    headers = arrived.record.headers
    reacting = Reacting(
        session=session,
        service=service,
        event_id=arrived.event_id,
        occurred_at=datetime.fromisoformat(headers["ce_time"]),
        source=headers.get("ce_source", ""),
        correlation_id=headers.get("correlationid", str(arrived.event_id)),
        actor_sub=headers.get("actorid", f"service:{service}"),
        now=now,
        replaying=replaying,
        new_id=new_id,
    )
    await reactions[type(arrived.event)](arrived.event, reacting)
    # The reaction's own rows reach the database before the next event's, and a broken one is told from its neighbour.
    await session.flush()


async def enter(connection: AsyncConnection, arrivals: Sequence[Arrival], now: datetime) -> set[UUID]:
    """Insert inbox rows and return the ids that were not there before."""
    if not arrivals:
        return set()
    rows = [
        {
            "event_id": arrived.event_id,
            "owner": arrived.type.partition(".")[0],
            "type": arrived.type,
            "key": arrived.record.key,
            "received_at": now,
        }
        for arrived in arrivals
    ]
    statement = pg_insert(TABLES.inbox).values(rows).on_conflict_do_nothing()
    return set(await connection.scalars(statement.returning(TABLES.inbox.c.event_id)))


async def next_offset(connection: AsyncConnection, log: str, topic: str, partition: int, *, lock: bool) -> int | None:
    """The offset to read next, None before the first. With `lock`, other readers of the partition wait until commit."""
    offsets = TABLES.offsets
    statement = select(offsets.c.next_offset).where(
        offsets.c.log == log, offsets.c.topic == topic, offsets.c.partition == partition
    )
    offset: int | None = await connection.scalar(statement.with_for_update() if lock else statement)
    return offset


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
    """The batch holds an event that cannot be read, or whose key is held."""


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
        arrivals = [arrived for record in newer if (arrived := arrival(record, reactions, owners))]
        if any(arrived.event is None for arrived in arrivals):
            raise _NeedsCare
        if await _held_keys(connection, topic, {arrived.record.key for arrived in arrivals}):
            raise _NeedsCare
        unseen = await enter(connection, arrivals, now)
        for arrived in arrivals:
            if arrived.event_id in unseen:
                unseen.discard(arrived.event_id)
                await react(session, service, reactions, arrived, now=now, new_id=new_id)
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
    arrived = arrival(record, reactions, owners)
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
                            await react(session, service, reactions, arrived, now=now, new_id=new_id)
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
    record = Record(f"{event.OWNER}.events", 0, 0, str(event.key), headers, event.canonical())
    arrived = arrival(record, reactions)
    if arrived is None:
        return False
    async with session_factory() as session:
        if not await enter(await session.connection(), [arrived], now):
            return False
        await react(session, service, reactions, arrived, now=now, new_id=new_id)
        await session.commit()
    return True


def is_infrastructure(error: BaseException) -> bool:
    """Whether an error says nothing about the event: the database or network is away, full, or busy with a deadlock."""
    if isinstance(error, OSError | TimeoutError | sqlalchemy.exc.TimeoutError | sqlalchemy.exc.InterfaceError):
        return True
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if error.connection_invalidated or state is None:
            return isinstance(error, sqlalchemy.exc.OperationalError) or error.connection_invalidated
        # 08 connection, 40 deadlock and serialisation, 53 resources, 55P03 lock timeout, 57 shut down, 58 system error.
        # 42501 and 42P01 are a migration or grant not yet there: nothing is wrong with the event.
        return state[:2] in {"08", "40", "53", "57", "58"} or state in {"55P03", "25006", "42501", "42P01"}
    return False


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
    parked = TABLES.parked
    statement = select(parked.c.seq).where(parked.c.topic == topic, parked.c.key.in_(keys)).limit(1)
    return await connection.scalar(statement) is not None


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


def described(error: BaseException) -> str:
    """An error with the place it came from, short enough to keep. Values of a payload are not repeated."""
    if isinstance(error, pydantic.ValidationError):
        return "; ".join(f"{'/'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())[:2000]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"[:2000]

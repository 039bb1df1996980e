"""The consumer: reads the topics a service reacts to and applies their records, for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus, Extent, OffsetOutOfRange, Reader, Record, topic_of
from shared.database import Database
from shared.inbox.applying import alarm_of, apply_batch, next_offset, raise_alarm, start_at
from shared.inbox.faults import described, is_infrastructure, named
from shared.inbox.reacting import Clock, NewId, Reactions
from shared.inbox.unheard import unheard_of_each, waits_since_before

BATCH = 100
WAIT_SECONDS = 1.0
RETRY_FIRST_SECONDS = 0.5
RETRY_MOST_SECONDS = 30.0
LOOK_EVERY_SECONDS = 5.0
LATE_SECONDS = 60
"""An event that waits longer than this to be applied needs somebody's attention."""
UNKNOWN = "unknown"
"""Instead of a lag that cannot be measured: never 0, and never taken for it."""
NO_PROGRESS_SECONDS = 60.0
"""Lag that does not shrink for so long means that the client has stopped fetching: it is thrown away and made anew."""

_LEADER_LOCK = "hashtextextended('outturn.consumer', 0)"


@dataclass
class Partition:
    """Where a partition stands. `failure` and `retry_at` are set while it is paused after an infrastructure error."""

    next_offset: int
    end: int
    moved_at: float
    failures: int = 0
    failure: str | None = None
    retry_at: float | None = None

    @property
    def lag(self) -> int:
        return max(self.end - self.next_offset, 0)


@dataclass
class Topic:
    """`state`: starting, reading, unreachable (tried again), out_of_range (stopped until a person has acted)."""

    state: str = "starting"
    failure: str | None = None
    rebuilt: int = 0
    partitions: dict[int, Partition] = field(default_factory=dict)


class Stuck(Exception):
    """Lag without progress."""


class Consumer:
    """Applies foreign events. Every process has one; one at a time leads, holding a lock in the service's database.

    The lock only saves work: two consumers at once would be kept apart by the offset rows.
    """

    def __init__(
        self,
        service_name: str,
        database: Database,
        bus: Bus,
        reactions: Reactions,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._service = service_name
        self._database = database
        self._bus = bus
        self._reactions = reactions
        self._clock = clock
        self._new_id = new_id
        self._leads = False
        self._topics = {topic_of(owner): Topic() for owner in sorted({event.OWNER for event in reactions})}
        self._log = structlog.get_logger(service=service_name, task="consumer")

    async def run(self) -> None:
        """Read every topic the reactions name, each on its own, until cancelled."""
        while self._topics:
            try:
                async with self._lead() as connection, asyncio.TaskGroup() as tasks:
                    for topic in self._topics:
                        tasks.create_task(self._read_for_ever(topic), name=f"{self._service} reads {topic}")
                    # Without the connection the lock is gone, and another process may have taken over.
                    tasks.create_task(_watch(connection))
            except* (psycopg.Error, OSError) as errors:
                self._log.warning("the consumer's own connection broke", failure=described(errors.exceptions[0]))
            finally:
                self._leads = False
            await asyncio.sleep(WAIT_SECONDS)

    async def drain(self) -> int:
        """Apply what the topics hold now and return how many records were read. For tests and commands."""
        read = 0
        for topic in self._topics:
            reader = self._bus.reader(topic, self._service)
            try:
                await self._open(reader, topic)
                partitions = self._topics[topic].partitions
                while any(partition.lag for partition in partitions.values()):
                    records = await reader.fetch(BATCH, WAIT_SECONDS)
                    for number, batch in _by_partition(records).items():
                        partitions[number].next_offset = await self._apply(batch)
                        read += len(batch)
            finally:
                await reader.close()
        return read

    def status(self) -> dict[str, Any]:
        """What this process does: whether it leads, what it reads, what stands still, and why.

        Says nothing of how far behind the service is: a process sees the log only as far as it has fetched, and not at
        all where another one leads. `health` measures that.
        """
        now = time.monotonic()
        return {
            "leads": self._leads,
            "alarm": any(topic.state == "out_of_range" for topic in self._topics.values()),
            "topics": {
                name: {
                    "state": topic.state,
                    "failure": topic.failure,
                    "rebuilt": topic.rebuilt,
                    "partitions": [
                        {
                            "partition": number,
                            "next_offset": partition.next_offset,
                            "lag": partition.lag,
                            "paused": partition.retry_at is not None,
                            "failure": partition.failure,
                            "seconds_since_progress": round(now - partition.moved_at, 1),
                        }
                        for number, partition in sorted(topic.partitions.items())
                    ],
                }
                for name, topic in self._topics.items()
            },
        }

    async def health(self, connection: AsyncConnection, now: datetime) -> dict[str, Any]:
        """How far each topic is behind its owner's log, as any process finds it; and what this process does about it.

        `lag` is `unknown` where a log does not answer or reading it was stopped.
        """
        said = self.status()
        found = await unheard_of_each(connection, self._bus, list(self._topics))
        late = now - timedelta(seconds=LATE_SECONDS)
        waits = {topic: await waits_since_before(self._bus, topic, behind, late) for topic, behind in found.items()}
        for topic, behind in found.items():
            shown = said["topics"][topic]
            shown["lag"] = UNKNOWN if behind.on_their_way is None else behind.on_their_way
            shown["late"] = waits[topic]
            shown["failure"] = behind.alarm or shown["failure"] or behind.failure
            here = {partition["partition"]: partition for partition in shown["partitions"]}
            shown["partitions"] = [
                {
                    "partition": number,
                    **here.get(number, {"paused": False, "failure": None, "seconds_since_progress": None}),
                    "next_offset": offset,
                    "lag": behind.lags.get(number, UNKNOWN),
                }
                for number, offset in sorted(behind.next_offsets.items())
            ]
        lags = [behind.on_their_way for behind in found.values()]
        known = [lag for lag in lags if lag is not None]
        return {
            **said,
            "lag": sum(known) if len(known) == len(lags) else UNKNOWN,
            "late": any(waits.values()),
            "alarm": said["alarm"] or any(behind.alarm is not None for behind in found.values()),
        }

    @asynccontextmanager
    async def _lead(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        conninfo = make_url(self._database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, application_name=f"outturn consumer {self._service}", connect_timeout=5
        ) as connection:
            while not self._leads:
                cursor = await connection.execute(f"SELECT pg_try_advisory_lock({_LEADER_LOCK})")
                row = await cursor.fetchone()
                self._leads = bool(row and row[0])
                if not self._leads:
                    await asyncio.sleep(WAIT_SECONDS)
            yield connection

    async def _read_for_ever(self, topic: str) -> None:
        state = self._topics[topic]
        failures = 0
        while True:
            reader = self._bus.reader(topic, self._service)
            try:
                await self._open(reader, topic)
                failures = 0
                await self._read(reader, topic)
            except OffsetOutOfRange as error:
                # Going on would skip facts silently. `outturn events republish` and `rewind` mend it.
                state.state, state.failure = "out_of_range", str(error)
                self._log.error("reading stopped: records are missing from the topic", topic=topic, failure=str(error))
                await reader.close()
                await self._until_rewound(topic, str(error))
            except Stuck as error:
                state.rebuilt += 1
                self._log.warning("the reader stands still and is made anew", topic=topic, failure=str(error))
            except Exception as error:  # Whatever a client library raises, the offset rows say where to go on.
                failures += 1
                state.state, state.failure = "unreachable", named(error)
                self._log.warning("the topic cannot be read", topic=topic, failure=described(error))
            finally:
                await reader.close()
            await asyncio.sleep(_pause(failures))

    async def _until_rewound(self, topic: str, alarm: str) -> None:
        async with self._database.session() as session:
            await raise_alarm(await session.connection(), self._bus.log, topic, alarm)
            await session.commit()
        while await self._alarm(topic) is not None:  # noqa: ASYNC110 - another process clears it
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _alarm(self, topic: str) -> str | None:
        async with self._database.session() as session:
            return await alarm_of(await session.connection(), self._bus.log, topic)

    async def _open(self, reader: Reader, topic: str) -> None:
        """Connect and go to the rows' offsets; a partition without a row begins with the first record it holds."""
        state = self._topics[topic]
        state.partitions = {}
        alarm = await self._alarm(topic)
        if alarm is not None:
            raise OffsetOutOfRange(alarm)
        for number, extent in sorted((await reader.open()).items()):
            async with self._database.session() as session:
                connection = await session.connection()
                await start_at(connection, self._bus.log, topic, number, extent.first, self._clock())
                offset = await next_offset(connection, self._bus.log, topic, number, lock=False)
                await session.commit()
            assert offset is not None
            if not extent.first <= offset <= extent.end:
                raise OffsetOutOfRange(
                    f"{topic}/{number} holds {extent.first} to {extent.end}, the next to read would be {offset}"
                )
            await reader.seek(number, offset)
            state.partitions[number] = Partition(offset, extent.end, time.monotonic())
        state.state, state.failure = "reading", None

    async def _read(self, reader: Reader, topic: str) -> None:
        state = self._topics[topic]
        looked_at = time.monotonic()
        while True:
            # A client that does not even come back from its wait is one that stands still.
            async with asyncio.timeout(NO_PROGRESS_SECONDS):
                records = await reader.fetch(BATCH, WAIT_SECONDS)
            for number, batch in _by_partition(records).items():
                await self._take(reader, state.partitions[number], number, batch)
            now = time.monotonic()
            for number, partition in state.partitions.items():
                if partition.retry_at is not None and partition.retry_at <= now:
                    await reader.seek(number, partition.next_offset)
                    reader.resume(number)
                    partition.retry_at = None
            if now - looked_at >= LOOK_EVERY_SECONDS:
                looked_at = now
                self._look(state, await reader.extents())

    async def _take(self, reader: Reader, partition: Partition, number: int, batch: list[Record]) -> None:
        """Apply a batch; where the infrastructure fails, pause the partition and come back to the same records."""
        try:
            partition.next_offset = await self._apply(batch)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            partition.failures += 1
            partition.failure = named(error)
            partition.retry_at = time.monotonic() + _pause(partition.failures)
            reader.pause(number)
            self._log.warning("partition paused", topic=batch[0].topic, partition=number, failure=described(error))
            return
        partition.failures, partition.failure = 0, None
        partition.end = max(partition.end, batch[-1].offset + 1)
        partition.moved_at = time.monotonic()
        await reader.note({number: partition.next_offset})

    async def _apply(self, batch: list[Record]) -> int:
        return await apply_batch(
            self._database.session,
            self._service,
            self._reactions,
            self._bus.log,
            batch,
            now=self._clock(),
            new_id=self._new_id,
        )

    def _look(self, state: Topic, extents: Mapping[int, Extent]) -> None:
        now = time.monotonic()
        for number, partition in state.partitions.items():
            partition.end = extents[number].end
            if not partition.lag or partition.retry_at is not None:
                partition.moved_at = now
            elif now - partition.moved_at > NO_PROGRESS_SECONDS:
                raise Stuck(f"partition {number} lags by {partition.lag} and has not moved")


async def _watch(connection: psycopg.AsyncConnection[Any]) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        await connection.execute("SELECT 1")


def _pause(failures: int) -> float:
    return min(RETRY_FIRST_SECONDS * 2.0 ** max(failures - 1, 0), RETRY_MOST_SECONDS)


def _by_partition(records: list[Record]) -> dict[int, list[Record]]:
    batches: dict[int, list[Record]] = {}
    for record in records:
        batches.setdefault(record.partition, []).append(record)
    return batches

"""The bus between processes: Apache Kafka, with every option that keeps events from being lost written out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OffsetOutOfRangeError
from aiokafka.partitioner import murmur2

from shared.bus import Extent, LogEnd, OffsetOutOfRange, Outgoing, Record, Sent

Answer = TypeVar("Answer")

CONNECT_SECONDS = 15.0
STOP_SECONDS = 5.0
SEND_SECONDS = 120.0
"""An idempotent send waits for a broker that is away without end. After this long the client itself is doubted and made
anew; what the old one may still bring about is a second copy, which readers know by its id."""

BATCH_BYTES = 512 * 1024
"""Several events of the greatest size (256 KiB) a batch, well below the broker's 1 MiB."""

NOTE_EVERY_SECONDS = 5.0

LOOK_SECONDS = 3.0
"""Who asks how far a topic goes is waiting for an answer: a broker that gives none for so long counts as away."""


def partition_of(key: bytes, partitions: int) -> int:
    """The partition every client of the Java family chooses for a key, librdkafka's `murmur2` included."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class KafkaBus:
    """`KafkaBus("host:port,…")`. The producer connects at the first use and again after it has failed."""

    log = "kafka"

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._lookers: dict[str, KafkaReader] = {}
        self._looking = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        # The client logs several lines a second while a broker is away; relay and consumer say it once and in words.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def start(self) -> None:
        """Nothing: a broker that is away must not keep a service from starting."""

    async def stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer.stop())
        for topic in list(self._lookers):
            self._forget_looker(topic)
        if self._closing:
            await asyncio.wait(self._closing)

    async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
        producer = await self._connected()
        try:
            partitions = sorted(await producer.partitions_for(topic))
            queues: dict[int, list[int]] = {}
            for place, record in enumerate(records):
                queues.setdefault(partition_of(record.key.encode(), len(partitions)), []).append(place)
            outcomes = await asyncio.gather(
                *(self._send(producer, topic, number, places, records) for number, places in queues.items())
            )
        except BaseException:
            await self._forget(producer)
            raise
        failures = [failure for _, failure in outcomes if failure is not None]
        if any(not isinstance(failure, MessageSizeTooLargeError) for failure in failures):
            await self._forget(producer)
        acknowledged = sorted(place for places, _ in outcomes for place in places)
        return Sent(tuple(acknowledged), failures[0] if failures else None)

    def reader(self, topic: str, group: str) -> KafkaReader:
        return KafkaReader(self._servers, topic, group)

    async def end_of(self, topic: str) -> LogEnd:
        """The ends of all partitions, as the broker knows them.

        Rows that wait in the owner's outbox because its relay has not sent them cannot be seen from here: no service
        asks another's database, and a relay that stands still sends nothing that could say so. The owner's own
        `/health/events` shows them as `waiting_events`.
        """
        return LogEnd(await self._look(topic, KafkaReader.extents))

    async def holds_older(self, topic: str, offsets: Mapping[int, int], moment: datetime) -> bool:
        """By the index of times that the broker keeps; a record's time is the moment its owner recorded it."""
        extents = await self._look(topic, KafkaReader.extents)
        firsts = await self._look(topic, lambda reader: reader.first_since(moment))
        return any(
            offset < extents[number].end and (firsts.get(number) is None or offset < firsts[number])
            for number, offset in offsets.items()
        )

    async def _look(self, topic: str, ask: Callable[[KafkaReader], Awaitable[Answer]]) -> Answer:
        """Ask through a client that is kept for such questions, one question at a time."""
        async with asyncio.timeout(LOOK_SECONDS), self._looking:
            try:
                if topic not in self._lookers:
                    self._lookers[topic] = KafkaReader(self._servers, topic, None)
                    await self._lookers[topic].open()
                return await ask(self._lookers[topic])
            except BaseException:
                self._forget_looker(topic)
                raise

    def _forget_looker(self, topic: str) -> None:
        """Closed in the background: it may take a while, and nobody waits for it."""
        reader = self._lookers.pop(topic, None)
        if reader is not None:
            task = asyncio.ensure_future(reader.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def everything(self, topic: str) -> AsyncIterator[Record]:
        reader = KafkaReader(self._servers, topic, None)
        try:
            extents = await reader.open()
            left = {number: extent.end for number, extent in extents.items() if extent.end > extent.first}
            for number, extent in extents.items():
                await reader.seek(number, extent.first)
            while left:
                for record in await reader.fetch(500, CONNECT_SECONDS):
                    if record.partition in left:
                        if record.offset < left[record.partition]:
                            yield record
                        if record.offset + 1 >= left[record.partition]:
                            del left[record.partition]
        finally:
            await reader.close()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._servers,
                    client_id="outturn-relay",
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=BATCH_BYTES,
                    max_request_size=2 * BATCH_BYTES,
                    request_timeout_ms=30_000,
                    retry_backoff_ms=200,
                    metadata_max_age_ms=60_000,
                )
                try:
                    await asyncio.wait_for(producer.start(), CONNECT_SECONDS)
                except BaseException:
                    await _stopped(producer.stop())
                    raise
                self._producer = producer
            return self._producer

    async def _forget(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await _stopped(producer.stop())

    async def _send(
        self, producer: AIOKafkaProducer, topic: str, partition: int, places: Sequence[int], records: Sequence[Outgoing]
    ) -> tuple[list[int], BaseException | None]:
        """Send to one partition batch by batch, the next only after the last was acknowledged.

        With two batches under way, a later one could overtake an earlier one that failed.
        """
        acknowledged: list[int] = []
        waiting = list(places)
        while waiting:
            batch = producer.create_batch()
            packed = 0
            for place in waiting:
                if not _append(batch, records[place]):
                    break
                packed += 1
            if not packed:
                return acknowledged, MessageSizeTooLargeError(f"a record of more than {BATCH_BYTES} bytes")
            batch.close()
            try:
                done = await producer.send_batch(batch, topic, partition=partition)
                await asyncio.wait_for(done, SEND_SECONDS)
            except (KafkaError, TimeoutError) as error:
                return acknowledged, error
            acknowledged.extend(waiting[:packed])
            del waiting[:packed]
        return acknowledged, None


class KafkaReader:
    """Reads one topic, all partitions, from the offsets it is told. No group protocol: the reader's database leads."""

    def __init__(self, servers: str, topic: str, group: str | None) -> None:
        self._topic = topic
        self._group = group
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            client_id=f"outturn-{group or 'everything'}",
            group_id=group,
            # Offsets live in the reader's database and move with its effects; Kafka must neither guess nor move them.
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            # Some sixteen events of the greatest size: a transaction is worth its commit only with a batch in it.
            max_partition_fetch_bytes=4 * 1024 * 1024,
            fetch_max_bytes=16 * 1024 * 1024,
            fetch_max_wait_ms=500,
            fetch_min_bytes=1,
            request_timeout_ms=15_000,
            retry_backoff_ms=200,
            metadata_max_age_ms=60_000,
        )
        self._partitions: list[TopicPartition] = []
        self._starts: dict[TopicPartition, int] = {}
        self._assigned = False
        self._noted_at = 0.0

    async def open(self) -> dict[int, Extent]:
        await asyncio.wait_for(self._consumer.start(), CONNECT_SECONDS)
        # The client knows no topic before it has one assigned, and that would set it looking for offsets already.
        await asyncio.wait_for(self._consumer._client.add_topic(self._topic), CONNECT_SECONDS)
        numbers = self._consumer.partitions_for_topic(self._topic)
        if not numbers:
            raise LookupError(f"there is no topic {self._topic}; `outturn topics apply` makes it")
        self._partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        return await self.extents()

    async def seek(self, partition: int, offset: int) -> None:
        place = TopicPartition(self._topic, partition)
        self._starts[place] = offset
        if self._assigned:
            self._consumer.seek(place, offset)
        elif len(self._starts) == len(self._partitions):
            # Assigned and placed without a pause between, so that the client never looks for a start of its own.
            self._consumer.assign(self._partitions)
            for known, start in self._starts.items():
                self._consumer.seek(known, start)
            self._assigned = True

    def pause(self, partition: int) -> None:
        self._consumer.pause(TopicPartition(self._topic, partition))

    def resume(self, partition: int) -> None:
        self._consumer.resume(TopicPartition(self._topic, partition))

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        try:
            fetched = await self._consumer.getmany(timeout_ms=int(wait_seconds * 1000), max_records=limit)
        except OffsetOutOfRangeError as error:
            raise OffsetOutOfRange(f"{self._topic}: the broker does not hold the next offset any more") from error
        return [_record(message) for messages in fetched.values() for message in messages]

    async def extents(self) -> dict[int, Extent]:
        firsts, ends = await asyncio.wait_for(
            asyncio.gather(
                self._consumer.beginning_offsets(self._partitions), self._consumer.end_offsets(self._partitions)
            ),
            CONNECT_SECONDS,
        )
        return {place.partition: Extent(firsts[place], ends[place]) for place in self._partitions}

    async def first_since(self, moment: datetime) -> dict[int, int]:
        """The offset of the first record of that moment or later, of the partitions that hold one."""
        wanted = {place: int(moment.timestamp() * 1000) for place in self._partitions}
        found = await self._consumer.offsets_for_times(wanted)
        return {place.partition: at.offset for place, at in found.items() if at is not None}

    async def note(self, offsets: Mapping[int, int]) -> None:
        now = asyncio.get_running_loop().time()
        if self._group is None or now - self._noted_at < NOTE_EVERY_SECONDS:
            return
        self._noted_at = now
        told = {TopicPartition(self._topic, number): offset for number, offset in offsets.items()}
        await _stopped(self._consumer.commit(told), seconds=1.0)

    async def close(self) -> None:
        await _stopped(self._consumer.stop())


def _append(batch: Any, record: Outgoing) -> bool:
    """Whether the record found room. The client takes a first record of any size, so the size is checked here."""
    if len(record.payload) > BATCH_BYTES - 8192:
        return False
    instant = int(datetime.fromisoformat(record.headers["ce_time"]).timestamp() * 1000)
    headers = [(name, value.encode()) for name, value in sorted(record.headers.items())]
    appended = batch.append(timestamp=instant, key=record.key.encode(), value=record.payload, headers=headers)
    return appended is not None


def _record(message: Any) -> Record:
    """What others have written to the topic may be anything; PostgreSQL's text takes no NUL."""
    headers = {_text(name.encode()): _text(value) for name, value in message.headers}
    return Record(message.topic, message.partition, message.offset, _text(message.key), headers, message.value or b"")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace").replace("\x00", "\ufffd")


async def _stopped(ending: Coroutine[Any, Any, Any], seconds: float = STOP_SECONDS) -> None:
    """Wait a while for something that is no longer needed, whatever becomes of it.

    aiokafka's `stop()` waits without end for a broker that is away, or raises `CancelledError` in a task that nobody
    has cancelled; neither may reach the caller.
    """
    task = asyncio.ensure_future(ending)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
    if task.done() and not task.cancelled():
        task.exception()

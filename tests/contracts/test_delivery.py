"""From the outbox of one service to the effect in another, on every bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Producer
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared.bus import Bus, OffsetOutOfRange, topic_of
from shared.bus.kafka import KafkaBus
from shared.bus.local import LocalBus
from shared.bus.topics import apply_topics
from shared.database import Database
from shared.events.grants import OrganisationRegistered
from shared.inbox import (
    Consumer,
    Reacting,
    Unheard,
    parked_events,
    redrive,
    replay,
    rewind,
    unheard,
    waits_since_before,
)
from shared.inbox import consumer as consumer_module
from shared.outbox import Relay
from shared.outbox.archive import republish
from tests.contracts.beds import (
    OWNER,
    REACTIONS,
    clock,
    database,
    effect_table,
    effects,
    note_effect,
    organisation,
    until,
    withdrawal,
    write,
)
from tests.contracts.renamed import RenamedBus
from tests.harness import Postgres


@dataclass
class Line:
    """An owner, a bus, and a reader."""

    owner: Database
    reader: Database
    bus: Bus
    relay: Relay
    consumer: Consumer
    kind: str

    async def settle(self) -> None:
        await self.relay.drain()
        await self.consumer.drain()

    async def scalar(self, statement: str) -> object:
        async with self.reader.engine.connect() as connection:
            return await connection.scalar(text(statement))


@pytest.fixture(params=["local", "mock", "kafka"])
async def line(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[Line]:
    async with database(postgres, "owner") as owner, database(postgres, "reader") as reader:
        async with _bus(request, owner) as bus:
            yield Line(
                owner,
                reader,
                bus,
                Relay(OWNER, owner, bus, clock),
                Consumer("transparency", reader, bus, REACTIONS, clock, uuid7),
                request.param,
            )


@asynccontextmanager
async def _bus(request: pytest.FixtureRequest, owner: Database) -> AsyncIterator[Bus]:
    if request.param == "local":
        yield LocalBus({OWNER: owner})
        return
    own = f"delivery-{uuid4().hex[:8]}"
    if request.param == "mock":
        cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
        brokers = cluster.list_topics(topic_of(own), timeout=10).brokers.values()
        address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    else:
        address = request.getfixturevalue("kafka").address
        await apply_topics(address, [own])
    bus = RenamedBus(KafkaBus(address), topic_of(OWNER), topic_of(own))
    try:
        yield bus
    finally:
        await bus.stop()


async def test_each_event_has_its_effect_once_and_in_the_order_of_its_key(line: Line) -> None:
    keys = [uuid4() for _ in range(7)]
    for version in range(1, 31):
        await write(line.owner, *(organisation(version, id=key) for key in keys))
    await line.settle()
    rows = await effects(line.reader)
    assert len(rows) == 210
    for key in keys:
        assert [row.version for row in rows if row.key == key] == list(range(1, 31))
    assert await line.relay.drain() == 0
    assert await line.consumer.drain() == 0


async def test_an_archive_sent_again_has_no_second_effect(line: Line) -> None:
    await write(line.owner, *(organisation() for _ in range(20)))
    await line.settle()
    assert await republish(line.owner.session) == 20
    assert await line.relay.drain() == 20
    await write(line.owner, organisation(slug="new"))
    await line.settle()
    rows = await effects(line.reader)
    assert len(rows) == 21
    assert rows[-1].slug == "new"


async def test_reading_a_topic_again_from_its_start_has_no_second_effect(line: Line) -> None:
    await write(line.owner, *(organisation() for _ in range(20)))
    await line.settle()
    assert await rewind(line.reader.session, topic_of(OWNER)) >= 1
    assert await line.consumer.drain() == 20
    assert len(await effects(line.reader)) == 20


async def test_a_poison_event_is_parked_its_key_held_and_other_keys_go_on(line: Line) -> None:
    bad, good = uuid4(), uuid4()
    await write(
        line.owner,
        organisation(1, id=bad, slug="poison"),
        organisation(2, id=bad),
        organisation(1, id=good),
        organisation(3, id=bad),
    )
    await line.settle()
    await write(line.owner, organisation(4, id=bad), organisation(2, id=good))
    await line.settle()
    assert [(row.key, row.version) for row in await effects(line.reader)] == [(good, 1), (good, 2)]
    parked = await parked_events(line.reader.session)
    assert [(UUID(row["key"]), row["error"] is None, row["attempts"]) for row in parked] == [
        (bad, False, 1),
        (bad, True, 0),
        (bad, True, 0),
        (bad, True, 0),
    ]
    assert "this one cannot be applied" in parked[0]["error"]


async def test_redrive_releases_a_key_in_order_once_the_cause_is_mended(line: Line) -> None:
    bad = uuid4()
    await write(line.owner, organisation(1, id=bad, slug="poison"), organisation(2, id=bad), organisation(3, id=bad))
    await line.settle()
    arguments = {"clock": clock, "new_id": uuid7}
    again = await redrive(line.reader.session, "transparency", REACTIONS, **arguments)
    assert again.applied == 0
    assert again.still_parked == ((topic_of(OWNER), str(bad)),)
    assert (await parked_events(line.reader.session))[0]["attempts"] == 2

    async def mended(event, reacting) -> None:  # type: ignore[no-untyped-def]
        await note_effect(event.model_copy(update={"slug": "mended"}), reacting)

    done = await redrive(line.reader.session, "transparency", dict.fromkeys(REACTIONS, mended), **arguments)
    assert (done.applied, done.still_parked) == (3, ())
    assert [row.version for row in await effects(line.reader)] == [1, 2, 3]
    await write(line.owner, organisation(4, id=bad))
    await line.settle()
    assert [row.version for row in await effects(line.reader)] == [1, 2, 3, 4]


async def test_a_replay_ends_with_the_same_rows_and_records_no_event(line: Line) -> None:
    moments = count()

    def moving_clock() -> datetime:
        return clock() + timedelta(minutes=next(moments))

    async def note_and_pass_on(event: OrganisationRegistered, reacting: Reacting) -> None:
        noted = event.model_copy(update={"slug": f"{reacting.now} {reacting.derived_id(1)}"})
        await note_effect(noted, reacting)
        await reacting.record(withdrawal(reacting))

    reactions = {OrganisationRegistered: note_and_pass_on}
    consumer = Consumer("transparency", line.reader, line.bus, reactions, moving_clock, uuid7)
    keys = [uuid4() for _ in range(5)]
    for version in range(1, 41):
        await write(line.owner, *(organisation(version, id=key) for key in keys))
    await line.relay.drain()
    await consumer.drain()
    before = await effects(line.reader)
    assert len({row.slug.split()[1] for row in before}) > 1
    async with line.reader.engine.begin() as connection:
        await connection.execute(text("UPDATE effect SET slug = 'spoilt' WHERE version > 3"))
        await connection.execute(text("DELETE FROM effect WHERE version = 2"))
    done = await replay(line.reader.session, "transparency", reactions, [effect_table()], line.bus, new_id=uuid7)
    assert done == 200
    assert await effects(line.reader) == before
    assert await line.scalar("SELECT count(*) FROM outbox") == 200
    await write(line.owner, organisation(41, id=keys[0]))
    await line.relay.drain()
    await consumer.drain()
    assert len(await effects(line.reader)) == 201


async def test_an_offset_beyond_the_topic_is_an_alarm_that_stays_until_a_rewind(line: Line) -> None:
    await write(line.owner, organisation())
    await line.settle()
    async with line.reader.engine.begin() as connection:
        await connection.execute(text("UPDATE inbox_offset SET next_offset = 1000"))
    with pytest.raises(OffsetOutOfRange):
        await line.consumer.drain()
    running = asyncio.create_task(line.consumer.run())
    try:
        await until(lambda: line.scalar("SELECT alarm IS NOT NULL FROM inbox_offset LIMIT 1"))
        assert line.consumer.status()["alarm"]
        # The topic grows past the old offset: that must not make it look right again.
        async with line.reader.engine.begin() as connection:
            await connection.execute(text("UPDATE inbox_offset SET next_offset = 0"))
        another = Consumer("transparency", line.reader, line.bus, REACTIONS, clock, uuid7)
        with pytest.raises(OffsetOutOfRange):
            await another.drain()
        await rewind(line.reader.session, topic_of(OWNER))
        await write(line.owner, organisation(slug="after"))
        await line.relay.drain()
        await another.drain()
        assert [row.slug for row in await effects(line.reader)] == ["calderdale", "after"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def left(line: Line, patience_seconds: float = 0) -> Unheard:
    """What of the owner's log the reader has not applied, asked as any process may."""
    async with line.reader.engine.connect() as connection:
        return await unheard(connection, line.bus, topic_of(OWNER), patience_seconds=patience_seconds)


async def test_what_is_unheard_is_measured_at_the_logs_end_by_whoever_asks(line: Line) -> None:
    """Design section 4: before anything was read, half-way, and at the end; the consumer need not run here."""
    assert (await left(line)).nothing
    await write(line.owner, *(organisation() for _ in range(60)))
    # What its owner has not relayed is seen in its outbox by LocalBus alone.
    assert (await left(line)).on_their_way == (60 if isinstance(line.bus, LocalBus) else 0)
    await line.relay.drain()
    assert (await left(line)).on_their_way == 60
    await line.consumer.drain()
    assert (await left(line)).nothing
    await write(line.owner, *(organisation() for _ in range(46)))
    await line.relay.drain()
    found = await left(line)
    assert found.on_their_way == sum(found.lags.values()) == 46
    health = await _health(line)
    assert (health["lag"], health["alarm"], health["leads"]) == (46, False, False)
    await line.consumer.drain()
    assert (await _health(line))["lag"] == 0


async def test_patience_waits_for_what_was_there_when_asked_and_not_for_what_comes_later(line: Line) -> None:
    """Design section 4: a log that never stands still can be caught up with."""
    await write(line.owner, *(organisation() for _ in range(20)))
    await line.relay.drain()
    waiting = asyncio.create_task(left(line, patience_seconds=30))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await line.consumer.drain()
    assert (await waiting).nothing
    assert (await left(line, patience_seconds=0.2)).nothing


async def test_what_is_parked_or_held_counts_as_unheard(line: Line) -> None:
    """Design section 4."""
    bad = uuid4()
    await write(line.owner, organisation(1, id=bad, slug="poison"), organisation(2, id=bad), organisation())
    await line.settle()
    found = await left(line)
    assert (found.on_their_way, found.parked, found.nothing) == (0, 2, False)


async def test_a_log_that_ends_before_the_next_record_says_nothing_of_what_is_unheard(line: Line) -> None:
    """Design section 4: it was made again, and holds who knows what; neither that nor an alarm counts as heard."""
    await write(line.owner, organisation())
    await line.settle()
    async with line.reader.engine.begin() as connection:
        await connection.execute(text("UPDATE inbox_offset SET next_offset = 1000"))
    found = await left(line)
    assert (found.on_their_way, found.nothing) == (None, False)
    health = await _health(line)
    assert (health["lag"], health["alarm"]) == ("unknown", True)
    async with line.reader.engine.begin() as connection:
        await connection.execute(text("UPDATE inbox_offset SET next_offset = 2, alarm = 'records are missing'"))
    found = await left(line)
    assert (found.on_their_way, found.alarm) == (None, "records are missing")


async def test_how_long_the_oldest_event_waits_is_asked_of_the_log(line: Line) -> None:
    """Design section 4: by the moment its owner recorded it."""
    if line.kind == "mock":
        pytest.skip("the mock cluster keeps no index of times")
    await write(line.owner, organisation())
    await line.relay.drain()
    found = await left(line)
    assert await waits_since_before(line.bus, topic_of(OWNER), found, clock() + timedelta(seconds=1))
    assert not await waits_since_before(line.bus, topic_of(OWNER), found, clock())
    await line.consumer.drain()
    found = await left(line)
    assert not await waits_since_before(line.bus, topic_of(OWNER), found, clock() + timedelta(days=1))


async def _health(line: Line) -> dict[str, Any]:
    async with line.reader.engine.connect() as connection:
        return await line.consumer.health(connection, clock())


async def test_running_relay_and_consumer_deliver_without_being_asked(line: Line) -> None:
    await write(line.owner, organisation())
    tasks = [asyncio.create_task(line.relay.run()), asyncio.create_task(line.consumer.run())]
    try:
        await until(lambda: line.scalar("SELECT count(*) = 1 FROM effect"))
        await write(line.owner, organisation())
        await until(lambda: line.scalar("SELECT count(*) = 2 FROM effect"))
        assert line.relay.status()["leads"]
        assert not line.relay.status()["stalled"]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_reader_that_stands_still_is_made_anew(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client may stop fetching for ever while its topic grows; the watchdog replaces it."""
    monkeypatch.setattr(consumer_module, "LOOK_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(consumer_module, "NO_PROGRESS_SECONDS", 1.0)
    await write(line.owner, organisation())
    await line.relay.drain()
    made: list[Bus] = []
    consumer = Consumer("transparency", line.reader, _DeafOnce(line.bus, made), REACTIONS, clock, uuid7)
    running = asyncio.create_task(consumer.run())
    try:
        await until(lambda: line.scalar("SELECT count(*) = 1 FROM effect"))
        assert len(made) == 2
        assert consumer.status()["topics"][topic_of(OWNER)]["rebuilt"] == 1
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _DeafOnce(RenamedBus):
    """Its first reader never gets a record."""

    def __init__(self, bus: Bus, made: list[Bus]) -> None:
        super().__init__(bus, "", "")
        self.made = made

    def reader(self, topic: str, group: str):  # type: ignore[no-untyped-def]
        reader = self.bus.reader(topic, group)
        self.made.append(self.bus)
        if len(self.made) == 1:

            async def nothing(limit: int, wait_seconds: float) -> list[object]:
                await asyncio.sleep(0.1)
                return []

            reader.fetch = nothing  # type: ignore[method-assign, assignment]
        return reader

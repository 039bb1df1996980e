"""The outbox and its relay: nothing lost, nothing skipped, positions without a gap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import outbox
from shared.bus import Bus, Outgoing, Sent, topic_of
from shared.bus.local import LocalBus
from shared.database import Database
from shared.outbox import Relay
from shared.outbox.relay import POLL_SECONDS
from tests.contracts.beds import NOW, OWNER, clock, database, organisation, until, write
from tests.contracts.renamed import RenamedBus
from tests.harness import Postgres


@pytest.fixture
async def owner(postgres: Postgres) -> AsyncIterator[Database]:
    async with database(postgres, "owner") as owner:
        yield owner


class Recorder(RenamedBus):
    """Notes what was sent, and fails as long as it is told to."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus, "", "")
        self.sent: list[UUID] = []
        self.refuses: set[UUID] = set()
        self.away = False

    async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
        if self.away:
            raise ConnectionError("the broker is away")
        ids = [UUID(record.headers["ce_id"]) for record in records]
        refused = next((place for place, event_id in enumerate(ids) if event_id in self.refuses), len(ids))
        self.sent += ids[:refused]
        failure = None if refused == len(ids) else ValueError("refused")
        return Sent(tuple(range(refused)), failure)


def relay_of(owner: Database, bus: Bus | None = None) -> Relay:
    return Relay(OWNER, owner, bus or LocalBus({OWNER: owner}), clock)


async def positions(owner: Database) -> list[tuple[int, int | None, bool]]:
    async with owner.engine.connect() as connection:
        rows = await connection.execute(text("SELECT seq, position, published_at IS NOT NULL FROM outbox ORDER BY seq"))
        return [tuple(row) for row in rows]


async def test_the_envelope_names_id_source_type_subject_time_and_causes(owner: Database) -> None:
    event = organisation()
    cause = uuid7()
    async with owner.session() as session:
        [event_id] = await outbox.record(
            session,
            [event],
            service=OWNER,
            now=NOW,
            new_id=uuid7,
            actor_sub="person:anne",
            correlation_id="request-1",
            causation_id=cause,
            traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        )
        await session.commit()
    async with owner.engine.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM outbox"))).one()
    assert row.headers == {
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_source": "/grants",
        "ce_type": "grants.OrganisationRegistered.v1",
        "ce_subject": str(event.key),
        "ce_time": "2018-06-01T12:00:00Z",
        "content-type": "application/json",
        "correlationid": "request-1",
        "causationid": str(cause),
        "actorid": "person:anne",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    assert event_id.version == 7
    assert row.payload.encode() == event.canonical()
    assert (row.key, row.occurred_at, row.position, row.published_at) == (event.key, NOW, None, None)


async def test_a_service_cannot_record_an_event_of_another(owner: Database) -> None:
    async with owner.session() as session:
        with pytest.raises(ValueError, match="belongs to grants"):
            await outbox.record(
                session,
                [organisation()],
                service="transparency",
                now=NOW,
                new_id=uuid7,
                actor_sub="person:anne",
                correlation_id="c",
            )


async def test_what_is_rolled_back_is_never_sent(owner: Database) -> None:
    await write(owner, organisation(), commit=False)
    [kept] = await write(owner, organisation())
    bus = Recorder(LocalBus({OWNER: owner}))
    await relay_of(owner, bus).drain()
    assert bus.sent == [kept]


async def test_a_row_that_commits_later_with_a_lower_seq_is_not_lost_and_positions_have_no_gap(owner: Database) -> None:
    bus = Recorder(LocalBus({OWNER: owner}))
    relay = relay_of(owner, bus)
    async with owner.session() as slow:
        [late] = await outbox.record(
            slow,
            [organisation()],
            service=OWNER,
            now=NOW,
            new_id=uuid7,
            actor_sub="person:anne",
            correlation_id="c",
        )
        [early] = await write(owner, organisation())
        await write(owner, organisation(), commit=False)
        await relay.drain()
        assert bus.sent == [early]
        await slow.commit()
    [last] = await write(owner, organisation())
    await relay.drain()
    assert bus.sent == [early, late, last]
    # The number of the rolled back row is missing from seq, and from seq only.
    assert await positions(owner) == [(1, 2, True), (2, 1, True), (4, 3, True)]


async def test_a_refused_event_is_not_skipped_and_nothing_overtakes_it(owner: Database) -> None:
    first, second, third = await write(owner, organisation(), organisation(), organisation())
    bus = Recorder(LocalBus({OWNER: owner}))
    bus.refuses = {second}
    relay = relay_of(owner, bus)
    with pytest.raises(RuntimeError, match="could not send"):
        await relay.drain()
    assert relay.status()["stalled"]
    with pytest.raises(RuntimeError):
        await relay.drain()
    assert bus.sent == [first]
    bus.refuses.clear()
    assert await relay.drain() == 2
    assert bus.sent == [first, second, third]
    assert not relay.status()["stalled"]


async def test_a_relay_that_died_between_sending_and_marking_sends_the_same_positions_again(owner: Database) -> None:
    await write(owner, organisation(), organisation())
    await relay_of(owner).drain()
    before = await positions(owner)
    async with owner.engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET published_at = NULL"))
    assert await relay_of(owner).drain() == 2
    assert await positions(owner) == before


async def test_while_the_broker_is_away_writes_go_on_and_the_relay_says_that_it_is_stalled(owner: Database) -> None:
    bus = Recorder(LocalBus({OWNER: owner}))
    bus.away = True
    relay = relay_of(owner, bus)
    running = asyncio.create_task(relay.run())
    try:
        written = await write(owner, organisation())
        await until(lambda: _so(relay.status()["stalled"]))
        for _ in range(10):
            began = time.monotonic()
            written += await write(owner, organisation())
            assert time.monotonic() - began < 5.0
        bus.away = False
        await until(lambda: _so(len(bus.sent) == 11))
        assert bus.sent == written
        await until(lambda: _so(not relay.status()["stalled"]))
    finally:
        await _stop(running)


async def test_only_one_of_two_relays_leads_and_the_other_takes_over(owner: Database) -> None:
    bus = Recorder(LocalBus({OWNER: owner}))
    relays = [relay_of(owner, bus), relay_of(owner, bus)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        await until(lambda: _so(any(relay.status()["leads"] for relay in relays)))
        written = []
        for _ in range(50):
            written += await write(owner, organisation())
        await until(lambda: _so(len(bus.sent) == 50))
        assert bus.sent == written
        assert [relay.status()["leads"] for relay in relays].count(True) == 1
        leader = next(place for place, relay in enumerate(relays) if relay.status()["leads"])
        await _stop(tasks[leader])
        written += await write(owner, organisation())
        await until(lambda: _so(len(bus.sent) == 51))
        assert relays[1 - leader].status()["leads"]
        assert not relays[leader].status()["leads"]
    finally:
        for task in tasks:
            await _stop(task)


async def test_a_leader_that_loses_its_connection_comes_back(owner: Database) -> None:
    bus = Recorder(LocalBus({OWNER: owner}))
    relay = relay_of(owner, bus)
    running = asyncio.create_task(relay.run())
    try:
        await until(lambda: _so(relay.status()["leads"]))
        async with owner.engine.connect() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name LIKE 'outturn relay%'"
                )
            )
        written = await write(owner, organisation())
        await until(lambda: _so(bus.sent == written))
    finally:
        await _stop(running)


async def test_a_commit_wakes_the_relay_long_before_it_would_look_by_itself(owner: Database) -> None:
    bus = Recorder(LocalBus({OWNER: owner}))
    relay = relay_of(owner, bus)
    running = asyncio.create_task(relay.run())
    try:
        await until(lambda: _so(relay.status()["leads"]))
        took = []
        for count in range(1, 6):
            await asyncio.sleep(0.2)
            began = time.monotonic()
            await write(owner, organisation())
            await until(lambda count=count: _so(len(bus.sent) == count))
            took.append(time.monotonic() - began)
        assert sorted(took)[2] < POLL_SECONDS / 2
    finally:
        await _stop(running)


async def test_a_large_outbox_is_sent_in_passes_of_bounded_size(owner: Database) -> None:
    sizes: list[int] = []

    class Measuring(Recorder):
        async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
            sizes.append(sum(len(record.payload) for record in records))
            return await super().publish(topic, records)

    for _ in range(10):
        await write(owner, *(organisation(name="x" * 200_000) for _ in range(10)))
    assert await relay_of(owner, Measuring(LocalBus({OWNER: owner}))).drain() == 100
    assert len(sizes) >= 3
    assert max(sizes) < 9 * 1024 * 1024


async def test_events_of_one_key_recorded_under_its_lock_keep_the_order_of_their_transactions(owner: Database) -> None:
    key = uuid4()
    async with owner.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE aggregate (version int)"))
        await connection.execute(text("INSERT INTO aggregate VALUES (0)"))

    async def change() -> None:
        async with owner.session() as session:
            connection = await session.connection()
            version = await connection.scalar(text("SELECT version FROM aggregate FOR UPDATE"))
            assert version is not None
            await connection.execute(text("UPDATE aggregate SET version = version + 1"))
            await outbox.record(
                session,
                [organisation(version + 1, id=key)],
                service=OWNER,
                now=NOW,
                new_id=uuid7,
                actor_sub="person:anne",
                correlation_id="c",
            )
            await session.commit()

    relay = relay_of(owner)
    await asyncio.gather(*(change() for _ in range(40)), *(relay.drain() for _ in range(3)))
    await relay.drain()
    async with owner.engine.connect() as connection:
        rows = await connection.scalars(text("SELECT (payload::json->>'version')::int FROM outbox ORDER BY position"))
        assert list(rows) == list(range(1, 41))
    assert topic_of(OWNER) == "grants.events"


async def _so(value: object) -> object:
    return value


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

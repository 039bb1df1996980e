"""Applying events: once, whole or not at all, the faulty ones set aside and the database's own troubles waited out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import outbox
from shared.bus import Record
from shared.bus.local import LocalBus
from shared.database import Database
from shared.events.base import REGISTER, Event
from shared.events.grants import OrganisationRegistered
from shared.inbox import ArchiveIncomplete, Consumer, Reacting, apply_batch, deliver, parked_events, redrive, replay
from shared.inbox import consumer as consumer_module
from shared.inbox.applying import start_at
from shared.inbox.faults import described, is_infrastructure
from shared.outbox import Relay
from tests.contracts.beds import (
    NOW,
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
from tests.harness import Postgres

TOPIC = "grants.events"


@pytest.fixture
async def reader(postgres: Postgres) -> AsyncIterator[Database]:
    async with database(postgres, "reader") as reader:
        async with reader.engine.begin() as connection:
            await start_at(connection, "test", TOPIC, 0, 0, NOW)
        yield reader


def records(*events: Event, start: int = 0) -> list[Record]:
    found = []
    for offset, event in enumerate(events, start):
        headers = outbox.envelope(
            event, event_id=uuid7(), occurred_at=NOW - timedelta(days=1), actor_sub="person:anne", correlation_id="c-1"
        )
        found.append(Record(TOPIC, 0, offset, str(event.key), headers, event.canonical()))
    return found


async def apply(
    reader: Database, batch: Sequence[Record], reactions: Any = None, owners: dict[str, ModuleType] | None = None
) -> int:
    more = {} if owners is None else {"owners": owners}
    return await apply_batch(
        reader.session, "transparency", reactions or REACTIONS, "test", batch, now=NOW, new_id=uuid7, **more
    )


async def scalar(reader: Database, statement: str) -> Any:
    async with reader.engine.connect() as connection:
        return await connection.scalar(text(statement))


async def test_offset_inbox_row_and_effect_are_one_transaction(reader: Database) -> None:
    async def fails_late(event: OrganisationRegistered, reacting: Reacting) -> None:
        await note_effect(event, reacting)
        raise ConnectionError("the network broke after the effect was written")

    with pytest.raises(ConnectionError):
        await apply(reader, records(organisation()), {OrganisationRegistered: fails_late})
    assert await effects(reader) == []
    assert await scalar(reader, "SELECT count(*) FROM inbox") == 0
    assert await scalar(reader, "SELECT next_offset FROM inbox_offset") == 0


async def test_older_records_than_the_row_are_skipped(reader: Database) -> None:
    batch = records(*(organisation() for _ in range(5)))
    assert await apply(reader, batch) == 5
    assert await apply(reader, batch) == 5
    assert await apply(reader, [*batch[3:], *records(organisation(), start=5)]) == 6
    assert len(await effects(reader)) == 6


async def test_what_lies_behind_the_row_is_skipped_whatever_it_holds(reader: Database) -> None:
    async with reader.engine.begin() as connection:
        await connection.execute(text("UPDATE inbox_offset SET next_offset = 3"))
    assert await apply(reader, records(*(organisation(n + 1) for n in range(5)))) == 5
    assert [row.version for row in await effects(reader)] == [4, 5]
    assert await apply(reader, records(organisation(slug="poison"))) == 5
    assert await parked_events(reader.session) == []


async def test_the_offset_of_a_partition_never_moves_back(reader: Database) -> None:
    batch = records(*(organisation() for _ in range(20)))
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def waits(event: OrganisationRegistered, reacting: Reacting) -> None:
        entered.set()
        await let_go.wait()

    slow = asyncio.create_task(apply(reader, batch[:5], {OrganisationRegistered: waits}))
    await entered.wait()
    # Other events than the slow one's, so that nothing but the row of the partition can make it wait.
    quick = asyncio.create_task(apply(reader, batch[5:]))
    await asyncio.sleep(0.3)
    assert not quick.done(), "the second consumer did not wait for the partition's row"
    let_go.set()
    assert (await slow, await quick) == (5, 20)
    assert await scalar(reader, "SELECT next_offset FROM inbox_offset") == 20


async def test_an_event_that_arrives_twice_at_two_offsets_has_one_effect(reader: Database) -> None:
    [first] = records(organisation())
    again = Record(TOPIC, 0, 1, first.key, first.headers, first.payload)
    later = Record(TOPIC, 0, 2, first.key, first.headers, first.payload)
    await apply(reader, [first, again])
    assert await apply(reader, [later]) == 3
    assert len(await effects(reader)) == 1


async def test_one_faulty_event_of_a_batch_is_parked_and_the_others_have_their_effect(reader: Database) -> None:
    batch = records(*(organisation(slug="poison" if place == 57 else "well") for place in range(100)))
    assert await apply(reader, batch) == 100
    assert len(await effects(reader)) == 99
    [parked] = await parked_events(reader.session)
    assert parked["key"] == batch[57].key


async def test_an_effect_that_is_refused_only_at_commit_is_parked(reader: Database) -> None:
    async with reader.engine.begin() as connection:
        await connection.execute(
            text("ALTER TABLE effect ADD CONSTRAINT one_slug UNIQUE (slug) DEFERRABLE INITIALLY DEFERRED")
        )
    await apply(reader, records(organisation(slug="a"), organisation(slug="a"), organisation(slug="b")))
    assert [row.slug for row in await effects(reader)] == ["a", "b"]
    [parked] = await parked_events(reader.session)
    assert "one_slug" in parked["error"]
    assert await scalar(reader, "SELECT count(*) FROM inbox") == 2


async def test_an_unreadable_payload_is_parked_with_its_faults_and_without_its_values(reader: Database) -> None:
    [good] = records(organisation())
    broken = Record(TOPIC, 0, 0, good.key, good.headers, good.payload.replace(b'"version":1', b'"version":"secret"'))
    await apply(reader, [broken])
    [parked] = await parked_events(reader.session)
    assert "version" in parked["error"]
    assert "secret" not in parked["error"]
    not_json = Record(TOPIC, 0, 1, str(uuid4()), {**good.headers, "ce_id": str(uuid7())}, b"\xff\x00{")
    assert await apply(reader, [not_json]) == 2
    assert len(await parked_events(reader.session)) == 2


async def test_a_record_without_its_headers_is_parked_once(reader: Database) -> None:
    [good] = records(organisation())
    headers = {name: value for name, value in good.headers.items() if name != "ce_id"}
    assert await apply(reader, [Record(TOPIC, 0, 0, good.key, headers, good.payload)]) == 1
    assert await apply(reader, [Record(TOPIC, 0, 1, "other", {}, b"")]) == 2
    assert len(await parked_events(reader.session)) == 2


async def test_events_nobody_reacts_to_only_move_the_offset(reader: Database) -> None:
    [good] = records(organisation())
    foreign = Record(TOPIC, 0, 0, good.key, {**good.headers, "ce_type": "grants.SomethingElse.v1"}, b"not even JSON")
    assert await apply(reader, [foreign]) == 1
    assert await scalar(reader, "SELECT count(*) FROM inbox") == 0
    assert await parked_events(reader.session) == []


async def test_a_newer_version_than_the_reader_knows_is_parked_not_lost(reader: Database) -> None:
    [good] = records(organisation())
    newer = Record(TOPIC, 0, 0, good.key, {**good.headers, "ce_type": "grants.OrganisationRegistered.v9"}, good.payload)
    await apply(reader, [newer])
    [parked] = await parked_events(reader.session)
    assert "deploy its readers first" in parked["error"]


async def test_a_stored_older_version_is_upcast_before_its_reaction(reader: Database) -> None:
    declared: list[str] = []

    class OrganisationRegisteredV2(
        Event, owner="grants", key="organisation_id", name="OrganisationRegistered", version=2
    ):
        """Says where it is."""

        organisation_id: UUID
        version: int
        slug: str
        seat: str

    try:
        owner = ModuleType("grants")

        def upcast(event: Event) -> Event:
            declared.append(event.type())
            if isinstance(event, OrganisationRegistered):
                return OrganisationRegisteredV2(
                    organisation_id=event.organisation_id, version=event.version, slug=event.slug, seat="unknown"
                )
            return event

        owner.upcast = upcast  # type: ignore[attr-defined]
        seats: list[str] = []

        async def react(event: OrganisationRegisteredV2, reacting: Reacting) -> None:
            seats.append(event.seat)

        new = OrganisationRegisteredV2(organisation_id=uuid4(), version=1, slug="x", seat="Halifax")
        await apply(reader, records(organisation(), new), {OrganisationRegisteredV2: react}, {"grants": owner})
        assert seats == ["unknown", "Halifax"]
        assert declared == ["grants.OrganisationRegistered.v1", "grants.OrganisationRegistered.v2"]
    finally:
        del REGISTER["grants.OrganisationRegistered.v2"]


async def test_what_follows_from_an_event_names_it_as_its_cause(reader: Database) -> None:
    async def passes_on(event: OrganisationRegistered, reacting: Reacting) -> None:
        await reacting.record(withdrawal(reacting))

    [cause] = records(organisation())
    await apply(reader, [cause], {OrganisationRegistered: passes_on})
    headers = await scalar(reader, "SELECT headers FROM outbox")
    assert headers["causationid"] == cause.headers["ce_id"]
    assert headers["correlationid"] == "c-1"
    assert headers["actorid"] == "person:anne"


async def test_a_reaction_knows_event_times_and_ids_that_a_replay_repeats(reader: Database) -> None:
    seen: list[Reacting] = []

    async def look(event: OrganisationRegistered, reacting: Reacting) -> None:
        seen.append(reacting)

    [record] = records(organisation())
    await apply(reader, [record], {OrganisationRegistered: look})
    [reacting] = seen
    assert (reacting.now, reacting.occurred_at) == (NOW, NOW - timedelta(days=1))
    assert (reacting.source, reacting.service, reacting.replaying) == ("/grants", "transparency", False)
    assert reacting.derived_id("a", 1) == reacting.derived_id("a", 1)
    assert len({reacting.derived_id("a", 1), reacting.derived_id("a", 2), reacting.derived_id("a1")}) == 3


async def test_a_batch_of_two_consumers_at_once_has_each_effect_once(reader: Database) -> None:
    batch = records(*(organisation() for _ in range(60)))
    await asyncio.gather(*(apply(reader, batch) for _ in range(4)))
    assert len(await effects(reader)) == 60


async def test_redrive_and_consumer_do_not_overtake_each_other(reader: Database) -> None:
    key = uuid4()
    later_versions = (organisation(version, id=key) for version in range(2, 40))
    await apply(reader, records(organisation(1, id=key, slug="poison"), *later_versions))

    async def mended(event: OrganisationRegistered, reacting: Reacting) -> None:
        await note_effect(event.model_copy(update={"slug": "mended"}), reacting)

    later = records(*(organisation(n, id=key) for n in range(40, 80)), start=39)

    async def consume() -> None:
        for record in later:
            await apply(reader, [record], {OrganisationRegistered: mended})

    async def release() -> None:
        while await parked_events(reader.session):
            await redrive(reader.session, "transparency", {OrganisationRegistered: mended}, clock=clock, new_id=uuid7)

    await asyncio.gather(consume(), release())
    await release()
    assert [row.version for row in await effects(reader)] == list(range(1, 80))


async def test_while_a_parked_event_is_redriven_the_consumer_waits(reader: Database) -> None:
    """Else it could hold an event back behind a key that is just being released, and nobody would release it."""
    [bad, *_] = batch = records(organisation(slug="poison"), organisation(), organisation())
    await apply(reader, [bad])
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def mended(event: OrganisationRegistered, reacting: Reacting) -> None:
        entered.set()
        await let_go.wait()

    releasing = asyncio.create_task(
        redrive(reader.session, "transparency", {OrganisationRegistered: mended}, clock=clock, new_id=uuid7)
    )
    await entered.wait()
    consuming = asyncio.create_task(apply(reader, batch))
    await asyncio.sleep(0.3)
    assert not consuming.done()
    let_go.set()
    assert (await releasing).applied == 1
    assert await consuming == 3


async def test_delivering_for_a_test_raises_what_the_reaction_raises(reader: Database) -> None:
    arguments: dict[str, Any] = {"event_id": uuid7(), "occurred_at": NOW, "now": NOW, "new_id": uuid7}
    assert await deliver(reader.session, "transparency", REACTIONS, organisation(), **arguments)
    assert not await deliver(reader.session, "transparency", REACTIONS, organisation(), **arguments)
    arguments["event_id"] = uuid7()
    with pytest.raises(ValueError, match="cannot be applied"):
        await deliver(reader.session, "transparency", REACTIONS, organisation(slug="poison"), **arguments)
    assert not await deliver(reader.session, "transparency", {}, organisation(), **arguments)
    assert len(await effects(reader)) == 1


async def test_trouble_with_the_database_pauses_the_partition_and_parks_nothing(
    postgres: Postgres, reader: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "RETRY_FIRST_SECONDS", 0.1)
    monkeypatch.setattr(consumer_module, "RETRY_MOST_SECONDS", 0.2)
    tries: list[int] = []

    async def locked_out(event: OrganisationRegistered, reacting: Reacting) -> None:
        tries.append(event.version)
        connection = await reacting.session.connection()
        await connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await connection.execute(text("LOCK TABLE effect IN EXCLUSIVE MODE"))
        await note_effect(event, reacting)

    async with database(postgres, "owner") as owner:
        bus = LocalBus({OWNER: owner})
        consumer = Consumer("transparency", reader, bus, {OrganisationRegistered: locked_out}, clock, uuid7)
        await write(owner, organisation(1), organisation(2))
        await Relay(OWNER, owner, bus, clock).drain()
        async with reader.engine.connect() as blocker:
            await blocker.execute(text("LOCK TABLE effect IN EXCLUSIVE MODE"))
            running = asyncio.create_task(consumer.run())
            try:
                await until(lambda: _so(len(tries) > 3))
                [partition] = consumer.status()["topics"]["grants.events"]["partitions"]
                assert partition["failure"] == "OperationalError 55P03"
                assert partition["lag"] == 2
                await blocker.rollback()
                await until(lambda: scalar(reader, "SELECT count(*) = 2 FROM effect"))
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    assert set(tries) == {1, 2}
    assert await parked_events(reader.session) == []


async def test_a_consumer_whose_database_connections_are_cut_goes_on(postgres: Postgres, reader: Database) -> None:
    async with database(postgres, "owner") as owner:
        bus = LocalBus({OWNER: owner})
        consumer = Consumer("transparency", reader, bus, REACTIONS, clock, uuid7)
        relay = Relay(OWNER, owner, bus, clock)
        running = asyncio.create_task(consumer.run())
        try:
            for turn in range(1, 4):
                await write(owner, organisation())
                await relay.drain()
                await until(lambda turn=turn: scalar(reader, f"SELECT count(*) = {turn} FROM effect"))
                async with owner.engine.connect() as connection:
                    await connection.execute(
                        text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                        {"name": reader.engine.url.database},
                    )
                await reader.engine.dispose()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert await parked_events(reader.session) == []


async def test_a_replay_without_all_its_events_changes_nothing(postgres: Postgres, reader: Database) -> None:
    await apply(reader, records(organisation(), organisation()))
    async with database(postgres, "owner") as owner:
        bus = LocalBus({OWNER: owner})
        with pytest.raises(ArchiveIncomplete, match="2 applied events"):
            await replay(reader.session, "transparency", REACTIONS, [effect_table()], bus, new_id=uuid7)
    assert len(await effects(reader)) == 2


def test_what_counts_as_infrastructure() -> None:
    assert is_infrastructure(ConnectionResetError())
    assert is_infrastructure(TimeoutError())
    assert not is_infrastructure(ValueError())
    assert not is_infrastructure(KeyError())


def test_a_described_error_says_where_and_has_no_nul() -> None:
    try:
        raise ValueError("bad\x00value")
    except ValueError as error:
        words = described(error)
    assert words.startswith("ValueError: badvalue (at test_a_described_error_says_where_and_has_no_nul")


async def _so(value: object) -> object:
    return value

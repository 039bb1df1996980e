"""The four services with the golden examples of every event: each is taken, and a replay ends with the same rows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, select, text

from shared import outbox
from shared.asyncapi import example_of
from shared.events.all import REGISTER
from shared.inbox import parked_events, replay
from shared.inbox.replay import emptying_order
from tests.harness import SERVICES, Running, World


async def publish_all_examples(world: World) -> None:
    """Each owner records its examples, in the order in which they are declared."""
    for running in world.all:
        owner = running.service.name
        async with running.session() as session:
            await outbox.record(
                session,
                [event.model_validate(example_of(event)) for event in REGISTER.values() if owner == event.OWNER],
                service=owner,
                now=world.clock(),
                new_id=running.runtime.new_id,
                actor_sub="person:anne",
                correlation_id="examples",
            )
            await session.commit()
    await world.settle()


async def rows_of(running: Running, table: Table) -> list[dict[str, Any]]:
    async with running.session() as session:
        rows = await (await session.connection()).execute(select(table))
        return sorted((dict(row) for row in rows.mappings()), key=repr)


async def test_every_service_takes_every_example_it_reacts_to(world: World) -> None:
    await publish_all_examples(world)
    for running in world.all:
        parked = await parked_events(running.runtime.database.session)
        assert [(row["type"], row["error"]) for row in parked] == [], running.service.name
        async with running.session() as session:
            received = set(await (await session.connection()).scalars(text("SELECT type FROM inbox")))
        assert received == {event.type() for event in running.service.reactions}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_replay_of_a_service_ends_with_the_same_rows_and_records_no_event(world: World, service: str) -> None:
    await publish_all_examples(world)
    running: Running = getattr(world, service)
    tables = emptying_order(running.service.read_models)
    every = running.service.metadata.sorted_tables
    before = {table.name: await rows_of(running, table) for table in every}
    world.clock.set(world.clock().replace(year=2019))
    done = await replay(
        running.runtime.database.session,
        service,
        running.service.reactions,
        running.service.read_models,
        running.runtime.bus,
        new_id=running.runtime.new_id,
    )
    assert done >= len(running.service.reactions)
    after = {table.name: await rows_of(running, table) for table in every}
    for table in tables:
        assert after[table.name] == before[table.name], table.name
    assert after == before


async def test_each_service_can_replay_something(world: World) -> None:
    """The comparison above would hold for services that keep nothing."""
    await publish_all_examples(world)
    for running in world.all:
        filled = [table.name for table in emptying_order(running.service.read_models) if await rows_of(running, table)]
        assert filled, running.service.name

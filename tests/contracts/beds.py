"""What the bus contract runs on: LocalBus over an outbox, librdkafka's mock cluster, a real Kafka."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Column, MetaData, Table, Text, insert, text
from uuid_utils.compat import uuid7

from shared import outbox
from shared.bus import Bus, Outgoing, Record, Sent, topic_of
from shared.bus.local import LocalBus
from shared.database import NAMING, Database
from shared.events.base import Event
from shared.events.grants import OrganisationRegistered
from shared.events.transparency import DatasetWithdrawn
from shared.inbox import Reacting, inbox_tables
from shared.outbox import OUTBOX, outbox_tables

if TYPE_CHECKING:
    # Not at run time: the processes that tests kill start with this module, and shall start quickly.
    from tests.harness import Postgres

NOW = datetime(2018, 6, 1, 12, 0, tzinfo=UTC)
OWNER = "grants"


def clock() -> datetime:
    return NOW


def organisation(version: int = 1, *, id: UUID | None = None, slug: str = "calderdale", **more: Any) -> Event:
    """An event to send: what it says does not matter here."""
    return OrganisationRegistered(
        organisation_id=id or uuid4(),
        version=version,
        slug=slug,
        name=more.get("name", "Calderdale Metropolitan Borough Council"),
        is_publisher=True,
        methodology_scope="whole_body",
    )


def outgoing(event: Event) -> Outgoing:
    headers = outbox.envelope(event, event_id=uuid7(), occurred_at=NOW, actor_sub="person:anne", correlation_id="c-1")
    return Outgoing(str(event.key), headers, event.canonical())


def plain_metadata() -> MetaData:
    """Outbox and inbox, and a table of effects for reactions to write."""
    metadata = MetaData(naming_convention=NAMING)
    outbox_tables(metadata)
    inbox_tables(metadata)
    return metadata


@asynccontextmanager
async def database(postgres: Postgres, name: str = "events") -> AsyncIterator[Database]:
    """A fresh database with outbox, inbox and the table `effect`."""
    full = f"{name}_{uuid4().hex[:12]}"
    database = Database(postgres.create_database(full), pool_size=5)
    try:
        await prepare(database)
        yield database
    finally:
        await database.close()
        postgres.drop_database(full)


async def prepare(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(plain_metadata().create_all)
        await connection.execute(
            text("CREATE TABLE effect (seq serial, event_id uuid, key uuid, version int, slug text)")
        )


async def note_effect(event: OrganisationRegistered, reacting: Reacting) -> None:
    """A reaction that leaves a row for each time it ran."""
    if event.slug == "poison":
        raise ValueError("this one cannot be applied")
    connection = await reacting.session.connection()
    await connection.execute(
        text("INSERT INTO effect (event_id, key, version, slug) VALUES (:event_id, :key, :version, :slug)"),
        {"event_id": reacting.event_id, "key": event.organisation_id, "version": event.version, "slug": event.slug},
    )


REACTIONS: dict[type[Event], Any] = {OrganisationRegistered: note_effect}


def effect_table() -> Table:
    """As much of the table as a replay needs to know."""
    return Table("effect", MetaData(), Column("slug", Text))


def withdrawal(reacting: Reacting) -> Event:
    """An event that follows from another."""
    return DatasetWithdrawn(
        dataset_id=reacting.derived_id("dataset"),
        version=1,
        publisher="calderdale",
        dataset="spend",
        period="2017-18-q1",
        edition=1,
        reason_class="unlawful",
    )


async def effects(database: Database) -> list[Any]:
    async with database.engine.connect() as connection:
        rows = await connection.execute(text("SELECT event_id, key, version, slug FROM effect ORDER BY seq"))
        return list(rows.all())


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = 30) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in another process or task
            await asyncio.sleep(0.05)


async def write(database: Database, *events: Event, commit: bool = True) -> list[UUID]:
    """Record events as a command does, in one transaction."""
    async with database.session() as session:
        ids = await outbox.record(
            session, events, service=OWNER, now=NOW, new_id=uuid7, actor_sub="person:anne", correlation_id="c-1"
        )
        if commit:
            await session.commit()
        return ids


@dataclass
class Bed:
    """A bus and one topic of the test's own."""

    bus: Bus
    topic: str
    publish: Callable[[Sequence[Outgoing]], Any]
    more: dict[str, Any] = field(default_factory=dict)

    async def read(self, count: int, *, group: str = "reader") -> list[Record]:
        """The first `count` records, each partition from its first."""
        reader = self.bus.reader(self.topic, group)
        try:
            for number, extent in (await reader.open()).items():
                await reader.seek(number, extent.first)
            records: list[Record] = []
            for _ in range(100):
                if len(records) >= count:
                    break
                records += await reader.fetch(100, 1.0)
            return records
        finally:
            await reader.close()


@asynccontextmanager
async def local_bed(postgres: Postgres) -> AsyncIterator[Bed]:
    async with database(postgres) as owner:
        bus = LocalBus({OWNER: owner})
        written = 0

        async def publish(records: Sequence[Outgoing]) -> Sent:
            """As the relay does: positions first, then the bus."""
            nonlocal written
            rows = [
                {
                    "event_id": UUID(record.headers["ce_id"]),
                    "type": record.headers["ce_type"],
                    "key": UUID(record.key),
                    "headers": json.loads(json.dumps(dict(record.headers))),
                    "payload": record.payload.decode(),
                    "occurred_at": NOW,
                    "position": written + place + 1,
                }
                for place, record in enumerate(records)
            ]
            written += len(rows)
            async with owner.engine.begin() as connection:
                await connection.execute(insert(OUTBOX), rows)
            return await bus.publish(topic_of(OWNER), records)

        yield Bed(bus, topic_of(OWNER), publish)

"""Processes killed -9 at the worst moments, on LocalBus and on real Kafka: nothing is lost or has its effect twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from deploy.kafka.broker import Broker
from shared.bus import topic_of
from shared.bus.kafka import KafkaBus
from shared.bus.topics import apply_topics
from shared.database import Database
from tests.contracts.beds import database, effects, organisation, until, write
from tests.contracts.kafka_fixture import Kafka
from tests.harness import Postgres


@dataclass
class Scene:
    """Two databases, a bus, and processes between them."""

    owner: Database
    reader: Database
    bus: dict[str, Any]
    folder: Path
    keys: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(8)])
    version: int = 0

    async def write(self, versions: int) -> None:
        """Each key moves on by so many versions, a transaction a version."""
        for _ in range(versions):
            self.version += 1
            await write(self.owner, *(organisation(self.version, id=key) for key in self.keys))

    @contextmanager
    def process(self, stop_at: str | None = None, away: Path | None = None) -> Iterator[Process]:
        reached = self.folder / f"reached-{uuid4().hex}"
        at_work = self.folder / f"started-{uuid4().hex}"
        plan = {
            "owner": self.owner.url,
            "reader": self.reader.url,
            "bus": self.bus,
            "stop_at": stop_at,
            "signal": str(reached),
            "started": str(at_work),
            "away": str(away) if away else None,
        }
        with (self.folder / "driver.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.driver", json.dumps(plan)], stdout=log, stderr=subprocess.STDOUT
            )
        process = Process(started, reached, at_work)
        try:
            yield process
        finally:
            process.kill()

    async def settled(self, seconds: float = 60) -> None:
        """Everything written has had its effect: once, in the order of its key, nothing parked, all of it marked."""
        wanted = self.version * len(self.keys)
        await until(lambda: self._count("SELECT count(*) FROM effect", wanted), seconds)
        await until(lambda: self._unmarked(0), seconds)
        rows = await effects(self.reader)
        assert len({row.event_id for row in rows}) == len(rows) == wanted
        for key in self.keys:
            assert [row.version for row in rows if row.key == key] == list(range(1, self.version + 1))
        assert await self.scalar(self.reader, "SELECT count(*) FROM inbox") == wanted
        assert await self.scalar(self.reader, "SELECT count(*) FROM inbox_parked") == 0
        assert await self.scalar(self.owner, "SELECT max(position) FROM outbox") == wanted

    async def scalar(self, database: Database, statement: str) -> Any:
        async with database.engine.connect() as connection:
            return await connection.scalar(text(statement))

    async def _count(self, statement: str, wanted: int) -> bool:
        return bool(await self.scalar(self.reader, statement) >= wanted)

    async def _unmarked(self, wanted: int) -> bool:
        found = await self.scalar(self.owner, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
        return bool(found == wanted)


@dataclass
class Process:
    started: subprocess.Popen[bytes]
    reached: Path
    at_work: Path

    async def at_its_stop(self) -> None:
        await self._shows(self.reached)

    async def at_its_work(self) -> None:
        await self._shows(self.at_work)

    async def _shows(self, file: Path) -> None:
        async def there() -> bool:
            assert self.started.poll() is None, "the process ended by itself"
            return file.exists()  # noqa: ASYNC240

        await until(there)

    def kill(self) -> None:
        """Kill -9: no handler runs, no connection is closed in good order."""
        if self.started.poll() is None:
            os.kill(self.started.pid, signal.SIGKILL)
        self.started.wait()


@pytest.fixture(params=["local", "kafka"])
async def scene(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Scene]:
    bus: dict[str, Any] = {"kind": "local"}
    if request.param == "kafka":
        kafka: Kafka = request.getfixturevalue("kafka")
        bus = await on_kafka(kafka.address)
    async with at(postgres, bus, tmp_path) as scene:
        yield scene


async def on_kafka(address: str) -> dict[str, Any]:
    own = f"faults-{uuid4().hex[:8]}"
    await apply_topics(address, [own])
    return {"kind": "kafka", "address": address, "topic": topic_of(own)}


@asynccontextmanager
async def at(postgres: Postgres, bus: dict[str, Any], folder: Path) -> AsyncIterator[Scene]:
    async with database(postgres, "owner") as owner, database(postgres, "reader") as reader:
        yield Scene(owner, reader, bus, folder)


async def test_killed_between_select_and_publish(scene: Scene) -> None:
    await scene.write(10)
    with scene.process("before_publish") as process:
        await process.at_its_stop()
        # Positions are given and committed, nothing is sent.
        assert await scene.scalar(scene.owner, "SELECT count(position) FROM outbox") == 80
        assert await scene.scalar(scene.owner, "SELECT count(published_at) FROM outbox") == 0
        process.kill()
    await scene.write(5)
    with scene.process():
        await scene.settled()


async def test_killed_between_publish_and_mark(scene: Scene) -> None:
    await scene.write(10)
    with scene.process("after_publish") as process:
        await process.at_its_stop()
        assert await scene.scalar(scene.owner, "SELECT count(published_at) FROM outbox") == 0
        process.kill()
    await scene.write(5)
    with scene.process():
        await scene.settled()
    if scene.bus["kind"] == "kafka":
        # The fault did happen: the topic holds the first events twice.
        bus = KafkaBus(scene.bus["address"])
        twice = [record.headers["ce_id"] async for record in bus.everything(scene.bus["topic"])]
        assert len(twice) > len(set(twice)) == 120


async def test_consumer_killed_inside_its_transaction(scene: Scene) -> None:
    await scene.write(10)
    with scene.process("in_transaction") as process:
        await process.at_its_stop()
        process.kill()
    assert await scene.scalar(scene.reader, "SELECT count(*) FROM effect") < 80
    with scene.process():
        await scene.settled()


async def test_consumer_killed_after_its_commit(scene: Scene) -> None:
    await scene.write(10)
    with scene.process("after_commit") as process:
        await process.at_its_stop()
        process.kill()
    assert await scene.scalar(scene.reader, "SELECT count(*) FROM effect") > 0
    await scene.write(5)
    with scene.process():
        await scene.settled()


async def test_two_processes_at_once_and_one_of_them_killed(scene: Scene) -> None:
    with scene.process() as first, scene.process():
        await scene.write(20)
        first.kill()
        await scene.write(20)
        with scene.process():
            await scene.write(5)
            await scene.settled()


async def test_killed_again_and_again_at_any_moment_while_writes_go_on(scene: Scene) -> None:
    moments, kills = random.Random(2018), 0
    writing = asyncio.create_task(_write_slowly(scene, 60))
    while not writing.done():
        with scene.process() as process:
            await process.at_its_work()
            await asyncio.sleep(moments.random())
            process.kill()
            kills += 1
    await writing
    assert kills > 1
    with scene.process():
        await scene.settled()


async def _write_slowly(scene: Scene, versions: int) -> None:
    for _ in range(versions):
        await scene.write(1)
        await asyncio.sleep(0.1)


AWAY_SECONDS = 15


async def test_broker_away_for_fifteen_seconds_while_writes_go_on_local(postgres: Postgres, tmp_path: Path) -> None:
    async with at(postgres, {"kind": "local"}, tmp_path) as scene:
        away = tmp_path / "away"
        with scene.process(away=away):
            await scene.write(3)
            await scene.settled()
            away.touch()
            await _write_while_away(scene)
            away.unlink()
            await scene.settled()


async def test_broker_killed_and_away_for_fifteen_seconds_while_writes_go_on(
    own_broker: Broker, postgres: Postgres, tmp_path: Path
) -> None:
    async with at(postgres, await on_kafka(own_broker.address), tmp_path) as scene:
        with scene.process():
            await scene.write(3)
            await scene.settled()
            own_broker.kill()
            await _write_while_away(scene)
            await asyncio.to_thread(own_broker.start)
            await scene.settled()


async def _write_while_away(scene: Scene) -> None:
    until_then = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < until_then:
        began = time.monotonic()
        await scene.write(1)
        assert time.monotonic() - began < 5.0, "a write waited for the bus"
        await asyncio.sleep(0.5)
    assert await scene.scalar(scene.owner, "SELECT count(*) FROM outbox WHERE published_at IS NULL") > 0

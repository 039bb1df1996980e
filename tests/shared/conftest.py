"""The toy service on a real database, migrated by a migration generated from its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.service import Service
from tests.benchmarks import toy_database
from tests.harness import Postgres, Running, TestClock, run_services


@pytest.fixture(scope="session")
def toy_service(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Service:
    return toy_database.service(postgres, tmp_path_factory.mktemp("toy"))


@pytest.fixture
async def notes(toy_service: Service, postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[Running]:
    async with run_services([toy_service], postgres, tmp_path, clock) as running:
        yield running["toy"]

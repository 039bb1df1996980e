"""The toy service on a real database, migrated by a migration generated from its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine

from shared.database import driver_url
from shared.migrations import config_for
from shared.service import Service
from tests.harness import Postgres, Running, TestClock, run_services
from tests.shared import toy


@pytest.fixture(scope="session")
def toy_service(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("toy")
    (folder / "versions").mkdir()
    service = toy.make_service(folder)
    engine = create_engine(driver_url(postgres.create_database("toy_autogenerate")))
    with engine.connect() as connection:
        command.revision(
            config_for(service, connection), autogenerate=True, rev_id="0001", version_path=str(folder / "versions")
        )
    engine.dispose()
    return service


@pytest.fixture
async def notes(toy_service: Service, postgres: Postgres, tmp_path: Path, clock: TestClock) -> AsyncIterator[Running]:
    async with run_services([toy_service], postgres, tmp_path, clock) as running:
        yield running["toy"]

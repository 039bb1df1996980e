"""The toy service with a migration generated from its tables, for measuring the ground apart from any domain."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from shared.database import driver_url
from shared.migrations import config_for
from shared.service import Service
from tests.harness import Postgres
from tests.shared import toy


def service(postgres: Postgres, folder: Path) -> Service:
    """The toy service, its migration written into `folder`."""
    (folder / "toy" / "versions").mkdir(parents=True)
    made = toy.make_service(folder / "toy")
    engine = create_engine(driver_url(postgres.create_database("toy_autogenerate")))
    with engine.connect() as connection:
        command.revision(
            config_for(made, connection),
            autogenerate=True,
            rev_id="0001",
            version_path=str(folder / "toy" / "versions"),
        )
    engine.dispose()
    return made

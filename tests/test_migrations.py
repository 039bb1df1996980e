"""Migrations: head equals the tables in code, one head, run within timeouts, privileges as promised."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from shared.database import driver_url
from shared.migrations import config_for, differences, migrate
from tests.harness import SERVICES, Postgres, service_named


@pytest.mark.parametrize("name", SERVICES)
def test_head_equals_the_tables_in_code(name: str, postgres: Postgres) -> None:
    service = service_named(name)
    engine = create_engine(driver_url(postgres.url(postgres.template(service))))
    with engine.connect() as connection:
        assert differences(service, connection) == []
        connection.rollback()
        # See the guard fail: a table that code does not know.
        connection.execute(text("CREATE TABLE stray (id int)"))
        assert [change[0] for change in differences(service, connection)] == ["remove_table"]
        connection.rollback()
    engine.dispose()


@pytest.mark.parametrize("name", SERVICES)
def test_there_is_one_head_and_every_migration_says_what_it_does(name: str) -> None:
    scripts = ScriptDirectory.from_config(config_for(service_named(name)))
    assert len(scripts.get_heads()) == 1
    for revision in scripts.walk_revisions():
        assert revision.doc.strip(".")


@pytest.mark.parametrize("name", SERVICES)
def test_migrations_go_down_and_up_again_and_running_twice_changes_nothing(name: str, postgres: Postgres) -> None:
    service = service_named(name)
    url = postgres.create_database(f"round_trip_{name}")
    head = migrate(service, url)
    assert migrate(service, url) == head
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        command.downgrade(config_for(service, connection), "base")
        connection.commit()
        left = connection.scalar(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        )
        assert left == 0
        timeouts = (
            connection.execute(text("SHOW lock_timeout")).scalar(),
            connection.execute(text("SHOW statement_timeout")).scalar(),
        )
        assert timeouts == ("5s", "10min")
    engine.dispose()
    assert migrate(service, url) == head

"""Migrations: head equals the tables in code, one head, run within timeouts; rows of an earlier release go through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.operations import ops
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Column, Connection, Integer, MetaData, String, Table, create_engine, text

from deploy.migration_steps import FillNeeded, arrange
from shared.database import NAMING, driver_url
from shared.migrations import Differing, config_for, differences, migrate, shape_differences
from shared.service import Service
from tests.harness import SERVICES, Postgres, Running, TestClock, run_services, service_named

RELEASE_1 = Path(__file__).parent / "rows_of_release_1"
"""What the first release wrote: an agreement, two budgets, files and what became of their lines, an edition."""


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


# Changes that a comparison of names and types does not see.
UNSEEN = (
    (
        "constraint",
        "ALTER TABLE {table} DROP CONSTRAINT {check}; ALTER TABLE {table} ADD CONSTRAINT {check} CHECK (true)",
    ),
    ("constraint", "ALTER TABLE {table} DROP CONSTRAINT {check}"),
    ("constraint", "ALTER TABLE {table} ADD CONSTRAINT ck_stray CHECK (true)"),
    ("index", "DROP INDEX ix_outbox_not_published; CREATE INDEX ix_outbox_not_published ON outbox (position)"),
    ("column", 'ALTER TABLE outbox ALTER type TYPE text COLLATE "C"'),
    ("column", "ALTER TABLE outbox ALTER type SET DEFAULT 'none'"),
)


@pytest.mark.parametrize("name", SERVICES)
def test_head_has_the_conditions_of_the_tables_in_code(name: str, postgres: Postgres) -> None:
    """Constraints, predicates, collations and defaults, as PostgreSQL itself writes them."""
    service = service_named(name)
    with connected(postgres.url(postgres.template(service))) as connection:
        assert shape_differences(service, connection) == []
        found = (
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY 1, 2"
        )
        table, check = connection.execute(text(found)).first() or ("", "")
        connection.rollback()
        # See the guard fail, in every way it is there for.
        for kind, change in UNSEEN:
            connection.execute(text(change.format(table=table, check=check)))
            assert [differing.kind for differing in shape_differences(service, connection)] == [kind], change
            connection.rollback()


@pytest.mark.parametrize("name", ["grants", "transparency"])
async def test_a_database_of_the_first_release_keeps_its_rows(
    name: str, postgres: Postgres, tmp_path: Path, clock: TestClock
) -> None:
    """Style rule 19: nullable, filled, then enforced; nothing that was written is lost, and it answers afterwards."""
    service = service_named(name)
    postgres.template(service)
    database = f"release_1_{name}"
    url = postgres.create_database(database)
    with connected(url) as connection:
        command.upgrade(config_for(service, connection), "0001")
        connection.commit()
    with psycopg.connect(url) as rows:
        for statement in (RELEASE_1 / f"{name}.sql").read_text().splitlines():
            rows.execute(statement.replace(") VALUES (", ") OVERRIDING SYSTEM VALUE VALUES (", 1))
    before = counted(service, url)
    assert sum(before.values()) == len((RELEASE_1 / f"{name}.sql").read_text().splitlines())
    migrate(service, url, app_role=f"{name}_app")
    after = counted(service, url)
    assert {table: after[table] for table in before} == before
    with connected(url) as connection:
        assert shape_differences(service, connection) == []
    upgraded = Postgres(postgres.uri, templates={name: database})
    async with run_services([name], upgraded, tmp_path, clock) as running:
        await {"grants": grants_answer, "transparency": transparency_answers}[name](running[name])


async def grants_answer(grants: Running) -> None:
    """Both budgets of the year at their days, the ledger, the account of each file, the line that waits."""
    reader = grants.as_("grants:read", "grants:finance")

    async def found(path: str, **params: Any) -> Any:
        answer = await reader.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    budget = "/v1/agreements/2017-18/budget"
    amounts = []
    for day in ("2017-10-31", "2017-11-01"):
        lines = (await found(budget, as_at=day))["lines"]
        amounts.append(next(line["amount_pence"] for line in lines if line["code"] == "IL1"))
    assert amounts == [661_300_000, 681_300_000]
    agreement = await found("/v1/agreements/2017-18")
    assert (agreement["state"], agreement["grant_pence"]) == ("in_force", 2_100_000_000)
    assert (await found("/v1/agreements/2017-18", as_at="2017-12-01"))["grant_pence"] == 2_100_000_000
    assert [version["action"] for version in (await found("/v1/agreements/2017-18/versions"))["items"]] == [
        "draft_agreement",
        "sign_agreement",
    ]
    # It was a draft until the second signature, then as now.
    second = max(signature["signed_on"] for signature in agreement["signatures"])
    states = [(await found("/v1/agreements/2017-18", as_at=day))["state"] for day in ("2017-04-01", second)]
    assert states == ["draft", "in_force"]
    periods = (await found("/v1/agreements/2017-18/accounting-periods"))["items"]
    assert [period["state"] for period in periods] == ["open", "locked", "locked", "locked"]
    entries = (await found("/v1/expenditure-lines", organisation="agency"))["items"]
    assert sum(entry["eligible_pence"] for entry in entries) == 465_050
    batches = (await found("/v1/expenditure-batches"))["items"]
    assert [batch["outcomes"]["received"]["lines"] for batch in batches] == [6, 2, 1]
    assert {batch["covers_from"] for batch in batches} == {None}
    assert len((await found("/v1/held-lines"))["items"]) == 1
    latest = await found("/v1/agreements/2017-18/outturns/latest")
    assert (latest["state"], latest["spend_pence"]) == ("final", 2_098_125_000)


async def transparency_answers(transparency: Running) -> None:
    """The edition in force stands as it was published, and nothing seems to have moved since."""
    edition = (await transparency.anonymous.get("/v1/datasets/agency/spend/2017-18-q1")).json()
    assert (edition["edition"], edition["rows"], edition["ledger_changed_since"]) == (1, 4, False)
    assert (edition["coverage"], edition["missing_months"]) == ("partial", ["2017-04"])


def counted(service: Service, url: str) -> dict[str, int]:
    """Rows by table."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # type: ignore[index]
            for (table,) in tables
            if table != "alembic_version"
        }


def arranged(found: list[ops.MigrateOperation], *differing: Differing, **options: Any) -> list[str]:
    """The steps of a migration as words, in their order."""
    metadata = MetaData(naming_convention=NAMING)
    Table(
        "things", metadata, Column("id", Integer), Column("colour", String), CheckConstraint("id > 0", name="positive")
    )
    script = ops.MigrationScript(None, ops.UpgradeOps(found), ops.DowngradeOps([]))
    arrange(script, metadata, differing, **{"fill": {}, "run": (), **options})
    assert script.upgrade_ops is not None
    return [
        type(step).__name__ + (f" {step.sqltext}" if isinstance(step, ops.ExecuteSQLOp) else "")
        for step in script.upgrade_ops.ops
    ]


def test_a_column_that_must_be_full_is_filled_before_it_is_enforced() -> None:
    """Style rule 19; a constant default costs no rewrite, and is dropped since the code sets the column itself."""
    must = ops.AddColumnOp("things", Column("colour", String, nullable=False))
    with pytest.raises(FillNeeded, match="--fill table") as refused:
        arranged([must])
    assert refused.value.columns == ("things.colour",)
    assert arranged([must], fill={"things.colour": "'red'"}) == [
        "AddColumnOp",
        "ExecuteSQLOp UPDATE things SET colour = 'red'",
        "AlterColumnOp",
    ]
    usual = ops.AddColumnOp("things", Column("colour", String, default="red", nullable=False))
    assert arranged([usual]) == ["AddColumnOp", "AlterColumnOp"]
    with pytest.raises(ValueError, match=r"things\.shape"):
        arranged([usual], fill={"things.shape": "'round'"})


def test_conditions_go_first_and_come_back_last_and_rows_change_in_between() -> None:
    changed = Differing("constraint", "things", "ck_things_positive", "CHECK ((id > 1))", "CHECK ((id > 0))")
    column = ops.AddColumnOp("things", Column("colour", String))
    assert arranged([column], changed, run=["UPDATE things SET id = 1"]) == [
        "DropConstraintOp",
        "AddColumnOp",
        "ExecuteSQLOp UPDATE things SET id = 1",
        "CreateCheckConstraintOp",
    ]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(driver_url(url))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
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

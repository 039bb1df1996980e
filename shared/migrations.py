"""Bringing a service's database to the version of its code, and giving the application role no more than it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import driver_url

if TYPE_CHECKING:
    from shared.service import Service

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
MIGRATION_LOCK = 7_315_001
"""Advisory lock that keeps two migrators of one database apart."""


def config_for(service: Service, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(service.migrations / "versions"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    service.tables  # noqa: B018 - adds the platform's tables to the metadata
    config.attributes.update(
        connection=connection,
        target_metadata=service.metadata,
        lock_timeout=LOCK_TIMEOUT,
        statement_timeout=STATEMENT_TIMEOUT,
    )
    return config


def migrate(service: Service, owner_url: str, *, app_role: str | None = None) -> str:
    """Upgrade to head with the owning role, then give `app_role` its privileges. Returns the revision reached."""
    engine = create_engine(driver_url(owner_url))
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            try:
                command.upgrade(config_for(service, connection), "head")
                connection.commit()
                if app_role is not None:
                    grant_least_privileges(connection, app_role)
                    connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
                connection.commit()
            return str(MigrationContext.configure(connection).get_current_revision())
    finally:
        engine.dispose()


def grant_least_privileges(connection: Connection, app_role: str) -> None:
    """The application reads and writes its tables, but cannot change audit rows, nor an outbox row but its mark."""
    role = connection.dialect.identifier_preparer.quote(app_role)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries, outbox FROM {role}",
        f"GRANT UPDATE (position, published_at) ON outbox TO {role}",
        f"REVOKE DELETE, TRUNCATE ON audit_head FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
    ):
        connection.execute(text(statement))


async def pending(connection: AsyncConnection, service: Service) -> bool:
    """Whether the database stands at another revision than the code's head."""
    current = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(current != head_of(service))


_heads: dict[str, str | None] = {}


def head_of(service: Service) -> str | None:
    if service.name not in _heads:
        _heads[service.name] = ScriptDirectory.from_config(config_for(service)).get_current_head()
    return _heads[service.name]


@dataclass(frozen=True, order=True)
class Differing:
    """A column, constraint or index that stands in one way in a database and in another in the tables in code."""

    kind: str
    table: str
    name: str
    in_database: str | None
    in_code: str | None

    @property
    def is_check(self) -> bool:
        return self.kind == "constraint" and (self.in_database or self.in_code or "").startswith("CHECK ")

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.table}: {self.in_database} in the database, {self.in_code} in code"


def shape_differences(service: Service, connection: Connection) -> list[Differing]:
    """Every difference in what PostgreSQL itself says of two sets of tables: the database's, and those made from code.

    The comparison of names and types that Alembic makes does not see that the condition of a constraint, the predicate
    of an index or a collation has changed. The tables in code are made for it in a schema of their own, and undone.
    """
    service.tables  # noqa: B018 - adds the platform's tables to the metadata
    found = _shape(connection, "public")
    with connection.begin_nested() as undone:
        connection.execute(text(f"CREATE SCHEMA {FROM_CODE}"))
        connection.execute(text(f"SET LOCAL search_path TO {FROM_CODE}"))
        service.metadata.create_all(connection, checkfirst=False)
        wanted = _shape(connection, FROM_CODE)
        undone.rollback()
    return sorted(
        Differing(*key, in_database=found.get(key), in_code=wanted.get(key))
        for key in found.keys() | wanted.keys()
        if found.get(key) != wanted.get(key)
    )


FROM_CODE = "tables_in_code"

_SHAPE = """
SELECT 'column', class.relname, attname, concat_ws(' ', format_type(atttypid, atttypmod),
        CASE WHEN attcollation <> typcollation THEN 'COLLATE ' || collname END,
        CASE WHEN attnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || pg_get_expr(adbin, adrelid), 'IDENTITY ' || NULLIF(attidentity::text, ''))
    FROM pg_attribute JOIN pg_class class ON class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = to_regnamespace(CAST(:schema AS text)) AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'constraint', class.relname, conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class class ON class.oid = conrelid
    WHERE connamespace = to_regnamespace(CAST(:schema AS text)) AND contype <> 'n'
UNION ALL
SELECT 'index', tablename, indexname, replace(indexdef, ' ON ' || schemaname || '.', ' ON ')
    FROM pg_indexes WHERE schemaname = CAST(:schema AS text)
"""


def _shape(connection: Connection, schema: str) -> dict[tuple[str, str, str], str]:
    rows = connection.execute(text(_SHAPE), {"schema": schema})
    return {(kind, table, name): said for kind, table, name, said in rows if table != "alembic_version"}


def differences(service: Service, connection: Connection) -> list[Any]:
    """What the tables in code have that the migrated database has not, or the other way round."""
    from alembic.autogenerate import compare_metadata

    service.tables  # noqa: B018
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, service.metadata))

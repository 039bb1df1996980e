"""Bringing a service's database to the version of its code, and giving the application role no more than it needs."""

from __future__ import annotations

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


def differences(service: Service, connection: Connection) -> list[Any]:
    """What the tables in code have that the migrated database has not, or the other way round."""
    from alembic.autogenerate import compare_metadata

    service.tables  # noqa: B018
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, service.metadata))

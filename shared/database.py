"""One database a service: engine, sessions, column types, and the raw connection for COPY."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, so that a refusal, a migration and a log line can speak of it."""


def driver_url(url: str) -> URL:
    """`postgresql://…` with the one driver this project uses."""
    return make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """A service's own database. Build it in the lifespan, close it at the end."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            # No ping before each use: it costs every request a round trip. After a database restart the first request
            # is answered 503 with Retry-After, and the pool throws its old connections away.
            pool_pre_ping=False,
            pool_recycle=1800,
            pool_timeout=10,
            # An error of the database is logged: the values of its statement may be personal, and stay out of it.
            hide_parameters=True,
            connect_args={"connect_timeout": 5, "application_name": "outturn"},
        )
        self._sessions = async_sessionmaker(self.engine, class_=AsyncSession, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session; nothing is committed unless the caller commits.

        Work that is cancelled may leave its connection in the middle of a command, with which no rollback can be sent:
        such a connection is thrown away, and the server rolls back by itself.
        """
        async with self._sessions() as session:
            try:
                yield session
            except asyncio.CancelledError:
                await session.invalidate()
                raise

    async def close(self) -> None:
        await self.engine.dispose()


async def raw_connection(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection beneath the session's own transaction, for COPY."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    return driver


def instant(*, nullable: bool = False, index: bool = False, default: Any = ...) -> Any:
    """A column for an instant in UTC."""
    return _column(DateTime(timezone=True), nullable, index, default)


def pence(*, nullable: bool = False, index: bool = False, default: Any = ...) -> Any:
    """A column for money. A plain integer column would stop at £21.4m."""
    return _column(BigInteger(), nullable, index, default)


def json_field(*, nullable: bool = False, default: Any = ...) -> Any:
    """A JSONB column."""
    return _column(JSONB(none_as_null=True), nullable, False, default)


def _column(sa_type: Any, nullable: bool, index: bool, default: Any) -> Any:
    if default is ...:
        return (
            Field(default=None, sa_type=sa_type, nullable=True, index=index)
            if nullable
            else Field(sa_type=sa_type, nullable=False, index=index)
        )
    if callable(default):
        return Field(default_factory=default, sa_type=sa_type, nullable=nullable, index=index)
    return Field(default=default, sa_type=sa_type, nullable=nullable, index=index)


def utc(value: datetime) -> datetime:
    """Refuse a time without zone where an instant is meant."""
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value

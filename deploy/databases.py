"""The four databases of one server, each with a role that owns it and a least-privilege role for the application."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from deploy.postgres import LocalPostgres

if TYPE_CHECKING:
    from shared.service import Service

SERVICES = ("grants", "deliverables", "transparency", "governance")
"""Every service there is, in the order in which people name them."""


@dataclass(frozen=True)
class DatabaseUrls:
    """Addresses of one service's database: for migrations, and for the application."""

    owner: str
    app: str


def service_named(name: str) -> Service:
    """The wiring of a service, imported only when it is needed."""
    found: Service = importlib.import_module(f"services.{name}.main").SERVICE
    return found


def make_databases(postgres: LocalPostgres) -> dict[str, DatabaseUrls]:
    """Create what is missing of the four databases and their roles. Safe to repeat and to be killed in."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        roles = {row[0] for row in connection.execute("select rolname from pg_roles")}
        databases = {row[0] for row in connection.execute("select datname from pg_database")}
        for name in SERVICES:
            for role in (f"{name}_owner", f"{name}_app"):
                if role not in roles:
                    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
            if name not in databases:
                connection.execute(
                    sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(f"{name}_owner"))
                )
            # A service's roles reach its own database and no other.
            connection.execute(sql.SQL("revoke connect on database {} from public").format(sql.Identifier(name)))
            connection.execute(
                sql.SQL("grant connect, temporary on database {} to {}").format(
                    sql.Identifier(name), sql.Identifier(f"{name}_app")
                )
            )
    return {
        name: DatabaseUrls(postgres.url(name, f"{name}_owner"), postgres.url(name, f"{name}_app")) for name in SERVICES
    }


def are_finished(postgres: LocalPostgres) -> bool:
    """Whether all four databases were made and brought to some version; not where their making was broken off."""
    for name in SERVICES:
        try:
            with psycopg.connect(postgres.url(name)) as connection:
                version = connection.execute("select to_regclass('alembic_version')").fetchone()
                if version == (None,) or not connection.execute("select 1 from alembic_version").fetchone():
                    return False
        except psycopg.OperationalError:
            return False
    return True

"""The test bench: a real PostgreSQL, a fresh database a test, services on it without background tasks."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import psycopg
from fastapi import FastAPI
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.applications import Starlette
from starlette.routing import Mount

from shared.auth import LocalIssuer
from shared.bus.local import LocalBus
from shared.database import Database
from shared.events.all import REGISTER
from shared.events.base import Event
from shared.inbox import deliver
from shared.migrations import migrate
from shared.service import Runtime, Service, build_service
from shared.settings import CommonSettings

SERVICES = ("grants", "deliverables", "transparency", "governance")
NOON = datetime(2018, 6, 1, 12, 0, tzinfo=UTC)
"""Where a test's clock stands unless it is set: after the year that the worked examples tell of."""

E = TypeVar("E", bound=Event)


@dataclass
class Postgres:
    """A running server that belongs to the test session."""

    uri: str
    templates: dict[str, str] = field(default_factory=dict)

    def url(self, database: str) -> str:
        base, _, options = self.uri.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{database}" + (f"?{options}" if options else "")

    def execute(self, statement: sql.Composable) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement)

    def create_database(self, name: str, template: str = "template0") -> str:
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self, service: Service) -> str:
        """A migrated database of this service, made once, with a least-privilege role."""
        if service.name not in self.templates:
            name, role = f"template_{service.name}", f"{service.name}_app"
            self.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            migrate(service, self.create_database(name), app_role=role)
            self.templates[service.name] = name
        return self.templates[service.name]

    @contextmanager
    def fresh(self, service: Service) -> Iterator[str]:
        """The address of a fresh migrated database, seen with the application's own role."""
        template = self.template(service)
        name = f"test_{service.name}_{uuid4().hex[:12]}"
        self.create_database(name, template)
        try:
            yield (
                self.url(name)
                .replace("postgres:@", f"{service.name}_app:@")
                .replace("//postgres@", f"//{service.name}_app@")
            )
        finally:
            self.drop_database(name)


class TestClock:
    """A clock that stands still until it is set."""

    __test__ = False

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def set(self, moment: datetime) -> None:
        assert moment.tzinfo is not None
        self.now = moment


class Client(httpx.AsyncClient):
    """Sends a fresh Idempotency-Key with each POST, unless the test sends its own."""

    numbers = itertools.count(1)

    async def request(self, method: str, url: Any, **kwargs: Any) -> httpx.Response:  # type: ignore[override]
        headers = httpx.Headers(kwargs.pop("headers", None))
        if method.upper() == "POST" and "idempotency-key" not in headers:
            headers["Idempotency-Key"] = f"test-{next(self.numbers)}"
        return await super().request(method, url, headers=headers, **kwargs)


@dataclass
class Running:
    """One service under test."""

    service: Service
    app: FastAPI
    runtime: Runtime
    issuer: LocalIssuer
    clock: TestClock
    outer: Any
    clients: dict[Any, Client] = field(default_factory=dict)

    @property
    def settings_database_name(self) -> str:
        return str(make_url(self.runtime.settings.database_url).database)

    @property
    def anonymous(self) -> Client:
        return self._client(None, None)

    def as_(
        self,
        *scopes: str,
        sub: str = "person:anne",
        organisations: Sequence[str] | None = None,
        client_only: bool = False,
    ) -> Client:
        """A client with a token of these scopes."""
        key = (scopes, sub, tuple(organisations) if organisations is not None else None, client_only)
        token = self.issuer.token(sub, scopes, organisations=organisations, client_only=client_only)
        return self._client(key, token)

    def _client(self, key: Any, token: str | None) -> Client:
        if key not in self.clients:
            self.clients[key] = Client(
                transport=httpx.ASGITransport(self.outer),
                base_url=f"http://test/{self.service.name}",
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
        return self.clients[key]

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        async with self.runtime.database.session() as session:
            yield session

    async def receive(self, *events: Event, event_id: UUID | None = None, occurred_at: datetime | None = None) -> None:
        """Deliver events as the bus would, each in one transaction."""
        for event in events:
            await deliver(
                self.runtime.database.session,
                self.service.name,
                self.service.reactions,
                event,
                event_id=event_id or self.runtime.new_id(),
                occurred_at=occurred_at or self.clock(),
                now=self.clock(),
                new_id=self.runtime.new_id,
            )

    async def emitted(self, kind: type[E] | None = None) -> list[E]:
        """The events in the outbox, in order; of one class where it is named."""
        outbox = self.service.metadata.tables["outbox"]
        async with self.session() as session:
            rows = (await (await session.connection()).execute(select(outbox).order_by(outbox.c.seq))).all()
        events = []
        for row in rows:
            model = REGISTER[row.type]
            if kind is None or model is kind:
                payload = row.payload
                events.append(
                    model.model_validate_json(payload)
                    if isinstance(payload, bytes | str)
                    else model.model_validate(payload)
                )
        return events  # type: ignore[return-value]

    async def tick(self, now: datetime) -> None:
        await self.runtime.tick(now)


@dataclass
class World:
    """All four services on one LocalBus."""

    grants: Running
    deliverables: Running
    transparency: Running
    governance: Running
    clock: TestClock

    @property
    def all(self) -> tuple[Running, ...]:
        return self.grants, self.deliverables, self.transparency, self.governance

    async def settle(self) -> int:
        """Relay and consume until nothing moves. Returns how many events were applied."""
        applied = 0
        while True:
            moved = 0
            for running in self.all:
                moved += await running.runtime.relay.drain()
            for running in self.all:
                done = await running.runtime.consumer.drain()
                moved += done
                applied += done
            if not moved:
                return applied


def service_named(name: str | Service) -> Service:
    if isinstance(name, Service):
        return name
    service = importlib.import_module(f"services.{name}.main").SERVICE
    assert isinstance(service, Service)
    return service


@asynccontextmanager
async def run_services(
    names: Sequence[str | Service], postgres: Postgres, folder: Path, clock: TestClock | None = None
) -> AsyncIterator[dict[str, Running]]:
    """Services on fresh databases and one LocalBus, no background task running."""
    clock = clock or TestClock()
    issuer = LocalIssuer(folder / "auth")
    common = CommonSettings(
        environment="development",
        public_base_url="http://test",
        auth_jwks_url=issuer.jwks_url,
        log_level="error",
    )
    async with AsyncExitStack() as stack:
        services = [service_named(name) for name in names]
        urls = {service.name: stack.enter_context(postgres.fresh(service)) for service in services}
        databases = {name: Database(url, pool_size=2) for name, url in urls.items()}
        for database in databases.values():
            stack.push_async_callback(database.close)
        bus = LocalBus(databases)
        running: dict[str, Running] = {}
        for service in services:
            settings = service.settings(
                common=common, database_url=urls[service.name], files_dir=folder / service.name, pool_size=5
            )
            app = build_service(service, settings, bus=bus, clock=clock)
            runtime: Runtime = app.state.runtime
            stack.push_async_callback(runtime.stop)
            running[service.name] = Running(
                service=service,
                app=app,
                runtime=runtime,
                issuer=issuer,
                clock=clock,
                outer=Starlette(routes=[Mount(f"/{service.name}", app)]),
            )
        yield running


__all__ = ["NOON", "SERVICES", "Client", "Postgres", "Running", "TestClock", "World", "run_services"]

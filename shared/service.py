"""What a service is made of, and how it runs: one application, its database, and its background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData, text
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from uuid_utils import compat as uuids

from shared import idempotency
from shared.auth import Actor, Clock, Keys, NewId, system_actor, utc_now
from shared.bus import Bus
from shared.database import Database
from shared.events.base import Event
from shared.files import FileStore
from shared.inbox import Consumer, Reaction
from shared.observability import Edge, Metrics
from shared.outbox import Relay
from shared.platform import PlatformTables, platform_tables
from shared.settings import ServiceSettings
from shared.work import Work, lock_key

TICK_SECONDS = 60
RESTART_SECONDS = 2


@dataclass(frozen=True)
class Service:
    """The parts of one service, named in one place."""

    name: str
    title: str
    description: str
    settings: type[ServiceSettings]
    routers: tuple[APIRouter, ...]
    metadata: MetaData
    reactions: Mapping[type[Event], Reaction]
    read_models: tuple[Any, ...]
    migrations: Path
    tick: Callable[[Work, Any], Awaitable[None]] | None = None
    workers: tuple[Callable[[Runtime], Awaitable[None]], ...] = ()

    @property
    def tables(self) -> PlatformTables:
        return platform_tables(self.metadata)


@dataclass
class Runtime:
    """A running service: everything that is built once and passed on."""

    service: Service
    settings: ServiceSettings
    database: Database
    files: FileStore
    keys: Keys
    bus: Bus
    clock: Clock
    new_id: NewId
    metrics: Metrics
    relay: Relay
    consumer: Consumer
    tables: PlatformTables
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.settings.common.public_base_url.rstrip('/')}/{self.service.name}"

    @asynccontextmanager
    async def work(self, actor: Actor | None = None) -> AsyncIterator[Work]:
        """A unit of work without a request: committed at the end, rolled back on an error."""
        async with self.database.session() as session:
            work = Work(
                self,
                session,
                actor or system_actor(self.service.name),
                now=self.clock(),
                request_id=str(self.new_id()),
            )
            yield work
            await work.commit()

    async def tick(self, now: Any) -> bool:
        """Move time, where no other process is doing it at this moment. Idempotent. Returns whether it ran here."""
        async with self.work() as work:
            connection = await work.session.connection()
            led = await connection.scalar(
                text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": lock_key("tick", self.service.name)}
            )
            if not led:
                return False
            if self.service.tick is not None:
                await self.service.tick(work, now)
            await idempotency.purge(connection, self.tables.idempotency, now)
        self.metrics.ticks.inc()
        return True

    async def start(self) -> None:
        """Begin the background tasks that the settings allow."""
        settings = self.settings
        if settings.run_relay:
            self._spawn("relay", self.relay.run)
        if settings.run_consumer:
            self._spawn("consumer", self.consumer.run)
        if settings.run_tick:
            self._spawn("tick", self._tick_for_ever)
        if settings.run_workers:
            for worker in self.service.workers:
                self._spawn(worker.__name__, partial(worker, self))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with suppress(asyncio.CancelledError):
                await task
        self.tasks.clear()
        await self.database.close()

    def _spawn(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        self.tasks.append(asyncio.create_task(self._keep_running(name, run), name=f"{self.service.name}:{name}"))

    async def _keep_running(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """A background task that fails is counted, logged and started again; it never takes the service down."""
        log = structlog.get_logger(service=self.service.name, task=name)
        while True:
            try:
                await run()
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.metrics.failures.labels(self.service.name, name).inc()
                log.warning("background task failed", error=type(error).__name__, detail=str(error)[:500])
                await asyncio.sleep(RESTART_SECONDS)

    async def _tick_for_ever(self) -> None:
        turns = 0
        while True:
            await self.tick(self.clock())
            if turns % 60 == 0:
                async with self.database.session() as session:
                    await self.files.sweep(session, self.tables.files)
            turns += 1
            await asyncio.sleep(TICK_SECONDS)


def build_service(
    service: Service,
    settings: ServiceSettings,
    *,
    bus: Bus,
    clock: Clock = utc_now,
    new_id: NewId = uuids.uuid7,
) -> FastAPI:
    """The service's application. Its lifespan starts and stops the background tasks."""
    # These build upon this module, and only an application needs them.
    from shared.events_api import events_router
    from shared.openapi import HOW_TO_CALL, describe_problems
    from shared.operations import operations_router
    from shared.problems import add_problem_handlers

    database = Database(settings.database_url, pool_size=settings.pool_size)
    metrics = Metrics(service.name)
    runtime = Runtime(
        service=service,
        settings=settings,
        database=database,
        files=FileStore(settings.files_dir),
        keys=Keys(settings.common),
        bus=bus,
        clock=clock,
        new_id=new_id,
        metrics=metrics,
        relay=Relay(service.name, database, bus, clock),
        consumer=Consumer(service.name, database, bus, service.reactions, clock, new_id),
        tables=service.tables,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await runtime.start()
        try:
            yield
        finally:
            await runtime.stop()

    app = FastAPI(
        title=service.title,
        description=f"{service.description}\n\n{HOW_TO_CALL}",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        servers=[{"url": f"/{service.name}"}],
        root_path_in_servers=False,
        middleware=[
            Middleware(Edge, service=service.name, metrics=metrics),
            # Anyone may read what is public, from any page; nothing here relies on cookies.
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["GET", "HEAD"],
                expose_headers=["ETag", "Link", "X-Request-Id"],
            ),
        ],
    )
    app.state.runtime = runtime
    add_problem_handlers(app)
    for router in (*service.routers, events_router(service), operations_router(service)):
        # Routers carry no prefix or dependencies of their own, so their routes can stand in the application directly.
        app.router.routes.extend(router.routes)
    describe_problems(app)
    return app

"""Embedded mode: PostgreSQL, four services and a bus in one process, with all data under one folder."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from deploy.databases import SERVICES, DatabaseUrls, are_finished, make_databases, service_named
from deploy.folder import InUse, locked, refuse_without_data
from deploy.home import home_routes
from deploy.mistakes import Refused
from deploy.postgres import LocalPostgres, running_postgres
from shared.auth import LocalIssuer
from shared.bus.local import LocalBus
from shared.database import Database
from shared.migrations import migrate
from shared.observability import configure_logs
from shared.service import build_service
from shared.settings import CommonSettings

LARGEST_LOG_BYTES = 20_000_000
GRACE_SECONDS = 10


def default_port() -> int:
    text = os.environ.get("OUTTURN_PORT", "8000")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Refused(f"OUTTURN_PORT must be a port from 1 to 65535, not {text[:20]!r}.")
    return int(text)


@contextmanager
def local_databases(folder: Path) -> Iterator[dict[str, DatabaseUrls]]:
    """A running server with the four databases migrated; stopped at the end."""
    with running_postgres(folder) as postgres:
        yield prepare(postgres)


def prepare(postgres: LocalPostgres) -> dict[str, DatabaseUrls]:
    """Databases, roles, tables and privileges as this version of the code wants them."""
    urls = make_databases(postgres)
    for name in SERVICES:
        migrate(service_named(name), urls[name].owner, app_role=f"{name}_app")
    return urls


@contextmanager
def reading(folder: Path) -> Iterator[dict[str, str]]:
    """Addresses of the databases for a command that only reads: beside a running instance, or started for it alone."""
    refuse_without_data(folder)
    with ExitStack() as stack:
        postgres = LocalPostgres(folder)
        try:
            stack.enter_context(locked(folder, "a reading command"))
        except InUse:
            postgres.join()
        else:
            postgres.start()
            stack.callback(postgres.stop)
        if not are_finished(postgres):
            raise Refused(
                f"The databases in {folder} were never finished. Run `outturn up` once; it goes on from there."
            )
        yield {name: postgres.url(name, f"{name}_app") for name in SERVICES}


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Embedded]:
    """Everything in place to serve: lock, port, database, tables. Undone in the right order, whatever happens."""
    address = f"http://127.0.0.1:{port}"
    with _stops_by_exception(), locked(folder, address), _port(port) as listening:
        _log_to(folder / "outturn.log")
        with local_databases(folder) as urls:
            yield Embedded(folder, address, listening, urls)


class Embedded:
    """The embedded mode, ready to run."""

    def __init__(self, folder: Path, address: str, listening: socket.socket, urls: Mapping[str, DatabaseUrls]) -> None:
        self.folder = folder
        self.address = address
        self._listening = listening
        self._urls = urls

    def run(self, meanwhile: Callable[[], Any] | None = None) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP. `meanwhile` is awaited beside it once requests are answered; when it
        returns True, serving ends."""
        issuer = LocalIssuer(self.folder)
        app = build(self._urls, folder=self.folder, address=self.address, issuer=issuer)
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
        )
        server = _Server(config)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(self._serve(server, meanwhile))

    async def _serve(self, server: _Server, meanwhile: Callable[[], Any] | None) -> None:
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, server.stop_soon)
        beside = asyncio.create_task(self._beside(server, meanwhile)) if meanwhile else None
        try:
            await server.serve(sockets=[self._listening])
        finally:
            if beside is not None:
                beside.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beside

    async def _beside(self, server: _Server, meanwhile: Callable[[], Any]) -> None:
        await server.is_up.wait()
        try:
            if await meanwhile():
                server.stop_soon()
        except BaseException:
            server.stop_soon()
            raise


def build(urls: Mapping[str, DatabaseUrls], *, folder: Path, address: str, issuer: LocalIssuer) -> Starlette:
    """The one application: four services under their names, the home page at `/`."""
    common = CommonSettings(
        environment="development",
        public_base_url=os.environ.get("PUBLIC_BASE_URL", address),
        auth_jwks_url=issuer.jwks_url,
    )
    # The bus reads the outboxes through connections of its own, so that readers never wait for a request's.
    outboxes = {name: Database(urls[name].app, pool_size=4) for name in SERVICES}
    bus = LocalBus(outboxes)
    apps: dict[str, FastAPI] = {}
    for name in SERVICES:
        service = service_named(name)
        more: dict[str, Any] = secrets_of(folder) if name == "transparency" else {}
        settings = service.settings(
            common=common,
            database_url=urls[name].app,
            files_dir=folder / "files" / name,
            **more,
        )
        apps[name] = build_service(service, settings, bus=bus)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # A mounted application's lifespan is not run by anyone else.
        async with AsyncExitStack() as stack:
            for outbox in outboxes.values():
                stack.push_async_callback(outbox.close)
            await bus.start()
            stack.push_async_callback(bus.stop)
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    mounts = [Mount(f"/{name}", app=app) for name, app in apps.items()]
    parent = Starlette(routes=[*home_routes(lambda: in_process(parent)), *mounts], lifespan=lifespan)
    return parent


def secrets_of(folder: Path) -> dict[str, str]:
    """What must never change and nobody else may know; made once, readable by its owner alone."""
    path = folder / "secrets.json"
    if not path.exists():
        draft = path.with_suffix(".tmp")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"reference_key": secrets.token_urlsafe(32)}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def in_process(app: ASGIApp) -> httpx.AsyncClient:
    """A client of the application without a socket between."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://home.internal", timeout=10)


def version() -> str:
    try:
        return importlib.metadata.version("outturn")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Server(uvicorn.Server):
    """A server whose signals belong to us: uvicorn would raise SIGTERM again before the database is stopped."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop_soon(self) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


@contextmanager
def _stops_by_exception() -> Iterator[None]:
    """Before and after serving, SIGTERM and SIGHUP end the process as Ctrl-C does: through every `finally`."""

    def stop(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _port(port: int) -> Iterator[socket.socket]:
    """Take the port before anything else is started."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refused(f"Port {port} of 127.0.0.1 cannot be taken ({error.strerror}); set OUTTURN_PORT.") from error
        yield listening


def _log_to(path: Path) -> None:
    """JSON lines into a file beside the data: the screen is for people."""
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    configure_logs("info")
    file = path.open("a", buffering=1)
    # What the libraries have to say, tracebacks included, goes there too.
    logging.basicConfig(stream=file, level=logging.WARNING, force=True)
    structlog.configure(**{**structlog.get_config(), "logger_factory": structlog.PrintLoggerFactory(file=file)})

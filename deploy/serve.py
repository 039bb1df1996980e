"""Distributed mode: one service in a process of its own, on Kafka, under the same path as everywhere."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from deploy.databases import SERVICES, service_named
from deploy.home import home_routes
from deploy.local import GRACE_SECONDS
from deploy.mistakes import Refused
from shared.bus.kafka import KafkaBus
from shared.observability import configure_logs
from shared.service import Service, build_service
from shared.settings import CommonSettings, ServiceSettings


def settings_of(service: Service) -> ServiceSettings:
    """The service's settings from the environment; whatever is missing is named in words."""
    faults: list[str] = []
    common = CommonSettings.model_construct()
    try:
        common = CommonSettings()
    except ValidationError as error:
        faults += in_words(error, CommonSettings)
    try:
        settings = service.settings(common=common)
    except ValidationError as error:
        faults += in_words(error, service.settings)
    if faults:
        raise Refused("The environment does not hold what is needed:\n" + "\n".join(faults))
    return settings


def in_words(error: ValidationError, settings: type[Any]) -> list[str]:
    """Which variables of the environment are missing or wrong, one a line; values are not repeated."""
    prefix = str(settings.model_config.get("env_prefix") or "")
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = prefix + "_".join(str(part) for part in fault["loc"])
        lines.append(f"  {name.upper()}: {fault['msg']}" if fault["loc"] else f"  {fault['msg']}")
    return lines


def serve(name: str, *, host: str, port: int) -> None:
    """Run one service until SIGINT or SIGTERM."""
    service = service_named(name)
    settings = settings_of(service)
    if not settings.common.kafka_bootstrap_servers:
        raise Refused("KAFKA_BOOTSTRAP_SERVERS is not set; a service process does not start without its bus.")
    configure_logs(settings.common.log_level)
    bus = KafkaBus(settings.common.kafka_bootstrap_servers)
    app = build_service(service, settings, bus=bus)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await bus.start()
        try:
            async with app.router.lifespan_context(app):
                yield
        finally:
            await bus.stop()

    _run(_under_its_name(name, app, lifespan), host, port)


def serve_home(*, host: str, port: int) -> None:
    """Run the home page alone; it reads the services under HOME_SERVICES_URL."""
    address = os.environ.get("HOME_SERVICES_URL")
    if not address:
        raise Refused("HOME_SERVICES_URL is not set: the address under which the four services answer.")
    configure_logs("info")

    async def livez(_: Any) -> PlainTextResponse:
        return PlainTextResponse("alive")

    routes = home_routes(lambda: httpx.AsyncClient(base_url=address, timeout=10))
    _run(Starlette(routes=[*routes, Route("/livez", livez)]), host, port)


def _under_its_name(name: str, app: FastAPI, lifespan: Any) -> Starlette:
    assert name in SERVICES
    return Starlette(routes=[Mount(f"/{name}", app=app)], lifespan=lifespan)


def _run(app: Starlette, host: str, port: int) -> None:
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )

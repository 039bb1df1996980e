"""What operators see: structured logs with the request's id, and one Prometheus registry a service."""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.tracebacks import ExceptionDictTransformer
from uuid_utils import compat as uuids

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def configure_logs(level: str) -> None:
    """JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without the frames' local variables, which hold tokens and whole request bodies.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


class Metrics:
    """The service's own registry, so that four services in one process keep their figures apart."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        labels = {"service": service}
        self.requests = Counter(
            "outturn_http_requests_total",
            "Answered requests.",
            ["service", "route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "outturn_http_request_seconds", "Time to answer.", ["service", "route", "method"], registry=self.registry
        )
        self.ticks = Counter("outturn_ticks_total", "Minute ticks led.", ["service"], registry=self.registry).labels(
            **labels
        )
        self.failures = Counter(
            "outturn_background_failures_total",
            "Background tasks that failed and were started again.",
            ["service", "task"],
            registry=self.registry,
        )
        self.events = Gauge(
            "outturn_events",
            "Figures of the event layer, as /health/events shows them.",
            ["service", "figure"],
            registry=self.registry,
        )


class Edge:
    """Outermost layer of a service: request id, HEAD as GET without body, one log line and the metrics of a request."""

    def __init__(self, app: ASGIApp, *, service: str, metrics: Metrics) -> None:
        self._app = app
        self._service = service
        self._metrics = metrics
        self._log = structlog.get_logger(service=service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        # A copy, because the server reads the method of its own scope when it counts the bytes of the answer.
        # What stands in its `state` is shared with the error page, which lies outside of this layer.
        scope.setdefault("state", {})
        scope = {**scope}
        request_id = asked if REQUEST_ID.fullmatch(asked) else str(uuids.uuid7())
        scope["state"]["request_id"] = request_id
        method = scope["method"]
        is_head = method == "HEAD"
        if is_head:
            scope["method"] = "GET"
        status = 500
        started = time.perf_counter()

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.requests.labels(self._service, route, method, str(status)).inc()
            self._metrics.seconds.labels(self._service, route, method).observe(seconds)
            level: Any = self._log.warning if status >= 500 else self._log.debug
            level(
                "request",
                request_id=request_id,
                method=method,
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                actor=scope["state"].get("actor_sub"),
            )

"""What operators and auditors read on every service: health, metrics, the audit log, and the API as a page.

Annotations are evaluated here, not postponed: the routes are made inside a function and name its variables.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from shared import audit, migrations
from shared.errors import Unavailable
from shared.http import PublicWork, Reads, Routes, Shape
from shared.inbox.consumer import UNKNOWN
from shared.pagination import Page, Paging, paginate
from shared.work import Work

if TYPE_CHECKING:
    from shared.service import Runtime, Service

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)


class AuditEntryShape(Shape):
    seq: int
    at: datetime
    actor_sub: str
    actor_name: str
    request_id: str
    action: str
    subject: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous_hash: str = Field(description="Hash of the entry before; the first has 64 zeros.")
    hash: str = Field(description="SHA-256 over the entry's canonical JSON without this field.")


class AuditProof(Shape):
    intact: bool
    first_broken: int | None = Field(description="Sequence number of the first entry that does not fit the chain.")


def operations_router(service: "Service") -> Routes:
    routes = Routes(tags=["operations"])
    readers = (f"{service.name}:ops", *(("transparency:auditor",) if service.name == "transparency" else ()))
    entries = service.tables.audit.entries

    @routes.get("/v1/audit-entries")
    async def list_audit_entries(paging: Paging, work: Annotated[Work, Reads(*readers)]) -> Page[AuditEntryShape]:
        """The audit log, oldest first: one entry for each business action."""
        return await paginate(
            work,
            select(*entries.c),
            order=(entries.c.seq,),
            paging=paging,
            shape=AuditEntryShape.model_validate,
        )

    @routes.get("/v1/audit-entries/proof")
    async def prove_audit(work: Annotated[Work, Reads(*readers)]) -> AuditProof:
        """Recompute the whole chain and name the first entry that does not fit it."""
        broken = await audit.verify(await work.session.connection(), service.tables.audit)
        return AuditProof(intact=broken is None, first_broken=broken)

    @routes.get("/livez", include_in_schema=False)
    async def livez(work: PublicWork) -> Response:
        return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})

    @routes.get("/readyz", include_in_schema=False)
    async def readyz(work: PublicWork) -> Response:
        """Ready with the database and its migrations; without the broker degraded, and still ready."""
        runtime = work.runtime
        try:
            connection = await work.session.connection()
            await connection.execute(text("SELECT 1"))
            behind = await migrations.pending(connection, service)
        except Exception as error:
            raise Unavailable("The database does not answer.", headers={"Retry-After": "2"}) from error
        if behind:
            raise Unavailable("The database is not migrated to this version; run `outturn migrate`.")
        stalled = bool(runtime.relay.status().get("stalled"))
        return JSONResponse(
            {
                "status": "degraded" if stalled else "ready",
                "database": "ready",
                "bus": "stalled" if stalled else "ready",
            },
            headers={"Cache-Control": "no-store"},
        )

    @routes.get("/metrics", include_in_schema=False)
    async def metrics(work: PublicWork) -> Response:
        """Prometheus metrics of this process; the consumer's lag is the service's, `NaN` where it is not known."""
        runtime = work.runtime
        await _event_figures(runtime, work)
        return Response(generate_latest(runtime.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/docs", include_in_schema=False)
    async def api_page(request: Request, work: PublicWork) -> Response:
        """The API as one page that needs nothing from elsewhere."""
        schema = request.app.openapi()
        return HTMLResponse(TEMPLATES.get_template("api.html").render(schema=schema, tags=_by_tag(schema)))

    return routes


async def _event_figures(runtime: "Runtime", work: Work) -> None:
    try:
        consumer = await runtime.consumer.health(await work.session.connection(), work.now)
    except (SQLAlchemyError, OSError):  # Figures of this process are wanted most where its database is away.
        consumer = {**runtime.consumer.status(), "lag": UNKNOWN}
    for part, status in (("relay", runtime.relay.status()), ("consumer", consumer)):
        for name, value in status.items():
            if isinstance(value, bool | int | float) or value == UNKNOWN:
                figure = float("nan") if value == UNKNOWN else float(value)
                runtime.metrics.events.labels(runtime.service.name, f"{part}_{name}").set(figure)


def _by_tag(schema: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    tags: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            tags.setdefault((operation.get("tags") or ["other"])[0], []).append((method.upper(), path, operation))
    return dict(sorted(tags.items()))

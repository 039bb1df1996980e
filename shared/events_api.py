"""What a service shows of its events: its archive as a feed, and the health of relay and consumer.

Annotations are evaluated here, not postponed: the routes are made inside a function and name its variables.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import func, select
from starlette.responses import JSONResponse, Response

from shared.http import PublicWork, Reads, Routes, Shape
from shared.inbox.consumer import UNKNOWN
from shared.pagination import Page, Paging, paginate
from shared.work import Work

if TYPE_CHECKING:
    from shared.service import Service


LATE_SECONDS = 60
"""An event that waits longer than this in the outbox needs somebody's attention."""


class EventShape(Shape):
    """A published fact, as it went to the bus."""

    position: int = Field(description="Gapless number in this service's archive, counted from 1.")
    event_id: UUID
    type: str = Field(description="Owner, name and version, such as `grants.OutturnRecorded.v1`.")
    key: UUID = Field(description="Id of the aggregate; events of one key are in order.")
    occurred_at: datetime = Field(description="When the owner recorded it.")
    correlation_id: str | None = Field(description="What the events of one request or reaction share.")
    causation_id: str | None = Field(description="Id of the event this one follows from.")
    data: dict[str, Any] = Field(description="The payload; its fields are described in the AsyncAPI document.")


def events_router(service: "Service") -> Routes:
    routes = Routes(tags=["events"])
    # Events hold nothing personal or withheld, but who acted and what is in preparation can be read off their order:
    # the feed is for those who run the service or read it as a whole, the public reads what is published.
    readers = (f"{service.name}:ops", f"{service.name}:read")
    outbox = service.tables.outbox
    parked = service.tables.inbox.parked

    @routes.get("/v1/events")
    async def list_events(
        paging: Paging,
        work: Annotated[Work, Reads(*readers)],
        key: Annotated[UUID | None, Query(description="Only events of this aggregate.")] = None,
        type: Annotated[
            str | None, Query(max_length=200, description="Only this type, such as `grants.OutturnRecorded.v1`.")
        ] = None,
        after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only events behind this position.")] = None,
    ) -> Page[EventShape]:
        """The service's own events, oldest first. Keep the last position and ask `after` it to read on."""
        columns = outbox.c
        statement = select(
            columns.position,
            columns.event_id,
            columns.type,
            columns.key,
            columns.occurred_at,
            columns.headers,
            columns.payload,
        ).where(columns.position.is_not(None))
        if key is not None:
            statement = statement.where(columns.key == key)
        if type is not None:
            statement = statement.where(columns.type == type)
        if after is not None:
            statement = statement.where(columns.position > after)
        return await paginate(work, statement, order=(columns.position,), paging=paging, shape=_shape)

    @routes.get("/health/events", include_in_schema=False)
    async def events_health(work: PublicWork) -> Response:
        """Lag and standstill of relay and consumer, counts of what is parked; no payloads, no keys.

        The lag of the consumer is measured at the end of each owner's log and is the same from every process.
        """
        connection = await work.session.connection()
        columns = outbox.c
        waiting, oldest = (
            await connection.execute(
                select(func.count(), func.min(columns.occurred_at)).where(columns.published_at.is_(None))
            )
        ).one()
        failed, held, keys = (
            await connection.execute(
                select(
                    func.count(parked.c.error),
                    func.count() - func.count(parked.c.error),
                    func.count(parked.c.key.distinct()),
                )
            )
        ).one()
        runtime = work.runtime
        relay = {
            **runtime.relay.status(),
            "waiting_events": waiting,
            "oldest_waiting_seconds": 0 if oldest is None else round((work.now - oldest).total_seconds(), 1),
        }
        consumer = {
            **await runtime.consumer.health(connection, work.now),
            "parked_events": failed,
            "held_events": held,
            "held_keys": keys,
        }
        # The relay that leads may run in another process; how long events wait is seen from every one.
        late = relay["oldest_waiting_seconds"] > LATE_SECONDS
        behind = consumer["late"] or consumer["lag"] == UNKNOWN
        well = not (relay["stalled"] or late or behind or consumer["alarm"] or failed)
        body = {"status": "well" if well else "needs_attention", "relay": relay, "consumer": consumer}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    return routes


def _shape(row: Any) -> EventShape:
    return EventShape(
        position=row.position,
        event_id=row.event_id,
        type=row.type,
        key=row.key,
        occurred_at=row.occurred_at,
        correlation_id=row.headers.get("correlationid"),
        causation_id=row.headers.get("causationid"),
        data=json.loads(row.payload),
    )

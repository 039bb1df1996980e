"""Repeated requests: a successful answer is kept with its effect and given again, byte for byte."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from shared.errors import Conflict, Invalid, Malformed
from shared.work import lock_key

KEPT_FOR = timedelta(days=30)
KEPT_HEADERS = ("content-type", "location", "etag", "link")


class KeyInUse(Conflict):
    code = "idempotency_key_in_use"
    title = "The same request is being worked on"


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "The key belongs to another request"


def idempotency_table(metadata: MetaData) -> Table:
    table = Table(
        "idempotent_answers",
        metadata,
        Column("client", Text, primary_key=True),
        Column("method", String(8), primary_key=True),
        Column("path", Text, primary_key=True),
        Column("key", String(200), primary_key=True),
        Column("fingerprint", String(64), nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("headers", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )
    Index("ix_idempotent_answers_created_at", table.c.created_at)
    return table


@dataclass(frozen=True)
class Request:
    """What makes two requests the same."""

    client: str
    method: str
    path: str
    key: str
    fingerprint: str


def check_key(key: str | None) -> str:
    if not key:
        raise Malformed(
            "Send an Idempotency-Key header, a fresh one for each new request, so that repeating it is harmless.",
            parameter="Idempotency-Key",
        )
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise Malformed("Idempotency-Key is 1 to 200 visible ASCII characters.", parameter="Idempotency-Key")
    return key


async def find(connection: AsyncConnection, table: Table, request: Request) -> Response | None:
    """The kept answer, or None after taking the key for this transaction."""
    taken = await connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:key)"),
        {"key": lock_key("idempotency", request.client, request.method, request.path, request.key)},
    )
    if not taken.scalar():
        raise KeyInUse("A request with this Idempotency-Key is still being worked on; wait, then repeat it.")
    row = (
        await connection.execute(
            select(table).where(
                table.c.client == request.client,
                table.c.method == request.method,
                table.c.path == request.path,
                table.c.key == request.key,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != request.fingerprint:
        raise KeyReused(
            "This Idempotency-Key was used for another body; send a fresh key.", parameter="Idempotency-Key"
        )
    headers = json.loads(row.headers) | {"Idempotent-Replayed": "true"}
    return Response(content=row.body, status_code=row.status, headers=headers)


async def keep(connection: AsyncConnection, table: Table, request: Request, response: Response, now: datetime) -> None:
    """Keep a successful answer in the transaction of its effect."""
    headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
    await connection.execute(
        insert(table).values(
            client=request.client,
            method=request.method,
            path=request.path,
            key=request.key,
            fingerprint=request.fingerprint,
            status=response.status_code,
            headers=json.dumps(headers),
            body=bytes(response.body),
            created_at=now,
        )
    )


async def purge(connection: AsyncConnection, table: Table, now: datetime) -> None:
    await connection.execute(delete(table).where(table.c.created_at < now - KEPT_FOR))

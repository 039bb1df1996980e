"""The relay: gives the rows of an outbox their positions and sends them to the bus, in order, none skipped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared.bus import Bus, Outgoing, topic_of
from shared.database import Database
from shared.outbox.recording import CHANNEL

POLL_SECONDS = 1.0
STALLED_AFTER_SECONDS = 5.0
PASS_ROWS = 500
PASS_BYTES = 8 * 1024 * 1024
"""One pass of the relay sends at most this much, so that its memory stays flat."""

# One statement, so that positions are given whole or not at all. Rows whose transaction commits later have a lower
# seq than rows that already have a position; they simply come next. Rows of one key cannot swap: the second could only
# be written after the first had let go of the aggregate's lock, that is, after it had committed.
_NUMBER = f"""
WITH fresh AS (
    SELECT seq, row_number() OVER (ORDER BY seq) AS place
    FROM (SELECT seq FROM outbox WHERE position IS NULL ORDER BY seq LIMIT {PASS_ROWS * 4}) AS waiting
)
UPDATE outbox SET position = (SELECT coalesce(max(position), 0) FROM outbox) + fresh.place
FROM fresh WHERE outbox.seq = fresh.seq
"""

_NEXT = f"""
SELECT seq, key, headers, payload FROM (
    SELECT seq, key, headers, payload, position,
           sum(octet_length(payload)) OVER (ORDER BY position) - octet_length(payload) AS bytes_before
    FROM (
        SELECT seq, key, headers, payload, position FROM outbox
        WHERE published_at IS NULL AND position IS NOT NULL ORDER BY position LIMIT {PASS_ROWS}
    ) AS waiting
) AS sized
WHERE bytes_before < {PASS_BYTES} ORDER BY position
"""

_MARK = "UPDATE outbox SET published_at = %s WHERE seq = ANY(%s)"

_LEADER_LOCK = "hashtextextended('outturn.relay', 0)"


class Relay:
    """Sends a service's outbox to its topic, in order, nothing skipped. Every process has one; one at a time leads.

    All its statements run on the connection that holds the leader's lock: with the connection the lock is gone, and
    with it the right to give positions. A record may be sent again after a crash between sending and marking; readers
    know it by its id.
    """

    def __init__(self, service_name: str, database: Database, bus: Bus, clock: Callable[[], datetime]) -> None:
        self._service = service_name
        self._topic = topic_of(service_name)
        self._database = database
        self._bus = bus
        self._clock = clock
        self._leads = False
        self._sending_since: float | None = None
        self._failure: str | None = None
        self._log = structlog.get_logger(service=service_name, task="relay")

    async def run(self) -> None:
        """Lead when nobody else does, until cancelled."""
        while True:
            try:
                async with await self._connect() as connection:
                    await self._take_turns(connection)
            except (psycopg.Error, OSError) as error:
                self._failed(error)
                await asyncio.sleep(POLL_SECONDS)
            finally:
                self._leads, self._sending_since = False, None

    async def drain(self) -> int:
        """Send what is in the outbox now and return how many records that was. For tests and commands."""
        if not await self._waiting():
            return 0
        sent = 0
        async with await self._connect() as connection:
            while not await self._lead(connection):
                if not await self._waiting():
                    return sent
                await asyncio.sleep(0.02)
            while await self._waiting():
                sent += await self._pass(connection)
                if self._failure is not None:
                    raise RuntimeError(f"the relay of {self._service} could not send ({self._failure})")
        return sent

    def status(self) -> dict[str, Any]:
        """Whether this process leads, and whether the bus keeps it waiting."""
        waited = 0.0 if self._sending_since is None else time.monotonic() - self._sending_since
        return {
            "leads": self._leads,
            "stalled": self._failure is not None or waited > STALLED_AFTER_SECONDS,
            "waiting_for_bus_seconds": round(waited, 1),
            "failure": self._failure,
        }

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        conninfo = make_url(self._database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return await psycopg.AsyncConnection.connect(
            conninfo,
            autocommit=True,
            row_factory=dict_row,
            application_name=f"outturn relay {self._service}",
            connect_timeout=5,
        )

    async def _take_turns(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while not await self._lead(connection):  # noqa: ASYNC110 - the leader is another process
            await asyncio.sleep(POLL_SECONDS)
        self._leads = True
        await connection.execute(f"LISTEN {CHANNEL}")
        while True:
            sent = await self._pass(connection)
            if self._failure is not None:
                await asyncio.sleep(POLL_SECONDS)
            elif not sent:
                # One notification is enough to look again; whatever else has arrived by then is found by looking.
                async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                    pass

    async def _lead(self, connection: psycopg.AsyncConnection[Any]) -> bool:
        cursor = await connection.execute(f"SELECT pg_try_advisory_lock({_LEADER_LOCK}) AS won")
        row = await cursor.fetchone()
        return bool(row and row["won"])

    async def _pass(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Give positions, send the next rows, mark those acknowledged. Returns how many were marked."""
        await connection.execute(_NUMBER)
        cursor = await connection.execute(_NEXT)
        rows = await cursor.fetchall()
        if not rows:
            self._failure = None
            return 0
        records = [Outgoing(str(row["key"]), row["headers"], row["payload"].encode()) for row in rows]
        self._sending_since = time.monotonic()
        try:
            sent = await self._bus.publish(self._topic, records)
        except Exception as error:  # Whatever a client library raises, the rows stay and are tried again.
            self._failed(error)
            return 0
        finally:
            self._sending_since = None
        if sent.acknowledged:
            await connection.execute(_MARK, (self._clock(), [rows[place]["seq"] for place in sent.acknowledged]))
        if sent.failure is not None:
            self._failed(sent.failure)
        else:
            self._failure = None
        return len(sent.acknowledged)

    async def _waiting(self) -> bool:
        async with self._database.session() as session:
            connection = await session.connection()
            return bool(await connection.scalar(text("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)")))

    def _failed(self, error: BaseException) -> None:
        # The kind of error is public, its words may hold addresses and go to the log only.
        self._failure = type(error).__name__
        self._log.warning("events wait in the outbox", failure=f"{type(error).__name__}: {error}"[:500])

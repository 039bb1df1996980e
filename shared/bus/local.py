"""The bus inside one process: readers read the owners' outboxes, in the order of `position`.

The outbox is the log, so publishing has nothing to store: it only wakes the readers. One partition a topic; the offset
of a record is its position, counted from 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import text

from shared.bus import Extent, LogEnd, Outgoing, Record, Sent, topic_of
from shared.database import Database

PARTITION = 0
FETCH_BYTES = 8 * 1024 * 1024

_EXTENT = text("SELECT coalesce(max(position), 0) + 1 FROM outbox")

_END = text(
    """
    SELECT coalesce(max(position), 0) + 1 AS end,
        (SELECT count(*) FROM outbox WHERE position IS NULL) AS unsent
    FROM outbox
    """
)

# The first that waits for its reader and the first that waits for its position: either may have waited longer.
_OLDEST = text(
    """
    SELECT min(occurred_at) FROM (
        (SELECT occurred_at FROM outbox WHERE position >= :offset ORDER BY position LIMIT 1)
        UNION ALL
        (SELECT occurred_at FROM outbox WHERE position IS NULL ORDER BY seq LIMIT 1)
    ) AS waiting
    """
)

_NEXT = text(
    """
    SELECT position, key, headers, payload FROM (
        SELECT position, key, headers, payload,
               sum(octet_length(payload)) OVER (ORDER BY position) - octet_length(payload) AS bytes_before
        FROM (
            SELECT position, key, headers, payload FROM outbox
            WHERE position >= :offset ORDER BY position LIMIT :limit
        ) AS waiting
    ) AS sized
    WHERE bytes_before < :bytes ORDER BY position
    """
)


class LocalBus:
    """`LocalBus({"grants": database, …})`: one topic for each owner. Starting and stopping it does nothing."""

    log = "local"

    def __init__(self, owners: Mapping[str, Database]) -> None:
        self._databases = {topic_of(owner): database for owner, database in owners.items()}
        self._readers: dict[str, set[LocalReader]] = {}

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """The databases belong to whoever made them."""

    async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
        """The records are in the outbox, with their positions committed: all that is left is to say so."""
        for reader in self._readers.get(topic, ()):
            reader.woken.set()
        return Sent(tuple(range(len(records))))

    def reader(self, topic: str, group: str) -> LocalReader:
        return LocalReader(topic, self._databases.get(topic), self._readers.setdefault(topic, set()))

    async def end_of(self, topic: str) -> LogEnd:
        """The owner's whole outbox, rows that its relay has not yet given a position included."""
        database = self._databases.get(topic)
        if database is None:
            return LogEnd({PARTITION: Extent(1, 1)})
        async with database.session() as session:
            row = (await (await session.connection()).execute(_END)).one()
        return LogEnd({PARTITION: Extent(1, row.end)}, row.unsent)

    async def holds_older(self, topic: str, offsets: Mapping[int, int], moment: datetime) -> bool:
        database = self._databases.get(topic)
        if database is None:
            return False
        async with database.session() as session:
            oldest = await (await session.connection()).scalar(_OLDEST, {"offset": offsets[PARTITION]})
        return oldest is not None and oldest < moment

    async def everything(self, topic: str) -> AsyncIterator[Record]:
        reader = self.reader(topic, "everything")
        extent = (await reader.open())[PARTITION]
        try:
            await reader.seek(PARTITION, extent.first)
            offset = extent.first
            while offset < extent.end:
                for record in await reader.fetch(100, 0):
                    offset = record.offset + 1
                    yield record
        finally:
            await reader.close()


class LocalReader:
    """Reads one outbox. An owner that is not in this process has an empty topic."""

    def __init__(self, topic: str, database: Database | None, siblings: set[LocalReader]) -> None:
        self.woken = asyncio.Event()
        self._topic = topic
        self._database = database
        self._siblings = siblings
        self._offset: int | None = None
        self._paused = False

    async def open(self) -> dict[int, Extent]:
        self._siblings.add(self)
        return await self.extents()

    async def seek(self, partition: int, offset: int) -> None:
        self._offset = offset

    def pause(self, partition: int) -> None:
        self._paused = True

    def resume(self, partition: int) -> None:
        self._paused = False

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        self.woken.clear()
        records = await self._read(limit)
        if not records and wait_seconds:
            # Whatever is published between the look and the wait has set the event; another process's relay has not,
            # which is what the limit of the wait is for.
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), wait_seconds)
                records = await self._read(limit)
        if records:
            self._offset = records[-1].offset + 1
        return records

    async def extents(self) -> dict[int, Extent]:
        if self._database is None:
            return {PARTITION: Extent(1, 1)}
        async with self._database.session() as session:
            end = await (await session.connection()).scalar(_EXTENT)
        assert end is not None
        return {PARTITION: Extent(1, end)}

    async def note(self, offsets: Mapping[int, int]) -> None:
        """There is nobody to tell."""

    async def close(self) -> None:
        self._siblings.discard(self)

    async def _read(self, limit: int) -> list[Record]:
        if self._paused or self._database is None or self._offset is None:
            return []
        parameters = {"offset": self._offset, "limit": limit, "bytes": FETCH_BYTES}
        async with self._database.session() as session:
            rows = (await (await session.connection()).execute(_NEXT, parameters)).all()
        return [
            Record(self._topic, PARTITION, row.position, str(row.key), row.headers, row.payload.encode())
            for row in rows
        ]

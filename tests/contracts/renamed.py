"""A bus on which an owner's topic has another name, so that tests on one broker do not meet; and a place to step in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.bus import Bus, Extent, LogEnd, Outgoing, Reader, Record, Sent


class RenamedBus:
    """Everything is passed on; only the topic's name changes on the way out and back."""

    def __init__(self, bus: Bus, seen: str, real: str) -> None:
        self.bus = bus
        self.seen = seen
        self.real = real

    @property
    def log(self) -> str:
        return self.bus.log

    async def start(self) -> None:
        await self.bus.start()

    async def stop(self) -> None:
        await self.bus.stop()

    async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
        return await self.bus.publish(self._real(topic), records)

    def reader(self, topic: str, group: str) -> Reader:
        return RenamedReader(self.bus.reader(self._real(topic), f"{group}-{self.real}"), topic)

    async def end_of(self, topic: str) -> LogEnd:
        return await self.bus.end_of(self._real(topic))

    async def holds_older(self, topic: str, offsets: Mapping[int, int], moment: datetime) -> bool:
        return await self.bus.holds_older(self._real(topic), offsets, moment)

    async def everything(self, topic: str) -> AsyncIterator[Record]:
        async for record in self.bus.everything(self._real(topic)):
            yield replace(record, topic=topic)

    def _real(self, topic: str) -> str:
        return self.real if topic == self.seen else topic


class RenamedReader:
    def __init__(self, reader: Reader, seen: str) -> None:
        self.reader = reader
        self.seen = seen

    async def open(self) -> dict[int, Extent]:
        return await self.reader.open()

    async def seek(self, partition: int, offset: int) -> None:
        await self.reader.seek(partition, offset)

    def pause(self, partition: int) -> None:
        self.reader.pause(partition)

    def resume(self, partition: int) -> None:
        self.reader.resume(partition)

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        return [replace(record, topic=self.seen) for record in await self.reader.fetch(limit, wait_seconds)]

    async def extents(self) -> dict[int, Extent]:
        return await self.reader.extents()

    async def note(self, offsets: Mapping[int, int]) -> None:
        await self.reader.note(offsets)

    async def close(self) -> None:
        await self.reader.close()

"""What of an owner's log has not been applied here, measured at the log's end and not from what the reader sees."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus, LogEnd
from shared.inbox.faults import described, named
from shared.inbox.tables import TABLES

ASK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class Unheard:
    """How much of a topic is still to be applied here. The same whichever process asks."""

    on_their_way: int | None
    """Events of the owner that wait in its outbox or in the topic; None where that cannot be known."""
    parked: int = 0
    """Events that could not be applied, and those of the same key that wait behind them."""
    alarm: str | None = None
    """Why reading the topic was stopped; how much is missing cannot be known then."""
    failure: str | None = None
    """What came of asking, where the log did not answer."""
    next_offsets: Mapping[int, int] = field(default_factory=dict)
    lags: Mapping[int, int] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether all that the owner has recorded is applied here, as far as its log goes."""
        return self.on_their_way == 0 and not self.parked


async def unheard(connection: AsyncConnection, bus: Bus, topic: str, *, patience_seconds: float = 0) -> Unheard:
    """What the owner had recorded when this was asked and is not applied here.

    With patience it waits for so long until that much is applied: what the owner records meanwhile does not count, so
    that a log which never stands still can be caught up with. The connection is of the reader's own database, and sees
    what other transactions commit. On Kafka, events that the owner's relay has not sent cannot be seen (`KafkaBus`).
    """
    until = asyncio.get_running_loop().time() + patience_seconds
    end = await _end_of(bus, topic)
    while True:
        found = await _measured(connection, bus, topic, end)
        if isinstance(end, str) or not found.on_their_way or asyncio.get_running_loop().time() >= until:
            return found
        await asyncio.sleep(ASK_AGAIN_SECONDS)
        if end.unsent:
            # Events without a place in the log do not say where it will end; where all have one, that end is enough.
            end = await _end_of(bus, topic)


async def unheard_of_each(connection: AsyncConnection, bus: Bus, topics: Sequence[str]) -> dict[str, Unheard]:
    """The same of several topics, asked side by side: a broker that is away keeps nobody waiting for each."""
    ends = await asyncio.gather(*(_end_of(bus, topic) for topic in topics))
    return {topic: await _measured(connection, bus, topic, end) for topic, end in zip(topics, ends, strict=True)}


async def waits_since_before(bus: Bus, topic: str, found: Unheard, moment: datetime) -> bool:
    """Whether something that is on its way was recorded before that moment."""
    if not found.on_their_way:
        return False
    try:
        return await bus.holds_older(topic, found.next_offsets, moment)
    except Exception:  # A log that answers one question and not the next is not well.
        return True


async def _end_of(bus: Bus, topic: str) -> LogEnd | str:
    """How far the log goes, or the kind of error that came of asking."""
    try:
        return await bus.end_of(topic)
    except Exception as error:  # Whatever a client library raises, the answer is that nobody knows.
        structlog.get_logger().warning("the end of a topic is not known", topic=topic, failure=described(error))
        return named(error)


async def _measured(connection: AsyncConnection, bus: Bus, topic: str, end: LogEnd | str) -> Unheard:
    if isinstance(end, str):
        return Unheard(None, parked=await _parked(connection, topic), failure=end)
    found = await _against(connection, bus.log, topic, end)
    if found.alarm is None and _ahead(found, end):
        # We may have read on while asking. What is still beyond the end by now was read from another log.
        now = await _end_of(bus, topic)
        if isinstance(now, str) or _ahead(found, now):
            return replace(found, on_their_way=None, alarm=f"{topic} ends before the next record to read")
    return found


async def _against(connection: AsyncConnection, log: str, topic: str, end: LogEnd) -> Unheard:
    """The log's end against our own rows, which are read after it: what they hold by then has been applied."""
    offsets = TABLES.offsets.c
    statement = select(offsets.partition, offsets.next_offset, offsets.alarm).where(
        offsets.log == log, offsets.topic == topic
    )
    rows = {row.partition: row for row in await connection.execute(statement)}
    parked = await _parked(connection, topic)
    next_offsets = {
        number: rows[number].next_offset if number in rows else extent.first for number, extent in end.extents.items()
    }
    alarm = next((row.alarm for row in rows.values() if row.alarm is not None), None)
    if alarm is None and (rows.keys() - end.extents or any(next_offsets[n] < end.extents[n].first for n in rows)):
        alarm = f"{topic} does not hold the next record to read any more"
    if alarm is not None:
        return Unheard(None, parked=parked, alarm=alarm, next_offsets=next_offsets)
    lags = {number: max(extent.end - next_offsets[number], 0) for number, extent in end.extents.items()}
    return Unheard(sum(lags.values()) + end.unsent, parked=parked, next_offsets=next_offsets, lags=lags)


def _ahead(found: Unheard, end: LogEnd) -> bool:
    return any(offset > end.extents[number].end for number, offset in found.next_offsets.items())


async def _parked(connection: AsyncConnection, topic: str) -> int:
    parked = TABLES.parked
    count = await connection.scalar(select(func.count()).select_from(parked).where(parked.c.topic == topic))
    return count or 0

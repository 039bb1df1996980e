"""What a bus is: topics of ordered partitions, publishing with acknowledgement, reading from an offset.

A bus only carries. What has been applied is decided by the reader's own database (`shared/inbox/`), what is to be
sent by the owner's (`shared/outbox.py`); so a bus may deliver a record twice, but it must not lose an acknowledged
one, and it must keep the order of the records of one key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

PARTITIONS = 6
"""Partitions of each topic on Kafka. Never changed: with another number, keys would move and lose their order."""


def topic_of(owner: str) -> str:
    """One topic a service: `grants.events`."""
    return f"{owner}.events"


@dataclass(frozen=True)
class Outgoing:
    """A record on its way out. `key` decides the partition, `payload` is canonical JSON in UTF-8."""

    key: str
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True)
class Record:
    """A record as read. Offsets of a partition rise; they need not be gapless."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    payload: bytes


@dataclass(frozen=True)
class Extent:
    """What a partition holds: offsets from `first` up to, not including, `end`."""

    first: int
    end: int


@dataclass(frozen=True)
class LogEnd:
    """How far an owner's log goes at this moment: each partition's extent, and what has no offset in it yet."""

    extents: Mapping[int, Extent]
    unsent: int = 0
    """Events that the owner has recorded and that have no offset yet. Only LocalBus sees them."""


@dataclass(frozen=True)
class Sent:
    """Which of the records handed over were acknowledged (by their place in the sequence), and why others were not."""

    acknowledged: tuple[int, ...]
    failure: BaseException | None = None


class OffsetOutOfRange(Exception):
    """The reader's next offset is not in the topic: records were lost, or it was made anew. A person must act."""


class Reader(Protocol):
    """One subscriber's view of one topic. Not shared between tasks."""

    async def open(self) -> dict[int, Extent]:
        """Connect and name the partitions with what they hold. Nothing is fetched before `seek`."""

    async def seek(self, partition: int, offset: int) -> None:
        """Read this partition from here on."""

    def pause(self, partition: int) -> None:
        """Fetch nothing of this partition until `resume`."""

    def resume(self, partition: int) -> None: ...

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        """At most `limit` records, in order within each partition; an empty list when nothing came in that time.

        Raises `OffsetOutOfRange`.
        """

    async def extents(self) -> dict[int, Extent]:
        """What the partitions hold now; asks the broker."""

    async def note(self, offsets: Mapping[int, int]) -> None:
        """Tell the bus how far the reader is, for people who look there. Never decides anything, never fails."""

    async def close(self) -> None:
        """Let go of the connection. Never fails, never waits for a broker that is away."""


class Bus(Protocol):
    @property
    def log(self) -> str:
        """Which log the offsets belong to, such as `local`: offsets of one log mean nothing in another."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
        """Send, in order within each partition, one batch of a partition at a time, and wait for the acknowledgements.

        Returns when every record is acknowledged or refused. While the broker is away it waits, without limit.
        """

    def reader(self, topic: str, group: str) -> Reader:
        """A new reader; `group` is the name under which the bus shows its progress."""

    async def end_of(self, topic: str) -> LogEnd:
        """How far the owner's log goes now, asked at its source by any process, whether it reads the topic or not.

        An owner that is not there at all has an empty log. Raises, within seconds, where it cannot be known.
        """

    async def holds_older(self, topic: str, offsets: Mapping[int, int], moment: datetime) -> bool:
        """Whether a record at or behind these offsets, or one that has no offset yet, was recorded before `moment`."""

    def everything(self, topic: str) -> AsyncIterator[Record]:
        """All the records the topic holds at this moment, from the first; partition by partition."""

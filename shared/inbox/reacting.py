"""From a record to its reaction: reading it, upcasting it, running what a service does about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import UUID, uuid5

from sqlmodel.ext.asyncio.session import AsyncSession

from shared import outbox
from shared.bus import Record
from shared.events.all import OWNERS
from shared.events.base import REGISTER, Event

NewId = Callable[[], UUID]
Clock = Callable[[], datetime]
SessionFactory = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True)
class Reacting:
    """What a reaction is given beside the event: one transaction with the inbox row and the offset.

    `occurred_at` is when the owner recorded the fact, `now` when this service applies it first (the same on a replay).
    """

    session: AsyncSession
    service: str
    event_id: UUID
    occurred_at: datetime
    source: str
    correlation_id: str
    actor_sub: str
    now: datetime
    replaying: bool
    new_id: NewId

    def derived_id(self, *parts: object) -> UUID:
        """An id for something this event brings about: the same on every replay, another for other parts."""
        return uuid5(self.event_id, "\x1f".join(str(part) for part in parts))

    async def record(self, *events: Event) -> None:
        """Publish what follows from the event, in the same transaction; nothing on a replay."""
        if self.replaying:
            return
        await outbox.record(
            self.session,
            events,
            service=self.service,
            now=self.now,
            new_id=self.new_id,
            actor_sub=self.actor_sub,
            correlation_id=self.correlation_id,
            causation_id=self.event_id,
        )


Reaction = Callable[[Any, Reacting], Awaitable[None]]
Reactions = Mapping[type[Event], Reaction]


class Unreadable(Exception):
    """A record that a reaction waits for cannot be turned into its event; it is parked."""


@dataclass(frozen=True)
class Arrival:
    """A record that concerns this service, not yet read: a batch of large events is not in memory all at once."""

    record: Record
    event_id: UUID

    @property
    def type(self) -> str:
        return self.record.headers.get("ce_type", "unknown")


def arrival(record: Record, reactions: Reactions) -> Arrival | None:
    """Whether a record concerns this service: a reaction waits for its name, in whatever version."""
    owner, _, rest = record.headers.get("ce_type", "").partition(".")
    name = rest.rpartition(".")[0]
    if name and not any(owner == wanted.OWNER and name == wanted.NAME for wanted in reactions):
        return None
    try:
        return Arrival(record, UUID(record.headers["ce_id"]))
    except (KeyError, ValueError):
        # A stand-in id keeps a record without a proper one from being parked twice.
        return Arrival(record, uuid5(UUID(int=0), f"{record.topic}/{record.partition}/{record.offset}"))


def read(arrived: Arrival, reactions: Reactions, owners: Mapping[str, ModuleType] = OWNERS) -> Event:
    """The event in a record, turned into the newest version by its owner's `upcast`.

    `upcast(event) -> event` in `shared/events/<owner>.py` turns a stored older version into the one readers know.
    Raises `Unreadable`, or what pydantic says of the payload.
    """
    headers = arrived.record.headers
    if headers.get("ce_id") != str(arrived.event_id):
        raise Unreadable("the record has no id, so it was not written by a service of ours")
    if arrived.type not in REGISTER:
        raise Unreadable(f"{arrived.type} is newer than what this service knows; deploy its readers first")
    event = REGISTER[arrived.type].model_validate_json(arrived.record.payload)
    upcast = getattr(owners.get(event.OWNER), "upcast", None)
    if upcast is not None:
        event = upcast(event)
    if type(event) not in reactions:
        raise Unreadable(f"no reaction for {event.type()}, into which {arrived.type} was turned")
    return event


async def react(
    session: AsyncSession,
    service: str,
    reactions: Reactions,
    arrived: Arrival,
    *,
    now: datetime,
    new_id: NewId,
    owners: Mapping[str, ModuleType] = OWNERS,
    replaying: bool = False,
) -> None:
    """Read one event and run its reaction. The caller has seen to it that it runs once."""
    event = read(arrived, reactions, owners)
    headers = arrived.record.headers
    reacting = Reacting(
        session=session,
        service=service,
        event_id=arrived.event_id,
        occurred_at=datetime.fromisoformat(headers["ce_time"]),
        source=headers.get("ce_source", ""),
        correlation_id=headers.get("correlationid", str(arrived.event_id)),
        actor_sub=headers.get("actorid", f"service:{service}"),
        now=now,
        replaying=replaying,
        new_id=new_id,
    )
    await reactions[type(event)](event, reacting)
    # The reaction's own rows reach the database before the next event's, and a broken one is told from its neighbour.
    if session.new or session.dirty or session.deleted:
        await session.flush()

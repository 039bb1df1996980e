"""A process to be killed: relay and consumer as a service runs them, stopping dead at a named place if asked to.

    python -m tests.faults.driver '{"owner": url, "reader": url, "bus": {...}, "stop_at": null, "signal": path, ...}'

`stop_at`: `before_publish`, `after_publish`, `in_transaction`, `after_commit`, or null. Reaching it, the process
creates the file `signal` and does nothing more, as if its processor had been taken away. While the file `away` exists,
the bus does not answer. The file `started` says that the work begins.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from uuid_utils.compat import uuid7

from shared.bus import Bus, Outgoing, Reader, Sent, topic_of
from shared.bus.kafka import KafkaBus
from shared.bus.local import LocalBus
from shared.database import Database
from shared.events.base import Event
from shared.events.grants import OrganisationRegistered
from shared.inbox import Consumer, Reacting
from shared.outbox import Relay
from tests.contracts.beds import OWNER, note_effect
from tests.contracts.renamed import RenamedBus, RenamedReader


def stop_here(signal: str) -> None:
    Path(signal).touch()
    time.sleep(3600)


class StoppingBus(RenamedBus):
    def __init__(self, bus: Bus, seen: str, real: str, plan: dict[str, Any]) -> None:
        super().__init__(bus, seen, real)
        self.plan = plan

    async def publish(self, topic: str, records: Sequence[Outgoing]) -> Sent:
        while self.plan["away"] and Path(self.plan["away"]).exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.05)
        if self.plan["stop_at"] == "before_publish":
            stop_here(self.plan["signal"])
        sent = await super().publish(topic, records)
        if self.plan["stop_at"] == "after_publish":
            stop_here(self.plan["signal"])
        return sent

    def reader(self, topic: str, group: str) -> Reader:
        return StoppingReader(super().reader(topic, group), topic, self.plan)


class StoppingReader(RenamedReader):
    def __init__(self, reader: Reader, seen: str, plan: dict[str, Any]) -> None:
        super().__init__(reader, seen)
        self.plan = plan

    async def note(self, offsets: Mapping[int, int]) -> None:
        """Called after each commit."""
        if self.plan["stop_at"] == "after_commit":
            stop_here(self.plan["signal"])
        await super().note(offsets)


async def main(plan: dict[str, Any]) -> None:
    owner, reader = Database(plan["owner"]), Database(plan["reader"])
    seen = topic_of(OWNER)
    bus: Bus
    if plan["bus"]["kind"] == "local":
        bus = StoppingBus(LocalBus({OWNER: owner}), seen, seen, plan)
    else:
        bus = StoppingBus(KafkaBus(plan["bus"]["address"]), seen, plan["bus"]["topic"], plan)
    applied = 0

    async def react(event: OrganisationRegistered, reacting: Reacting) -> None:
        nonlocal applied
        await note_effect(event, reacting)
        applied += 1
        if plan["stop_at"] == "in_transaction" and applied == 5:
            stop_here(plan["signal"])

    reactions: dict[type[Event], Any] = {OrganisationRegistered: react}

    def clock() -> datetime:
        return datetime.now(UTC)

    relay = Relay(OWNER, owner, bus, clock)
    consumer = Consumer("transparency", reader, bus, reactions, clock, uuid7)
    Path(plan["started"]).touch()  # noqa: ASYNC240
    await asyncio.gather(relay.run(), consumer.run())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))

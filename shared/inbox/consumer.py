"""The consumer: reads the topics a service reacts to and applies their records, for ever."""

from __future__ import annotations

from typing import Any

from shared.bus import Bus
from shared.database import Database
from shared.inbox.reacting import Clock, NewId, Reactions


class Consumer:
    """One a process."""

    def __init__(
        self, service_name: str, database: Database, bus: Bus, reactions: Reactions, clock: Clock, new_id: NewId
    ) -> None:
        self._service = service_name
        self._database = database
        self._bus = bus
        self._reactions = reactions
        self._clock = clock
        self._new_id = new_id

    async def run(self) -> None:
        raise NotImplementedError

    async def drain(self) -> int:
        raise NotImplementedError

    def status(self) -> dict[str, Any]:
        return {}

"""The inbox: what a service has received, how far it has read, what is parked, and how an event is applied.

    inbox_tables(metadata) -> InboxTables(inbox, offsets, parked)
    Reaction = async def (event, reacting: Reacting) -> None
    await deliver(session_factory, service_name, reactions, event, *, event_id, occurred_at, now, new_id) -> bool
    Consumer(service_name, database, bus, reactions, clock, new_id): await run(), await drain() -> int, status() -> dict
    await unheard(connection, bus, topic, patience_seconds=) -> Unheard    what of an owner's log is not applied here
    await redrive(…), await parked_events(…), await rewind(…), await replay(…)    what an operator asks for

Reading a record twice is harmless: the offset row refuses older offsets, the inbox refuses known event ids. Its rows
are never purged, so a whole topic can be sent again.
"""

from shared.inbox.applying import apply_batch, deliver
from shared.inbox.consumer import Consumer
from shared.inbox.parked import Redriven, parked_events, redrive, rewind
from shared.inbox.reacting import Arrival, Reacting, Reaction, Reactions, Unreadable, arrival
from shared.inbox.replay import ArchiveIncomplete, references_into, replay
from shared.inbox.tables import InboxTables, inbox_tables
from shared.inbox.unheard import Unheard, unheard, unheard_of_each, waits_since_before

__all__ = [
    "ArchiveIncomplete",
    "Arrival",
    "Consumer",
    "InboxTables",
    "Reacting",
    "Reaction",
    "Reactions",
    "Redriven",
    "Unheard",
    "Unreadable",
    "apply_batch",
    "arrival",
    "deliver",
    "inbox_tables",
    "parked_events",
    "redrive",
    "references_into",
    "replay",
    "rewind",
    "unheard",
    "unheard_of_each",
    "waits_since_before",
]

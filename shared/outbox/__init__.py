"""The outbox: events written in the transaction of the change, numbered and sent to the bus by one relay a service.

outbox_tables(metadata) -> Table
await record(session, events, service=, now=, new_id=, actor_sub=, correlation_id=, causation_id=, traceparent=)
headers_for(event_class, key, …) and await announce(connection)    for those who write many rows in one statement
Relay(service_name, database, bus, clock): await run() until cancelled, await drain() -> int, status() -> dict
"""

from shared.outbox.recording import OUTBOX, announce, envelope, headers_for, outbox_tables, record
from shared.outbox.relay import Relay

__all__ = ["OUTBOX", "Relay", "announce", "envelope", "headers_for", "outbox_tables", "record"]

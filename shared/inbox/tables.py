"""Tables of the inbox: events received, offsets reached, events parked."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB


@dataclass(frozen=True)
class InboxTables:
    inbox: Table
    offsets: Table
    parked: Table


def inbox_tables(metadata: MetaData) -> InboxTables:
    """Add inbox, reading offsets and parked events to a service's own metadata.

    `inbox` holds one row for every event a reaction was run for; `seq` is the order in which they were applied, which
    a replay keeps, and `received_at` the moment their reactions saw. `inbox_offset` holds the next offset to read of
    each partition; `log` tells one bus from another. `inbox_parked` holds events that could not be applied (with
    `error`) and those of the same key that wait behind them (without), in the order of arrival.
    """
    inbox = Table(
        "inbox",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("owner", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("received_at", DateTime(timezone=True), nullable=False),
    )
    Index("uq_inbox_event_id", inbox.c.event_id, unique=True)
    offsets = Table(
        "inbox_offset",
        metadata,
        Column("log", Text, primary_key=True),
        Column("topic", Text, primary_key=True),
        Column("partition", Integer, primary_key=True, autoincrement=False),
        Column("next_offset", BigInteger, nullable=False),
        Column("advanced_at", DateTime(timezone=True), nullable=False),
        # Set when records are missing from the topic. It stays, over restarts, until a person has the row removed:
        # a topic that was made anew grows, and one day the old offset would look right again.
        Column("alarm", Text),
    )
    parked = Table(
        "inbox_parked",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("offset", BigInteger, nullable=False),
        Column("type", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        # Bytes, because an event may be parked for not being readable at all.
        Column("payload", LargeBinary, nullable=False),
        Column("error", Text),
        Column("attempts", Integer, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False),
    )
    Index("uq_inbox_parked_event_id", parked.c.event_id, unique=True)
    Index("ix_inbox_parked_topic_key", parked.c.topic, parked.c.key)
    return InboxTables(inbox, offsets, parked)


TABLES = inbox_tables(MetaData())
"""The same tables for building statements where no service's metadata is at hand."""

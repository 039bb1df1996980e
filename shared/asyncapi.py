"""The events as a document: AsyncAPI 3 and the table of who publishes and who reacts, generated from the classes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic.json_schema import models_json_schema

from shared.bus import PARTITIONS, topic_of
from shared.events.all import OWNERS, REGISTER, Event

EXAMPLES = Path(__file__).parent / "events" / "examples"
TEXT = {"type": "string"}

HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {
            **TEXT,
            "format": "uuid",
            "description": "UUIDv7 of the event. Seen twice, it is the same event.",
        },
        "ce_source": {**TEXT, "description": "The service that recorded it, such as `/grants`."},
        "ce_type": {**TEXT, "description": "Owner, name and version, such as `grants.OutturnRecorded.v1`."},
        "ce_subject": {**TEXT, "format": "uuid", "description": "Id of the aggregate, which is the record's key too."},
        "ce_time": {**TEXT, "format": "date-time", "description": "When it was recorded, UTC."},
        "content-type": {"const": "application/json"},
        "correlationid": {**TEXT, "description": "What the events of one request and its consequences share."},
        "causationid": {**TEXT, "description": "Id of the event this one follows from."},
        "actorid": {**TEXT, "description": "Subject of the token on whose behalf it was recorded."},
        "traceparent": {**TEXT, "description": "W3C trace context."},
    },
}


class Reacts(Protocol):
    """As much of a service as the table needs."""

    @property
    def name(self) -> str: ...

    @property
    def reactions(self) -> Mapping[type[Event], Any]: ...


def asyncapi_document() -> dict[str, Any]:
    """AsyncAPI 3.0 over all owners: one channel a service, one message for each event and version."""
    events = sorted(REGISTER.values(), key=lambda event: event.type())
    schemas, shared_schemas = models_json_schema(
        [(event, "serialization") for event in events], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Outturn events",
            "version": "1",
            "description": (
                "Every fact that crosses between the services. Records are CloudEvents 1.0 in binary mode: attributes "
                "as headers, the payload as canonical JSON. Delivery is at least once, in order for each key. Money is "
                "integer pence. Readers ignore fields they do not know; a changed meaning is a new version."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {owner: _channel(owner, events) for owner in OWNERS},
        "operations": {
            f"{owner}_publishes": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{owner}"},
                "summary": f"The {owner} service publishes what has happened in it.",
            }
            for owner in OWNERS
        },
        "components": {
            "messages": {event.type(): _message(event, schemas[(event, "serialization")]) for event in events},
            "schemas": {"Headers": HEADERS, **shared_schemas["$defs"]},
        },
    }


def event_table(services: Iterable[Reacts]) -> str:
    """Markdown: every event with its key, its meaning and the services whose REACTIONS name it."""
    known = list(services)
    rows = ["| event | key | what has happened | reacted to by |", "|---|---|---|---|"]
    for event in REGISTER.values():
        readers = ", ".join(service.name for service in known if event in service.reactions) or "–"
        rows.append(f"| {event.OWNER} `{_title(event)}` | {event.KEY} | {_meaning(event)} | {readers} |")
    return "\n".join(rows) + "\n"


def example_of(event: type[Event]) -> dict[str, Any]:
    """The golden example of an event and version."""
    content: dict[str, Any] = json.loads((EXAMPLES / f"{event.type()}.json").read_text())
    return content


def _channel(owner: str, events: list[type[Event]]) -> dict[str, Any]:
    return {
        "address": topic_of(owner),
        "title": f"Facts of the {owner} service",
        "description": (inspect.getdoc(OWNERS[owner]) or "").strip(),
        "messages": {
            event.type(): {"$ref": f"#/components/messages/{event.type()}"} for event in events if owner == event.OWNER
        },
        "bindings": {
            "kafka": {
                "topic": topic_of(owner),
                "partitions": PARTITIONS,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(event: type[Event], schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": event.type(),
        "title": _title(event),
        "summary": _meaning(event),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": schema,
        "bindings": {
            "kafka": {
                "key": {**TEXT, "format": "uuid", "description": f"The event's `{event.KEY}`."},
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [{"name": "golden", "payload": example_of(event)}],
    }


def _title(event: type[Event]) -> str:
    return event.NAME if event.VERSION == 1 else f"{event.NAME} v{event.VERSION}"


def _meaning(event: type[Event]) -> str:
    return " ".join((inspect.getdoc(event) or "").split())

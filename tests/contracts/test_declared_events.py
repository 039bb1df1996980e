"""Every event is described and has a golden example that neither parsing nor writing may change."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from shared.asyncapi import EXAMPLES, asyncapi_document, event_table, example_of
from shared.events.all import OWNERS, REGISTER, Event
from shared.events.base import canonical_json
from shared.inbox import references_into
from tests.harness import SERVICES, service_named

EVENTS = sorted(REGISTER)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_reads_its_example_and_writes_the_same_text(name: str) -> None:
    """A removed or renamed field changes the text; parsing alone would not notice, since unknown fields are ignored."""
    text = (EXAMPLES / f"{name}.json").read_text()
    event = REGISTER[name].model_validate_json(text)
    assert event.canonical() == canonical_json(json.loads(text))
    assert REGISTER[name].model_validate_json(event.canonical()) == event


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_fills_every_field(name: str) -> None:
    """An optional field that the example leaves at its default could vanish unnoticed."""
    gaps = list(_unfilled(REGISTER[name], example_of(REGISTER[name]), name))
    assert [gap for gap in gaps if gap not in ALWAYS_NULL] == []


ALWAYS_NULL = {
    # A heading has no parent, a leaf below one has: the list shows both.
    "grants.BudgetSet.v1.lines.0.parent_code",
}


def test_no_example_without_its_event() -> None:
    assert sorted(path.name.removesuffix(".json") for path in EXAMPLES.glob("*.json")) == EVENTS


def test_an_example_that_lost_a_field_would_be_noticed() -> None:
    """The guard above, seen to fail."""
    content = example_of(REGISTER["grants.OutturnRecorded.v1"])
    event = REGISTER["grants.OutturnRecorded.v1"].model_validate({**content, "no_longer_declared": 1})
    assert event.canonical() != canonical_json({**content, "no_longer_declared": 1})


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_and_each_of_its_fields_say_what_they_mean(name: str) -> None:
    event = REGISTER[name]
    assert event.__doc__
    assert event.__doc__ != Event.__doc__
    for model in _models(event):
        for field, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{field} says nothing"


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_named_in_the_past_tense_versioned_and_keyed_by_an_id(name: str) -> None:
    event = REGISTER[name]
    assert re.fullmatch(r"[A-Za-z]+(ed|Set|Met|Withdrawn)", event.NAME)
    assert "version" in event.model_fields
    assert event.OWNER in OWNERS
    assert event.model_validate(example_of(event)).key


@pytest.mark.parametrize("name", EVENTS)
def test_money_is_integer_pence_and_says_so(name: str) -> None:
    for model in _models(REGISTER[name]):
        for field, info in model.model_fields.items():
            assert info.annotation is not float
            if info.annotation is int and ("amount" in field or "spend" in field or "grant" in field):
                assert field.endswith("_pence"), f"{model.__name__}.{field}"


def test_the_asyncapi_document_holds_every_event_and_resolves_its_references() -> None:
    document = asyncapi_document()
    assert sorted(document["components"]["messages"]) == EVENTS
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    assert document["asyncapi"] == "3.0.0"
    assert {channel["address"] for channel in document["channels"].values()} == {f"{owner}.events" for owner in OWNERS}
    assert asyncapi_document() == document


def test_the_asyncapi_payloads_accept_the_golden_examples() -> None:
    import jsonschema

    document = asyncapi_document()
    for name, message in document["components"]["messages"].items():
        schema = {**message["payload"], "components": document["components"]}
        jsonschema.validate(example_of(REGISTER[name]), schema, jsonschema.Draft202012Validator)


def test_the_event_table_names_every_event_and_its_readers() -> None:
    table = event_table([service_named(name) for name in SERVICES])
    for event in REGISTER.values():
        assert f"| {event.OWNER} `{event.NAME}` |" in table
    [outturn] = [line for line in table.splitlines() if "`OutturnRecorded`" in line]
    assert "transparency" in outturn


@pytest.mark.parametrize("service", SERVICES)
def test_no_kept_table_refers_to_a_read_model(service: str) -> None:
    """It would stand in the way of a replay, which deletes the read models' rows."""
    assert references_into(service_named(service).read_models) == []


@pytest.mark.parametrize("service", SERVICES)
def test_reactions_know_the_newest_version_of_an_event_only(service: str) -> None:
    for event in service_named(service).reactions:
        newest = max(
            other.VERSION for other in REGISTER.values() if (other.OWNER, other.NAME) == (event.OWNER, event.NAME)
        )
        assert newest == event.VERSION


def _models(event: type[BaseModel]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    waiting: list[Any] = [event]
    while waiting:
        kind = waiting.pop()
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            if kind not in found:
                found.add(kind)
                waiting += [info.annotation for info in kind.model_fields.values()]
        else:
            waiting += get_args(kind)
    return found


def _unfilled(model: type[BaseModel], content: Any, path: str) -> Any:
    for field, info in model.model_fields.items():
        value = content.get(field)
        if value is None or value == []:
            yield f"{path}.{field}"
        for part in _parts(info.annotation):
            for place, item in enumerate(value or []):
                yield from _unfilled(part, item, f"{path}.{field}.{place}") if isinstance(item, dict) else ()
            if isinstance(value, dict):
                yield from _unfilled(part, value, f"{path}.{field}")


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if inspect.isclass(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [part for inner in get_args(annotation) for part in _parts(inner)]

"""The catalogue: what DCAT-AP asks of it, which editions are in it, and when its tag changes."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pyshacl
import pytest
import rdflib

from services.transparency.editions.files import LICENCE
from services.transparency.open_data import catalogue
from services.transparency.open_data.catalogue import AllPeriods
from services.transparency.tables import Organisation
from shared.work import Work
from tests.checkers import Checkers, checkers  # noqa: F401 - a fixture
from tests.harness import Running
from tests.transparency.facts import at
from tests.transparency.open_data.stage import MARIGOLD, correction, figures, first_quarter, whole_record

MANDATORY = {
    "dcat:Catalog": {"title", "description", "publisher", "dataset"},
    "dcat:Dataset": {"title", "description", "publisher", "license", "distribution"},
    "dcat:Distribution": {"accessURL", "downloadURL", "mediaType", "license", "title"},
    "dcat:DataService": {"title", "endpointURL", "endpointDescription"},
    "foaf:Agent": {"name"},
    "dct:PeriodOfTime": {"startDate", "endDate"},
    "spdx:Checksum": {"algorithm", "checksumValue"},
    "dqv:QualityMeasurement": {"isMeasurementOf", "value"},
}
"""Type → what DCAT-AP 3 demands of it, and what we promise beside."""


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the catalogue, but for its context."""
    if isinstance(value, dict):
        yield value
        for name, inner in value.items():
            if name != "@context":
                yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def lacking(content: dict[str, Any]) -> list[str]:
    """What some object lacks that its type must have."""
    return [
        f"{node.get('@id', '?')} lacks {name}"
        for node in nodes(content)
        for name in MANDATORY.get(str(node.get("@type")), set())
        if not node.get(name) and node.get(name) != 0 and node.get(name) is not False
    ]


async def test_the_catalogue_has_a_dataset_with_every_readable_edition_and_none_that_was_withdrawn(
    transparency: Running,
) -> None:
    """T-58, T-49, T-52; domain section 5: DCAT, one dataset per subject, a distribution per period and file."""
    await whole_record(transparency)
    await figures(transparency)
    answer = await transparency.anonymous.get("/data.json")
    content = answer.json()
    assert lacking(content) == []
    spend = next(node for node in content["dataset"] if node["@id"].endswith("/v1/datasets/body/spend"))
    assert spend["publisher"]["name"] == "Improvement Body"
    assert spend["license"] == LICENCE
    assert spend["accrualPeriodicity"]["@id"].endswith("/QUARTERLY")
    assert [version["version"] for version in spend["hasVersion"]] == ["2017-18-q1/v1", "2017-18-q1/v2"]
    first, second = spend["hasVersion"]
    assert second["replaces"] == second["previousVersion"] == first["@id"]
    assert second["versionNotes"] == "One late invoice of June."
    temporal = [{"@type": "dct:PeriodOfTime", "startDate": "2017-04-01", "endDate": "2017-06-30"}]
    assert first["temporal"] == temporal
    own = {node["@id"].rsplit("/", 1)[-1]: node for node in spend["distribution"]}
    assert {"spend.csv", "spend.json", "edition.json", "schema.json", "spend.csv-metadata.json"} <= set(own)
    assert all("/v2/" in node["@id"] or "/spend/all." in node["@id"] for node in own.values())
    assert {"@id": own["spend.csv"]["@id"]} in second["distribution"]
    assert [node["@id"].rsplit("/", 2)[-2] for node in first["distribution"]] == ["v1"] * 6
    assert [each["@id"].rsplit("/", 1)[-1] for each in own["spend.csv"]["conformsTo"]] == [
        "schema.json",
        "spend.csv-metadata.json",
    ]
    measured = {
        each["isMeasurementOf"]["@id"].rsplit("#", 1)[-1]: each["value"] for each in second["hasQualityMeasurement"]
    }
    assert measured["contract_linked_value"] == {"@type": "xsd:decimal", "@value": "20.0"}
    assert (measured["published_on_time"], measured["reconciled_difference"], measured["correction_days"]) == (
        True,
        0,
        10,
    )
    assert "2017-18-q2" not in answer.text
    assert MARIGOLD not in answer.text
    for node in [*own.values(), *first["distribution"]]:
        file = await transparency.anonymous.get(node["downloadURL"].removeprefix("http://test/transparency"))
        assert hashlib.sha256(file.content).hexdigest() == node["checksum"]["checksumValue"]
        assert str(len(file.content)) == node["byteSize"]
        assert file.headers["content-type"].split(";")[0] == node.get("compressFormat", node["mediaType"])
    addresses = {node["@id"]: node for node in content["dataset"]}
    assert "http://test/grants/v1/onward-awards/360giving.json" in addresses
    assert "http://test/transparency/v1/obligations/compliance?publisher=body" in addresses
    (search,) = content["service"]
    assert (search["endpointURL"], search["servesDataset"]) == ("http://test/transparency/v1/search", [spend["@id"]])


async def test_the_tag_of_the_catalogue_changes_when_anything_in_it_does(transparency: Running) -> None:
    """Domain section 5: strong ETag, If-None-Match 304, HEAD, any origin."""
    reader = transparency.anonymous
    empty = await reader.get("/data.json", headers={"Origin": "https://example.org"})
    assert empty.headers["access-control-allow-origin"] == "*"
    await first_quarter(transparency)
    before = await reader.get("/data.json")
    again = await reader.get("/data.json", headers={"If-None-Match": before.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert before.headers["etag"] == f'"{hashlib.sha256(before.content).hexdigest()}"'
    head = await reader.head("/data.json")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", before.headers["etag"])
    linked = await reader.get("/data.json", headers={"Accept": "application/ld+json"})
    assert linked.headers["content-type"] == "application/ld+json"
    await correction(transparency)
    after = await reader.get("/data.json", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert len({empty.headers["etag"], before.headers["etag"], after.headers["etag"]}) == 3


async def test_a_file_over_all_periods_is_listed_once_somebody_keeps_one(transparency: Running) -> None:
    """T-60: whoever keeps such files names them to the catalogue."""

    async def kept(_: Work, organisation: Organisation, kind: str) -> list[AllPeriods]:
        url = f"http://test/transparency/open/{organisation.slug}/{kind}/all.jsonl.gz"
        return [
            AllPeriods(url, "application/jsonl", "a" * 64, 12, at("2017-08-01T00:00"), compressed="application/gzip")
        ]

    await first_quarter(transparency)
    catalogue.ALL_PERIODS.append(kept)
    try:
        content = (await transparency.anonymous.get("/data.json")).json()
    finally:
        catalogue.ALL_PERIODS.remove(kept)
    found = [node for node in nodes(content) if str(node.get("downloadURL", "")).endswith("all.jsonl.gz")]
    assert [(node["compressFormat"], node["byteSize"]) for node in found] == [("application/gzip", "12")]
    assert lacking(content) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_shapes_of_dcat_ap_find_no_fault_and_find_each_that_is_put_in(
    transparency: Running,
    checkers: Checkers,  # noqa: F811
) -> None:
    """Domain section 9, item 8: one model, all its outputs passing outside checkers."""
    shapes = rdflib.Graph().parse(checkers.catalogue_shapes, format="json-ld")

    def conforms(content: dict[str, Any]) -> bool:
        graph = rdflib.Graph().parse(data=json.dumps(content), format="json-ld")
        # That everything with an address is a resource is said by RDF itself, and the shapes ask for it to be written.
        for thing in {node for triple in graph for node in triple if isinstance(node, rdflib.URIRef)}:
            graph.add((thing, rdflib.RDF.type, rdflib.RDFS.Resource))
        valid, _, _ = pyshacl.validate(graph, shacl_graph=shapes)
        return bool(valid)

    await whole_record(transparency)
    content = (await transparency.anonymous.get("/data.json")).json()
    assert conforms(content)
    place = next(i for i, node in enumerate(content["dataset"]) if node["@id"].endswith("/spend"))
    mutants: list[tuple[str, ...]] = [("title",), ("distribution", "0", "accessURL"), ("publisher", "name")]
    for path in mutants:
        broken = copy.deepcopy(content)
        target: Any = broken["dataset"][place]
        for step in path[:-1]:
            target = target[int(step) if step.isdigit() else step]
        del target[path[-1]]
        if path == ("publisher", "name"):
            for node in nodes(broken):
                if node.get("@id") == target["@id"]:
                    node.pop("name", None)
        assert not conforms(broken), path
        assert lacking(broken), path

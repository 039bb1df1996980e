"""The data dictionary over HTTP: JSON, CSV, pages, and names that it does not have."""

from __future__ import annotations

import csv
import io

from tests.harness import Running


async def test_the_dictionary_shows_every_column_and_every_deviation(transparency: Running) -> None:
    """Domain sections 5 and 9, item 15; T-9: None is text and no missing value."""
    reader = transparency.anonymous
    content = (await reader.get("/v1/data-dictionary")).json()
    assert "readers must not turn it into a missing value" in content["missing_values"]
    spend = next(entry for entry in content["datasets"] if entry["dataset"] == "spend")
    assert (spend["columns"], spend["follows_sector_schema"]) == (33, True)
    assert spend["deviations"] == sum(column["dataset"] == "spend" for column in content["deviations"])
    one = (await reader.get("/v1/data-dictionary/spend")).json()
    card = next(column for column in one["columns"] if column["header"] == "CardTransaction")
    assert (card["enum"], card["note"]) == (["GPC", "CCC", "None"], "None is text, not a missing value")
    assert (one["columns"][0]["header"], one["columns"][0]["position"]) == ("OrganisationLabel", 1)
    assert one["key"] == ["TransactionNumber", "LineNumber"]
    everything = list(csv.DictReader(io.StringIO((await reader.get("/v1/data-dictionary.csv")).text)))
    assert len(everything) == sum(entry["columns"] for entry in content["datasets"])
    departures = list(csv.DictReader(io.StringIO((await reader.get("/v1/data-dictionary/deviations.csv")).text)))
    assert len(departures) == len(content["deviations"])
    assert all(row["deviation"] for row in departures)
    own = list(csv.DictReader(io.StringIO((await reader.get("/v1/data-dictionary/spend.csv")).text)))
    assert [row["header"] for row in own] == [column["header"] for column in one["columns"]]
    assert next(row for row in own if row["header"] == "CardTransaction")["enum"] == "GPC|CCC|None"
    for path in ("/v1/data-dictionary.html", "/v1/data-dictionary/spend.html"):
        page = await reader.get(path)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "exact text pattern used" in page.text
    asked = await reader.get("/v1/data-dictionary", headers={"Accept": "text/html,application/xhtml+xml"})
    assert asked.text.startswith("<!doctype html>")


async def test_a_dataset_that_is_not_described_is_named_with_those_that_are(transparency: Running) -> None:
    answer = await transparency.anonymous.get("/v1/data-dictionary/spends")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["parameter"]) == (404, "profile_not_found", "dataset")
    assert "There is no data dictionary of spends; there is one of spend, contracts," in error["detail"]

"""Quality cards: what is counted at the check, what the calendar adds, and where each figure opens."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.harness import Running
from tests.transparency.facts import at, batch, line
from tests.transparency.open_data.stage import NUMBER, correction, figures, first_quarter, whole_record
from tests.transparency.test_editions import publish


def by_name(card: dict[str, Any]) -> dict[str, Any]:
    return {figure["name"]: figure for figure in card["figures"]}


async def test_the_rows_of_an_edition_give_each_share_with_the_counts_behind_it(transparency: Running) -> None:
    """T-58: linked to a contract, payees with a checked number, withheld, late."""
    await first_quarter(transparency)
    await correction(transparency)
    assert await figures(transparency) == {
        "rows": 5,
        "total_pence": 500_000,
        "contract_linked_pence": 100_000,
        "contract_linked_value_percent": "20.0",
        "organisation_payees": 2,
        "checked_payees": 1,
        "checked_payees_percent": "50.0",
        "redacted_rows": 1,
        "redacted_rows_percent": "20.0",
        "redacted_pence": 100_000,
        "redacted_value_percent": "20.0",
        "late_rows": 1,
        "late_rows_percent": "20.0",
        "late_pence": 100_000,
        "late_value_percent": "20.0",
    }


async def test_only_organisations_that_are_named_count_as_payees_with_or_without_a_number(
    transparency: Running,
) -> None:
    """T-58, T-19: a sole trader has no such number, and nothing is counted of a withheld name."""
    await first_quarter(transparency)
    trader = line(70_000, paid="2017-06-20", party_kind="sole_trader", party_key="js", name="J Smith")
    hidden = line(80_000, paid="2017-06-20", party_key="xx", name="XXXX", source_redacted=True, **NUMBER)
    await transparency.receive(*batch(trader, hidden, covers=("2017-06-20", "2017-06-20")))
    await publish(transparency, change_note="Two invoices more.")
    counted = await figures(transparency)
    assert (counted["rows"], counted["organisation_payees"], counted["checked_payees"]) == (6, 2, 1)
    assert counted["redacted_rows"] == 2


async def test_the_card_of_an_edition_and_of_the_year_say_what_was_on_time_and_open_to_their_rows(
    transparency: Running,
) -> None:
    """T-58: published on time and days late, reconciled difference, shares, days from fault to correction."""
    await whole_record(transparency)
    await figures(transparency)
    answer = (await transparency.anonymous.get("/v1/quality?publisher=body&year=2017/18")).json()
    assert [(card["period"], card["edition"]) for card in answer["items"]] == [("2017-18-q1", 1), ("2017-18-q1", 2)]
    first, second = (by_name(card) for card in answer["items"])
    assert (first["published_on_time"]["value"], first["days_late"]["value"]) == (True, 0)
    assert (first["contract_linked_value"]["value"], first["correction_days"]["value"]) == ("25.0", None)
    assert second["correction_days"]["value"] == 10
    assert (second["reconciled_difference"]["value"], second["reconciled_difference"]["unit"]) == (0, "pence")
    share = second["redacted_value"]
    assert (share["value"], share["part"], share["whole"], share["counted_in"]) == ("20.0", 100_000, 500_000, "pence")
    assert share["rows"] == (
        "http://test/transparency/v1/search?publisher=body&dataset=spend&period=2017-18-q1&edition=2&redaction=true"
    )
    (year,) = answer["years"]
    found = by_name(year)
    assert (year["year"], year["editions"]) == ("2017-18", 1)
    assert (found["correction_days"]["value"], found["correction_days"]["part"]) == ("10", 1)
    on_time = found["published_on_time"]
    assert (on_time["part"], on_time["whole"], on_time["counted_in"]) == (2, 13, "duties")
    assert found["days_late"]["value"] == 152
    narrowed = (await transparency.anonymous.get("/v1/quality?publisher=body&dataset=spend")).json()
    assert (by_name(narrowed["years"][0])["published_on_time"]["part"], len(narrowed["items"])) == (2, 2)
    assert by_name(narrowed["years"][0])["published_on_time"]["whole"] == 4
    table = list(csv.DictReader(io.StringIO((await transparency.anonymous.get("/v1/quality.csv")).text)))
    assert {row["figure"] for row in table} == set(found)
    assert [row["value"] for row in table if row["figure"] == "published_on_time"] == ["15.4", "true", "true"]
    one = (await transparency.anonymous.get("/v1/quality?limit=1")).json()
    following = one["links"]["next"].removeprefix("http://test/transparency")
    two = (await transparency.anonymous.get(following)).json()
    assert ([card["edition"] for card in one["items"] + two["items"]], two["years"]) == ([1, 2], [])
    page = await transparency.anonymous.get("/v1/quality.html")
    assert "Share of duties met on time" in page.text


async def test_a_missed_period_is_late_by_another_day_each_day(transparency: Running) -> None:
    """T-58, T-42: nobody waits for the file to count the days."""
    await first_quarter(transparency)
    await transparency.tick(at("2017-11-02T09:00"))
    for day, late in (("2017-11-02T10:00", 3), ("2017-11-09T10:00", 10)):
        transparency.clock.set(at(day))
        answer = (await transparency.anonymous.get("/v1/quality?publisher=body&dataset=spend")).json()
        assert by_name(answer["years"][0])["days_late"]["value"] == late, day


async def test_a_year_or_dataset_that_cannot_be_is_refused_at_its_place(transparency: Running) -> None:
    """Design section 5: 422 and 404 with the parameter, and what is wrong with which value."""
    answer = await transparency.anonymous.get("/v1/quality?year=2017-19")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["parameter"]) == (422, "bad_year", "year")
    assert "The year 2017-19 cannot be read" in error["detail"]
    unknown = await transparency.anonymous.get("/v1/quality?dataset=spends")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "dataset_not_found")

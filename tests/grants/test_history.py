"""The history of the grant: the real rows of the documents, beside the agreements."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.grants.steps import DATA, done, problem, signed
from tests.grants.test_outturns import AUDIT
from tests.harness import Running

HISTORY = "/v1/grant-history"


def printed_rows() -> list[dict[str, Any]]:
    """The rows of the documents as a request has them: grants by year, and spend where it is stated."""
    with (DATA / "outturn.csv").open(newline="", encoding="utf-8") as file:
        spend = {row["year"]: row for row in csv.DictReader(file)}
    rows = []
    with (DATA / "grant_history.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            body: dict[str, Any] = {
                name: row[name] or None for name in ("year", "funding_basis", "scope", "source", "note")
            }
            body["state"] = row["state"]
            body["grant_pence"] = int(row["grant_gbp"]) * 100 if row["grant_gbp"] else None
            if row["year"] in spend:
                stated = spend[row["year"]]
                body["spend_pence"] = int(stated["spend_gbp"]) * 100
                body["spend_state"] = stated["state"]
                body["spend_reported_on"] = stated["reported_on"]
            rows.append(body)
    return rows


async def take_in(grants: Running, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return done(await grants.as_("grants:manager").post(HISTORY, json={"rows": rows}), 200)


async def test_the_years_stand_side_by_side_and_unknown_ones_are_null(grants: Running) -> None:
    """Question 9 of the domain: unknown years null, never zero; worked example 9."""
    assert await take_in(grants, printed_rows()) == {"added": 11, "changed": 0, "unchanged": 0}
    items = done(await grants.anonymous.get(HISTORY), 200)["items"]
    grant = {(item["year"], item["scope"]): item["grant_pence"] for item in items}
    assert grant[("2010/11", "sector-led improvement funding")] == 4_130_000_000
    assert grant[("2013/14", None)] is None
    by_year = {item["year"]: item for item in items if item["scope"] in (None, "whole grant")}
    assert [by_year[year]["change_pence"] for year in ("2016/17", "2017/18", "2018/19")] == [
        None,
        -40_000_000,
        -100_000_000,
    ]
    assert by_year["2017/18"]["change_percent"] == "-1.869"
    earlier = by_year["2016/17"]
    assert (earlier["underspend_pence"], earlier["underspend_percent"], earlier["outturn_state"]) == (
        700_000,
        "0.033",
        "unstated",
    )
    assert [by_year["2018/19"][name] for name in ("spend_pence", "underspend_pence", "underspend_percent")] == [
        None
    ] * 3
    # The total of 2011/12 covers more than the figure of 2010/11 does, so no change is made up.
    assert [item["change_pence"] for item in items if item["year"] == "2011/12"] == [None, None, None]


async def test_an_agreement_of_a_year_speaks_for_itself_with_its_outturn(grants: Running) -> None:
    await take_in(grants, printed_rows())
    agreement = await signed(grants)
    body = {"state": "final", "as_at": "2018-05-31", "spend_pence": 2_098_125_000, **AUDIT}
    done(await grants.as_("grants:cfo").post("/v1/agreements/2017-18/outturns", json=body))
    items = done(await grants.anonymous.get(HISTORY), 200)["items"]
    (item,) = [item for item in items if item["year"] == "2017/18"]
    assert (item["agreement_id"], item["outturn_state"]) == (agreement["id"], "final")
    assert (item["underspend_pence"], item["underspend_percent"]) == (1_875_000, "0.089")
    assert (item["change_pence"], item["source"]) == (-40_000_000, "000 para 11; 002 para 4.3")


async def test_years_between_that_no_document_names_are_filled_with_nulls(grants: Running) -> None:
    rows = [row for row in printed_rows() if row["year"] in ("2010/11", "2016/17")]
    await take_in(grants, rows)
    items = done(await grants.anonymous.get(HISTORY), 200)["items"]
    assert [item["year"] for item in items] == [f"{year}/{(year + 1) % 100}" for year in range(2010, 2017)]
    assert {item["grant_pence"] for item in items[1:-1]} == {None}
    assert {item["state"] for item in items[1:-1]} == {"unknown"}
    assert items[-1]["funding_basis"] == "direct_grant"


async def test_the_same_rows_again_change_nothing_and_a_corrected_row_changes_itself(grants: Running) -> None:
    rows = printed_rows()
    await take_in(grants, rows)
    assert await take_in(grants, rows) == {"added": 0, "changed": 0, "unchanged": 11}
    rows[0]["grant_pence"] += 1
    assert await take_in(grants, rows) == {"added": 0, "changed": 1, "unchanged": 10}


async def test_what_was_not_yet_known_is_not_shown(grants: Running) -> None:
    grants.clock.set(datetime(2018, 5, 24, 12, tzinfo=UTC))
    await take_in(grants, [row for row in printed_rows() if row["year"] == "2016/17"])
    grants.clock.set(datetime(2018, 5, 25, 12, tzinfo=UTC))
    await take_in(grants, [row for row in printed_rows() if row["year"] == "2018/19"])
    known = done(await grants.anonymous.get(HISTORY, params={"known_by": "2018-05-24"}), 200)["items"]
    assert [item["year"] for item in known] == ["2016/17"]


async def test_the_history_reads_as_csv_with_empty_cells_for_what_is_unknown(grants: Running) -> None:
    await take_in(grants, printed_rows())
    sheet = await grants.anonymous.get(f"{HISTORY}.csv")
    lines = list(csv.reader(sheet.text.splitlines()))
    unknown = next(line for line in lines if line[0] == "2012/13")
    assert unknown[3:6] == ["", "", ""]
    assert next(line for line in lines if line[0] == "2018/19")[3:5] == ["20000000.00", "-1000000.00"]


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"year": "2016/18"}, 422, {"/rows/0/year": "bad_year_label"}),
        ({"year": "2017/18", "scope": "whole grant"}, 422, {"/rows/1/year": "repeated_year"}),
        ({"grant_pence": -1}, 422, {"/rows/0/grant_pence": "greater_than_equal"}),
        ({"grant_pence": "21m"}, 422, {"/rows/0/grant_pence": "int_type"}),
        ({"spend_pence": None}, 409, {"/rows/0/spend_state": "spend_state_without_spend"}),
        ({"spend_reported_on": "2018-06-02"}, 422, {"/rows/0/spend_reported_on": "future_date"}),
        ({"funding_basis": "levy"}, 422, {"/rows/0/funding_basis": "literal_error"}),
    ],
)
async def test_bad_rows_are_located_and_none_is_kept(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    rows = [row for row in printed_rows() if row["year"] in ("2016/17", "2017/18")]
    rows[0].update(change)
    refused = await grants.as_("grants:manager").post(HISTORY, json={"rows": rows})
    assert problem(refused, status) == errors
    assert done(await grants.anonymous.get(HISTORY), 200)["items"] == []


CLAIMS = f"{HISTORY}/claims"
REAL_TERMS: dict[str, Any] = {
    "from_year": "2010/11",
    "to_year": "2017/18",
    "claimed_by": "The association, in its update for the sector of November 2017",
    "source": "003 Introduction",
    "statement": "In real terms the money for improvement led by the sector fell by about three fifths.",
    "figure_as_printed": "approximately 60 per cent",
}
TOP_SLICE: dict[str, Any] = {
    "from_year": "2010/11",
    "to_year": "2014-15",
    "basis": "not_stated",
    "claimed_by": "The association, in its board paper of March 2011",
    "source": "004 para 2.1",
    "statement": "The top-slice falls over four years, most of it in the first.",
    "figure_as_printed": "38%",
}


async def claim(grants: Running, **body: Any) -> dict[str, Any]:
    return done(await grants.as_("grants:manager").post(CLAIMS, json=body))


async def test_claims_of_a_real_terms_change_stand_as_claims_and_compute_nothing(grants: Running) -> None:
    """Section 5, question 9: who claims what, where, in which words, with the figure as printed."""
    await take_in(grants, printed_rows())
    before = done(await grants.anonymous.get(HISTORY), 200)["items"]
    first = await claim(grants, **REAL_TERMS)
    second = await claim(grants, **TOP_SLICE)
    history = done(await grants.anonymous.get(HISTORY), 200)
    assert history["items"] == before
    assert [item["id"] for item in history["claims"]] == [second["id"], first["id"]]
    assert {name: history["claims"][1][name] for name in REAL_TERMS} == REAL_TERMS
    assert (history["claims"][1]["basis"], history["claims"][0]["basis"]) == ("real_terms", "not_stated")
    assert history["claims"][0]["to_year"] == "2014/15"
    # A cash change over those seven years is not made up either: the figures cover different things.
    assert [item["change_pence"] for item in before if item["year"] == "2010/11"] == [None]


async def test_a_claim_recorded_wrongly_is_withdrawn_and_still_known_for_its_day(grants: Running) -> None:
    """Question 9: as known on a date."""
    grants.clock.set(datetime(2018, 5, 24, 12, tzinfo=UTC))
    made = await claim(grants, **REAL_TERMS)
    grants.clock.set(datetime(2018, 5, 25, 12, tzinfo=UTC))
    path = f"{CLAIMS}/{made['id']}"
    client = grants.as_("grants:manager")
    gone = done(await client.post(f"{path}/withdrawals", json={"reason": "another fund"}))
    assert (gone["withdrawal_reason"], gone["version"]) == ("another fund", 2)
    assert problem(await client.post(f"{path}/withdrawals", json={"reason": "twice"}), 409) == {"": "claim_withdrawn"}
    assert done(await grants.anonymous.get(HISTORY), 200)["claims"] == []
    for known, count in (("2018-05-23", 0), ("2018-05-24", 1), ("2018-05-25T11:59:00Z", 1), ("2018-05-25", 0)):
        shown = done(await grants.anonymous.get(HISTORY, params={"known_by": known}), 200)["claims"]
        assert len(shown) == count, known
    assert done(await grants.anonymous.get(path), 200)["withdrawal_reason"] == "another fund"
    problem(await grants.anonymous.get(f"{CLAIMS}/none"), 404)


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"to_year": "2010/11"}, 422, {"/to_year": "claim_backwards"}),
        ({"to_year": "2017/19"}, 422, {"/to_year": "bad_year_label"}),
        ({"claimed_on": "2018-06-02"}, 422, {"/claimed_on": "future_date"}),
        ({"figure_as_printed": ""}, 422, {"/figure_as_printed": "string_too_short"}),
        ({"basis": "real"}, 422, {"/basis": "literal_error"}),
        ({"percent": 60}, 422, {"/percent": "extra_forbidden"}),
    ],
)
async def test_a_wrong_claim_is_refused_with_its_place(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    refused = await grants.as_("grants:manager").post(CLAIMS, json={**REAL_TERMS, **change})
    assert problem(refused, status) == errors
    assert done(await grants.anonymous.get(HISTORY), 200)["claims"] == []


async def test_claims_belong_to_the_manager_of_all_organisations(grants: Running) -> None:
    problem(await grants.as_("grants:finance").post(CLAIMS, json=REAL_TERMS), 403)
    limited = grants.as_("grants:manager", organisations=["agency"])
    problem(await limited.post(CLAIMS, json=REAL_TERMS), 403)


async def test_a_corrected_figure_is_not_known_before_its_correction(grants: Running) -> None:
    """Question 9: what was known on a day stays what it was; nothing is edited."""
    rows = [row for row in printed_rows() if row["year"] == "2016/17"]
    grants.clock.set(datetime(2018, 5, 24, 12, tzinfo=UTC))
    await take_in(grants, rows)
    grants.clock.set(datetime(2018, 5, 25, 12, tzinfo=UTC))
    rows[0]["grant_pence"] += 100
    assert (await take_in(grants, rows))["changed"] == 1
    for known, pence in (("2018-05-24", 2_140_000_000), ("2018-05-25", 2_140_000_100), (None, 2_140_000_100)):
        params = {"known_by": known} if known else {}
        (item,) = done(await grants.anonymous.get(HISTORY, params=params), 200)["items"]
        assert item["grant_pence"] == pence, known


async def test_a_year_of_an_agreement_is_known_from_its_signature_with_the_outturn_of_the_day(grants: Running) -> None:
    """Question 9; worked example 11: on 24 May 2018 the year had spent what was provisional then."""
    grants.clock.set(datetime(2018, 5, 23, 12, tzinfo=UTC))
    await signed(grants)
    grants.clock.set(datetime(2018, 5, 24, 12, tzinfo=UTC))
    client = grants.as_("grants:cfo")
    path = "/v1/agreements/2017-18/outturns"
    done(await client.post(path, json={"state": "provisional", "as_at": "2018-03-31", "spend_pence": 2_098_600_000}))
    grants.clock.set(datetime(2018, 7, 20, 12, tzinfo=UTC))
    body = {"state": "final", "as_at": "2018-07-20", "spend_pence": 2_098_125_000, **AUDIT}
    done(await client.post(path, json=body))

    async def known(day: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = done(await grants.anonymous.get(HISTORY, params={"known_by": day}), 200)["items"]
        return items

    assert await known("2018-05-22") == []
    (item,) = await known("2018-05-23")
    assert (item["state"], item["spend_pence"], item["underspend_pence"]) == ("in_force", None, None)
    (item,) = await known("2018-05-24")
    assert (item["outturn_state"], item["underspend_pence"]) == ("provisional", 1_400_000)
    (item,) = await known("2018-07-20")
    assert (item["outturn_state"], item["underspend_pence"]) == ("final", 1_875_000)

"""Finding entries of the ledger, and assignments that change over time."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.grants.by_hand import LINES, corrected, entered, everything, line, outside, post, read, reversed_
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile
from tests.grants.steps import budgeted, done, problem, register
from tests.grants.test_held_lines import ASSIGNED, HEADER, row
from tests.harness import Running, TestClock


@pytest.fixture
async def entries(grants: Running) -> dict[str, dict[str, Any]]:
    """Five entries that differ in what a search asks for; one of them corrected."""
    await budgeted(grants)
    grants.clock.set(datetime(2018, 6, 1, 12, tzinfo=UTC))
    found = {
        "course": await entered(grants, item_reference="INV-1"),
        "pay": await entered(
            grants, line_code="WF1", purpose="national pay negotiations", use_codes=["PU5"], net_pence=250_000
        ),
        "gross": await entered(
            grants, net_pence=5_000, gross_used=True, vat_pence=None, recoverable_vat_pence=None,
            payment_date="2018-05-31",
        ),
        "person": done(await post(grants, LINES, outside(party={"kind": "individual", "name": "Jo Green"}))),
    }  # fmt: skip
    grants.clock.set(datetime(2018, 6, 2, 12, tzinfo=UTC))
    made = await corrected(grants, found["course"]["entry_id"], line_code="IL1")
    return {**found, "reversal": made["reversal"], "new": made["correction"]}


SEARCHES: tuple[tuple[dict[str, str], set[str]], ...] = (
    ({"line_code": "IL5"}, {"course", "gross", "reversal"}),
    ({"quarter": "2017-18-q4"}, {"course", "pay", "gross", "reversal", "new"}),
    ({"agreement": "2017-18", "line_code": "WF1"}, {"pay"}),
    ({"supplier": "northern"}, {"course", "pay", "gross", "reversal", "new"}),
    ({"supplier": "green"}, {"person"}),
    ({"use_code": "PU5"}, {"pay"}),
    ({"use_declared": "false"}, {"person"}),
    ({"flag": "gross_used"}, {"gross"}),
    ({"kind": "reversal"}, {"reversal"}),
    ({"kind": "invoice"}, {"course", "pay", "gross", "person"}),
    ({"state": "standing"}, {"pay", "gross", "person", "new"}),
    ({"state": "superseded"}, {"course", "reversal"}),
    ({"batch_kind": "correction"}, {"reversal", "new"}),
    ({"min_pence": "100000"}, {"course", "pay", "person", "new"}),
    ({"max_pence": "-1"}, {"reversal"}),
    ({"paid_from": "2018-05-31"}, {"gross"}),
    ({"paid_to": "2018-05-02", "line_code": "IL1"}, {"new"}),
    ({"service_from": "2018-03-20", "service_to": "2018-03-20", "min_pence": "200000"}, {"pay"}),
    ({"recorded_since": "2018-06-02T00:00:00Z"}, {"reversal", "new"}),
    ({"organisation": "agency", "supplier": "nobody"}, set()),
)


@pytest.mark.parametrize(("parameters", "names"), SEARCHES)
async def test_the_ledger_is_searched_by_what_a_person_asks(
    grants: Running, entries: dict[str, dict[str, Any]], parameters: dict[str, str], names: set[str]
) -> None:
    """Question 5: by line, period, supplier, use code and more."""
    by_id = {entry["entry_id"]: name for name, entry in entries.items()}
    assert {by_id[found["entry_id"]] for found in await everything(grants, **parameters)} == names


async def test_chain_item_batch_and_payee_lead_to_their_entries(
    grants: Running, entries: dict[str, dict[str, Any]]
) -> None:
    """Question 5: by correction chain."""
    course = entries["course"]
    chain = {entries[name]["entry_id"] for name in ("course", "reversal", "new")}
    for parameters in (
        {"chain": course["entry_id"]},
        {"item": course["item_id"]},
    ):
        assert {entry["entry_id"] for entry in await everything(grants, **parameters)} == chain
    batch = await everything(grants, batch=entries["new"]["batch_id"])
    assert [entry["record"] for entry in batch] == [1, 2]
    by_key = await everything(grants, supplier=course["party"]["key"])
    assert len(by_key) == 5


async def test_a_search_by_name_finds_no_private_payee_for_who_does_not_see_names(
    grants: Running, entries: dict[str, dict[str, Any]]
) -> None:
    """T-19."""
    reader = grants.as_("grants:read")
    assert done(await reader.get(LINES, params={"supplier": "green"}), 200)["items"] == []
    assert len(done(await reader.get(LINES, params={"supplier": "northern"}), 200)["items"]) == 5


async def test_a_search_is_answered_as_csv_too(grants: Running, entries: dict[str, dict[str, Any]]) -> None:
    """§5: every tabular read; negative numbers intact, money in pounds."""
    answer = await grants.as_("grants:finance").get(f"{LINES}.csv", params={"chain": entries["course"]["entry_id"]})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["kind"], row["eligible"], row["paid"], row["state"]) for row in rows] == [
        ("invoice", "1000.00", "1200.00", "corrected"),
        ("reversal", "-1000.00", "-1200.00", "posted"),
        ("correction", "1000.00", "1200.00", "posted"),
    ]


BAD: tuple[tuple[dict[str, str], int, dict[str, str]], ...] = (
    ({"quarter": "2017-19-q1"}, 422, {"quarter": "bad_year_label"}),
    ({"quarter": "2017-18-q5"}, 422, {"quarter": "string_pattern_mismatch"}),
    ({"min_pence": "1_0"}, 422, {"min_pence": "not_as_written"}),
    ({"min_pence": "1" * 30}, 422, {"min_pence": "not_as_written"}),
    ({"paid_from": "1/4/2018"}, 422, {"paid_from": "not_as_written"}),
    ({"recorded_since": "2018-06-02"}, 422, {"recorded_since": "not_as_written"}),
    ({"agreement": "2016-17"}, 404, {"agreement": "not_found"}),
    ({"agreement": "2016-18"}, 422, {"agreement": "bad_year_label"}),
    ({"chain": "x"}, 422, {"chain": "uuid_parsing"}),
    ({"suplier": "x"}, 400, {"suplier": "unknown_parameter"}),
)


@pytest.mark.parametrize(("parameters", "status", "errors"), BAD)
async def test_a_search_that_cannot_be_meant_is_refused_by_its_parameter(
    grants: Running, parameters: dict[str, str], status: int, errors: dict[str, str]
) -> None:
    assert problem(await grants.as_("grants:read").get(LINES, params=parameters), status) == errors


async def test_an_entry_is_read_again_only_when_its_state_changed(grants: Running) -> None:
    await budgeted(grants)
    entry = await entered(grants)
    path = f"{LINES}/{entry['entry_id']}"
    reader = grants.as_("grants:finance")
    tag = (await reader.get(path)).headers["ETag"]
    assert (await reader.get(path, headers={"If-None-Match": tag})).status_code == 304
    await reversed_(grants, entry["entry_id"])
    assert (await reader.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_the_same_request_sent_twice_posts_one_entry(grants: Running) -> None:
    """G-43: repeated requests."""
    await budgeted(grants)
    client = grants.as_("grants:finance", sub="person:finance")
    first, second = [await client.post(LINES, json=line(), headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert (first.json(), second.headers["Idempotent-Replayed"]) == (second.json(), "true")
    assert len(await everything(grants)) == 1


@pytest.fixture
async def programme(grants: Running, clock: TestClock) -> Ledger:
    clock.set(datetime(2018, 6, 1, 12, tzinfo=UTC))
    await budgeted(grants)
    return Ledger(grants)


async def test_another_assignment_applies_from_a_stated_day_and_leaves_posted_entries_alone(programme: Ledger) -> None:
    """G-28a: a new version of the profile; entries posted before it move by corrections only."""
    profile = simple_profile(**ASSIGNED)
    await programme.defined(profile)

    async def send(*rows: list[str]) -> None:
        batch = await programme.sent(csv_file(*rows, header=HEADER), organisation="agency")
        accounted(batch)
        assert batch["outcomes"]["accepted"]["lines"] == 2

    await send(row("E-1", Date="2017-05-03"), row("E-2", Date="2017-07-03"))
    old = {"column": "Line", "equals": "IL1", "agreement": "2017/18", "line_code": "IL1", "effective_to": "2017-06-30"}
    new = {
        "column": "Line",
        "equals": "IL1",
        "agreement": "2017/18",
        "line_code": "IL2",
        "effective_from": "2017-07-01",
    }
    await programme.defined({**profile, "assignment": {"rules": [old, new]}})
    await send(row("E-3", Date="2017-06-30"), row("E-4", Date="2017-07-01"))
    posted = await programme.everything(LINES)
    by_key = {entry["line_key"]: entry["line_code"] for entry in posted}
    assert by_key == {"E-1": "IL1", "E-2": "IL1", "E-3": "IL1", "E-4": "IL2"}
    body = {
        "organisation": "agency",
        "source": "simple",
        "alike": {"line_code": "IL1", "service_from": "2017-07-01"},
        "agreement": "2017-18",
        "line_code": "IL2",
        "reason": "the assignment of July",
    }
    made = done(await programme.finance.post("/v1/expenditure-reassignments", json=body))
    assert made["corrected"] == 1
    standing = await programme.everything(LINES, state="standing")
    assert sorted(entry["line_code"] for entry in standing) == ["IL1", "IL1", "IL2", "IL2"]
    assert sum(entry["eligible_pence"] for entry in await programme.everything(LINES)) == 4 * 400_000


async def test_a_credit_note_of_a_file_names_the_item_it_corrects(programme: Ledger) -> None:
    """T-7: by the item's own id."""
    fields = {**ASSIGNED["fields"], "credit_of": {"column": "Exception"}}
    del fields["use_exception"]
    await programme.defined(simple_profile(**{**ASSIGNED, "fields": fields}, item_columns=["Reference"]))
    batch = await programme.sent(
        csv_file(row("E-1"), row("E-2", Amount="-10.00", Exception="E-1"), header=HEADER), organisation="agency"
    )
    accounted(batch)
    invoice, credit = await programme.everything(LINES)
    assert (credit["kind"], credit["credit_of"], invoice["credit_of"]) == ("credit_note", invoice["item_id"], None)


async def test_a_body_that_grant_is_passed_to_is_tested_the_same_way(programme: Ledger) -> None:
    """G-22; worked example 6, second half: the same by a pass-through body is PU1."""
    await register(programme.grants, "scrutiny-centre")
    await programme.defined(simple_profile(**ASSIGNED))
    award = {
        "line_code": "CF",
        "organisation": "scrutiny-centre",
        "amount_pence": 18_000_000,
        "awarded_on": "2017-05-10",
        "title": "Scrutiny support",
        "description": "Helpdesk and events.",
        "use_codes": [],
    }
    done(await programme.finance.post("/v1/agreements/2017-18/pass-through-awards", json=award))
    batch = await programme.sent(
        csv_file(row("E-1", Line="CF", Use="PU1", Purpose="lobbying"), row("E-2", Line="CF"), header=HEADER),
        organisation="scrutiny-centre",
    )
    assert (batch["outcomes"]["held"]["lines"], batch["outcomes"]["accepted"]["lines"]) == (1, 1)
    [held] = await programme.everything("/v1/held-lines", organisation="scrutiny-centre")
    assert [(reason["code"], reason["rule"]) for reason in held["reasons"]] == [("use_refused", "PU1")]
    body = line(organisation="scrutiny-centre", line_code="CF", purpose="lobbying", use_codes=["PU1"])
    refusal = await post(programme.grants, LINES, body)
    assert [error["code"] for error in refusal.json()["errors"]] == ["use_refused"]
    programme.grants.clock.set(programme.grants.clock() + timedelta(minutes=1))
    assert len(await everything(programme.grants, organisation="scrutiny-centre")) == 1
    assert (await read(programme.grants, "/v1/held-lines", rule="PU1"))["items"]

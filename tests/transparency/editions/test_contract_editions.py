"""Editions of a register, here contracts: the same states, addresses and comparisons as editions of spend."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from typing import Any

from shared.events.transparency import DatasetCorrected, DatasetPublished
from tests.checkers import Checkers, checkers  # noqa: F401 - a fixture
from tests.harness import Running
from tests.transparency.contracts.steps import PREFIX, contract, set_prefix
from tests.transparency.facts import at, batch, line, registered, signed
from tests.transparency.test_editions import OPEN, approve, check, ledger, publish

CONTRACTS = "/v1/datasets/body/contracts/2017-18-q1"
FILES = "/open/body/contracts/2017-18-q1"


async def enter(transparency: Running, **more: Any) -> None:
    answer = await transparency.as_("transparency:preparer").post("/v1/contracts", json=contract(**more))
    assert answer.status_code == 201, answer.text


async def change(transparency: Running, reference: str, **more: Any) -> None:
    path = f"/v1/contracts/body/{reference}/versions"
    answer = await transparency.as_("transparency:preparer").post(path, json=more)
    assert answer.status_code == 201, answer.text


async def ocds_faults(transparency: Running, checkers: Checkers, package: bytes) -> dict[str, Any]:  # noqa: F811
    """What the outside checker says, with the extension as the service serves it."""
    names = ("/open/ocds-extension/extension.json", "/open/ocds-extension/release-schema.json")
    files = {name: (await transparency.anonymous.get(name)).content for name in names}
    base = "http://test/transparency"
    return await asyncio.to_thread(checkers.ocds_faults, package, base, files)


async def test_a_quarter_of_contracts_is_published_corrected_and_merges_to_the_corrected_value(
    transparency: Running,
    checkers: Checkers,  # noqa: F811
) -> None:
    """T-26, T-49, worked example 14 (OCDS): same ocid, new release id, tag contractUpdate, compiled value as v2."""
    await transparency.receive(registered(), signed())
    await set_prefix(transparency, "body")
    await enter(transparency, reference="C-1", value_pence=1_234_000)
    await enter(transparency, reference="C-2", value_pence=500_000, signed_at="2017-05-12T09:30:00Z")
    first = await publish(transparency, CONTRACTS)
    assert (first["dataset"], first["rows"], first["total_pence"], first["change_kind"]) == (
        "contracts",
        2,
        1_734_000,
        "first",
    )
    reader = transparency.anonymous
    rows = list(csv.DictReader(io.StringIO((await reader.get(f"{FILES}/v1/contracts.csv")).text)))
    assert [(row["ContractReference"], row["ContractValue"]) for row in rows] == [
        ("C-1", "12340.00"),
        ("C-2", "5000.00"),
    ]
    (event,) = await transparency.emitted(DatasetPublished)
    assert (event.dataset, event.rows, event.url.endswith(f"{FILES}/v1/contracts.csv")) == ("contracts", 2, True)
    package = (await reader.get(f"{FILES}/v1/ocds.json")).content
    assert await ocds_faults(transparency, checkers, package) == {}

    transparency.clock.set(at("2018-06-02T09:00"))
    await change(
        transparency,
        "C-1",
        kind="correction",
        signed_at="2017-06-20T09:30:00Z",
        value_pence=1_216_000,
        rationale="A figure was keyed wrongly.",
    )
    second = await publish(transparency, CONTRACTS, change_note="The value of C-1 was keyed wrongly.")
    assert (second["edition"], second["change_kind"], second["total_pence"]) == (2, "correction", 1_716_000)
    diff = (await reader.get(f"{CONTRACTS}/diff?from=1&to=2")).json()
    values = [(item["old"], item["new"]) for item in diff["items"] if item["field"] == "value_pence"]
    assert values == [(1_234_000, 1_216_000)]
    assert {item["row_id"] for item in diff["items"]} == {rows[0]["RowID"]}
    (corrected,) = await transparency.emitted(DatasetCorrected)
    assert (corrected.dataset, corrected.previous_edition) == ("contracts", 1)

    register = await reader.get("/v1/contracts/ocds.json", params={"publisher": "body"})
    assert await ocds_faults(transparency, checkers, register.content) == {}
    compiled = {release["ocid"]: release for release in checkers.compiled(register.content)}
    assert (len(compiled), all(ocid.startswith(f"{PREFIX}-") for ocid in compiled)) == (2, True)
    values = sorted(release["contracts"][0]["value"]["amount"] for release in compiled.values())
    assert values == [5000.00, 12160.00]
    assert (await reader.get(f"{FILES}/v1/contracts.csv")).status_code == 200
    verified = (await reader.get(f"{CONTRACTS}/editions/1/verification")).json()
    assert (verified["digests"], verified["rows"]) == ("match", "match")


async def test_the_outside_checker_finds_what_is_put_in(
    transparency: Running,
    checkers: Checkers,  # noqa: F811
) -> None:
    """A guard that never fails guards nothing: a misspelt tag and a value that is text are found."""
    await transparency.receive(registered(), signed())
    await set_prefix(transparency, "body")
    await enter(transparency)
    await publish(transparency, CONTRACTS)
    package = (await transparency.anonymous.get(f"{FILES}/v1/ocds.json")).content
    assert await ocds_faults(transparency, checkers, package) == {}
    for right, wrong in (
        (rb'("initiationType": ?)"tender"', rb'\1"gift"'),
        (rb'("amount": ?)12340(\.00)?', rb'\1"12340"'),
        (rb'("tag": ?\[)"award"', rb'\1"awarded"'),
    ):
        broken, times = re.subn(right, wrong, package, count=1)
        assert times == 1, right
        assert await ocds_faults(transparency, checkers, broken), wrong


async def test_a_quarter_without_contracts_is_a_nil_return_that_a_person_states(transparency: Running) -> None:
    """T-51: a header-only file, stated, meets the duty; an empty register alone says nothing."""
    await transparency.receive(registered(), signed())
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    silent = await preparer.post(f"{CONTRACTS}/editions", json={})
    assert (silent.status_code, silent.json()["errors"][0]["code"]) == (409, "nil_not_stated")
    assert silent.json()["errors"][0]["pointer"] == "/nil_return"
    assert "If there was nothing to report, send nil_return" in silent.json()["detail"]
    edition = await publish(transparency, CONTRACTS, nil_return=True)
    assert (edition["nil_return"], edition["meets_duty"], edition["rows"]) == (True, True, 0)
    data = (await transparency.anonymous.get(f"{FILES}/v1/contracts.csv")).text
    assert (data.count("\r\n"), data.startswith("OrganisationLabel,")) == (1, True)
    found = (
        await transparency.anonymous.get("/v1/obligations", params={"publisher": "body", "code": "CONTRACTS"})
    ).json()
    states = {item["period"]: item["state"] for item in found["items"]}
    assert [state for period, state in states.items() if "Q1" in period] in (["met_late"], ["met"])
    await enter(transparency)
    wrong = await preparer.post(f"{CONTRACTS}/editions", json={"nil_return": True, "change_note": "None after all."})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (409, "not_nil")


async def test_what_changes_in_the_register_after_the_check_needs_another_check(transparency: Running) -> None:
    """Domain section 7: hash changed since check."""
    await transparency.receive(registered(), signed())
    await enter(transparency)
    checked = await check(transparency, CONTRACTS)
    await enter(transparency, reference="C-2", signed_at="2017-05-12T09:30:00Z")
    refused = await approve(transparency, checked, CONTRACTS)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "changed_since_check")
    again = await transparency.as_("transparency:preparer", sub="person:pia").post(f"{CONTRACTS}/editions/1/checks")
    assert (again.status_code, again.json()["rows"]) == (201, 2)
    assert (await approve(transparency, again.json(), CONTRACTS)).status_code == 201


async def test_a_row_that_names_a_contract_outside_the_register_stops_the_edition(transparency: Running) -> None:
    """T-16, worked example 16: 409 contract_unknown with the row ids; an empty reference passes."""
    await ledger(transparency, line(90_000, contract_ref="C-9"), line(80_000))
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    drafted = (await preparer.post("/v1/datasets/body/spend/2017-18-q1/editions", json={})).json()
    refused = await preparer.post(f"/v1/datasets/body/spend/2017-18-q1/editions/{drafted['edition']}/checks")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "contract_unknown")
    assert "name C-9, and the publisher's register of contracts holds no such reference" in refused.json()["detail"]
    ((reference, row_ids),) = refused.json()["rows"].items()
    await enter(transparency, reference="C-9")
    checked = await preparer.post(f"/v1/datasets/body/spend/2017-18-q1/editions/{drafted['edition']}/checks")
    assert checked.status_code == 201, checked.text
    assert (await approve(transparency, checked.json())).status_code == 201
    rows = list(csv.DictReader(io.StringIO((await transparency.anonymous.get(f"{OPEN}/v1/spend.csv")).text)))
    assert {row["RowID"]: row["ContractRef"] for row in rows}[row_ids[0]] == reference == "C-9"
    read = (await transparency.anonymous.get("/v1/contracts/body/C-9")).json()
    assert read["cumulative_spend_pence"] == 90_000


async def test_a_dataset_and_a_period_that_do_not_exist_are_named(transparency: Running) -> None:
    """Domain section 7: unknown edition 404; the message says what there is."""
    await transparency.receive(registered(), *batch(line(60_000)))
    reader = transparency.anonymous
    unknown = await reader.get("/v1/datasets/body/contract/2017-18-q1")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "dataset_not_found")
    assert "the datasets are contracts" in unknown.json()["detail"]
    year = await transparency.as_("transparency:preparer").post("/v1/datasets/body/contracts/2017-18/editions", json={})
    assert (year.status_code, year.json()["errors"][0]["parameter"]) == (404, "period")
    assert "Name a quarter, such as 2017-18-q1" in year.json()["detail"]


async def test_who_entered_a_contract_does_not_approve_the_edition_that_shows_it(transparency: Running) -> None:
    """Domain section 3: nobody approves what they drafted or changed."""
    await transparency.receive(registered(), signed())
    both = transparency.as_("transparency:preparer", "transparency:approver", sub="person:both")
    assert (await both.post("/v1/contracts", json=contract())).status_code == 201
    checked = await check(transparency, CONTRACTS)
    refused = await both.post(f"{CONTRACTS}/editions/1/approvals", json={"sha256": checked["sha256"]})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "four_eyes")
    assert (await approve(transparency, checked, CONTRACTS)).status_code == 201

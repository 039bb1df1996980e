"""Editions about staff from the synthetic list: chart, senior pay, counts and pay multiple, published for a year."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.harness import Running
from tests.transparency.facts import at, registered, signed
from tests.transparency.people.bench import SYNTHETIC, decide, send
from tests.transparency.test_editions import approve, check, publish

YEARLY = ("organisation_structure", "senior_employees", "senior_salary_count", "pay_multiple")


def path_of(dataset: str) -> str:
    return f"/v1/datasets/body/{dataset}/2017-18"


async def staffed(transparency: Running) -> None:
    """The synthetic list with its objection and its small unit decided, and an approved pay run."""
    await transparency.receive(registered(), signed())
    assert (await send(transparency, SYNTHETIC, rows_of="example-lead")).status_code == 201
    await decide(transparency, "L005")
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    settled = {
        "publisher": "body",
        "applicable_date": "2018-03-31",
        "unit": "Communications",
        "decision": "hide_figures",
        "public_interest": "Its figures would show the pay of the withheld post.",
    }
    answer = await lead.post("/v1/posts/small-units", json=settled)
    assert answer.status_code == 201, answer.text
    finance = transparency.as_("transparency:finance", sub="person:fay")
    run = await finance.post("/v1/pay-runs", json={"publisher": "body", "pay_date": "2018-03-31"})
    assert run.status_code == 201, run.text
    approver = transparency.as_("transparency:approver", sub="person:ava")
    assert (await approver.post(f"/v1/pay-runs/{run.json()['pay_run_id']}/approvals")).status_code == 201


async def resolved(transparency: Running, dataset: str) -> dict[str, Any]:
    """Checked, with every finding looked at by the preparer."""
    checked = await check(transparency, path_of(dataset))
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    for finding in checked["findings"]:
        where = f"{path_of(dataset)}/editions/1/findings/{finding['finding_id']}/resolutions"
        answer = await preparer.post(where, json={"reason": "Looked at; nothing personal shows."})
        assert answer.status_code == 201, answer.text
    return checked


async def test_a_year_of_staff_is_published_in_four_datasets_and_read_at_their_own_addresses(
    transparency: Running,
) -> None:
    """T-30 to T-41, through the same states as every edition; the duties of the year are met."""
    await staffed(transparency)
    reader = transparency.anonymous
    for dataset in YEARLY:
        checked = await resolved(transparency, dataset)
        if dataset == "pay_multiple":
            # Who made or approved the pay run does not approve the edition made of it (section 3).
            run_approver = transparency.as_("transparency:approver", sub="person:ava")
            where = f"{path_of(dataset)}/editions/1/approvals"
            refused = await run_approver.post(where, json={"sha256": checked["sha256"]})
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "four_eyes")
        answer = await approve(transparency, checked, path_of(dataset))
        assert answer.status_code == 201, answer.text
        rows = list(
            csv.DictReader(io.StringIO((await reader.get(f"/open/body/{dataset}/2017-18/v1/{dataset}.csv")).text))
        )
        assert len(rows) == answer.json()["rows"] > 0
        for name in ("schema.json", f"{dataset}.csv-metadata.json", f"{dataset}.json", "edition.json"):
            assert (await reader.get(f"/open/body/{dataset}/2017-18/v1/{name}")).status_code == 200, name
    chart = (await reader.get("/v1/organisation-chart/body/2018-03-31")).json()
    assert (chart["posts"], chart["posts_withheld"], chart["edition"]) == (33, 1, 1)
    picture = await reader.get("/open/body/organisation_structure/2017-18/v1/chart.svg")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    multiple = (await reader.get("/v1/pay-multiple/body/2017-18")).json()
    assert (multiple["highest_pence"], multiple["median_pence"], multiple["ratio"]) == (17_680_000, 5_667_500, "3.12")
    metadata = (await reader.get("/open/body/organisation_structure/2017-18/v1/edition.json")).json()
    assert metadata["left_out"]["OBJECTION_UPHELD"] == 1
    duties = (await reader.get("/v1/obligations", params={"publisher": "body", "year": "2017-18"})).json()["items"]
    states = {duty["code"]: duty["state"] for duty in duties}
    assert {states[code] for code in ("ORGCHART", "PAYMULTIPLE", "SENIORPAY")} <= {"met", "met_late"}


async def test_an_edition_of_the_year_before_meets_the_duty_of_the_july_after(transparency: Running) -> None:
    """Annex C items G and H, T-46: by 31 July, when only the year before has ended."""
    transparency.clock.set(at("2017-05-01T09:00"))
    await transparency.receive(registered(), signed())
    assert (
        await send(transparency, SYNTHETIC, rows_of="example-lead", applicable_date="2017-03-31")
    ).status_code == 201
    await decide(transparency, "L005")
    transparency.clock.set(at("2017-07-20T09:00"))
    lead = transparency.as_("transparency:dpl", sub="person:dee")
    settled = {
        "publisher": "body",
        "applicable_date": "2017-03-31",
        "unit": "Communications",
        "decision": "hide_figures",
        "public_interest": "Its figures would show the pay of the withheld post.",
    }
    assert (await lead.post("/v1/posts/small-units", json=settled)).status_code == 201
    await publish(transparency, "/v1/datasets/body/organisation_structure/2016-17")
    query = {"publisher": "body", "year": "2017-18", "code": "ORGCHART"}
    (duty,) = (await transparency.anonymous.get("/v1/obligations", params=query)).json()["items"]
    assert (duty["state"], duty["days_late"], duty["url"].endswith("/2016-17/v1/organisation_structure.csv")) == (
        "met",
        0,
        True,
    )


async def test_what_only_the_data_protection_lead_settles_is_not_settled_by_a_word(transparency: Running) -> None:
    """T-37: a small unit with a withheld post."""
    await transparency.receive(registered(), signed())
    assert (await send(transparency, SYNTHETIC, rows_of="example-lead")).status_code == 201
    await decide(transparency, "L005")
    checked = await check(transparency, path_of("organisation_structure"))
    (finding, *_) = [item for item in checked["findings"] if item["code"] == "small_unit"]
    where = f"{path_of('organisation_structure')}/editions/1/findings/{finding['finding_id']}/resolutions"
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    refused = await preparer.post(where, json={"reason": "It is fine."})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "settled_elsewhere")
    assert "a data protection lead settles the unit" in refused.json()["detail"]
    open_still = await approve(transparency, checked, path_of("organisation_structure"))
    assert (open_still.status_code, open_still.json()["errors"][0]["code"]) == (409, "findings_open")


@pytest.mark.parametrize("dataset", ["organisation_structure", "pay_multiple"])
async def test_nothing_is_drafted_from_records_that_are_not_there(transparency: Running, dataset: str) -> None:
    """Section 3: no staff list, no pay run: refused with words, and nothing is written."""
    await transparency.receive(registered(), signed())
    answer = await transparency.as_("transparency:preparer").post(f"{path_of(dataset)}/editions", json={})
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["code"]) == (409, {"pay_multiple": "no_pay_run"}.get(dataset, "no_staff_list"))
    assert "2017/18" in error["detail"] or "2018-03-31" in error["detail"]
    assert (await transparency.anonymous.get(f"{path_of(dataset)}/editions")).status_code == 404

"""Pay runs over HTTP: made by finance, approved by another, run again, published with the method card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.transparency.pay.publication import draft_multiple
from services.transparency.pay.rules import NoPayRun, PayRunOtherMethod
from tests.harness import Running
from tests.transparency.facts import registered
from tests.transparency.people.bench import (
    MANAGER,
    SYNTHETIC,
    as_csv,
    cells,
    drafted,
    faults,
    imported,
    post,
    publish,
    records,
    table,
)

RUNS = "/v1/pay-runs"
PUBLIC = "/v1/pay-multiple/body/2017-18"


async def made(transparency: Running, **more: Any) -> dict[str, Any]:
    finance = transparency.as_("transparency:finance", sub="person:fay")
    answer = await finance.post(RUNS, json={"publisher": "body", "pay_date": "2018-03-31", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def approved(transparency: Running, **more: Any) -> dict[str, Any]:
    run = await made(transparency, **more)
    approver = transparency.as_("transparency:approver", sub="person:abe")
    answer = await approver.post(f"{RUNS}/{run['pay_run_id']}/approvals")
    assert (answer.status_code, answer.json()["state"]) == (201, "approved"), answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_finance_makes_a_run_and_another_person_approves_it(transparency: Running) -> None:
    """T-39 to T-41: both bases, n, ranks, who was left out; four eyes."""
    await imported(transparency, SYNTHETIC, rows_of="example-lead")
    run = await made(transparency)
    figures = run["figures"]["fte_annualised"]
    assert (figures["highest_pence"], figures["median_pence"], figures["ratio"]) == (17_680_000, 5_667_500, "3.12")
    assert (figures["employees"], figures["median_ranks"]) == (50, [25, 26])
    assert run["figures"]["as_paid"]["ratio"] == "3.32"
    assert run["left_out"] == {"AGENCY": 2, "LEFT_BEFORE_DATE": 2, "STARTS_AFTER_DATE": 1}
    address = f"{RUNS}/{run['pay_run_id']}/approvals"
    assert (await transparency.as_("transparency:finance", sub="person:abe").post(address)).status_code == 403
    own = await transparency.as_("transparency:approver", sub="person:fay").post(address)
    assert (own.status_code, own.json()["errors"][0]["code"]) == (409, "four_eyes")
    approver = transparency.as_("transparency:approver", sub="person:abe")
    assert (await approver.post(address)).status_code == 201
    twice = await approver.post(address)
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "pay_run_approved")
    async with transparency.session() as session:
        with pytest.raises(IntegrityError, match="ck_pay_runs_two_people"):
            await (await session.connection()).execute(text("UPDATE pay_runs SET approved_by = made_by"))
    async with transparency.session() as session:
        with pytest.raises(IntegrityError, match="ck_pay_runs_ratio"):
            await (await session.connection()).execute(text("UPDATE pay_runs SET ratio_hundredths = 313"))


async def test_the_pay_list_of_a_run_is_anonymous_and_restricted(transparency: Running) -> None:
    """T-40, section 3."""
    await imported(transparency, as_csv(MANAGER, post("A2"), post("A3", "70000.00")))
    run = await made(transparency)
    address = f"{RUNS}/{run['pay_run_id']}/entries"
    for scope in ("preparer", "approver", "dpl", "information"):
        assert (await transparency.as_(f"transparency:{scope}").get(address)).status_code == 403
    listed = await transparency.as_("transparency:auditor").get(address)
    assert [item["basic_full_pence"] for item in listed.json()["items"]] == [12_000_000, 7_000_000, 6_000_000]
    assert set(listed.json()["items"][0]) == {
        "number", "basic_paid_pence", "basic_full_pence", "allowances_paid_pence", "allowances_full_pence",
        "bonus_pence", "benefits_pence",
    }  # fmt: skip
    other = transparency.as_("transparency:finance", organisations=["other"])
    assert (await other.get(f"{RUNS}/{run['pay_run_id']}")).status_code == 404
    async with transparency.session() as session:
        audit = (await (await session.connection()).execute(text("SELECT * FROM audit_entries"))).all()
    assert "12000000" not in str(audit)


async def test_a_run_is_made_again_from_its_list_or_said_to_differ(transparency: Running) -> None:
    """T-39, section 9: the method can be rerun; a list that was changed is noticed and not approved."""
    await imported(transparency, as_csv(MANAGER, post("A2"), post("A3", "70000.00")))
    run = await made(transparency)
    address = f"{RUNS}/{run['pay_run_id']}"
    finance = transparency.as_("transparency:finance", sub="person:fay")
    same = await finance.post(f"{address}/reruns")
    assert (same.status_code, same.json()["same"], same.json()["differs_in"]) == (201, True, [])
    await imported(transparency, as_csv(MANAGER, post("A2", "64000.00"), post("A3", "70000.00")))
    assert (await finance.get(address)).json()["list_changed_since"] is True
    async with transparency.session() as session:
        change = "UPDATE pay_run_entries SET basic_full_pence = 6500000 WHERE basic_full_pence = 7000000"
        await (await session.connection()).execute(text(change))
        await session.commit()
    differs = (await finance.post(f"{address}/reruns")).json()
    assert (differs["same"], differs["differs_in"]) == (
        False,
        ["entries", "median_pence", "ratio", "mean_pence", "mean_ratio"],
    )
    refused = await transparency.as_("transparency:approver", sub="person:abe").post(f"{address}/approvals")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "pay_run_differs")


async def test_anonymous_entries_can_be_sent_and_nothing_that_names_anyone(transparency: Running) -> None:
    """T-40, bad input `malformed request`: every error at once, with its place."""
    await transparency.receive(registered())
    finance = transparency.as_("transparency:finance", sub="person:fay")

    async def sent(content: bytes) -> Any:
        params = {"publisher": "body", "pay_date": "2018-03-31"}
        return await finance.post(f"{RUNS}/imports", content=content, params=params, headers=CSV)

    good = b"fte,months_paid,basic_pay_paid,bonus,end_date\r\n1,12,30000,0,\r\n0.5,6,5000,100.50,\r\n1,12,9,,2018-01-31"
    run = await sent(good)
    assert run.status_code == 201, run.text
    figures = run.json()["figures"]["fte_annualised"]
    assert (figures["highest_pence"], figures["median_pence"], figures["employees"]) == (3_000_000, 2_505_025, 2)
    assert (run.json()["source"], run.json()["left_out"]) == ("pay_list", {"LEFT_BEFORE_DATE": 1})
    named = await sent(b"holder_name,fte,months_paid,basic_pay_paid\r\nJo,1,12,1\r\n")
    assert (named.status_code, named.json()["errors"][0]["code"]) == (422, "unknown_column")
    bad = await sent(b"fte,months_paid,basic_pay_paid\r\n2,12,1\r\n1,0,100\r\n1,12,-5\r\n")
    assert {(item["code"], item["column"], item["line"]) for item in bad.json()["errors"]} == {
        ("not_as_written", "fte", 2),
        ("missing", "months_paid", 3),
        ("not_as_written", "basic_pay_paid", 4),
    }
    few = await sent(b"fte,months_paid,basic_pay_paid\r\n1,12,100\r\n")
    assert (few.status_code, few.json()["errors"][0]["code"]) == (422, "pay_run_empty")


CSV = {"Content-Type": "text/csv"}


async def test_a_run_needs_the_staff_list_of_its_day(transparency: Running) -> None:
    await transparency.receive(registered())
    finance = transparency.as_("transparency:finance")
    answer = await finance.post(RUNS, json={"publisher": "body", "pay_date": "2018-03-31"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "no_staff_list")


async def test_only_an_approved_run_by_the_method_in_force_is_published(transparency: Running, tmp_path: Path) -> None:
    """T-38 to T-41: the table fits its profile."""
    await imported(transparency, SYNTHETIC, rows_of="example-lead")
    await made(transparency)
    with pytest.raises(NoPayRun, match="No pay run of 2018-03-31 is approved"):
        await drafted(transparency, draft_multiple)
    await approved(transparency)
    with pytest.raises(PayRunOtherMethod, match="differs from the methodology in population, basis"):
        await drafted(transparency, draft_multiple, pay_population="programme_staff", pay_basis="as_paid")
    first = await drafted(transparency, draft_multiple)
    assert cells(first, "PayMultipleFactor") == ["Highest", "Median"]
    assert cells(first, "RemunerationValue") == ["176800.00", "56675.00"]
    assert (cells(first, "Ratio"), cells(first, "ModelCalculation")) == (["1.00", "3.12"], ["", "1"])
    assert faults("pay_multiple", table("pay_multiple", first), tmp_path) == []
    assert faults("pay_multiple", table("pay_multiple", first).replace(b",3.12,", b",3.12:1,"), tmp_path) != []
    await approved(transparency, further_factors=["lowest", "mean"])
    second = await drafted(transparency, draft_multiple)
    assert cells(second, "PayMultipleFactor") == ["Highest", "Median", "Mean", "Lowest"]
    assert cells(second, "ModelCalculation") == ["", "1", "3", "4"]
    assert faults("pay_multiple", table("pay_multiple", second), tmp_path) == []
    assert first.mark != second.mark
    assert [row.row_id for row in second.rows[:2]] == [row.row_id for row in first.rows]


async def test_the_published_multiple_has_its_method_card_as_json_csv_and_page(transparency: Running) -> None:
    """T-40, T-41: basis, date, n, population, ranks and methodology; only the page says n:1."""
    await imported(transparency, SYNTHETIC, rows_of="example-lead")
    await approved(transparency)
    await publish(transparency, "pay_multiple", await drafted(transparency, draft_multiple))
    answer = (await transparency.anonymous.get(PUBLIC)).json()
    assert (answer["highest_pence"], answer["median_pence"], answer["ratio"]) == (17_680_000, 5_667_500, "3.12")
    assert (answer["employees"], answer["median_ranks"], answer["population"]) == (50, [25, 26], "whole_workforce")
    assert (answer["pay_basis"], answer["pay_date"], answer["methodology"]) == ("fte_annualised", "2018-03-31", 1)
    assert (answer["mean_pence"], answer["lowest_pence"]) == (None, None)
    assert "lowest_pence" not in answer["beside"]
    assert answer["beside"]["ratio"] == "3.32"
    card = answer["method_card"]
    assert "Pension contributions" in card["left_out_of_earnings"]
    assert "places 25 and 26 of 50" in card["denominator"]
    assert card["sum"] == "176800.00 / 56675.00 = 3.12"
    assert {item["code"]: item["people"] for item in card["left_out_of_population"]} == answer["left_out"]
    rows = records((await transparency.anonymous.get(f"{PUBLIC}.csv")).content)
    assert [(row["PayMultipleFactor"], row["Ratio"]) for row in rows] == [("Highest", "1.00"), ("Median", "3.12")]
    page = await transparency.anonymous.get(f"{PUBLIC}.html")
    assert page.headers["content-type"].startswith("text/html")
    assert "3.12:1" in page.text
    assert "<script" not in page.text
    unknown = await transparency.anonymous.get("/v1/pay-multiple/body/2017-19")
    assert unknown.status_code == 404


async def test_who_made_and_who_approved_the_figures_is_handed_over_with_them(transparency: Running) -> None:
    """Section 3: none of them approves the edition."""
    await imported(transparency, as_csv(MANAGER, post("A2"), post("A3", "70000.00")))
    await approved(transparency)
    assert (await drafted(transparency, draft_multiple)).makers == ("person:pia", "person:fay", "person:abe")

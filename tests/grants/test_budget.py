"""The indicative budget over HTTP; worked examples 1 to 3."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.events.grants import BudgetSet
from tests.grants.steps import annex_b, approved, budgeted, done, drafted, figures, problem, signed
from tests.harness import Running

BUDGET = "/v1/agreements/2017-18/budget"


async def put(grants: Running, lines: list[dict[str, Any]], **more: Any) -> httpx.Response:
    headers = more.pop("headers", None)
    return await grants.as_("grants:manager").put(BUDGET, json={"lines": lines, **more}, headers=headers)


async def test_annex_b_balances_with_its_printed_sub_totals(grants: Running) -> None:
    """Worked example 1; G-7, G-8, G-9."""
    await signed(grants)
    budget = done(await put(grants, annex_b()), 200)
    carrying = [line for line in budget["lines"] if line["amount_pence"] is not None]
    assert (len(carrying), sum(line["amount_pence"] for line in carrying)) == (16, 2_100_000_000)
    computed = {line["code"]: line["computed_pence"] for line in budget["lines"] if line["computed_pence"] is not None}
    assert computed == {
        "OG": 123_200_000,
        "IL": 1_338_100_000,
        "WF": 193_400_000,
        "CM": 124_300_000,
        "TOTAL": 2_100_000_000,
    }
    assert budget["balanced"] is True
    assert {line["difference_pence"] for line in budget["lines"]} == {0, None}
    assert (budget["state"], budget["findings"]) == ("balanced", [])


async def test_the_budget_reads_as_a_tree_of_explicit_parents(grants: Running) -> None:
    """Question 2 of the domain; G-7: Service Improvement stands alone beneath the total."""
    await budgeted(grants)
    (total,) = done(await grants.anonymous.get(BUDGET), 200)["tree"]
    assert (total["code"], total["pence"]) == ("TOTAL", 2_100_000_000)
    assert [(node["code"], len(node["children"])) for node in total["children"]] == [
        ("OG", 3),
        ("SI", 0),
        ("IL", 6),
        ("WF", 2),
        ("CM", 2),
        ("LP", 0),
        ("CF", 0),
    ]
    assert sum(node["pence"] for node in total["children"]) == total["pence"]


async def test_more_than_the_grant_is_refused_with_both_figures(grants: Running) -> None:
    """Worked example 2; G-10."""
    await signed(grants)
    refused = await put(grants, annex_b(CF=19_000_000))
    assert problem(refused, 409) == {"/lines": "budget_over_grant"}
    answer = refused.json()
    assert (answer["computed_pence"], answer["expected_pence"], answer["difference_pence"]) == (
        2_101_000_000,
        2_100_000_000,
        1_000_000,
    )
    assert "£21,010,000.00" in answer["detail"]
    assert "£10,000.00" in answer["detail"]
    problem(await grants.anonymous.get(BUDGET), 404)
    assert await grants.emitted(BudgetSet) == []


async def test_less_than_the_grant_needs_an_unallocated_line(grants: Running) -> None:
    """Worked example 3; G-10."""
    await signed(grants)
    lines = annex_b(CF=17_000_000)
    refused = await put(grants, lines)
    assert problem(refused, 409) == {"/lines": "budget_under_grant"}
    assert "unallocated" in refused.json()["detail"]
    lines.insert(-1, {"code": "UN", "name": "Unallocated", "kind": "unallocated", "amount_pence": 999_999})
    assert problem(await put(grants, lines), 409) == {"/lines": "budget_under_grant"}
    lines[-2]["amount_pence"] = 1_000_000
    assert done(await put(grants, lines), 200)["balanced"] is True


async def test_a_wrong_parent_is_found_though_the_total_agrees_and_the_line_is_named(grants: Running) -> None:
    """G-9: all headings are checked; the one child equal to the difference is named."""
    await signed(grants)
    lines = annex_b()
    moved = next(line for line in lines if line["code"] == "IL5")
    moved["parent_code"] = "WF"
    refused = await put(grants, lines)
    places = {line["code"]: f"/lines/{index}/stated_pence" for index, line in enumerate(lines)}
    assert problem(refused, 409) == {places["IL"]: "heading_mismatch", places["WF"]: "heading_mismatch"}
    details = {error["pointer"]: error["detail"] for error in refused.json()["errors"]}
    assert "IL5 equals the difference" in details[places["WF"]]
    assert "£4,506,000.00" in details[places["WF"]]
    assert "£1,934,000.00" in details[places["WF"]]


async def test_the_fact_lists_carrying_lines_only(grants: Running) -> None:
    """G-8; nothing is told before the second person's approval."""
    await signed(grants)
    budget = done(await put(grants, annex_b()), 200)
    assert await grants.emitted(BudgetSet) == []
    await approved(grants, budget)
    (fact,) = await grants.emitted(BudgetSet)
    assert (len(fact.lines), fact.version, str(fact.effective_from)) == (16, 1, "2017-04-01")
    assert next(line.parent_code for line in fact.lines if line.code == "SI") == "TOTAL"


async def test_a_draft_is_set_anew_with_if_match_and_the_earlier_version_stays_readable(grants: Running) -> None:
    """G-12."""
    await drafted(grants)
    first = await put(grants, annex_b())
    assert first.headers["etag"].startswith('"1.')
    await approved(grants, done(first, 200))
    assert (await put(grants, annex_b())).status_code == 428
    assert (await put(grants, annex_b(), headers={"If-Match": '"9"'})).status_code == 412
    lines = annex_b(LP=100_100_000, CF=17_900_000)
    second = done(await put(grants, lines, headers={"If-Match": '"1"'}, effective_from="2017-07-01"), 200)
    assert [(version["number"], version["state"]) for version in second["versions"]] == [
        (1, "effective"),
        (2, "balanced"),
    ]
    assert done(await grants.as_("grants:read").get(BUDGET, params={"as_at": "2017-07-01"}), 200)["number"] == 1
    second = await approved(grants, second)
    assert [version["state"] for version in second["versions"]] == ["superseded", "effective"]

    async def amount(**params: Any) -> Any:
        budget = done(await grants.as_("grants:read").get(BUDGET, params=params), 200)
        return next(line["amount_pence"] for line in budget["lines"] if line["code"] == "CF")

    assert await amount(as_at="2017-06-30") == 18_000_000
    assert await amount(as_at="2017-07-01") == 17_900_000
    assert await amount(version=1) == 18_000_000
    ids = [
        {
            line["code"]: line["line_id"]
            for line in done(await grants.as_("grants:read").get(BUDGET, params=p), 200)["lines"]
        }
        for p in ({"version": 1}, {"version": 2})
    ]
    assert ids[0] == ids[1]
    problem(await grants.as_("grants:read").get(BUDGET, params={"as_at": "2017-03-31"}), 404)


async def test_the_budget_of_a_signed_agreement_is_not_typed_anew(grants: Running) -> None:
    """G-16: it changes by a variation."""
    await budgeted(grants)
    refused = await put(grants, annex_b(), headers={"If-Match": '"1"'})
    assert problem(refused, 409) == {"": "not_agreed"}


async def test_who_set_a_budget_does_not_approve_it_and_nobody_approves_it_twice(grants: Running) -> None:
    """G-12: an approver is never the author; a client without a person approves nothing."""
    await signed(grants)
    budget = done(await put(grants, annex_b()), 200)
    path = f"{BUDGET}/1/approvals"
    assert problem(await grants.as_("grants:approver").post(path), 409) == {"": "same_person"}
    problem(await grants.as_("grants:approver", sub="client:x", client_only=True).post(path), 403)
    problem(await grants.as_("grants:manager", sub="person:ruth").post(path), 403)
    problem(await grants.as_("grants:approver", sub="person:ruth").post(f"{BUDGET}/2/approvals"), 404)
    assert done(await grants.as_("grants:read").get(BUDGET, params={"version": 1}), 200)["state"] == "balanced"
    await approved(grants, budget)
    again = await grants.as_("grants:approver", sub="person:ruth").post(path)
    assert problem(again, 409) == {"": "not_awaiting_approval"}
    assert "Version 1 is effective" in again.json()["detail"]
    assert len(await grants.emitted(BudgetSet)) == 1


async def test_a_version_set_while_one_awaits_approval_replaces_it(grants: Running) -> None:
    """G-12: the first stays readable as withdrawn, and cannot be approved any more."""
    await signed(grants)
    done(await put(grants, annex_b()), 200)
    assert (await put(grants, annex_b())).status_code == 428
    lines = annex_b(LP=100_100_000, CF=17_900_000)
    second = done(await put(grants, lines, headers={"If-Match": '"1"'}), 200)
    assert [(each["number"], each["state"]) for each in second["versions"]] == [(1, "withdrawn"), (2, "balanced")]
    refused = await grants.as_("grants:approver", sub="person:ruth").post(f"{BUDGET}/1/approvals")
    assert problem(refused, 409) == {"": "not_awaiting_approval"}
    assert done(await grants.as_("grants:read").get(BUDGET, params={"version": 1}), 200)["state"] == "withdrawn"
    await approved(grants, second)
    assert done(await grants.as_("grants:read").get(BUDGET), 200)["number"] == 2


async def test_a_version_that_awaits_approval_is_withdrawn_with_a_reason(grants: Running) -> None:
    """Section 3: it can be approved no more; one that took effect stays."""
    await signed(grants)
    done(await put(grants, annex_b()), 200)
    manager = grants.as_("grants:manager")
    assert problem(await manager.post(f"{BUDGET}/1/withdrawals", json={}), 422) == {"/reason": "missing"}
    withdrawn = done(await manager.post(f"{BUDGET}/1/withdrawals", json={"reason": "Two lines were exchanged."}))
    assert withdrawn["state"] == "withdrawn"
    refused = await grants.as_("grants:approver", sub="person:ruth").post(f"{BUDGET}/1/approvals")
    assert problem(refused, 409) == {"": "not_awaiting_approval"}
    await approved(grants, done(await put(grants, annex_b(), headers={"If-Match": '"1"'}), 200))
    late = await manager.post(f"{BUDGET}/2/withdrawals", json={"reason": "Too late."})
    assert problem(late, 409) == {"": "not_awaiting_approval"}
    assert done(await grants.anonymous.get(BUDGET), 200)["number"] == 2


async def test_what_needs_a_budget_says_that_a_version_awaits_approval(grants: Running) -> None:
    """G-12, G-31."""
    await signed(grants)
    done(await put(grants, annex_b()), 200)
    shown = await grants.as_("grants:read").get(BUDGET)
    problem(shown, 404)
    assert "version 1 awaits approval" in shown.json()["detail"]
    path = "/v1/agreements/2017-18/accounting-periods/2017-18-q1/statement"
    refused = await grants.as_("grants:finance").post(path, json={"lines": figures()})
    assert problem(refused, 409) == {"/lines": "no_budget"}
    assert "Version 1 of the budget awaits approval" in refused.json()["detail"]


async def test_the_budget_known_by_a_day_is_the_one_approved_by_then(grants: Running) -> None:
    """G-12, two times: in effect from April as the agreement says, known from the day of the approval."""
    await budgeted(grants)
    params = {"as_at": "2017-06-30", "known_by": "2018-05-31"}
    problem(await grants.anonymous.get(BUDGET, params=params), 404)
    assert done(await grants.anonymous.get(BUDGET, params={**params, "known_by": "2018-06-01"}), 200)["number"] == 1


async def test_the_budget_reads_as_csv_in_pounds(grants: Running) -> None:
    await budgeted(grants)
    by_extension = await grants.anonymous.get(f"{BUDGET}.csv")
    by_accept = await grants.anonymous.get(BUDGET, headers={"Accept": "text/csv"})
    assert by_extension.content == by_accept.content
    rows = by_extension.text.split("\r\n")
    assert rows[1] == "OG1,Councillor Services,OG,leaf,384000.00,,,,1.829"
    assert rows[4] == "OG,Organisational Governance,TOTAL,heading,,1232000.00,1232000.00,0.00,5.867"
    assert by_extension.headers["etag"].startswith('"1.csv-')
    tag = (await grants.anonymous.get(BUDGET)).headers["etag"]
    assert (await grants.anonymous.get(BUDGET, headers={"If-None-Match": tag})).status_code == 304


@pytest.mark.parametrize(
    ("code", "change", "errors"),
    [
        ("OG1", {"parent_code": "ZZ"}, {"/lines/0/parent_code": "unknown_parent"}),
        ("OG1", {"parent_code": "OG2"}, {"/lines/0/parent_code": "parent_carries_money"}),
        ("OG1", {"code": "OG2"}, {"/lines/1/code": "repeated_code"}),
        ("OG1", {"amount_pence": None}, {"/lines/0/amount_pence": "amount_missing"}),
        ("OG1", {"stated_pence": 1}, {"/lines/0/stated_pence": "amount_of_sum"}),
        ("OG", {"amount_pence": 1}, {"/lines/3/amount_pence": "amount_of_sum"}),
        ("OG", {"parent_code": "OG"}, {"/lines/3/parent_code": "parent_circle"}),
        ("OG", {"kind": "total"}, {"/lines/3/parent_code": "unknown_parent", "/lines/20/kind": "several_totals"}),
        ("OG1", {"kind": "sum"}, {"/lines/0/kind": "literal_error"}),
        ("OG1", {"code": "og 1"}, {"/lines/0/code": "string_pattern_mismatch"}),
        ("OG1", {"amount_pence": -1}, {"/lines/0/amount_pence": "greater_than_equal"}),
        ("OG1", {"amount_pence": True}, {"/lines/0/amount_pence": "int_type"}),
    ],
)
async def test_a_broken_structure_is_located_and_nothing_is_kept(
    grants: Running, code: str, change: dict[str, Any], errors: dict[str, str]
) -> None:
    """G-7, G-8."""
    await signed(grants)
    lines = annex_b()
    next(line for line in lines if line["code"] == code).update(change)
    assert problem(await put(grants, lines), 422) == errors
    assert await grants.emitted(BudgetSet) == []


async def test_a_day_outside_the_year_is_refused(grants: Running) -> None:
    """G-4."""
    await signed(grants)
    refused = await put(grants, annex_b(), effective_from="2018-04-01")
    assert problem(refused, 409) == {"/effective_from": "outside_year"}
    both = await put(grants, annex_b(CF=17_000_000), effective_from="2018-04-01")
    assert problem(both, 409) == {"/effective_from": "outside_year", "/lines": "budget_under_grant"}

"""Virements and thresholds of significance over HTTP; worked examples 4 and 5."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.asyncapi import example_of
from shared.events.deliverables import PerformanceReportSubmitted
from shared.events.grants import AgreementVaried, BudgetSet
from tests.grants.steps import APPROVER, annex_b, budgeted, done, problem, signed
from tests.harness import Running

AGREEMENT = "/v1/agreements/2017-18"
VIREMENTS = f"{AGREEMENT}/virements"
JUDGED = {"significant": False, "reason": "Within one heading."}


async def post(grants: Running, lines: dict[str, int], **more: Any) -> httpx.Response:
    body = {
        "lines": [{"line_code": code, "delta_pence": delta} for code, delta in lines.items()],
        "reason": "More places are asked for.",
        "effective_from": "2017-10-01",
        **more,
    }
    return await grants.as_("grants:manager").post(VIREMENTS, json=body)


async def approve(grants: Running, virement: dict[str, Any], sub: str = APPROVER) -> httpx.Response:
    return await grants.as_("grants:approver", sub=sub).post(f"{VIREMENTS}/{virement['id']}/approvals")


async def amounts(grants: Running, *codes: str, **params: Any) -> list[int]:
    lines = done(await grants.anonymous.get(f"{AGREEMENT}/budget", params=params), 200)["lines"]
    found = {line["code"]: line["amount_pence"] or line["computed_pence"] for line in lines}
    return [found[code] for code in codes]


async def submitted(grants: Running, agreement: dict[str, Any], quarter: str = "2017-18-q1") -> None:
    """The deliverables service tells that a quarter's report was submitted."""
    told = {"agreement_id": agreement["id"], "year": "2017/18", "quarter": quarter, "version": 1}
    await grants.receive(PerformanceReportSubmitted.model_validate({**example_of(PerformanceReportSubmitted), **told}))


async def test_a_virement_inside_a_heading_makes_the_next_version_and_earlier_days_keep_theirs(
    grants: Running,
) -> None:
    """Worked example 4; G-12, G-13, G-14, G-16."""
    agreement = await budgeted(grants)
    await submitted(grants, agreement)
    virement = done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}, significance=JUDGED))
    assert (virement["state"], virement["procedure"], virement["why_department"]) == ("draft", "internal", [])
    would = virement["would_change"]
    assert (would["net_pence"], would["budget_before"], would["budget_after"]) == (0, 1, None)
    shares = {line["line_code"]: (line["share_of_source_percent"], line["share_of_source"]) for line in would["lines"]}
    assert shares == {"IL5": ("7.776", "7.78 %"), "IL1": (None, None)}
    assert await amounts(grants, "IL5", "IL1") == [257_200_000, 661_300_000]

    approved = done(await approve(grants, virement))
    assert (approved["state"], approved["would_change"]["budget_after"]) == ("agreed", 2)
    assert await amounts(grants, "IL5", "IL1", "IL", version=2) == [237_200_000, 681_300_000, 1_338_100_000]
    assert await amounts(grants, "IL5", "IL1", "IL", version=1) == [257_200_000, 661_300_000, 1_338_100_000]
    assert await amounts(grants, "IL5", "IL1", as_at="2017-09-30") == [257_200_000, 661_300_000]
    assert await amounts(grants, "IL5", "IL1", as_at="2017-10-01") == [237_200_000, 681_300_000]
    budget = done(await grants.anonymous.get(f"{AGREEMENT}/budget"), 200)
    assert (budget["type"], budget["balanced"], budget["number"]) == ("revised", True, 2)
    assert [(each["number"], each["type"], each["state"]) for each in budget["versions"]] == [
        (1, "original", "superseded"),
        (2, "revised", "effective"),
    ]

    facts = await grants.emitted(BudgetSet)
    assert [(fact.version, str(fact.effective_from)) for fact in facts] == [(1, "2017-04-01"), (2, "2017-10-01")]
    assert await grants.emitted(AgreementVaried) == []
    reader = grants.as_("grants:read")
    for quarter, il5, il1 in (("2017-18-q1", 257_200_000, 661_300_000), ("2017-18-q3", 237_200_000, 681_300_000)):
        accounts = done(await reader.get(f"{AGREEMENT}/management-accounts", params={"quarter": quarter}), 200)
        shown = {line["code"]: line["budget_pence"] for line in accounts["lines"]}
        assert (shown["IL5"], shown["IL1"]) == (il5, il1)
    # Every report of a quarter agrees on its budget, also where several quarters stand in one answer.
    rows = done(await reader.get(f"{AGREEMENT}/spend"), 200)["rows"]
    kept = {row["quarter"]: (row["budget_version"], row["budget_pence"]) for row in rows if row["code"] == "IL5"}
    assert kept == {
        "2017-18-q1": (1, 257_200_000),
        "2017-18-q2": (1, 257_200_000),
        "2017-18-q3": (2, 237_200_000),
        "2017-18-q4": (2, 237_200_000),
    }


async def test_any_two_versions_of_a_budget_are_compared_line_by_line(grants: Running) -> None:
    """Question 2 of the domain; G-12: original and revised side by side, as JSON and as CSV."""
    await budgeted(grants)
    virement = done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}, significance=JUDGED))
    done(await approve(grants, virement))
    path = f"{AGREEMENT}/budget/comparison"
    compared = done(await grants.anonymous.get(path, params={"from": 1, "to": 2}), 200)
    assert (compared["from_version"]["type"], compared["to_version"]["type"]) == ("original", "revised")
    changed = {line["code"]: line for line in compared["lines"] if line["change_pence"]}
    assert {code: (line["from_pence"], line["to_pence"], line["change_percent"]) for code, line in changed.items()} == {
        "IL5": (257_200_000, 237_200_000, "-7.776"),
        "IL1": (661_300_000, 681_300_000, "3.024"),
    }
    assert len(compared["lines"]) == 21
    backwards = done(await grants.anonymous.get(path, params={"from": 2, "to": 1}), 200)
    assert [line["change_pence"] for line in backwards["lines"]] == [
        -line["change_pence"] for line in compared["lines"]
    ]
    text = (await grants.anonymous.get(f"{path}.csv", params={"from": 1, "to": 2})).text
    assert "IL5," in text
    assert "2572000.00,2372000.00,-200000.00,-7.776" in text
    problem(await grants.anonymous.get(path, params={"from": 1, "to": 3}), 404)
    assert problem(await grants.anonymous.get(path), 422) == {"from": "missing", "to": "missing"}


async def test_a_virement_that_does_not_sum_to_zero_is_refused_with_its_net(grants: Running) -> None:
    """Worked example 5; G-13."""
    await budgeted(grants)
    refused = await post(grants, {"IL5": -10_000_000, "IL1": 9_000_000}, significance=JUDGED)
    assert problem(refused, 409) == {"/lines": "virement_unbalanced"}
    answer = refused.json()
    assert (answer["net_pence"], answer["expected_pence"]) == (-1_000_000, 0)
    assert "Net is -£10,000.00, must be 0" in answer["detail"]
    assert done(await grants.as_("grants:read").get(VIREMENTS), 200)["items"] == []


@pytest.mark.parametrize(
    ("lines", "status", "errors"),
    [
        ({"IL": -1, "IL1": 1}, 422, {"/lines/0/line_code": "unknown_line"}),
        ({"ZZ9": -1, "TOTAL": 1}, 422, {"/lines/0/line_code": "unknown_line", "/lines/1/line_code": "unknown_line"}),
        ({"IL5": 0, "IL1": 0}, 422, {"/lines/0/delta_pence": "nothing_moved", "/lines/1/delta_pence": "nothing_moved"}),
        ({"IL5": -257_200_001, "IL1": 257_200_001}, 409, {"/lines/0/delta_pence": "line_below_zero"}),
        (
            {"IL5": -257_200_001, "IL1": 1},
            409,
            {"/lines/0/delta_pence": "line_below_zero", "/lines": "virement_unbalanced"},
        ),
    ],
)
async def test_what_no_virement_can_be_is_refused_all_at_once(
    grants: Running, lines: dict[str, int], status: int, errors: dict[str, str]
) -> None:
    """G-13."""
    await budgeted(grants)
    assert problem(await post(grants, lines, significance=JUDGED), status) == errors
    assert done(await grants.as_("grants:read").get(VIREMENTS), 200)["items"] == []


async def test_a_wrong_day_does_not_hide_what_is_wrong_with_the_lines(grants: Running) -> None:
    """G-13, G-15, G-16, section 6: all errors come at once."""
    await budgeted(grants)
    refused = await post(grants, {"IL5": -300_000_000, "IL1": 1}, effective_from="2018-04-01")
    assert problem(refused, 409) == {
        "/lines/0/delta_pence": "line_below_zero",
        "/lines": "virement_unbalanced",
        "/effective_from": "outside_year",
        "/significance": "decision_required",
    }
    lines = [{"line_code": code, "delta_pence": pence} for code, pence in (("ZZ", 1), ("IL5", 0), ("IL5", -1))]
    body = {"lines": lines, "reason": "R", "effective_from": "2018-04-01"}
    broken = await grants.as_("grants:manager").post(VIREMENTS, json=body)
    assert problem(broken, 422) == {
        "/lines/0/line_code": "unknown_line",
        "/lines/1/delta_pence": "nothing_moved",
        "/lines/2/line_code": "repeated_line",
    }
    whole = {"kind": "allocation", "lines": annex_b(CF=17_000_000), "reason": "R", "effective_from": "2018-04-01"}
    varied = await grants.as_("grants:manager").post(f"{AGREEMENT}/variations", json=whole)
    assert problem(varied, 409) == {
        "/lines": "budget_under_grant",
        "/effective_from": "outside_year",
        "/significance": "decision_required",
    }


async def test_a_line_that_stands_twice_is_refused(grants: Running) -> None:
    """G-13."""
    await budgeted(grants)
    twice = [{"line_code": "IL5", "delta_pence": -1}, {"line_code": "IL5", "delta_pence": 1}]
    body = {"lines": twice, "reason": "R", "significance": JUDGED, "effective_from": "2017-10-01"}
    refused = await grants.as_("grants:manager").post(VIREMENTS, json=body)
    assert problem(refused, 422) == {"/lines/1/line_code": "repeated_line"}


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ({"IL5": -1, "OG1": 1}, "it crosses headings"),
        ({"LP": -1, "CF": 1}, "it touches pass-through: LP, CF"),
        ({"SI": -1, "IL1": 1}, "it touches lines that stand alone: SI"),
    ],
)
async def test_what_crosses_headings_or_touches_pass_through_goes_to_the_department(
    grants: Running, lines: dict[str, int], why: str
) -> None:
    """G-14: whatever its size; a second person's approval does not do."""
    await budgeted(grants)
    virement = done(await post(grants, lines, significance=JUDGED))
    assert virement["procedure"] == "department"
    assert why in virement["why_department"]
    refused = await approve(grants, virement)
    assert problem(refused, 409) == {"": "not_agreed"}
    assert "Variation 1 is draft" in refused.json()["detail"]
    assert "the budget stays as it is" in refused.json()["detail"]
    assert [each["number"] for each in done(await grants.anonymous.get(f"{AGREEMENT}/budget"), 200)["versions"]] == [1]


async def test_who_proposes_does_not_approve_and_nothing_takes_effect_twice(grants: Running) -> None:
    """G-14: the grant manager and a second approver."""
    await budgeted(grants)
    virement = done(await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED))
    assert problem(await approve(grants, virement, sub="person:anne"), 409) == {"": "same_person"}
    assert len(await grants.emitted(BudgetSet)) == 1
    done(await approve(grants, virement))
    assert problem(await approve(grants, virement), 409) == {"": "out_of_order"}
    assert len(await grants.emitted(BudgetSet)) == 2


async def test_two_virements_that_together_overdraw_a_line_do_not_both_take_effect(grants: Running) -> None:
    """G-13: what is approved is checked against the budget as it is then."""
    await budgeted(grants)
    both = [
        done(await post(grants, {"IL5": -200_000_000, code: 200_000_000}, significance=JUDGED))
        for code in ("IL1", "IL2")
    ]
    done(await approve(grants, both[0]))
    assert problem(await approve(grants, both[1]), 409) == {"": "line_below_zero"}
    withdrawn = done(
        await grants.as_("grants:manager").post(
            f"{AGREEMENT}/variations/{both[1]['id']}/decisions", json={"decision": "withdraw"}
        )
    )
    assert withdrawn["state"] == "withdrawn"


async def test_no_virement_takes_effect_in_a_period_whose_report_was_submitted(grants: Running) -> None:
    """G-16: asked when it is proposed, and again when it is approved."""
    agreement = await budgeted(grants)
    early = done(await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED, effective_from="2017-06-30"))
    await submitted(grants, agreement)
    refused = await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED, effective_from="2017-06-30")
    assert problem(refused, 409) == {"/effective_from": "period_reported"}
    assert "Q1 2017/18 has been submitted; give a day from 2017-07-01 on" in refused.json()["detail"]
    assert problem(await approve(grants, early), 409) == {"": "period_reported"}
    outside = await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED, effective_from="2018-04-01")
    assert problem(outside, 409) == {"/effective_from": "outside_year"}
    done(await approve(grants, done(await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED))))
    before = await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED, effective_from="2017-09-30")
    assert problem(before, 409) == {"/effective_from": "earlier_than_budget"}


async def test_a_virement_needs_a_budget_in_effect(grants: Running) -> None:
    await signed(grants)
    refused = await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED)
    assert problem(refused, 409) == {"": "no_budget"}


async def test_virements_are_listed_with_state_age_and_what_they_would_change(grants: Running) -> None:
    """Question 3 of the domain."""
    await budgeted(grants)
    first = done(await post(grants, {"IL5": -1, "IL1": 1}, significance=JUDGED))
    done(await approve(grants, first))
    grants.clock.set(datetime(2018, 6, 11, 12, tzinfo=UTC))
    done(await post(grants, {"IL5": -2, "IL1": 2}, significance=JUDGED))
    grants.clock.set(datetime(2018, 6, 15, 12, tzinfo=UTC))
    reader = grants.as_("grants:read")
    items = done(await reader.get(VIREMENTS), 200)["items"]
    assert [(item["state"], item["age_days"]) for item in items] == [("agreed", 0), ("draft", 4)]
    moved = items[1]["would_change"]["lines"]
    assert [(line["line_code"], line["before_pence"], line["after_pence"]) for line in moved] == [
        ("IL1", 661_300_001, 661_300_003),
        ("IL5", 257_199_999, 257_199_997),
    ]
    drafts = done(await reader.get(VIREMENTS, params={"state": "draft"}), 200)["items"]
    assert [item["number"] for item in drafts] == [2]
    assert (await grants.anonymous.get(VIREMENTS)).status_code == 401

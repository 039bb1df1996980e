"""Significance over HTTP: two thresholds, unset at first, and a named person where they do not decide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grants.steps import budgeted, done, problem
from tests.grants.test_virements import AGREEMENT, JUDGED, VIREMENTS, approve, post
from tests.harness import Running

THRESHOLDS = f"{AGREEMENT}/significance-thresholds"


async def test_while_no_threshold_is_set_a_person_says_whether_it_is_significant(grants: Running) -> None:
    """G-15: no silent default."""
    await budgeted(grants)
    refused = await post(grants, {"IL5": -1, "IL1": 1})
    assert problem(refused, 409) == {"/significance": "decision_required"}
    assert "No threshold is set; say in significance whether this is significant and why." in refused.text
    both = await post(grants, {"IL5": -2, "IL1": 1})
    assert problem(both, 409) == {"/significance": "decision_required", "/lines": "virement_unbalanced"}
    no_reason = await post(grants, {"IL5": -1, "IL1": 1}, significance={"significant": False})
    assert problem(no_reason, 422) == {"/significance/reason": "missing"}
    assert done(await grants.as_("grants:read").get(VIREMENTS), 200)["items"] == []
    made = done(await post(grants, {"IL5": -1, "IL1": 1}, significance={**JUDGED, "by": "Jo Grey"}))
    assert made["significance"] == {
        "significant": False,
        "basis": "judgement",
        "reason": JUDGED["reason"],
        "by": "Jo Grey",
    }


async def test_thresholds_are_set_by_the_cfo_with_a_reason_and_then_decide(grants: Running) -> None:
    """G-15: a share of the source line, an absolute amount; both unset at first, what was set before stays readable."""
    await budgeted(grants)
    cfo = grants.as_("grants:cfo")
    unset = await cfo.get(THRESHOLDS)
    assert (unset.json()["number"], unset.json()["share_percent"], unset.headers["etag"]) == (0, None, '"0"')
    body = {"share_percent": "7.7", "absolute_pence": None, "reason": "As the auditors advise."}
    problem(await grants.as_("grants:manager").put(THRESHOLDS, json=body), 403)
    assert (await cfo.put(THRESHOLDS, json=body)).status_code == 428
    assert problem(
        await cfo.put(THRESHOLDS, json={"share_percent": "7.7", "absolute_pence": 1}, headers={"If-Match": '"0"'}), 422
    ) == {"/reason": "missing"}
    done(await cfo.put(THRESHOLDS, json=body, headers={"If-Match": '"0"'}), 200)

    above = done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}))
    assert (above["procedure"], above["significance"]["basis"]) == ("department", "threshold")
    assert above["significance"]["reason"] == ("£200,000.00 of the £2,572,000.00 on IL5 is moved, more than 7.700 %")
    contradicted = await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}, significance=JUDGED)
    assert problem(contradicted, 409) == {"/significance": "significant_by_threshold"}
    half = await post(grants, {"IL5": -10_000_000, "IL1": 10_000_000})
    assert problem(half, 409) == {"/significance": "decision_required"}

    both = {"share_percent": "7.776", "absolute_pence": 20_000_000, "reason": "Both."}
    shown = done(await cfo.put(THRESHOLDS, json=both, headers={"If-Match": '"1"'}), 200)
    assert (shown["number"], shown["share_percent"], [each["share_percent"] for each in shown["earlier"]]) == (
        2,
        "7.776",
        ["7.700"],
    )
    # 200,000 of 2,572,000 is 7.77605 %: compared unrounded.
    assert done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}))["significance"]["significant"] is True
    below = done(await post(grants, {"IL5": -19_999_000, "IL1": 19_999_000}))
    assert (below["procedure"], below["significance"]["basis"]) == ("internal", "threshold")
    judged = await post(
        grants, {"IL5": -1_000, "IL1": 1_000}, significance={"significant": True, "reason": "A matter of principle."}
    )
    assert (done(judged)["procedure"], judged.json()["why_department"]) == ("department", ["it is significant"])


async def test_what_thresholds_set_meanwhile_make_significant_is_not_approved_any_more(grants: Running) -> None:
    """G-15: proposed while none was set, and judged not significant; the budget stays as it is."""
    await budgeted(grants)
    virement = done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}, significance=JUDGED))
    body = {"share_percent": None, "absolute_pence": 19_999_999, "reason": "Agreed with the department."}
    done(await grants.as_("grants:cfo").put(THRESHOLDS, json=body, headers={"If-Match": '"0"'}), 200)
    refused = await approve(grants, virement)
    assert problem(refused, 409) == {"": "not_agreed"}
    assert "£200,000.00 is moved, more than £199,999.99; the budget stays as it is" in refused.json()["detail"]
    shown = done(await grants.as_("grants:read").get(f"{VIREMENTS}/{virement['id']}"), 200)
    assert (shown["state"], shown["would_change"]["budget_after"]) == ("draft", None)


async def test_a_share_that_is_above_the_threshold_by_a_penny_is_not_told_as_the_threshold_itself(
    grants: Running,
) -> None:
    """G-15, G-35: compared unrounded, so what is shown rounded must not read as not above."""
    await budgeted(grants)
    body = {"share_percent": "5", "absolute_pence": None, "reason": "Agreed with the auditors."}
    done(await grants.as_("grants:cfo").put(THRESHOLDS, json=body, headers={"If-Match": '"0"'}), 200)
    above = done(await post(grants, {"IL5": -12_860_001, "IL1": 12_860_001}))
    assert above["procedure"] == "department"
    assert above["significance"]["reason"] == ("£128,600.01 of the £2,572,000.00 on IL5 is moved, more than 5.000 %")


@pytest.mark.parametrize("share", ["101", "7,5", "-1", "1e1", "7.1234", "", "100.001", "٧", "NaN", 7.5])
async def test_a_threshold_that_is_no_percentage_is_refused(grants: Running, share: Any) -> None:
    """G-15."""
    await budgeted(grants)
    body = {"share_percent": share, "absolute_pence": None, "reason": "R"}
    refused = await grants.as_("grants:cfo").put(THRESHOLDS, json=body, headers={"If-Match": '"0"'})
    assert set(problem(refused, 422)) == {"/share_percent"}

"""Variations over HTTP that were proposed on a budget which has moved on: nothing that was agreed since is undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.events.grants import AgreementVaried, BudgetSet
from tests.grants.steps import annex_b, approved, budget_set, budgeted, done, drafted, problem
from tests.grants.test_variations import AGREEMENT, CUT, JUDGED, VARIATIONS, agree, agreement, decide, propose
from tests.grants.test_virements import amounts, approve, post, submitted
from tests.harness import Running

PAYMENTS = f"{AGREEMENT}/payments"
WITHDRAW = "withdraw this and propose it anew"


async def to_agree(grants: Running, content: dict[str, Any]) -> dict[str, Any]:
    """A variation that awaits the department's word."""
    variation = done(await propose(grants, content))
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    return done(await decide(grants, variation, "submit"))


async def word(grants: Running, variation: dict[str, Any]) -> Any:
    return await decide(grants, variation, "agree", by="A. N. Official", reference="Letter 9")


async def test_whole_new_lines_do_not_undo_what_was_agreed_since_they_were_proposed(grants: Running) -> None:
    """G-16: nothing changes until it is agreed, so neither does what nobody proposed."""
    await budgeted(grants)
    held = dict(zip(("SI", "LP", "CF"), await amounts(grants, "SI", "LP", "CF"), strict=True))
    first = await to_agree(
        grants, {"kind": "allocation", "lines": annex_b(SI=held["SI"] - 10_000_000, LP=held["LP"] + 10_000_000)}
    )
    second = await to_agree(
        grants, {"kind": "allocation", "lines": annex_b(SI=held["SI"] - 5_000_000, CF=held["CF"] + 5_000_000)}
    )
    done(await word(grants, first))
    refused = await word(grants, second)
    assert problem(refused, 409) == {"": "budget_moved_on"}
    assert "Version 2 of the budget took effect since this was proposed" in refused.json()["detail"]
    assert WITHDRAW in refused.json()["detail"]
    assert (refused.json()["proposed_on"], refused.json()["in_effect"]) == (1, 2)
    assert await amounts(grants, "SI", "LP", "CF") == [held["SI"] - 10_000_000, held["LP"] + 10_000_000, held["CF"]]
    assert len(await grants.emitted(AgreementVaried)) == 1
    assert [fact.version for fact in await grants.emitted(BudgetSet)] == [1, 2]

    shown = done(await grants.as_("grants:read").get(f"{VARIATIONS}/{second['id']}"), 200)
    assert (shown["state"], shown["would_change"]) == ("submitted", second["would_change"])
    done(await decide(grants, second, "withdraw"))


async def test_what_lines_gain_and_lose_is_applied_to_the_budget_as_it_stands(grants: Running) -> None:
    """G-13, G-16: two variations that say what moves are both agreed, and neither undoes the other."""
    await budgeted(grants)
    si, lp, cf = await amounts(grants, "SI", "LP", "CF")
    both = [
        await to_agree(
            grants,
            {
                "kind": "allocation",
                "virement": [{"line_code": "SI", "delta_pence": -pence}, {"line_code": code, "delta_pence": pence}],
            },
        )
        for code, pence in (("LP", 10_000_000), ("CF", 5_000_000))
    ]
    for variation in both:
        done(await word(grants, variation))
    assert await amounts(grants, "SI", "LP", "CF") == [si - 15_000_000, lp + 10_000_000, cf + 5_000_000]


async def test_a_virement_approved_meanwhile_is_not_undone_either(grants: Running) -> None:
    """G-14, G-16."""
    await budgeted(grants)
    whole = await to_agree(grants, {"kind": "allocation", "lines": annex_b(LP=99_000_000, CF=19_000_000)})
    moved = {"significance": {**JUDGED, "significant": False}}
    done(await approve(grants, done(await post(grants, {"IL5": -20_000_000, "IL1": 20_000_000}, **moved))))
    assert problem(await word(grants, whole), 409) == {"": "budget_moved_on"}
    assert await amounts(grants, "IL5", "IL1") == [237_200_000, 681_300_000]


async def test_a_grant_changed_meanwhile_is_not_changed_back(grants: Running) -> None:
    """G-16: the second was agreed on another grant; the refusal names no place of the proposal, which is not sent."""
    await budgeted(grants)
    both = [await to_agree(grants, CUT) for _ in range(2)]
    raised = {"kind": "allocation", "grant_pence": 2_150_000_000}
    third = await to_agree(grants, {**raised, "virement": [{"line_code": "IL2", "delta_pence": 50_000_000}]})
    done(await word(grants, both[0]))
    for late in (both[1], third):
        refused = await word(grants, late)
        assert problem(refused, 409) == {"": "budget_moved_on"}
        assert "from £21,000,000.00 to £20,500,000.00" in refused.json()["detail"]
        assert WITHDRAW in refused.json()["detail"]
        done(await decide(grants, late, "withdraw"))
    assert (await agreement(grants))["grant_pence"] == 2_050_000_000


async def test_a_line_that_has_gone_meanwhile_is_told_as_the_budget_moved_on(grants: Running) -> None:
    """G-16: at the decision nothing can be mended in the proposal, so it is a conflict without a place."""
    await budgeted(grants)
    late = await to_agree(
        grants,
        {
            "kind": "allocation",
            "virement": [{"line_code": "CF", "delta_pence": -1}, {"line_code": "LP", "delta_pence": 1}],
        },
    )
    lines = [line for line in annex_b() if line["code"] != "CF"]
    next(line for line in lines if line["code"] == "LP")["amount_pence"] += 18_000_000
    await agree(grants, done(await propose(grants, {"kind": "allocation", "lines": lines})))
    refused = await word(grants, late)
    assert problem(refused, 409) == {"": "budget_moved_on"}
    assert "withdraw it and propose it anew" in refused.json()["detail"]


async def test_a_version_left_unapproved_stands_in_no_ones_way(grants: Running) -> None:
    """G-12, G-16: once signed it can never be approved; what is agreed takes effect and withdraws it."""
    await drafted(grants)
    await approved(grants, await budget_set(grants))
    manager = grants.as_("grants:manager", "grants:history")
    lines = [line for line in annex_b() if line["code"] != "CF"]
    next(line for line in lines if line["code"] == "LP")["amount_pence"] += 18_000_000
    done(await manager.put(f"{AGREEMENT}/budget", json={"lines": lines}, headers={"If-Match": '"1"'}), 200)
    for day in ("2017-04-24", "2017-05-04"):
        done(await manager.post(f"{AGREEMENT}/signatures", json={"signed_on": day}))
    virement = done(await post(grants, {"IL5": -1, "IL1": 1}, significance={**JUDGED, "significant": False}))
    assert done(await approve(grants, virement))["would_change"]["budget_after"] == 3
    budget = done(await grants.as_("grants:read").get(f"{AGREEMENT}/budget"), 200)
    assert [each["state"] for each in budget["versions"]] == ["superseded", "withdrawn", "effective"]
    first = done(await grants.as_("grants:read").get(f"{AGREEMENT}/budget", params={"version": 1}), 200)
    ids = [{line["code"]: line["line_id"] for line in each["lines"]} for each in (first, budget)]
    assert ids[0] == ids[1]


async def test_the_grant_is_not_lowered_beneath_what_is_received(grants: Running) -> None:
    """G-24: the total received never exceeds the grant; asked when it is proposed, and again when it is agreed."""
    await budgeted(grants)
    finance = grants.as_("grants:finance")
    body = {"direction": "in", "basis": "unknown", "requested_pence": 2_100_000_000}
    payment = done(await finance.post(PAYMENTS, json=body))
    path = f"{PAYMENTS}/{payment['id']}"
    done(await finance.post(f"{path}/requests", json={}))
    reason = {"reason": "The year is over."}
    done(await grants.as_("grants:cfo", sub="person:sam").post(f"{path}/excess-approvals", json=reason))
    waits = await to_agree(grants, CUT)
    whole = {"paid_on": "2018-06-01", "paid_pence": 2_100_000_000}
    done(await finance.post(f"{path}/parts", json=whole))
    refused = await propose(grants, CUT)
    assert problem(refused, 409) == {"/grant_pence": "grant_below_received"}
    assert "£21,000,000.00 of the grant is received or netted off" in refused.json()["detail"]
    assert problem(await word(grants, waits), 409) == {"": "grant_below_received"}
    assert (await agreement(grants))["grant_pence"] == 2_100_000_000
    back = {"paid_on": "2018-06-01", "paid_pence": -50_000_000, "reason": "Paid back."}
    done(await finance.post(f"{path}/parts", json=back))
    done(await word(grants, waits))
    summary = done(await grants.as_("grants:read").get(f"{PAYMENTS}/summary"), 200)
    assert (summary["receivable_pence"], summary["still_to_come_pence"]) == (2_050_000_000, 0)


async def test_a_year_whose_last_report_is_submitted_is_told_as_one_that_changes_no_more(grants: Running) -> None:
    """G-16: no day is left, so the way on is the agreement of the following year."""
    await submitted(grants, await budgeted(grants), "2017-18-q4")
    refused = await propose(grants, CUT)
    assert problem(refused, 409) == {"/effective_from": "period_reported"}
    assert refused.json()["detail"] == (
        "The report of Q4 2017/18 has been submitted; 2017/18 is not changed any more, so agree it for 2018/19."
    )


async def test_of_two_versions_of_one_day_the_one_known_by_an_instant_is_told(grants: Running) -> None:
    """G-12, two times: known_by is a day or an instant, as everywhere."""
    await budgeted(grants)
    for hour in (13, 15):
        grants.clock.set(datetime(2018, 6, 1, hour, tzinfo=UTC))
        moved = {"significance": {**JUDGED, "significant": False}}
        done(await approve(grants, done(await post(grants, {"IL5": -1, "IL1": 1}, **moved))))
    told = {
        known_by: done(await grants.anonymous.get(f"{AGREEMENT}/budget", params={"known_by": known_by}), 200)["number"]
        for known_by in ("2018-06-01T12:30:00Z", "2018-06-01T14:00:00Z", "2018-06-01T15:00:00+00:00", "2018-06-01")
    }
    assert list(told.values()) == [1, 2, 3, 3]
    vague = await grants.anonymous.get(f"{AGREEMENT}/budget", params={"known_by": "2018-06-01T14:00:00"})
    assert problem(vague, 422) == {"known_by": "not_as_written"}


async def test_words_of_a_clause_are_no_terms_of_the_agreement(grants: Running) -> None:
    """G-15, G-16: a clause that is called as a term is changes nothing but what it says."""
    await budgeted(grants)
    before = await agreement(grants)
    words = ("grant_pence", "in_force_to", "state", "review_by", "senior_responsible_name", "territory")
    changes = [{"what": name, "before": "a", "after": "5"} for name in words]
    await agree(grants, done(await propose(grants, {"kind": "scope", "changes": changes})))
    after = await agreement(grants)
    assert {name: after[name] for name in words} == {name: before[name] for name in words}
    listed = done(await grants.anonymous.get("/v1/agreements"), 200)["items"]
    assert [item["grant_pence"] for item in listed] == [2_100_000_000]
    versions = done(await grants.as_("grants:read").get(f"{AGREEMENT}/versions"), 200)["items"]
    assert [change["what"] for change in versions[-1]["changes"]] == list(words)


async def test_a_day_that_was_changed_from_a_later_day_on_is_not_changed_from_an_earlier_one(grants: Running) -> None:
    """G-16: else the later word would hold for some days only, and be undone by the earlier."""
    await budgeted(grants)
    waits = await to_agree(grants, {"kind": "deadline", "review_by": "2017-12-15", "effective_from": "2017-09-01"})
    first = {"kind": "deadline", "review_by": "2017-11-30", "effective_from": "2017-10-01"}
    await agree(grants, done(await propose(grants, first)))
    again = {**first, "review_by": "2017-12-20", "effective_from": "2017-09-30"}
    refused = await propose(grants, again)
    assert problem(refused, 409) == {"/effective_from": "earlier_than_term"}
    assert "review_by was changed from 2017-10-01 on; give a day not before it" in refused.json()["detail"]
    assert problem(await word(grants, waits), 409) == {"": "earlier_than_term"}
    other = {"kind": "deadline", "in_force_to": "2018-03-30", "effective_from": "2017-09-30"}
    await agree(grants, done(await propose(grants, other)))
    await agree(grants, done(await propose(grants, {**again, "effective_from": "2017-10-01"})))
    shown = await agreement(grants)
    assert (shown["review_by"], shown["in_force_to"]) == ("2017-12-20", "2018-03-30")

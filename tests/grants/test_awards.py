"""Pass-through awards over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.grants import PassThroughAwarded
from tests.grants.steps import annex_b, approved, budgeted, done, problem, register, signed
from tests.harness import Running

AWARDS = "/v1/agreements/2017-18/pass-through-awards"
AWARD = {
    "line_code": "CF",
    "organisation": "scrutiny-centre",
    "amount_pence": 18_000_000,
    "awarded_on": "2017-05-10",
    "title": "Scrutiny support",
    "description": "Helpdesk, networks and events.",
}


async def test_an_award_takes_the_whole_line_and_is_told(grants: Running) -> None:
    """G-22, G-23."""
    await budgeted(grants)
    body = await register(grants, "scrutiny-centre")
    made = done(await grants.as_("grants:manager").post(AWARDS, json=AWARD))
    assert (made["state"], made["organisation"], made["amount_pence"]) == ("offered", "scrutiny-centre", 18_000_000)
    (fact,) = await grants.emitted(PassThroughAwarded)
    assert (str(fact.award_id), str(fact.organisation_id), fact.line_code) == (made["id"], body["id"], "CF")
    shown = {**made, "use": None}
    assert done(await grants.anonymous.get(AWARDS), 200)["items"] == [shown]
    assert done(await grants.anonymous.get(f"{AWARDS}/{made['id']}"), 200) == shown
    assert done(await grants.as_("grants:read").get(AWARDS), 200)["items"] == [made]
    assert done(await grants.anonymous.get(AWARDS, params={"organisation": "agency"}), 200)["items"] == []


async def test_awards_of_a_line_stay_within_it_together(grants: Running) -> None:
    """G-23."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    client = grants.as_("grants:manager")
    done(await client.post(AWARDS, json={**AWARD, "amount_pence": 10_000_000}))
    refused = await client.post(AWARDS, json={**AWARD, "amount_pence": 8_000_001})
    assert problem(refused, 409) == {"/amount_pence": "award_over_line"}
    assert "£80,000.00" in refused.json()["detail"]
    done(await client.post(AWARDS, json={**AWARD, "amount_pence": 8_000_000}))


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"awarded_on": "2017-03-31"}, 409, {"/awarded_on": "outside_year"}),
        (
            {"awarded_on": "2017-03-31", "amount_pence": 18_000_001},
            409,
            {"/awarded_on": "outside_year", "/amount_pence": "award_over_line"},
        ),
        ({"line_code": "IL1"}, 422, {"/line_code": "not_pass_through"}),
        ({"line_code": "ZZ"}, 422, {"/line_code": "not_pass_through"}),
        ({"organisation": "nobody"}, 422, {"/organisation": "unknown_organisation"}),
        ({"organisation": "agency"}, 409, {"/organisation": "award_to_party"}),
        ({"amount_pence": 0}, 422, {"/amount_pence": "greater_than"}),
        ({"awarded_on": "2018-06-02"}, 422, {"/awarded_on": "future_date"}),
        ({"awarded_on": "2018-04-01"}, 409, {"/awarded_on": "outside_year"}),
        ({"planned_from": "2017-06-01", "planned_to": "2017-05-31"}, 422, {"/planned_to": "planned_backwards"}),
        ({"title": ""}, 422, {"/title": "string_too_short"}),
    ],
)
async def test_bad_awards_are_located_and_leave_no_event(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    """G-8, G-22, G-23: all faults at once; a day outside the year is a fault of the day."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    assert problem(await grants.as_("grants:manager").post(AWARDS, json={**AWARD, **change}), status) == errors
    assert await grants.emitted(PassThroughAwarded) == []
    problem(await grants.anonymous.get(f"{AWARDS}/{'0' * 8}"), 404)


async def test_an_award_on_a_day_without_a_budget_is_told_so_at_its_day(grants: Running) -> None:
    """G-12, G-23: the fault is the day, not the line; what else is wrong comes with it."""
    await signed(grants)
    await register(grants, "scrutiny-centre")
    client = grants.as_("grants:manager")
    none = await client.post(AWARDS, json=AWARD)
    assert problem(none, 409) == {"/line_code": "no_budget"}
    assert none.json()["detail"].startswith("Set the budget of the year first")
    body = {"lines": annex_b(), "effective_from": "2017-06-01"}
    budget = done(await client.put("/v1/agreements/2017-18/budget", json=body), 200)
    awaiting = await client.post(AWARDS, json=AWARD)
    assert (problem(awaiting, 409), "awaits approval" in awaiting.text) == ({"/line_code": "no_budget"}, True)
    await approved(grants, budget)
    refused = await client.post(AWARDS, json={**AWARD, "amount_pence": 18_000_001})
    assert problem(refused, 409) == {"/awarded_on": "no_budget", "/amount_pence": "award_over_line"}
    assert refused.json()["errors"][0]["detail"] == (
        "The first budget takes effect on 2017-06-01; give that day or a later one."
    )
    assert await grants.emitted(PassThroughAwarded) == []
    done(await client.post(AWARDS, json={**AWARD, "awarded_on": "2017-06-01"}))


async def moved_out_of_the_line(grants: Running, pence: int, effective_from: str) -> None:
    """A virement off CF that the department agrees to."""
    path, client = "/v1/agreements/2017-18/variations", grants.as_("grants:manager")
    body = {
        "kind": "allocation",
        "reason": "Less is asked for.",
        "effective_from": effective_from,
        "significance": {"significant": True, "reason": "It touches a pass-through."},
        "virement": [{"line_code": "CF", "delta_pence": -pence}, {"line_code": "IL1", "delta_pence": pence}],
    }
    decisions = f"{path}/{done(await client.post(path, json=body))['id']}/decisions"
    done(await client.post(decisions, json={"decision": "noted_by_board", "reference": "Minute 7"}))
    done(await client.post(decisions, json={"decision": "submit"}))
    done(await client.post(decisions, json={"decision": "agree", "by": "An official", "reference": "Letter 9"}))


async def test_awards_stay_within_the_line_of_every_budget_from_their_day_on(grants: Running) -> None:
    """G-12, G-16, G-23: what a later budget moves away is not awarded from the earlier one."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    await moved_out_of_the_line(grants, 16_999_899, "2017-07-01")
    client = grants.as_("grants:manager")
    for day in ("2017-05-10", "2017-07-01"):
        refused = await client.post(AWARDS, json={**AWARD, "awarded_on": day, "amount_pence": 1_000_102})
        assert problem(refused, 409) == {"/amount_pence": "award_over_line"}
        assert "£10,001.01 left to award" in refused.json()["detail"]
        assert ("from 2017-07-01 on" in refused.json()["detail"]) == (day == "2017-05-10")
    assert await grants.emitted(PassThroughAwarded) == []
    done(await client.post(AWARDS, json={**AWARD, "amount_pence": 1_000_000}))
    last = await client.post(AWARDS, json={**AWARD, "awarded_on": "2017-08-01", "amount_pence": 102})
    assert problem(last, 409) == {"/amount_pence": "award_over_line"}
    done(await client.post(AWARDS, json={**AWARD, "awarded_on": "2017-08-01", "amount_pence": 101}))


async def test_what_a_later_budget_adds_is_awarded_from_its_day_on(grants: Running) -> None:
    """G-12, G-23: later awards take nothing from the earlier budget, and it gives no more than it has."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    await moved_out_of_the_line(grants, -2_000_000, "2017-07-01")
    client = grants.as_("grants:manager")
    early = await client.post(AWARDS, json={**AWARD, "amount_pence": 18_000_001})
    assert problem(early, 409) == {"/amount_pence": "award_over_line"}
    done(await client.post(AWARDS, json={**AWARD, "awarded_on": "2017-07-01", "amount_pence": 19_000_000}))
    done(await client.post(AWARDS, json={**AWARD, "amount_pence": 1_000_000}))
    more = await client.post(AWARDS, json={**AWARD, "amount_pence": 1})
    assert problem(more, 409) == {"/amount_pence": "award_over_line"}

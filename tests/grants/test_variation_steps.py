"""The steps of a variation over HTTP, and everything that no variation can say."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.grants import AgreementVaried, BudgetSet
from tests.grants.steps import budgeted, done, problem, signed
from tests.grants.test_variations import CUT, JUDGED, REVIEW, TARGET, VARIATIONS, agree, agreement, decide, propose
from tests.harness import Running


async def test_steps_come_in_order_and_the_last_word_stands(grants: Running) -> None:
    """draft > board > submitted > agreed, refused or withdrawn."""
    await budgeted(grants)
    variation = done(await propose(grants, CUT))
    for early in ("submit", "agree", "refuse"):
        refused = await decide(grants, variation, early, by="A", reference="R")
        assert problem(refused, 409) == {"/decision": "out_of_order"}
        assert "Variation 1 is draft; next: noted_by_board, withdraw" in refused.json()["detail"]
    await agree(grants, variation)
    for late in ("noted_by_board", "submit", "agree", "refuse", "withdraw"):
        refused = await decide(grants, variation, late, by="A", reference="R")
        assert "Variation 1 is agreed; it is decided" in refused.json()["detail"]
    assert len(await grants.emitted(AgreementVaried)) == 1


@pytest.mark.parametrize("last", ["refuse", "withdraw"])
async def test_what_is_refused_or_withdrawn_changes_nothing(grants: Running, last: str) -> None:
    """G-16."""
    await budgeted(grants)
    variation = done(await propose(grants, CUT))
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    ended = done(await decide(grants, variation, last, by="A. N. Official", reference="Letter 9", reason="No money."))
    assert ended["state"] == {"refuse": "refused", "withdraw": "withdrawn"}[last]
    assert (await agreement(grants))["grant_pence"] == 2_100_000_000
    assert len(await grants.emitted(BudgetSet)) == 1
    assert await grants.emitted(AgreementVaried) == []


async def test_the_departments_word_needs_its_reference_and_a_name(grants: Running) -> None:
    """Section 3: the board's reference is noted; agreed and refused need the department's."""
    await signed(grants)
    variation = done(await propose(grants, TARGET))
    assert problem(await decide(grants, variation, "noted_by_board"), 422) == {"/reference": "reference_missing"}
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    for word in ("agree", "refuse"):
        assert problem(await decide(grants, variation, word), 422) == {
            "/reference": "reference_missing",
            "/by": "reference_missing",
        }
    future = await decide(grants, variation, "agree", by="A", reference="R", on="2018-06-02")
    assert problem(future, 422) == {"/on": "future_date"}
    problem(await decide(grants, variation, "agree", by="A", reference="R", on="2018-05-31"), 409)
    assert await grants.emitted(AgreementVaried) == []


@pytest.mark.parametrize(
    ("content", "status", "errors"),
    [
        ({"kind": "target"}, 422, {"/changes": "content_missing"}),
        (
            {"kind": "target", "changes": [{"what": "x", "after": "y"}]},
            422,
            {"/changes/0/deliverable": "content_missing"},
        ),
        ({"kind": "scope", "changes": [{"after": "y"}]}, 422, {"/changes/0/what": "content_missing"}),
        ({"kind": "scope", "changes": [{"what": "x"}]}, 422, {"/changes/0/after": "content_missing"}),
        (
            {"kind": "drop", "changes": [{"deliverable": "E1", "after": "y"}]},
            422,
            {"/changes/0/after": "not_of_this_kind"},
        ),
        (
            {"kind": "scope", "changes": [{"what": "x", "before": "y", "after": "y"}]},
            422,
            {"/changes/0/after": "nothing_changes"},
        ),
        (
            {**TARGET, "grant_pence": 1, "review_by": "2017-12-01", "in_force_to": "2018-01-01"},
            422,
            {
                "/grant_pence": "not_of_this_kind",
                "/review_by": "not_of_this_kind",
                "/in_force_to": "not_of_this_kind",
            },
        ),
        ({"kind": "allocation", "grant_pence": 1}, 422, {"/virement": "content_missing"}),
        ({**CUT, "grant_pence": 2_100_000_000}, 422, {"/grant_pence": "nothing_changes"}),
        ({**CUT, "grant_pence": 2_000_000_000}, 409, {"/lines": "virement_unbalanced"}),
        ({**CUT, "changes": [{"what": "x", "after": "y"}]}, 422, {"/changes": "not_of_this_kind"}),
        ({"kind": "deadline", "in_force_to": "2018-04-01"}, 409, {"/in_force_to": "outside_year"}),
        (
            {**REVIEW, "review_by": "2018-04-01", "effective_from": "2017-03-31"},
            409,
            {"/review_by": "outside_year", "/effective_from": "outside_year"},
        ),
        ({**TARGET, "significance": None}, 409, {"/significance": "decision_required"}),
        ({"kind": "money"}, 422, {"/kind": "literal_error"}),
        ({**CUT, "grant_pence": 0}, 422, {"/grant_pence": "greater_than"}),
    ],
)
async def test_what_no_variation_can_say_is_refused_with_its_place_and_nothing_is_kept(
    grants: Running, content: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    """G-4, G-15, G-16."""
    await budgeted(grants)
    refused = await propose(grants, content)
    assert problem(refused, status) == errors
    assert all(error["detail"] for error in refused.json()["errors"])
    assert done(await grants.as_("grants:read").get(VARIATIONS), 200)["items"] == []


async def test_a_past_variation_is_entered_with_its_days_by_who_may_state_them(grants: Running) -> None:
    """Two times: decisions of 2017 entered in 2018."""
    await signed(grants)
    refused = await propose(grants, TARGET, proposed_on="2017-07-03")
    problem(refused, 403)
    historian = grants.as_("grants:manager", "grants:history")
    body = {
        "reason": "R",
        "significance": JUDGED,
        "effective_from": "2017-10-01",
        **TARGET,
        "proposed_on": "2017-07-03",
    }
    variation = done(await historian.post(VARIATIONS, json=body))
    path = f"{VARIATIONS}/{variation['number']}/decisions"
    steps = (
        {"decision": "noted_by_board", "on": "2017-07-19", "reference": "Minute 7"},
        {"decision": "submit", "on": "2017-07-21"},
        {"decision": "agree", "on": "2017-09-25", "by": "A. N. Official", "reference": "Letter 9"},
    )
    too_early = await historian.post(path, json={**steps[0], "on": "2017-07-02"})
    assert problem(too_early, 409) == {"/on": "out_of_order"}
    for step in steps:
        shown = done(await historian.post(path, json=step))
    assert (shown["decided_on"], shown["age_days"]) == ("2017-09-25", 84)

"""Variations of an agreement over HTTP: nothing changes until the department agrees, then from its day on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import event

from shared.events.grants import AgreementVaried, BudgetSet
from tests.grants.steps import annex_b, budget_set, budgeted, done, drafted, problem, register, signed
from tests.grants.test_virements import submitted
from tests.harness import Running

AGREEMENT = "/v1/agreements/2017-18"
VARIATIONS = f"{AGREEMENT}/variations"
JUDGED = {"significant": True, "reason": "It changes what was agreed."}
CUT = {
    "kind": "allocation",
    "grant_pence": 2_050_000_000,
    "virement": [{"line_code": "IL1", "delta_pence": -50_000_000}],
}
TARGET = {
    "kind": "target",
    "changes": [{"deliverable": "E10", "what": "part 1", "before": "12 councils", "after": "10 councils"}],
}
REVIEW = {"kind": "deadline", "review_by": "2017-11-30"}


async def propose(grants: Running, content: dict[str, Any], **more: Any) -> httpx.Response:
    body = {
        "reason": "The settlement changed.",
        "significance": JUDGED,
        "effective_from": "2017-10-01",
        **content,
        **more,
    }
    return await grants.as_("grants:manager").post(VARIATIONS, json=body)


async def decide(grants: Running, variation: dict[str, Any], decision: str, **more: Any) -> httpx.Response:
    path = f"{VARIATIONS}/{variation['id']}/decisions"
    return await grants.as_("grants:manager").post(path, json={"decision": decision, **more})


async def agree(grants: Running, variation: dict[str, Any], **more: Any) -> dict[str, Any]:
    """All three steps: the board notes it, it is submitted, the department agrees."""
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    word = {"by": "A. N. Official", "reference": "Letter 9", **more}
    return done(await decide(grants, variation, "agree", **word))


async def agreement(grants: Running, **params: Any) -> dict[str, Any]:
    return done(await grants.anonymous.get(AGREEMENT, params=params), 200)


async def test_an_allocation_changes_grant_and_budget_once_the_department_agrees(grants: Running) -> None:
    """G-12, G-16: not before; then from effective_from on, and earlier days keep the earlier."""
    await budgeted(grants)
    variation = done(await propose(grants, CUT, evidence="Letter 3"))
    assert (variation["state"], variation["procedure"]) == ("draft", "department")
    assert variation["why_department"] == [
        "it is a variation of allocation",
        "it changes the grant",
        "it is significant",
    ]
    would = variation["would_change"]
    assert (would["grant_before_pence"], would["grant_after_pence"], would["net_pence"]) == (
        2_100_000_000,
        2_050_000_000,
        -50_000_000,
    )
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    assert (await agreement(grants))["grant_pence"] == 2_100_000_000
    assert await grants.emitted(AgreementVaried) == []

    agreed = done(await decide(grants, variation, "agree", by="A. N. Official", reference="Letter 9"))
    assert (agreed["state"], agreed["decided_by"], agreed["decided_on"], agreed["reference"]) == (
        "agreed",
        "A. N. Official",
        "2018-06-01",
        "Letter 9",
    )
    assert [step["decision"] for step in agreed["decisions"]] == ["noted_by_board", "submit", "agree"]
    assert (agreed["would_change"]["budget_before"], agreed["would_change"]["budget_after"]) == (1, 2)
    assert (await agreement(grants))["grant_pence"] == 2_050_000_000
    assert (await agreement(grants, as_at="2017-09-30"))["grant_pence"] == 2_100_000_000
    assert (await agreement(grants, as_at="2017-10-01"))["grant_pence"] == 2_050_000_000
    budgets = [
        done(await grants.anonymous.get(f"{AGREEMENT}/budget", params={"as_at": day}), 200)
        for day in ("2017-09-30", "2017-10-01")
    ]
    assert [(each["number"], each["type"], each["grant_pence"], each["balanced"]) for each in budgets] == [
        (1, "original", 2_100_000_000, True),
        (2, "revised", 2_050_000_000, True),
    ]
    (fact,) = await grants.emitted(AgreementVaried)
    assert (fact.kind, fact.grant_pence, fact.year, fact.reference) == (
        "allocation",
        2_050_000_000,
        "2017/18",
        "Letter 9",
    )
    assert [(change.what, change.before, change.after) for change in fact.changes] == [
        ("grant_pence", "2100000000", "2050000000")
    ]
    assert fact.version == (await agreement(grants))["version"]
    assert [(each.version, str(each.effective_from)) for each in await grants.emitted(BudgetSet)] == [
        (1, "2017-04-01"),
        (2, "2017-10-01"),
    ]


async def test_terms_known_by_a_day_are_those_recorded_by_then(grants: Running) -> None:
    """G-16, two times: in June 2018 nobody knew of what was recorded in July."""
    await budgeted(grants)
    grants.clock.set(datetime(2018, 7, 2, 12, tzinfo=UTC))
    await agree(grants, done(await propose(grants, CUT)))
    for known_by, pence in (("2018-07-01", 2_100_000_000), ("2018-07-02", 2_050_000_000)):
        assert (await agreement(grants, as_at="2018-03-31", known_by=known_by))["grant_pence"] == pence
    problem(await grants.anonymous.get(AGREEMENT, params={"known_by": "2018-05-31"}), 404)


async def test_what_is_agreed_for_a_later_day_does_not_show_before_it(grants: Running) -> None:
    """G-16: takes effect on its effective_from."""
    grants.clock.set(datetime(2017, 7, 3, 12, tzinfo=UTC))
    await budgeted(grants)
    await signed(grants, "2016/17", 2_140_000_000)
    await agree(grants, done(await propose(grants, CUT)))

    async def listed(**params: Any) -> tuple[int, int]:
        items = done(await grants.anonymous.get("/v1/agreements", params={"year": "2017-18", **params}), 200)["items"]
        return items[0]["grant_pence"], items[0]["change_pence"]

    assert (await agreement(grants))["grant_pence"] == 2_100_000_000
    assert await listed() == (2_100_000_000, -40_000_000)
    assert await listed(in_force_on="2017-10-01") == (2_050_000_000, -90_000_000)
    assert done(await grants.anonymous.get(f"{AGREEMENT}/budget"), 200)["number"] == 1
    grants.clock.set(datetime(2017, 9, 30, 23, 0, tzinfo=UTC))
    assert (await agreement(grants))["grant_pence"] == 2_050_000_000
    assert await listed() == (2_050_000_000, -90_000_000)
    assert done(await grants.anonymous.get(f"{AGREEMENT}/budget"), 200)["number"] == 2


async def test_a_whole_new_budget_may_stand_in_place_of_what_is_moved(grants: Running) -> None:
    """G-9, G-10: it must balance as any other; a pass-through line moves with it."""
    await budgeted(grants)
    lines = annex_b(LP=95_000_000, CF=19_000_000)
    body = {"kind": "allocation", "lines": lines, "virement": None}
    refused = await propose(grants, {"kind": "allocation", "lines": lines})
    assert problem(refused, 409) == {"/lines": "budget_under_grant"}
    both = await propose(grants, {**body, "virement": CUT["virement"]})
    assert problem(both, 422) == {"/virement": "content_missing"}
    lines = annex_b(LP=99_000_000, CF=19_000_000)
    variation = done(await propose(grants, {"kind": "allocation", "lines": lines}))
    moved = {line["line_code"]: line["delta_pence"] for line in variation["would_change"]["lines"]}
    assert moved == {"LP": -1_000_000, "CF": 1_000_000}
    await agree(grants, variation)
    budget = done(await grants.anonymous.get(f"{AGREEMENT}/budget"), 200)
    assert {line["code"]: line["amount_pence"] for line in budget["lines"]}["CF"] == 19_000_000


async def test_a_page_of_variations_costs_no_more_questions_to_the_database_than_one(grants: Running) -> None:
    """§5, question 3: what each would change is shown, and budgets are read once for all of them."""
    await budgeted(grants)
    asked: list[str] = []
    engine = grants.runtime.database.engine.sync_engine

    def ask(*told: Any) -> None:
        asked.append(told[2])

    counts = []
    for _ in range(2):
        for _ in range(3):
            moved = [{"line_code": "LP", "delta_pence": -100}, {"line_code": "CF", "delta_pence": 100}]
            done(await propose(grants, {"kind": "allocation", "virement": moved}))
        event.listen(engine, "before_cursor_execute", ask)
        shown = done(await grants.as_("grants:manager").get(VARIATIONS), 200)["items"]
        event.remove(engine, "before_cursor_execute", ask)
        counts.append((len(shown), len(asked)))
        asked.clear()
    (three, few), (six, many) = counts
    assert (three, six) == (3, 6)
    assert few == many > 0


async def test_a_line_does_not_fall_below_what_is_awarded_of_it(grants: Running) -> None:
    """G-23: asked when it is proposed, and again when the department agrees."""
    await budgeted(grants)
    await register(grants, "centre")
    virement = [{"line_code": "CF", "delta_pence": -9_000_000}, {"line_code": "IL1", "delta_pence": 9_000_000}]
    variation = done(await propose(grants, {"kind": "allocation", "virement": virement}))
    award = {
        "line_code": "CF",
        "organisation": "centre",
        "amount_pence": 10_000_000,
        "awarded_on": "2017-05-10",
        "title": "T",
        "description": "D",
        "use_codes": [],
    }
    done(await grants.as_("grants:manager").post(f"{AGREEMENT}/pass-through-awards", json=award))
    refused = await propose(grants, {"kind": "allocation", "virement": virement})
    assert problem(refused, 409) == {"/lines": "line_below_awards"}
    assert "£100,000.00 of CF is awarded" in refused.json()["detail"]
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    late = await decide(grants, variation, "agree", by="A", reference="R")
    assert problem(late, 409) == {"": "line_below_awards"}
    shown = done(await grants.as_("grants:read").get(f"{VARIATIONS}/{variation['id']}"), 200)
    assert (shown["state"], shown["decided_on"]) == ("submitted", None)
    assert await grants.emitted(AgreementVaried) == []


async def test_targets_scope_deadlines_and_drops_tell_what_changes(grants: Running) -> None:
    """G-16: the fact names deliverables, clauses and days; the budget stays as it is."""
    await signed(grants)
    scope = {"kind": "scope", "changes": [{"what": "Annex A, E", "before": "All councils", "after": "Districts too"}]}
    drop = {"kind": "drop", "changes": [{"deliverable": "LC13", "before": "A standards guide"}]}
    for content in (TARGET, scope, REVIEW, drop):
        await agree(grants, done(await propose(grants, content)))
    facts = await grants.emitted(AgreementVaried)
    assert [fact.kind for fact in facts] == ["target", "scope", "deadline", "drop"]
    assert [
        [(change.deliverable, change.what, change.before, change.after) for change in fact.changes] for fact in facts
    ] == [
        [("E10", "part 1", "12 councils", "10 councils")],
        [(None, "Annex A, E", "All councils", "Districts too")],
        [(None, "review_by", None, "2017-11-30")],
        [("LC13", None, "A standards guide", None)],
    ]
    assert await grants.emitted(BudgetSet) == []
    assert (await agreement(grants))["review_by"] == "2017-11-30"
    assert (await agreement(grants, as_at="2017-09-30"))["review_by"] is None


async def test_a_variation_shows_the_parties_by_the_names_of_the_day_it_was_agreed(grants: Running) -> None:
    """G-5: signed under the old name, varied under the new."""
    await signed(grants)
    body = {"name": "Ministry", "since": "2018-01-08"}
    done(await grants.as_("grants:manager").post("/v1/organisations/department/names", json=body))
    await agree(grants, done(await propose(grants, TARGET)))
    (fact,) = await grants.emitted(AgreementVaried)
    assert {party.role: party.name for party in fact.parties} == {"funder": "Ministry", "recipient": "Agency"}
    assert [party["name"] for party in (await agreement(grants))["parties"]] == ["Department", "Agency"]
    assert [party["name"] for party in (await agreement(grants, as_at="2018-02-01"))["parties"]] == [
        "Ministry",
        "Agency",
    ]


async def test_an_agreement_that_is_not_signed_is_not_varied(grants: Running) -> None:
    await drafted(grants)
    assert problem(await propose(grants, TARGET), 409) == {"": "not_signed"}


async def test_nothing_takes_effect_in_a_period_whose_report_was_submitted(grants: Running) -> None:
    """G-16, G-43: the submitted report keeps its budget and targets."""
    await submitted(grants, await budgeted(grants))
    refused = await propose(grants, TARGET, effective_from="2017-06-30")
    assert problem(refused, 409) == {"/effective_from": "period_reported"}
    done(await propose(grants, TARGET, effective_from="2017-07-01"))


async def test_the_budget_is_not_typed_anew_while_a_variation_is_undecided(grants: Running) -> None:
    """`not_agreed`: the answer names the variation and where it stands."""
    await budgeted(grants)
    variation = done(await propose(grants, CUT))
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    body = {"lines": annex_b()}
    refused = await grants.as_("grants:manager").put(f"{AGREEMENT}/budget", json=body, headers={"If-Match": '"1"'})
    assert problem(refused, 409) == {"": "not_agreed"}
    assert "Variation 1 is submitted; the budget stays as it is" in refused.json()["detail"]


async def test_a_budget_left_unapproved_does_not_slip_in_after_a_variation(grants: Running) -> None:
    """G-12, G-16: a version set before the signature cannot replace what was agreed."""
    await drafted(grants)
    first = await budget_set(grants)
    approver = grants.as_("grants:approver", sub="person:ruth")
    done(await approver.post(f"{AGREEMENT}/budget/{first['number']}/approvals"))
    body = {"lines": annex_b(LP=99_000_000, CF=19_000_000)}
    manager = grants.as_("grants:manager", "grants:history")
    done(await manager.put(f"{AGREEMENT}/budget", json=body, headers={"If-Match": '"1"'}), 200)
    for day in ("2017-04-24", "2017-05-04"):
        done(await manager.post(f"{AGREEMENT}/signatures", json={"signed_on": day}))
    refused = await approver.post(f"{AGREEMENT}/budget/2/approvals")
    assert problem(refused, 409) == {"": "not_agreed"}


async def test_decisions_that_arrive_together_are_taken_once(grants: Running) -> None:
    """G-43: the agreement's row makes them wait."""
    await budgeted(grants)
    variation = done(await propose(grants, CUT))
    done(await decide(grants, variation, "noted_by_board", reference="Minute 7"))
    done(await decide(grants, variation, "submit"))
    answers = await asyncio.gather(*(decide(grants, variation, "agree", by="A", reference="R") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len(await grants.emitted(AgreementVaried)) == 1


async def test_variations_are_listed_by_state_and_kind(grants: Running) -> None:
    """Question 3 of the domain."""
    await budgeted(grants)
    first = done(await propose(grants, CUT))
    done(await propose(grants, TARGET))
    done(await decide(grants, first, "withdraw"))
    reader = grants.as_("grants:read")

    async def numbers(**params: Any) -> list[int]:
        items = done(await reader.get(VARIATIONS, params=params), 200)["items"]
        return [item["number"] for item in items]

    assert await numbers() == [1, 2]
    assert await numbers(state="draft") == [2]
    assert await numbers(kind="allocation") == [1]
    assert await numbers(limit=1) == [1]
    problem(await reader.get(VARIATIONS, params={"state": "lost"}), 422)
    problem(await reader.get(f"{VARIATIONS}/9"), 404)
    problem(await reader.get(f"{AGREEMENT}/virements/1"), 404)

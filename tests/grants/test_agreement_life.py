"""The life of an agreement over HTTP: what changed when and by whom, terms as at a day, reviews."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.grants.steps import FUNDER, RECIPIENT, approved, budget_set, done, drafted, problem, register, signed
from tests.harness import Running

AGREEMENT = "/v1/agreements/2017-18"
REVIEWS = f"{AGREEMENT}/yearly-reviews"
REVIEW = {
    "decision": "continue",
    "reconciliation_note": "Spend agrees with the statements.",
    "decided_by": "A. N. Official",
}


async def shown(grants: Running, **params: Any) -> dict[str, Any]:
    return done(await grants.as_("grants:read").get(AGREEMENT, params=params), 200)


async def with_review_day(grants: Running) -> dict[str, Any]:
    """The agreement of 2017/18 that states a day for its review, signed in May."""
    for slug in (FUNDER, RECIPIENT, "parent"):
        await register(grants, slug)
    body = {
        "year": "2017/18",
        "funding_basis": "direct_grant",
        "grant_pence": 2_100_000_000,
        "review_by": "2017-10-31",
        "senior_responsible_name": "Jo Grey",
        "parties": [
            {"role": "funder", "organisation": FUNDER},
            {"role": "recipient", "organisation": RECIPIENT},
            {"role": "lead_parent", "organisation": "parent"},
        ],
    }
    done(await grants.as_("grants:manager").post("/v1/agreements", json=body))
    client = grants.as_("grants:manager", "grants:history")
    for day in ("2017-04-24", "2017-05-04"):
        agreement = done(await client.post(f"{AGREEMENT}/signatures", json={"signed_on": day}))
    return agreement


async def test_every_change_of_an_agreement_is_kept_with_who_and_when(grants: Running) -> None:
    """Section 2: versions say what changed, by whom, when, and from which day it holds."""
    await drafted(grants)
    client = grants.as_("grants:manager", sub="person:bob")
    grants.clock.set(datetime(2018, 6, 4, 9, tzinfo=UTC))
    change = {"senior_responsible_name": "Sam Green", "effective_from": "2017-11-01"}
    done(await client.patch(AGREEMENT, json=change, headers={"If-Match": '"1"'}), 200)
    versions = done(await grants.as_("grants:read").get(f"{AGREEMENT}/versions"), 200)["items"]
    assert [(each["number"], each["action"], each["effective_from"], each["recorded_by"]) for each in versions] == [
        (1, "draft_agreement", None, "person:anne"),
        (2, "change_agreement", "2017-11-01", "person:bob"),
    ]
    assert versions[1]["changes"] == [{"what": "senior_responsible_name", "before": "Jo Grey", "after": "Sam Green"}]
    assert versions[1]["recorded_at"] == "2018-06-04T09:00:00Z"
    early = done(await grants.as_("grants:read").get(f"{AGREEMENT}/versions", params={"known_by": "2018-06-03"}), 200)
    assert [each["number"] for each in early["items"]] == [1]
    assert (await grants.anonymous.get(f"{AGREEMENT}/versions")).status_code == 401


async def test_the_senior_responsible_name_is_that_of_the_day(grants: Running) -> None:
    """G-42: a change from a day on; a correction without one holds from the start."""
    await drafted(grants)
    client = grants.as_("grants:manager")
    change = {"senior_responsible_name": "Sam Green", "effective_from": "2017-11-01"}
    done(await client.patch(AGREEMENT, json=change, headers={"If-Match": '"1"'}), 200)
    done(await client.patch(AGREEMENT, json={"ggis_reference": "G-42"}, headers={"If-Match": '"2"'}), 200)
    before, after = await shown(grants, as_at="2017-10-31"), await shown(grants, as_at="2017-11-01")
    assert (before["senior_responsible_name"], before["ggis_reference"]) == ("Jo Grey", "G-42")
    assert (after["senior_responsible_name"], after["ggis_reference"]) == ("Sam Green", "G-42")
    assert (await shown(grants))["senior_responsible_name"] == "Sam Green"


async def test_a_draft_is_put_right_and_what_is_signed_is_not(grants: Running) -> None:
    """G-16: terms change freely until the second signature, then by an agreed variation only."""
    await drafted(grants)
    client = grants.as_("grants:manager")
    terms = {"grant_pence": 2_050_000_000, "review_by": "2017-10-31"}
    changed = done(await client.patch(AGREEMENT, json=terms, headers={"If-Match": '"1"'}), 200)
    assert {name: changed[name] for name in terms} == terms
    wrong = {"in_force_to": "2018-04-01", "effective_from": "2017-03-31"}
    refused = await client.patch(AGREEMENT, json=wrong, headers={"If-Match": '"2"'})
    assert problem(refused, 409) == {"/in_force_to": "outside_year", "/effective_from": "outside_year"}
    for _ in range(2):
        done(await client.post(f"{AGREEMENT}/signatures", json={}))
    refused = await client.patch(AGREEMENT, json=terms, headers={"If-Match": '"4"'})
    assert problem(refused, 409) == {"/grant_pence": "not_agreed", "/review_by": "not_agreed"}
    assert (await shown(grants))["grant_pence"] == 2_050_000_000


async def test_the_grant_of_a_draft_stays_once_a_budget_divides_it(grants: Running) -> None:
    """G-9: an approved budget comes to the grant."""
    await drafted(grants)
    await approved(grants, await budget_set(grants))
    refused = await grants.as_("grants:manager").patch(AGREEMENT, json={"grant_pence": 1}, headers={"If-Match": '"1"'})
    assert problem(refused, 409) == {"/grant_pence": "budget_stands"}


async def test_the_state_and_the_signatures_are_those_of_the_day(grants: Running) -> None:
    """G-4: signed after the start; on the days before, the agreement was a draft."""
    await signed(grants)
    april, may = await shown(grants, as_at="2017-04-30"), await shown(grants, as_at="2017-05-04")
    assert (april["state"], len(april["signatures"])) == ("draft", 1)
    assert (may["state"], len(may["signatures"])) == ("in_force", 2)


async def test_the_parties_are_shown_by_the_names_of_the_asked_day(grants: Running) -> None:
    """G-5, section 8: as at any date; the document itself keeps the name of its date."""
    agreement = await with_review_day(grants)
    assert [party["role"] for party in agreement["parties"]] == ["funder", "lead_parent", "recipient"]
    body = {"name": "Ministry", "since": "2018-01-08"}
    done(await grants.as_("grants:manager").post(f"/v1/organisations/{FUNDER}/names", json=body))

    async def funder(**params: Any) -> str:
        return str((await shown(grants, **params))["parties"][0]["name"])

    assert await funder() == "Department"
    assert await funder(as_at="2018-01-07") == "Department"
    assert await funder(as_at="2018-01-08") == "Ministry"


async def test_nothing_is_known_of_an_agreement_before_it_was_recorded(grants: Running) -> None:
    await drafted(grants)
    problem(await grants.as_("grants:read").get(AGREEMENT, params={"known_by": "2018-05-31"}), 404)
    assert (await shown(grants, known_by="2018-06-01"))["state"] == "draft"
    for name, value in (("as_at", "1"), ("known_by", "soon")):
        assert problem(await grants.as_("grants:read").get(AGREEMENT, params={name: value}), 422) == {
            name: "not_as_written"
        }


async def test_a_review_is_due_by_the_day_that_the_agreement_states_and_by_no_other(grants: Running) -> None:
    """G-17: 31 October 2017; an agreement that names no day has none due."""
    await with_review_day(grants)
    for day, state in (("2017-10-31", "due"), ("2017-11-01", "overdue")):
        assert (await shown(grants, as_at=day))["review"] == {"due_on": "2017-10-31", "state": state, "held_on": None}
    await drafted(grants, "2018/19", 2_000_000_000)
    other = done(await grants.as_("grants:read").get("/v1/agreements/2018-19"), 200)
    assert other["review"] == {"due_on": None, "state": "not_stated", "held_on": None}


async def test_a_review_is_recorded_with_its_decision_and_reconciliation(grants: Running) -> None:
    """G-17: continue, stop or amend; what it amends is a matter of variations."""
    await with_review_day(grants)
    historian = grants.as_("grants:manager", "grants:history")
    review = done(await historian.post(REVIEWS, json={**REVIEW, "reviewed_on": "2017-10-27"}))
    assert (review["number"], review["decision"], review["reviewed_on"]) == (1, "continue", "2017-10-27")
    assert (await shown(grants, as_at="2017-10-26"))["review"]["state"] == "due"
    assert (await shown(grants, as_at="2017-11-01"))["review"] == {
        "due_on": "2017-10-31",
        "state": "held",
        "held_on": "2017-10-27",
    }
    done(await grants.as_("grants:manager").post(REVIEWS, json={**REVIEW, "decision": "amend"}))
    items = done(await grants.anonymous.get(REVIEWS), 200)["items"]
    assert [(item["number"], item["decision"]) for item in items] == [(1, "continue"), (2, "amend")]


@pytest.mark.parametrize(
    ("change", "status", "errors"),
    [
        ({"reviewed_on": "2018-06-02"}, 422, {"/reviewed_on": "future_date"}),
        ({"reviewed_on": "2017-03-31"}, 409, {"/reviewed_on": "review_too_early"}),
        ({"decision": "pause"}, 422, {"/decision": "literal_error"}),
        ({"reconciliation_note": " "}, 422, {"/reconciliation_note": "string_too_short"}),
        ({"decided_by": None}, 422, {"/decided_by": "string_type"}),
    ],
)
async def test_a_review_that_cannot_be_is_refused_and_not_kept(
    grants: Running, change: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    """G-17."""
    await with_review_day(grants)
    historian = grants.as_("grants:manager", "grants:history")
    assert problem(await historian.post(REVIEWS, json={**REVIEW, **change}), status) == errors
    assert done(await grants.anonymous.get(REVIEWS), 200)["items"] == []


async def test_a_draft_is_not_reviewed(grants: Running) -> None:
    await drafted(grants)
    assert problem(await grants.as_("grants:manager").post(REVIEWS, json=REVIEW), 409) == {"": "review_too_early"}

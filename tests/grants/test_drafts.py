"""Drafts over HTTP: what nobody has agreed to yet is read by officers, and by nobody else."""

from __future__ import annotations

import httpx
import pytest

from tests.grants.steps import annex_b, approved, budget_set, budgeted, done, drafted, problem, signed
from tests.harness import Running

AGREEMENT = "/v1/agreements/2017-18"
BUDGET = f"{AGREEMENT}/budget"
OFFICERS = ("grants:read", "grants:manager", "grants:finance", "grants:cfo", "grants:approver")


async def read(grants: Running, path: str, **params: str | int) -> list[httpx.Response]:
    """The answers to anyone, to a submitter of files, and to an officer."""
    clients = (grants.anonymous, grants.as_("expenditure:submit"), grants.as_("grants:read"))
    return [await client.get(path, params=params) for client in clients]


async def test_a_drafted_agreement_is_read_by_officers_only_until_both_parties_have_signed(grants: Running) -> None:
    """Section 3: draft > agreed; G-4. Its budget, signatures, reviews and outturns are no more public than it is."""
    agreement = await drafted(grants)
    await approved(grants, await budget_set(grants))
    client = grants.as_("grants:manager", "grants:history")
    once = done(await client.post(f"{AGREEMENT}/signatures", json={"signed_on": "2017-04-24"}))
    signature = f"/signatures/{once['signatures'][0]['id']}"
    for path in ("", f"/v1/agreements/{agreement['id']}", "/budget", "/budget.csv", signature, "/yearly-reviews"):
        address = path if path.startswith("/v1") else AGREEMENT + path
        answers = await read(grants, address)
        assert [answer.status_code for answer in answers] == [404, 404, 200], address
    assert [answer.status_code for answer in await read(grants, f"{AGREEMENT}/outturns")] == [404, 404, 200]
    lists = [done(answer, 200)["items"] for answer in await read(grants, "/v1/agreements")]
    assert [len(items) for items in lists] == [0, 0, 1]
    done(await client.post(f"{AGREEMENT}/signatures", json={"signed_on": "2017-05-04"}))
    for path in (AGREEMENT, BUDGET, AGREEMENT + signature, f"{AGREEMENT}/yearly-reviews", f"{AGREEMENT}/outturns"):
        assert [answer.status_code for answer in await read(grants, path)] == [200, 200, 200], path


@pytest.mark.parametrize("scope", OFFICERS)
async def test_every_officer_sees_a_draft(grants: Running, scope: str) -> None:
    """Section 3."""
    await drafted(grants)
    assert done(await grants.as_(scope).get(AGREEMENT), 200)["state"] == "draft"


async def test_a_version_of_the_budget_that_never_took_effect_is_read_by_officers_only(grants: Running) -> None:
    """G-12, section 3: balanced awaits a second person; withdrawn never counted."""
    await signed(grants)
    first = await budget_set(grants)
    awaiting = await read(grants, BUDGET)
    assert [answer.status_code for answer in awaiting] == [404, 404, 404]
    assert ["awaits approval" in answer.json()["detail"] for answer in awaiting] == [False, False, True]
    for path, params in ((BUDGET, {"version": 1}), (f"{BUDGET}/comparison", {"from": 1, "to": 1})):
        answers = await read(grants, path, **params)
        assert [answer.status_code for answer in answers] == [404, 404, 200]
        assert problem(answers[0], 404) == {"": "not_found"}
    body = {"lines": annex_b(LP=99_000_000, CF=19_000_000)}
    again = await grants.as_("grants:manager").put(BUDGET, json=body, headers={"If-Match": f'"{first["number"]}"'})
    await approved(grants, done(again, 200))
    shown = [[each["number"] for each in done(answer, 200)["versions"]] for answer in await read(grants, BUDGET)]
    assert shown == [[2], [2], [1, 2]]
    tags = {answer.headers["etag"] for answer in await read(grants, BUDGET)}
    assert len(tags) == 2


async def test_what_took_effect_stays_public_when_it_is_superseded(grants: Running) -> None:
    """G-12: original and revised stay readable side by side."""
    await budgeted(grants)
    assert [answer.status_code for answer in await read(grants, BUDGET, version=1)] == [200, 200, 200]

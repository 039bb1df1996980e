"""What awaits whom, over HTTP: each thing appears when it is due from somebody and goes once it is done."""

from __future__ import annotations

import base64
import csv
import json
from datetime import UTC, datetime
from typing import Any

from tests.grants.ledger import spend
from tests.grants.steps import annex_b, budgeted, done, drafted, figures, problem, register, signed
from tests.grants.test_outturns import FINAL, PROVISIONAL
from tests.grants.year_end import YEAR, certified, closable, locked, recorder, reported, signatory, spent, treated
from tests.harness import Running

PATH = "/v1/awaiting"


async def awaiting(grants: Running, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = done(await grants.as_("grants:read").get(PATH, params=params), 200)["items"]
    return items


async def kinds(grants: Running, **params: Any) -> set[str]:
    return {item["what"] for item in await awaiting(grants, **params)}


async def test_an_agreement_awaits_its_signatures_and_then_whose_they_are(grants: Running) -> None:
    """Question 11; G-4: since when, who can act, and where."""
    grants.clock.set(datetime(2017, 4, 3, 12, tzinfo=UTC))
    agreement = await drafted(grants)
    (item,) = await awaiting(grants)
    assert (item["what"], item["since"], item["scopes"]) == ("signature", "2017-04-03", ["grants:manager"])
    assert (item["agreement_id"], item["year"], item["mine"]) == (agreement["id"], "2017/18", False)
    assert item["href"] == "http://test/grants/v1/agreements/2017-18"
    client = grants.as_("grants:manager")
    for party in (None, "funder"):
        done(await client.post(f"{YEAR}/signatures", json={"signed_on": "2017-04-03", "party": party}))
    (nameless,) = await awaiting(grants, what="signature_without_party")
    assert "number 1" in nameless["detail"]
    one = await client.get(nameless["href"].removeprefix("http://test/grants"))
    etag = one.headers["etag"]
    done(
        await client.patch(
            str(one.url.path).removeprefix("/grants"), json={"party": "recipient"}, headers={"If-Match": etag}
        ),
        200,
    )
    assert await kinds(grants) == set()


async def test_a_budget_awaits_a_second_person(grants: Running) -> None:
    """Question 11; G-12."""
    await signed(grants)
    done(await grants.as_("grants:manager").put(f"{YEAR}/budget", json={"lines": annex_b()}), 200)
    (item,) = await awaiting(grants, what="budget_approval")
    assert (item["scopes"], item["overdue"]) == (["grants:approver"], False)
    done(await grants.as_("grants:approver", sub="person:ben").post(f"{YEAR}/budget/1/approvals"))
    assert await awaiting(grants, what="budget_approval") == []


async def test_quarters_are_stated_from_the_second_on_and_locked_once_over(grants: Running) -> None:
    """G-29, G-31."""
    await budgeted(grants)
    grants.clock.set(datetime(2017, 9, 30, 12, tzinfo=UTC))
    quarters = {"quarter_statement", "quarter_lock"}
    assert await kinds(grants) & quarters == {"quarter_lock"}
    grants.clock.set(datetime(2017, 10, 1, 12, tzinfo=UTC))
    (item,) = await awaiting(grants, what="quarter_statement")
    assert (item["since"], item["scopes"]) == ("2017-09-30", ["grants:finance", "grants:cfo"])
    assert item["href"].endswith("/accounting-periods/2017-18-q2")
    path = f"{YEAR}/accounting-periods/2017-18-q2/statement"
    lines = [{**line, "year_to_date_pence": line["quarter_pence"]} for line in figures()]
    done(await recorder(grants).post(path, json={"lines": lines}))
    assert await awaiting(grants, what="quarter_statement") == []
    await locked(grants, 1, 2)
    assert await kinds(grants) & quarters == set()


async def test_the_end_of_the_year_awaits_one_thing_after_the_other(grants: Running) -> None:
    """G-34, G-36, G-37, G-38: outturn, final outturn by the end of July, treatment, certificate, closing."""
    agreement = await spent(grants)
    end = {"outturn", "final_outturn", "underspend_treatment", "certificate", "closure"}
    assert await kinds(grants) & end == {"outturn", "final_outturn"}
    (final,) = await awaiting(grants, what="final_outturn")
    assert (final["due_on"], final["overdue"]) == ("2018-07-31", False)
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    assert await kinds(grants) & end == {"final_outturn", "underspend_treatment"}
    grants.clock.set(datetime(2018, 8, 1, 12, tzinfo=UTC))
    assert await kinds(grants, overdue="true") & end == {"final_outturn"}
    assert (await awaiting(grants))[0]["overdue"] is True
    done(await recorder(grants).post(f"{YEAR}/outturns", json=FINAL))
    assert await kinds(grants) & end == {"underspend_treatment", "certificate"}
    treatment = await treated(grants)
    (unsettled,) = await awaiting(grants, what="underspend_settlement")
    assert "retain £14,000.00" in unsettled["detail"]
    done(await recorder(grants).post(f"{YEAR}/underspend-treatments/{treatment['id']}/settlements", json={}))
    assert await awaiting(grants, what="underspend_settlement") == []
    await certified(grants)
    assert await kinds(grants) & end == set()
    await locked(grants, 1, 2, 3, 4)
    await reported(grants, agreement["id"])
    assert await kinds(grants) & end == {"closure"}
    done(await signatory(grants).post(f"{YEAR}/closure", json={}))
    assert await awaiting(grants, year="2017-18") == []


async def test_the_review_is_due_on_the_day_that_the_agreement_states(grants: Running) -> None:
    """G-17: and there is none where it states none."""
    grants.clock.set(datetime(2017, 4, 3, 12, tzinfo=UTC))
    for slug in ("department", "agency"):
        await register(grants, slug)
    body = {
        "year": "2017/18",
        "funding_basis": "direct_grant",
        "grant_pence": 2_100_000_000,
        "review_by": "2017-10-31",
        "senior_responsible_name": "Jo Grey",
        "parties": [
            {"role": "funder", "organisation": "department"},
            {"role": "recipient", "organisation": "agency"},
        ],
    }
    client = grants.as_("grants:manager")
    done(await client.post("/v1/agreements", json=body))
    for party in ("funder", "recipient"):
        done(await client.post(f"{YEAR}/signatures", json={"party": party}))
    (item,) = await awaiting(grants, what="review")
    assert (item["due_on"], item["overdue"]) == ("2017-10-31", False)
    grants.clock.set(datetime(2017, 11, 1, 12, tzinfo=UTC))
    assert await kinds(grants, overdue="true") == {"review"}


async def test_awards_await_the_duties_that_come_with_them(grants: Running) -> None:
    """G-22."""
    await budgeted(grants)
    await register(grants, "centre")
    award = {
        "line_code": "CF",
        "organisation": "centre",
        "amount_pence": 1,
        "awarded_on": "2017-05-10",
        "title": "T",
        "description": "D",
        "use_codes": [],
    }
    done(await grants.as_("grants:manager").post(f"{YEAR}/pass-through-awards", json=award))
    (item,) = await awaiting(grants, what="flow_down")
    assert (item["since"], item["detail"].split()[0]) == ("2017-05-10", "centre")
    assert await awaiting(grants, what="use_declaration") == []


async def test_an_award_that_says_nothing_of_its_use_awaits_that(grants: Running) -> None:
    """G-19: it can be neither paid nor exported until it declares the rules it raises, or none."""
    await budgeted(grants)
    await register(grants, "centre")
    award = {"line_code": "CF", "organisation": "centre", "amount_pence": 1, "awarded_on": "2017-05-10"}
    manager = grants.as_("grants:manager")
    made = done(await manager.post(f"{YEAR}/pass-through-awards", json={**award, "title": "T", "description": "D"}))
    (item,) = await awaiting(grants, what="use_declaration")
    assert (item["since"], item["scopes"], "centre" in item["detail"]) == ("2017-05-10", ["grants:manager"], True)
    path = f"{YEAR}/pass-through-awards/{made['id']}/use-declarations"
    done(await manager.post(path, json={"use_codes": []}))
    assert await awaiting(grants, what="use_declaration") == []


async def test_only_what_is_asked_for_is_listed_and_who_can_act_is_said(grants: Running) -> None:
    """Question 11: by scope, by kind and by year; who may not read is told so."""
    await spent(grants)
    everything = await awaiting(grants)
    assert {item["what"] for item in await awaiting(grants, scope="grants:manager")} == {
        item["what"] for item in everything if "grants:manager" in item["scopes"]
    }
    mine = done(await grants.as_("grants:cfo").get(PATH), 200)["items"]
    assert {item["what"] for item in mine if item["mine"]} >= {"final_outturn", "quarter_lock"}
    assert await awaiting(grants, year="2018-19") == []
    problem(await grants.anonymous.get(PATH), 401)
    problem(await grants.as_("expenditure:submit").get(PATH), 403)
    assert problem(await grants.as_("grants:read").get(PATH, params={"year": "2017-19"}), 422) == {
        "year": "bad_year_label"
    }
    problem(await grants.as_("grants:read").get(PATH, params={"scope": "grants:ops"}), 422)
    elsewhere = grants.as_("grants:read", organisations=["another"])
    assert done(await elsewhere.get(PATH), 200)["items"] == []


async def test_a_year_that_can_be_closed_awaits_only_that(grants: Running) -> None:
    """G-38."""
    await closable(grants)
    assert await kinds(grants) >= {"closure"}
    allowed = {"signature_without_party", "quarter_statement", "underspend_settlement"}
    assert await kinds(grants) - allowed == {"closure"}


async def test_spend_whose_use_awaits_a_decision_is_counted(grants: Running) -> None:
    """G-19: entries of which a decision is asked for, with the chief finance officer to take it."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("CM1", "2017-18-q2", 5))
    answer = await recorder(grants).post(
        f"{YEAR}/use-declarations", json={"use_codes": ["PU6"], "reason": "overheads of the year"}
    )
    assert answer.status_code in (200, 201), answer.text
    (item,) = await awaiting(grants, what="use_decision")
    assert (item["count"], item["scopes"]) == (1, ["grants:cfo"])


async def test_what_awaits_comes_in_pages_and_as_a_table(grants: Running) -> None:
    """Question 11: each thing stands on one page only; a cursor belongs to its filters."""
    await spent(grants)
    client = grants.as_("grants:read")
    everything = await awaiting(grants)
    assert len(everything) > 4
    found: list[dict[str, Any]] = []
    page = done(await client.get(PATH, params={"limit": 2}), 200)
    while True:
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["links"]["next"] is None:
            break
        following = page["links"]["next"].removeprefix("http://test/grants")
        page = done(await client.get(following), 200)
    assert found == everything
    cursor = {"limit": 2, "cursor": following.rsplit("cursor=", 1)[1]}
    assert problem(await client.get(PATH, params={**cursor, "scope": "grants:cfo"}), 400) == {"cursor": "malformed"}
    assert problem(await client.get(PATH, params={"limit": 501}), 422) == {"limit": "less_than_equal"}
    sheet = await client.get(f"{PATH}.csv")
    rows = list(csv.DictReader(sheet.text.splitlines()))
    assert [(row["What"], row["Since"]) for row in rows] == [(item["what"], item["since"]) for item in everything]
    assert (await client.get(PATH, headers={"Accept": "text/csv"})).content == sheet.content
    binding, *values = json.loads(base64.urlsafe_b64decode(cursor["cursor"] + "=="))
    for cut in ([], values[:-1], [*values, ""]):
        short = base64.urlsafe_b64encode(json.dumps([binding, *cut]).encode()).decode()
        assert problem(await client.get(PATH, params={"cursor": short}), 400) == {"cursor": "malformed"}

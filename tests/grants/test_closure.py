"""Closing a year over HTTP: what stands open, all at once, and that a closed year takes no change."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from services.grants.tables import Agreement
from shared.http import HouseRoute
from tests.grants.expenditure.conftest import Ledger, csv_file, real_profile
from tests.grants.expenditure.test_assignment import HEADER, row
from tests.grants.ledger import spend
from tests.grants.steps import budgeted, done, drafted, problem, signed
from tests.grants.test_outturns import FINAL, PROVISIONAL
from tests.grants.year_end import (
    YEAR,
    audited,
    certified,
    closable,
    closed,
    locked,
    recorder,
    reported,
    signatory,
    spent,
    treated,
)
from tests.harness import Running, service_named

CLOSURE = f"{YEAR}/closure"


async def standing(grants: Running) -> list[str]:
    shown = done(await grants.as_("grants:read").get(CLOSURE), 200)
    return [item["code"] for item in shown["open"]]


async def test_everything_that_stands_open_is_listed_at_once_and_nothing_is_closed(grants: Running) -> None:
    """G-38; the refusals outturn_not_final and treatment_undecided of section 6; question 11."""
    await budgeted(grants)
    expected = [
        "outturn_not_final",
        "certificate_missing",
        "treatment_undecided",
        *["period_open"] * 4,
        "report_not_published",
    ]
    assert await standing(grants) == expected
    refused = await signatory(grants).post(CLOSURE, json={})
    assert refused.status_code == 409
    errors = refused.json()["errors"]
    assert [error["code"] for error in errors] == expected
    assert errors[3]["detail"] == "Q1 2017/18 is open; lock it, with a reason."
    assert all(error["detail"] for error in errors)
    assert done(await grants.anonymous.get(YEAR), 200)["state"] == "in_force"


async def test_what_stands_open_goes_one_by_one_until_the_year_is_closed(grants: Running) -> None:
    """G-38: each act takes its own item off the list, and then the chief finance officer closes the year."""
    agreement = await spent(grants)
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    left = await standing(grants)
    assert left[:3] == ["outturn_not_final", "certificate_missing", "treatment_undecided"]
    done(await recorder(grants).post(f"{YEAR}/outturns", json=FINAL))
    assert "outturn_not_final" not in await standing(grants)
    await certified(grants)
    assert "certificate_missing" not in await standing(grants)
    await treated(grants, 1_000_000)
    assert "treatment_undecided" in await standing(grants)
    await treated(grants, 400_000)
    assert "treatment_undecided" not in await standing(grants)
    await locked(grants, 1, 2, 3)
    assert await standing(grants) == ["period_open", "report_not_published"]
    await locked(grants, 4)
    await reported(grants, agreement["id"])
    assert await standing(grants) == []
    problem(await grants.as_("grants:manager", "grants:finance").post(CLOSURE, json={}), 403)
    shown = done(await signatory(grants).post(CLOSURE, json={}))
    assert (shown["state"], shown["open"], shown["closed_at"]) == ("closed", [], "2018-06-01T12:00:00Z")
    assert done(await grants.anonymous.get(YEAR), 200)["state"] == "closed"


async def test_a_year_is_closed_without_a_body(grants: Running) -> None:
    """G-38: every field of the body has a default, and so has the body."""
    await closable(grants)
    shown = done(await signatory(grants).post(CLOSURE))
    assert (shown["state"], shown["closing_since"]) == ("closed", shown["closed_at"])


async def test_what_was_decided_about_underspend_is_settled_after_the_year_was_closed(grants: Running) -> None:
    """Section 3, G-36, G-38: carried out in the following year by its nature; until then it awaits the CFO."""
    await closed(grants)
    (item,) = done(await grants.as_("grants:read").get("/v1/awaiting", params={"year": "2017/18"}), 200)["items"]
    assert (item["what"], item["scopes"]) == ("underspend_settlement", ["grants:cfo"])
    path = item["href"].removeprefix("http://test/grants")
    grants.clock.set(datetime(2018, 9, 3, 12, tzinfo=UTC))
    settled = done(await signatory(grants).post(f"{path}/settlements", json={"reference": "BACS 0042"}))
    assert (settled["state"], settled["settled_on"]) == ("settled", "2018-09-03")
    assert done(await grants.as_("grants:read").get("/v1/awaiting"), 200)["items"] == []
    back = await signatory(grants).post(f"{path}/withdrawals", json={"reason": "changed our mind"})
    assert problem(back, 409) == {"": "year_closed"}


async def test_a_new_outturn_opens_again_what_was_certified_and_treated(grants: Running) -> None:
    """G-36, G-37, G-38; worked example 11."""
    await closable(grants)
    changed = {**FINAL, "spend_pence": 2_098_125_000, "reason": "the auditor moved an accrual"}
    done(await recorder(grants).post(f"{YEAR}/outturns", json=changed))
    refused = await signatory(grants).post(CLOSURE, json={})
    errors = {error["code"]: error["detail"] for error in refused.json()["errors"]}
    assert set(errors) == {"certificate_missing", "treatment_undecided"}
    assert errors["treatment_undecided"].startswith("£4,750.00 of the underspend is undecided")


async def test_closing_may_be_begun_once_the_year_is_over_and_stops_nothing_yet(grants: Running) -> None:
    """The states of section 3: in_force > closing > closed, each the chief finance officer's."""
    grants.clock.set(datetime(2018, 3, 31, 12, tzinfo=UTC))
    await budgeted(grants)
    early = await signatory(grants).post(CLOSURE, json={"state": "closing"})
    assert problem(early, 409) == {"": "year_not_over"}
    grants.clock.set(datetime(2018, 4, 1, 12, tzinfo=UTC))
    begun = done(await signatory(grants).post(CLOSURE, json={"state": "closing"}))
    assert (begun["state"], begun["closing_since"], begun["closed_at"]) == ("closing", "2018-04-01T12:00:00Z", None)
    again = await signatory(grants).post(CLOSURE, json={"state": "closing"})
    assert problem(again, 409) == {"/state": "closing_begun"}
    done(await recorder(grants).post(f"{YEAR}/outturns", json=PROVISIONAL))
    assert problem(await signatory(grants).post(CLOSURE, json={"state": "open"}), 422) == {"/state": "literal_error"}


async def test_a_draft_is_not_closed(grants: Running) -> None:
    await drafted(grants)
    assert problem(await signatory(grants).post(CLOSURE, json={}), 409) == {"": "year_not_over"}


AFTER_THE_CLOSING = (
    "/underspend-treatments/{treatment}/settlements",
    "/pass-through-awards/{award}/text-clearances",
)


def write_routes() -> list[tuple[str, str, dict[str, Any] | None]]:
    """(method, path, body) of every route that changes something of one year; the body is the description's example."""
    found: list[tuple[str, str, dict[str, Any] | None]] = []
    for router in service_named("grants").routers:
        for route in router.routes:
            assert isinstance(route, HouseRoute)
            if not route.path.startswith("/v1/agreements/{agreement}"):
                continue
            shape = route.body_field.field_info.annotation if route.body_field else None
            body = shape.model_json_schema()["examples"][0] if shape is not None else None
            if route.path.endswith(AFTER_THE_CLOSING):
                continue
            found += [(method, route.path, body) for method in sorted(set(route.methods or ()) - {"GET", "HEAD"})]
    return found


async def test_a_closed_year_refuses_every_change(grants: Running) -> None:
    """G-38: a closed year is read-only for every command there is, whoever asks.

    But for those that say nothing of its figures: that a decision on its underspend was carried out, and which texts of
    awards may be published. Both have tests of their own.
    """
    await closed(grants)
    client, answers = everything(grants), {}
    for method, path, body in write_routes():
        address = re.sub(r"\{(\w+)\}", lambda match: PLACES.get(match[1], str(uuid4())), path)
        answer = await client.request(method, address, json=body, headers={"If-Match": "*"})
        answers[f"{method} {path}"] = (answer.status_code, answer.json().get("errors", [{}])[0].get("code"))
        if answer.status_code == 409:
            assert answer.json()["detail"] == (
                "2017/18 was closed on 2018-06-01 and is read-only; record what comes late in the agreement of 2018/19."
            )
    assert len(answers) >= 30
    assert answers == dict.fromkeys(answers, (409, "year_closed"))


PLACES = {"agreement": "2017-18", "quarter": "2017-18-q4", "number": "1"}


def everything(grants: Running) -> Any:
    return grants.as_(
        *("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:history"), sub="person:zoe"
    )


async def test_reads_of_a_closed_year_go_on(grants: Running) -> None:
    """G-38: read-only means that it can be read."""
    await closed(grants)
    client = grants.as_("grants:read")
    for path in ("", "/budget", "/outturns", "/outturns/latest", "/certificates", "/usage-statement", "/closure"):
        assert (await client.get(YEAR + path)).status_code == 200, path
    assert await standing(grants) == []


async def test_the_database_keeps_the_day_with_the_closed_state(grants: Running) -> None:
    """The second guard of G-38."""
    await signed(grants)
    async with grants.session() as session:
        agreement = (await session.exec(select(Agreement))).one()
        agreement.state = "closed"
        with pytest.raises(IntegrityError, match="ck_agreements_closed_says_when"):
            await session.flush()


async def test_an_undecided_variation_and_lines_that_wait_for_a_person_keep_the_year_open(grants: Running) -> None:
    """G-38: both are named with the year's other open ends, and go once they are decided."""
    agreement = await audited(grants)
    proposal = {
        "kind": "scope",
        "reason": "fewer events",
        "effective_from": "2018-03-01",
        "changes": [{"what": "events", "before": "12", "after": "10"}],
        "significance": {"significant": True, "reason": "named in the memorandum", "by": "Jo Grey"},
    }
    answer = await grants.as_("grants:manager").post(f"{YEAR}/variations", json=proposal)
    variation = done(answer)
    await certified(grants)
    await treated(grants)
    await locked(grants, 1, 2, 3, 4)
    await reported(grants, agreement["id"])
    ledger = Ledger(grants)
    await ledger.defined(real_profile("mou-ledger"))
    await ledger.sent(csv_file(row("T-1"), header=HEADER), "mou-ledger", organisation="agency")
    refused = await signatory(grants).post(CLOSURE, json={})
    errors = {error["code"]: error["detail"] for error in refused.json()["errors"]}
    assert set(errors) == {"variation_undecided", "held_lines_undecided"}
    assert errors["variation_undecided"].startswith("Variation 1 (scope, draft) is undecided")
    assert errors["held_lines_undecided"].startswith("1 lines meant for the year wait for a person (no_open_quarter)")
    (held,) = done(await ledger.finance.get("/v1/held-lines"), 200)["items"]
    decision = {"decision": "refuse", "reason": "came too late"}
    done(await everything(grants).post(f"/v1/held-lines/{held['id']}/decisions", json=decision))
    withdrawn = {"decision": "withdraw", "reason": "overtaken"}
    answer = await grants.as_("grants:manager").post(f"{YEAR}/variations/{variation['id']}/decisions", json=withdrawn)
    assert answer.status_code in (200, 201), answer.text
    assert await standing(grants) == []


async def test_a_certificate_whose_figures_have_changed_since_closes_no_year(grants: Running) -> None:
    """G-37, G-38: later changes need a new outturn and a new certificate."""
    agreement = await closable(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q4", 9), use_codes=[])
    refused = await signatory(grants).post(CLOSURE, json={})
    assert problem(refused, 409) == {"": "certificate_missing"}
    assert refused.json()["detail"].startswith("Figures have changed since the certificate was signed")


async def test_closings_that_arrive_together_close_once_and_no_change_slips_in(grants: Running) -> None:
    """G-43: the agreement's row makes them wait for each other."""
    await closable(grants)
    client = signatory(grants)
    late = {**FINAL, "spend_pence": 1, "reason": "late"}
    answers = await asyncio.gather(
        *(client.post(CLOSURE, json={}) for _ in range(3)), recorder(grants).post(f"{YEAR}/outturns", json=late)
    )
    codes = [answer.status_code for answer in answers]
    assert (sorted(codes[:3]), codes[3]) in (([201, 409, 409], 409), ([409, 409, 409], 201))
    shown = done(await grants.as_("grants:read").get(CLOSURE), 200)
    outturns = done(await grants.anonymous.get(f"{YEAR}/outturns"), 200)["items"]
    # Either the year was closed on the outturn that was certified, or the late outturn came first and nothing closed.
    assert (shown["state"], len(outturns)) in (("closed", 1), ("in_force", 2))

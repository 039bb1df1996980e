"""What becomes of underspend, over HTTP: decided with the department's reference, settled, undecided again."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from services.grants.underspend.queries import netted_off
from services.grants.underspend.tables import UnderspendTreatment
from tests.grants.steps import done, drafted, problem, signed
from tests.grants.test_outturns import FINAL, PROVISIONAL, record
from tests.harness import Running

PATH = "/v1/agreements/2017-18/underspend-treatments"
RETAIN: dict[str, Any] = {"treatment": "retain", "amount_pence": 1_400_000}
RETURN: dict[str, Any] = {
    "treatment": "return",
    "amount_pence": 1_400_000,
    "approved_by": "Deputy Director",
    "approval_reference": "letter of 30 May 2018",
    "decided_on": "2018-05-30",
}
NET_OFF: dict[str, Any] = {**RETURN, "treatment": "net_off", "following_agreement": "2018-19"}


async def treat(grants: Running, **body: Any) -> dict[str, Any]:
    return done(await grants.as_("grants:cfo").post(PATH, json=body))


async def shown(grants: Running) -> dict[str, Any]:
    return done(await grants.as_("grants:read").get(PATH), 200)


async def rows(grants: Running) -> int:
    async with grants.session() as session:
        return len((await session.exec(select(UnderspendTreatment))).all())


async def test_what_no_decision_speaks_for_is_undecided(grants: Running) -> None:
    """G-36: treatments sum to the underspend of the latest outturn."""
    await signed(grants)
    before = await shown(grants)
    assert (before["underspend_pence"], before["undecided_pence"], before["items"]) == (None, None, [])
    await record(grants, **PROVISIONAL)
    assert (await shown(grants))["undecided_pence"] == 1_400_000
    await treat(grants, **{**RETAIN, "amount_pence": 400_000})
    await treat(grants, **{**RETURN, "amount_pence": 900_000})
    now = await shown(grants)
    assert (now["decided_pence"], now["undecided_pence"]) == (1_300_000, 100_000)
    assert [(item["number"], item["treatment"], item["state"]) for item in now["items"]] == [
        (1, "retain", "decided"),
        (2, "return", "decided"),
    ]


async def test_the_decisions_come_as_a_table_in_pounds(grants: Running) -> None:
    """G-36: what is not known is an empty cell, never zero."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    await treat(grants, **{**RETURN, "amount_pence": 900_000})
    client = grants.as_("grants:read")
    sheet = await client.get(f"{PATH}.csv")
    (row,) = csv.DictReader(sheet.text.splitlines())
    assert (row["Treatment"], row["Amount"], row["DecidedOn"], row["SettledOn"]) == (
        "return",
        "9000.00",
        "2018-05-30",
        "",
    )
    assert (await client.get(PATH, headers={"Accept": "text/csv"})).content == sheet.content
    problem(await grants.anonymous.get(f"{PATH}.csv"), 401)


async def test_a_later_outturn_makes_the_difference_undecided_again(grants: Running) -> None:
    """G-36; worked example 11."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    await treat(grants, **RETURN)
    assert (await shown(grants))["undecided_pence"] == 0
    await record(grants, **{**FINAL, "spend_pence": 2_098_125_000})
    now = await shown(grants)
    assert (now["underspend_pence"], now["undecided_pence"], now["outturn_state"]) == (1_875_000, 475_000, "final")


async def test_an_outturn_that_leaves_less_shows_what_is_treated_too_much_until_it_is_withdrawn(
    grants: Running,
) -> None:
    """G-36: nothing is edited; the treatment is withdrawn with a reason and stays readable."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    treatment = await treat(grants, **RETAIN)
    await record(grants, **{**FINAL, "spend_pence": 2_099_000_000})
    assert (await shown(grants))["undecided_pence"] == -400_000
    client = grants.as_("grants:cfo")
    refused = await client.post(PATH, json={**RETAIN, "amount_pence": 1})
    assert problem(refused, 409) == {"/amount_pence": "treatment_over_underspend"}
    assert "withdraw an earlier treatment" in refused.json()["detail"]
    gone = done(await client.post(f"{PATH}/{treatment['id']}/withdrawals", json={"reason": "less is left"}))
    assert (gone["state"], gone["withdrawal_reason"], gone["version"]) == ("withdrawn", "less is left", 2)
    again = await client.post(f"{PATH}/{treatment['id']}/withdrawals", json={"reason": "twice"})
    assert problem(again, 409) == {"": "treatment_not_decided"}
    now = await shown(grants)
    assert (now["undecided_pence"], len(now["items"])) == (1_000_000, 1)


async def test_netting_off_names_the_following_agreement_and_lowers_what_is_receivable_there(grants: Running) -> None:
    """G-36: it lowers what is receivable in the following year, not its grant."""
    await signed(grants)
    following = await drafted(grants, "2018/19", 2_000_000_000)
    await record(grants, **PROVISIONAL)
    treatment = await treat(grants, **NET_OFF)
    assert treatment["following_agreement_id"] == following["id"]
    async with grants.session() as session:
        assert await netted_off(session, following["id"]) == 1_400_000
    later = done(await grants.as_("grants:read").get("/v1/agreements/2018-19/underspend-treatments"), 200)
    assert later["netted_off_pence"] == 1_400_000
    assert done(await grants.as_("grants:read").get("/v1/agreements/2018-19"), 200)["grant_pence"] == 2_000_000_000
    done(await grants.as_("grants:cfo").post(f"{PATH}/{treatment['id']}/withdrawals", json={"reason": "wrong year"}))
    async with grants.session() as session:
        assert await netted_off(session, following["id"]) == 0


async def test_a_decision_is_settled_once_and_not_before_it_was_made(grants: Running) -> None:
    """The state machine: undecided > decided > settled."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    treatment = await treat(grants, **RETURN)
    client = grants.as_("grants:cfo")
    path = f"{PATH}/{treatment['id']}/settlements"
    early, late = [await client.post(path, json={"settled_on": day}) for day in ("2018-05-29", "2018-06-02")]
    assert problem(early, 409) == {"/settled_on": "before_decision"}
    assert problem(late, 422) == {"/settled_on": "future_date"}
    settled = done(await client.post(path, json={"settled_on": "2018-06-01", "reference": "BACS 1"}))
    assert (settled["state"], settled["settlement_reference"]) == ("settled", "BACS 1")
    assert problem(await client.post(path, json={}), 409) == {"": "treatment_not_decided"}
    assert (await shown(grants))["settled_pence"] == 1_400_000
    one = await grants.as_("grants:read").get(f"{PATH}/{treatment['id']}")
    assert one.headers["etag"] == '"2"'


async def test_nothing_is_settled_while_more_is_treated_than_the_latest_outturn_leaves(grants: Running) -> None:
    """G-36: a new outturn makes any difference undecided again, and what is decided must fit before it is paid."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    large = await treat(grants, **{**RETURN, "amount_pence": 1_000_000})
    small = await treat(grants, **{**RETURN, "amount_pence": 400_000})
    await record(grants, **{**FINAL, "spend_pence": 2_099_600_000})
    client = grants.as_("grants:cfo")
    for treatment in (large, small):
        refused = await client.post(f"{PATH}/{treatment['id']}/settlements", json={})
        assert problem(refused, 409) == {"": "treatment_over_underspend"}
        assert refused.json()["detail"].startswith("£10,000.00 more is treated than the latest outturn leaves")
    assert (await shown(grants))["settled_pence"] == 0
    done(await client.post(f"{PATH}/{large['id']}/withdrawals", json={"reason": "less is left"}))
    assert done(await client.post(f"{PATH}/{small['id']}/settlements", json={}))["state"] == "settled"


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({**RETAIN, "amount_pence": 1_400_001}, 409, {"/amount_pence": "treatment_over_underspend"}),
        (
            {"treatment": "return", "amount_pence": 1_400_001},
            409,
            {
                "/amount_pence": "treatment_over_underspend",
                "/approved_by": "approval_missing",
                "/approval_reference": "approval_missing",
            },
        ),
        ({**RETURN, "treatment": "carry_forward"}, 409, {"/following_agreement": "following_agreement_missing"}),
        ({**NET_OFF, "following_agreement": "2019-20"}, 422, {"/following_agreement": "invalid"}),
        ({**NET_OFF, "following_agreement": "2018-20"}, 422, {"/following_agreement": "bad_year_label"}),
        ({**NET_OFF, "following_agreement": "2017-18"}, 409, {"/following_agreement": "not_following_year"}),
        ({**RETURN, "following_agreement": "2018-19"}, 409, {"/following_agreement": "following_agreement_not_needed"}),
        ({**RETAIN, "decided_on": "2018-06-02"}, 422, {"/decided_on": "future_date"}),
        ({**RETAIN, "decided_on": "2017-03-31"}, 409, {"/decided_on": "before_year"}),
        ({**RETAIN, "amount_pence": 0}, 422, {"/amount_pence": "greater_than"}),
        ({**RETAIN, "amount_pence": "14000"}, 422, {"/amount_pence": "int_type"}),
        ({**RETAIN, "treatment": "undecided"}, 422, {"/treatment": "literal_error"}),
        ({**RETAIN, "note": "x"}, 422, {"/note": "extra_forbidden"}),
    ],
)
async def test_a_wrong_treatment_is_refused_with_its_place_and_keeps_nothing(
    grants: Running, body: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    """G-36: all faults at once."""
    await signed(grants)
    await drafted(grants, "2018/19", 2_000_000_000)
    await record(grants, **PROVISIONAL)
    assert problem(await grants.as_("grants:cfo").post(PATH, json=body), status) == errors
    assert await rows(grants) == 0


async def test_netting_off_more_than_the_following_grant_is_refused(grants: Running) -> None:
    """G-36: what is receivable never falls below zero."""
    await signed(grants)
    await drafted(grants, "2018/19", 1_000_000)
    await record(grants, **PROVISIONAL)
    refused = await grants.as_("grants:cfo").post(PATH, json=NET_OFF)
    assert problem(refused, 409) == {"/amount_pence": "over_following_grant"}
    assert "£10,000.00" in refused.json()["detail"]
    assert await rows(grants) == 0


async def test_what_the_following_year_has_received_is_not_netted_off_any_more(grants: Running) -> None:
    """G-24, G-36: what is received there stays within what is receivable."""
    await signed(grants)
    await signed(grants, "2018/19", 2_000_000)
    await record(grants, **PROVISIONAL)
    payments = "/v1/agreements/2018-19/payments"
    finance = grants.as_("grants:finance")
    plan = {"direction": "in", "basis": "unknown", "requested_pence": 1_500_000}
    payment = done(await finance.post(payments, json=plan))
    done(await finance.post(f"{payments}/{payment['id']}/requests", json={}))
    done(
        await grants.as_("grants:cfo", sub="person:ben").post(
            f"{payments}/{payment['id']}/excess-approvals", json={"reason": "start"}
        )
    )
    done(
        await finance.post(
            f"{payments}/{payment['id']}/parts",
            json={"paid_on": "2018-06-01", "paid_pence": 1_500_000, "reference": "BACS"},
        )
    )
    refused = await grants.as_("grants:cfo").post(PATH, json=NET_OFF)
    assert problem(refused, 409) == {"/amount_pence": "over_following_grant"}
    assert "£5,000.00 of the grant of 2018/19" in refused.json()["detail"]
    await treat(grants, **{**NET_OFF, "amount_pence": 500_000})


async def test_a_year_without_outturn_has_nothing_to_treat_and_only_the_cfo_decides(grants: Running) -> None:
    """G-36 and the roles of section 3."""
    await signed(grants)
    assert problem(await grants.as_("grants:cfo").post(PATH, json=RETAIN), 409) == {"": "outturn_missing"}
    problem(await grants.as_("grants:finance").post(PATH, json=RETAIN), 403)
    problem(await grants.anonymous.get(PATH), 401)
    problem(await grants.as_("grants:cfo").get(f"{PATH}/none"), 404)


async def test_a_decision_dated_by_default_is_of_the_london_day(grants: Running) -> None:
    await signed(grants)
    await record(grants, **PROVISIONAL)
    grants.clock.set(datetime(2018, 6, 1, 23, 30, tzinfo=UTC))
    assert (await treat(grants, **RETAIN))["decided_on"] == "2018-06-02"

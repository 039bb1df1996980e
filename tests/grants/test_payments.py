"""Payments over HTTP: in by need, out to awards, and what is receivable."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.grants.awards.life import AwardStanding
from services.grants.payments.rules import OverAward, Part, PartPosition, need_test, pay_part
from tests.grants.ledger import spend
from tests.grants.steps import annex_b, budgeted, done, drafted, problem, register, signed
from tests.grants.test_award_life import DUTIES, acknowledge, award, move, payable
from tests.grants.test_outturns import PROVISIONAL, record
from tests.grants.test_underspend import NET_OFF, treat
from tests.harness import Running

PAYMENTS = "/v1/agreements/2017-18/payments"
JULY = datetime(2017, 7, 20, 9, tzinfo=UTC)


async def planned(grants: Running, pence: int = 500_000_000, **more: Any) -> dict[str, Any]:
    body = {"direction": "in", "basis": "in_advance_of_need_approved", "requested_pence": pence, **more}
    return done(await grants.as_("grants:finance").post(PAYMENTS, json=body))


async def asked(grants: Running, payment: dict[str, Any], **body: Any) -> dict[str, Any]:
    return done(await grants.as_("grants:finance").post(f"{PAYMENTS}/{payment['id']}/requests", json=body))


async def expects(grants: Running, quarter: str, pence: int) -> None:
    """A forecast of the whole quarter on one line, zero on the others."""
    codes = [line["code"] for line in annex_b() if "amount_pence" in line]
    lines = [{"code": code, "amount_pence": pence if code == "IL1" else 0} for code in codes]
    client = grants.as_("grants:finance", "grants:history")
    done(await client.post("/v1/agreements/2017-18/forecasts", json={"quarter": quarter, "lines": lines}))


async def part(grants: Running, payment: dict[str, Any], pence: int, on: str, **more: Any) -> Any:
    return await grants.as_("grants:finance").post(
        f"{PAYMENTS}/{payment['id']}/parts", json={"paid_on": on, "paid_pence": pence, **more}
    )


def test_the_need_test_names_every_term() -> None:
    """G-25: held = received - accrued; need = forecast - held; excess = asked - need, where positive."""
    terms: dict[str, Any] = {"requested_on": JULY.date(), "forecast_quarter": "2017-18-q3"}
    found = need_test(received_pence=600, accrued_pence=450, forecast_pence=500, asked_pence=400, **terms)
    assert (found.held_pence, found.need_pence, found.excess_pence, found.result) == (150, 350, 50, "excess")
    arrears = need_test(received_pence=0, accrued_pence=450, forecast_pence=500, asked_pence=950, **terms)
    assert (arrears.held_pence, arrears.need_pence, arrears.excess_pence, arrears.result) == (-450, 950, 0, "passed")
    silent = need_test(received_pence=0, accrued_pence=450, forecast_pence=None, asked_pence=1, **terms)
    assert (silent.held_pence, silent.need_pence, silent.excess_pence, silent.result) == (
        -450,
        None,
        None,
        "not_possible",
    )


async def test_a_request_shows_the_need_test_and_is_received_in_parts(grants: Running) -> None:
    """G-24, G-25; question 7."""
    agreement = await budgeted(grants)
    grants.clock.set(JULY)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q1", 100_000_000))
    await expects(grants, "2017-18-q3", 600_000_000)
    payment = await planned(grants, due_on="2017-07-31")
    assert (payment["state"], payment["need_check"]) == ("planned", None)
    requested = await asked(grants, payment)
    assert requested["need_check"] == {
        "requested_on": "2017-07-20",
        "forecast_quarter": "2017-18-q3",
        "received_pence": 0,
        "accrued_pence": 100_000_000,
        "held_pence": -100_000_000,
        "forecast_pence": 600_000_000,
        "need_pence": 700_000_000,
        "asked_pence": 500_000_000,
        "excess_pence": 0,
        "result": "passed",
    }
    assert (requested["state"], requested["excess_flagged"]) == ("requested", False)
    half = done(await part(grants, payment, 200_000_000, "2017-07-19", reference="BACS 1"))
    assert (half["state"], half["paid_pence"], half["left_pence"]) == ("requested", 200_000_000, 300_000_000)
    whole = done(await part(grants, payment, 300_000_000, "2017-07-20"))
    assert (whole["state"], whole["left_pence"], [one["number"] for one in whole["parts"]]) == ("received", 0, [1, 2])
    client = grants.as_("grants:read")
    summary = done(await client.get(f"{PAYMENTS}/summary"), 200)
    assert summary == {
        "grant_pence": 2_100_000_000,
        "netted_off_pence": 0,
        "receivable_pence": 2_100_000_000,
        "received_pence": 500_000_000,
        "still_to_come_pence": 1_600_000_000,
        "requested_pence": 0,
        "planned_pence": 0,
        "paid_out_pence": 0,
    }
    earlier = done(await client.get(f"{PAYMENTS}/summary", params={"as_at": "2017-07-19"}), 200)
    assert earlier["received_pence"] == 200_000_000
    listed = done(await client.get(PAYMENTS, params={"direction": "in", "state": "received"}), 200)["items"]
    assert listed == [whole]
    table = (await client.get(f"{PAYMENTS}.csv")).text.splitlines()
    assert table[1].startswith(
        "in,in_advance_of_need_approved,received,2017-07-31,2017-07-20,5000000.00,5000000.00,0.00"
    )
    assert table[1].endswith("passed,0.00,1000000.00,-1000000.00,6000000.00,7000000.00,0.00,")


async def test_an_excess_is_flagged_and_taken_only_with_the_reason_of_another_person(grants: Running) -> None:
    """G-25."""
    await budgeted(grants)
    grants.clock.set(JULY)
    await expects(grants, "2017-18-q3", 400_000_000)
    payment = await planned(grants, 500_000_000)
    requested = await asked(grants, payment)
    assert (requested["excess_flagged"], requested["need_check"]["excess_pence"]) == (True, 100_000_000)
    refused = await part(grants, payment, 500_000_000, "2017-07-20")
    assert problem(refused, 409) == {"": "excess_unapproved"}
    assert refused.json()["detail"] == (
        "£1,000,000.00 is more than is needed before the next payment; "
        "the chief finance officer gives the reason first."
    )
    path = f"{PAYMENTS}/{payment['id']}/excess-approvals"
    reason = {"reason": "The programme is paid in one sum."}
    problem(await grants.as_("grants:finance").post(path, json=reason), 403)
    assert problem(await grants.as_("grants:cfo").post(path, json=reason), 409) == {"": "same_person"}
    approved = done(await grants.as_("grants:cfo", sub="person:cfo").post(path, json=reason))
    assert approved["excess_reason"] == "The programme is paid in one sum."
    assert problem(await grants.as_("grants:cfo", sub="person:cfo").post(path, json=reason), 409) == {"": "no_excess"}
    assert done(await part(grants, payment, 500_000_000, "2017-07-20"))["state"] == "received"


async def test_without_a_forecast_the_test_is_not_possible_which_is_not_passed(grants: Running) -> None:
    """G-25; a forecast of a later day is none."""
    await budgeted(grants)
    grants.clock.set(JULY)
    payment = await planned(grants)
    requested = await asked(grants, payment)
    assert (requested["need_check"]["result"], requested["need_check"]["need_pence"]) == ("not_possible", None)
    assert requested["excess_flagged"] is True
    refused = await part(grants, payment, 500_000_000, "2017-07-20")
    assert problem(refused, 409) == {"": "excess_unapproved"}
    assert refused.json()["detail"].startswith("No forecast bears the need out")
    await expects(grants, "2017-18-q3", 600_000_000)
    second = await planned(grants)
    assert (await asked(grants, second, requested_on="2017-07-19"))["need_check"]["result"] == "not_possible"
    third = await planned(grants)
    assert (await asked(grants, third))["need_check"]["result"] == "passed"


async def test_the_quarter_the_money_is_for_can_be_named(grants: Running) -> None:
    """G-25."""
    await budgeted(grants)
    grants.clock.set(JULY)
    await expects(grants, "2017-18-q2", 700_000_000)
    payment = await planned(grants)
    path = f"{PAYMENTS}/{payment['id']}/requests"
    client = grants.as_("grants:finance")
    over = await client.post(path, json={"forecast_quarter": "2017-18-q1"})
    assert problem(over, 422) == {"/forecast_quarter": "invalid"}
    assert problem(await client.post(path, json={"requested_on": "2017-07-21"}), 422) == {
        "/requested_on": "future_date"
    }
    check = (await asked(grants, payment, forecast_quarter="2017-18-q2"))["need_check"]
    assert (check["forecast_quarter"], check["forecast_pence"], check["result"]) == (
        "2017-18-q2",
        700_000_000,
        "passed",
    )


async def test_no_more_is_received_than_the_grant(grants: Running) -> None:
    """G-24: what is planned and asked for stays within it together, and so does the money when it comes."""
    await budgeted(grants)
    client, body = grants.as_("grants:finance"), {"direction": "in", "basis": "unknown"}
    whole = await client.post(PAYMENTS, json={**body, "requested_pence": 2_100_000_001})
    assert problem(whole, 409) == {"/requested_pence": "over_receivable"}
    first = await planned(grants, 2_000_000_000)
    for state in ("planned", "requested"):
        refused = await client.post(PAYMENTS, json={**body, "requested_pence": 100_000_001})
        assert problem(refused, 409) == {"/requested_pence": "over_receivable"}, state
        assert "£1,000,000.00 is left" in refused.json()["detail"]
        if state == "planned":
            await asked(grants, first)
    listed = done(await grants.as_("grants:read").get(PAYMENTS), 200)["items"]
    assert [one["id"] for one in listed] == [first["id"]]
    second = await planned(grants, 100_000_000)
    done(await client.post(f"{PAYMENTS}/{second['id']}/withdrawals", json={"reason": "Not needed."}))
    cfo = grants.as_("grants:cfo", sub="person:cfo")
    done(await cfo.post(f"{PAYMENTS}/{first['id']}/excess-approvals", json={"reason": "One lump."}))
    over = await part(grants, first, 2_000_000_001, "2018-05-02")
    assert problem(over, 409) == {"/paid_pence": "over_request"}
    done(await part(grants, first, 2_000_000_000, "2018-05-02"))
    summary = done(await grants.as_("grants:read").get(f"{PAYMENTS}/summary"), 200)
    assert (summary["received_pence"], summary["still_to_come_pence"]) == (2_000_000_000, 100_000_000)


async def test_what_is_netted_off_lowers_what_is_receivable_not_the_grant(grants: Running) -> None:
    """G-24, G-36: the last pound of the grant stays away where the year before left one."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    await signed(grants, "2018/19", 2_100_000_000)
    path = "/v1/agreements/2018-19/payments"
    client = grants.as_("grants:finance")
    body = {"direction": "in", "basis": "single_lump", "requested_pence": 2_098_600_001}
    over = done(await client.post(path, json=body))
    await treat(grants, **NET_OFF)
    summary = done(await grants.as_("grants:read").get(f"{path}/summary"), 200)
    assert (summary["grant_pence"], summary["netted_off_pence"], summary["receivable_pence"]) == (
        2_100_000_000,
        1_400_000,
        2_098_600_000,
    )
    refused = await client.post(f"{path}/{over['id']}/requests", json={})
    assert problem(refused, 409) == {"": "over_receivable"}
    assert "£20,986,000.00 is left" in refused.json()["detail"]
    done(await client.post(f"{path}/{over['id']}/withdrawals", json={"reason": "A year before left some."}))
    assert problem(await client.post(path, json=body), 409) == {"/requested_pence": "over_receivable"}
    exact = done(await client.post(path, json={**body, "requested_pence": 2_098_600_000}))
    done(await client.post(f"{path}/{exact['id']}/requests", json={}))


async def test_receipts_that_arrive_together_do_not_exceed_what_was_asked_for(grants: Running) -> None:
    """G-24: the agreement's row makes them wait for each other."""
    await budgeted(grants)
    grants.clock.set(JULY)
    await expects(grants, "2017-18-q3", 600_000_000)
    payment = await planned(grants, 500)
    await asked(grants, payment)
    answers = await asyncio.gather(*(part(grants, payment, 300, "2017-07-20") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_part_noted_wrongly_is_taken_back_by_a_negative_one_with_the_reason(grants: Running) -> None:
    await budgeted(grants)
    grants.clock.set(JULY)
    await expects(grants, "2017-18-q3", 600_000_000)
    payment = await planned(grants, 500)
    await asked(grants, payment)
    done(await part(grants, payment, 500, "2017-07-20"))
    assert problem(await part(grants, payment, -500, "2017-07-20"), 409) == {"/reason": "reason_missing"}
    assert problem(await part(grants, payment, -501, "2017-07-20", reason="Typed twice."), 409) == {
        "/paid_pence": "taken_back_too_much"
    }
    assert problem(await part(grants, payment, 0, "2017-07-20"), 422) == {"/paid_pence": "zero_amount"}
    back = done(await part(grants, payment, -500, "2017-07-20", reason="Typed twice."))
    assert (back["state"], back["paid_pence"], len(back["parts"])) == ("requested", 0, 2)


async def test_the_department_s_refusal_is_noted_with_name_day_and_reference(grants: Running) -> None:
    await budgeted(grants)
    payment = await planned(grants)
    body = {"reason": "Not borne out.", "refused_by": "Head of grants", "reference": "D-17", "refused_on": "2018-05-05"}
    path = f"{PAYMENTS}/{payment['id']}/refusals"
    client = grants.as_("grants:manager")
    early = await client.post(path, json=body)
    assert problem(early, 409) == {"": "payment_out_of_order"}
    await asked(grants, payment)
    refused = done(await client.post(path, json=body))
    assert (refused["state"], refused["refusal_reference"], refused["refused_by_name"]) == (
        "refused",
        "D-17",
        "Head of grants",
    )
    assert problem(await part(grants, payment, 1, "2018-05-06"), 409) == {"": "payment_out_of_order"}
    summary = done(await grants.as_("grants:read").get(f"{PAYMENTS}/summary"), 200)
    assert (summary["requested_pence"], summary["received_pence"]) == (0, 0)


async def test_a_basis_that_is_unknown_is_named_once_it_is_known(grants: Running) -> None:
    """G-24: the basis may be unknown; a change needs the version that was read."""
    await budgeted(grants)
    payment = await planned(grants, basis="unknown")
    client = grants.as_("grants:finance")
    path = f"{PAYMENTS}/{payment['id']}"
    assert problem(await client.patch(path, json={"basis": "arrears"}), 428) == {"": "if_match_required"}
    tag = (await client.get(path)).headers["etag"]
    changed = done(await client.patch(path, json={"basis": "arrears"}, headers={"If-Match": tag}), 200)
    assert (changed["basis"], changed["requested_pence"], changed["version"]) == ("arrears", 500_000_000, 2)
    stale = await client.patch(path, json={"basis": "single_lump"}, headers={"If-Match": tag})
    assert problem(stale, 412) == {"": "stale_version"}


async def test_a_plan_of_which_nothing_moved_is_withdrawn_with_a_reason_and_makes_room(grants: Running) -> None:
    """G-23."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await payable(grants)
    payment = await planned(grants, 18_000_000, direction="out", award=made["id"])
    client = grants.as_("grants:finance")
    path = f"{PAYMENTS}/{payment['id']}/withdrawals"
    assert problem(await client.post(path, json={}), 422) == {"/reason": "missing"}
    gone = done(await client.post(path, json={"reason": "Planned twice."}))
    assert (gone["state"], gone["withdrawal_reason"]) == ("withdrawn", "Planned twice.")
    assert problem(await client.post(path, json={"reason": "Again."}), 409) == {"": "payment_out_of_order"}
    assert problem(await part(grants, payment, 1, "2017-06-01"), 409) == {"": "payment_out_of_order"}
    again = await planned(grants, 18_000_000, direction="out", award=made["id"])
    done(await part(grants, again, 1, "2017-06-01"))
    refused = await client.post(f"{PAYMENTS}/{again['id']}/withdrawals", json={"reason": "Too late."})
    assert problem(refused, 409) == {"": "payment_out_of_order"}


def test_payments_out_stay_within_the_award_whatever_was_planned() -> None:
    """G-23, the second guard: the sum of what moved."""
    standing = AwardStanding(
        body="Centre",
        state="payable",
        use_outcome="allowed",
        use_detail="",
        acknowledged=dict.fromkeys(DUTIES, date(2017, 5, 10)),
        amount_pence=1_000,
        paid_pence=990,
    )
    position = PartPosition(state="planned", requested_pence=20, moved_pence=0)
    day = date(2017, 6, 1)
    assert pay_part(position, Part(day, 10, None), standing, awarded_on=day, today=day) == "part_paid"
    with pytest.raises(OverAward, match=r"£0\.10 of the award is left"):
        pay_part(position, Part(day, 11, None), standing, awarded_on=day, today=day)


async def test_what_is_netted_off_after_the_request_keeps_the_surplus_from_being_received(grants: Running) -> None:
    """G-24, G-36: the second guard, when the money comes."""
    await signed(grants)
    await record(grants, **PROVISIONAL)
    await signed(grants, "2018/19", 2_100_000_000)
    path = "/v1/agreements/2018-19/payments"
    client = grants.as_("grants:finance")
    body = {"direction": "in", "basis": "single_lump", "requested_pence": 2_100_000_000}
    payment = done(await client.post(path, json=body))
    done(await client.post(f"{path}/{payment['id']}/requests", json={}))
    cfo = grants.as_("grants:cfo", sub="person:cfo")
    done(await cfo.post(f"{path}/{payment['id']}/excess-approvals", json={"reason": "One lump."}))
    await treat(grants, **NET_OFF)
    whole = {"paid_on": "2018-05-31", "paid_pence": 2_100_000_000}
    refused = await client.post(f"{path}/{payment['id']}/parts", json=whole)
    assert problem(refused, 409) == {"/paid_pence": "over_receivable"}
    assert "at most £20,986,000.00 may come in" in refused.json()["detail"]
    done(await client.post(f"{path}/{payment['id']}/parts", json={**whole, "paid_pence": 2_098_600_000}))


async def test_a_draft_agreement_asks_for_no_money(grants: Running) -> None:
    await drafted(grants)
    payment = await planned(grants)
    refused = await grants.as_("grants:finance").post(f"{PAYMENTS}/{payment['id']}/requests", json={})
    assert problem(refused, 409) == {"": "not_signed"}


async def test_an_award_is_paid_in_parts_and_never_beyond_itself(grants: Running) -> None:
    """G-22, G-23; question 8."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await payable(grants)
    payment = await planned(grants, 10_000_000, direction="out", basis="arrears", award=made["id"])
    done(await part(grants, payment, 4_000_000, "2017-07-01"))
    second = await planned(grants, 8_000_000, direction="out", basis="arrears", award=made["id"])
    over = {"direction": "out", "requested_pence": 1, "award": made["id"]}
    refused = await grants.as_("grants:finance").post(PAYMENTS, json=over)
    assert problem(refused, 409) == {"/requested_pence": "payment_over_award"}
    assert problem(await part(grants, payment, 6_000_001, "2017-08-01"), 409) == {"/paid_pence": "over_request"}
    paid = done(await part(grants, payment, 6_000_000, "2017-08-01"))
    assert (paid["state"], paid["paid_on"]) == ("paid", "2017-08-01")
    done(await part(grants, second, 8_000_000, "2017-09-01"))
    shown = done(await grants.anonymous.get(f"/v1/agreements/2017-18/pass-through-awards/{made['id']}"), 200)
    assert (shown["paid_pence"], shown["left_pence"]) == (18_000_000, 0)
    summary = done(await grants.as_("grants:read").get(f"{PAYMENTS}/summary"), 200)
    assert (summary["paid_out_pence"], summary["received_pence"]) == (18_000_000, 0)


async def test_nothing_is_paid_before_every_duty_is_acknowledged(grants: Running) -> None:
    """G-22: `flow_down_missing` names the duties and the body, also by the day of the payment."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre", name="Centre for Scrutiny")
    made = await award(grants, use_codes=[])
    payment = await planned(grants, 1_000, direction="out", award=made["id"])
    refused = await part(grants, payment, 1_000, "2017-06-01")
    assert problem(refused, 409) == {"": "flow_down_missing"}
    assert refused.json()["detail"] == (
        f"Duties {', '.join(DUTIES)} not acknowledged by Centre for Scrutiny; record that first."
    )
    assert refused.json()["duties"] == DUTIES
    made = await payable(grants, made)
    early = await part(grants, payment, 1_000, "2017-05-11")
    assert problem(early, 409) == {"": "flow_down_missing"}
    assert "on or before 2017-05-11" in early.json()["detail"]
    before = done(await grants.as_("grants:read").get(f"{PAYMENTS}/{payment['id']}"), 200)
    assert (before["parts"], before["state"]) == ([], "planned")
    done(await part(grants, payment, 1_000, "2017-05-12"))


async def test_only_a_payable_award_is_paid_and_not_before_its_day(grants: Running) -> None:
    """G-22, G-23."""
    await budgeted(grants)
    await register(grants, "scrutiny-centre")
    made = await award(grants, use_codes=[])
    payment = await planned(grants, 1_000, direction="out", award=made["id"])
    done(await acknowledge(grants, made, DUTIES, "2017-05-09"))
    refused = await part(grants, payment, 1_000, "2017-06-01")
    assert problem(refused, 409) == {"": "award_not_payable"}
    assert refused.json()["detail"] == "The award is terms_acknowledged; make it payable first."
    done(await move(grants, made, "payable"))
    early = await part(grants, payment, 1_000, "2017-05-09")
    assert problem(early, 409) == {"/paid_on": "before_award"}
    assert early.json()["detail"] == "The award was made on 2017-05-10; give a later day."
    done(await part(grants, payment, 1_000, "2017-05-10"))
    done(await move(grants, made, "ended", "The body was wound up."))
    over = await grants.as_("grants:finance").post(
        PAYMENTS, json={"direction": "out", "requested_pence": 1, "award": made["id"]}
    )
    assert problem(over, 409) == {"/award": "award_not_payable"}


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({"direction": "out"}, 422, {"/award": "award_of_direction"}),
        ({"direction": "in", "award": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, 422, {"/award": "award_of_direction"}),
        (
            {"direction": "out", "award": "0" * 8 + "-0000-0000-0000-" + "0" * 12},
            422,
            {"/award": "unknown_award"},
        ),
        ({"direction": "in", "basis": "whenever"}, 422, {"/basis": "literal_error"}),
        ({"direction": "in", "requested_pence": 0}, 422, {"/requested_pence": "greater_than"}),
    ],
)
async def test_bad_payments_are_located(
    grants: Running, body: dict[str, Any], status: int, errors: dict[str, str]
) -> None:
    await budgeted(grants)
    client = grants.as_("grants:finance")
    assert problem(await client.post(PAYMENTS, json={"requested_pence": 5, **body}), status) == errors
    assert done(await grants.as_("grants:read").get(PAYMENTS), 200)["items"] == []
    problem(await grants.anonymous.get(PAYMENTS), 401)

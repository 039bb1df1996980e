"""Since when a publisher is a contracting authority, and the duties that follow it in the calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from services.transparency.payments.authority import rules
from shared.periods import FinancialYear, HalfYear, Quarter
from tests.harness import Running
from tests.transparency.facts import PARTNER, at, awarded, batch, line, registered, signed
from tests.transparency.payments.steps import AUTHORITY, draft, problem, set_authority

YEAR = FinancialYear(2017)


def test_thirty_days_begin_with_the_last_day_of_the_period() -> None:
    """T-44, worked example 12: a quarter that ends on 30 June is due on 29 July, and the arithmetic says why."""
    reading = rules.thirty_days(Quarter.parse("2026-27-q1"))
    assert (reading.due_on, reading.alarms) == (date(2026, 7, 29), True)
    assert reading.arithmetic == (
        "Q1 2026/27 ends on 30 June 2026; of the thirty days that begin with it the last is 29 July 2026."
    )
    assert rules.thirty_days(HalfYear.parse("2026-27-h1")).due_on == date(2026, 10, 29)
    assert rules.thirty_days(Quarter.parse("2026-27-q4")).due_on == date(2027, 4, 29)


def test_duties_are_owed_for_periods_that_end_on_the_day_or_later() -> None:
    """T-44."""
    found = [(duty.code, duty.subject) for duty in rules.owed([YEAR], date(2017, 12, 31))]
    assert found == [
        ("PAYMENTS30K", "2017-18-q3"),
        ("PAYMENTS30K", "2017-18-q4"),
        ("PAYMENTPERFORMANCE", "2017-18-h2"),
    ]
    assert len(rules.owed([YEAR], date(2017, 4, 1))) == 6
    assert rules.owed([YEAR], date(2018, 4, 1)) == rules.owed([YEAR], None) == []


async def owed(transparency: Running, publisher: str = "body") -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for code in ("PAYMENTS30K", "PAYMENTPERFORMANCE"):
        answer = await transparency.anonymous.get(f"/v1/obligations?publisher={publisher}&code={code}")
        found |= {(code, item["subject"]): item for item in answer.json()["items"]}
    return found


async def test_duties_stand_in_the_calendar_from_the_day_on_and_move_with_it(transparency: Running) -> None:
    """T-44, T-48, T-54: set, set again, moved, removed; an agreement that comes later brings its year's duties."""
    transparency.clock.set(at("2017-05-10T12:00"))
    await transparency.receive(registered())
    reader = transparency.anonymous
    answer = await reader.get(AUTHORITY)
    assert (answer.headers["etag"], answer.json()["contracting_authority_from"]) == ('"0"', None)
    assert (await set_authority(transparency)).status_code == 200
    assert await owed(transparency) == {}
    await transparency.receive(signed(parent=None))
    first = await owed(transparency)
    assert len(first) == 6
    quarter = first["PAYMENTS30K", "2017-18-q1"]
    assert (quarter["alarm_on"], quarter["state"], quarter["period"]) == ("2017-07-29", "upcoming", "Q1 2017/18")
    assert quarter["source"] == "Procurement Act 2023, section 70"
    assert first["PAYMENTPERFORMANCE", "2017-18-h2"]["alarm_on"] == "2018-04-29"
    same = await set_authority(transparency, version=1)
    assert (same.headers["etag"], await owed(transparency)) == ('"1"', first)
    moved = await set_authority(transparency, "2017-10-01", version=1)
    assert moved.headers["etag"] == '"2"'
    states = {key: item["state"] for key, item in (await owed(transparency)).items()}
    assert {subject for (_, subject), state in states.items() if state == "not_applicable"} == {
        "2017-18-q1",
        "2017-18-q2",
        "2017-18-h1",
    }
    await set_authority(transparency, version=2)
    back = await owed(transparency)
    assert {key: (item["state"], item["alarm_on"]) for key, item in back.items()} == {
        key: (item["state"], item["alarm_on"]) for key, item in first.items()
    }
    gone = await set_authority(transparency, None, version=3)
    assert gone.json()["duties"] == []
    assert {item["state"] for item in (await owed(transparency)).values()} == {"not_applicable"}


async def test_what_was_missed_stays_missed_and_a_body_with_an_award_has_its_duties(transparency: Running) -> None:
    """T-48: a judgement stands; pass-through bodies carry their own set."""
    transparency.clock.set(at("2017-05-10T12:00"))
    await transparency.receive(registered(), registered(PARTNER, "partner"), signed(), awarded())
    await set_authority(transparency)
    lead = transparency.as_("transparency:finance")
    body = {"contracting_authority_from": "2018-01-01", "reason": "It is a council."}
    path = "/v1/publishers/partner/contracting-authority"
    assert (await lead.put(path, json=body, headers={"If-Match": '"0"'})).status_code == 200
    assert {subject for _, subject in await owed(transparency, "partner")} == {"2017-18-q4", "2017-18-h2"}
    transparency.clock.set(at("2017-07-30T12:00"))
    await transparency.tick(at("2017-07-30T12:00"))
    await set_authority(transparency, None, version=1)
    states = {subject: item["state"] for (_, subject), item in (await owed(transparency)).items()}
    assert (states["2017-18-q1"], states["2017-18-h1"]) == ("missed", "not_applicable")


async def test_the_day_is_set_by_finance_leads_with_if_match_and_a_reason_for_the_audit_log(
    transparency: Running,
) -> None:
    """Design section 5; T-54."""
    await transparency.receive(registered())
    body = {"contracting_authority_from": "2017-04-01", "reason": "It buys."}
    put = transparency.as_("transparency:finance").put
    assert (await transparency.as_("transparency:preparer").put(AUTHORITY, json=body)).status_code == 403
    assert (await put(AUTHORITY, json=body)).status_code == 428
    other = transparency.as_("transparency:finance", organisations=["other"])
    assert (await other.put(AUTHORITY, json=body, headers={"If-Match": '"0"'})).status_code == 403
    assert (await put(AUTHORITY, json=body, headers={"If-Match": '"1"'})).json()["errors"][0]["code"] == "stale_version"
    wrong = await put(
        AUTHORITY, json={"contracting_authority_from": "1/4/2017", "reason": "x"}, headers={"If-Match": '"0"'}
    )
    assert wrong.status_code == 422
    assert {item["pointer"] for item in wrong.json()["errors"]} == {"/contracting_authority_from", "/reason"}
    assert (await set_authority(transparency)).json()["duties"] == ["PAYMENTPERFORMANCE", "PAYMENTS30K"]
    async with transparency.session() as session:
        rows = await session.exec(  # type: ignore[call-overload]
            text("SELECT reason, after FROM audit_entries WHERE action = 'set_contracting_authority'")
        )
        ((reason, after),) = rows.all()
    assert (reason, after) == ("It buys under the Act.", {"contracting_authority_from": "2017-04-01"})


async def test_neither_dataset_exists_for_a_publisher_that_is_no_contracting_authority(transparency: Running) -> None:
    """T-61, T-62: refused with words while no day is set, and for periods that end before it."""
    await transparency.receive(registered(), signed())
    await transparency.receive(*batch(line(90_000), covers=("2017-04-01", "2017-09-30")))
    payments, performance = (
        "/v1/datasets/body/payments_over_threshold/2017-18-q1",
        "/v1/datasets/body/payment_performance/2017-18-h1",
    )
    for path, what in ((payments, "payments over £30,000"), (performance, "payment performance figures")):
        refused = await draft(transparency, path)
        assert problem(refused) == (409, "not_contracting_authority")
        assert refused.json()["detail"] == (
            f"body has no contracting_authority_from, so it neither owes nor publishes {what}. If it buys as a "
            f"contracting authority, a finance lead sets the day with PUT {AUTHORITY}."
        )
    asked = await transparency.anonymous.get("/v1/payments-over-threshold?publisher=body&period=2017-18-q1")
    assert problem(asked) == (409, "not_contracting_authority")
    assert problem(await transparency.anonymous.get("/v1/payment-performance/body/2017-18-h1")) == (
        409,
        "not_contracting_authority",
    )
    await set_authority(transparency, "2017-10-01")
    refused = await draft(transparency, payments)
    assert problem(refused) == (409, "not_contracting_authority")
    assert "from 1 October 2017, and Q1 2017/18 ended before that, on 30 June 2017." in refused.json()["detail"]
    # The other guard stands next: the day itself no longer stops the third quarter.
    third = await draft(transparency, payments.replace("q1", "q3"))
    assert problem(third) == (409, "spend_not_published")

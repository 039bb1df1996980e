"""The life of a request over HTTP: clock, question, extension, answer, review, and the duty that stands for it."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.events.transparency import ObligationMet, ObligationMissed, RequestAnswered
from tests.harness import Running
from tests.transparency.facts import at
from tests.transparency.requests.steps import ONE, PATH, body, done, known, officer, received, refused

GROUND = {
    "code": "COMMERCIAL_PREJUDICE",
    "prejudice": "Day rates would reach competitors in a running tender.",
    "public_interest": "The totals serve scrutiny; the rates add little.",
}


async def duty(transparency: Running, publisher: str = "body", reference: str = "IR-2017-0001") -> dict[str, Any]:
    found = await transparency.anonymous.get("/v1/obligations", params={"publisher": publisher, "code": "REQUESTS"})
    (one,) = [item for item in found.json()["items"] if item["subject"] == reference]
    return one  # type: ignore[no-any-return]


async def test_a_request_gets_its_reference_clock_and_duty_when_it_comes_in(transparency: Running) -> None:
    """T-47, T-48: numbered by publisher and year; a body that grant is passed to has its own."""
    await known(transparency)
    first, second = await received(transparency), await received(transparency, "2017-07-08")
    other = await received(transparency, publisher="partner")
    assert [row["reference"] for row in (first, second, other)] == ["IR-2017-0001", "IR-2017-0002", "IR-2017-0001"]
    assert (first["state"], first["due_on"], second["due_on"]) == ("received", "2017-08-09", "2017-08-08")
    owed = await duty(transparency)
    assert (owed["alarm_on"], owed["state"], owed["year"]) == ("2017-08-09", "upcoming", "2017-18")
    assert owed["readings"][0]["arithmetic"] == first["arithmetic"]
    assert (await duty(transparency, "partner"))["period"] == "IR-2017-0001"
    client = officer(transparency)
    assert await refused(client, f"{ONE}/openings") == (409, [("reference_ambiguous", None)])
    assert (await done(client, f"{ONE}/openings?publisher=partner"))["state"] == "open"
    page = (await client.get(PATH, params={"limit": 2})).json()
    rest = (await client.get(page["links"]["next"].removeprefix("http://test/transparency"))).json()
    assert [row["received_on"] for row in page["items"] + rest["items"]] == ["2017-07-08", "2017-07-10", "2017-07-10"]
    assert [row["state"] for row in (await client.get(PATH, params={"state": "open"})).json()["items"]] == ["open"]


async def test_an_answer_in_time_meets_the_duty_and_tells_the_days_taken(transparency: Running) -> None:
    """T-47; section 6: the event carries reference, outcome, days and nothing of the person."""
    await known(transparency)
    await received(transparency)
    transparency.clock.set(at("2017-08-09T22:30"))
    answered = await done(officer(transparency), f"{ONE}/responses", {"outcome": "full"})
    assert (answered["state"], answered["working_days"], answered["working_days_late"]) == ("answered", 20, 0)
    (event,) = await transparency.emitted(RequestAnswered)
    assert (event.reference, event.outcome, event.due_on) == ("IR-2017-0001", "full", date(2017, 8, 9))
    (met,) = await transparency.emitted(ObligationMet)
    assert (met.code, met.period, met.days_late) == ("REQUESTS", "IR-2017-0001", 0)
    assert (await duty(transparency))["state"] == "met"


async def test_a_late_answer_says_by_how_many_working_days_and_time_marks_it_missed(transparency: Running) -> None:
    """T-47: the day ends at London midnight; a Friday two days after a Wednesday is two working days late."""
    await known(transparency)
    await received(transparency)
    await transparency.tick(at("2017-08-09T22:59"))
    assert (await duty(transparency))["state"] == "due_soon"
    await transparency.tick(at("2017-08-09T23:00"))
    (missed,) = await transparency.emitted(ObligationMissed)
    assert (missed.code, missed.missed_on) == ("REQUESTS", date(2017, 8, 9))
    transparency.clock.set(at("2017-08-13T10:00"))
    late = await done(officer(transparency), f"{ONE}/responses", {"outcome": "not_held"})
    assert (late["working_days"], late["working_days_late"]) == (22, 2)
    assert (await duty(transparency))["state"] == "met_late"


async def test_a_question_stops_the_clock_and_the_reply_starts_it_again(transparency: Running) -> None:
    """Section 3; T-47: day 1 is the first working day after the reply."""
    await known(transparency)
    await received(transparency)
    client = officer(transparency)
    assert await refused(client, f"{ONE}/clarifications/replies", {"text": "Yes."}) == (
        409,
        [("nothing_was_asked", None)],
    )
    transparency.clock.set(at("2017-07-14T10:00"))
    asked = await done(client, f"{ONE}/clarifications", {"text": "Which year do you mean?"})
    assert (asked["state"], asked["due_on"]) == ("clarifying", None)
    stopped = await duty(transparency)
    assert (stopped["alarm_on"], stopped["state"]) == (None, "not_judged")
    assert stopped["state_reason"].startswith("The clock is stopped")
    assert await refused(client, f"{ONE}/responses", {"outcome": "full"}) == (409, [("request_not_open", None)])
    early = await refused(
        transparency.as_("transparency:information", "transparency:history"),
        f"{ONE}/clarifications/replies",
        {"text": "2016/17", "happened_at": "2017-07-13T10:00:00Z"},
    )
    assert early == (422, [("step_out_of_order", "/happened_at")])
    transparency.clock.set(at("2017-09-01T10:00"))
    replied = await done(client, f"{ONE}/clarifications/replies", {"text": "2016/17"})
    assert (replied["state"], replied["clock_from"], replied["due_on"]) == ("open", "2017-09-01", "2017-09-29")
    assert replied["arithmetic"].startswith("The reply to a question came on Friday 1 September 2017.")
    again = await duty(transparency)
    assert (again["alarm_on"], again["state"], again["state_reason"]) == ("2017-09-29", "upcoming", None)
    assert [letter["kind"] for letter in (await client.get(f"{ONE}/letters")).json()["items"]] == [
        "request",
        "clarification",
        "reply",
    ]


async def test_only_weighing_the_public_interest_extends_the_time_once_and_with_its_reason(
    transparency: Running,
) -> None:
    """Section 3: extended only for public-interest balancing, the reason shown."""
    await known(transparency)
    await received(transparency)
    client, path = officer(transparency), f"{ONE}/extensions"
    sent = {
        "exemption": "COMMERCIAL_PREJUDICE",
        "working_days": 10,
        "reason": "Suppliers are asked what harm they see.",
    }
    assert await refused(client, path, {**sent, "exemption": "PERSONAL_DATA", "working_days": 21}) == (
        422,
        [("not_for_balancing", "/exemption"), ("extension_too_long", "/working_days")],
    )
    assert await refused(client, path, {**sent, "exemption": "BUSY"}) == (422, [("exemption_unknown", "/exemption")])
    mail = {**sent, "reason": "We wait for joe@example.org."}
    assert await refused(client, path, mail) == (422, [("personal_details_in_text", "/reason")])
    extended = await done(client, path, sent)
    assert (extended["state"], extended["due_on"]) == ("extended", "2017-08-23")
    assert "20 working days and 10 more" in extended["arithmetic"]
    assert (await duty(transparency))["alarm_on"] == "2017-08-23"
    assert await refused(client, path, sent) == (409, [("already_extended", None)])
    assert await refused(client, f"{ONE}/clarifications", {"text": "Which?"}) == (409, [("request_not_open", None)])
    assert (await done(client, f"{ONE}/responses", {"outcome": "full"}))["working_days"] == 0


async def test_neither_question_nor_extension_helps_once_the_day_is_over(transparency: Running) -> None:
    """T-47."""
    await known(transparency)
    await received(transparency)
    transparency.clock.set(at("2017-08-10T09:00"))
    client = officer(transparency)
    assert await refused(client, f"{ONE}/clarifications", {"text": "Which?"}) == (409, [("clock_run_out", None)])
    sent = {"exemption": "LEGAL_PRIVILEGE", "working_days": 5, "reason": "Advice is weighed."}
    assert await refused(client, f"{ONE}/extensions", sent) == (409, [("clock_run_out", None)])


async def test_what_is_withheld_needs_a_ground_and_each_ground_its_reasons_all_errors_at_once(
    transparency: Running,
) -> None:
    """Section 7, T-21: 422 `withholding_incomplete` names the missing fields; bare confidentiality is refused."""
    await known(transparency)
    await received(transparency)
    client, path = officer(transparency), f"{ONE}/responses"
    assert await refused(client, path, {"outcome": "part"}) == (422, [("exemption_missing", "/exemptions")])
    assert await refused(
        client, path, {"outcome": "not_held", "exemptions": [GROUND], "disclosure_url": "https://x.y"}
    ) == (
        422,
        [("exemption_not_needed", "/exemptions"), ("nothing_disclosed", "/disclosure_url")],
    )
    bad = [
        {"code": "COMMERCIAL_PREJUDICE", "prejudice": " "},
        {"code": "BARE_CONFIDENTIALITY"},
        {"code": "SECRET"},
        {"code": "PERSONAL_DATA"},
        {"code": "PERSONAL_DATA"},
    ]
    answer = await client.post(path, json={"outcome": "refused", "exemptions": bad})
    assert answer.status_code == 422
    assert [(error["code"], error["pointer"]) for error in answer.json()["errors"]] == [
        ("withholding_incomplete", "/exemptions/0/prejudice"),
        ("withholding_incomplete", "/exemptions/0/public_interest"),
        ("withholding_incomplete", "/exemptions/1/code"),
        ("exemption_unknown", "/exemptions/2/code"),
        ("exemption_repeated", "/exemptions/4/code"),
    ]
    assert answer.json()["errors"][0]["detail"] == (
        "COMMERCIAL_PREJUDICE (section 43(2)) needs prejudice; say it in this field."
    )
    answered = await done(client, path, {"outcome": "part", "exemptions": [GROUND, {"code": "PERSONAL_DATA"}]})
    assert answered["exemptions"] == ["COMMERCIAL_PREJUDICE", "PERSONAL_DATA"]
    assert await refused(client, path, {"outcome": "full"}) == (409, [("request_not_open", None)])
    listed = (await transparency.anonymous.get(f"{PATH}/exemptions")).json()["items"]
    assert "BARE_CONFIDENTIALITY" not in {row["code"] for row in listed}


async def test_a_review_is_asked_in_forty_working_days_and_decided_by_another_person(transparency: Running) -> None:
    """Section 3: answered, review, closed."""
    await known(transparency)
    await received(transparency)
    client, path = officer(transparency), f"{ONE}/reviews"
    assert await refused(client, path, {"text": "Look again."}) == (409, [("request_not_answered", None)])
    transparency.clock.set(at("2017-08-09T12:00"))
    answered = await done(client, f"{ONE}/responses", {"outcome": "refused", "exemptions": [GROUND]})
    assert answered["review_by"] == "2017-10-05"
    transparency.clock.set(at("2017-10-20T12:00"))
    late = {"text": "Look again.", "asked_on": "2017-10-06"}
    assert await refused(client, path, late) == (409, [("review_asked_too_late", "/asked_on")])
    early = {**late, "asked_on": "2017-08-08"}
    assert await refused(client, path, early) == (422, [("step_out_of_order", "/asked_on")])
    decision = {"result": "changed", "outcome": "full", "text": "All is disclosed."}
    assert await refused(client, f"{path}/decisions", decision) == (409, [("no_review_asked", None)])
    asked = await done(client, path, {**late, "asked_on": "2017-10-05"})
    assert (asked["state"], asked["review_asked_on"]) == ("review", "2017-10-05")
    assert await refused(client, path, late) == (409, [("review_already_asked", None)])
    assert await refused(client, f"{path}/decisions", decision) == (409, [("four_eyes", None)])
    other = officer(transparency, "person:owen")
    assert await refused(other, f"{path}/decisions", {**decision, "outcome": None}) == (
        422,
        [("review_without_result", "/outcome")],
    )
    closed = await done(other, f"{path}/decisions", decision)
    assert (closed["state"], closed["outcome"], closed["review_outcome"]) == ("closed", "refused", "full")
    assert closed["review_decided_by"] == "person:owen"


async def test_time_closes_an_answered_request_that_nobody_wants_reviewed(transparency: Running) -> None:
    await known(transparency)
    await received(transparency)
    transparency.clock.set(at("2017-08-09T12:00"))
    client = officer(transparency)
    await done(client, f"{ONE}/responses", {"outcome": "full"})
    for moment, state in (("2017-10-05T12:00", "answered"), ("2017-10-06T12:00", "closed")):
        await transparency.tick(at(moment))
        assert (await client.get(ONE)).json()["state"] == state


async def test_a_past_request_is_entered_whole_with_its_stated_times(transparency: Running) -> None:
    """Two times: with the scope for it, judged by the stated time, and never told as missed."""
    await known(transparency, "2026-09-01T12:00")
    assert await refused(officer(transparency), PATH, body()) == (403, [("not_allowed", "/received_on")])
    historian = transparency.as_("transparency:information", "transparency:history", sub="person:hal")
    await done(historian, PATH, body())
    entered = await duty(transparency)
    assert (entered["state"], entered["state_reason"]) == (
        "not_judged",
        "It was entered here on 1 September 2026, after its day, 9 August 2017; nobody here could watch for it.",
    )
    sent = {"outcome": "full", "happened_at": "2017-08-11T10:00:00Z"}
    answered = await done(historian, f"{ONE}/responses", sent)
    assert (answered["answered_on"], answered["working_days_late"]) == ("2017-08-11", 2)
    judged = await duty(transparency)
    assert (judged["state"], judged["stated"], judged["days_late"]) == ("met_late", True, 2)
    await transparency.tick(at("2026-09-02T12:00"))
    assert await transparency.emitted(ObligationMissed) == []
    asked = await done(historian, f"{ONE}/reviews", {"text": "Look again.", "asked_on": "2017-09-01"})
    assert asked["state"] == "review"


async def test_a_request_may_not_come_from_the_future_nor_for_nobody(transparency: Running) -> None:
    """Section 7: 422, every error with its place."""
    await known(transparency)
    client = officer(transparency)
    assert await refused(client, PATH, body("2017-07-11")) == (422, [("received_in_future", "/received_on")])
    status, errors = await refused(
        client, PATH, body("1999-12-31", channel="pigeon", requester={"name": "", "contact": ""})
    )
    assert status == 422
    assert {pointer for _, pointer in errors} == {
        "/received_on",
        "/channel",
        "/requester/name",
        "/requester/contact",
    }
    assert (await refused(client, PATH, body(publisher="nobody")))[0] == 404
    limited = transparency.as_("transparency:information", organisations=["partner"])
    assert (await refused(limited, PATH, body()))[0] == 403
    assert (await client.get(f"{PATH}/IR-2017-0099")).json()["errors"][0]["code"] == "request_not_found"


async def test_requests_that_come_in_together_get_numbers_of_their_own(transparency: Running) -> None:
    """T-54, T-47; and the same request sent twice is one."""
    await known(transparency)
    rows = await asyncio.gather(*(received(transparency) for _ in range(3)))
    assert sorted(row["reference"] for row in rows) == [f"IR-2017-000{number}" for number in (1, 2, 3)]
    for _ in range(2):
        again = await officer(transparency).post(PATH, json=body(), headers={"Idempotency-Key": "twice"})
        assert again.json()["reference"] == "IR-2017-0004"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (
            "review_decided_by = answered_by, review_decided_on = answered_on, review_result = 'upheld'",
            "review_by_another",
        ),
        ("state = 'open'", "answered_has_its_day"),
        ("due_on = NULL", "clock_stopped_while_clarifying"),
        ("extra_days = 5", "extension_says_why"),
        ("published_subject = 'Cost'", "subject_cleared_by_name"),
        ("outcome = 'lost'", "outcome"),
    ],
)
async def test_the_database_keeps_what_the_rules_say(transparency: Running, change: str, constraint: str) -> None:
    """Section 3; T-47: each invariant stands twice."""
    await known(transparency)
    await received(transparency)
    await done(officer(transparency), f"{ONE}/responses", {"outcome": "full"})
    async with transparency.session() as session:
        connection = await session.connection()
        with pytest.raises(IntegrityError, match=f"ck_information_requests_{constraint}"):
            await connection.execute(text(f"UPDATE information_requests SET {change}"))


async def test_a_request_of_a_past_year_stays_open_for_its_review_to_be_entered(transparency: Running) -> None:
    """Two times: what is entered long afterwards is not closed by the next minute's tick."""
    await known(transparency)
    await received(transparency)
    transparency.clock.set(at("2018-06-01T12:00"))
    client = transparency.as_("transparency:information", "transparency:history", sub="person:ivy")
    answer = {"outcome": "full", "happened_at": "2017-08-09T12:00:00Z"}
    await done(client, f"{ONE}/responses", answer)
    for moment, state in (("2018-06-01T12:01", "answered"), ("2018-06-09T12:00", "closed")):
        await transparency.tick(at(moment))
        assert (await client.get(ONE)).json()["state"] == state

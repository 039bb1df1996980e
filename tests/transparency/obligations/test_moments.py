"""A year in the present and the future: each duty moves as time passes; reminders; evidence beside the judgement."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.transparency.obligations import rules
from shared.events.grants import AgreementSigned
from shared.events.transparency import ObligationMet
from tests.harness import Running
from tests.transparency.facts import PARENT, at, awarded, registered, signed
from tests.transparency.test_obligations import in_2017, one, record


def signed_2026() -> AgreementSigned:
    return signed().model_copy(
        update={
            "agreement_id": UUID(int=101),
            "year": "2026/27",
            "in_force_from": date(2026, 4, 1),
            "in_force_to": date(2027, 3, 31),
            "signed_on": (date(2026, 4, 20), date(2026, 4, 28)),
        }
    )


async def test_a_duty_of_this_year_is_upcoming_then_due_soon_then_missed_then_met_late(transparency: Running) -> None:
    """T-42, worked example 12, section 3: seen at several moments of 2026-27; the state is never ahead of its day."""
    transparency.clock.set(at("2026-05-01T12:00"))
    await transparency.receive(registered(), registered(PARENT, "association"), signed_2026())
    seen = []
    for moment in (
        "2026-07-19T12:00",
        "2026-07-20T12:00",
        "2026-07-30T22:59",
        "2026-07-30T23:00",
        "2026-08-20T12:00",
    ):
        transparency.clock.set(at(moment))
        await transparency.tick(at(moment))
        seen.append((await one(transparency, "CONTRACTS", "2026-27-q1", year="2026-27"))["state"])
    assert seen == ["upcoming", "due_soon", "due_soon", "missed", "missed"]
    assert (await one(transparency, "CONTRACTS", "2026-27-q2", year="2026-27"))["state"] == "upcoming"
    accounts = await one(transparency, "ACCOUNTS", year="2026-27")
    assert accounts["state"] == "missed"
    body = {"publisher": "body", "code": "ACCOUNTS", "period": "2026-27", "title": "Accounts 2025/26"}
    assert (await transparency.as_("transparency:preparer").post("/v1/documents", json=body)).status_code == 201
    late = await one(transparency, "ACCOUNTS", year="2026-27")
    assert (late["state"], late["days_late"], late["lateness_known"]) == ("met_late", 20, True)
    (met,) = await transparency.emitted(ObligationMet)
    assert met.days_late == 20


async def test_each_state_is_explained_in_plain_words_in_the_api_and_on_the_page(transparency: Running) -> None:
    """T-48: and each duty that is not judged says why."""
    await in_2017(transparency)
    found = await record(transparency, "association")
    assert found["states"] == rules.STATE_WORDS
    schema = transparency.app.openapi()["components"]["schemas"]["ObligationShape"]["properties"]["state"]
    query = {"publisher": "association", "year": "2017-18"}
    page = (await transparency.anonymous.get("/v1/obligations/compliance.html", params=query)).text
    for words in rules.STATE_WORDS.values():
        assert words in schema["description"]
        assert words in page
    letter = await one(transparency, "LETTER-APR", publisher="association")
    assert "after its day, 30 April 2017" in letter["state_reason"]
    assert letter["state_reason"] in page
    for item in (await record(transparency))["items"]:
        assert (item["state"] == "not_judged") == (item["state_reason"] is not None), item["code"]


async def test_a_reason_given_up_by_what_meets_the_duty_does_not_stay(transparency: Running) -> None:
    """T-48: what has no day is met by the document; what was entered late says what that means."""
    await in_2017(transparency)
    preparer = transparency.as_("transparency:preparer", "transparency:history")
    body = {"publisher": "body", "code": "BUSINESS-PLAN", "period": "2017-18", "title": "Business plan"}
    assert (await preparer.post("/v1/documents", json=body)).status_code == 201
    plan = await one(transparency, "BUSINESS-PLAN")
    assert (plan["state"], plan["state_reason"]) == ("met", None)
    letter = {"publisher": "association", "code": "LETTER-APR", "period": "2017-18", "title": "Letter"}
    assert (await preparer.post("/v1/documents", json=letter)).status_code == 201
    late = await one(transparency, "LETTER-APR", publisher="association")
    assert (late["state"], late["state_reason"]) == ("met_late", rules.ENTERED_LATE)


async def test_a_proposed_exemption_is_shown_beside_the_state_until_it_is_approved(transparency: Running) -> None:
    """Section 3: the reason of the proposal does not replace why a duty is not judged."""
    await in_2017(transparency)
    duty = await one(transparency, "LETTER-APR", publisher="association")
    path = f"/v1/obligations/{duty['obligation_id']}/exemptions"
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    proposed = (await preparer.post(path, json={"reason": "The letter was replaced by a meeting."})).json()
    assert proposed["exemption_reason"] == "The letter was replaced by a meeting."
    assert proposed["state_reason"] == duty["state_reason"]
    lifted = (await transparency.as_("transparency:approver", sub="person:abe").post(f"{path}/approvals")).json()
    assert (lifted["state"], lifted["state_reason"]) == ("not_applicable", "The letter was replaced by a meeting.")


async def test_reminders_name_what_is_due_in_ten_days_with_the_working_day_before(transparency: Running) -> None:
    """T-42: no deadline moves for a weekend; 30 July 2017 is a Sunday, so the reminder is Friday 28 July."""
    await in_2017(transparency)
    answer = await transparency.anonymous.get("/v1/obligations/reminders", params={"on": "2017-07-20", "limit": 2})
    page = answer.json()
    first = page["items"][0]
    assert (first["alarm_on"], first["remind_on"], first["days_left"]) == ("2017-07-30", "2017-07-28", 10)
    query = {"on": "2017-07-21", "publisher": "body"}
    items = (await transparency.anonymous.get("/v1/obligations/reminders", params=query)).json()["items"]
    assert [(item["code"], item["days_left"]) for item in items if item["code"] in ("ACCOUNTS", "SPEND")] == [
        ("SPEND", 9),
        ("ACCOUNTS", 10),
    ]
    transparency.clock.set(at("2017-07-20T12:00"))
    body = {"publisher": "body", "code": "ACCOUNTS", "period": "2017-18", "title": "Accounts 2016/17"}
    await transparency.as_("transparency:preparer").post("/v1/documents", json=body)
    left = (await transparency.anonymous.get("/v1/obligations/reminders", params=query)).json()["items"]
    assert "ACCOUNTS" not in {item["code"] for item in left}
    far = {"on": "2017-07-19", "publisher": "body"}
    assert (await transparency.anonymous.get("/v1/obligations/reminders", params=far)).json()["items"] == []


async def test_evidence_stands_beside_a_judgement_and_changes_nothing_of_it(transparency: Running) -> None:
    """T-48; section 3: an assessment once recorded stays."""
    await in_2017(transparency)
    await transparency.tick(at("2017-08-01T12:00"))
    duty = await one(transparency, "ACCOUNTS")
    path = f"/v1/obligations/{duty['obligation_id']}/evidence"
    sent = {"url": "https://example.org/archive", "note": "The accounts in a web archive of 29 July 2017."}
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    assert (await transparency.anonymous.post(path, json=sent)).status_code == 401
    limited = transparency.as_("transparency:preparer", organisations=["association"])
    assert (await limited.post(path, json=sent)).status_code == 403
    refused = await preparer.post(path, json={**sent, "note": "Ask joe@example.org or ring 020 7946 0018."})
    assert (refused.status_code, [(error["code"], error["pointer"]) for error in refused.json()["errors"]]) == (
        422,
        [("personal_details_in_text", "/note")],
    )
    assert "joe" not in refused.text
    assert (await preparer.post(path, json={**sent, "url": "ftp://x"})).status_code == 422
    assert (await preparer.post(path, json=sent)).status_code == 201
    after = await one(transparency, "ACCOUNTS")
    assert (after["state"], after["met_at"], after["version"]) == ("missed", None, duty["version"] + 1)
    assert [(row["note"], row["recorded_by"]) for row in after["evidence"]] == [(sent["note"], None)]
    (own,) = (await preparer.get(path)).json()["items"]
    assert (own["note"], own["recorded_by"]) == (sent["note"], "person:pia")
    assert (await transparency.anonymous.get(path)).json()["items"] == after["evidence"]
    query = {"publisher": "body", "year": "2017-18"}
    page = (await transparency.anonymous.get("/v1/obligations/compliance.html", params=query)).text
    assert f'<a href="{sent["url"]}">{sent["note"]}</a>' in page


async def test_a_body_that_grant_is_passed_to_has_a_calendar_reminders_and_a_record_of_its_own(
    transparency: Running,
) -> None:
    """T-48, paragraphs 10, 29 and 30."""
    await in_2017(transparency)
    await transparency.receive(awarded())
    await transparency.tick(at("2017-08-01T12:00"))
    query = {"publisher": "partner", "year": "2017-18"}
    (line,) = (await transparency.anonymous.get("/v1/obligations/punctuality", params=query)).json()["items"]
    assert (line["publisher"], line["duties"], line["missed"], line["waiting"]) == ("partner", 12, 3, 9)
    page = (await transparency.anonymous.get("/v1/obligations/punctuality.html", params=query)).text
    assert "SPEND Q1 2017/18" in page
    assert "ACCOUNTS" not in page

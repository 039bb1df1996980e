"""The publication calendar over HTTP: what is owed, what met it, what was missed, and what nobody could have seen."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from shared.events.governance import MinutesApproved
from shared.events.transparency import ObligationMet, ObligationMissed
from tests.harness import Running
from tests.transparency.facts import (
    BODY,
    PARENT,
    PARTNER,
    at,
    awarded,
    batch,
    line,
    meeting,
    minutes,
    papers,
    quarter_stated,
    registered,
    report_published,
    signed,
)

SPRING = at("2017-05-04T12:00")


async def in_2017(transparency: Running) -> None:
    """The calendar as it stood when the memorandum was signed."""
    transparency.clock.set(SPRING)
    await transparency.receive(
        registered(), registered(PARENT, "association"), registered(PARTNER, "partner"), signed()
    )


async def record(transparency: Running, publisher: str = "body", year: str = "2017-18") -> dict[str, Any]:
    answer = await transparency.anonymous.get(
        "/v1/obligations/compliance", params={"publisher": publisher, "year": year}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def one(transparency: Running, code: str, period: str | None = None, **more: str) -> dict[str, Any]:
    body = await record(transparency, **more)
    (found,) = [
        item for item in body["items"] if item["code"] == code and period in (None, item["subject"], item["period"])
    ]
    return found  # type: ignore[no-any-return]


async def test_signing_brings_the_years_obligations_of_recipient_and_parent_into_the_calendar(
    transparency: Running,
) -> None:
    """T-42, T-43, T-48: every duty with its paragraph, readings and arithmetic; the alarm on the earliest."""
    await in_2017(transparency)
    spend = await one(transparency, "SPEND", "2017-18-q1")
    assert [reading["due_on"] for reading in spend["readings"]] == ["2017-07-30", "2017-07-31"]
    assert [reading["is_alarm"] for reading in spend["readings"]] == [True, False]
    assert (spend["alarm_on"], spend["remind_on"], spend["state"]) == ("2017-07-30", "2017-07-28", "upcoming")
    assert spend["source"] == "paragraphs 10, 29; Annex C item F"
    body = await record(transparency)
    codes = [item["code"] for item in body["items"]]
    assert (codes.count("REPORT"), codes.count("REPORT-SPEND"), codes.count("SPEND")) == (4, 3, 4)
    assert "LETTER-APR" not in codes
    assert (await one(transparency, "LETTER-NOV", publisher="association"))["alarm_on"] == "2017-11-30"


async def test_the_same_signing_twice_owes_nothing_twice(transparency: Running) -> None:
    """T-54."""
    await in_2017(transparency)
    before = len((await record(transparency))["items"])
    await transparency.receive(signed())
    await transparency.receive(signed(version=2))
    assert len((await record(transparency))["items"]) == before


async def test_an_april_letter_signed_for_in_may_is_not_judged(transparency: Running) -> None:
    """Two times: the obligation came into being after its day, so it starts not_judged and is never told as missed."""
    await in_2017(transparency)
    letter = await one(transparency, "LETTER-APR", publisher="association")
    assert letter["state"] == "not_judged"
    await transparency.tick(at("2017-06-01T12:00"))
    assert await transparency.emitted(ObligationMissed) == []
    assert (await one(transparency, "LETTER-APR", publisher="association"))["state"] == "not_judged"


async def test_time_makes_an_obligation_due_soon_then_missed_and_tells_it_once(transparency: Running) -> None:
    """Section 3; T-42: the day ends at London midnight."""
    await in_2017(transparency)
    await transparency.tick(at("2017-07-21T12:00"))
    assert (await one(transparency, "ACCOUNTS"))["state"] == "due_soon"
    await transparency.tick(at("2017-07-31T22:59"))
    assert (await one(transparency, "ACCOUNTS"))["state"] == "due_soon"
    for _ in range(2):
        await transparency.tick(at("2017-07-31T23:00"))
    assert (await one(transparency, "ACCOUNTS"))["state"] == "missed"
    told = [event for event in await transparency.emitted(ObligationMissed) if event.code == "ACCOUNTS"]
    assert [(event.missed_on, event.alarm_reading) for event in told if event.organisation_id == BODY] == [
        (date(2017, 7, 31), "named_day")
    ]


async def test_a_document_meets_the_duty_of_its_code_in_time_or_late(transparency: Running) -> None:
    """T-42, T-48: accounts on the day are met; a later letter is late by its days."""
    await in_2017(transparency)
    transparency.clock.set(at("2017-07-31T20:00"))
    preparer = transparency.as_("transparency:preparer")
    accounts = {"publisher": "body", "code": "ACCOUNTS", "period": "2017-18", "title": "Accounts 2016/17"}
    posted = await preparer.post("/v1/documents", json={**accounts, "url": "https://example.org/accounts.pdf"})
    assert posted.status_code == 201, posted.text
    met = await one(transparency, "ACCOUNTS")
    assert (met["state"], met["days_late"], met["url"]) == ("met", 0, "https://example.org/accounts.pdf")
    transparency.clock.set(at("2017-12-02T09:00"))
    await transparency.tick(at("2017-12-02T09:00"))
    letter = {"publisher": "association", "code": "LETTER-NOV", "period": "2017-18", "title": "Letter of November"}
    assert (await preparer.post("/v1/documents", json=letter)).status_code == 201
    late = await one(transparency, "LETTER-NOV", publisher="association")
    assert (late["state"], late["days_late"]) == ("met_late", 2)
    events = {event.code: event for event in await transparency.emitted(ObligationMet)}
    assert (events["ACCOUNTS"].days_late, events["LETTER-NOV"].days_late) == (0, 2)


async def test_a_past_year_entered_whole_shows_in_time_and_late_by_the_stated_times(transparency: Running) -> None:
    """Two times: entered in 2026, nothing is told as missed, and what was published in time is met."""
    transparency.clock.set(at("2026-09-01T12:00"))
    await transparency.receive(registered(), signed())
    await transparency.tick(at("2026-09-01T12:01"))
    items = (await record(transparency))["items"]
    assert {item["state"] for item in items} == {"not_judged"}
    why = {item["code"]: item["state_reason"] for item in items}
    assert why["ACCOUNTS"].startswith("It was entered here on 1 September 2026, after its day, 31 July 2017;")
    assert why["MGMT-ACCOUNTS"].startswith("No day is stated for it")
    body = {"publisher": "body", "code": "MEMORANDUM", "period": "2017-18", "title": "Memorandum 2017/18"}
    body["happened_at"] = "2017-05-10T09:00:00Z"
    assert (await transparency.as_("transparency:preparer").post("/v1/documents", json=body)).status_code == 403
    historian = transparency.as_("transparency:preparer", "transparency:history")
    assert (await historian.post("/v1/documents", json=body)).status_code == 201
    await transparency.receive(report_published())
    memorandum, report = await one(transparency, "MEMORANDUM"), await one(transparency, "REPORT", "2017-18-q1")
    assert (memorandum["state"], memorandum["stated"], report["state"]) == ("met", True, "met")
    assert await transparency.emitted(ObligationMissed) == []


async def test_a_report_published_before_the_agreement_arrived_still_meets_its_duty(transparency: Running) -> None:
    """T-54: order of arrival does not matter."""
    transparency.clock.set(SPRING)
    await transparency.receive(report_published("2017-18-q4", "2018-05-02T10:00"), quarter_stated())
    await transparency.receive(registered(), signed())
    assert (await one(transparency, "REPORT", "2017-18-q4"))["days_late"] == 2
    assert (await one(transparency, "REPORT-YEAR"))["state"] == "met_late"
    assert (await one(transparency, "REPORT-SPEND", "2017-18-q4"))["days_late"] == 2


async def test_a_published_report_is_listed_as_a_document_once(transparency: Running) -> None:
    await in_2017(transparency)
    await transparency.receive(report_published())
    await transparency.receive(report_published())
    answer = await transparency.anonymous.get("/v1/documents", params={"publisher": "body"})
    (document,) = answer.json()["items"]
    assert (document["kind"], document["state"], document["version"]) == ("performance_report", "published", 3)


async def test_a_body_that_grant_is_passed_to_carries_its_own_obligations(transparency: Running) -> None:
    """T-48."""
    await in_2017(transparency)
    await transparency.receive(awarded())
    body = await record(transparency, publisher="partner")
    assert {item["code"] for item in body["items"]} == {"SPEND", "CARDS", "CONTRACTS"}
    assert len(body["items"]) == 12
    detail = (await transparency.anonymous.get("/v1/publishers/partner")).json()
    assert detail["roles"] == ["pass_through"]


async def test_a_meetings_readings_are_kept_as_they_came_and_judged_as_stated(transparency: Running) -> None:
    """T-45, worked example 13: stored, not recomputed; the office's target never alarms."""
    transparency.clock.set(at("2026-12-01T12:00"))
    await transparency.receive(registered(), meeting())
    owed = await one(transparency, "PAPERS", year="2026-27")
    assert [(reading["name"], reading["due_on"]) for reading in owed["readings"]] == [
        ("literal_deadline", "2027-01-03"),
        ("strict_latest", "2026-12-30"),
        ("office_target", "2026-12-24"),
    ]
    assert (owed["alarm_on"], owed["period"]) == ("2026-12-30", "improvement-board 2027-01-06")
    await transparency.receive(papers(), minutes())
    late = await one(transparency, "PAPERS", year="2026-27")
    assert (late["state"], late["days_late"]) == ("met_late", 1)
    assert [reading["met"] for reading in late["readings"]] == [True, False, None]
    assert (await one(transparency, "MINUTES", year="2026-27"))["state"] == "met"


async def test_a_late_supplement_has_a_clock_of_its_own(transparency: Running) -> None:
    """T-45: it neither makes the main pack late nor hides inside it."""
    transparency.clock.set(at("2026-12-01T12:00"))
    await transparency.receive(registered(), meeting())
    await transparency.receive(papers(happened="2026-12-29T10:00", met=True))
    await transparency.receive(papers(happened="2027-01-05T10:00", supplement=1))
    states = {
        item["period"]: (item["state"], item["days_late"])
        for item in (await record(transparency, year="2026-27"))["items"]
        if item["code"] == "PAPERS"
    }
    assert states == {
        "improvement-board 2027-01-06": ("met", 0),
        "improvement-board 2027-01-06 supplement 1": ("met_late", 6),
    }


async def test_a_moved_meeting_moves_its_days_until_they_are_judged_and_an_older_fact_is_ignored(
    transparency: Running,
) -> None:
    """T-45; a judgement once recorded is not changed by later calendar edits."""
    transparency.clock.set(at("2026-12-01T12:00"))
    await transparency.receive(registered(), meeting(version=2, start="2027-01-13T11:00", papers="2027-01-07"))
    await transparency.receive(meeting(version=1))
    moved = await one(transparency, "PAPERS", year="2026-27")
    assert (moved["alarm_on"], moved["period"]) == ("2027-01-07", "improvement-board 2027-01-13")
    await transparency.tick(at("2027-01-08T00:00"))
    await transparency.receive(meeting(version=3, start="2027-01-20T11:00", papers="2027-01-14"))
    judged = await one(transparency, "PAPERS", year="2026-27")
    assert (judged["state"], judged["alarm_on"]) == ("missed", "2027-01-07")


async def test_a_cancelled_meeting_owes_nothing_more_until_it_is_scheduled_again(transparency: Running) -> None:
    """T-45."""
    transparency.clock.set(at("2026-12-01T12:00"))
    await transparency.receive(registered(), meeting(), meeting(version=2, state="cancelled"))
    lifted = await one(transparency, "PAPERS", year="2026-27")
    assert (lifted["state"], lifted["state_reason"]) == ("not_applicable", "The meeting was cancelled.")
    await transparency.tick(at("2027-02-01T12:00"))
    assert await transparency.emitted(ObligationMissed) == []
    await transparency.receive(meeting(version=3, start="2027-03-03T11:00", papers="2027-02-25", minutes="2027-04-03"))
    assert (await one(transparency, "PAPERS", year="2026-27"))["state"] == "upcoming"


async def test_a_meeting_outside_the_grants_duty_owes_nothing(transparency: Running) -> None:
    await transparency.receive(registered(), meeting(under_grant_duty=False))
    assert (await record(transparency, year="2026-27"))["items"] == []


async def test_approved_minutes_are_no_draft_any_more(transparency: Running) -> None:
    """B-35."""
    await transparency.receive(registered(), meeting(), minutes())
    approved = MinutesApproved(
        meeting_id=UUID(int=500),
        version=4,
        organisation_id=BODY,
        minutes_version=1,
        approving_meeting_id=uuid4(),
        amendments=0,
        happened_at=at("2027-03-01T10:00"),
    )
    before = (await transparency.anonymous.get("/v1/documents", params={"kind": "minutes"})).json()["items"]
    await transparency.receive(approved)
    after = (await transparency.anonymous.get("/v1/documents", params={"kind": "minutes"})).json()["items"]
    assert [item["state"] for item in (*before, *after)] == ["draft", "approved"]


async def test_a_duty_is_lifted_only_with_a_reason_and_a_second_person(transparency: Running) -> None:
    """Section 3: not_applicable needs a reason and an approver."""
    await in_2017(transparency)
    duty = await one(transparency, "PAYMULTIPLE")
    path = f"/v1/obligations/{duty['obligation_id']}/exemptions"
    approver = transparency.as_("transparency:approver", sub="person:abe")
    early = await approver.post(f"{path}/approvals")
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "nothing_proposed")
    preparer = transparency.as_("transparency:preparer", "transparency:approver", sub="person:pia")
    assert (await preparer.post(path, json={})).status_code == 422
    assert (await preparer.post(path, json={"reason": "No employees in the year."})).status_code == 201
    same = await preparer.post(f"{path}/approvals")
    assert (same.status_code, same.json()["errors"][0]["code"]) == (409, "four_eyes")
    lifted = await approver.post(f"{path}/approvals")
    assert (lifted.json()["state"], lifted.json()["approved_by"]) == ("not_applicable", "person:abe")
    # The public reads that it does not apply and why; who decided is for officers.
    shown = (await transparency.anonymous.get(f"/v1/obligations/{duty['obligation_id']}")).json()
    assert (shown["state"], shown["proposed_by"], shown["approved_by"]) == ("not_applicable", None, None)
    assert shown["state_reason"] == "No employees in the year."


async def test_a_published_spend_edition_meets_spend_and_cards_of_its_quarter(transparency: Running) -> None:
    """T-48: met by the dataset, at the time it went public."""
    await in_2017(transparency)
    await transparency.receive(*batch(line(60_000)))
    transparency.clock.set(at("2017-08-02T09:00"))
    await transparency.tick(at("2017-08-02T09:00"))
    path = "/v1/datasets/body/spend/2017-18-q1/editions"
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    await preparer.post(path, json={})
    sha256 = (await preparer.post(f"{path}/1/checks")).json()["sha256"]
    approver = transparency.as_("transparency:approver", sub="person:abe")
    assert (await approver.post(f"{path}/1/approvals", json={"sha256": sha256})).status_code == 201
    for code in ("SPEND", "CARDS"):
        found = await one(transparency, code, "2017-18-q1")
        assert (found["state"], found["days_late"]) == ("met_late", 3)
        assert found["url"].endswith("/open/body/spend/2017-18-q1/v1/spend.csv")
    assert (await one(transparency, "VCSEGRANTS"))["state"] == "upcoming"


async def test_the_record_is_there_as_csv_and_as_an_accessible_page(transparency: Running) -> None:
    """T-48: one page per publisher, with the arithmetic."""
    await in_2017(transparency)
    query = {"publisher": "body", "year": "2017-18"}
    table = await transparency.anonymous.get("/v1/obligations/compliance.csv", params=query)
    rows = list(csv.DictReader(io.StringIO(table.text)))
    spend = [row for row in rows if row["Obligation"] == "SPEND" and row["PeriodOrMeeting"] == "Q1 2017/18"]
    assert [row["DueOn"] for row in spend] == ["30/07/2017", "31/07/2017"]
    page = (await transparency.anonymous.get("/v1/obligations/compliance.html", params=query)).text
    for part in ('<html lang="en-GB">', "<caption>", 'scope="row"', "Skip to", "the same day number one month on is"):
        assert part in page


async def test_a_document_of_an_unknown_code_is_refused_with_the_known_ones(transparency: Running) -> None:
    await in_2017(transparency)
    body = {"publisher": "body", "code": "SPEND", "period": "2017-18", "title": "Spend"}
    answer = await transparency.as_("transparency:preparer").post("/v1/documents", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/code")
    assert "MEMORANDUM" in answer.json()["detail"]


async def test_spend_by_workstream_shows_the_newest_statement_of_the_quarter(transparency: Running) -> None:
    """C.I: quarter and year to date, zeros explicit."""
    await in_2017(transparency)
    await transparency.receive(quarter_stated(version=2, pence=3_000), quarter_stated())
    answer = await transparency.anonymous.get("/v1/publishers/body/workstream-spend", params={"quarter": "2017-18-q2"})
    body = answer.json()
    assert (body["version"], body["quarter_pence"], body["year_to_date_pence"]) == (2, 3_000, 6_000)
    assert [entry["quarter_pence"] for entry in body["lines"]] == [3_000, 0]


async def test_a_fact_told_again_without_new_days_leaves_the_state_to_time(transparency: Running) -> None:
    """A newer version of the agreement does not turn a duty that ran out into one that nobody watched."""
    await in_2017(transparency)
    transparency.clock.set(at("2017-08-15T12:00"))
    await transparency.receive(signed(version=2))
    assert (await one(transparency, "ACCOUNTS"))["state"] == "upcoming"
    await transparency.tick(at("2017-08-15T12:01"))
    assert (await one(transparency, "ACCOUNTS"))["state"] == "missed"


async def test_a_documents_year_is_taken_in_both_spellings_and_refused_in_any_other(transparency: Running) -> None:
    """G-2: 2017/18 meets the duty of 2017-18; 2017/19 is no year."""
    await in_2017(transparency)
    preparer = transparency.as_("transparency:preparer")
    body = {"publisher": "body", "code": "MEMORANDUM", "period": "2017/19", "title": "Memorandum"}
    refused = await preparer.post("/v1/documents", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/period")
    assert (await preparer.post("/v1/documents", json={**body, "period": "2017/18"})).status_code == 201
    assert (await one(transparency, "MEMORANDUM"))["state"] == "met"


async def test_a_state_that_is_none_is_refused(transparency: Running) -> None:
    answer = await transparency.anonymous.get("/v1/obligations", params={"state": "late"})
    assert answer.status_code == 422
    missed = await transparency.anonymous.get("/v1/obligations", params={"state": "missed"})
    assert missed.json()["items"] == []


async def test_lists_of_obligations_go_on_page_by_page(transparency: Running) -> None:
    await in_2017(transparency)
    seen: list[str] = []
    path: str | None = "/v1/obligations?publisher=body&limit=7"
    while path:
        page = (await transparency.anonymous.get(path)).json()
        seen += [item["obligation_id"] for item in page["items"]]
        path = page["links"]["next"] and page["links"]["next"].removeprefix("http://test/transparency")
    assert len(seen) == len(set(seen)) == len((await record(transparency))["items"])


async def entered_whole(transparency: Running) -> str:
    """A past year entered in one run: a report at its stated time, and a spend edition, which can state none."""
    transparency.clock.set(at("2026-11-30T12:00"))
    await transparency.receive(registered(), signed(), *batch(line(60_000)), report_published())
    transparency.clock.set(at("2026-11-30T12:05"))
    path = "/v1/datasets/body/spend/2017-18-q1/editions"
    preparer = transparency.as_("transparency:preparer", sub="person:pia")
    await preparer.post(path, json={})
    sha256 = (await preparer.post(f"{path}/1/checks")).json()["sha256"]
    approver = transparency.as_("transparency:approver", sub="person:abe")
    assert (await approver.post(f"{path}/1/approvals", json={"sha256": sha256})).status_code == 201
    query = {"publisher": "body", "year": "2017-18"}
    return (await transparency.anonymous.get("/v1/obligations/compliance.html", params=query)).text


async def test_a_year_entered_in_one_run_says_so_at_the_top_and_counts_no_days_late(transparency: Running) -> None:
    """Two times; T-48: the file was entered years later, which says nothing of when the body first published it."""
    page = await entered_whole(transparency)
    spend, report = await one(transparency, "SPEND", "2017-18-q1"), await one(transparency, "REPORT", "2017-18-q1")
    assert (spend["entered_on"], spend["entered_after_due"], spend["lateness_known"]) == ("2026-11-30", True, False)
    assert (report["entered_after_due"], report["lateness_known"], report["state"]) == (True, True, "met")
    notes = (await record(transparency))["notes"]
    assert "were entered here after the day had passed, on 30 November 2026" in notes[0]
    assert "2 of them are met by files that were entered and published here on 30 November 2026" in notes[1]
    top, record_itself = page.split('<main id="record">')
    assert all(note in top for note in notes)
    assert "days late" not in record_itself
    assert "met late: entered here on 30/11/2026, after its day" in record_itself


async def test_the_record_as_csv_says_when_a_duty_was_entered(transparency: Running) -> None:
    """T-48."""
    await entered_whole(transparency)
    query = {"publisher": "body", "year": "2017-18"}
    table = await transparency.anonymous.get("/v1/obligations/compliance.csv", params=query)
    rows = {row["Obligation"]: row for row in csv.DictReader(io.StringIO(table.text)) if "Q1" in row["PeriodOrMeeting"]}
    assert (rows["SPEND"]["EnteredOn"], rows["SPEND"]["LatenessKnown"]) == ("30/11/2026", "false")
    assert rows["REPORT"]["LatenessKnown"] == "true"


async def test_what_met_a_duty_that_was_entered_late_tells_its_readers_so(transparency: Running) -> None:
    """Two times: the event carries it, so that no board is offered a lateness of years."""
    await entered_whole(transparency)
    known = {event.code: event.lateness_known for event in await transparency.emitted(ObligationMet)}
    assert (known["SPEND"], known["CARDS"], known["REPORT"]) == (False, False, True)


async def test_a_calendar_that_was_entered_in_time_has_no_notes(transparency: Running) -> None:
    """T-48: days late of a duty that was watched are counted and shown as ever."""
    await in_2017(transparency)
    assert (await record(transparency))["notes"] == []
    assert (await one(transparency, "SPEND", "2017-18-q1"))["lateness_known"] is True

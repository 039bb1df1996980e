"""Agendas and papers over HTTP: versions, packs on their own clocks, late business, sign-off."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.governance import AgendaPublished, PapersPublished
from tests.governance.conftest import Desk, agenda_body
from tests.governance.data import read

MAY = "2018-05-24T11:00:00+01:00"


@pytest.fixture
async def may(desk: Desk) -> dict[str, Any]:
    """The meeting of 24 May 2018 with its agenda as printed."""
    meeting = await desk.meeting(MAY)
    agenda = agenda_body(read("agenda_2018-05-24.json"))
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda", json=agenda)
    return meeting


async def publish(desk: Desk, meeting: dict[str, Any], happened_at: str) -> dict[str, Any]:
    await desk.ok(
        desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda/publications", json={"happened_at": happened_at}
    )
    return await desk.ok(
        desk.clerk,
        "POST",
        f"/v1/meetings/{meeting['id']}/packs",
        json={"scope": "main_pack", "happened_at": happened_at},
    )


async def test_papers_of_24_may_are_judged_by_every_reading(desk: Desk, may):
    """B-2, B-3, B-7, worked example 1: published Friday 18 May gives three clear working days."""
    pack = await publish(desk, may, "2018-05-18T16:00:00+01:00")
    (event,) = await desk.running.emitted(PapersPublished)
    assert (event.clear_working_days_given, event.clear_days_given) == (3, 5)
    assert (event.met_policy, event.met_literal, event.withheld_count) == (True, True, 1)
    assert {r.name: r.met for r in event.readings} == {
        "literal_deadline": True,
        "clear_deadline": True,
        "strict_latest": True,
        "office_target": True,
    }
    body = await desk.running.anonymous.get(f"/v1/packs/{pack['id']}")
    assert hashlib.sha256(body.content).hexdigest() == event.sha256 == pack["sha256"]
    assert event.url == pack["url"]
    (agenda,) = await desk.running.emitted(AgendaPublished)
    assert (agenda.public_items, agenda.closed_items) == (7, 1)


async def test_monday_meets_only_the_literal_reading(desk: Desk, may):
    """B-3, worked example 1."""
    await publish(desk, may, "2018-05-21T09:00:00+01:00")
    (event,) = await desk.running.emitted(PapersPublished)
    assert (event.clear_working_days_given, event.met_literal, event.met_policy) == (2, True, False)


async def test_a_recorded_verdict_stands_when_the_calendar_changes_afterwards(desk: Desk, may):
    """B-5, worked example 3."""
    await publish(desk, may, "2018-05-18T16:00:00+01:00")
    await desk.move(may["id"], to="held", happened_at=MAY)
    url = f"/v1/meetings/{may['id']}/publications"
    before = await desk.ok(desk.running.anonymous, "GET", url)
    holiday = {"day": "2018-05-23", "name": "Proclaimed", "effect": "add", "source": "proclamation"}
    await desk.ok(desk.admin, "POST", "/v1/closed-days", json=holiday)
    assert await desk.ok(desk.running.anonymous, "GET", url) == before
    main = next(p for p in before["items"] if p["scope"] == "main_pack")
    assert main["verdict"]["met_policy"] is True
    assert main["policy"]["notice_basis"] == "clear_working"
    assert "Mon 21 May 2018 counts as 1" in main["verdict"]["counting"]
    assert main["stated"] is True


async def test_a_part_two_item_is_listed_as_withheld_and_shows_its_public_face_only(desk: Desk, may):
    """B-7, B-14, B-18, B-21: imported without a printed reason it is closed, with a finding; nobody may record it."""
    await publish(desk, may, "2018-05-18T16:00:00+01:00")
    agenda = await desk.ok(desk.running.anonymous, "GET", f"/v1/meetings/{may['id']}/agenda")
    item = agenda["items"][-1]
    assert set(item) == {"id", "order", "number", "title", "note", "part", "public", "pages", "restriction"}
    assert item["restriction"] == {"kind": "confidential", "code": None, "regime": None, "reason": None}
    assert item["pages"] == {"from": 73, "to": 81}
    assert all(open_item["recording_allowed"] for open_item in agenda["items"][:-1])
    (finding,) = await desk.findings(kind="restriction_reason_missing")
    assert finding["source_value"] == "Digital Declaration - Confidential item"
    publications = await desk.ok(desk.running.anonymous, "GET", f"/v1/meetings/{may['id']}/publications")
    assert [w["number"] for w in publications["items"][0]["withheld"]] == ["8"]


async def test_the_same_agenda_again_adds_nothing_and_another_is_refused(desk: Desk, may):
    """B-44."""
    agenda = agenda_body(read("agenda_2018-05-24.json"))
    before = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{may['id']}/agenda/draft")
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{may['id']}/agenda", json=agenda)
    assert await desk.ok(desk.clerk, "GET", f"/v1/meetings/{may['id']}/agenda/draft") == before
    agenda["items"][0]["title"] = "Another"
    answer = await desk.clerk.post(f"/v1/meetings/{may['id']}/agenda", json=agenda)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "agenda_exists")


async def test_a_draft_agenda_is_not_public(desk: Desk, may):
    """Domain section 3."""
    public = desk.running.anonymous
    assert (await public.get(f"/v1/meetings/{may['id']}/agenda")).status_code == 404
    assert (await public.get(f"/v1/meetings/{may['id']}/agenda/draft")).status_code == 401
    assert (await public.get(f"/v1/meetings/{may['id']}/agenda.html")).status_code == 404


async def test_a_late_item_needs_its_reason_and_the_chair_and_becomes_supplement_one(desk: Desk, may):
    """B-6, B-11, B-13, worked example 14: late on its own clock, the main pack still in time."""
    await publish(desk, may, "2018-05-18T16:00:00+01:00")
    url = f"/v1/meetings/{may['id']}/agenda-items"
    late = {"title": "Flood response", "number": "9"}
    bare = await desk.clerk.post(url, json=late)
    assert (bare.status_code, bare.json()["errors"][0]["code"]) == (409, "urgency_required")
    reason_only = await desk.clerk.post(url, json={**late, "urgency_reason": "rivers are rising"})
    assert reason_only.json()["errors"][0]["code"] == "urgency_required"
    agreements = f"/v1/meetings/{may['id']}/urgency-agreements"
    word = {"title": "Flood response", "reason": "rivers are rising"}
    assert (await desk.clerk.post(agreements, json=word)).status_code == 403
    agreement = await desk.ok(desk.running.as_("governance:chair", sub="person:chair"), "POST", agreements, json=word)
    item = await desk.ok(desk.clerk, "POST", url, json={**late, "urgency_agreement": agreement["id"]})
    assert (item["late"], item["urgency_reason"]) == (True, "rivers are rising")
    await desk.ok(
        desk.clerk,
        "POST",
        f"/v1/meetings/{may['id']}/agenda/publications",
        json={"reason_for_change": "urgent item", "happened_at": "2018-05-23T09:00:00+01:00"},
    )
    supplement = await desk.ok(
        desk.clerk,
        "POST",
        f"/v1/meetings/{may['id']}/packs",
        json={"scope": "supplement", "happened_at": "2018-05-23T09:00:00+01:00"},
    )
    assert supplement["supplement_no"] == 1
    main, extra = await desk.running.emitted(PapersPublished)
    assert (main.scope, main.met_policy) == ("main_pack", True)
    assert (extra.scope, extra.supplement_no, extra.met_policy, extra.met_literal) == ("supplement", 1, False, False)
    await desk.move(may["id"], to="held", happened_at=MAY)
    template = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{may['id']}/minutes/template")
    assert template["items"][-1]["urgency_reason"] == "rivers are rising"


async def test_a_late_report_follows_as_a_supplement_and_moves_nothing_in_the_main_pack(desk: Desk, may):
    """B-12, B-13, B-34."""
    pack = await publish(desk, may, "2018-05-18T16:00:00+01:00")
    before = (await desk.running.anonymous.get(f"/v1/packs/{pack['id']}")).content
    agenda = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{may['id']}/agenda/draft")
    item = agenda["items"][2]["id"]
    author = desk.running.as_("governance:author", sub="person:author")
    report = await desk.ok(author, "POST", f"/v1/agenda-items/{item}/reports", json={"title": "Two more pages"})
    url = f"/v1/meetings/{may['id']}/packs"
    unapproved = await desk.clerk.post(url, json={"scope": "supplement"})
    assert (unapproved.status_code, unapproved.json()["reports"]) == (409, ["Two more pages"])
    await approve(desk, report["id"])
    supplement = await desk.ok(desk.clerk, "POST", url, json={"scope": "supplement"})
    assert supplement["supplement_no"] == 1
    assert (await desk.running.anonymous.get(f"/v1/packs/{pack['id']}")).content == before
    none_left = await desk.clerk.post(url, json={"scope": "supplement"})
    assert none_left.json()["errors"][0]["code"] == "nothing_to_publish"


async def approve(desk: Desk, report: str) -> None:
    author = desk.running.as_("governance:author", sub="person:author")
    approver = desk.running.as_("governance:approver", sub="person:approver")
    await desk.ok(author, "POST", f"/v1/reports/{report}/submissions")
    await desk.ok(approver, "POST", f"/v1/reports/{report}/sign-offs", json={"outcome": "approved"})


async def test_nobody_approves_their_own_report_and_a_machine_approves_none(desk: Desk):
    """Domain section 3; design section 7."""
    meeting = await desk.meeting(MAY)
    agenda = {"items": [{"order": 0, "title": "Business"}]}
    drafted = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda", json=agenda)
    author = desk.running.as_("governance:author", "governance:approver", sub="person:author")
    item = drafted["items"][0]["id"]
    report = await desk.ok(author, "POST", f"/v1/agenda-items/{item}/reports", json={"title": "Paper"})
    await desk.ok(author, "POST", f"/v1/reports/{report['id']}/submissions")
    url = f"/v1/reports/{report['id']}/sign-offs"
    assert (await author.post(url, json={"outcome": "approved"})).status_code == 409
    machine = desk.running.as_("governance:approver", sub="client:bot", client_only=True)
    assert (await machine.post(url, json={"outcome": "approved"})).status_code in (403, 409)
    approver = desk.running.as_("governance:approver", sub="person:approver")
    await desk.ok(approver, "POST", url, json={"outcome": "approved"})
    edited = await author.put(f"/v1/reports/{report['id']}", json={"title": "Edited"}, headers={"If-Match": '"3"'})
    assert (edited.status_code, edited.json()["state"]) == (200, "submitted"), "an edit goes back to sign-off"
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda/publications", json={})
    pack = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/packs", json={"scope": "main_pack"})
    assert (pack.status_code, pack.json()["errors"][0]["code"]) == (409, "reports_not_approved")


async def test_a_published_version_never_changes_and_the_next_gives_its_reason(desk: Desk, may):
    """B-32: versions are immutable and all readable."""
    url = f"/v1/meetings/{may['id']}/agenda/publications"
    await desk.ok(desk.clerk, "POST", url, json={})
    same = await desk.clerk.post(url, json={"reason_for_change": "again"})
    assert same.json()["errors"][0]["code"] == "agenda_unchanged"
    await desk.ok(
        desk.clerk,
        "POST",
        f"/v1/meetings/{may['id']}/agenda-items",
        json={"title": "Any other business", "number": "9"},
    )
    bare = await desk.clerk.post(url, json={})
    assert (bare.status_code, bare.json()["errors"][0]["code"]) == (422, "reason_required")
    await desk.ok(desk.clerk, "POST", url, json={"reason_for_change": "one item more"})
    public = desk.running.anonymous
    first = await desk.ok(public, "GET", f"{url}/1")
    second = await desk.ok(public, "GET", f"{url}/2")
    assert (len(first["items"]), len(second["items"])) == (8, 9)
    assert second["reason_for_change"] == "one item more"


async def test_an_agenda_stands_once_the_meeting_is_held(desk: Desk, may):
    """Domain section 3."""
    await publish(desk, may, "2018-05-18T16:00:00+01:00")
    await desk.move(may["id"], to="held", happened_at=MAY)
    answer = await desk.clerk.post(f"/v1/meetings/{may['id']}/agenda-items", json={"title": "Too late"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "agenda_closed")


async def test_every_fault_of_an_agenda_is_located_and_nothing_is_kept(desk: Desk):
    """B-18, B-33, B-34; domain section 7."""
    meeting = await desk.meeting(MAY)
    items = [
        {"order": 0, "title": "One", "page_from": 1, "page_to": 10},
        {"order": 2, "title": "Two", "page_from": 10, "page_to": 14},
        {"order": 2, "title": "Three", "page_from": 20, "page_to": 19},
        {"order": 3, "title": "Lunch", "kind": "timetable", "number": "4"},
        {"order": 4, "title": "Secret", "part": 2},
        {"order": 5, "title": "Exempt", "part": 2, "restriction": {"kind": "exempt", "code": "3", "reason": "prices"}},
        {"order": 6, "title": "Closed paper", "part": 2, "restriction": {"kind": "confidential"},
         "reports": [{"title": "Paper"}]},
    ]  # fmt: skip
    url = f"/v1/meetings/{meeting['id']}/agenda"
    answer = await desk.clerk.post(url, json={"items": items})
    assert answer.status_code == 422
    found = {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    assert found == {
        ("/items/1/order", "order_gap"),
        ("/items/1/page_from", "pages_not_contiguous"),
        ("/items/2/page_to", "pages"),
        ("/items/2/page_from", "pages_not_contiguous"),
        ("/items/3/number", "timetable_number"),
        ("/items/4/restriction", "restriction_required"),
        ("/items/5/restriction/regime", "restriction_incomplete"),
        ("/items/5/restriction/public_interest_note", "restriction_incomplete"),
        ("/items/6/reports", "closed_item"),
        ("/items/6/restriction/code", "restriction_incomplete"),
        ("/items/6/restriction/regime", "restriction_incomplete"),
        ("/items/6/restriction/reason", "restriction_incomplete"),
    }
    assert (await desk.ok(desk.clerk, "GET", f"{url}/draft"))["items"] == []


async def test_a_stated_time_needs_the_history_scope_and_is_never_in_the_future(desk: Desk, may):
    """Design section 4, two times."""
    plain = desk.running.as_("governance:clerk", sub="person:plain")
    url = f"/v1/meetings/{may['id']}/agenda/publications"
    assert (await plain.post(url, json={"happened_at": "2018-05-18T16:00:00Z"})).status_code == 403
    future = await desk.clerk.post(url, json={"happened_at": "2019-05-18T16:00:00Z"})
    assert (future.status_code, future.json()["errors"][0]["pointer"]) == (422, "/happened_at")
    desk.running.clock.set(datetime(2018, 5, 18, 15, 0, tzinfo=UTC))
    version = await desk.ok(plain, "POST", url, json={})
    assert version["published_at"] == version["recorded_at"] == "2018-05-18T15:00:00Z"


async def test_the_printed_agenda_of_2011_keeps_what_it_prints(desk: Desk):
    """B-33, B-34: 1a and 1b stay separate, start pages only are taken, timetable rows carry no number."""
    meeting = await desk.meeting("2011-03-21T12:00:00+00:00")
    agenda = agenda_body(read("agenda_2011-03-21.json"))
    drafted = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda", json=agenda)
    numbers = [item["number"] for item in drafted["items"]]
    assert numbers[:2] == ["1a", "1b"]
    assert drafted["items"][0]["pages"] == {"from": 3, "to": None}
    assert all(item["number"] is None for item in drafted["items"] if item["kind"] == "timetable")


async def test_the_pages_of_agenda_and_papers_name_the_closed_item_only(desk: Desk, may):
    """B-14, B-19: semantic, labelled, a placeholder for item 8."""
    pack = await publish(desk, may, "2018-05-18T16:00:00+01:00")
    public = desk.running.anonymous
    agenda = (await public.get(f"/v1/meetings/{may['id']}/agenda.html")).text
    assert "Part 2: not open to the public" in agenda
    assert pack["html"] in agenda
    page = (await public.get(f"/v1/packs/{pack['id']}/page.html")).text
    assert "pages 73 to 81" in page
    assert "LGA Cyber Security Funded Programme" in page


async def test_an_item_is_changed_in_its_open_fields_and_its_pages_must_still_follow(desk: Desk, may):
    """B-32, B-34: what went out stays; the next version gives its reason."""
    await publish(desk, may, "2018-05-18T16:00:00+01:00")
    here = f"/v1/meetings/{may['id']}"
    item = (await desk.ok(desk.clerk, "GET", f"{here}/agenda/draft"))["items"][1]
    url = f"/v1/agenda-items/{item['id']}"
    match = {"If-Match": '"1"'}
    assert (await desk.clerk.patch(url, json={"title": "Survey"})).status_code == 428
    overlap = await desk.clerk.patch(url, json={"page_to": 12}, headers=match)
    assert (overlap.status_code, overlap.json()["errors"][0]["code"]) == (422, "pages_not_contiguous")
    bare = await desk.clerk.patch(url, json={"programme_relevant": False}, headers=match)
    assert bare.json()["errors"][0]["pointer"] == "/not_relevant_reason"
    changed = await desk.clerk.patch(url, json={"title": "Survey of 2017/18"}, headers=match)
    assert changed.status_code == 200, changed.text
    public = desk.running.anonymous
    assert (await desk.ok(public, "GET", f"{here}/agenda"))["items"][1]["title"].startswith("LGA Perceptions")
    body = {"reason_for_change": "shorter title"}
    await desk.ok(desk.clerk, "POST", f"{here}/agenda/publications", json=body)
    assert (await desk.ok(public, "GET", f"{here}/agenda"))["items"][1]["title"] == "Survey of 2017/18"


async def test_a_report_is_relevant_unless_a_reason_says_no(desk: Desk):
    """B-1."""
    meeting = await desk.meeting(MAY)
    items = [{"order": 0, "title": "Catering", "programme_relevant": False}]
    answer = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/agenda", json={"items": items})
    assert answer.status_code == 422
    items[0]["not_relevant_reason"] = "no grant money in it"
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda", json={"items": items})


async def test_a_published_report_that_is_withdrawn_leaves_a_tombstone(desk: Desk, may):
    """B-42: gone, where a report that never went out is unknown."""
    await publish(desk, may, "2018-05-18T16:00:00+01:00")
    agenda = await desk.ok(desk.running.anonymous, "GET", f"/v1/meetings/{may['id']}/agenda")
    report = agenda["items"][1]["reports"][0]["id"]
    assert (await desk.running.anonymous.get(f"/v1/reports/{report}")).status_code == 200
    await desk.ok(desk.clerk, "POST", f"/v1/reports/{report}/withdrawal", json={"reason": "figures were wrong"})
    gone = await desk.running.anonymous.get(f"/v1/reports/{report}")
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (410, "gone")


async def test_alerts_follow_what_was_published(desk: Desk, may):
    """B-9."""
    url = f"/v1/meetings/{may['id']}/alerts"
    desk.running.clock.set(datetime(2018, 5, 19, 9, 0, tzinfo=UTC))
    assert [a["code"] for a in (await desk.ok(desk.clerk, "GET", url))["items"]] == ["papers_target_passed"]
    await publish(desk, may, "2018-05-19T09:00:00Z")
    assert (await desk.ok(desk.clerk, "GET", url))["items"] == []
    assert (await desk.running.anonymous.get(url)).status_code == 401


async def test_where_a_meeting_is_held_may_change_without_moving_it(desk: Desk, may):
    """B-31: no old start is kept where the time stays."""
    url = f"/v1/meetings/{may['id']}"
    etag = (await desk.clerk.get(url)).headers["etag"]
    changed = await desk.clerk.patch(url, json={"venue_text": "Westminster Suite"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["previous_starts"]) == (200, [])
    assert changed.json()["venue_text"] == "Westminster Suite"


async def test_nobody_who_ever_edited_a_report_approves_it(desk: Desk):
    """Domain section 3: four eyes, also where somebody else edited it since, in any round."""
    meeting = await desk.meeting(MAY)
    agenda = {"items": [{"order": 0, "title": "Business", "reports": [{"title": "Paper"}]}]}
    drafted = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda", json=agenda)
    url = f"/v1/reports/{drafted['items'][0]['reports'][0]['id']}"
    people = {
        name: desk.running.as_("governance:author", "governance:approver", sub=f"person:{name}")
        for name in ("clerk", "xena", "yan", "zoe")
    }

    async def edit(name: str) -> None:
        version = (await desk.ok(people["zoe"], "GET", f"{url}/draft"))["version"]
        headers = {"If-Match": f'"{version}"'}
        await desk.ok(people[name], "PUT", url, json={"title": f"As {name} has it"}, headers=headers)

    await edit("xena")
    await desk.ok(people["yan"], "POST", f"{url}/submissions")
    await desk.ok(people["zoe"], "POST", f"{url}/sign-offs", json={"outcome": "changes_requested"})
    await edit("yan")
    await desk.ok(people["yan"], "POST", f"{url}/submissions")
    for name in ("xena", "yan", "clerk"):
        answer = await people[name].post(f"{url}/sign-offs", json={"outcome": "approved"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "same_person"), name
    await desk.ok(people["zoe"], "POST", f"{url}/sign-offs", json={"outcome": "approved"})


async def test_who_edited_a_report_last_does_not_approve_it(desk: Desk):
    """Domain section 3: four eyes, also where one person wrote and another rewrote."""
    meeting = await desk.meeting(MAY)
    agenda = {"items": [{"order": 0, "title": "Business"}]}
    drafted = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/agenda", json=agenda)
    author = desk.running.as_("governance:author", sub="person:author")
    editor = desk.running.as_("governance:author", "governance:approver", sub="person:editor")
    item = drafted["items"][0]["id"]
    report = await desk.ok(author, "POST", f"/v1/agenda-items/{item}/reports", json={"title": "Paper"})
    url = f"/v1/reports/{report['id']}"
    edited = await editor.put(url, json={"title": "Other paper"}, headers={"If-Match": '"1"'})
    assert edited.status_code == 200
    await desk.ok(author, "POST", f"{url}/submissions")
    answer = await editor.post(f"{url}/sign-offs", json={"outcome": "approved"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "same_person")


async def test_the_english_codes_of_exemption_are_reference_data_and_checked(desk: Desk):
    """B-18."""
    codes = await desk.ok(desk.running.anonymous, "GET", "/v1/restriction-codes")
    assert [c["code"] for c in codes["items"]] == ["1", "2", "3", "4", "5", "6", "7"]
    meeting = await desk.meeting(MAY)
    restriction = {"kind": "exempt", "code": "8", "regime": codes["regime"], "reason": "x", "public_interest_note": "y"}
    items = [{"order": 0, "title": "Contract", "part": 2, "restriction": restriction}]
    answer = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/agenda", json={"items": items})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/items/0/restriction/code")

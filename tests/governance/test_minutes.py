"""Minutes over HTTP: drafts, approval with amendments, actions that move, versions that stay."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from shared.events.governance import ActionProgressed, MinutesApproved, MinutesPublished
from tests.governance.conftest import Desk, note_body
from tests.governance.data import read

NOTE = {
    "source": "note of November",
    "attendance": {
        "present": [{"name": "Cllr David Parsons", "authority": "Leicestershire CC"}],
        "apologies": [
            {"name": "Cllr Tim Cheetham", "authority": "Bradford MBC"},
            {"name": "Cllr Helen Holland", "authority": "Bath Council"},
        ],
    },
    "items": [
        {
            "number": "1",
            "title": "Plan",
            "decisions": [{"n": 1, "category": "agreed", "text": "Plan agreed."}],
            "actions": [{"n": 1, "text": "Publish it.", "owner_person": "Helen Platts", "due_date": "2018-01-31"}],
            "commitments": [{"n": 1, "text": "An update next time.", "due": "next meeting"}],
        }
    ],
}


@pytest.fixture
async def two(desk: Desk) -> tuple[str, str]:
    """A meeting with published draft minutes, and the meeting after it."""
    later = await desk.meeting("2018-01-18T11:30:00+00:00", held=True)
    first = await desk.meeting("2017-11-17T11:30:00+00:00", held=True)
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{first['id']}/minutes", json=NOTE)
    await desk.ok(
        desk.clerk,
        "POST",
        f"/v1/meetings/{first['id']}/minutes/publications",
        json={"happened_at": "2017-12-01T12:00:00Z"},
    )
    return first["id"], later["id"]


AMENDMENTS = [
    {"place": "attendance, page 1", "old": "Bradford MBC", "new": "Barnsley MBC"},
    {"place": "attendance, page 1", "old": "Bath Council", "new": "Bristol City Council"},
]


async def test_approval_with_amendments_makes_a_version_and_leaves_the_old_one_readable(desk: Desk, two):
    """B-35, worked example 13."""
    first, later = two
    public = desk.running.anonymous
    old = (await public.get(f"/v1/meetings/{first}/minutes/versions/1")).content
    approval = {"meeting": later, "item": "5", "outcome": "agreed subject to amendments", "amendments": AMENDMENTS,
                "happened_at": "2018-01-18T12:00:00Z"}  # fmt: skip
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{first}/minutes/approvals", json=approval)
    versions = (await desk.ok(public, "GET", f"/v1/meetings/{first}/minutes/versions"))["items"]
    assert [(v["number"], v["state"]) for v in versions] == [(1, "superseded"), (2, "approved")]
    assert (await public.get(f"/v1/meetings/{first}/minutes/versions/1")).content == old
    current = await desk.ok(public, "GET", f"/v1/meetings/{first}/minutes")
    assert [p["authority"] for p in current["document"]["attendance"]["apologies"]] == [
        "Barnsley MBC",
        "Bristol City Council",
    ]
    assert (current["approval"]["approving_meeting_id"], current["approval"]["item"]) == (later, "5")
    assert current["label"] is None
    (approved,) = await desk.running.emitted(MinutesApproved)
    assert (approved.minutes_version, approved.amendments, str(approved.approving_meeting_id)) == (2, 2, later)
    draft, final = await desk.running.emitted(MinutesPublished)
    assert [(e.minutes_version, e.state, e.met) for e in (draft, final)] == [
        (1, "published_draft", True),
        (2, "approved", False),
    ]
    body = await public.get(f"/v1/meetings/{first}/minutes/versions/2")
    assert hashlib.sha256(body.content).hexdigest() == final.sha256
    assert len((await desk.ok(public, "GET", "/v1/actions", params={"meeting": first}))["items"]) == 2


async def test_an_approval_without_amendments_approves_the_same_version(desk: Desk, two):
    """B-35."""
    first, later = two
    approval = {"meeting": later, "item": "2", "outcome": "agreed"}
    answer = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{first}/minutes/approvals", json=approval)
    assert (answer["number"], answer["state"]) == (1, "approved")
    again = await desk.clerk.post(f"/v1/meetings/{first}/minutes/approvals", json=approval)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "move_not_allowed")


async def test_minutes_are_not_approved_at_their_own_or_an_earlier_meeting(desk: Desk, two):
    """B-35; domain section 7."""
    first, _ = two
    earlier = await desk.meeting("2017-10-17T11:30:00+01:00", held=True)
    coming = await desk.meeting("2018-12-17T11:30:00+00:00")
    for wrong in (first, earlier["id"], coming["id"]):
        answer = await desk.clerk.post(
            f"/v1/meetings/{first}/minutes/approvals", json={"meeting": wrong, "item": "1", "outcome": "agreed"}
        )
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "approval_at_wrong_meeting")


async def test_an_amendment_of_words_that_are_not_there_is_refused(desk: Desk, two):
    """B-35."""
    first, later = two
    approval = {"meeting": later, "item": "5", "outcome": "agreed",
                "amendments": [{"place": "page 1", "old": "Atlantis BC", "new": "Barnsley MBC"}]}  # fmt: skip
    answer = await desk.clerk.post(f"/v1/meetings/{first}/minutes/approvals", json=approval)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/amendments/0/old")
    assert (await desk.ok(desk.clerk, "GET", f"/v1/meetings/{first}/minutes"))["state"] == "published_draft"


async def test_the_same_note_again_adds_nothing_and_another_is_refused(desk: Desk, two):
    """B-44."""
    first, _ = two
    url = f"/v1/meetings/{first}/minutes"
    await desk.ok(desk.clerk, "POST", url, json=NOTE)
    other = await desk.clerk.post(url, json={"items": [{"number": "1", "title": "Other"}]})
    assert (other.status_code, other.json()["errors"][0]["code"]) == (409, "minutes_exist")


async def test_a_draft_is_nowhere_public_and_may_be_replaced(desk: Desk):
    """B-35."""
    meeting = await desk.meeting("2018-03-22T11:00:00+00:00", held=True)
    url = f"/v1/meetings/{meeting['id']}/minutes"
    await desk.ok(desk.clerk, "POST", url, json=NOTE)
    public = desk.running.anonymous
    assert (await public.get(url)).status_code == 404
    assert (await public.get(f"{url}/versions/1")).status_code == 404
    assert (await public.get(f"{url}/draft")).status_code == 401
    assert (await desk.ok(public, "GET", "/v1/actions"))["items"] == []
    draft = await desk.clerk.get(f"{url}/draft")
    body = {**NOTE, "items": [{"number": "1", "title": "Plan, corrected"}]}
    bare = await desk.clerk.put(f"{url}/draft", json=body)
    assert bare.status_code == 428
    replaced = await desk.clerk.put(f"{url}/draft", json=body, headers={"If-Match": draft.headers["etag"]})
    assert replaced.status_code == 200, replaced.text
    await desk.ok(desk.clerk, "POST", f"{url}/publications", json={})
    assert (await desk.ok(public, "GET", "/v1/actions"))["items"] == []


async def test_only_a_held_meeting_has_minutes(desk: Desk):
    """Domain section 3."""
    meeting = await desk.meeting("2018-03-22T11:00:00+00:00")
    answer = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/minutes", json=NOTE)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "meeting_not_held")


async def actions(desk: Desk, meeting: str) -> dict[str, dict[str, Any]]:
    page = await desk.ok(desk.running.anonymous, "GET", "/v1/actions", params={"meeting": meeting})
    return {a["kind"]: a for a in page["items"]}


async def test_a_commitment_is_tied_to_the_next_meeting_and_carried_with_its_history(desk: Desk, two):
    """B-38: the update promised for the next meeting is moved on to a later one."""
    first, later = two
    commitment = (await actions(desk, first))["commitment"]
    assert (commitment["due_meeting_id"], commitment["overdue"]) == (later, True)
    july = await desk.meeting("2018-12-16T11:00:00+00:00")
    url = f"/v1/actions/{commitment['id']}/progress"
    nowhere = await desk.clerk.post(url, json={"state": "carried", "text": "moved"})
    assert nowhere.json()["errors"][0]["pointer"] == "/carried_to"
    carried = await desk.ok(
        desk.clerk, "POST", url, json={"state": "carried", "text": "moved to July", "carried_to": july["id"]}
    )
    assert (carried["state"], carried["due_meeting_id"], carried["overdue"]) == ("carried", july["id"], False)
    assert [p["text"] for p in carried["progress"]] == ["moved to July"]
    (event,) = await desk.running.emitted(ActionProgressed)
    assert (event.state, str(event.carried_to_meeting_id)) == ("carried", july["id"])


async def test_a_member_reports_progress_and_the_clerk_closes(desk: Desk, two):
    """Domain section 3."""
    first, _ = two
    action = (await actions(desk, first))["action"]
    assert (action["owner"], action["owner_missing"], action["overdue"]) == ("Helen Platts", False, True)
    url = f"/v1/actions/{action['id']}/progress"
    member = desk.running.as_("governance:member", sub="person:member")
    await desk.ok(member, "POST", url, json={"state": "in_progress", "text": "drafted"})
    assert (await member.post(url, json={"state": "done", "text": "out"})).status_code == 409
    await desk.ok(desk.clerk, "POST", url, json={"state": "done", "text": "out"})
    closed = await desk.clerk.post(url, json={"state": "in_progress", "text": "again"})
    assert (closed.status_code, closed.json()["state"]) == (409, "done")
    assert (await actions(desk, first))["action"]["overdue"] is False


async def test_lists_of_actions_can_be_narrowed_to_the_gaps(desk: Desk, two):
    """B-37."""
    public = desk.running.anonymous
    for query, kinds in (
        ({"owner_missing": "true"}, ["commitment"]),
        ({"owner_missing": "false"}, ["action"]),
        ({"overdue": "true"}, ["action", "commitment"]),
        ({"overdue": "false"}, []),
        ({"state": "done"}, []),
    ):
        page = await desk.ok(public, "GET", "/v1/actions", params={"board": desk.board, **query})
        assert sorted(a["kind"] for a in page["items"]) == kinds, query


async def test_progress_raises_the_stamps_of_its_parents_and_no_others(desk: Desk, two):
    """B-41, worked example 15."""
    first, later = two
    before = {m: await desk.ok(desk.clerk, "GET", f"/v1/meetings/{m}") for m in two}
    action = (await actions(desk, first))["action"]
    desk.running.clock.set(desk.running.clock.now.replace(hour=13))
    body = {"state": "in_progress", "text": "drafted"}
    await desk.ok(desk.clerk, "POST", f"/v1/actions/{action['id']}/progress", json=body)
    after = {m: await desk.ok(desk.clerk, "GET", f"/v1/meetings/{m}") for m in two}
    assert after[first]["modified_at"] > before[first]["modified_at"]
    assert after[later] == before[later]
    changed = await desk.ok(
        desk.running.anonymous, "GET", "/v1/meetings", params={"updated_since": after[first]["modified_at"]}
    )
    assert [m["id"] for m in changed["items"]] == [first]
    none = await desk.ok(
        desk.running.anonymous, "GET", "/v1/meetings", params={"updated_since": "2199-01-01T00:00:00Z"}
    )
    assert none["items"] == []


async def test_a_note_without_decision_heading_is_text_with_a_finding(desk: Desk):
    """B-36: item 4 of 18 January 2011."""
    meeting = await desk.meeting("2011-01-18T11:30:00+00:00", held=True)
    note = note_body(read("notes_2011-01-18.json"))
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting['id']}/minutes", json=note)
    (finding,) = await desk.findings(kind="decision_without_heading")
    assert "item 4" in finding["place"]


async def test_what_was_declared_before_the_note_outlives_a_replaced_draft(desk: Desk):
    """B-30: the note repeats it, and nothing is doubled or lost."""
    meeting = await desk.meeting("2018-03-22T11:00:00+00:00", held=True)
    here = f"/v1/meetings/{meeting['id']}"
    spoken = {"person": "Alan Connett", "items": ["1"], "nature": "Leadership Academy", "action_taken": "stayed"}
    await desk.ok(desk.running.as_("governance:member", sub="person:alan"), "POST", f"{here}/declarations", json=spoken)
    public = desk.running.anonymous
    repeated = {**spoken, "action_taken": "not_recorded"}
    other = {"person": "Ada Known", "items": ["2"]}
    note = {"declarations": [repeated, other], "items": [{"number": "1", "title": "Plan"}]}
    await desk.ok(desk.clerk, "POST", f"{here}/minutes", json=note)
    draft = await desk.clerk.get(f"{here}/minutes/draft")
    listed = (await desk.ok(public, "GET", f"{here}/declarations"))["items"]
    assert [(d["person"], d["action_taken"]) for d in listed] == [("Alan Connett", "stayed")]
    note["declarations"] = []
    replaced = await desk.clerk.put(f"{here}/minutes/draft", json=note, headers={"If-Match": draft.headers["etag"]})
    assert replaced.status_code == 200, replaced.text
    await desk.ok(desk.clerk, "POST", f"{here}/minutes/publications", json={})
    listed = (await desk.ok(public, "GET", f"{here}/declarations"))["items"]
    assert [d["person"] for d in listed] == ["Alan Connett"]


async def test_a_note_that_knows_a_declaration_to_be_sensitive_closes_its_nature(desk: Desk):
    """B-15, B-30: what was declared in the open is seen by nobody in public from then on, and is not lost."""
    meeting = await desk.meeting("2018-03-22T11:00:00+00:00", held=True)
    here = f"/v1/meetings/{meeting['id']}"
    spoken = {"person": "Alan Connett", "items": ["1"], "nature": "A very private matter"}
    await desk.ok(desk.clerk, "POST", f"{here}/declarations", json=spoken)
    public = desk.running.anonymous
    assert "very private" in (await public.get(f"{here}/declarations")).text
    note = {
        "declarations": [{"person": "Alan Connett", "items": ["1"], "sensitive": True}],
        "items": [{"number": "1", "title": "Plan"}],
    }
    await desk.ok(desk.clerk, "POST", f"{here}/minutes", json=note)
    listed = await public.get(f"{here}/declarations")
    assert [(d["sensitive"], d["nature"]) for d in listed.json()["items"]] == [(True, None)]
    async with desk.running.session() as session:
        connection = await session.connection()
        kept = (await connection.exec_driver_sql("SELECT nature FROM closed_declarations")).scalars().all()
        left = (await connection.exec_driver_sql("SELECT nature FROM declarations")).scalars().all()
    assert (kept, left) == (["A very private matter"], [None])

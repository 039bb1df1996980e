"""Meetings over HTTP: their states, what moving and cancelling keep, and deadlines that follow the calendar."""

from __future__ import annotations

import pytest

from shared.events.governance import MeetingScheduled
from tests.governance.conftest import Desk

MAY = "2018-05-24T11:00:00+01:00"


def due(meeting: dict) -> dict[str, str]:
    return {reading["name"]: reading["due_on"] for reading in meeting["readings"]}


async def test_scheduling_a_meeting_tells_every_reading_with_its_arithmetic(desk: Desk):
    """B-2, B-3, B-8: the event carries what transparency stores."""
    meeting = await desk.meeting(MAY)
    assert due(meeting) == {
        "literal_deadline": "2018-05-21",
        "clear_deadline": "2018-05-20",
        "strict_latest": "2018-05-20",
        "office_target": "2018-05-18",
        "minutes_due": "2018-06-24",
        "minutes_target": "2018-06-22",
    }
    (event,) = await desk.running.emitted(MeetingScheduled)
    assert {r.name: r.due_on.isoformat() for r in event.readings} == due(meeting)
    assert all(r.arithmetic for r in event.readings)
    assert (event.state, event.under_grant_duty, event.board_slug) == ("scheduled", True, desk.board)


async def test_a_planned_meeting_makes_no_event_until_it_is_scheduled(desk: Desk):
    """Domain section 3."""
    meeting = await desk.meeting(MAY, state="planned")
    assert await desk.running.emitted(MeetingScheduled) == []
    await desk.move(meeting["id"], to="scheduled")
    assert [e.state for e in await desk.running.emitted(MeetingScheduled)] == ["scheduled"]


async def test_moving_keeps_the_old_start_and_recounts_the_deadlines(desk: Desk):
    """B-31, worked example 16: 16 July to 17 July."""
    meeting = await desk.meeting("2018-07-16T11:00:00+01:00", end="2018-07-16T13:00:00+01:00")
    moved = await desk.move(meeting["id"], to="scheduled", start="2018-07-17T11:00:00+01:00")
    assert moved["previous_starts"][0]["start"] == "2018-07-16T11:00:00+01:00"
    assert (moved["start"], moved["end"]) == ("2018-07-17T10:00:00Z", "2018-07-17T12:00:00Z")
    assert due(moved)["strict_latest"] == "2018-07-11"
    event = (await desk.running.emitted(MeetingScheduled))[-1]
    assert event.previous_start.isoformat() == "2018-07-16T10:00:00+00:00"
    assert event.version > 1


async def test_cancelling_needs_a_reason_keeps_start_and_listing_and_is_final(desk: Desk):
    """B-31; domain section 7."""
    meeting = await desk.meeting(MAY)
    url = f"/v1/meetings/{meeting['id']}/transitions"
    bare = await desk.clerk.post(url, json={"to": "cancelled"})
    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "/reason")
    cancelled = await desk.move(meeting["id"], to="cancelled", reason="no business")
    assert (cancelled["state"], cancelled["start"]) == ("cancelled", "2018-05-24T10:00:00Z")
    again = await desk.clerk.post(url, json={"to": "scheduled", "start": "2018-06-01T11:00:00+01:00"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "move_not_allowed")
    assert again.json()["state"] == "cancelled"
    listed = await desk.ok(desk.running.anonymous, "GET", "/v1/meetings", params={"board": desk.board})
    assert [m["state"] for m in listed["items"]] == ["cancelled"]


async def test_a_postponed_meeting_waits_for_a_date(desk: Desk):
    """Domain section 3."""
    meeting = await desk.meeting(MAY)
    await desk.move(meeting["id"], to="postponed", reason="room flooded")
    url = f"/v1/meetings/{meeting['id']}/transitions"
    held = await desk.clerk.post(url, json={"to": "held"})
    assert held.status_code == 409
    back = await desk.move(meeting["id"], to="scheduled", start="2018-06-07T11:00:00+01:00")
    assert (back["state"], len(back["previous_starts"])) == ("scheduled", 1)


async def test_a_meeting_is_held_only_once_it_has_begun(desk: Desk):
    """Domain section 3."""
    meeting = await desk.meeting("2018-12-24T11:00:00+00:00")
    early = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/transitions", json={"to": "held"})
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "not_yet_started")


async def test_a_proclaimed_holiday_moves_deadlines_of_coming_meetings_only(desk: Desk):
    """B-5, worked example 3: the held meeting of 24 May keeps its readings, the coming one on 31 May is recounted."""
    held = await desk.meeting(MAY, held=True)
    coming = await desk.meeting("2018-05-31T11:00:00+01:00")
    events = len(await desk.running.emitted(MeetingScheduled))
    holiday = {"day": "2018-05-30", "name": "Day of thanks", "effect": "add", "source": "proclamation"}
    await desk.ok(desk.admin, "POST", "/v1/closed-days", json=holiday)
    after = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{coming['id']}")
    assert (due(coming)["strict_latest"], due(after)["strict_latest"]) == ("2018-05-24", "2018-05-23")
    assert "Day of thanks" in next(r for r in after["readings"] if r["name"] == "strict_latest")["arithmetic"]
    same = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{held['id']}")
    assert (same["readings"], same["version"]) == (held["readings"], held["version"])
    assert len(await desk.running.emitted(MeetingScheduled)) == events + 1
    twice = await desk.admin.post("/v1/closed-days", json=holiday)
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "closed_day_exists")


async def test_the_holiday_of_worked_example_three_before_publication(desk: Desk):
    """B-5, worked example 3: with 23 May closed, strict latest and office target are Thursday 17 May."""
    meeting = await desk.meeting(MAY)
    holiday = {"day": "2018-05-23", "name": "Proclaimed", "effect": "add", "source": "proclamation"}
    await desk.ok(desk.admin, "POST", "/v1/closed-days", json=holiday)
    after = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{meeting['id']}")
    assert (due(after)["strict_latest"], due(after)["office_target"]) == ("2018-05-17", "2018-05-17")


async def test_the_same_board_cannot_meet_twice_at_one_moment_but_twice_in_a_day(desk: Desk):
    """Domain section 2: a date is never a key."""
    first = await desk.meeting(MAY)
    same = await desk.clerk.post(f"/v1/boards/{desk.board}/meetings", json={"start": "2018-05-24T10:00:00Z"})
    assert (same.status_code, same.json()["errors"][0]["code"]) == (409, "meeting_exists")
    assert same.json()["meeting"].endswith(first["id"])
    await desk.meeting("2018-05-24T14:00:00+01:00")


async def test_a_principal_council_is_another_rule_set_and_no_other_code(desk: Desk):
    """B-10: five clear working days."""
    await desk.ok(
        desk.clerk,
        "POST",
        "/v1/boards",
        json={"slug": "council", "organisation": "lga", "name": "Council", "under_grant_duty": False},
    )
    rules = {"valid_from": "2018-01-01", "source": "1972 Act s.100A", "notice_days": 5}
    await desk.ok(desk.admin, "POST", "/v1/boards/council/rule-sets", json=rules)
    council = Desk(desk.running, desk.clerk, desk.admin, board="council")
    assert due(await council.meeting(MAY))["office_target"] == "2018-05-16"


async def test_rule_sets_of_a_board_never_overlap(desk: Desk):
    """B-27; domain section 7."""
    url = f"/v1/boards/{desk.board}/rule-sets"
    clash = await desk.admin.post(url, json={"valid_from": "2018-06-01", "source": "other"})
    assert (clash.status_code, clash.json()["errors"][0]["code"]) == (409, "rule_sets_overlap")
    rules = (await desk.ok(desk.running.anonymous, "GET", url))["items"][-1]
    ended = await desk.admin.patch(
        f"/v1/rule-sets/{rules['id']}", json={"valid_to": "2018-05-31"}, headers={"If-Match": '"1"'}
    )
    assert ended.status_code == 200, ended.text
    await desk.ok(desk.admin, "POST", url, json={"valid_from": "2018-06-01", "source": "other"})


async def test_a_board_needs_an_organisation_that_grants_announced(desk: Desk):
    """Design section 7."""
    board = {"slug": "other", "organisation": "unheard-of", "name": "Other", "under_grant_duty": False}
    answer = await desk.clerk.post("/v1/boards", json=board)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "organisation_unknown")


async def test_a_token_for_another_organisation_may_not_write(desk: Desk):
    """Design section 7."""
    stranger = desk.running.as_("governance:clerk", sub="person:other", organisations=["salford"])
    answer = await stranger.post(f"/v1/boards/{desk.board}/meetings", json={"start": MAY})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"start": "2018-05-24T11:00:00"}, "/start"),
        ({"start": MAY, "end": MAY}, "/end"),
        ({"start": "0001-01-01T00:00:00Z"}, "/start"),
        ({"start": MAY, "zone": "Europe/Londonium"}, "/zone"),
        ({"start": MAY, "state": "held"}, "/state"),
        ({"start": MAY, "colour": "red"}, "/colour"),
    ],
)
async def test_a_meeting_that_cannot_be_is_refused_at_the_field(desk: Desk, body, pointer):
    """Domain section 7."""
    answer = await desk.clerk.post(f"/v1/boards/{desk.board}/meetings", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_postponed_meeting_cannot_come_back_to_a_taken_moment(desk: Desk):
    """Domain section 3: refused with the address of the meeting that stands there."""
    first = await desk.meeting(MAY)
    await desk.move(first["id"], to="postponed", reason="room flooded")
    second = await desk.meeting(MAY)
    url = f"/v1/meetings/{first['id']}/transitions"
    answer = await desk.clerk.post(url, json={"to": "scheduled", "start": MAY})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "meeting_exists")
    assert answer.json()["meeting"].endswith(second["id"])

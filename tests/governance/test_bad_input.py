"""Bad input over HTTP: refused at its place, nothing kept, never a server error."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.governance.conftest import Desk

MAY = "2018-05-24T11:00:00+01:00"
NOBODY = "00000000-0000-4000-8000-00000000dead"


async def test_two_entries_of_one_number_are_refused_where_they_stand(desk: Desk):
    """Domain section 7."""
    meeting = await desk.meeting(MAY, held=True)
    decision = {"n": 1, "category": "noted", "text": "Noted."}
    note = {"items": [{"number": "1", "title": "Plan", "decisions": [decision, decision]}]}
    answer = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/minutes", json=note)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/items/0/decisions/1/n")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00"])
async def test_times_at_the_ends_of_the_calendar_are_refused(desk: Desk, moment):
    """Design section 5: never 500."""
    meeting = await desk.meeting(MAY)
    here = f"/v1/meetings/{meeting['id']}"
    for url, body in (
        (f"{here}/transitions", {"to": "held", "happened_at": moment}),
        (f"{here}/agenda/publications", {"happened_at": moment}),
        (f"{here}/packs", {"scope": "main_pack", "happened_at": moment}),
        (f"{here}/minutes/publications", {"happened_at": moment}),
        (f"{here}/agenda", {"items": [{"order": 0, "title": "x", "start": moment}]}),
        (f"/v1/boards/{desk.board}/meetings", {"start": moment}),
    ):
        answer = await desk.clerk.post(url, json=body)
        assert answer.status_code == 422, (url, answer.text)
    listed = await desk.clerk.get("/v1/meetings", params={"start": moment, "board": desk.board})
    assert listed.status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/boards/none", 404),
        (f"/v1/boards/{NOBODY}", 404),
        ("/v1/meetings/not-an-id", 404),
        (f"/v1/meetings/{NOBODY}", 404),
        (f"/v1/meetings/{NOBODY}/minutes", 404),
        (f"/v1/meetings/{NOBODY}/agenda/publications/1", 404),
        (f"/v1/meetings/{NOBODY}/agenda/publications/99999999999999999999", 404),
        (f"/v1/packs/{NOBODY}", 404),
        (f"/v1/actions/{NOBODY}", 404),
        ("/v1/meetings?on=9999-12-31", 422),
        ("/v1/meetings?onn=2018-05-24", 400),
        ("/v1/decisions?category=liked", 422),
        ("/v1/boards/improvement-and-innovation/attendance?year=2017", 422),
        ("/v1/boards/improvement-and-innovation/attendance?year=2017-2019", 422),
        ("/v1/boards/improvement-and-innovation/attendance", 422),
        ("/v1/boards/improvement-and-innovation/memberships?on=soon", 422),
    ],
)
async def test_reads_of_what_is_not_there_answer_as_documented(desk: Desk, path: str, status: int):
    """Domain section 7; design section 5."""
    answer = await desk.running.anonymous.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body", [{}, [], {"slug": "A B"}, {"slug": "x" * 81}, {"slug": "b", "name": "\u0000"}, {"slug": 5}]
)
async def test_a_board_of_the_wrong_shape_is_refused(desk: Desk, body: Any):
    """Domain section 7."""
    answer = await desk.clerk.post("/v1/boards", json=body)
    assert answer.status_code == 422


async def test_nobody_without_the_scope_writes(desk: Desk):
    """Domain section 3."""
    member = desk.running.as_("governance:member", sub="person:member")
    writes = {"/v1/boards": {}, f"/v1/boards/{desk.board}/meetings": {"start": MAY}, "/v1/closed-days": {}}
    for url, body in writes.items():
        assert (await desk.running.anonymous.post(url, json=body)).status_code == 401
        assert (await member.post(url, json=body)).status_code == 403
    holiday = {"day": "2018-05-23", "name": "x", "effect": "add", "source": "x"}
    assert (await desk.clerk.post("/v1/closed-days", json=holiday)).status_code == 403


async def test_a_change_to_a_version_somebody_else_changed_is_refused(desk: Desk):
    """Domain section 7: 412; 428 without If-Match."""
    url = f"/v1/boards/{desk.board}"
    etag = (await desk.clerk.get(url)).headers["etag"]
    assert (await desk.clerk.patch(url, json={"clerk": "A"})).status_code == 428
    first = await desk.clerk.patch(url, json={"clerk": "A"}, headers={"If-Match": etag})
    assert (first.status_code, first.json()["clerk"]) == (200, "A")
    second = await desk.clerk.patch(url, json={"clerk": "B"}, headers={"If-Match": etag})
    assert (second.status_code, second.json()["errors"][0]["code"]) == (412, "stale_version")


async def test_requests_that_arrive_together_leave_one_of_what_may_stand_once(desk: Desk):
    """Style: each invariant stands twice. One board, one meeting at a moment, one main pack, one note."""

    async def race(url: str, body: dict[str, Any]) -> list[int]:
        answers = await asyncio.gather(*(desk.clerk.post(url, json=body) for _ in range(4)))
        assert all(a.status_code < 500 for a in answers), [a.text for a in answers]
        return sorted(a.status_code for a in answers)

    board = {"slug": "other", "organisation": "lga", "name": "Other", "under_grant_duty": False}
    assert await race("/v1/boards", board) == [201, 409, 409, 409]
    assert await race(f"/v1/boards/{desk.board}/meetings", {"start": MAY}) == [201, 409, 409, 409]
    meeting = (await desk.ok(desk.clerk, "GET", "/v1/meetings", params={"board": desk.board}))["items"][0]["id"]
    here = f"/v1/meetings/{meeting}"
    agenda = {"items": [{"order": 0, "title": "Business"}]}
    await race(f"{here}/agenda", agenda)
    draft = await desk.ok(desk.clerk, "GET", f"{here}/agenda/draft")
    assert len(draft["items"]) == 1
    assert await race(f"{here}/agenda/publications", {}) == [201, 409, 409, 409]
    assert await race(f"{here}/packs", {"scope": "main_pack"}) == [201, 409, 409, 409]
    await desk.move(meeting, to="held", happened_at=MAY)
    await race(f"{here}/minutes", {"items": [{"number": "1", "title": "Business"}]})
    assert await race(f"{here}/minutes/publications", {}) == [201, 409, 409, 409]


NASTY: tuple[Any, ...] = (None, "  ", 10**30, 1.5, [], {}, "\u0000", "\ud800", "x" * 30_000)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a body's values sit, containers included."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        found += leaves(item, (*path, key))
    return found


def with_value(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = json.loads(json.dumps(body))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


async def bodies(desk: Desk) -> dict[str, dict[str, Any]]:
    """A valid body for every route that takes one, on a meeting under way."""
    meeting = (await desk.meeting(MAY, held=True))["id"]
    coming = (await desk.meeting("2018-12-24T11:00:00Z"))["id"]
    agenda = {"items": [{"order": 0, "number": "1", "title": "Business", "page_from": 1, "page_to": 2, "start": MAY,
                         "reports": [{"title": "Paper", "recommendations": ["Note it."],
                                      "contact_officers": [{"name": "A", "position": "B"}]}]}]}  # fmt: skip
    drafted = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{coming}/agenda", json=agenda)
    item = drafted["items"][0]["id"]
    person = (await desk.ok(desk.clerk, "POST", "/v1/persons", json={"name": "Ada Known"}))["id"]
    note = {
        "attendance": {"present": [{"name": "Ada Known", "role": "Chair"}],
                       "officers": [{"body": "LGA", "names": ["B"]}]},
        "declarations": [{"person": "Ada Known", "items": ["1"], "nature": "a share"}],
        "items": [{"number": "1", "title": "Plan", "points": 2, "guests": [{"name": "G"}],
                   "decisions": [{"n": 1, "category": "noted", "text": "Noted."}],
                   "actions": [{"n": 1, "text": "Do it.", "owner_printed": "Officers", "due_date": "2018-06-01"}],
                   "approval": {"of": "note", "outcome": "agreed", "amendments": [{"place": "p", "new": "n"}]}}],
    }  # fmt: skip
    member = {"name": "Bea Known", "capacity": "full_member", "voting": True, "honours": ["OBE"]}
    roster = {"source": "page", "valid_from": "2017-09-01", "groups": [{"name": "Labour", "printed_size": 3}],
              "people": [member]}  # fmt: skip
    board = f"/v1/boards/{desk.board}"
    return {
        "/v1/boards": {"slug": "b", "organisation": "lga", "name": "B", "under_grant_duty": True,
                       "former_names": [{"name": "A"}], "meeting_year_start": "09-01", "founded": "2010-01-01"},
        f"{board}/rule-sets": {"valid_from": "2030-01-01", "valid_to": "2030-12-31", "source": "x",
                               "quorum_numerator": 1, "quorum_denominator": 3, "weekday_mask": "1111100",
                               "holiday_calendar": "GB-ENG",
                               "voting_capacities": ["full_member"]},
        f"{board}/membership-imports": roster,
        f"{board}/memberships": {"person_id": person, "capacity": "observer", "valid_from": "2017-09-01",
                                 "source": "x"},
        f"{board}/meetings": {"start": "2018-11-01T11:00:00Z", "end": "2018-11-01T12:00:00Z", "zone": "Europe/London",
                              "adjuncts": [{"kind": "lunch", "start": MAY}]},
        "/v1/closed-days": {"day": "2031-05-23", "name": "x", "effect": "add", "source": "x"},
        "/v1/persons": {"name": "C", "title": "Cllr", "honours": ["OBE"]},
        f"/v1/persons/{person}/aliases": {"text": "A. Known", "kind": "spelling", "source": "x"},
        f"/v1/meetings/{coming}/transitions": {"to": "scheduled", "start": "2018-12-25T11:00:00Z", "reason": "x"},
        f"/v1/meetings/{coming}/agenda": agenda,
        f"/v1/meetings/{coming}/agenda-items": {"title": "More", "number": "2", "part": 1},
        f"/v1/meetings/{coming}/packs": {"scope": "main_pack", "happened_at": "2018-05-18T12:00:00Z"},
        f"/v1/agenda-items/{item}/reports": {"title": "Paper", "other_sections": [{"heading": "H", "text": "T"}]},
        f"/v1/closed/agenda-items/{item}": {"title": "T", "text": "t"},
        f"/v1/meetings/{meeting}/attendance": {"source": "x", "entries": [
            {"person_id": person, "capacity": "full_member", "status": "present", "substitutes_for": person}]},
        f"/v1/meetings/{meeting}/declarations": {"person": "Ada Known", "items": ["1"], "type": "other"},
        f"/v1/meetings/{meeting}/minutes": note,
        f"/v1/meetings/{meeting}/minutes/approvals": {"meeting": coming, "item": "1", "outcome": "x", "amendments": [
            {"place": "p", "old": "o", "new": "n"}]},
        "/v1/import-findings/resolutions": {"items": [{"finding_id": person, "outcome": "accepted"}]},
        f"/v1/paper-offers/{uuid4()}/decisions": {"decision": "take", "agenda_item": item},
    }  # fmt: skip


async def test_no_value_in_any_field_makes_the_server_fail(desk: Desk):
    """Design section 5: never 500. Every field of every body, with values nobody should send."""
    everyone = desk.running.as_(
        *(f"governance:{who}" for who in ("clerk", "admin", "author", "chair", "history")), sub="person:busy"
    )
    failed = []
    for url, body in (await bodies(desk)).items():
        for path in leaves(body):
            for value in NASTY:
                content = json.dumps(with_value(body, path, value)).encode()
                answer = await everyone.post(url, content=content, headers={"Content-Type": "application/json"})
                if answer.status_code >= 500:
                    failed.append((url, path, value if not isinstance(value, str) else value[:10], answer.status_code))
    assert failed == []


@pytest.mark.parametrize("written", [0, "0", "1527154200", 1.5e9, "24/05/2018", True])
async def test_a_number_is_no_date(desk: Desk, written):
    """Design section 5: a stray number is not read as seconds since 1970."""
    meeting = await desk.clerk.post(f"/v1/boards/{desk.board}/meetings", json={"start": written})
    assert (meeting.status_code, meeting.json()["errors"][0]["pointer"]) == (422, "/start")
    holiday = {"day": written, "name": "x", "effect": "add", "source": "x"}
    closed = await desk.admin.post("/v1/closed-days", json=holiday)
    assert (closed.status_code, closed.json()["errors"][0]["pointer"]) == (422, "/day")


@pytest.mark.parametrize("written", ["1_0", "10", 10.0, True, "１０"])
async def test_whole_numbers_are_taken_as_json_writes_them(desk: Desk, written):
    """Design section 5."""
    rules = {"valid_from": "2030-01-01", "source": "x", "notice_days": written}
    answer = await desk.admin.post(f"/v1/boards/{desk.board}/rule-sets", json=rules)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/notice_days")

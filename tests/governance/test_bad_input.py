"""Bad input over HTTP: refused at its place, nothing kept, never a server error."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.governance.conftest import Desk

MAY = "2018-05-24T11:00:00+01:00"


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
        (f"/v1/boards/{uuid4()}", 404),
        ("/v1/meetings/not-an-id", 404),
        (f"/v1/meetings/{uuid4()}", 404),
        (f"/v1/meetings/{uuid4()}/minutes", 404),
        (f"/v1/meetings/{uuid4()}/agenda/publications/1", 404),
        (f"/v1/meetings/{uuid4()}/agenda/publications/99999999999999999999", 404),
        (f"/v1/packs/{uuid4()}", 404),
        (f"/v1/actions/{uuid4()}", 404),
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

"""The board of 2010/11: a wrong column date, a note that agrees with its register, two registers of four."""

from __future__ import annotations

import pytest

from tests.governance.conftest import Desk, note_body, roster_body
from tests.governance.data import REGISTER_1011, read
from tests.governance.test_year_2017_18 import CSV, accept_names


@pytest.fixture
async def board(desk: Desk, boards) -> Desk:
    """The older board with its meetings, members and register."""
    await desk.ok(
        desk.clerk,
        "POST",
        "/v1/boards",
        json={"slug": "ipb", "organisation": "lga", "name": "Improvement Programme Board", "under_grant_duty": False},
    )
    rules = {"valid_from": "2010-09-01", "source": "then", "named_attendance_public": True}
    await desk.ok(desk.admin, "POST", "/v1/boards/ipb/rule-sets", json=rules)
    old = Desk(desk.running, desk.clerk, desk.admin, board="ipb")
    roster = roster_body(boards["ipb-2010-11"], "2010-09-01", with_unlisted=False)
    await old.ok(old.clerk, "POST", "/v1/boards/ipb/membership-imports", json=roster)
    for start in ("2010-09-09T11:00:00+01:00", "2010-11-17T11:00:00+00:00", "2011-01-18T11:30:00+00:00"):
        await old.meeting(start, held=True)
    await old.meeting("2011-03-21T12:00:00+00:00", held=True)
    await import_register(old)
    return old


async def import_register(board: Desk) -> dict:
    url = "/v1/boards/ipb/attendance-imports?year=2010-2011"
    return await board.ok(board.clerk, "POST", url, content=REGISTER_1011.read_bytes(), headers=CSV)


async def meetings(board: Desk) -> list[dict]:
    return (await board.ok(board.running.anonymous, "GET", "/v1/meetings", params={"board": "ipb"}))["items"]


async def test_a_wrong_column_date_is_proposed_and_attaches_after_confirmation(board: Desk):
    """B-45, worked example 8: 22/03/11 is the meeting of the 21st; no second meeting is made."""
    march = (await meetings(board))[-1]
    (finding,) = await board.findings(kind="date_mismatch")
    assert (finding["source_value"], finding["meeting_id"]) == ("2011-03-22", march["id"])
    attendance = await board.ok(board.clerk, "GET", f"/v1/meetings/{march['id']}/attendance")
    assert attendance["entries"] == []
    await board.ok(
        board.clerk, "POST", f"/v1/import-findings/{finding['id']}/resolutions", json={"outcome": "accepted"}
    )
    attendance = await board.ok(board.clerk, "GET", f"/v1/meetings/{march['id']}/attendance")
    assert {e["status"] for e in attendance["entries"]} == {"unknown"}
    assert len(attendance["entries"]) == 17
    (kept,) = await board.findings(kind="date_mismatch")
    assert (kept["source_value"], kept["chosen_value"]) == ("2011-03-22", {"meeting_id": march["id"]})
    assert len(await meetings(board)) == 4
    assert (await import_register(board))["cells_added"] == 0


async def test_columns_ahead_of_their_meetings_are_findings_and_attach_nothing(board: Desk):
    """B-44."""
    future = await board.findings(kind="future_column")
    assert [f["source_value"] for f in future] == ["2011-05-17", "2011-07-19"]


async def test_the_note_of_january_agrees_with_the_register(board: Desk):
    """B-23, worked example 7: no finding; Driver and Selwood are in attendance and in no rate."""
    january = (await meetings(board))[2]
    note = note_body(read("notes_2011-01-18.json"))
    await board.ok(board.clerk, "POST", f"/v1/meetings/{january['id']}/minutes", json=note)
    await accept_names(board)
    found = await board.ok(board.clerk, "POST", f"/v1/meetings/{january['id']}/attendance/comparisons")
    assert (found["findings"], found["unsettled_names"]) == ([], [])
    matrix = await board.ok(board.running.anonymous, "GET", "/v1/boards/ipb/attendance", params={"year": "2010-2011"})
    names = {p["name"] for p in matrix["people"]}
    assert not names & {"Geoff Driver", "Philip Selwood"}
    assert {c["capacity"] for c in matrix["by_capacity"]} == {"full_member"}


async def test_the_registers_of_january_hold_seven_decisions_and_four_actions(board: Desk):
    """B-36, B-37, worked example 12: owners Platts and Skinner; approvals are not counted."""
    january = (await meetings(board))[2]
    url = f"/v1/meetings/{january['id']}/minutes"
    await board.ok(board.clerk, "POST", url, json=note_body(read("notes_2011-01-18.json")))
    await board.ok(board.clerk, "POST", f"{url}/publications", json={"happened_at": "2011-02-18T23:59:00Z"})
    query = {"meeting": january["id"]}
    decisions = (await board.ok(board.clerk, "GET", "/v1/decisions", params=query))["items"]
    actions = (await board.ok(board.clerk, "GET", "/v1/actions", params=query))["items"]
    assert (len(decisions), len(actions)) == (7, 4)
    assert [a["owner"] for a in actions if not a["owner_missing"]] == ["Helen Platts", "Dennis Skinner"]
    assert sum(a["owner_missing"] for a in actions) == 2


async def test_a_substitute_the_page_does_not_list_is_taken_with_a_finding(board: Desk):
    """B-26: Clarence Barrett stood in for the Independents."""
    found = await board.findings(kind="substitute_not_listed")
    assert [f["source_value"] for f in found] == ["Clarence Barrett (substitute)"]
    matrix = await board.ok(board.running.anonymous, "GET", "/v1/boards/ipb/attendance", params={"year": "2010-2011"})
    by_day = {m["day"]: (m["seats_filled"], m["seats"]) for m in matrix["meetings"]}
    assert by_day["2010-11-17"][0] == 12, "ten members and two substitutes"


async def test_selwood_and_sellwood_are_proposed_as_one_and_merge_under_one_id(board: Desk, boards):
    """B-43, worked example 17: both stay findable, one id, the other redirecting."""
    clerk = board.clerk
    new = await board.ok(clerk, "POST", "/v1/persons", json={"name": "Philip Selwood"})
    old = await board.ok(clerk, "POST", "/v1/persons", json={"name": "Philip Sellwood"})
    survivor = await board.ok(board.admin, "POST", f"/v1/persons/{old['id']}/merge", json={"into": new["id"]})
    assert survivor["id"] == new["id"]
    public = board.running.anonymous
    moved = await public.get(f"/v1/persons/{old['id']}")
    assert (moved.status_code, moved.headers["location"].endswith(new["id"])) == (301, True)
    for name in ("Philip Selwood", "Philip Sellwood"):
        page = await board.ok(public, "GET", "/v1/persons", params={"name": name})
        assert [p["id"] for p in page["items"]] == [new["id"]]
    again = await board.admin.post(f"/v1/persons/{old['id']}/merge", json={"into": new["id"]})
    assert again.status_code == 409

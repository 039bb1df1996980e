"""Attendance over HTTP: registers that cannot be read, lists a clerk enters, substitutes."""

from __future__ import annotations

import pytest

from tests.governance.conftest import Desk

HEADER = "person,capacity,group,meeting_date,status\r\n"
MARCH = "2018-03-22T11:00:00+00:00"


async def send(desk: Desk, text: str | bytes, year: str = "2017-2018"):
    return await desk.clerk.post(
        f"/v1/boards/{desk.board}/attendance-imports?year={year}",
        content=text.encode() if isinstance(text, str) else text,
        headers={"Content-Type": "text/csv"},
    )


async def test_every_unreadable_row_is_located_and_nothing_is_taken(desk: Desk):
    """B-44; domain section 7."""
    await desk.meeting(MARCH, held=True)
    rows = (
        "Ada Known,full_member,Labour,2018-03-22,Yes\r\n"
        ",full_member,Labour,2018-03-22,Yes\r\n"
        "Bea Known,king,Labour,2018-03-22,Yes\r\n"
        "Cyn Known,full_member,Labour,22/03/18,Yes\r\n"
        "Dee Known,full_member,Labour\r\n"
    )
    answer = await send(desk, HEADER + rows)
    assert answer.status_code == 422
    found = [(e["record"], e.get("column"), e["code"]) for e in answer.json()["errors"]]
    assert found == [
        (2, "person", "invalid"),
        (3, "capacity", "unknown_value"),
        (4, "meeting_date", "invalid_date"),
        (5, "meeting_date", "invalid_date"),
    ]
    assert await desk.findings() == []
    assert (await desk.ok(desk.clerk, "GET", "/v1/persons"))["items"] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"name;date\r\nx;y\r\n",
        HEADER.encode(),
        HEADER.encode() + b'"Ada,full_member',
        HEADER.encode() + b"A\x00da,full_member,Labour,2018-03-22,Yes\r\n",
    ],
)
async def test_a_file_that_is_no_register_is_refused(desk: Desk, content):
    """Domain section 7: 422, nothing stored, never 500."""
    answer = await send(desk, content)
    assert answer.status_code == 422, answer.text


async def test_a_column_outside_the_stated_year_is_refused(desk: Desk):
    """B-23: each board has its own meeting year."""
    answer = await send(desk, HEADER + "Ada Known,full_member,Labour,2018-09-22,Yes\r\n")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "year")
    wrong = await send(desk, HEADER + "Ada Known,full_member,Labour,2018-03-22,Yes\r\n", year="2017-2019")
    assert wrong.status_code == 422


async def test_a_heading_is_nobody_and_an_odd_mark_is_kept_as_unknown(desk: Desk):
    """B-44, worked example 4: "Lead Peers 100" is a finding; a smudged mark is stored as printed."""
    await desk.meeting(MARCH, held=True)
    rows = "Lead Peers,lead_peer,,2018-03-22,100\r\nAda Known,full_member,Labour,2018-03-22,Ye?\r\n"
    answer = (await send(desk, HEADER + rows)).json()
    assert (answer["rows"], answer["cells_added"], answer["entries_added"]) == (2, 1, 1)
    kinds = {f["kind"]: f["source_value"] for f in await desk.findings()}
    assert kinds["heading_as_data"] == "Lead Peers 100"
    assert kinds["status_unreadable"] == "Ye?"
    names = [p["name"] for p in (await desk.ok(desk.clerk, "GET", "/v1/persons"))["items"]]
    assert names == ["Ada Known"]


async def test_a_changed_mark_is_a_finding_and_overwrites_nothing(desk: Desk):
    """B-44: never repaired silently."""
    await desk.meeting(MARCH, held=True)
    await send(desk, HEADER + "Ada Known,full_member,Labour,2018-03-22,Yes\r\n")
    answer = (await send(desk, HEADER + "Ada Known,full_member,Labour,2018-03-22,No\r\n")).json()
    assert (answer["cells_added"], len(answer["findings"])) == (0, 1)
    found = await desk.ok(desk.clerk, "GET", f"/v1/boards/{desk.board}/attendance", params={"year": "2017-2018"})
    assert found["people"][0]["statuses"] == ["present"]


async def test_a_dismissed_name_is_a_person_of_their_own(desk: Desk):
    """B-43: two people may bear nearly one name."""
    await desk.meeting(MARCH, held=True)
    await desk.ok(desk.clerk, "POST", "/v1/persons", json={"name": "Alan Connett"})
    await send(desk, HEADER + "Alan Connet,full_member,Labour,2018-03-22,Yes\r\n")
    (finding,) = await desk.findings(kind="name_variant")
    await desk.ok(desk.clerk, "POST", f"/v1/import-findings/{finding['id']}/resolutions", json={"outcome": "dismissed"})
    found = await desk.ok(desk.clerk, "GET", f"/v1/boards/{desk.board}/attendance", params={"year": "2017-2018"})
    assert [p["name"] for p in found["people"]] == ["Alan Connet"]


async def people(desk: Desk, meeting: str) -> dict[str, str]:
    """A Labour member and substitute, and a Conservative member."""
    ids = {}
    for name, capacity, group in (
        ("Ann Member", "full_member", "Labour"),
        ("Sue Stands", "substitute", "Labour"),
        ("Con Member", "full_member", "Conservative"),
    ):
        person = await desk.ok(desk.clerk, "POST", "/v1/persons", json={"name": name})
        ids[name] = person["id"]
        await desk.ok(
            desk.clerk,
            "POST",
            f"/v1/boards/{desk.board}/memberships",
            json={"person_id": person["id"], "capacity": capacity, "group": group, "valid_from": "2017-09-01",
                  "source": "page", "voting": capacity == "full_member"},
        )  # fmt: skip
    return ids


async def test_a_substitute_fills_a_seat_of_their_own_group_once(desk: Desk):
    """B-25, B-26; domain section 7."""
    meeting = await desk.meeting(MARCH, held=True)
    ids = await people(desk, meeting["id"])
    url = f"/v1/meetings/{meeting['id']}/attendance"

    def entry(name: str, capacity: str, status: str = "present", **more):
        return {"person_id": ids[name], "capacity": capacity, "status": status, **more}

    both = [entry("Ann Member", "full_member"), entry("Sue Stands", "substitute", substitutes_for=ids["Ann Member"])]
    twice = await desk.clerk.post(url, json={"source": "register", "entries": both})
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (409, "seat_acted_twice")
    other = [entry("Con Member", "full_member", "absent"),
             entry("Sue Stands", "substitute", substitutes_for=ids["Con Member"])]  # fmt: skip
    wrong = await desk.clerk.post(url, json={"source": "register", "entries": other})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (409, "substitute_for_another_group")
    both[0]["status"] = "apologies"
    listed = await desk.ok(desk.clerk, "POST", url, json={"source": "register", "entries": both})
    assert (listed["seats_filled"], listed["seats"]) == (1, 1)
    rates = {c["capacity"]: c["rate"]["present"] for c in listed["counts_by_capacity"]}
    assert rates["full_member"] == 0, "a substitute never raises the absent member's rate"


async def test_nobody_attends_a_cancelled_meeting(desk: Desk):
    """Domain section 7."""
    meeting = await desk.meeting("2018-07-16T11:00:00+01:00")
    ids = await people(desk, meeting["id"])
    await desk.move(meeting["id"], to="cancelled", reason="none")
    entries = [{"person_id": ids["Ann Member"], "capacity": "full_member", "status": "present"}]
    answer = await desk.clerk.post(
        f"/v1/meetings/{meeting['id']}/attendance", json={"source": "register", "entries": entries}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "meeting_cancelled")


async def test_nobody_is_present_at_a_meeting_to_come_and_apologies_may_be_given(desk: Desk):
    """B-23: attendance is of meetings held."""
    meeting = await desk.meeting("2019-07-16T11:00:00+01:00")
    ids = await people(desk, "")
    url = f"/v1/meetings/{meeting['id']}/attendance"

    def entries(status: str) -> dict:
        entry = {"person_id": ids["Ann Member"], "capacity": "full_member", "status": status}
        return {"source": "register", "entries": [entry]}

    early = await desk.clerk.post(url, json=entries("present"))
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "meeting_to_come")
    await desk.ok(desk.clerk, "POST", url, json=entries("apologies"))


async def test_a_person_cannot_hold_one_part_twice_at_a_time(desk: Desk):
    """B-22; domain section 7."""
    ids = await people(desk, "")
    body = {"person_id": ids["Ann Member"], "capacity": "full_member", "valid_from": "2018-01-01", "source": "page"}
    answer = await desk.clerk.post(f"/v1/boards/{desk.board}/memberships", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "memberships_overlap")


async def test_findings_are_not_public(desk: Desk):
    """Domain section 5."""
    assert (await desk.running.anonymous.get("/v1/import-findings")).status_code == 401
    assert (await desk.running.as_("governance:member").get("/v1/import-findings")).status_code == 403


async def test_a_register_may_come_before_its_meeting(desk: Desk):
    """B-44, B-45: sent again once the meeting is entered, its cells attach; nothing is doubled."""
    rows = HEADER + "Ada Known,full_member,Labour,2018-03-22,Yes\r\n"
    first = (await send(desk, rows)).json()
    assert (first["cells_added"], first["entries_added"], first["waiting"]) == (1, 0, 1)
    await desk.meeting(MARCH, held=True)
    again = (await send(desk, rows)).json()
    assert (again["cells_added"], again["entries_added"], again["unchanged"]) == (0, 1, 1)
    third = (await send(desk, rows)).json()
    assert third["entries_added"] == 0

"""The year 2017/18 of the real board over HTTP: members, register, notes, findings, and importing it all twice."""

from __future__ import annotations

import pytest

from shared.events.governance import ActionAssigned, DecisionRecorded, MinutesPublished
from tests.governance.conftest import Desk, note_body, roster_body
from tests.governance.data import REGISTER_1718, read

CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def year(desk: Desk, boards) -> Desk:
    """Members and three held meetings, with the register as it is printed."""
    roster = roster_body(boards["iib-2017-18"], "2017-09-01", with_unlisted=False)
    await desk.ok(desk.clerk, "POST", f"/v1/boards/{desk.board}/membership-imports", json=roster)
    for start in ("2017-11-01T11:00:00+00:00", "2018-01-30T11:00:00+00:00", "2018-03-22T11:00:00+00:00"):
        await desk.meeting(start, held=True)
    await import_register(desk)
    return desk


async def import_register(desk: Desk) -> dict:
    return await desk.ok(
        desk.clerk,
        "POST",
        f"/v1/boards/{desk.board}/attendance-imports?year=2017-2018",
        content=REGISTER_1718.read_bytes(),
        headers=CSV,
    )


async def accept_names(desk: Desk) -> None:
    """A person confirms every proposed name."""
    for kind in ("name_variant", "title_variant", "scan_fault"):
        open_ones = await desk.findings(kind=kind, state="open")
        if open_ones:
            items = [{"finding_id": f["id"], "outcome": "accepted"} for f in open_ones]
            await desk.ok(desk.clerk, "POST", "/v1/import-findings/resolutions", json={"items": items})


async def matrix(desk: Desk) -> dict:
    return await desk.ok(
        desk.running.anonymous, "GET", f"/v1/boards/{desk.board}/attendance", params={"year": "2017-2018"}
    )


async def march(desk: Desk) -> str:
    page = await desk.ok(
        desk.running.anonymous, "GET", "/v1/meetings", params={"board": desk.board, "on": "2018-03-22"}
    )
    return page["items"][0]["id"]


async def test_the_years_rates_and_seats_are_those_counted_by_hand(year: Desk):
    """B-23 to B-25, worked examples 4 and 5."""
    await accept_names(year)
    found = await matrix(year)
    by_capacity = {c["capacity"]: c["rate"] for c in found["by_capacity"]}
    assert by_capacity["full_member"] == {"present": 46, "counted": 54, "per_cent": "85.2"}
    assert (by_capacity["observer"]["present"], by_capacity["observer"]["counted"]) == (5, 6)
    assert (by_capacity["lead_peer"]["present"], by_capacity["lead_peer"]["counted"]) == (12, 16)
    groups = {g["group"]: (g["rate"]["present"], g["rate"]["counted"]) for g in found["members_by_group"]}
    assert groups == {"Conservative": (22, 24), "Labour": (16, 21), "Liberal Democrat": (5, 6), "Independent": (3, 3)}
    assert [(m["seats_filled"], m["seats"]) for m in found["meetings"]] == [(17, 18), (18, 18), (15, 18)]
    assert (found["seats_filled"], found["seats"]) == (50, 54)
    assert "Lead Peers" not in {p["name"] for p in found["people"]}


async def test_a_name_that_is_only_near_waits_for_a_person(year: Desk):
    """B-43, B-44: Connet's three marks count once somebody confirmed that he is Connett."""
    before = {c["capacity"]: c["rate"]["counted"] for c in (await matrix(year))["by_capacity"]}
    assert before["lead_peer"] == 13
    (finding,) = [f for f in await year.findings(kind="name_variant") if f["source_value"] == "Alan Connet"]
    assert finding["proposal"]["persons"][0]["name"] == "Alan Connett"
    await year.ok(year.clerk, "POST", f"/v1/import-findings/{finding['id']}/resolutions", json={"outcome": "accepted"})
    after = {c["capacity"]: c["rate"]["counted"] for c in (await matrix(year))["by_capacity"]}
    assert after["lead_peer"] == 16
    again = await year.clerk.post(f"/v1/import-findings/{finding['id']}/resolutions", json={"outcome": "accepted"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "finding_resolved")


async def test_importing_the_same_register_and_page_again_adds_nothing(year: Desk, boards):
    """B-44."""
    before = await matrix(year)
    findings = await year.findings()
    again = await import_register(year)
    assert (again["cells_added"], again["entries_added"], again["findings"], again["unchanged"]) == (0, 0, [], 90)
    roster = roster_body(boards["iib-2017-18"], "2017-09-01", with_unlisted=False)
    answer = await year.ok(year.clerk, "POST", f"/v1/boards/{year.board}/membership-imports", json=roster)
    assert (answer["persons_added"], answer["memberships_added"], answer["findings"]) == (0, 0, [])
    assert await matrix(year) == before
    assert await year.findings() == findings


async def test_a_cancelled_meeting_changes_no_rate_and_stays_listed(year: Desk):
    """B-23, B-31, worked example 6."""
    before = await matrix(year)
    meeting = await year.meeting("2018-07-16T11:00:00+01:00")
    await year.move(meeting["id"], to="cancelled", reason="not enough business")
    after = await matrix(year)
    assert after["by_capacity"] == before["by_capacity"]
    listed = after["meetings"][-1]
    assert (listed["state"], listed["counts"], listed["start"]) == ("cancelled", False, "2018-07-16T10:00:00Z")


async def test_the_matrix_is_also_a_csv_file(year: Desk):
    """B-24: counts and percentages, by person, group and capacity."""
    answer = await year.running.anonymous.get(f"/v1/boards/{year.board}/attendance.csv", params={"year": "2017-2018"})
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.split("\r\n")
    assert lines[0] == "person,capacity,group,2017-11-01,2018-01-30,2018-03-22,present,counted,per_cent"
    assert "Liz Green,full_member,Liberal Democrat,present,present,present,3,3,100.0" in lines
    assert ",full_member,,,,,46,54,85.2" in lines


async def test_register_against_note_of_march_gives_exactly_four_findings(year: Desk):
    """B-44, worked example 7; the same comparison again adds none."""
    meeting = await march(year)
    note = note_body(read("notes_2018-03-22.json"))
    await year.ok(year.clerk, "POST", f"/v1/meetings/{meeting}/minutes", json=note)
    await accept_names(year)
    for _ in range(2):
        found = await year.ok(year.clerk, "POST", f"/v1/meetings/{meeting}/attendance/comparisons")
        assert found["unsettled_names"] == []
        assert [(d["kind"], d["value"]) for d in found["findings"]] == [
            ("register_only", "Liz Green"),
            ("register_only", "Phelim MacCafferty"),
            ("duplicate_name", "Cllr Joy Allen"),
            ("column_length_mismatch", "15 names; 14 authorities"),
        ]
    kept = [f for f in await year.findings(meeting=meeting) if f["batch"] == "register against note"]
    assert len(kept) == 4


async def test_the_note_of_march_keeps_its_gap_and_fills_two_registers(year: Desk):
    """B-33, B-36, B-37, worked examples 11, 12 and 18."""
    meeting = await march(year)
    note = note_body(read("notes_2018-03-22.json"))
    await year.ok(year.clerk, "POST", f"/v1/meetings/{meeting}/minutes", json=note)
    public = year.running.anonymous
    assert (await public.get(f"/v1/meetings/{meeting}/minutes")).status_code == 404
    assert (await year.ok(public, "GET", "/v1/decisions"))["items"] == []
    await year.ok(
        year.clerk,
        "POST",
        f"/v1/meetings/{meeting}/minutes/publications",
        json={"happened_at": "2018-05-17T12:00:00+01:00"},
    )
    gaps = await year.findings(kind="number_gap")
    assert [f["source_value"] for f in gaps] == ["3"]
    minutes = await year.ok(public, "GET", f"/v1/meetings/{meeting}/minutes")
    assert [i["number"] for i in minutes["document"]["items"]] == ["1", "2", "4", "5", "6", "7", "8", "9", "10"]
    assert minutes["label"] == "draft"
    decisions = (await year.ok(public, "GET", "/v1/decisions", params={"meeting": meeting}))["items"]
    actions = (await year.ok(public, "GET", "/v1/actions", params={"meeting": meeting, "kind": "action"}))["items"]
    assert (len(decisions), len(actions)) == (7, 7)
    assert all(a["owner_missing"] and a["due_missing"] for a in actions)
    commitments = await year.ok(public, "GET", "/v1/actions", params={"meeting": meeting, "kind": "commitment"})
    assert len(commitments["items"]) == 1
    declared = (await year.ok(public, "GET", f"/v1/meetings/{meeting}/declarations"))["items"]
    assert [(d["person"], d["action_taken"]) for d in declared] == [("Alan Connett", "not_recorded")]
    assert len(await year.running.emitted(DecisionRecorded)) == 7
    assert len(await year.running.emitted(ActionAssigned)) == 8
    (published,) = await year.running.emitted(MinutesPublished)
    assert (published.state, published.met, published.due_on.isoformat()) == ("published_draft", False, "2018-04-22")


async def test_the_page_of_the_minutes_says_draft_and_escapes_what_it_shows(year: Desk):
    """B-35: the same content as the JSON, labelled."""
    meeting = await march(year)
    note = note_body(read("notes_2018-03-22.json"))
    note["items"][0]["title"] = "Welcome <script>alert(1)</script>"
    await year.ok(year.clerk, "POST", f"/v1/meetings/{meeting}/minutes", json=note)
    await year.ok(year.clerk, "POST", f"/v1/meetings/{meeting}/minutes/publications", json={})
    page = (await year.running.anonymous.get(f"/v1/meetings/{meeting}/minutes.html")).text
    assert '<html lang="en-GB">' in page
    assert "Draft, not yet approved" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "Cllr Janet Blake" in page


async def test_members_are_asked_for_a_date_and_printed_sizes_stand_beside_counted_ones(year: Desk):
    """B-22: nine Conservatives printed: eight members and an observer."""
    public = year.running.anonymous
    found = await year.ok(public, "GET", f"/v1/boards/{year.board}/memberships", params={"on": "2018-05-24"})
    sizes = {g["name"]: (g["printed_size"], g["members"], g["members_and_observers"]) for g in found["groups"]}
    assert sizes["Conservative"] == (9, 8, 9)
    assert sizes["Labour"] == (7, 6, 7)
    assert len(found["items"]) == 33
    early = await year.ok(public, "GET", f"/v1/boards/{year.board}/memberships", params={"on": "2017-01-01"})
    assert early["items"] == []


async def test_what_the_membership_page_does_not_show_becomes_findings(year: Desk):
    """B-26, B-44: Bob Price and two lead peers are not on the page; four observers sit as lead peers."""
    await accept_names(year)
    missing = {f["source_value"] for f in await year.findings(kind="not_on_membership_list")}
    assert missing == {"Bob Price (full_member)", "Phelim MacCafferty (lead_peer)", "Shirley Pannell (lead_peer)"}
    mixed = {f["source_value"] for f in await year.findings(kind="capacity_mixed")}
    assert len(mixed) == 4


async def test_quorum_is_judged_by_the_rule_of_the_day(year: Desk):
    """B-27: before 7 March 2018 no rule is in force; after, six of eighteen and two groups are asked."""
    states = [(m["quorum"]["state"], m["quorum"]["needed"]) for m in (await matrix(year))["meetings"]]
    assert states == [("no_rule_in_force", None), ("no_rule_in_force", None), ("quorate", 6)]


async def test_names_stay_back_where_the_rules_say_so(desk: Desk):
    """B-24: counts always, names only where the rule set of the day allows."""
    await desk.ok(
        desk.clerk,
        "POST",
        "/v1/boards",
        json={"slug": "quiet", "organisation": "lga", "name": "Quiet Board", "under_grant_duty": False},
    )
    quiet = Desk(desk.running, desk.clerk, desk.admin, board="quiet")
    await quiet.meeting("2018-01-30T11:00:00+00:00", held=True)
    rows = "person,capacity,group,meeting_date,status\r\nAda Known,full_member,Labour,2018-01-30,Yes\r\n"
    url = "/v1/boards/quiet/attendance-imports?year=2017-2018"
    await desk.ok(desk.clerk, "POST", url, content=rows.encode(), headers=CSV)
    answer = await desk.running.anonymous.get("/v1/boards/quiet/attendance", params={"year": "2017-2018"})
    assert answer.json()["people"] is None
    assert "Ada Known" not in answer.text
    seen = await desk.clerk.get("/v1/boards/quiet/attendance", params={"year": "2017-2018"})
    assert seen.json()["people"][0]["name"] == "Ada Known"


async def test_a_note_may_come_before_the_register_and_is_looked_at_again(desk: Desk, boards):
    """B-43, B-44: while Bob Price is unsettled the differences are only told; then there are exactly four."""
    roster = roster_body(boards["iib-2017-18"], "2017-09-01", with_unlisted=False)
    await desk.ok(desk.clerk, "POST", f"/v1/boards/{desk.board}/membership-imports", json=roster)
    meeting = (await desk.meeting("2018-03-22T11:00:00+00:00", held=True))["id"]
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting}/minutes", json=note_body(read("notes_2018-03-22.json")))
    assert [f["source_value"] for f in await desk.findings(kind="name_unknown")] == ["Cllr Bob Price"]
    await import_register(desk)
    url = f"/v1/meetings/{meeting}/attendance/comparisons"
    early = await desk.ok(desk.clerk, "POST", url)
    assert {"Cllr Bob Price", "Alan Connet"} <= set(early["unsettled_names"])
    assert await desk.findings(kind="register_only") == []
    await accept_names(desk)
    settled = await desk.ok(desk.clerk, "POST", url)
    assert (settled["unsettled_names"], len(settled["findings"])) == ([], 4)
    kept = [f for f in await desk.findings(meeting=meeting) if f["batch"] == "register against note"]
    assert len(kept) == 4


async def test_an_unknown_name_of_a_note_is_given_its_person_by_hand(desk: Desk):
    """B-43."""
    meeting = (await desk.meeting("2018-03-22T11:00:00+00:00", held=True))["id"]
    note = {"attendance": {"present": [{"name": "The Member for Barnsley"}]}, "items": [{"title": "Plan"}]}
    await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting}/minutes", json=note)
    person = await desk.ok(desk.clerk, "POST", "/v1/persons", json={"name": "Stephen Houghton"})
    (finding,) = await desk.findings(kind="name_unknown")
    url = f"/v1/import-findings/{finding['id']}/resolutions"
    assert (await desk.clerk.post(url, json={"outcome": "accepted"})).status_code == 422
    await desk.ok(desk.clerk, "POST", url, json={"outcome": "accepted", "person_id": person["id"]})
    compared = await desk.ok(desk.clerk, "POST", f"/v1/meetings/{meeting}/attendance/comparisons")
    assert (compared["unsettled_names"], [d["kind"] for d in compared["findings"]]) == ([], ["note_only"])

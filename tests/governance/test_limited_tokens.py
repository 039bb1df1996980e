"""A token limited to some organisations writes for those alone, and never what all of them share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shared.http import HouseRoute
from tests.governance.conftest import AFTERWARDS, Desk, organisation
from tests.governance.test_offers import outturn
from tests.harness import Running

EVERYBODY = tuple(
    f"governance:{role}" for role in ("clerk", "admin", "author", "approver", "chair", "member", "history")
)
BOARD, COMING, HELD = "/v1/boards/{board}", "/v1/meetings/{coming}", "/v1/meetings/{held}"
ITEM, REPORT, CLOSED = "/v1/agenda-items/{item}", "/v1/reports/{report}", "/v1/closed/agenda-items/{closed}"
START = "2018-12-24T11:00:00Z"
AGENDA = {"items": [{"order": 0, "title": "Business"}]}
NOTE = {
    "attendance": {"present": [{"name": "Alan Connet"}, {"name": "The Member for Barnsley"}]},
    "declarations": [{"person": "Alan Connett", "sensitive": True}],
    "items": [{"number": "1", "title": "Plan", "actions": [{"n": 1, "text": "Do it.", "owner_printed": "Officers"}]}],
}
REGISTER = b"person,capacity,group,meeting_date,status\nAlan Connett,full_member,Labour,2018-03-22,Yes\n"
CSV = {"content": REGISTER, "headers": {"Content-Type": "text/csv"}, "params": {"year": "2017-2018"}}

OWN: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/boards", {"slug": "second", "organisation": "lga", "name": "Second", "under_grant_duty": False}),
    ("PATCH", BOARD, {"name": "Renamed"}),
    ("POST", f"{BOARD}/rule-sets", {"valid_from": "2030-01-01", "source": "x"}),
    ("PATCH", "/v1/rule-sets/{rule_set}", {"valid_to": "2019-12-31"}),
    ("POST", f"{BOARD}/memberships", {"person_id": "{person}", "capacity": "observer", "valid_from": "2017-09-01",
                                      "source": "x"}),
    ("PATCH", "/v1/memberships/{membership}", {"valid_to": "2018-12-31"}),
    ("POST", f"{BOARD}/membership-imports", {"source": "page", "valid_from": "2017-09-01", "people": [
        {"name": "Bea Known", "capacity": "full_member", "voting": True}]}),
    ("POST", f"{BOARD}/meetings", {"start": "2019-01-24T11:00:00Z"}),
    ("POST", f"{COMING}/transitions", {"to": "scheduled", "start": "2018-12-25T11:00:00Z"}),
    ("PATCH", COMING, {"venue_text": "Westminster Suite"}),
    ("POST", f"{COMING}/agenda", AGENDA),
    ("PUT", f"{COMING}/agenda", AGENDA),
    ("POST", f"{COMING}/agenda/publications", {}),
    ("POST", f"{COMING}/urgency-agreements", {"title": "Flood", "reason": "It rains."}),
    ("POST", f"{COMING}/agenda-items", {"title": "More"}),
    ("PATCH", ITEM, {"title": "Other business"}),
    ("POST", f"{ITEM}/reports", {"title": "Paper"}),
    ("PUT", REPORT, {"title": "Paper"}),
    ("POST", f"{REPORT}/submissions", {}),
    ("POST", f"{REPORT}/sign-offs", {"outcome": "approved"}),
    ("POST", f"{REPORT}/withdrawal", {"reason": "x"}),
    ("POST", f"{COMING}/packs", {"scope": "main_pack"}),
    ("POST", f"{BOARD}/attendance-imports", CSV),
    ("POST", f"{HELD}/attendance", {"source": "x", "entries": [
        {"person_id": "{person}", "capacity": "full_member", "status": "present"}]}),
    ("POST", f"{HELD}/attendance/comparisons", {}),
    ("POST", f"{HELD}/minutes", NOTE),
    ("PUT", f"{HELD}/minutes/draft", NOTE),
    ("POST", f"{HELD}/minutes/publications", {}),
    ("POST", f"{HELD}/minutes/approvals", {"meeting": "{coming}", "item": "1", "outcome": "agreed"}),
    ("POST", f"{HELD}/declarations", {"person": "Alan Connett"}),
    ("POST", "/v1/actions/{action}/progress", {"state": "done", "text": "Sent."}),
    ("POST", "/v1/paper-offers/{offer}/decisions", {"decision": "decline", "reason": "x"}),
    ("POST", "/v1/import-findings/{finding}/resolutions", {"outcome": "dismissed"}),
    ("POST", "/v1/import-findings/resolutions", {"items": [{"finding_id": "{finding}", "outcome": "dismissed"}]}),
    ("POST", CLOSED, {"title": "T"}),
    ("POST", f"{CLOSED}/reports", {"title": "T"}),
    ("POST", f"{CLOSED}/minutes", {"text": "T"}),
    ("POST", "/v1/closed/declarations/{declaration}", {"nature": "N"}),
]  # fmt: skip
"""Every write route of what belongs to one board, with a body that its organisation's token may send."""

SHARED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/persons", {"name": "Cy New"}),
    ("POST", "/v1/persons/{person}/aliases", {"text": "A. Connett", "kind": "spelling", "source": "x"}),
    ("POST", "/v1/persons/{person}/merge", {"into": "{other}"}),
    ("POST", "/v1/closed-days", {"day": "2031-05-23", "name": "x", "effect": "add", "source": "x"}),
]
"""Every write route of what all organisations share."""


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    return value.format(**ids) if isinstance(value, str) else value


async def status(client: Any, ids: dict[str, str], method: str, path: str, body: dict[str, Any]) -> int:
    request = body if "content" in body else {"json": filled(body, ids)}
    answer = await client.request(method, path.format(**ids), **request)
    assert answer.status_code < 500, answer.text
    return int(answer.status_code)


@pytest.fixture
async def ids(desk: Desk) -> dict[str, str]:
    """Something of each kind on the board of `lga`."""

    async def made(path: str, body: dict[str, Any]) -> Any:
        return await desk.ok(desk.clerk, "POST", path, json=body)

    person, other = [await made("/v1/persons", {"name": name}) for name in ("Alan Connett", "Ada Else")]
    part = {"person_id": person["id"], "capacity": "full_member", "valid_from": "2017-09-01", "source": "page"}
    membership = await made(f"/v1/boards/{desk.board}/memberships", part)
    held = await desk.meeting("2018-03-22T11:00:00+00:00", held=True)
    coming = await desk.meeting(START)
    regime, why = "LGA 1972 Sch. 12A", "business affairs"
    restriction = {"kind": "exempt", "code": "3", "regime": regime, "reason": why, "public_interest_note": "prices"}
    items = [
        {"order": 0, "title": "Business", "reports": [{"title": "Paper"}]},
        {"order": 1, "title": "A contract", "part": 2, "restriction": restriction},
    ]
    drafted = await made(f"/v1/meetings/{coming['id']}/agenda", {"items": items})
    await made(f"/v1/meetings/{held['id']}/minutes", NOTE)
    await made(f"/v1/meetings/{held['id']}/minutes/publications", {})
    await desk.running.receive(outturn())
    read = desk.clerk
    rules = await desk.ok(read, "GET", f"/v1/boards/{desk.board}/rule-sets")
    declared = await desk.ok(read, "GET", f"/v1/meetings/{held['id']}/declarations")
    actions = await desk.ok(read, "GET", "/v1/actions")
    offers = await desk.ok(read, "GET", "/v1/paper-offers")
    (unknown,) = await desk.findings(kind="name_unknown")
    (variant,) = await desk.findings(kind="name_variant")
    return {
        "board": desk.board,
        "person": person["id"],
        "other": other["id"],
        "membership": membership["id"],
        "held": held["id"],
        "coming": coming["id"],
        "item": drafted["items"][0]["id"],
        "report": drafted["items"][0]["reports"][0]["id"],
        "closed": drafted["items"][1]["id"],
        "rule_set": rules["items"][-1]["id"],
        "declaration": declared["items"][0]["id"],
        "action": actions["items"][0]["id"],
        "offer": offers["items"][0]["id"],
        "finding": unknown["id"],
        "variant": variant["id"],
    }


def test_the_tables_name_every_write_route(governance: Running) -> None:
    """Design section 7: a new route is not forgotten."""
    routes = [route for router in governance.service.routers for route in router.routes]
    written = {(m, r.path) for r in routes if isinstance(r, HouseRoute) for m in r.methods if m not in ("GET", "HEAD")}
    names = {"{coming}": "{meeting}", "{held}": "{meeting}", "{closed}": "{item}"}
    listed = set()
    for method, path, _ in OWN + SHARED:
        for ours, theirs in names.items():
            path = path.replace(ours, theirs)
        listed.add((method, path))
    assert written == listed


async def test_a_token_for_another_organisation_writes_nothing(desk: Desk, ids: dict[str, str]) -> None:
    """Design section 7: refused 403 by every route."""
    stranger = desk.running.as_(*EVERYBODY, sub="person:other", organisations=["salford"])
    before = await desk.running.emitted()
    found = {(method, path): await status(stranger, ids, method, path, body) for method, path, body in OWN + SHARED}
    assert {key: code for key, code in found.items() if code != 403} == {}
    assert await desk.running.emitted() == before


async def test_a_token_for_the_organisation_writes_its_own_and_nothing_shared(desk: Desk, ids: dict[str, str]) -> None:
    """Design section 7: persons, their names and holidays serve the boards of every organisation (B-5, B-43)."""
    own = desk.running.as_(*EVERYBODY, sub="person:own", organisations=["lga"])
    shared = {path: await status(own, ids, method, path, body) for method, path, body in SHARED}
    assert set(shared.values()) == {403}, shared
    found = {(method, path): await status(own, ids, method, path, body) for method, path, body in OWN}
    assert [key for key, code in found.items() if code == 403] == []
    everyone = desk.running.as_(*EVERYBODY, sub="person:all")
    anyone = {path: await status(everyone, ids, method, path, body) for method, path, body in SHARED}
    assert set(anyone.values()) <= {200, 201}, anyone


async def test_whom_a_name_means_is_settled_for_every_board_or_not_at_all(desk: Desk, ids: dict[str, str]) -> None:
    """B-43, design section 7: a limited token may set a strange name aside, but gives no shared person a name."""
    own = desk.running.as_("governance:clerk", sub="person:own", organisations=["lga"])
    variant, unknown = (f"/v1/import-findings/{ids[key]}/resolutions" for key in ("variant", "finding"))
    given = {"outcome": "accepted", "person_id": ids["person"]}
    for url, body in ((variant, {"outcome": "accepted"}), (variant, {"outcome": "dismissed"}), (unknown, given)):
        assert (await own.post(url, json=body)).status_code == 403, (url, body)
    await desk.ok(own, "POST", unknown, json={"outcome": "dismissed"})
    await desk.ok(desk.clerk, "POST", variant, json={"outcome": "accepted"})


async def test_an_offer_that_waits_for_any_board_is_nobodys_to_decline(governance: Running) -> None:
    """Domain section 6, design section 7: nor is it moved to a meeting of another organisation."""
    governance.clock.set(AFTERWARDS)
    await governance.receive(organisation(), outturn())
    other = organisation(organisation_id=UUID(int=7), slug="salford", name="Salford")
    await governance.receive(other)
    clerk = governance.as_("governance:clerk", sub="person:clerk")
    board = {"slug": "city", "organisation": "salford", "name": "City", "under_grant_duty": False}
    assert (await clerk.post("/v1/boards", json=board)).status_code == 201
    meeting = (await clerk.post("/v1/boards/city/meetings", json={"start": START})).json()["id"]
    (offer,) = (await clerk.get("/v1/paper-offers")).json()["items"]
    assert offer["board_id"] is None
    url = f"/v1/paper-offers/{offer['id']}/decisions"
    limited = governance.as_("governance:clerk", sub="person:own", organisations=["lga"])
    decline = {"decision": "decline", "reason": "Not for us."}
    assert (await limited.post(url, json=decline)).status_code == 403
    assert (await limited.post(url, json={"decision": "move", "meeting": meeting})).status_code == 403
    assert (await clerk.post(url, json=decline)).status_code == 200

"""Steps the tests share: an organisation known here, a board with its rules, a meeting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.events.grants import OrganisationRegistered
from shared.values import MethodologyScope
from tests.governance.data import read
from tests.harness import Client, Running

LGA = UUID("00000000-0000-4000-8000-000000000001")
AFTERWARDS = datetime(2018, 12, 1, 12, 0, tzinfo=UTC)


@dataclass
class Desk:
    """The service under test and the clerk's client, with the year's board on it."""

    running: Running
    clerk: Client
    admin: Client
    board: str = "improvement-and-innovation"

    async def meeting(self, start: str, *, state: str = "scheduled", held: bool = False, **more: Any) -> dict[str, Any]:
        answer = await self.clerk.post(
            f"/v1/boards/{self.board}/meetings", json={"start": start, "state": state, **more}
        )
        assert answer.status_code == 201, answer.text
        if held:
            return await self.move(answer.json()["id"], to="held", happened_at=start)
        return answer.json()

    async def move(self, meeting: str, **move: Any) -> dict[str, Any]:
        answer = await self.clerk.post(f"/v1/meetings/{meeting}/transitions", json=move)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ok(self, client: Client, method: str, url: str, **kwargs: Any) -> Any:
        answer = await client.request(method, url, **kwargs)
        assert answer.status_code < 300, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer.json()

    async def findings(self, **query: str) -> list[dict[str, Any]]:
        page = await self.ok(self.clerk, "GET", "/v1/import-findings", params={"limit": 500, **query})
        return page["items"]


def organisation(**changes: Any) -> OrganisationRegistered:
    return OrganisationRegistered(
        **{
            "organisation_id": LGA,
            "version": 1,
            "slug": "lga",
            "name": "Local Government Association",
            "is_publisher": True,
            "methodology_scope": MethodologyScope.PROGRAMME,
            **changes,
        }
    )


def roster_body(board: dict[str, Any], valid_from: str, *, with_unlisted: bool) -> dict[str, Any]:
    """A board of boards.json as the membership import takes it."""
    people = [
        {
            "name": p["name"],
            "name_printed": p["name_printed"],
            "title": p["title"],
            "honours": p["honours"],
            "role": p["role"],
            "role_printed": p["role_printed"],
            "group": p["group"],
            "authority": p["authority"],
            "capacity": p["capacity"],
            "voting": p["voting"],
        }
        for part in ("members", "observers", "substitutes")
        for p in board[part]
    ]
    if with_unlisted:
        people += [
            {key: p[key] for key in ("name", "group", "authority", "capacity", "voting")}
            for p in board["not_on_membership_page"]
        ]
    return {"source": board["source"], "valid_from": valid_from, "groups": board["groups"], "people": people}


def note_body(note: dict[str, Any]) -> dict[str, Any]:
    """A note's file as POST /v1/meetings/{meeting}/minutes takes it."""

    def people(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"name": r["name_printed"], "role": r["role_printed"], "authority": r["authority_printed"]} for r in rows
        ]

    attendance = note["attendance"]
    columns = attendance.get("members", {})
    return {
        "source": note["source"],
        "attendance": {
            "place": attendance["place"],
            "present": people(attendance.get("office_holders", {}).get("entries", []) + attendance.get("present", [])),
            "names_printed": columns.get("names_printed", []),
            "authorities_printed": columns.get("authorities_printed", []),
            "apologies": people(attendance["apologies"]),
            "in_attendance": people(attendance["in_attendance"]),
            "officers": attendance.get("officers", []),
            "press_present": attendance.get("press_present"),
        },
        "declarations": [
            {
                "person": d["person"],
                "items": [d["item"]],
                "nature": d["interest"],
                "action_taken": d["action_taken"] or "not_recorded",
            }
            for d in note["declarations"]
        ],
        "items": [
            {
                "number": item["number"],
                "title": item["title"],
                "introduced_by": item["introduced_by"],
                "guests": item.get("guests", []),
                "points": item["points"],
                "text": item.get("discussion_printed"),
                "decisions": item["decisions"],
                "actions": item["actions"],
                "commitments": [{"n": n, **c} for n, c in enumerate(item.get("commitments", []), start=1)],
                "approval": {
                    "of": item["approval"]["of"],
                    "outcome": item["approval"]["outcome"],
                    "amendments": [{"place": a["place"], "new": a["text"]} for a in item["approval"]["amendments"]],
                }
                if "approval" in item
                else None,
            }
            for item in note["items"]
        ],
    }


def agenda_body(agenda: dict[str, Any]) -> dict[str, Any]:
    """An agenda's file as POST /v1/meetings/{meeting}/agenda takes it."""

    def report(r: dict[str, Any]) -> dict[str, Any]:
        return {
            "title": r["report_title"],
            "purpose_text": r["purpose_printed"] or r["purpose_paraphrase"],
            "purpose_categories": r["purpose_categories"],
            "recommendations": r["recommendations"],
            "action": r["action"],
            "contact_officers": r["contact_officers"],
            "lead_member": r["lead_member"],
            "financial_implications": r["financial_implications"],
            "wales_implications": r["implications_for_wales"],
            "next_steps": r["next_steps"],
            "appendices": r["appendices"],
            "section_order": r["section_headings_in_order"],
        }

    return {
        "source": agenda["source"],
        "items": [
            {
                "order": item["order"],
                "number": item["number"],
                "title": item["title"],
                "note": item.get("public_note"),
                "part": item["part"],
                "kind": item["kind"],
                "start": item["start"],
                "page_from": item["page_from"],
                "page_to": item["page_to"],
                "restriction": {"kind": "confidential"} if item["part"] == 2 else None,
                "reports": [report(item["report"])] if item.get("report") else [],
            }
            for item in agenda["items"]
        ],
    }


@pytest.fixture
async def desk(governance: Running) -> Desk:
    """The board of 2017/18 under the duty, rules without quorum until 7 March 2018, the framework after."""
    governance.clock.set(AFTERWARDS)
    await governance.receive(organisation())
    clerk = governance.as_("governance:clerk", "governance:history", sub="person:clerk")
    admin = governance.as_("governance:admin", sub="person:admin")
    desk = Desk(governance, clerk, admin)
    await desk.ok(
        clerk,
        "POST",
        "/v1/boards",
        json={
            "slug": desk.board,
            "organisation": "lga",
            "name": "Improvement & Innovation Board",
            "under_grant_duty": True,
        },
    )
    for rules in (
        {"valid_from": "2017-09-01", "valid_to": "2018-03-06", "source": "memorandum 2017/18"},
        {
            "valid_from": "2018-03-07",
            "source": "governance framework",
            "quorum_numerator": 1,
            "quorum_denominator": 3,
            "quorum_min_groups": 2,
        },
    ):
        await desk.ok(
            admin, "POST", f"/v1/boards/{desk.board}/rule-sets", json={**rules, "named_attendance_public": True}
        )
    return desk


@pytest.fixture
def boards() -> dict[str, Any]:
    return {board["key"]: board for board in read("boards.json")["boards"]}

"""Governance: agendas with their papers, notes with decisions and actions, and the findings that a person settles.

The packs do not print when they were published. The demonstration assumes a week before the meeting, and that a note
became public with the pack it is printed in; the services keep such times as stated, beside the time of entry.
"""

from __future__ import annotations

from typing import Any

from deploy.demo.client import Client
from deploy.demo.people import CLERK
from deploy.demo.steps.boards import BOARDS, meeting_on
from deploy.demo.steps.data import record

IIB, IPB = BOARDS[0].slug, BOARDS[1].slug

PACKS = (
    (IIB, "2018-05-24", "agenda_2018-05-24", "2018-05-17T16:00:00+01:00"),
    (IPB, "2011-03-21", "agenda_2011-03-21", "2011-03-14T16:00:00+00:00"),
)
NOTES = (
    (IIB, "2018-03-22", "notes_2018-03-22", "2018-05-17T16:00:00+01:00"),
    (IPB, "2011-01-18", "notes_2011-01-18", "2011-03-14T16:00:00+00:00"),
)


async def publish_papers(client: Client) -> str:
    """Both agendas as their packs print them, public and closed parts apart, and the packs themselves (B-2, B-14)."""
    items = 0
    for board, day, name, published in PACKS:
        data = record(name)
        meeting = await meeting_on(client, board, day)
        assert meeting is not None, (board, day)
        path = f"/governance/v1/meetings/{meeting['id']}"
        body = {"source": f"pack of {day}", "items": [_item(item) for item in data["items"]]}
        items += len(body["items"])

        async def find_agenda(path: str = path) -> Any:
            draft = await client.find(f"{path}/agenda/draft", CLERK)
            return draft if draft and draft["items"] else None

        async def make_agenda(path: str = path, body: dict[str, Any] = body) -> Any:
            return await client.post(f"{path}/agenda", CLERK, body)

        async def find_version(path: str = path) -> Any:
            return (await client.get(f"{path}/agenda/publications"))["items"] or None

        async def make_version(path: str = path, published: str = published) -> Any:
            return await client.post(f"{path}/agenda/publications", CLERK, {"happened_at": published})

        async def find_pack(path: str = path) -> Any:
            return (await client.get(f"{path}/packs"))["items"] or None

        async def make_pack(path: str = path, published: str = published) -> Any:
            return await client.post(f"{path}/packs", CLERK, {"scope": "main_pack", "happened_at": published})

        await client.once("agendas", find_agenda, make_agenda)
        await client.once("agenda versions", find_version, make_version)
        await client.once("packs", find_pack, make_pack)
    return f"{len(PACKS)} packs with {items} items"


async def publish_notes(client: Client) -> str:
    """Both notes as draft minutes, published as such; decisions and actions become registers (B-35, B-36)."""
    for board, day, name, published in NOTES:
        data = record(name)
        meeting = await meeting_on(client, board, day)
        assert meeting is not None, (board, day)
        path = f"/governance/v1/meetings/{meeting['id']}/minutes"

        async def find_note(path: str = path) -> Any:
            return await client.find(f"{path}/draft", CLERK)

        async def make_note(path: str = path, data: dict[str, Any] = data, name: str = name) -> Any:
            return await client.post(path, CLERK, _minutes(data, name))

        async def find_published(path: str = path) -> Any:
            return await client.find(path)

        async def make_published(path: str = path, published: str = published) -> Any:
            return await client.post(f"{path}/publications", CLERK, {"happened_at": published})

        await client.once("notes", find_note, make_note)
        await client.once("note publications", find_published, make_published)
    decisions = len(await client.every("/governance/v1/decisions"))
    actions = await client.every("/governance/v1/actions")
    missing = sum(action["owner_missing"] for action in actions)
    return f"{len(NOTES)} notes, {decisions} decisions, {len(actions)} actions, {missing} without an owner"


async def settle_findings(client: Client) -> str:
    """A clerk accepts every proposed name and date that has a single reading; the rest stays open (B-43, B-45)."""
    await compare_registers(client, "before")
    for finding in await client.every("/governance/v1/import-findings", CLERK, state="open"):
        if _is_clear(finding):
            # Settling one name may settle another finding of the same text; that answers 409 and is no fault.
            path = f"/governance/v1/import-findings/{finding['id']}/resolutions"
            answer = await client.call("POST", path, CLERK, json={"outcome": "accepted"}, allowed=(409,))
            client.made["findings settled"] += answer.status_code < 300
    differences = await compare_registers(client, "after")
    every = await client.every("/governance/v1/import-findings", CLERK)
    left = sum(finding["state"] == "open" for finding in every)
    return f"{len(every)} findings, {left} left open for a person; register against note: {differences}"


async def compare_registers(client: Client, when: str) -> str:
    """Set each register against its note. Once the names are settled the differences are those of the sources."""
    found = []
    for board, day, _, _ in NOTES:
        meeting = await meeting_on(client, board, day)
        assert meeting is not None, (board, day)
        path = f"/governance/v1/meetings/{meeting['id']}/attendance/comparisons"
        # The same request before and after: the keys tell them apart.
        answer = await client.call("POST", path, CLERK, headers={"Idempotency-Key": f"demo-comparison-{when}-settling"})
        found.append(f"{len(answer.json()['findings'])} on {day}")
    return ", ".join(found)


DOUBTFUL = frozenset({"Philip Selwood"})
"""Selwood of 2011 and Sellwood of 2018: whether they are one person the packs do not say, so nobody decides it here."""


def _is_clear(finding: dict[str, Any]) -> bool:
    proposal = finding["proposal"] or {}
    single = len(proposal.get("persons", [])) == 1 or len(proposal.get("meetings", [])) == 1
    return single and finding["source_value"] not in DOUBTFUL


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """An item of the agenda file as the API takes it; fields that print nothing are left out."""
    # The pack of 2011 prints start pages only; a range with one end says nothing the service could check.
    pages = {"page_from": item["page_from"], "page_to": item["page_to"]} if item["page_to"] else {}
    found: dict[str, Any] = {
        "order": item["order"],
        "number": item["number"],
        "title": item["title"],
        "note": item.get("public_note"),
        "part": item["part"],
        "kind": item["kind"],
        "start": item["start"],
        **pages,
        "reports": [_report(item["report"])] if item["report"] else [],
    }
    if item["part"] == 2:
        # No reason is printed: closed all the same, with a finding (B-18).
        found["restriction"] = {"kind": "confidential"}
    return _without_nulls(found)


def _report(report: dict[str, Any]) -> dict[str, Any]:
    return _without_nulls(
        {
            "title": report["report_title"],
            "purpose_text": report["purpose_printed"] or report["purpose_paraphrase"],
            "purpose_categories": report["purpose_categories"],
            "recommendations": report["recommendations"],
            "action": report["action"],
            "contact_officers": report["contact_officers"],
            "lead_member": report["lead_member"],
            "financial_implications": report["financial_implications"],
            "wales_implications": report["implications_for_wales"],
            "next_steps": report["next_steps"],
            "section_order": report["section_headings_in_order"],
            "appendices": report["appendices"],
        }
    )


def _minutes(data: dict[str, Any], name: str) -> dict[str, Any]:
    attendance = data["attendance"]
    present = attendance.get("present", []) + attendance.get("office_holders", {}).get("entries", [])
    columns = attendance.get("members", {})
    return {
        "source": name.replace("_", " "),
        "attendance": _without_nulls(
            {
                "place": attendance["place"],
                "present": [_name(entry) for entry in present],
                "names_printed": columns.get("names_printed", []),
                "authorities_printed": columns.get("authorities_printed", []),
                "apologies": [_name(entry) for entry in attendance["apologies"]],
                "in_attendance": [_name(entry) for entry in attendance["in_attendance"]],
                "officers": attendance.get("officers", []),
                "press_present": attendance.get("press_present"),
            }
        ),
        "declarations": [
            {"person": one["person"], "items": [one["item"]], "nature": one["interest"], "action_taken": "not_recorded"}
            for one in data["declarations"]
        ],
        "items": [_minute(item) for item in data["items"]],
    }


def _minute(item: dict[str, Any]) -> dict[str, Any]:
    taken = ("number", "title", "introduced_by", "guests", "points", "decisions", "actions")
    approval = item.get("approval")
    noted = approval and {
        **{key: approval[key] for key in ("of", "outcome")},
        "amendments": [{"place": one["place"], "new": one["text"]} for one in approval["amendments"]],
    }
    commitments = [{"n": n, **promise} for n, promise in enumerate(item.get("commitments") or [], start=1)]
    return _without_nulls(
        {
            **{key: item[key] for key in taken if item.get(key) is not None},
            "text": item.get("discussion_printed"),
            "commitments": commitments,
            "approval": noted,
        }
    )


def _name(entry: dict[str, Any]) -> dict[str, Any]:
    return _without_nulls(
        {"name": entry["name_printed"], "role": entry.get("role_printed"), "authority": entry.get("authority_printed")}
    )


def _without_nulls(content: dict[str, Any]) -> dict[str, Any]:
    """What is not printed is not sent."""
    return {key: _printed(value) for key, value in content.items() if value is not None}


def _printed(value: Any) -> Any:
    if isinstance(value, dict):
        return _without_nulls(value)
    return [_printed(item) for item in value] if isinstance(value, list) else value

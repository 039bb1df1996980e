"""Part 2 kept apart: a marker in every closed field, and every public output searched for it."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from services.governance.closed import commands
from services.governance.main import SERVICE
from tests.governance.conftest import Desk
from tests.harness import Client

MARKER = "zyx-hidden-words"
MAY = "2018-05-24T11:00:00+01:00"
PACKAGE = Path(SERVICE.migrations).parent


@pytest.fixture
async def planted(desk: Desk) -> dict[str, Any]:
    """A meeting gone through to published minutes, the marker in every closed field there is."""
    meeting = await desk.meeting(MAY)
    here = f"/v1/meetings/{meeting['id']}"
    restriction = {"kind": "exempt", "code": "3", "regime": "LGA 1972 Sch. 12A", "reason": "business affairs",
                   "public_interest_note": "prices are being bargained"}  # fmt: skip
    items = [
        {"order": 0, "number": "1", "title": "Open business", "reports": [{"title": "Open paper"}]},
        {"order": 1, "number": "2", "title": "A contract", "part": 2, "restriction": restriction},
    ]
    drafted = await desk.ok(desk.clerk, "POST", f"{here}/agenda", json={"source": "test pack", "items": items})
    closed_item = drafted["items"][1]["id"]
    at = f"/v1/closed/agenda-items/{closed_item}"
    await desk.ok(desk.clerk, "POST", at, json={"title": f"{MARKER} title", "text": f"{MARKER} text"})
    paper = {"title": f"{MARKER} paper", "summary": f"{MARKER} sum", "body": f"{MARKER} body",
             "recommendations": [f"{MARKER} do"]}  # fmt: skip
    report = await desk.ok(desk.clerk, "POST", f"{at}/reports", json=paper)
    await desk.ok(desk.clerk, "POST", f"{here}/agenda/publications", json={"happened_at": "2018-05-18T12:00:00Z"})
    pack = await desk.ok(
        desk.clerk, "POST", f"{here}/packs", json={"scope": "main_pack", "happened_at": "2018-05-18T12:00:00Z"}
    )
    await desk.move(meeting["id"], to="held", happened_at=MAY)
    note = {
        "declarations": [{"person": "Ada Known", "type": "disclosable_pecuniary", "sensitive": True}],
        "items": [
            {"number": "1", "title": "Open business", "decisions": [{"n": 1, "category": "noted", "text": "Noted."}]},
            {"number": "2", "title": "A contract", "part": 2, "public_summary": "A contract was discussed."},
        ],
    }
    await desk.ok(desk.clerk, "POST", f"{here}/minutes", json=note)
    minuted = {"text": f"{MARKER} talk", "decisions": [f"{MARKER} agreed"], "actions": [f"{MARKER} sign"]}
    await desk.ok(desk.clerk, "POST", f"{at}/minutes", json=minuted)
    await desk.ok(desk.clerk, "POST", f"{here}/minutes/publications", json={})
    declared = (await desk.ok(desk.running.anonymous, "GET", f"{here}/declarations"))["items"]
    nature = {"nature": f"{MARKER} nature"}
    await desk.ok(desk.clerk, "POST", f"/v1/closed/declarations/{declared[0]['id']}", json=nature)
    return {"meeting": meeting["id"], "item": closed_item, "report": report["id"], "pack": pack["id"]}


def public_paths(planted: dict[str, Any], desk: Desk) -> list[str]:
    """Every GET route outside the closed surface, its parameters filled with the planted ids."""
    values = {"board": desk.board, "meeting": planted["meeting"], "pack": planted["pack"], "report": planted["report"],
              "number": "1", "item": planted["item"]}  # fmt: skip
    paths = []
    for path, methods in desk.running.app.openapi()["paths"].items():
        if "get" not in methods or "/closed/" in path or path.endswith("/closed"):
            continue
        for name, value in values.items():
            path = path.replace("{" + name + "}", str(value))
        if "{" in path:
            path = path.split("{")[0] + str(uuid4())
        paths.append(path + ("?year=2017-2018" if "attendance" in path and "/boards/" in path else ""))
    return paths


async def crawl(client: Client, paths: list[str]) -> dict[str, int]:
    """Fetch all; fails where an answer holds the marker."""
    seen = {}
    for path in paths:
        answer = await client.get(path)
        assert MARKER not in answer.text, path
        assert MARKER not in str(answer.headers), path
        assert answer.status_code < 500, (path, answer.text)
        seen[path] = answer.status_code
    return seen


async def test_no_public_output_holds_a_closed_word(desk: Desk, planted):
    """B-15, B-16, B-20: JSON, pages, packs, lists and errors, for anyone and for a member without closed rights."""
    paths = public_paths(planted, desk)
    minutes = await desk.running.anonymous.get(f"/v1/meetings/{planted['meeting']}/minutes")
    assert "A contract was discussed." in minutes.text
    assert len(paths) > 30
    anonymous = await crawl(desk.running.anonymous, paths)
    assert sum(1 for status in anonymous.values() if status == 200) > 20, anonymous
    await crawl(desk.running.as_("governance:member", sub="person:member"), paths)
    everything_but_closed = [f"governance:{who}" for who in ("clerk", "chair", "author", "approver", "admin", "ops")]
    await crawl(desk.running.as_(*everything_but_closed, sub="person:busy"), paths)


async def test_no_event_audit_entry_or_kept_answer_holds_a_closed_word(desk: Desk, planted):
    """B-16: nothing outside the closed tables holds the marker, whatever the column."""
    tables = SERVICE.metadata.tables
    async with desk.running.session() as session:
        connection = await session.connection()
        held: set[str] = set()
        for name, table in tables.items():
            rows = (await connection.execute(select(table))).all()
            if any(MARKER in _text(value) for row in rows for value in row):
                held.add(name)
    assert held == {
        "closed_items",
        "closed_reports",
        "closed_agenda_snapshots",
        "closed_minute_items",
        "closed_declarations",
    }


def _text(value: Any) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


@pytest.mark.parametrize("where", ["/v1/reports/{}", "/v1/packs/{}", "/v1/packs/{}/page.html", "/v1/actions/{}"])
async def test_a_closed_id_and_an_unknown_id_cannot_be_told_apart(desk: Desk, planted, where):
    """B-17, worked example 9: same status, body and headers but for the request's own id and path."""
    for client in (desk.running.anonymous, desk.running.as_("governance:member", sub="person:member")):
        answers = [
            await client.get(where.format(guess)) for guess in (planted["report"], planted["item"], str(uuid4()))
        ]
        assert {a.status_code for a in answers} == {404}
        bodies = [{k: v for k, v in a.json().items() if k not in ("instance", "request_id")} for a in answers]
        assert bodies[0] == bodies[1] == bodies[2]
        headers = [
            {k: v for k, v in a.headers.items() if k not in ("x-request-id", "content-length", "date")} for a in answers
        ]
        assert headers[0] == headers[1] == headers[2]


@pytest.mark.parametrize("where", ["/v1/closed/reports/{}", "/v1/closed/meetings/{}/agenda"])
async def test_the_closed_surface_answers_the_unentitled_alike_whatever_the_id(desk: Desk, planted, where):
    """B-17: refused before anything is looked up. An administrator has no right to Part 2."""
    for client in (
        desk.running.anonymous,
        desk.running.as_("governance:member", sub="person:member"),
        desk.running.as_("governance:admin", sub="person:admin"),
    ):
        answers = [
            await client.get(where.format(guess)) for guess in (planted["report"], planted["meeting"], str(uuid4()))
        ]
        assert len({a.status_code for a in answers}) == 1
        assert answers[0].status_code in (401, 403)


async def test_the_entitled_read_part_two_on_the_closed_surface(desk: Desk, planted):
    """B-15; domain section 3."""
    reader = desk.running.as_("governance:closed", sub="person:reader")
    agenda = await desk.ok(reader, "GET", f"/v1/closed/meetings/{planted['meeting']}/agenda")
    assert agenda["items"][0]["title"] == f"{MARKER} title"
    assert agenda["items"][0]["minutes"]["decisions"] == [f"{MARKER} agreed"]
    report = await desk.ok(reader, "GET", f"/v1/closed/reports/{planted['report']}")
    assert report["body"] == f"{MARKER} body"


async def test_open_routes_take_no_closed_content_and_the_closed_take_no_open_item(desk: Desk, planted):
    """B-15: one explicit state decides, never words in a title."""
    at = f"/v1/agenda-items/{planted['item']}/reports"
    held = await desk.clerk.post(at, json={"title": "Paper"})
    assert held.status_code == 409
    drafted = await desk.ok(desk.clerk, "GET", f"/v1/meetings/{planted['meeting']}/agenda/draft")
    open_item = drafted["items"][0]["id"]
    answer = await desk.clerk.post(f"/v1/closed/agenda-items/{open_item}", json={"title": "Secret"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_a_closed_item")


async def test_open_minutes_take_neither_text_of_part_two_nor_a_sensitive_nature(desk: Desk):
    """B-15, B-30."""
    meeting = await desk.meeting(MAY, held=True)
    note = {
        "declarations": [{"person": "Ada Known", "sensitive": True, "nature": "secret"}],
        "items": [{"number": "1", "title": "Contract", "part": 2, "text": "secret talk"}],
    }
    answer = await desk.clerk.post(f"/v1/meetings/{meeting['id']}/minutes", json=note)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/items/0", "/declarations/0/nature"]
    assert "secret" not in answer.text


def test_only_the_closed_folder_imports_the_closed_tables():
    """B-15: by construction. The list of all tables for migrations is the one exception."""
    importers = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services.governance.closed.tables")
    }
    assert {name for name in importers if not name.startswith("closed/")} == {"tables.py"}


def test_the_closed_commands_used_outside_return_nothing():
    """B-15: who hands something over to the closed store is told nothing of what it holds."""
    users = {}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "services.governance.closed.commands":
                users[str(file.relative_to(PACKAGE))] = sorted(alias.name for alias in node.names)
    outside = {function for name, used in users.items() if not name.startswith("closed/") for function in used}
    assert outside == {"keep_closed_snapshot", "take_over_nature"}, users
    for function in outside:
        assert inspect.signature(getattr(commands, function)).return_annotation == "None", function

"""Who asked is held apart: a planted person is looked for on every public route and in every other table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from services.transparency.requests.rules import Names
from services.transparency.requests.tables import PRIVATE
from tests.harness import Running
from tests.transparency.facts import at
from tests.transparency.requests.steps import CONTACT, NAME, ONE, PATH, done, known, officer, received, refused


def names_them(text: str) -> bool:
    return "varnham" in text.casefold() or "quillona" in text.casefold()


async def answered(transparency: Running) -> None:
    """A request with everything that can be written about it, answered, its subject cleared."""
    await known(transparency)
    client = officer(transparency)
    await received(transparency)
    await done(client, f"{ONE}/clarifications", {"text": f"Dear {NAME}, which year?"})
    await done(client, f"{ONE}/clarifications/replies", {"text": f"2016/17. {NAME}, {CONTACT}"})
    ground = {"code": "LEGAL_PRIVILEGE", "public_interest": f"{NAME} has no interest of their own."}
    sent = {"outcome": "part", "exemptions": [ground], "disclosure_url": "https://example.org/a.pdf"}
    await done(client, f"{ONE}/responses", sent)
    await done(client, f"{ONE}/subject-clearances", {"published_subject": "Cost of reviews"})
    await done(client, f"{ONE}/reviews", {"text": f"{NAME} asks again."})
    other = officer(transparency, "person:owen")
    await done(other, f"{ONE}/reviews/decisions", {"result": "upheld", "text": f"Dear {NAME}, it stays."})


async def tables(transparency: Running) -> dict[str, str]:
    """Every row of every table, as text."""
    found = {}
    async with transparency.session() as session:
        connection = await session.connection()
        for table in transparency.service.metadata.sorted_tables:
            rows = (await connection.execute(select(table))).all()
            found[table.name] = "\n".join(
                " ".join(
                    bytes(cell).decode(errors="replace") if isinstance(cell, bytes) else repr(cell) for cell in row
                )
                for row in rows
            )
    return found


async def test_who_asked_stands_in_no_public_answer_and_no_table_but_those_held_apart(transparency: Running) -> None:
    """Section 6, T-47: not in events, audit, kept answers, log, calendar, feeds."""
    await answered(transparency)
    by_table = await tables(transparency)
    assert {name for name, text in by_table.items() if names_them(text)} == {
        table.__tablename__ for table in PRIVATE
    }, "it is where it belongs, so the search is seen to find it, and nowhere else"
    for platform in ("outbox", "audit_entries", "idempotent_answers"):
        assert by_table[platform], f"nothing was written to {platform}"
    seen = 0
    values = {"reference": "IR-2017-0001", "publisher": "body", "obligation_id": "", "year": "2017-18"}
    duty = (await transparency.anonymous.get("/v1/obligations", params={"code": "REQUESTS"})).json()["items"][0]
    values["obligation_id"] = duty["obligation_id"]
    for route in transparency.app.routes:
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()):
            continue
        path = route.path
        for name, value in values.items():
            path = path.replace("{" + name + "}", value)
        if "{" in path:
            continue
        answer = await transparency.anonymous.get(path)
        assert not names_them(answer.text), path
        seen += answer.status_code == 200
    assert seen > 8
    for path in (PATH, ONE, f"{ONE}/requester", f"{ONE}/letters"):
        assert (await transparency.anonymous.get(path)).status_code == 401


async def test_an_error_of_the_database_does_not_repeat_the_values_of_its_statement(transparency: Running) -> None:
    """Errors are logged whole: who asked must not get into the log that way."""
    async with transparency.session() as session:
        connection = await session.connection()
        with pytest.raises(ProgrammingError) as raised:
            await connection.execute(select(func.no_such_function(NAME)))
    assert "no_such_function" in str(raised.value)
    assert not names_them(str(raised.value))


async def test_only_information_officer_and_data_protection_lead_read_who_asked(transparency: Running) -> None:
    """Section 3."""
    await answered(transparency)
    for scope in ("information", "dpl"):
        answer = await transparency.as_(f"transparency:{scope}").get(f"{ONE}/requester")
        assert (answer.json()["name"], answer.headers["cache-control"]) == (NAME, "no-store")
    for scope in ("preparer", "approver", "auditor", "finance"):
        client = transparency.as_(f"transparency:{scope}")
        assert (await client.get(f"{ONE}/requester")).status_code == 403
        assert (await client.get(f"{ONE}/letters")).status_code == 403
    auditor = await transparency.as_("transparency:auditor").get(ONE)
    assert (auditor.json()["subject"], names_them(auditor.text)) == (None, False)
    assert names_them((await officer(transparency).get(ONE)).json()["subject"])
    limited = transparency.as_("transparency:information", organisations=["partner"])
    assert (await limited.get(f"{ONE}/requester")).status_code == 404


async def test_a_text_that_others_read_may_not_name_who_asked(transparency: Running) -> None:
    """T-63: whatever the order of the names; the refusal does not repeat them."""
    await known(transparency)
    await received(transparency)
    client = officer(transparency)
    answer = await client.post(f"{ONE}/subject-clearances", json={"published_subject": "Letter of VARNHAM, Quillona"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "names_requester")
    assert not names_them(answer.text)
    sent: dict[str, Any] = {"exemption": "SAFETY", "working_days": 5, "reason": f"{NAME} may be at risk."}
    assert await refused(client, f"{ONE}/extensions", sent) == (422, [("names_requester", "/reason")])
    sent = {"outcome": "full", "disclosure_url": "https://example.org/quillona-varnham.pdf"}
    assert await refused(client, f"{ONE}/responses", sent) == (422, [("names_requester", "/disclosure_url")])


def test_names_are_found_in_any_order_and_hidden_by_no_sign() -> None:
    """T-63."""
    asked = Names("Ann O'Neil", "ann@example.org")
    for text in ("for Ann O'Neil", "O’NEIL, Ann", "ann\u200b o'neil", "write to ANN@example.org"):
        assert asked.stand_in(text), text
    for text in ("Annual costs", "Ann", "O'Neil House"):
        assert not asked.stand_in(text), text


async def test_who_asked_is_erased_after_the_request_is_closed_with_the_letters_that_name_them(
    transparency: Running,
) -> None:
    """T-53: the source has its own shorter retention; the request's record stays."""
    await known(transparency)
    await received(transparency)
    client, path = transparency.as_("transparency:dpl", sub="person:dora"), f"{ONE}/requester/erasures"
    reason = {"reason": "Two years have passed."}
    assert await refused(client, path, reason) == (409, [("request_open", None)])
    await done(officer(transparency), f"{ONE}/responses", {"outcome": "full"})
    await transparency.tick(at("2018-01-01T12:00"))
    assert await refused(client, path, reason) == (409, [("text_names_requester", "/letters_too")])
    assert (await refused(client, path, {"reason": f"{NAME} asked for it.", "letters_too": True}))[1] == [
        ("names_requester", "/reason")
    ]
    assert (await done(client, path, {**reason, "letters_too": True}))["requester_erased_at"] is not None
    assert (await client.get(f"{ONE}/requester")).json()["errors"][0]["code"] == "requester_erased"
    assert await refused(client, path, reason) == (410, [("requester_erased", None)])
    by_table = await tables(transparency)
    assert [name for name, text in by_table.items() if names_them(text)] == []
    assert "Two years have passed." in by_table["audit_entries"]
    assert "erase_requester" in json.dumps(by_table["audit_entries"])

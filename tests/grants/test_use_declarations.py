"""Declarations of use over HTTP: entries one by one and many at once, what waits, and who decides."""

from __future__ import annotations

import asyncio
import csv
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from services.grants.expenditure.tables import LedgerEntry
from services.grants.use_rules.defaults import DEFAULT_BOOK
from services.grants.use_rules.tables import UseDeclaration
from tests.grants.ledger import spend
from tests.grants.steps import budgeted, done, problem, register
from tests.grants.test_awards import AWARD, AWARDS
from tests.harness import Running

DECLARATIONS = "/v1/agreements/2017-18/use-declarations"
SUMMARY = "/v1/agreements/2017-18/use-summary"
LINES = "/v1/expenditure-lines"
NONE = {"use_codes": [], "reason": "Read through with the budget holders."}


async def declare(grants: Running, **body: Any) -> httpx.Response:
    return await grants.as_("grants:finance").post(DECLARATIONS, json={**NONE, **body})


async def summary(grants: Running) -> dict[str, int]:
    return done(await grants.as_("grants:read").get(SUMMARY), 200)


async def entries(grants: Running) -> dict[str, LedgerEntry]:
    """Line code → its entry."""
    async with grants.session() as session:
        return {str(row.line_code): row for row in (await session.exec(select(LedgerEntry))).all()}


async def enter(grants: Running, **more: Any) -> httpx.Response:
    """A line by hand."""
    body = {
        "organisation": "agency",
        "payment_date": "2018-03-20",
        "party": {"kind": "organisation", "name": "Northern Advice Ltd"},
        "net_pence": 400_000,
        "vat_pence": 0,
        "recoverable_vat_pence": 0,
        "agreement": "2017-18",
        "line_code": "IL1",
        "use_codes": [],
        **more,
    }
    return await grants.as_("grants:finance").post(LINES, json=body)


async def test_what_is_undeclared_is_counted_and_declared_in_bulk_by_filters(grants: Running) -> None:
    """G-19: each entry is declared once, by quarter and line; the reason is kept with it."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q1", 5), ("IL1", "2017-18-q2", 6), ("IL2", "2017-18-q1", 7))
    await spend(grants, agreement["id"], ("CM1", "2017-18-q3", 8), use_codes=[])
    assert await summary(grants) == {
        "entries": 4,
        "undeclared": 3,
        "awaiting_decision": 0,
        "refused": 0,
        "allowed": 1,
        "awards_unsettled": 0,
    }
    some = done(await declare(grants, quarter="2017-18-q1", line_code="IL1"))
    assert some == {"declared": 1, "allowed": 1, "refused": 0, "awaiting_decision": 0, "rules_version": 0}
    again = await declare(grants, quarter="2017-18-q1", line_code="IL1")
    assert problem(again, 409) == {"": "nothing_to_declare"}
    assert done(await declare(grants))["declared"] == 2
    assert (await summary(grants))["allowed"] == 4
    listed = done(await grants.as_("grants:read").get(DECLARATIONS), 200)["items"]
    assert [(one["codes"], one["outcome"], one["rule_code"], one["paragraph"]) for one in listed] == [
        ([], "allowed", "none", "MoU para 22")
    ] * 3
    assert {one["reason"] for one in listed} == {"Read through with the budget holders."}


async def test_named_entries_are_declared_anew_and_a_refused_one_stands_open(grants: Running) -> None:
    """G-18, G-19: the latest declaration counts, the earlier one stays."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q1", 5), ("WF1", "2017-18-q1", 6))
    done(await declare(grants))
    found = await entries(grants)
    named = {"entries": [str(found["IL1"].entry_id)], "use_codes": ["PU1"], "reason": "The invoice says lobbying."}
    assert done(await declare(grants, **named)) == {
        "declared": 1,
        "allowed": 0,
        "refused": 1,
        "awaiting_decision": 0,
        "rules_version": 0,
    }
    counts = await summary(grants)
    assert (counts["refused"], counts["allowed"]) == (1, 1)
    client = grants.as_("grants:read")
    (refused,) = done(await client.get(DECLARATIONS, params={"code": "PU1"}), 200)["items"]
    assert (refused["number"], refused["outcome"], refused["paragraph"]) == (2, "refused", "MoU para 22")
    whole = done(await client.get(DECLARATIONS, params={"history": True}), 200)["items"]
    assert len(whole) == 3


async def test_what_a_person_refused_is_not_allowed_by_declaring_it_otherwise(grants: Running) -> None:
    """G-19: the decision is kept; only the chief finance officer lifts it, however often it is declared anew."""
    await budgeted(grants)
    named = [done(await enter(grants))["entry_id"]]
    client, cfo = grants.as_("grants:read"), grants.as_("grants:cfo", sub="person:cfo")

    async def decide(outcome: str) -> None:
        (waiting,) = done(await client.get(DECLARATIONS, params={"outcome": "decision_required"}), 200)["items"]
        path = f"/v1/use-declarations/{waiting['id']}/decisions"
        done(await cfo.post(path, json={"outcome": outcome, "reason": "Looked into."}))

    assert done(await declare(grants, entries=named, use_codes=["PU6"]))["awaiting_decision"] == 1
    await decide("refused")
    for _ in range(2):
        assert done(await declare(grants, entries=named))["awaiting_decision"] == 1
    assert (await summary(grants))["allowed"] == 0
    await decide("allowed")
    assert done(await declare(grants, entries=named))["allowed"] == 1


async def test_a_word_in_an_entry_asks_for_a_decision_by_another_person_with_a_reason(grants: Running) -> None:
    """G-19: the words are data; an entry declared to raise none is judged by those of its day."""
    agreement = await budgeted(grants)
    stored = done(await enter(grants, purpose="Room hire at a conference"))
    named = [stored["entry_id"]]
    rules = DEFAULT_BOOK.to_json() | {"words": [{"text": "conference", "code": "PU1"}], "reason": "The board asked."}
    rules.pop("version")
    done(await grants.as_("grants:cfo").post("/v1/use-rules", json=rules))
    assert done(await declare(grants, entries=named)) == {
        "declared": 1,
        "allowed": 0,
        "refused": 0,
        "awaiting_decision": 1,
        "rules_version": 1,
    }
    client = grants.as_("grants:read")
    (waiting,) = done(await client.get(DECLARATIONS, params={"outcome": "decision_required"}), 200)["items"]
    assert (waiting["subject_kind"], waiting["subject_id"], waiting["rule_code"]) == ("entry", named[0], "PU1")
    assert "\u201cconference\u201d" in waiting["detail"]
    path = f"/v1/use-declarations/{waiting['id']}/decisions"
    body = {"outcome": "allowed", "reason": "The conference is part of the programme."}
    problem(await grants.as_("grants:finance").post(path, json=body), 403)
    assert problem(await grants.as_("grants:cfo").post(path, json=body), 409) == {"": "same_person"}
    cfo = grants.as_("grants:cfo", sub="person:cfo")
    assert problem(await cfo.post(path, json={"outcome": "allowed"}), 422) == {"/reason": "missing"}
    decided = done(await cfo.post(path, json=body))
    assert (decided["outcome"], decided["reason"], decided["codes"]) == ("allowed", body["reason"], [])
    assert decided["decided_at"] is not None
    assert problem(await cfo.post(path, json=body), 409) == {"": "decided_already"}
    problem(await cfo.post(f"/v1/use-declarations/{agreement['id']}/decisions", json=body), 404)
    assert (await summary(grants))["awaiting_decision"] == 0


async def test_the_worked_examples_of_use_as_entries_of_the_ledger(grants: Running) -> None:
    """Worked examples 6, 7 and 8 (G-18 to G-20)."""
    await budgeted(grants)
    lobbying = await enter(grants, purpose="Parliamentary affairs consultant, lobbying", use_codes=["PU1"])
    assert problem(lobbying, 409) == {"/use_codes": "use_refused"}
    assert "PU1" in lobbying.json()["detail"]
    assert "Fund it from elsewhere, or name the exception" in lobbying.json()["detail"]
    await register(grants, "scrutiny-centre")
    done(await grants.as_("grants:manager").post(AWARDS, json=AWARD))
    theirs = await enter(grants, organisation="scrutiny-centre", line_code="CF", purpose="Lobbying", use_codes=["PU1"])
    assert problem(theirs, 409) == {"/use_codes": "use_refused"}
    officer = {"purpose": "Pay negotiation officer", "use_codes": ["PU5"]}
    assert done(await enter(grants, line_code="WF1", **officer))["line_code"] == "WF1"
    elsewhere = await enter(grants, line_code="CM1", **officer)
    assert problem(elsewhere, 409) == {"/use_codes": "use_refused"}
    assert "PU5" in elsewhere.json()["detail"]
    unsaid = done(await enter(grants, line_code="CM1", purpose="Pay negotiation officer", use_codes=[]), 202)
    assert "\u201cpay negotiat\u201d, which speaks of PU5" in str(unsaid)
    evidence = {"use_codes": ["PU1"], "use_exception": "select_committee_evidence"}
    done(await enter(grants, purpose="Travel to give evidence to a select committee", **evidence))
    assert set(await entries(grants)) == {"WF1", "IL1"}
    counts = await summary(grants)
    assert (counts["entries"], counts["undeclared"], counts["allowed"]) == (2, 0, 2)


async def test_declarations_come_as_a_table_with_the_same_filters(grants: Running) -> None:
    """Question 5, G-19."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q1", 5), ("IL2", "2017-18-q1", 7))
    done(await declare(grants, line_code="IL1"))
    done(await declare(grants, line_code="IL2", use_codes=["PU6"]))
    client = grants.as_("grants:read")
    sheet = await client.get(f"{DECLARATIONS}.csv", params={"outcome": "decision_required"})
    (row,) = csv.DictReader(sheet.text.splitlines())
    assert (row["Subject"], row["Codes"], row["Rule"], row["DecidedAt"]) == ("entry", "PU6", "PU6", "")
    by_accept = await client.get(DECLARATIONS, headers={"Accept": "text/csv"})
    assert len(by_accept.text.splitlines()) == 3


async def test_a_reversed_entry_needs_no_declaration(grants: Running) -> None:
    """G-19, G-28: neither the reversal nor what it cancels counts any more."""
    await budgeted(grants)
    made = done(await enter(grants, purpose="Room hire"))
    done(await declare(grants, entries=[made["entry_id"]], use_codes=["gifts"], reason="It was a gift."))
    assert (await summary(grants))["refused"] == 1
    done(
        await grants.as_("grants:finance").post(
            f"{LINES}/{made['entry_id']}/reversals", json={"reason": "Borne by own funds."}
        )
    )
    counts = await summary(grants)
    assert (counts["entries"], counts["refused"]) == (0, 0)
    refused = await declare(grants, entries=[made["entry_id"]])
    assert problem(refused, 422) == {"/entries/0": "unknown_entry"}


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({"use_codes": ["PU9"]}, 422, {"/use_codes/0": "unknown_use_code"}),
        ({"use_exception": "because"}, 422, {"/use_exception": "unknown_exception"}),
        ({"quarter": "2018-19-q1"}, 422, None),
        ({"reason": " "}, 422, {"/reason": "string_too_short"}),
        ({"entries": ["0" * 8 + "-0000-0000-0000-" + "0" * 12]}, 422, {"/entries/0": "unknown_entry"}),
        ({"line_code": "ZZ"}, 409, {"": "nothing_to_declare"}),
    ],
)
async def test_bad_declarations_are_located_and_declare_nothing(
    grants: Running, body: dict[str, Any], status: int, errors: dict[str, str] | None
) -> None:
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q1", 5))
    found = problem(await declare(grants, **body), status)
    assert errors is None or found == errors
    assert (await summary(grants))["undeclared"] == 1
    problem(await grants.anonymous.get(DECLARATIONS), 401)


async def test_declarations_that_arrive_together_stand_one_after_the_other(grants: Running) -> None:
    """The agreement's row makes them wait; the second finds nothing undeclared."""
    agreement = await budgeted(grants)
    await spend(grants, agreement["id"], ("IL1", "2017-18-q1", 5))
    answers = await asyncio.gather(*(declare(grants) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    async with grants.session() as session:
        rows = (await session.exec(select(UseDeclaration).order_by(col(UseDeclaration.number)))).all()
    assert [row.number for row in rows] == [1]

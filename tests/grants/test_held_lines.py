"""Lines that wait for a person: why they wait, who decides, and that a decision stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.events.grants import ExpenditureBatchCompleted, ExpenditureRecorded
from tests.grants.by_hand import CFO, FINANCE, lock, refused, reopen
from tests.grants.expenditure.conftest import Ledger, accounted, counted_profile, csv_file, simple_profile
from tests.grants.steps import budgeted, done
from tests.harness import Running, TestClock

HEADER = ("Reference", "Date", "Supplier", "Amount", "Line", "Purpose", "Use", "Exception")
ASSIGNED = {
    "fields": {
        **simple_profile()["fields"],
        "purpose": {"column": "Purpose"},
        "use_codes": {"column": "Use"},
        "use_exception": {"column": "Exception"},
    },
    "assignment": {
        "rules": [
            {"column": "Line", "equals": code, "agreement": "2017/18", "line_code": code}
            for code in ("IL1", "WF1", "CM1", "CF")
        ]
    },
}


def row(number: str, **cells: str) -> list[str]:
    given = {
        "Reference": number,
        "Date": "2017-05-03",
        "Supplier": "Alpha Ltd",
        "Amount": "4000.00",
        "Line": "IL1",
        "Purpose": "Course",
        "Use": "none",
        "Exception": "",
        **cells,
    }
    return [given[name] for name in HEADER]


@pytest.fixture
async def programme(grants: Running, clock: TestClock) -> Ledger:
    """The agreement of 2017/18 with its budget, and two profiles: one with a key, one that counts."""
    clock.set(datetime(2018, 6, 1, 12, tzinfo=UTC))
    await budgeted(grants)
    ledger = Ledger(grants)
    await ledger.defined(simple_profile(**ASSIGNED))
    await ledger.defined({**counted_profile(), **ASSIGNED, "item_columns": ["Reference"]})
    return ledger


async def send(programme: Ledger, *rows: list[str], profile: str = "simple", **parameters: str) -> dict[str, Any]:
    batch = await programme.sent(csv_file(*rows, header=HEADER), profile, organisation="agency", **parameters)
    accounted(batch)
    return batch


async def held(programme: Ledger, **parameters: str) -> list[dict[str, Any]]:
    return await programme.everything("/v1/held-lines", **parameters)


async def decide(programme: Ledger, held_id: str, decision: str, *, cfo: bool = False, **fields: Any) -> httpx.Response:
    client = programme.grants.as_("grants:cfo" if cfo else "grants:finance", sub=CFO if cfo else FINANCE)
    body = {"decision": decision, "reason": "looked into", **fields}
    return await client.post(f"/v1/held-lines/{held_id}/decisions", json=body)


async def ledger_of(programme: Ledger) -> list[dict[str, Any]]:
    return await programme.everything("/v1/expenditure-lines")


async def test_worked_examples_6_7_and_8_through_a_batch(programme: Ledger) -> None:
    """G-18 to G-20; worked examples 6, 7, 8: held with rule and paragraph, accepted by carve-out or by name."""
    batch = await send(
        programme,
        row("E-6", Purpose="lobbying", Use="PU1"),
        row("E-7a", Line="WF1", Purpose="Officer for national pay negotiations", Use="PU5"),
        row("E-7b", Line="CM1", Purpose="Officer for national pay negotiations", Use="PU5"),
        row("E-8", Purpose="Evidence to a select committee", Use="PU1", Exception="select_committee_evidence"),
        row("E-9", Purpose="Parliamentary affairs"),
    )
    assert batch["outcomes"]["accepted"]["lines"] == 2
    assert batch["outcomes"]["held"] == {"lines": 3, "pence": 1_200_000}
    assert [one["line_key"] for one in await ledger_of(programme)] == ["E-7a", "E-8"]
    waiting = await held(programme)
    assert [[(one["code"], one["rule"]) for one in line["reasons"]] for line in waiting] == [
        [("use_refused", "PU1")],
        [("use_refused", "PU5")],
        [("use_decision_required", "PU1")],
    ]
    assert all("22" in line["reasons"][0]["paragraph"] for line in waiting)
    assert len(await held(programme, reason="use_refused")) == 2
    assert len(await held(programme, rule="PU5")) == 1


async def test_what_the_rules_of_use_hold_is_decided_by_the_chief_finance_officer(programme: Ledger) -> None:
    """G-19: a decision needs the officer and a reason, and is kept; a refusal is lifted only by a named exception."""
    await send(programme, row("E-1", Purpose="Evidence", Use="PU1"), row("E-2", Purpose="Parliamentary affairs"))
    refused_line, worded = await held(programme)
    for decision in ("accept", "outside", "refuse"):
        answer = await decide(programme, worded["id"], decision)
        assert answer.status_code == 403, decision
        assert "chief finance officer decides (grants:cfo)" in answer.json()["detail"]
    answer = await decide(programme, refused_line["id"], "accept", cfo=True)
    assert refused(answer, 409) == [("/use_codes", "use_refused")]
    assert await ledger_of(programme) == []
    exception = {"use_exception": "select_committee_evidence"}
    answer = done(await decide(programme, refused_line["id"], "accept", cfo=True, **exception))
    assert (answer["state"], answer["decision"]["use_exception"]) == ("accepted", "select_committee_evidence")
    done(await decide(programme, worded["id"], "accept", cfo=True))
    first, second = await ledger_of(programme)
    assert (first["use_codes"], first["use_exception"]) == (["PU1"], "select_committee_evidence")
    assert (second["line_code"], second["accounting_quarter"], second["eligible_pence"]) == (
        "IL1",
        "2017-18-q1",
        400_000,
    )
    kept = await programme.everything("/v1/agreements/2017-18/use-declarations")
    assert {(one["subject_kind"], one["outcome"], one["reason"]) for one in kept} >= {
        ("held_line", "allowed", "looked into"),
        ("entry", "allowed", "looked into"),
    }


async def test_why_a_private_payees_line_was_decided_is_told_to_finance_only(programme: Ledger) -> None:
    """G-19: a decision is kept with its reason, and a reason may name the person who was paid."""
    people = {"parties": {"default_kind": "organisation", "patterns": [{"prefix": "Mr ", "kind": "individual"}]}}
    await programme.defined(simple_profile(**ASSIGNED, **people))
    lobby = {"Purpose": "Parliamentary affairs"}
    await send(programme, row("E-1", Supplier="Mr John Secret", **lobby), row("E-2", **lobby))
    for line in await held(programme):
        done(await decide(programme, line["id"], "accept", cfo=True))
    path = "/v1/agreements/2017-18/use-declarations"
    read = {
        scope: done(await programme.grants.as_(scope).get(path), 200)["items"]
        for scope in ("grants:read", "grants:cfo")
    }
    assert [item["reason"] for item in read["grants:cfo"]] == ["looked into"] * 4
    named = {item["subject_id"]: item["reason"] for item in read["grants:read"]}
    assert sorted(reason or "" for reason in named.values()) == ["", "looked into"]
    tables = {scope: (await programme.grants.as_(scope).get(f"{path}.csv")).text for scope in read}
    assert [tables[scope].count("looked into") for scope in ("grants:cfo", "grants:read")] == [
        4,
        sum(item["reason"] is not None for item in read["grants:read"]),
    ]


async def test_a_line_may_be_taken_in_outside_any_agreement_or_refused(programme: Ledger) -> None:
    """G-18: fund from elsewhere; G-28a: it is kept and published, and never enters the agreement's spend."""
    batch = await send(programme, row("E-1", Use="PU1"), row("E-2", Use="PU3"))
    first, second = await held(programme)
    done(await decide(programme, first["id"], "outside", cfo=True))
    answer = done(await decide(programme, second["id"], "refuse", cfo=True))
    assert (answer["state"], answer["decision"]["entry_id"]) == ("refused", None)
    [entry] = await ledger_of(programme)
    assert (entry["entry_id"], entry["agreement_id"], entry["line_code"], entry["accounting_quarter"]) == (
        first["id"],
        None,
        None,
        None,
    )
    seen = done(await programme.finance.get(f"/v1/expenditure-batches/{batch['id']}"), 200)
    assert seen["held_decided"] == {"outside": 1, "refused": 1}
    assert seen["outcomes"] == batch["outcomes"]
    kept = await programme.everything("/v1/agreements/2017-18/use-declarations")
    assert [(one["subject_kind"], one["outcome"]) for one in kept] == [("held_line", "refused")]
    assert len(await programme.grants.emitted(ExpenditureRecorded)) == 1


async def test_decided_lines_never_come_back(programme: Ledger) -> None:
    """§6: sent again they are duplicates that name the entry, the held line, or the decision."""
    rows = [row("E-1", Use="PU1"), row("E-2", Use="PU1"), row("E-3", Use="PU1")]
    await send(programme, *rows)
    first, second, third = await held(programme)
    done(await decide(programme, first["id"], "outside", cfo=True))
    done(await decide(programme, second["id"], "refuse", cfo=True))
    again = await send(programme, *rows)
    assert again["outcomes"]["duplicate"]["lines"] == 3
    lines = await programme.everything(f"/v1/expenditure-batches/{again['id']}/lines")
    assert (lines[0]["entry_id"], lines[0]["reasons"]) == (first["id"], [])
    told = [(one["reasons"][0]["code"], one["reasons"][0]["held_line"]) for one in lines[1:]]
    assert told == [("decided_before", second["id"]), ("held_before", third["id"])]
    assert "refused" in lines[1]["reasons"][0]["detail"]
    for held_id in (first["id"], second["id"]):
        answer = await decide(programme, held_id, "accept", cfo=True)
        assert refused(answer, 409) == [(None, "decided_before")]
    assert len(await held(programme)) == 1
    assert len(await held(programme, state="decided")) == 2
    assert len(await held(programme, state="all")) == 3


async def test_a_line_held_for_want_of_an_open_quarter_enters_the_one_that_is_opened(programme: Ledger) -> None:
    """G-29: no open quarter, reopening, late_for; a held line is not let in by itself."""
    await lock(programme.grants, 1, 2, 3, 4)
    await send(programme, row("E-1"))
    [waiting] = await held(programme)
    assert [one["code"] for one in waiting["reasons"]] == ["no_open_quarter"]
    answer = await decide(programme, waiting["id"], "accept")
    assert refused(answer, 409) == [("/accounting_quarter", "period_locked")]
    assert "report submitted; no quarter is open" in answer.json()["detail"]
    await reopen(programme.grants, 3)
    again = await send(programme, row("E-1"))
    [line] = await programme.everything(f"/v1/expenditure-batches/{again['id']}/lines")
    assert (line["outcome"], line["reasons"][0]["code"]) == ("duplicate", "held_before")
    named = await decide(programme, waiting["id"], "accept", accounting_quarter="2017-18-q2")
    assert refused(named, 409) == [("/accounting_quarter", "period_locked")]
    assert "post a correction in Q3 2017/18" in named.json()["detail"]
    done(await decide(programme, waiting["id"], "accept"))
    [entry] = await ledger_of(programme)
    assert (entry["accounting_quarter"], entry["late_for"]) == ("2017-18-q3", "2017-18-q1")


async def test_a_line_outside_the_agreements_year_needs_its_own_year_or_none(programme: Ledger) -> None:
    """G-4."""
    await send(programme, row("E-1", Date="2017-03-31"))
    [waiting] = await held(programme)
    answer = await decide(programme, waiting["id"], "accept")
    assert refused(answer, 409) == [("/agreement", "outside_agreement_year")]
    wrong = await decide(programme, waiting["id"], "accept", agreement="2017-18", line_code="IL1")
    assert refused(wrong, 409) == [("/payment_date", "outside_agreement_year")]
    done(await decide(programme, waiting["id"], "outside"))
    assert [one["agreement_id"] for one in await ledger_of(programme)] == [None]


async def test_a_possible_duplicate_is_a_new_occurrence_or_the_same_line_again(programme: Ledger) -> None:
    """§6, counted identity; the decision names the entry that is repeated."""
    await send(programme, row("E-1"), profile="counted")
    batch = await send(programme, row("E-1"), row("E-1"), row("E-1"), profile="counted")
    assert batch["outcomes"]["held"]["lines"] == 2
    new, same = await held(programme)
    accepted = done(await decide(programme, new["id"], "accept"))
    repeated = done(await decide(programme, same["id"], "duplicate"))
    first, second = await ledger_of(programme)
    assert (second["entry_id"], second["batch_id"]) == (new["id"], accepted["decision"]["entry_batch_id"])
    assert repeated["decision"]["duplicate_of"] == first["entry_id"]
    assert [one["line_no"] for one in (first, second)] == [1, 2]
    again = await send(programme, *[row("E-1")] * 3, profile="counted")
    assert again["outcomes"]["duplicate"]["lines"] == 3
    more = await send(programme, *[row("E-1")] * 4, profile="counted")
    assert (more["outcomes"]["duplicate"]["lines"], more["outcomes"]["held"]["lines"]) == (3, 1)


async def test_a_duplicate_names_what_it_repeats(programme: Ledger) -> None:
    await lock(programme.grants, 1, 2, 3, 4)
    await send(programme, row("E-1"))
    [waiting] = await held(programme)
    answer = await decide(programme, waiting["id"], "duplicate")
    assert refused(answer, 422) == [("/duplicate_of", "duplicate_of_missing")]
    nobody = "00000000-0000-7000-8000-000000000000"
    assert (await decide(programme, waiting["id"], "duplicate", duplicate_of=nobody)).status_code == 404
    assert await held(programme) == [waiting]


async def test_who_sent_a_batch_does_not_decide_on_its_lines(programme: Ledger) -> None:
    """§3: an approver is never the author."""
    sender = programme.grants.as_("expenditure:submit", sub=FINANCE)
    await lock(programme.grants, 1, 2, 3, 4)
    answer = await sender.post(
        "/v1/expenditure-batches",
        params={"organisation": "agency", "profile": "simple"},
        content=csv_file(row("E-1"), header=HEADER),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 201
    [waiting] = await held(programme)
    assert refused(await decide(programme, waiting["id"], "refuse"), 409) == [(None, "same_person")]
    machine = programme.grants.as_("grants:finance", sub="client:other", client_only=True)
    path = f"/v1/held-lines/{waiting['id']}/decisions"
    assert (await machine.post(path, json={"decision": "refuse", "reason": "x"})).status_code == 403
    stranger = programme.grants.as_("grants:finance", sub="person:else", organisations=["other"])
    assert (await stranger.post(path, json={"decision": "refuse", "reason": "x"})).status_code == 404


async def test_many_lines_of_a_batch_are_decided_at_once_or_not_at_all(programme: Ledger) -> None:
    """§6: one decision, one act by hand, one account."""
    rows = [row(f"E-{number}", Amount=f"{number}.00") for number in range(1, 41)]
    await lock(programme.grants, 1, 2, 3, 4)
    batch = await send(programme, *rows, row("E-99", Use="PU1"))
    path = f"/v1/expenditure-batches/{batch['id']}/held-decisions"
    client = programme.grants.as_("grants:finance", sub=FINANCE)
    body = {"reason_code": "no_open_quarter", "decision": "accept", "reason": "reopened for them"}
    assert (await client.post(path, json=body)).status_code == 403, "one of them is the chief finance officer's"
    ids = [line["id"] for line in await held(programme) if len(line["reasons"]) == 1]
    locked = await client.post(path, json={**body, "held_lines": ids})
    assert [error["record"] for error in locked.json()["errors"]] == list(range(1, 41))
    assert await ledger_of(programme) == []
    await reopen(programme.grants, 2)
    made = done(await client.post(path, json={**body, "held_lines": ids}))
    assert (made["lines"], made["pence"], made["decision"]) == (40, sum(range(1, 41)) * 100, "accepted")
    entries = await programme.everything("/v1/expenditure-lines", batch=made["entry_batch_id"])
    assert [one["record"] for one in entries] == list(range(1, 41))
    assert {one["late_for"] for one in entries} == {"2017-18-q1"}
    events = await programme.grants.emitted(ExpenditureBatchCompleted)
    # The file says how many of its lines wait, before and after; the decision brings the entries.
    assert [event.unsettled_lines for event in events if not event.by_hand] == [41, 1]
    [completed] = [event for event in events if event.by_hand]
    assert (completed.lines, completed.pence) == (40, made["pence"])
    assert len([line for event in await programme.grants.emitted(ExpenditureRecorded) for line in event.lines]) == 40
    seen = done(await programme.finance.get(f"/v1/expenditure-batches/{batch['id']}"), 200)
    assert (seen["held_decided"], seen["outcomes"]["held"]["lines"]) == ({"accepted": 40}, 41)
    assert (await client.post(path, json={**body, "held_lines": ids})).status_code == 404


async def test_a_file_that_mends_lines_counts_an_accepted_one_once(programme: Ledger) -> None:
    """§6: what a correction brought in is sent before, also where a person let it in."""
    unread = [row("E-2", Date="never"), row("E-3", Date="never")]
    batch = await send(programme, row("E-1"), *unread, profile="counted")
    assert batch["outcomes"]["rejected"]["lines"] == 2
    await lock(programme.grants, 1, 2, 3, 4)
    await send(programme, row("E-2"), profile="counted", corrects=batch["id"])
    [waiting] = await held(programme)
    await reopen(programme.grants, 1)
    done(await decide(programme, waiting["id"], "accept"))
    again = await send(programme, row("E-2"), profile="counted", corrects=batch["id"])
    assert again["outcomes"]["duplicate"]["lines"] == 1
    assert len(await ledger_of(programme)) == 2
    twice = await send(programme, row("E-2"), row("E-2"), profile="counted", corrects=batch["id"])
    assert (twice["outcomes"]["duplicate"]["lines"], twice["outcomes"]["accepted"]["lines"]) == (1, 1)
    whole = await send(programme, row("E-2"), row("E-2"), profile="counted")
    assert whole["outcomes"]["duplicate"]["lines"] == 2


async def test_lines_mended_in_two_rounds_are_not_taken_in_again_with_the_first(programme: Ledger) -> None:
    """§6: what mends a mending file counts as sent before, too."""
    first = await send(programme, row("X", Date="never"), row("Y", Date="never"), profile="counted")
    second = await send(programme, row("X"), row("Y", Date="never"), profile="counted", corrects=first["id"])
    third = await send(programme, row("Y"), profile="counted", corrects=second["id"])
    accepted = [batch["outcomes"]["accepted"]["lines"] for batch in (first, second, third)]
    assert accepted == [0, 1, 1]
    again = await send(programme, row("X"), row("Y"), profile="counted", corrects=first["id"])
    assert again["outcomes"]["duplicate"]["lines"] == 2
    assert len(await ledger_of(programme)) == 2


async def test_vat_that_a_file_gave_inconsistently_does_not_stop_a_decision(programme: Ledger) -> None:
    """§6: what is a flag on a line of a file stays one."""
    await programme.defined(
        simple_profile(
            name="split",
            fields={**simple_profile()["fields"], "vat": {"column": "Purpose"}, "recoverable_vat": {"column": "Use"}},
            vat={"treatment": "split"},
            assignment=ASSIGNED["assignment"],
        )
    )
    await lock(programme.grants, 1, 2, 3, 4)
    batch = await send(programme, row("E-1", Purpose="10.00", Use="20.00"), profile="split")
    assert batch["outcomes"]["held"]["lines"] == 1
    await reopen(programme.grants, 1)
    [waiting] = await held(programme)
    done(await decide(programme, waiting["id"], "accept"))
    [entry] = await ledger_of(programme)
    assert (entry["flags"], entry["eligible_pence"]) == (["vat_inconsistent"], 399_000)
    made = await programme.finance.post(
        f"/v1/expenditure-lines/{entry['entry_id']}/corrections", json={"reason": "another line", "line_code": "CM1"}
    )
    assert done(made)["correction"]["eligible_pence"] == 399_000


async def test_a_line_over_its_budget_is_flagged_and_not_refused(programme: Ledger) -> None:
    """G-30."""
    batch = await send(programme, row("E-1", Line="CF", Amount="180000.01"))
    assert batch["outcomes"]["accepted"]["lines"] == 1
    assert "over_budget" in [one["code"] for one in batch["findings"]]


async def test_bad_decisions_are_located_and_leave_the_line_waiting(programme: Ledger) -> None:
    await send(programme, row("E-1", Use="PU1"))
    [waiting] = await held(programme)
    for fields, status, errors in (
        ({"decision": "maybe"}, 422, [("/decision", "literal_error")]),
        ({"decision": "refuse", "line_code": "IL1"}, 422, [("", "value_error")]),
        ({"decision": "accept", "agreement": "2017-18"}, 422, [("", "value_error")]),
        (
            {"decision": "accept", "agreement": "2016-17", "line_code": "IL1"},
            422,
            [("/agreement", "unknown_agreement")],
        ),
        ({"decision": "accept", "agreement": "2017-19", "line_code": "IL1"}, 422, [("/agreement", "bad_year_label")]),
        ({"decision": "accept", "use_exception": "none_such"}, 422, [("/use_exception", "unknown_exception")]),
    ):
        answer = await decide(programme, waiting["id"], cfo=True, **{"decision": "accept", **fields})
        assert [(place or "", code) for place, code in refused(answer, status)] == errors
    assert await held(programme) == [waiting]
    assert (await decide(programme, "0" * 8 + "-0000-7000-8000-000000000000", "refuse")).status_code == 404

"""Reversals and corrections: entries are not edited, and every chain leads back to its root."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.events.grants import ExpenditureBatchCompleted, ExpenditureRecorded
from tests.grants.by_hand import (
    CFO,
    LINES,
    corrected,
    entered,
    everything,
    line,
    lock,
    outside,
    post,
    read,
    refused,
    reopen,
    reversed_,
)
from tests.grants.steps import budgeted, done, register
from tests.harness import Running

AMOUNTS = ("net_pence", "vat_pence", "recoverable_vat_pence", "irrecoverable_vat_pence", "eligible_pence", "paid_pence")


async def test_a_reversal_negates_one_entry_exactly_and_once(grants: Running) -> None:
    """G-28."""
    await budgeted(grants)
    entry = await entered(grants, recoverable_vat_pence=5_000, purpose="Course", beneficiary_gss="E08000033")
    made = await reversed_(grants, entry["entry_id"])
    reversal = made["reversal"]
    assert [reversal[name] for name in AMOUNTS] == [-entry[name] for name in AMOUNTS]
    assert (reversal["kind"], reversal["reverses"], reversal["reason"]) == (
        "reversal",
        entry["entry_id"],
        "entered twice",
    )
    same = ("item_id", "source", "party", "purpose", "payment_date", "service_date", "accounting_quarter", "line_code")
    assert [reversal[name] for name in same] == [entry[name] for name in same]
    assert reversal["line_no"] == 2
    again = await read(grants, f"{LINES}/{entry['entry_id']}")
    assert (again["state"], again["reversed_by"], again["corrected_by"]) == ("reversed", reversal["entry_id"], None)
    answer = await post(grants, f"{LINES}/{entry['entry_id']}/reversals", {"reason": "once more"})
    assert refused(answer, 409) == [(None, "already_reversed")]
    answer = await post(grants, f"{LINES}/{reversal['entry_id']}/reversals", {"reason": "back"})
    assert refused(answer, 409) == [(None, "not_reversible")]
    assert len(await everything(grants)) == 2
    batch = await read(grants, f"/v1/expenditure-batches/{made['batch_id']}")
    assert (batch["kind"], batch["outcomes"]["accepted"]) == ("reversal", {"lines": 1, "pence": -100_000})


async def test_two_reversals_at_the_same_time_make_one(grants: Running) -> None:
    """G-28: once, whoever comes together."""
    await budgeted(grants)
    entry = await entered(grants)
    path = f"{LINES}/{entry['entry_id']}/reversals"
    answers = await asyncio.gather(*(post(grants, path, {"reason": "at once"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert sum(one["eligible_pence"] for one in await everything(grants)) == 0


async def test_a_correction_posts_the_reversal_and_a_full_new_entry(grants: Running) -> None:
    """G-28: both at once; what is given replaces, the rest is copied."""
    await budgeted(grants)
    entry = await entered(grants, unit="Learning", contract_ref="C-1")
    made = await corrected(grants, entry["entry_id"], net_pence=90_000, line_code="IL1", purpose="Course for chairs")
    new, reversal = made["correction"], made["reversal"]
    assert (new["kind"], new["replaces"], new["reason"], new["chain_root"]) == (
        "correction",
        entry["entry_id"],
        "charged wrongly",
        entry["entry_id"],
    )
    assert (new["net_pence"], new["vat_pence"], new["recoverable_vat_pence"], new["eligible_pence"]) == (
        90_000,
        20_000,
        20_000,
        90_000,
    )
    assert (new["line_code"], new["purpose"], new["unit"], new["contract_ref"], new["party"]) == (
        "IL1",
        "Course for chairs",
        "Learning",
        "C-1",
        entry["party"],
    )
    assert (reversal["reverses"], reversal["line_code"], reversal["eligible_pence"]) == (
        entry["entry_id"],
        "IL5",
        -100_000,
    )
    before = await read(grants, f"{LINES}/{entry['entry_id']}")
    assert (before["state"], before["corrected_by"]) == ("corrected", new["entry_id"])
    assert {**before, "state": "posted", "reversed_by": None, "corrected_by": None} == entry
    [_, event] = await grants.emitted(ExpenditureRecorded)
    assert [(one.kind, one.eligible_pence) for one in event.lines] == [("reversal", -100_000), ("correction", 90_000)]
    assert [one.pence for one in await grants.emitted(ExpenditureBatchCompleted)] == [100_000, -10_000]


async def test_a_chain_names_its_newest_entry_and_every_link(grants: Running) -> None:
    """G-28: replaces is the root of the chain."""
    await budgeted(grants)
    entry = await entered(grants)
    first = (await corrected(grants, entry["entry_id"], line_code="IL1"))["correction"]
    old = await post(grants, f"{LINES}/{entry['entry_id']}/corrections", {"reason": "again", "line_code": "IL2"})
    assert refused(old, 409) == [(None, "superseded")]
    assert old.json()["newest"] == first["entry_id"]
    assert first["entry_id"] in old.json()["detail"]
    second = (await corrected(grants, first["entry_id"], line_code="IL2"))["correction"]
    assert second["replaces"] == entry["entry_id"]
    chain = await read(grants, f"{LINES}/{first['entry_id']}/chain")
    assert (chain["root"], chain["newest"], chain["eligible_pence"]) == (entry["entry_id"], second["entry_id"], 100_000)
    assert [one["kind"] for one in chain["entries"]] == ["invoice", "reversal", "correction", "reversal", "correction"]
    assert [one["state"] for one in chain["entries"]] == ["corrected", "posted", "corrected", "posted", "posted"]
    for one in chain["entries"]:
        assert (await read(grants, f"{LINES}/{one['entry_id']}/chain")) == chain
    assert len(await everything(grants, chain=entry["entry_id"])) == 5
    last = await reversed_(grants, second["entry_id"])
    chain = await read(grants, f"{LINES}/{entry['entry_id']}/chain")
    assert (chain["newest"], chain["eligible_pence"]) == (None, 0)
    gone = await post(grants, f"{LINES}/{entry['entry_id']}/corrections", {"reason": "again", "line_code": "IL2"})
    assert refused(gone, 409) == [(None, "already_reversed")]
    assert last["reversal"]["line_no"] == 6


async def test_a_reversal_stands_in_its_originals_quarter_or_in_the_first_open_one(grants: Running) -> None:
    """G-28, G-29: the quarter may come out negative, and late_for tells why."""
    await budgeted(grants)
    early = line(payment_date="2017-06-02", invoice_date=None, service_date="2017-05-02")
    first, second = [done(await post(grants, LINES, early)) for _ in range(2)]
    made = (await reversed_(grants, first["entry_id"]))["reversal"]
    assert (made["accounting_quarter"], made["late_for"]) == ("2017-18-q1", None)
    await lock(grants, 1, 2)
    made = (await reversed_(grants, second["entry_id"]))["reversal"]
    assert (made["accounting_quarter"], made["late_for"], made["payment_date"]) == (
        "2017-18-q3",
        "2017-18-q1",
        "2017-06-02",
    )


async def test_a_correction_of_a_locked_quarter_goes_to_the_open_one_and_a_locked_one_may_not_be_named(
    grants: Running,
) -> None:
    """G-29."""
    await budgeted(grants)
    early = line(payment_date="2017-06-02", invoice_date=None, service_date="2017-05-02")
    entry = done(await post(grants, LINES, early))
    await lock(grants, 1)
    body = {"reason": "amount", "net_pence": 1, "accounting_quarter": "2017-18-q1"}
    answer = await post(grants, f"{LINES}/{entry['entry_id']}/corrections", body)
    assert refused(answer, 409) == [("/accounting_quarter", "period_locked")]
    assert answer.json()["detail"] == "Q1 2017/18 locked: report submitted; post a correction in Q2 2017/18."
    made = await corrected(grants, entry["entry_id"], net_pence=1)
    for one in (made["reversal"], made["correction"]):
        assert (one["accounting_quarter"], one["late_for"]) == ("2017-18-q2", "2017-18-q1")
    await lock(grants, 2, 3, 4)
    newest = made["correction"]["entry_id"]
    for what, body in (("reversals", {"reason": "x"}), ("corrections", {"reason": "x", "net_pence": 2})):
        answer = await post(grants, f"{LINES}/{newest}/{what}", body)
        assert [code for _, code in refused(answer, 409)] == ["period_locked"]
        assert "no quarter is open" in answer.json()["detail"]
    assert len(await everything(grants)) == 3
    await reopen(grants, 3)
    again = (await corrected(grants, newest, net_pence=2))["correction"]
    assert (again["accounting_quarter"], again["late_for"]) == ("2017-18-q3", "2017-18-q1")


async def test_agreement_and_line_may_be_corrected_in_both_directions(grants: Running) -> None:
    """G-28a: out of the agreement, and into it."""
    await budgeted(grants)
    entry = await entered(grants)
    out = (await corrected(grants, entry["entry_id"], agreement=None))["correction"]
    assert (out["agreement_id"], out["line_code"], out["accounting_quarter"]) == (None, None, None)
    back = (await corrected(grants, out["entry_id"], agreement="2017-18", line_code="CM1"))["correction"]
    assert (back["agreement_id"], back["line_code"], back["accounting_quarter"]) == (
        entry["agreement_id"],
        "CM1",
        "2017-18-q4",
    )
    unknown = await post(
        grants,
        f"{LINES}/{back['entry_id']}/corrections",
        {"reason": "x", "agreement": "2016-17", "line_code": "CM1"},
    )
    assert refused(unknown, 422) == [("/agreement", "unknown_agreement")]
    nowhere = await post(grants, f"{LINES}/{back['entry_id']}/corrections", {"reason": "x", "line_code": "ZZ"})
    assert refused(nowhere, 422) == [("/line_code", "unknown_line")]


REFUSED: tuple[tuple[dict[str, Any], int, list[tuple[str | None, str]]], ...] = (
    ({"use_codes": ["PU1"]}, 409, [("/use_codes", "use_refused")]),
    ({"purpose": "Parliamentary affairs"}, 409, [("/use_codes", "decision_required")]),
    ({"payment_date": "2018-06-02"}, 409, [("/payment_date", "future_actual")]),
    ({"vat_pence": 1}, 409, [("/vat_pence", "vat_inconsistent")]),
    ({"beneficiary_gss": "W06000015"}, 409, [("/beneficiary_gss", "wrong_territory")]),
    ({"service_date": "2018-04-01"}, 409, [("/service_date", "outside_agreement_year")]),
    ({"line_code": "IL5"}, 409, [(None, "nothing_changes")]),
    ({}, 409, [(None, "nothing_changes")]),
    ({"net_pence": 100_000, "vat_pence": 20_000}, 409, [(None, "nothing_changes")]),
    ({"net_pence": None}, 422, [("", "value_error")]),
    ({"agreement": "2017-18"}, 422, [("", "value_error")]),
    ({"reason": ""}, 422, [("/reason", "string_too_short")]),
    ({"item_id": "x"}, 422, [("/item_id", "extra_forbidden")]),
)


@pytest.mark.parametrize(("changes", "status", "errors"), REFUSED)
async def test_a_correction_keeps_the_rules_of_an_entry_and_is_refused_whole(
    grants: Running, changes: dict[str, Any], status: int, errors: list[tuple[str | None, str]]
) -> None:
    """G-18 to G-32 hold for corrections; nothing is half-written."""
    await budgeted(grants)
    entry = await entered(grants)
    answer = await post(grants, f"{LINES}/{entry['entry_id']}/corrections", {"reason": "why", **changes})
    assert [(place or "", code) for place, code in refused(answer, status)] == [
        (place or "", code) for place, code in errors
    ]
    assert await everything(grants) == [entry]
    assert len(await grants.emitted(ExpenditureRecorded)) == 1


async def test_a_use_that_was_decided_is_not_judged_again_by_a_correction_that_leaves_it(grants: Running) -> None:
    """G-19: a decision stands while what it was taken on stands."""
    await budgeted(grants)
    held = (await post(grants, LINES, line(purpose="Parliamentary affairs"))).json()
    decision = {"decision": "accept", "reason": "a digest"}
    done(await grants.as_("grants:cfo", sub=CFO).post(f"/v1/held-lines/{held['id']}/decisions", json=decision))
    made = (await corrected(grants, held["id"], net_pence=90_000))["correction"]
    assert (made["eligible_pence"], made["purpose"]) == (90_000, "Parliamentary affairs")
    moved = await post(grants, f"{LINES}/{made['entry_id']}/corrections", {"reason": "x", "line_code": "IL1"})
    assert refused(moved, 409) == [("/use_codes", "decision_required")]


async def test_a_corrected_name_makes_another_payee(grants: Running) -> None:
    await register(grants, "agency")
    entry = done(await post(grants, LINES, outside()))
    made = (await corrected(grants, entry["entry_id"], party={"name": "Southern Training Ltd"}))["correction"]
    assert (made["party"]["name"], made["party"]["kind"]) == ("Southern Training Ltd", "organisation")
    assert made["party"]["key"] != entry["party"]["key"]
    hidden = (await corrected(grants, made["entry_id"], party={"kind": "individual"}))["correction"]
    assert hidden["party"]["key"] is None
    last = (await grants.emitted(ExpenditureRecorded))[-1].lines[-1]
    assert (last.party.name, last.party.key, last.reason) == (None, None, None)


async def test_a_stranger_finds_no_entry_to_reverse(grants: Running) -> None:
    await register(grants, "agency")
    entry = done(await post(grants, LINES, outside()))
    limited = grants.as_("grants:finance", organisations=["other"])
    for what in ("reversals", "corrections"):
        answer = await limited.post(f"{LINES}/{entry['entry_id']}/{what}", json={"reason": "x"})
        assert answer.status_code == 404
        assert (await grants.as_("grants:cfo").post(f"{LINES}/{entry['entry_id']}/{what}", json={})).status_code == 403
    assert (await limited.get(f"{LINES}/{entry['entry_id']}/chain")).status_code == 404


async def test_all_entries_that_are_alike_are_moved_at_once_or_none(grants: Running) -> None:
    """G-28a: entries already posted follow another assignment by corrections."""
    await budgeted(grants)
    for number in range(3):
        await entered(grants, category="Training", item_reference=f"INV-{number}", net_pence=number + 1)
    other = await entered(grants, category="Travel")
    body = {
        "organisation": "agency",
        "source": "by_hand",
        "alike": {"agreement": "2017-18", "line_code": "IL5", "category": "Training"},
        "agreement": "2017-18",
        "line_code": "IL1",
        "reason": "training is charged to IL1",
    }
    made = done(await post(grants, "/v1/expenditure-reassignments", body))
    assert made["corrected"] == 3
    standing = await everything(grants, state="standing")
    assert sorted((one["line_code"], one["category"], one["eligible_pence"]) for one in standing) == [
        ("IL1", "Training", 1),
        ("IL1", "Training", 2),
        ("IL1", "Training", 3),
        ("IL5", "Travel", other["eligible_pence"]),
    ]
    nothing = await post(grants, "/v1/expenditure-reassignments", body)
    assert nothing.status_code == 404
    batch = await read(grants, f"/v1/expenditure-batches/{made['batch_id']}")
    assert batch["outcomes"]["accepted"] == {"lines": 6, "pence": 0}
    back = {**body, "alike": {"line_code": "IL1"}, "line_code": "ZZ"}
    assert refused(await post(grants, "/v1/expenditure-reassignments", back), 422)[0] == ("/line_code", "unknown_line")
    assert len(await everything(grants)) == 10

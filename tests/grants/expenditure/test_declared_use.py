"""What a file declares about the use of money: codes, exceptions, the authority that benefits, the invoice credited."""

from __future__ import annotations

from typing import Any

import pytest

from services.grants.expenditure.worker import take_in_waiting
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, simple_profile
from tests.grants.steps import budgeted

HEADER = ("Doc", "Inv", "Paid", "Payee", "Purpose", "WS", "Codes", "Exception", "GSS", "Credits", "Amount")


def use_profile(**changes: Any) -> dict[str, Any]:
    optional = {name: {"column": column, "optional": True} for name, column in (("use_codes", "Codes"),)}
    return simple_profile(
        name="use",
        fields={
            "payment_date": {"column": "Paid"},
            "amount": {"column": "Amount"},
            "party_name": {"column": "Payee"},
            "purpose": {"column": "Purpose"},
            "use_exception": {"column": "Exception"},
            "beneficiary_gss": {"column": "GSS"},
            "credit_of": {"column": "Credits"},
            **optional,
        },
        item_columns=["Inv"],
        identity={"kind": "keyed", "columns": ["Doc"]},
        assignment={
            "rules": [
                {"column": "WS", "equals": code, "agreement": "2017/18", "line_code": code} for code in ("WF1", "CM1")
            ]
        },
        **changes,
    )


def row(doc: str, **cells: str) -> list[str]:
    given = {
        "Doc": doc, "Inv": f"I-{doc}", "Paid": "2017-06-01", "Payee": "Alpha Ltd", "WS": "CM1", "Amount": "4000.00",
        **cells,
    }  # fmt: skip
    return [given.get(name, "") for name in HEADER]


@pytest.fixture
async def programme(ledger: Ledger) -> Ledger:
    await budgeted(ledger.grants)
    await ledger.defined(use_profile())
    return ledger


async def send(programme: Ledger, *rows: list[str]) -> dict[str, Any]:
    batch = await programme.sent(csv_file(*rows, header=HEADER), "use")
    accounted(batch)
    return batch


async def test_a_line_for_lobbying_is_held_with_rule_and_paragraph(programme: Ledger) -> None:
    """G-19; worked example 6: PU1. The line is known and counted, and not in the ledger."""
    batch = await send(
        programme,
        row("1", Purpose="Lobbying for the sector", Codes="PU1", Payee="Westminster Voices Ltd"),
        row("2", Purpose="Training", Codes="none"),
    )
    assert await programme.outcomes(batch) == ["held", "accepted"]
    [held] = await programme.everything("/v1/held-lines")
    [reason] = held["reasons"]
    assert (reason["code"], reason["rule"]) == ("use_refused", "PU1")
    assert reason["paragraph"]
    [line] = await programme.everything("/v1/expenditure-lines")
    assert line["use_codes"] == []


async def test_the_carve_out_lets_pay_negotiation_pass_on_its_own_line_only(programme: Ledger) -> None:
    """G-18, G-20; worked examples 7 and 8."""
    batch = await send(
        programme,
        row("1", Purpose="Pay negotiation officer", Codes="PU5", Exception="national pay negotiations", WS="WF1"),
        row("2", Purpose="Pay negotiation officer", Codes="PU5", Exception="national_pay_negotiations", WS="CM1"),
        row("3", Purpose="Travel to the committee", Codes="PU1", Exception="Select-committee evidence"),
    )
    outcomes = await programme.outcomes(batch)
    assert outcomes[:2] == ["accepted", "held"]


async def test_words_ask_for_a_decision_where_none_was_declared_and_lines_outside_are_not_judged(
    programme: Ledger,
) -> None:
    """G-19: a declaration of none whose description matches; a line of no agreement is published, not judged."""
    batch = await send(
        programme,
        row("1", Purpose="Parliamentary affairs support", Codes="none"),
        row("2", Purpose="Parliamentary affairs support", Codes="PU1", WS="other"),
    )
    assert await programme.outcomes(batch) == ["held", "accepted"]
    [held] = await programme.everything("/v1/held-lines")
    assert held["reasons"][0]["code"] == "use_decision_required"


async def test_use_for_an_authority_outside_the_territory_is_rejected_at_its_cell(programme: Ledger) -> None:
    """G-6: the grant covers England; lines outside the agreement may name anyone, and a code must be one."""
    batch = await send(
        programme,
        row("1", GSS="W06000015"),
        row("2", GSS="e08000035"),
        row("3", GSS="W06000015", WS="other"),
        row("4", GSS="Leeds"),
    )
    assert await programme.outcomes(batch) == ["rejected", "accepted", "accepted", "rejected"]
    errors = await programme.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert [(error["record"], error["reasons"][0]["code"], error["reasons"][0]["column"]) for error in errors] == [
        (1, "wrong_territory", "GSS"),
        (4, "gss_unreadable", "GSS"),
    ]
    assert "England" in errors[0]["reasons"][0]["detail"]


async def test_codes_that_contradict_each_other_are_rejected(programme: Ledger) -> None:
    batch = await send(programme, row("1", Codes="none PU1"), row("2", Codes="P U!"), row("3", Codes="PU2;pu3"))
    assert await programme.outcomes(batch) == ["rejected", "rejected", "held"]
    errors = await programme.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert {error["reasons"][0]["code"] for error in errors} == {"use_codes_unreadable"}


async def test_a_credit_note_that_names_its_invoice_has_its_origin(programme: Ledger) -> None:
    """G-28: negative lines without an origin are flagged, those that name one are not."""
    batch = await send(
        programme,
        row("1", Inv="I-1"),
        row("2", Inv="C-1", Amount="-10.00", Credits="I-1"),
        row("3", Inv="C-2", Amount="-5.00"),
    )
    assert batch["flags"] == {"origin_missing": 1}
    entries = {entry["record"]: entry for entry in await programme.everything("/v1/expenditure-lines")}
    assert entries[2]["kind"] == entries[3]["kind"] == "credit_note"
    assert entries[2]["credit_of"] == entries[1]["item_id"]


async def test_lines_of_a_long_file_are_judged_in_the_process_that_parses_it(programme: Ledger) -> None:
    rows = [
        row(str(n), Purpose="Lobbying" if n == 1500 else "Training", Codes="none", Amount="1.00") for n in range(2000)
    ]
    answer = await programme.send(csv_file(*rows, header=HEADER), "use")
    assert answer.status_code == 202
    await take_in_waiting(programme.grants.runtime)
    batch = (await programme.system.get(f"/v1/expenditure-batches/{answer.json()['id']}")).json()
    assert (batch["outcomes"]["accepted"]["lines"], batch["outcomes"]["held"]["lines"]) == (1999, 1)


async def test_a_rule_holds_from_a_day_and_to_a_day(programme: Ledger) -> None:
    """G-28a: a cost centre may change its budget line within the year; the day of service decides, else of payment."""
    rules = [
        {"column": "WS", "equals": "X", "agreement": "2017/18", "line_code": "WF1", "effective_to": "2017-06-30"},
        {"column": "WS", "equals": "X", "agreement": "2017/18", "line_code": "CM1", "effective_from": "2017-07-01"},
    ]
    await programme.defined({**use_profile(), "name": "days", "assignment": {"rules": rules}})
    rows = [row("1", WS="X", Paid="2017-06-30"), row("2", WS="X", Paid="2017-07-01")]
    await programme.sent(csv_file(*rows, header=HEADER), "days")
    entries = await programme.everything("/v1/expenditure-lines")
    assert [entry["line_code"] for entry in entries] == ["WF1", "CM1"]
    both = [{**rules[1], "also": [{"column": "Payee", "prefix": "beta"}]}]
    await programme.defined({**use_profile(), "name": "both", "assignment": {"rules": both}})
    rows = [row("1", WS="X", Paid="2017-08-01"), row("2", WS="X", Paid="2017-08-01", Payee="Beta Ltd")]
    batch = await programme.sent(csv_file(*rows, header=HEADER), "both")
    entries = await programme.everything("/v1/expenditure-lines", batch=batch["id"])
    assert [entry["line_code"] for entry in entries] == [None, "CM1"]
    wrong = [{**rules[0], "effective_from": "2017-07-01"}]
    answer = await programme.define({**use_profile(), "name": "days", "assignment": {"rules": wrong}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/assignment/rules/0/effective_to"

"""Entering a line of a ledger by hand, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.grants import ExpenditureBatchCompleted, ExpenditureRecorded
from tests.grants.by_hand import CFO, LINES, entered, everything, line, lock, outside, post, read, refused
from tests.grants.steps import budgeted, done, register
from tests.harness import Running


async def test_worked_example_14_accruals_by_service_and_cash_by_payment(grants: Running) -> None:
    """G-26, G-27; worked example 14: accruals Q4 2017/18 1,000; cash Q1 2018/19 1,200."""
    await budgeted(grants)
    entry = await entered(grants)
    assert (entry["accounting_quarter"], entry["eligible_pence"], entry["paid_pence"]) == (
        "2017-18-q4",
        100_000,
        120_000,
    )
    assert (entry["payment_date"], entry["date_basis"], entry["amount_basis"], entry["state"]) == (
        "2018-05-02",
        "payment",
        "net",
        "posted",
    )
    assert entry["irrecoverable_vat_pence"] == 0
    assert done(await grants.as_("grants:read").get(f"{LINES}/{entry['entry_id']}"), 200) == entry


async def test_worked_example_14_with_vat_that_cannot_be_separated(grants: Running) -> None:
    """G-27; worked example 14: VAT not separable: 1,200, gross_used."""
    await budgeted(grants)
    without_vat = {"vat_pence": None, "recoverable_vat_pence": None}
    entry = await entered(grants, net_pence=120_000, gross_used=True, **without_vat)
    assert (entry["eligible_pence"], entry["amount_basis"], entry["flags"]) == (120_000, "gross", ["gross_used"])
    assert (entry["vat_pence"], entry["irrecoverable_vat_pence"]) == (None, None)


async def test_an_entry_by_hand_is_a_batch_of_its_own_that_its_readers_reconcile_to(grants: Running) -> None:
    """§6, T-14."""
    await budgeted(grants)
    entry = await entered(grants)
    batch = await read(grants, f"/v1/expenditure-batches/{entry['batch_id']}")
    assert (batch["kind"], batch["profile"], batch["state"], batch["sha256"]) == ("entry", "by_hand", "completed", None)
    assert batch["outcomes"]["received"] == batch["outcomes"]["accepted"] == {"lines": 1, "pence": 100_000}
    [lines] = (await read(grants, f"/v1/expenditure-batches/{entry['batch_id']}/lines"))["items"]
    assert (lines["outcome"], lines["entry_id"]) == ("accepted", entry["entry_id"])
    refusal = await grants.as_("grants:finance").get(f"/v1/expenditure-batches/{entry['batch_id']}/original")
    assert refusal.status_code == 404
    [event] = await grants.emitted(ExpenditureRecorded)
    assert str(event.lines[0].entry_id) == entry["entry_id"]
    [completed] = await grants.emitted(ExpenditureBatchCompleted)
    assert (completed.lines, completed.pence, [month.month for month in completed.months]) == (1, 100_000, ["2018-05"])


async def test_an_entry_outside_any_agreement_is_kept_and_has_no_quarter(grants: Running) -> None:
    """G-28a."""
    await register(grants, "agency")
    entry = done(await post(grants, LINES, outside()))
    assert (entry["agreement_id"], entry["line_code"], entry["accounting_quarter"]) == (None, None, None)
    assert len(await grants.emitted(ExpenditureRecorded)) == 1


async def test_several_payments_of_one_invoice_are_one_item(grants: Running) -> None:
    """G-26: accruals by service date, cash by payment date, whatever the order of payment."""
    await budgeted(grants)
    first = await entered(
        grants, item_reference="INV-77", net_pence=60_000, vat_pence=12_000, recoverable_vat_pence=12_000
    )
    second = await entered(
        grants, same_item_as=first["entry_id"], payment_date="2018-05-30", net_pence=40_000, vat_pence=8_000,
        recoverable_vat_pence=8_000,
    )  # fmt: skip
    third = await entered(grants, item_reference="INV-77", payment_date="2018-05-02", net_pence=1, vat_pence=None,
                          recoverable_vat_pence=None)  # fmt: skip
    assert [entry["line_no"] for entry in (first, second, third)] == [1, 2, 3]
    item = await read(grants, f"{LINES}/{second['entry_id']}/item")
    assert (item["eligible_pence"], item["paid_pence"]) == (100_001, 120_001)
    assert item["payments"] == [
        {"payment_date": "2018-05-02", "paid_pence": 72_001},
        {"payment_date": "2018-05-30", "paid_pence": 48_000},
    ]
    assert item["quarters"] == [{"accounting_quarter": "2017-18-q4", "eligible_pence": 100_001}]
    assert [entry["entry_id"] for entry in item["entries"]] == [entry["entry_id"] for entry in (first, second, third)]


VAT: tuple[tuple[dict[str, Any], str], ...] = (
    ({"recoverable_vat_pence": None}, "Say how much of the VAT is recovered"),
    ({"gross_pence": 100_000}, "Net and VAT make £1,200.00, not £1,000.00; separate them or set gross_used."),
    ({"gross_used": True}, "leave the VAT out"),
    ({"recoverable_vat_pence": 20_001}, "exceeds the VAT"),
    ({"recoverable_vat_pence": 5_000, "irrecoverable_vat_pence": 5_000}, "do not make the VAT"),
    ({"vat_pence": -20_000, "recoverable_vat_pence": -20_000}, "opposite signs"),
    ({"vat_pence": None}, "Give vat_pence beside the recoverable part."),
)


@pytest.mark.parametrize(("changes", "text"), VAT)
async def test_net_and_vat_that_contradict_each_other_are_refused(
    grants: Running, changes: dict[str, Any], text: str
) -> None:
    """G-27: `vat_inconsistent`."""
    await budgeted(grants)
    answer = await post(grants, LINES, line(**changes))
    assert refused(answer, 409) == [("/vat_pence", "vat_inconsistent")]
    assert text in answer.json()["detail"]
    await nothing_was_written(grants)


async def nothing_was_written(grants: Running) -> None:
    assert await everything(grants) == []
    assert await grants.emitted(ExpenditureRecorded) == []
    assert (await read(grants, "/v1/expenditure-batches"))["items"] == []
    assert (await read(grants, "/v1/held-lines", state="all"))["items"] == []


COSTS: tuple[tuple[dict[str, Any], tuple[int | None, ...]], ...] = (
    ({}, (20_000, 20_000, 0, 100_000)),
    ({"recoverable_vat_pence": 0}, (20_000, 0, 20_000, 120_000)),
    ({"vat_pence": 0, "recoverable_vat_pence": None}, (0, 0, 0, 100_000)),
    ({"recoverable_vat_pence": None, "irrecoverable_vat_pence": 5_000}, (20_000, 15_000, 5_000, 105_000)),
    ({"vat_pence": None, "recoverable_vat_pence": 1, "irrecoverable_vat_pence": 2}, (3, 1, 2, 100_002)),
    ({"vat_pence": None, "recoverable_vat_pence": None, "irrecoverable_vat_pence": 7}, (None, None, 7, 100_007)),
    ({"vat_pence": None, "recoverable_vat_pence": None}, (None, None, None, 100_000)),
)


@pytest.mark.parametrize(("changes", "stored"), COSTS)
async def test_recoverable_vat_never_counts_and_irrecoverable_vat_does(
    grants: Running, changes: dict[str, Any], stored: tuple[int | None, ...]
) -> None:
    """G-27."""
    await budgeted(grants)
    entry = await entered(grants, **changes)
    names = ("vat_pence", "recoverable_vat_pence", "irrecoverable_vat_pence", "eligible_pence")
    assert tuple(entry[name] for name in names) == stored


async def test_a_negative_amount_by_hand_names_the_entry_it_corrects_and_why(grants: Running) -> None:
    """G-28: `correction_without_origin`."""
    await budgeted(grants)
    credit = {"net_pence": -10_000, "vat_pence": None, "recoverable_vat_pence": None}
    answer = await post(grants, LINES, line(**credit))
    assert refused(answer, 409) == [("/origin", "correction_without_origin")]
    assert answer.json()["detail"] == (
        "Negative amount entered by hand; name the entry it corrects in origin, and why in reason."
    )
    await nothing_was_written(grants)
    origin = await entered(grants)
    without_reason = await post(grants, LINES, line(**credit, origin=origin["entry_id"]))
    assert refused(without_reason, 409) == [("/origin", "correction_without_origin")]
    stranger = await post(grants, LINES, line(**credit, origin="0" * 8 + "-0000-7000-8000-000000000000", reason="x"))
    assert refused(stranger, 422) == [("/origin", "unknown_entry")]
    as_invoice = await post(grants, LINES, line(**credit, kind="invoice", origin=origin["entry_id"], reason="refund"))
    assert refused(as_invoice, 409) == [("/kind", "negative_kind")]
    entry = await entered(grants, **credit, origin=origin["entry_id"], reason="two places were given back")
    assert (entry["kind"], entry["credit_of"], entry["eligible_pence"]) == ("credit_note", origin["item_id"], -10_000)


async def test_no_actual_lies_in_the_future(grants: Running) -> None:
    """G-32: `future_actual`."""
    await budgeted(grants)
    answer = await post(
        grants,
        LINES,
        line(payment_date="2018-06-02", service_date="2018-06-03", agreement=None, line_code=None, use_codes=None),
    )
    assert refused(answer, 409) == [("/payment_date", "future_actual"), ("/service_date", "future_actual")]
    assert answer.json()["errors"][0]["detail"] == "No actual lies in the future; give a day not after 2018-06-01."
    grants.clock.set(datetime(2018, 2, 1, 12, tzinfo=UTC))
    await lock(grants, 3)
    ahead = line(payment_date="2017-12-20", service_date="2017-12-20", invoice_date=None)
    refusal = await post(grants, LINES, {**ahead, "accounting_quarter": "2017-18-q3"})
    assert refused(refusal, 409) == [("/accounting_quarter", "period_locked")]
    assert done(await post(grants, LINES, {**ahead, "accounting_quarter": "2017-18-q4"}))["late_for"] == "2017-18-q3"


async def test_a_locked_quarter_is_refused_with_its_reason_and_the_way_on(grants: Running) -> None:
    """G-29: `period_locked`, and the lawful way round: the first open quarter after it."""
    await budgeted(grants)
    await lock(grants, 1, 2, reason="report submitted")
    may = line(payment_date="2017-06-02", invoice_date=None, service_date="2017-05-02")
    for body in (may, {**may, "accounting_quarter": "2017-18-q1"}):
        answer = await post(grants, LINES, body)
        assert refused(answer, 409) == [("/accounting_quarter", "period_locked")]
        assert answer.json()["detail"] == "Q1 2017/18 locked: report submitted; post a correction in Q3 2017/18."
    await nothing_was_written(grants)
    late = done(await post(grants, LINES, {**may, "accounting_quarter": "2017-18-q3"}))
    assert (late["accounting_quarter"], late["late_for"]) == ("2017-18-q3", "2017-18-q1")
    await lock(grants, 3, 4)
    answer = await post(grants, LINES, may)
    assert answer.json()["detail"] == (
        "Q1 2017/18 locked: report submitted; no quarter is open; the chief finance officer may reopen one."
    )


async def test_a_quarter_other_than_the_dates_own_is_named_only_where_that_is_locked(grants: Running) -> None:
    """G-26, G-4."""
    await budgeted(grants)
    assert refused(await post(grants, LINES, line(accounting_quarter="2017-18-q2")), 409) == [
        ("/accounting_quarter", "quarter_differs")
    ]
    assert refused(await post(grants, LINES, line(accounting_quarter="2018-19-q1")), 409) == [
        ("/accounting_quarter", "outside_agreement_year")
    ]
    assert refused(await post(grants, LINES, line(service_date="2018-04-01")), 409) == [
        ("/service_date", "outside_agreement_year")
    ]
    assert refused(await post(grants, LINES, outside(accounting_quarter="2017-18-q2")), 409) == [
        ("/accounting_quarter", "outside_agreement_year")
    ]


async def test_every_fault_of_an_entry_is_told_at_once(grants: Running) -> None:
    """§6: all errors come at once, each located."""
    await budgeted(grants)
    body = line(
        net_pence=-1, vat_pence=5, recoverable_vat_pence=5, payment_date="2018-06-02", use_codes=["PU1"],
        beneficiary_gss="W06000015",
    )  # fmt: skip
    assert refused(await post(grants, LINES, body), 409) == [
        ("/origin", "correction_without_origin"),
        ("/payment_date", "future_actual"),
        ("/vat_pence", "vat_inconsistent"),
        ("/beneficiary_gss", "wrong_territory"),
        ("/use_codes", "use_refused"),
    ]
    await nothing_was_written(grants)


async def test_use_for_a_welsh_authority_is_refused(grants: Running) -> None:
    """G-6: `wrong_territory` on a line."""
    await budgeted(grants)
    answer = await post(grants, LINES, line(beneficiary_gss="W06000015"))
    assert refused(answer, 409) == [("/beneficiary_gss", "wrong_territory")]
    assert "England" in answer.json()["detail"]
    assert (await entered(grants, beneficiary_gss="E08000033"))["beneficiary_gss"] == "E08000033"


async def test_an_entry_of_an_agreement_declares_its_use(grants: Running) -> None:
    """G-19."""
    await budgeted(grants)
    assert refused(await post(grants, LINES, line(use_codes=None)), 409) == [("/use_codes", "use_undeclared")]
    assert (await entered(grants))["use_codes"] == []


async def test_codes_and_exceptions_that_no_rule_knows_are_named(grants: Running) -> None:
    """G-19: a declaration says what the rules know; case does not matter."""
    await budgeted(grants)
    answer = await post(grants, LINES, line(use_codes=["PU1", "XX"], use_exception="charity"))
    assert refused(answer, 422) == [("/use_codes/1", "unknown_use_code"), ("/use_exception", "unknown_exception")]
    assert "PU1" in answer.json()["errors"][0]["detail"]
    entry = await entered(grants, use_codes=["pu1"], use_exception="select_committee_evidence")
    assert entry["use_codes"] == ["PU1"]


async def test_worked_example_6_lobbying_is_refused_with_its_rule(grants: Running) -> None:
    """G-18, G-19; worked example 6: entry 4,000 for a parliamentary affairs consultant, purpose lobbying."""
    await budgeted(grants)
    body = line(net_pence=400_000, vat_pence=None, recoverable_vat_pence=None, purpose="lobbying", use_codes=["PU1"])
    answer = await post(grants, LINES, body)
    assert refused(answer, 409) == [("/use_codes", "use_refused")]
    assert answer.json()["rule"] == "PU1"
    assert "22" in answer.json()["paragraph"]
    assert "PU1" in answer.json()["detail"]
    await nothing_was_written(grants)


async def test_worked_example_7_the_carve_out_holds_on_its_line_only(grants: Running) -> None:
    """G-18; worked example 7: pay negotiation officer on WF1 accepted; the same on CM1 refused PU5."""
    await budgeted(grants)
    officer = {"purpose": "Officer for national pay negotiations", "use_codes": ["PU5"]}
    assert (await entered(grants, line_code="WF1", **officer))["line_code"] == "WF1"
    answer = await post(grants, LINES, line(line_code="CM1", **officer))
    assert refused(answer, 409) == [("/use_codes", "use_refused")]
    assert answer.json()["rule"] == "PU5"
    assert "PU5" in answer.json()["detail"]


async def test_worked_example_8_evidence_to_a_select_committee_is_allowed_by_name(grants: Running) -> None:
    """G-20; worked example 8."""
    await budgeted(grants)
    evidence = {"purpose": "Evidence to a select committee", "use_codes": ["PU1"]}
    entry = await entered(grants, use_exception="select_committee_evidence", **evidence)
    assert (entry["use_codes"], entry["use_exception"]) == (["PU1"], "select_committee_evidence")


async def test_words_that_ask_for_a_decision_hold_the_line_for_the_chief_finance_officer(grants: Running) -> None:
    """G-19: a declaration of none whose description matches configured words."""
    await budgeted(grants)
    answer = await post(grants, LINES, line(purpose="Parliamentary affairs"))
    assert answer.status_code == 202, answer.text
    held = answer.json()
    assert (held["state"], held["reasons"][0]["code"], held["reasons"][0]["rule"]) == (
        "waiting",
        "use_decision_required",
        "PU1",
    )
    assert held["reasons"][0]["paragraph"]
    assert await everything(grants) == []
    assert await grants.emitted(ExpenditureRecorded) == []
    batch = await read(grants, f"/v1/expenditure-batches/{held['batch_id']}")
    assert batch["outcomes"]["held"] == {"lines": 1, "pence": 100_000}
    path = f"/v1/held-lines/{held['id']}/decisions"
    decision = {"decision": "accept", "reason": "a subscription to a digest, no lobbying"}
    assert (await post(grants, path, decision, sub="person:other")).status_code == 403
    decided = done(await grants.as_("grants:cfo", sub=CFO).post(path, json=decision))
    assert (decided["state"], decided["decision"]["entry_id"]) == ("accepted", held["id"])
    [entry] = await everything(grants)
    assert (entry["eligible_pence"], entry["accounting_quarter"], entry["decision_ref"]) == (
        100_000,
        "2017-18-q4",
        decided["decision"]["id"],
    )


async def test_names_of_private_payees_entered_by_hand_stay_inside(grants: Running) -> None:
    """§4; T-19."""
    await register(grants, "agency")
    body = outside(
        party={"kind": "individual", "name": "Jo Green"}, purpose="Fee of Jo Green", unit="Office of Jo Green",
        reason="Jo Green asked",
    )  # fmt: skip
    entry = done(await post(grants, LINES, body))
    assert (entry["party"]["name"], entry["unit"], entry["party"]["key"]) == ("Jo Green", "Office of Jo Green", None)
    seen = done(await grants.as_("grants:read").get(f"{LINES}/{entry['entry_id']}"), 200)
    assert (seen["party"]["name"], seen["unit"], seen["purpose"], seen["reason"]) == (None, None, None, None)
    [event] = await grants.emitted(ExpenditureRecorded)
    assert "Green" not in event.canonical().decode()


async def test_an_organisation_without_a_part_in_the_agreement_is_refused(grants: Running) -> None:
    """G-28a: a wrong slug must not lose spend in silence."""
    await budgeted(grants)
    await register(grants, "other")
    answer = await post(grants, LINES, line(organisation="other"))
    assert refused(answer, 409) == [("/organisation", "no_part_in_agreement")]
    assert "2017/18" in answer.json()["detail"]
    await nothing_was_written(grants)
    assert done(await post(grants, LINES, outside(organisation="other")))["agreement_id"] is None


async def test_a_payee_that_is_named_in_public_has_a_name(grants: Running) -> None:
    await register(grants, "agency")
    answer = await post(grants, LINES, outside(party={"kind": "organisation"}))
    assert refused(answer, 422) == [("/party/name", "party_name_missing")]
    unknown = done(await post(grants, LINES, outside(party={"kind": "unknown"})))
    assert unknown["flags"] == ["party_missing"]


async def test_who_may_enter_a_line(grants: Running) -> None:
    await register(grants, "agency")
    assert (await grants.as_("grants:manager").post(LINES, json=outside())).status_code == 403
    assert (await grants.anonymous.post(LINES, json=outside())).status_code == 401
    limited = grants.as_("grants:finance", organisations=["other"])
    assert (await limited.post(LINES, json=outside())).status_code == 403
    unknown = await post(grants, LINES, outside(organisation="nobody"))
    assert refused(unknown, 422) == [("/organisation", "unknown_organisation")]

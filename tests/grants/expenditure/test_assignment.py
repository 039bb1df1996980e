"""Which agreement, line and quarter an entry belongs to, and what its cost is."""

from __future__ import annotations

from typing import Any

import pytest

from services.grants.expenditure.rules import place_quarters
from shared.events.grants import ExpenditureRecorded
from shared.periods import FinancialYear
from tests.grants.expenditure.conftest import Ledger, accounted, csv_file, real_profile, simple_profile
from tests.grants.steps import budgeted

HEADER = (
    "transaction_number", "line", "kind", "supplier", "supplier_type", "company_number", "workstream", "unit",
    "category", "description", "ledger_class", "card", "service_date", "invoice_date", "payment_date", "net", "vat",
    "recoverable_vat",
)  # fmt: skip


def row(number: str, **cells: str) -> list[str]:
    given = {
        "transaction_number": number, "line": "1", "kind": "invoice", "supplier": "Alpha Ltd",
        "supplier_type": "organisation", "workstream": "IL1", "service_date": "2017-05-10",
        "invoice_date": "2017-05-20", "payment_date": "2017-06-01", "net": "1000.00", "vat": "200.00",
        "recoverable_vat": "200.00", "card": "none", **cells,
    }  # fmt: skip
    return [given.get(name, "") for name in HEADER]


@pytest.fixture
async def programme(ledger: Ledger) -> Ledger:
    """The agreement of 2017/18 with its budget, and the profile of its ledger."""
    await budgeted(ledger.grants)
    await ledger.defined(real_profile("mou-ledger"))
    return ledger


async def send(programme: Ledger, *rows: list[str]) -> dict[str, Any]:
    batch = await programme.sent(csv_file(*rows, header=HEADER), "mou-ledger")
    accounted(batch)
    return batch


async def lock(programme: Ledger, *quarters: int) -> None:
    for quarter in quarters:
        answer = await programme.finance.post(
            f"/v1/agreements/2017-18/accounting-periods/2017-18-q{quarter}/lock", json={"reason": "quarter stated"}
        )
        assert answer.status_code == 201, answer.text


async def test_a_line_belongs_to_the_line_of_the_budget_that_its_workstream_names(programme: Ledger) -> None:
    """G-28a; worked example 14: service in one year's last quarter, payment in the next year."""
    await send(
        programme,
        row("T-1"),
        row("T-2", workstream="wf1 ", service_date="2018-03-20", invoice_date="2018-04-05", payment_date="2018-05-02"),
    )
    first, second = await programme.everything("/v1/expenditure-lines", agreement="2017-18")
    assert (first["line_code"], first["accounting_quarter"], first["payment_date"]) == (
        "IL1",
        "2017-18-q1",
        "2017-06-01",
    )
    assert (second["line_code"], second["accounting_quarter"], second["payment_date"]) == (
        "WF1",
        "2017-18-q4",
        "2018-05-02",
    )
    assert (second["eligible_pence"], second["net_pence"] + second["vat_pence"]) == (100000, 120000)


async def test_irrecoverable_vat_is_cost_and_recoverable_vat_is_not(programme: Ledger) -> None:
    """G-27."""
    await send(programme, row("T-1", recoverable_vat="150.00"), row("T-2", recoverable_vat="0.00"), row("T-3"))
    lines = await programme.everything("/v1/expenditure-lines")
    assert [line["eligible_pence"] for line in lines] == [105000, 120000, 100000]
    assert [line["irrecoverable_vat_pence"] for line in lines] == [5000, 20000, 0]


async def test_without_a_service_date_the_payment_date_counts(programme: Ledger) -> None:
    """G-26."""
    await send(programme, row("T-1", service_date="", payment_date="2017-08-01"))
    [line] = await programme.everything("/v1/expenditure-lines")
    assert (line["accounting_quarter"], line["date_basis"], line["service_date"]) == ("2017-18-q2", "payment", None)


async def test_a_line_of_a_locked_quarter_goes_to_the_first_open_one_and_says_so(programme: Ledger) -> None:
    """G-29."""
    await lock(programme, 1, 2)
    batch = await send(programme, row("T-1"), row("T-2", service_date="2017-11-10", payment_date="2017-12-01"))
    assert batch["outcomes"]["accepted"]["lines"] == 2
    late, punctual = await programme.everything("/v1/expenditure-lines")
    assert (late["accounting_quarter"], late["late_for"]) == ("2017-18-q3", "2017-18-q1")
    assert (punctual["accounting_quarter"], punctual["late_for"]) == ("2017-18-q3", None)


async def test_with_no_open_quarter_a_line_is_held(programme: Ledger) -> None:
    """G-29."""
    await lock(programme, 1, 2, 3, 4)
    batch = await send(programme, row("T-1"))
    assert batch["outcomes"]["held"] == {"lines": 1, "pence": 100000}
    [held] = await programme.everything("/v1/held-lines")
    assert held["reasons"][0]["code"] == "no_open_quarter"
    again = await send(programme, row("T-1"))
    assert again["outcomes"]["duplicate"]["lines"] == 1
    changed = await send(programme, row("T-1", net="1.00"))
    assert changed["outcomes"]["conflict"]["lines"] == 1
    assert await programme.grants.emitted(ExpenditureRecorded) == []


async def test_a_line_outside_the_agreements_year_is_held(programme: Ledger) -> None:
    """G-4: an agreement covers one year."""
    batch = await send(programme, row("T-1", service_date="2017-03-31"))
    assert batch["outcomes"]["held"]["lines"] == 1
    [held] = await programme.everything("/v1/held-lines")
    assert held["reasons"][0]["code"] == "outside_agreement_year"


async def test_a_code_that_no_rule_knows_is_rejected_where_the_profile_says_so(programme: Ledger) -> None:
    batch = await send(programme, row("T-1", workstream="XX9"))
    [error] = await programme.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert [(reason["code"], reason["column"]) for reason in error["reasons"]] == [("not_assigned", "workstream")]


async def test_lines_of_an_agreement_that_does_not_exist_are_rejected_and_can_be_sent_again(ledger: Ledger) -> None:
    await ledger.defined(real_profile("mou-ledger"))
    batch = await send(ledger, row("T-1"))
    [error] = await ledger.everything(f"/v1/expenditure-batches/{batch['id']}/errors")
    assert [reason["code"] for reason in error["reasons"]] == ["agreement_unknown"]
    assert error["amount_pence"] == 100000
    await budgeted(ledger.grants)
    assert (await send(ledger, row("T-1")))["outcomes"]["accepted"]["lines"] == 1


async def test_a_rule_that_names_no_line_of_the_budget_is_told(programme: Ledger) -> None:
    rule = {"column": "Supplier", "prefix": "Al", "agreement": "2017-18", "line_code": "ZZ1"}
    await programme.defined(simple_profile(assignment={"rules": [rule]}))
    batch = await programme.sent(
        csv_file(("A-1", "2017-05-01", "Alpha", "1.00"), ("A-2", "2017-05-01", "Beta", "1.00"))
    )
    accounted(batch)
    assert await programme.outcomes(batch) == ["rejected", "accepted"]
    [line] = await programme.everything("/v1/expenditure-lines")
    assert (line["agreement_id"], line["line_code"], line["accounting_quarter"]) == (None, None, None)


async def test_the_first_rule_that_fits_decides(programme: Ledger) -> None:
    rules = [
        {"column": "Supplier", "equals": "alpha one", "agreement": "2017/18", "line_code": "IL2"},
        {"column": "Supplier", "prefix": "Alpha", "agreement": "2017/18", "line_code": "IL3"},
    ]
    await programme.defined(simple_profile(assignment={"rules": rules}))
    await programme.sent(
        csv_file(("A-1", "2017-05-01", "Alpha One", "1.00"), ("A-2", "2017-05-01", "Alpha Two", "1.00"))
    )
    assert [line["line_code"] for line in await programme.everything("/v1/expenditure-lines")] == ["IL2", "IL3"]


async def test_a_budget_line_that_is_overspent_is_flagged_not_refused(programme: Ledger) -> None:
    """G-30."""
    batch = await send(programme, row("T-1", workstream="CF", net="180000.01", vat="0.00", recoverable_vat="0.00"))
    assert batch["outcomes"]["accepted"]["lines"] == 1
    assert batch["findings"] == [
        {
            "code": "over_budget",
            "year": "2017/18",
            "line_code": "CF",
            "spend_pence": 18000001,
            "budget_pence": 18000000,
        },
        # This publisher is no party and has no award: its lines stand in no account, which must not go unsaid.
        {"code": "no_part_in_agreement", "year": "2017/18", "lines": 1, "eligible_pence": 18000001},
    ]


async def test_a_negative_line_of_an_export_is_a_credit_note_without_origin(programme: Ledger) -> None:
    """G-28: legal, flagged origin_missing; a journal stays a journal."""
    negative = {"net": "-50.00", "vat": "-10.00", "recoverable_vat": "-10.00"}
    batch = await send(programme, row("T-1", **negative), row("T-2", kind="journal", **negative))
    assert batch["flags"] == {"origin_missing": 1}
    credit, journal = await programme.everything("/v1/expenditure-lines")
    assert (credit["kind"], credit["flags"], credit["eligible_pence"]) == ("credit_note", ["origin_missing"], -5000)
    assert (journal["kind"], journal["flags"]) == ("journal", [])


TREATMENTS: tuple[tuple[dict[str, str], dict[str, Any], tuple[object, ...]], ...] = (
    ({"treatment": "not_separable"}, {}, ("gross", 12000, None, 12000, ["gross_used"])),
    ({"treatment": "net_of_recoverable"}, {}, ("net", 12000, None, 12000, [])),
    (
        {"treatment": "net_of_recoverable"},
        {"irrecoverable_vat": {"column": "VAT"}},
        ("net", 10000, 2000, 12000, []),
    ),
    (
        {"treatment": "split", "recoverable_percent": "100"},
        {"vat": {"column": "VAT"}},
        ("net", 12000, 0, 12000, []),
    ),
    (
        {"treatment": "split", "recoverable_percent": "33.33"},
        {"vat": {"column": "VAT"}},
        ("net", 12000, 1333, 13333, []),
    ),
    (
        {"treatment": "split", "recoverable_percent": "0"},
        {"vat": {"column": "VAT"}, "gross": {"column": "Gross"}},
        ("net", 12000, 2000, 14000, ["vat_inconsistent"]),
    ),
)


async def test_the_vat_treatment_decides_what_the_amount_holds(ledger: Ledger) -> None:
    """G-27, T-3 (an of-which figure is never added), T-4 (rounded once, half up), T-5 (empty is unknown)."""
    base = simple_profile()
    header = ("Reference", "Date", "Supplier", "Amount", "VAT", "Gross")
    names = ("amount_basis", "net_pence", "irrecoverable_vat_pence", "eligible_pence", "flags")
    for number, (treatment, fields, stored) in enumerate(TREATMENTS):
        name = f"treatment-{number}"
        await ledger.defined(simple_profile(name=name, vat=treatment, fields={**base["fields"], **fields}))
        row = (f"A-{number}", "2017-04-03", "Alpha", "120.00", "20.00", "120.00")
        batch = await ledger.sent(csv_file(row, header=header), name)
        [line] = await ledger.everything("/v1/expenditure-lines", batch=batch["id"])
        assert tuple(line[each] for each in names) == stored, treatment


def test_a_cost_is_posted_before_it_arose_only_if_nothing_later_is_open() -> None:
    """G-29."""
    year = FinancialYear.parse("2017/18")
    q1, q2, q3, q4 = (quarter.slug for quarter in year.quarters)
    assert [place.post_to for place in place_quarters(year, [])] == [q1, q2, q3, q4]
    assert [place.post_to for place in place_quarters(year, [q2])] == [q1, q3, q3, q4]
    assert [place.post_to for place in place_quarters(year, [q2, q3, q4])] == [q1] * 4
    assert [place.late_for for place in place_quarters(year, [q2])] == [None, q2, None, None]
    assert [place.post_to for place in place_quarters(year, [q1, q2, q3, q4])] == [None] * 4

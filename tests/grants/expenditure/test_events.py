"""What crosses of a batch: its lines in bulk, and the totals its readers reconcile to."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import text

from services.grants.expenditure.bulk_events import FIXED_LINE_BYTES
from shared.events.base import canonical_json
from shared.events.grants import (
    MAX_BYTES_PER_EVENT,
    MAX_LINES_PER_EVENT,
    ExpenditureBatchCompleted,
    ExpenditureRecorded,
    LedgerLine,
)
from tests.grants.expenditure.conftest import Ledger, csv_file, real_profile, simple_profile
from tests.grants.expenditure.test_assignment import HEADER, row
from tests.grants.steps import budgeted

NASTY = 'Quote " back\\slash / tab\t line\nbreak \u2028 é 漢 😀 \x7f </script> {"a":1}'


async def payloads(ledger: Ledger) -> list[tuple[str, dict[str, str], str]]:
    async with ledger.grants.session() as session:
        connection = await session.connection()
        rows = await connection.execute(text("SELECT type, headers, payload FROM outbox ORDER BY seq"))
        return [(row.type, row.headers, row.payload) for row in rows]


async def test_the_bulk_payload_is_the_declared_events_canonical_json_byte_for_byte(ledger: Ledger) -> None:
    """§4: one way to write a payload; here for every kind of value a line can hold."""
    await budgeted(ledger.grants)
    await ledger.defined(real_profile("mou-ledger"))
    await ledger.sent(
        csv_file(
            row("T-1", supplier=NASTY, description=NASTY, category=NASTY, company_number="01234567", ledger_class="x"),
            row(
                "T|2\\",
                supplier_type="individual",
                supplier="Jo Green",
                net="-1.00",
                vat="0.00",
                recoverable_vat="0.00",
            ),
            row("T-3", supplier_type="staff", supplier="", unit="Unit", card="gpc", kind="card", service_date=""),
            header=HEADER,
        ),
        "mou-ledger",
    )
    fields = {
        **simple_profile()["fields"],
        "vcse": {"column": "VCSE"},
        "charity_number": {"column": "Charity"},
        "contract_ref": {"constant": "C-1"},
        "decision_ref": {"constant": 'D "1"'},
    }
    await ledger.defined(simple_profile(fields=fields, vat={"treatment": "not_separable"}))
    header = ("Reference", "Date", "Supplier", "Amount", "VCSE", "Charity")
    await ledger.sent(
        csv_file(
            ("A-1", "2017-04-03", "Alpha", "1.00", "yes", "123"),
            ("A-2", "2017-04-03", "Beta", "0.00", "", ""),
            header=header,
        )
    )
    written = [payload for kind, _, payload in await payloads(ledger) if kind == ExpenditureRecorded.type()]
    assert len(written) == 2
    for payload in written:
        assert ExpenditureRecorded.model_validate_json(payload).canonical().decode() == payload
    lines = [line for event in await ledger.grants.emitted(ExpenditureRecorded) for line in event.lines]
    assert {line.line_key for line in lines} >= {"T-1|1", "T\\|2\\\\|1"}


async def test_names_and_numbers_of_private_payees_never_leave(ledger: Ledger) -> None:
    """§4; T-19: nothing links two redacted rows; T-23: what came redacted says so."""
    patterns = [
        {"equals": "REDACTED PERSONAL DATA", "kind": "individual", "source_redacted": True},
        {"prefix": "Mr ", "kind": "individual"},
        {"equals": "Various", "kind": "staff"},
        {"prefix": "Sole", "kind": "sole_trader"},
        {"prefix": "Firm", "kind": "organisation"},
    ]
    fields = {**simple_profile()["fields"], "company_number": {"column": "Number"}, "party_key": {"column": "Vendor"}}
    await ledger.defined(simple_profile(fields=fields, parties={"patterns": patterns}))
    names = ("Redacted personal data", "Mr Green", "Various", "Sole trader", "Firm", "Somebody")
    await ledger.sent(
        csv_file(
            *((f"A-{n}", "2017-04-03", name, "1.00", "01234567", "V-77") for n, name in enumerate(names)),
            header=("Reference", "Date", "Supplier", "Amount", "Number", "Vendor"),
        )
    )
    [event] = await ledger.grants.emitted(ExpenditureRecorded)
    told = [(line.party.kind, line.party.name, line.party.company_number, line.source_redacted) for line in event.lines]
    assert told == [
        ("individual", None, None, True),
        ("individual", None, None, False),
        ("staff", None, None, False),
        ("sole_trader", "Sole trader", "01234567", False),
        ("organisation", "Firm", "01234567", False),
        ("unknown", None, None, False),
    ]
    assert event.lines[0].party.key is None
    [payload] = [payload for kind, _, payload in await payloads(ledger) if kind == ExpenditureRecorded.type()]
    for private in ("Green", "Various", "Somebody", "V-77"):
        assert private not in payload


async def test_events_keep_within_their_size_and_the_last_one_tells_the_totals(ledger: Ledger) -> None:
    """§1: at most 500 lines and 256 KiB an event; T-14: per payment month lines and pence."""
    fields = {**simple_profile()["fields"], "purpose": {"column": "Purpose"}}
    await ledger.defined(simple_profile(fields=fields))
    header = ("Reference", "Date", "Supplier", "Amount", "Purpose")
    rows = [
        # Long texts of quotation marks grow most when they are written as JSON.
        (f"A-{n}", f"2017-{n % 3 + 4:02d}-03", "Alpha", f"{n}.01", '"' * 2000 if n % 7 == 0 else "short")
        for n in range(1500)
    ]
    batch = await ledger.sent(csv_file(*rows, header=header))
    events = await ledger.grants.emitted(ExpenditureRecorded)
    written = [(headers, body) for kind, headers, body in await payloads(ledger) if kind == ExpenditureRecorded.type()]
    assert batch["event_count"] == len(events) == len(written) > 3
    assert all(len(body.encode()) <= MAX_BYTES_PER_EVENT for _, body in written)
    assert all(len(event.lines) <= MAX_LINES_PER_EVENT for event in events)
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert [line.line_key for event in events for line in event.lines] == [row[0] for row in rows]
    assert len({headers["ce_id"] for headers, _ in written}) == len(written)
    assert {headers["ce_subject"] for headers, _ in written} == {batch["id"]}
    [completed] = await ledger.grants.emitted(ExpenditureBatchCompleted)
    assert (completed.version, completed.event_count) == (len(events) + 1, len(events))
    months: Counter[str] = Counter()
    for event in events:
        for line in event.lines:
            months[f"{line.payment_date:%Y-%m}"] += line.eligible_pence
    assert {total.month: total.pence for total in completed.months} == dict(months)
    assert (completed.lines, completed.pence) == (1500, sum(months.values()))
    assert batch["eligible_pence"] == completed.pence


def test_a_line_without_texts_is_smaller_than_what_is_set_aside_for_it() -> None:
    """What events are packed by: see FIXED_LINE_BYTES."""
    widest = -(2**63)
    identifier = "00000000-0000-7000-8000-000000000000"
    line = LedgerLine.model_validate(
        {
            "entry_id": identifier, "line_key": "", "item_id": "f" * 32, "line_no": 10**9, "kind": "staff_expense",
            "ledger_class": "", "unit": "", "category": "", "purpose": "", "card": "none", "contract_ref": "",
            "party": {"key": "f" * 24, "kind": "organisation", "name": "", "company_number": "", "charity_number": "",
                      "vcse": False},
            "service_date": "2017-04-03", "invoice_date": "2017-04-03", "payment_date": "2017-04-03",
            "date_basis": "payment", "net_pence": widest, "vat_pence": widest, "recoverable_vat_pence": widest,
            "irrecoverable_vat_pence": widest, "amount_basis": "gross", "eligible_pence": widest,
            "agreement_id": identifier, "line_code": "x" * 20, "accounting_quarter": "2017-18-q1",
            "late_for": "2017-18-q1", "reverses": identifier, "replaces": identifier, "reason": "", "decision_ref": "",
            "source_redacted": False,
        }
    )  # fmt: skip
    assert len(canonical_json(line.model_dump(mode="json"))) < FIXED_LINE_BYTES

"""The synthetic ledger: exact, deterministic, and shaped like a real one."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from decimal import Decimal

from deploy.demo.ledger import HEADER, LEAVES, OUTTURN_PENCE, PASS_THROUGH, QUARTERS, ledger, quarter_file


def test_the_ledger_adds_up_to_the_provisional_outturn_to_the_penny() -> None:
    """G-34, worked example 10 of grants: spend of £20,986,000.00 against a grant of £21,000,000."""
    rows = ledger()
    assert sum(row.eligible_pence for row in rows) == OUTTURN_PENCE == 2_098_600_000
    assert 5_900 <= len(rows) <= 6_100


def test_every_carrying_line_is_spent_in_every_quarter() -> None:
    """G-8, G-31: 14 leaves and 2 pass-through lines carry money, and each has a figure in each quarter."""
    spent: dict[str, set[str]] = defaultdict(set)
    for quarter in QUARTERS:
        for row in csv.DictReader(io.StringIO(quarter_file(quarter).decode())):
            spent[row["workstream"]].add(quarter)
    assert set(spent) == {*LEAVES, *PASS_THROUGH}
    assert len(spent) == 16
    assert all(quarters == set(QUARTERS) for quarters in spent.values())


def test_the_files_hold_the_whole_ledger_and_are_the_same_every_time() -> None:
    """G-1, G-27: net and irrecoverable VAT of the four files are the outturn, exactly."""
    files = [quarter_file(quarter) for quarter in QUARTERS]
    assert files == [quarter_file(quarter) for quarter in QUARTERS]
    total, keys = Decimal(0), Counter[tuple[str, str]]()
    for file in files:
        reader = csv.DictReader(io.StringIO(file.decode()))
        assert tuple(reader.fieldnames or ()) == HEADER
        for row in reader:
            total += Decimal(row["net"]) + Decimal(row["vat"]) - Decimal(row["recoverable_vat"])
            keys[row["transaction_number"], row["line"]] += 1
    assert total == Decimal("20986000.00")
    assert max(keys.values()) == 1


def test_the_ledger_holds_the_cases_that_a_real_one_holds() -> None:
    """G-27, G-28, T-2, T-7, T-9: several lines an item, credit notes, cards, partly recoverable VAT, individuals."""
    rows = ledger()
    items = Counter(row.transaction_number for row in rows)
    assert max(items.values()) >= 3
    assert {"invoice", "credit_note", "card", "journal", "staff_expense"} == {row.kind for row in rows}
    assert {"organisation", "sole_trader", "individual", "staff"} == {row.supplier_type for row in rows}
    assert all(row.eligible_pence < 0 for row in rows if row.kind == "credit_note")
    assert any(0 < row.recoverable_vat < row.vat for row in rows)
    assert any(row.vat and not row.recoverable_vat for row in rows)
    assert all(abs(row.recoverable_vat) <= abs(row.vat) for row in rows)
    named = {row.supplier for row in rows if row.workstream not in PASS_THROUGH and row.kind != "journal"}
    assert all(name.startswith("Synthetic ") for name in named)

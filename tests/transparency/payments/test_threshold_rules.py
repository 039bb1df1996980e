"""Which lines are payments over £30,000, line by line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.transparency.payments.threshold import rules

PAID = rules.Line(
    row_id="a" * 32,
    transaction_number="TR-0123456789ABCDEF",
    line_number=1,
    payment_date=date(2017, 5, 10),
    amount_pence=2_500_001,
    paid_pence=3_000_001,
    spend="OVER_THRESHOLD",
    shown=True,
    contract="C-1",
    whole_pence=3_000_001,
    item=("ledger", "i-1"),
)


@pytest.mark.parametrize(
    ("changed", "decision"),
    [
        ({}, rules.IN),
        ({"whole_pence": 3_000_000}, "NOT_OVER_30000"),
        ({"paid_pence": 100, "whole_pence": 3_000_001}, rules.IN),
        ({"whole_pence": -3_000_001}, "CREDIT_NOT_PAYMENT"),
        ({"contract": None}, "NO_CONTRACT"),
        ({"grant": True}, "NOT_A_CONTRACT_PAYMENT"),
        ({"spend": "VCSE_GRANT"}, "NOT_A_CONTRACT_PAYMENT"),
        ({"spend": "EXPENSE_MONTH"}, "NOT_A_CONTRACT_PAYMENT"),
        ({"shown": False, "spend": "SALARY"}, "SALARY"),
        ({"shown": False, "spend": "SUPERSEDED_LINE"}, "SUPERSEDED_LINE"),
        ({"spend": "CARD"}, rules.IN),
        ({"hidden": True}, rules.IN),
        ({"hidden": True, "grant": True}, "NOT_A_CONTRACT_PAYMENT"),
        ({"hidden": True, "contract": None}, "CONTRACT_WITHHELD"),
        ({"hidden": True, "whole_pence": 3_000_000}, "CONTRACT_WITHHELD"),
        ({"hidden": True, "whole_pence": -3_000_001}, "CONTRACT_WITHHELD"),
        ({"hidden": True, "shown": False, "spend": "SALARY"}, "SALARY"),
    ],
)
def test_each_line_is_in_or_has_one_reason_why_not(changed: dict[str, object], decision: str) -> None:
    """T-61: 30,000.00 is out and 30,000.01 is in; the whole item under its contract is tested (T-2)."""
    assert rules.decide(replace(PAID, **changed)) == decision  # type: ignore[arg-type]


def test_a_payment_is_one_item_under_one_contract_on_one_day() -> None:
    """T-61: parts paid on several days are several rows, lines of one day are one."""
    second = replace(PAID, row_id="b" * 32, line_number=2)
    later = replace(PAID, row_id="c" * 32, payment_date=date(2017, 6, 1))
    other = replace(PAID, row_id="d" * 32, contract="C-2")
    found = rules.sort_out([PAID, second, later, other]).payments
    assert [(len(payment.lines), payment.paid_pence) for payment in found] == [
        (2, 6_000_002),
        (1, 3_000_001),
        (1, 3_000_001),
    ]
    assert rules.Payment([PAID, replace(PAID, gross=True)]).vat_basis == "mixed"
    assert rules.Payment([PAID, replace(PAID, vat_known=False)]).vat_basis == "vat_not_known"
    assert (rules.Payment([PAID]).vat_basis, rules.Payment([replace(PAID, gross=True)]).vat_basis) == (
        "net_plus_vat",
        "gross",
    )


def test_lines_that_are_not_public_stand_together_and_all_add_up() -> None:
    """T-14, T-61: no single salary and no single claim of expenses is shown; every penny is."""
    salaries = [replace(PAID, shown=False, spend="SALARY", amount_pence=pence, contract=None) for pence in (1, 2)]
    claim = replace(PAID, spend="EXPENSE_MONTH", amount_pence=4)
    lines = [PAID, replace(PAID, contract=None), *salaries, claim]
    found = rules.sort_out(lines)
    entries, counted = found.entries, found.counts
    assert [(entry.decision, entry.counted.lines, entry.line is None) for entry in entries] == [
        (rules.IN, 1, False),
        ("NO_CONTRACT", 1, False),
        ("NOT_A_CONTRACT_PAYMENT", 1, True),
        ("SALARY", 2, True),
    ]
    assert sum(entry.counted.pence for entry in entries) == sum(one.pence for one in counted.values()) == 5_000_009
    assert counted["SALARY"] == rules.Count(2, 3, 6_000_002)


def test_whether_a_line_without_payee_names_a_contract_is_told_by_nothing() -> None:
    """T-19, T-61: the same statement and the same counts, whichever of two such lines names one."""
    one, other = (replace(PAID, row_id=sign * 32, hidden=True, paid_pence=240_000 + place, whole_pence=240_000 + place)
                  for place, sign in enumerate("ef"))  # fmt: skip
    found = rules.sort_out([one, replace(other, contract=None)])
    reverse = rules.sort_out([replace(one, contract=None), other])
    assert (found.entries, found.counts) == (reverse.entries, reverse.counts)
    assert [(entry.decision, entry.counted.lines, entry.line) for entry in found.entries] == [
        ("CONTRACT_WITHHELD", 2, None)
    ]


def test_readers_are_told_what_is_not_known() -> None:
    """T-61: the columns are ours until the statutory template is at hand; the edition says so."""
    plain = rules.notes([rules.Payment([PAID])], programme=False)
    assert plain[0] == "The columns are our own until the statutory template is at hand."
    unsure = rules.Payment([replace(PAID, vat_known=False, date_basis="invoice")])
    more = rules.notes([unsure], programme=True)[len(plain) :]
    assert more == [
        "Only spend on the grant-funded programme is shown; other payments of the publisher are not in it.",
        "Lines whose VAT is not known: 1. Their net amount is shown.",
        "Lines whose day of payment the ledger does not state: 1. DateBasis says which day is shown.",
    ]

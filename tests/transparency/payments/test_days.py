"""How many days an invoice took, and the figures of a half-year, by the rules alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.transparency.editions.rules import PeriodNotOver
from services.transparency.payments.invoices.rules import Item
from services.transparency.payments.performance import rules
from shared.periods import HalfYear

H1 = HalfYear.parse("2017-18-h1")
INVOICE = Item(kind="invoice", total_pence=120_000)
PAID = rules.PaidItem(
    row_id="a" * 32,
    item=INVOICE,
    first_paid=date(2017, 7, 31),
    last_paid=date(2017, 7, 31),
    invoice_date=date(2017, 5, 1),
)


@pytest.mark.parametrize(
    ("received", "days", "share"),
    [
        ("2017-07-31", 0, "within_30_days"),
        ("2017-07-01", 30, "within_30_days"),
        ("2017-06-30", 31, "in_31_to_60_days"),
        ("2017-06-01", 60, "in_31_to_60_days"),
        ("2017-05-31", 61, "over_60_days"),
        ("2017-08-01", 0, "within_30_days"),
    ],
)
def test_days_run_from_receipt_to_payment_and_fall_into_one_share(received: str, days: int, share: str) -> None:
    """T-62: the edges 30, 31, 60 and 61; the same day is 0; paid before it was received is 0 and a finding."""
    paid = replace(PAID, received_on=date.fromisoformat(received))
    counted = rules.assess(paid, H1)
    assert isinstance(counted, rules.Counted)
    assert (counted.days, counted.basis) == (days, "received")
    record = rules.figures([paid], H1).as_record()
    shares = ("within_30_days", "in_31_to_60_days", "over_60_days")
    assert [record[name]["invoices"] for name in shares] == [int(name == share) for name in shares]
    assert record[share]["percent"] == "100.00"
    before = received == "2017-08-01"
    assert (rules.paid_before_receipt([paid], H1) == [paid], record["paid_before_receipt"]) == (before, int(before))


def test_the_date_of_the_invoice_stands_in_where_receipt_is_not_stated() -> None:
    """T-62: said so by a count; without either day the invoice is counted apart."""
    counted = rules.assess(PAID, H1)
    assert isinstance(counted, rules.Counted)
    assert (counted.days, counted.basis) == (91, "invoice_date")
    early = replace(PAID, invoice_date=date(2017, 8, 2))
    found = rules.figures([PAID, early, replace(PAID, invoice_date=None)], H1).as_record()
    assert (found["counted_from_receipt"], found["counted_from_invoice_date"]) == (0, 2)
    assert (found["paid_before_invoice_date"], found["left_out"]) == (1, {"NO_DATE": 1})
    # A date that the ledger states is contradicted by nobody, so it asks nobody to look.
    assert rules.paid_before_receipt([early], H1) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"disputed": True}, "DISPUTED"),
        ({"incomplete": True}, "INCOMPLETE_INVOICE"),
        ({"payment_day_stated": False}, "PAYMENT_DAY_NOT_STATED"),
        ({"last_paid": date(2017, 10, 1)}, "PAID_LATER_IN_PARTS"),
        ({"item": replace(INVOICE, in_scope=False)}, "NOT_PROGRAMME"),
        ({"item": replace(INVOICE, excluded_class="SALARY")}, "SALARY"),
        ({"item": replace(INVOICE, grant=True)}, "GRANT"),
        ({"item": replace(INVOICE, kind="staff_expense")}, "STAFF_EXPENSE"),
        ({"item": replace(INVOICE, card=True)}, "PAID_BY_CARD"),
        ({"item": replace(INVOICE, kind="journal")}, "JOURNAL"),
        ({"item": replace(INVOICE, kind="credit_note")}, "CREDIT_OR_REFUND"),
        ({"item": replace(INVOICE, total_pence=0)}, "CREDIT_OR_REFUND"),
        ({"item": replace(INVOICE, person=True)}, "NOT_A_SUPPLIER"),
    ],
)
def test_what_is_no_invoice_or_cannot_count_is_left_out_with_its_reason(
    changed: dict[str, object], reason: str
) -> None:
    """T-62: credit notes, refunds, salaries and grants are no invoices; each is counted under its reason."""
    assert rules.assess(replace(PAID, **changed), H1) == reason  # type: ignore[arg-type]


def test_an_invoice_paid_in_parts_counts_once_with_the_days_to_its_last_part() -> None:
    """T-62."""
    parts = replace(PAID, received_on=date(2017, 5, 31), first_paid=date(2017, 6, 1))
    found = rules.figures([parts], H1).as_record()
    assert (found["invoices"], found["average_days"], found["paid_in_parts"]) == (1, "61.0", 1)
    # Its first part was paid before the half-year: it counts here, where the last was paid.
    assert isinstance(rules.assess(replace(parts, first_paid=date(2017, 3, 1)), H1), rules.Counted)


def test_average_and_shares_are_rounded_half_up_from_whole_days() -> None:
    """T-62, T-57: 1 day in 20 is 0.1 (0.05 rounded up); a third is 33.33."""
    assert rules.Figures([1] + [0] * 19).average_days == "0.1"
    assert rules.Figures([10, 11, 11, 11]).average_days == "10.8"
    found = rules.Figures([1, 31, 61]).as_record()
    assert [found[name]["percent"] for name in ("within_30_days", "in_31_to_60_days", "over_60_days")] == ["33.33"] * 3
    nothing = rules.figures([], H1).as_record()
    assert (nothing["average_days"], nothing["within_30_days"]) == (None, {"invoices": 0, "percent": None})


def test_an_approval_names_the_figures_after_the_end_of_the_half_year() -> None:
    """T-62: of other figures, or before midnight of the last day, it is refused with words."""
    after = datetime(2017, 9, 30, 23, 0, tzinfo=UTC)
    rules.refuse_approval(H1, after, fingerprint="a" * 64, named="a" * 64)
    with pytest.raises(PeriodNotOver, match="H1 2017/18 ends on 2017-09-30; approve its figures after that day"):
        rules.refuse_approval(H1, datetime(2017, 9, 30, 22, 59, tzinfo=UTC), fingerprint="a" * 64, named="a" * 64)
    with pytest.raises(rules.FiguresChanged, match="read them again and approve what you read"):
        rules.refuse_approval(H1, after, fingerprint="a" * 64, named="b" * 64)
    with pytest.raises(rules.NotApproved, match="have not been approved by a finance lead"):
        rules.refuse_unapproved("body", H1, approved=False, lapsed=False)
    with pytest.raises(rules.NotApproved, match="have changed since they were approved, so the approval has lapsed"):
        rules.refuse_unapproved("body", H1, approved=False, lapsed=True)


def test_figures_that_differ_have_another_fingerprint() -> None:
    """T-62: also where only what is left out differs."""
    plain = rules.figures([PAID], H1)
    assert plain.fingerprint == rules.figures([replace(PAID, row_id="b" * 32)], H1).fingerprint
    assert plain.fingerprint != rules.figures([PAID, replace(PAID, disputed=True)], H1).fingerprint
    assert plain.fingerprint != rules.figures([replace(PAID, received_on=date(2017, 5, 2))], H1).fingerprint

"""How many days each invoice took, and the figures of a half-year. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from services.transparency.editions.rules import PeriodNotOver
from services.transparency.payments.invoices.rules import Item, not_an_invoice
from shared.errors import Conflict, NotFound
from shared.money import percent
from shared.periods import HalfYear, end_of_day

PROMPT_DAYS, SLOW_DAYS = 30, 60


@dataclass(frozen=True)
class PaidItem:
    """An item of which something was paid in the half-year, with what the finance team states of it."""

    row_id: str
    item: Item
    first_paid: date
    last_paid: date
    invoice_date: date | None = None
    payment_day_stated: bool = True
    received_on: date | None = None
    disputed: bool = False
    incomplete: bool = False


@dataclass(frozen=True)
class Counted:
    """An invoice that counts."""

    days: int
    basis: Literal["received", "invoice_date"]
    before: bool
    """It was paid before that day; it counts with no days."""
    in_parts: bool


def assess(paid: PaidItem, half: HalfYear) -> Counted | str:
    """The days an invoice took, or the one reason why it is left out (T-62).

    The day it was received is day 0. An invoice paid in parts is paid on the day of its last part, and counts in the
    half-year of that day alone.
    """
    other = not_an_invoice(paid.item)
    if other is not None:
        return other
    if paid.last_paid > half.end:
        return "PAID_LATER_IN_PARTS"
    if paid.disputed:
        return "DISPUTED"
    if paid.incomplete:
        return "INCOMPLETE_INVOICE"
    if not paid.payment_day_stated:
        return "PAYMENT_DAY_NOT_STATED"
    since = paid.received_on or paid.invoice_date
    if since is None:
        return "NO_DATE"
    days = (paid.last_paid - since).days
    basis: Literal["received", "invoice_date"] = "received" if paid.received_on else "invoice_date"
    return Counted(max(0, days), basis, days < 0, paid.first_paid < paid.last_paid)


@dataclass(frozen=True)
class Figures:
    """The figures of a half-year; `as_record` is their public form."""

    days: Sequence[int]
    from_receipt: int = 0
    before_receipt: int = 0
    before_invoice_date: int = 0
    in_parts: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    superseded_lines: int = 0

    @property
    def average_days(self) -> str | None:
        """One decimal, half up; None where no invoice counts."""
        if not self.days:
            return None
        mean = Decimal(sum(self.days)) / Decimal(len(self.days))
        return str(mean.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))

    def as_record(self) -> dict[str, Any]:
        return {
            "invoices": len(self.days),
            "average_days": self.average_days,
            "within_30_days": self._share(sum(day <= PROMPT_DAYS for day in self.days)),
            "in_31_to_60_days": self._share(sum(PROMPT_DAYS < day <= SLOW_DAYS for day in self.days)),
            "over_60_days": self._share(sum(day > SLOW_DAYS for day in self.days)),
            "counted_from_receipt": self.from_receipt,
            "counted_from_invoice_date": len(self.days) - self.from_receipt,
            "paid_before_receipt": self.before_receipt,
            "paid_before_invoice_date": self.before_invoice_date,
            "paid_in_parts": self.in_parts,
            "left_out": dict(sorted(self.left_out.items())),
            "superseded_lines": self.superseded_lines,
        }

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.as_record(), sort_keys=True).encode()).hexdigest()

    def _share(self, invoices: int) -> dict[str, Any]:
        return {"invoices": invoices, "percent": percent(invoices, len(self.days), 2)}


def figures(paid: Sequence[PaidItem], half: HalfYear, *, superseded_lines: int = 0) -> Figures:
    """Every item of which something was paid in the half-year counts once: with its days, or with a reason."""
    assessed = [assess(item, half) for item in paid]
    counted = [one for one in assessed if isinstance(one, Counted)]
    return Figures(
        days=[one.days for one in counted],
        from_receipt=sum(one.basis == "received" for one in counted),
        before_receipt=sum(one.before and one.basis == "received" for one in counted),
        before_invoice_date=sum(one.before and one.basis == "invoice_date" for one in counted),
        in_parts=sum(one.in_parts for one in counted),
        left_out=Counter(one for one in assessed if isinstance(one, str)),
        superseded_lines=superseded_lines,
    )


def paid_before_receipt(paid: Sequence[PaidItem], half: HalfYear) -> list[PaidItem]:
    """Invoices whose stated day of receipt is after their payment: a person looks at each (a finding)."""
    found = []
    for item in paid:
        one = assess(item, half)
        if isinstance(one, Counted) and one.before and one.basis == "received":
            found.append(item)
    return found


class NotApproved(Conflict):
    code = "figures_not_approved"
    title = "The figures are not approved"


class FiguresChanged(Conflict):
    code = "figures_changed"
    title = "The figures are not those that you approve"


class NothingPublic(NotFound):
    code = "figures_not_public"
    title = "No approved figures of this half-year"


def refuse_approval(half: HalfYear, now: datetime, *, fingerprint: str, named: str) -> None:
    """Figures are approved once the half-year is over, and only those that the approver saw."""
    if now < end_of_day(half.end):
        raise PeriodNotOver(f"{half.label} ends on {half.end.isoformat()}; approve its figures after that day.")
    if fingerprint != named:
        raise FiguresChanged(
            f"The fingerprint {named[:12]}… is not that of the figures as they stand, {fingerprint[:12]}…; read them "
            "again and approve what you read.",
            pointer="/fingerprint",
            extra={"fingerprint": fingerprint},
        )


def refuse_unapproved(publisher: str, half: HalfYear, *, approved: bool, lapsed: bool) -> None:
    """Nothing is drafted before a finance lead approved the figures as they stand (T-62)."""
    if approved:
        return
    why = (
        "have changed since they were approved, so the approval has lapsed"
        if lapsed
        else "have not been approved by a finance lead"
    )
    raise NotApproved(
        f"The payment performance figures of {half.label} {why}. A second person approves them at "
        f"/v1/payment-performance/{publisher}/{half.slug}/approvals.",
        extra={"lapsed": lapsed},
    )


METHOD = (
    "An invoice is an item of the ledger that a supplier was paid for. Days run from the day on which it was received, "
    "which is day 0, to the day of payment. Where the finance team does not state the day of receipt, the date of the "
    "invoice stands in; how often is counted.",
    "An invoice paid in parts counts once, in the half-year of its last payment, with the days up to that payment.",
    "An invoice paid before the day from which its days run counts with 0 days; how many were is counted.",
    "Disputed and incomplete invoices are left out and counted. So are invoices of which neither day is known, and "
    "those whose day of payment the ledger does not state.",
    "Credit notes, refunds, salaries, grants, staff expenses, card purchases, journals and payments to people who are "
    "no suppliers are not invoices; each is counted under its reason.",
    "The average is rounded half up to one decimal, each share to two, so that the shares may differ from 100 by a "
    "hundredth.",
)
PROGRAMME = "Only invoices of the grant-funded programme are counted."


def method(*, programme: bool) -> list[str]:
    """How the figures are made, in sentences for the public."""
    return [*METHOD, *([PROGRAMME] if programme else [])]

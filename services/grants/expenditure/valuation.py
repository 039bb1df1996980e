"""What a line costs: its amount, what of the VAT is inside it, and what is eligible (G-27, T-3 to T-5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from services.grants.expenditure.amounts import AmountStyle, amount_reader
from services.grants.expenditure.cells import SPACES, Unreadable
from services.grants.expenditure.columns import Columns
from services.grants.expenditure.line import PLACE, Reasons
from services.grants.expenditure.matching import record_test

AMOUNT, NET, VAT = PLACE["amount_pence"], PLACE["net_pence"], PLACE["vat_pence"]
RECOVERABLE, IRRECOVERABLE = PLACE["recoverable_vat_pence"], PLACE["irrecoverable_vat_pence"]
ELIGIBLE = PLACE["eligible_pence"]
NET_COMPUTED = "net_computed"
"""The amount was gross, and its VAT was taken off."""
VAT_COMPUTED = "vat_computed"
"""The VAT follows from a rate, or from net and gross."""
RATE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,4}))?\s?%?")


class Valuation:
    """Reads the amounts of a record through one profile."""

    def __init__(self, layout: dict[str, Any], columns: Columns) -> None:
        of_field, vat = columns.of_field, layout["vat"]
        self._debit, self._credit = of_field.get("debit"), of_field.get("credit")
        self._credited = False
        """Whether the line at hand is a credit by its column: what else it states is then a credit too."""
        amount = of_field.get("amount") if self._debit is None else self._debit
        assert amount is not None, "an amount that every line needs is not optional"
        self.amount_column = amount
        self.read = _reader(layout)
        style = layout["amounts"]
        self._sign = -1 if style["reversed"] else 1
        self._negative = [record_test(test, columns.place(test["column"])) for test in style["negative_when"]]
        self.plain = self._debit is None and not style["reversed"] and not self._negative
        """Whether the amount is its cell and nothing else."""
        self._split = vat["treatment"] == "split"
        self._from_gross = vat["amount_is"] == "gross"
        self._gross_used = vat["treatment"] == "not_separable"
        self._vat, self._gross = of_field.get("vat"), of_field.get("gross")
        self._vat_rate, self._recovery = of_field.get("vat_rate"), of_field.get("recoverable_rate")
        self._recovery_said = layout["fields"].get("recoverable_rate") or {}
        self._recoverable, self._irrecoverable = of_field.get("recoverable_vat"), of_field.get("irrecoverable_vat")
        percent = vat.get("recoverable_percent") or self._recovery_said.get("constant")
        self._share = Fraction(percent) / 100 if percent is not None else None

    @property
    def basis(self) -> str:
        return "gross" if self._gross_used else "net"

    def amount(self, cells: list[str]) -> tuple[int, bool]:
        """The amount of a record with its sign, and whether float noise was taken off. Raises Unreadable."""
        if self._debit is None:
            value, noise = self.read(cells[self.amount_column])
        else:
            value, noise = self._debit_less_credit(cells)
        return (value if self.plain else self._signed(value, cells)), noise

    def fill(self, row: list[str], cells: list[str], flags: list[str], reasons: Reasons) -> int:
        """Fill the amounts of a line and return its amount. Raises Unreadable without one; other faults are reasons."""
        amount, noise = self.amount(cells)
        self._credited = self._debit is not None and amount < 0
        row[AMOUNT] = str(amount)
        net = eligible = amount
        if self._split:
            net, eligible, noise = self._divided(row, amount, cells, noise, flags, reasons)
        elif self._irrecoverable is not None and cells[self._irrecoverable].strip():
            inside, noise = self._other(self._irrecoverable, cells, noise, reasons)
            if inside is not None:
                # An “of which” figure: it is inside the amount and never added to it (T-3).
                net = amount - inside
                row[IRRECOVERABLE] = str(inside)
                if abs(inside) > abs(amount) or inside * amount < 0:
                    flags.append("vat_inconsistent")
        if self._gross_used:
            flags.append("gross_used")
        if noise:
            flags.append("float_noise")
        row[NET], row[ELIGIBLE] = str(net), str(eligible)
        return amount

    def _divided(
        self, row: list[str], amount: int, cells: list[str], noise: bool, flags: list[str], reasons: Reasons
    ) -> tuple[int, int, bool]:
        """Net and eligible of a line whose VAT can be told apart, and whether there was float noise."""
        gross, noise = self._other(self._gross, cells, noise, reasons)
        vat: int | None
        if self._vat is not None:
            vat, noise = self._other(self._vat, cells, noise, reasons)
        elif self._vat_rate is not None:
            rate = self._rate(self._vat_rate, cells, reasons)
            whole = 100 + rate if self._from_gross and rate is not None else Fraction(100)
            vat = share_of(amount, rate / whole) if rate is not None else None
            flags.append(VAT_COMPUTED)
        else:
            vat = gross - amount if gross is not None else None
            flags.append(VAT_COMPUTED)
        if vat is None:
            return amount, amount, noise
        net = amount - vat if self._from_gross else amount
        if self._from_gross:
            flags.append(NET_COMPUTED)
        recoverable, noise = self._recovered(vat, cells, noise, reasons)
        if recoverable is None:
            return net, net, noise
        irrecoverable = vat - recoverable
        row[VAT], row[RECOVERABLE], row[IRRECOVERABLE] = str(vat), str(recoverable), str(irrecoverable)
        opposed = vat * recoverable < 0 or abs(recoverable) > abs(vat) or vat * amount < 0
        if flags and not opposed:
            # What was computed has no third figure to be compared with: VAT is never as much as what it is on.
            opposed = abs(vat) > abs(net) and (VAT_COMPUTED in flags or NET_COMPUTED in flags)
        if opposed or (gross is not None and net + vat != gross):
            flags.append("vat_inconsistent")
        return net, net + irrecoverable, noise

    def _recovered(self, vat: int, cells: list[str], noise: bool, reasons: Reasons) -> tuple[int | None, bool]:
        if self._share is not None:
            return share_of(vat, self._share), noise
        if self._recovery is not None:
            rate = self._rate(self._recovery, cells, reasons)
            return (share_of(vat, rate / 100) if rate is not None else None), noise
        if self._irrecoverable is not None:
            kept, noise = self._other(self._irrecoverable, cells, noise, reasons)
            return (vat - kept if kept is not None else None), noise
        return self._other(self._recoverable, cells, noise, reasons)

    def _other(self, place: int | None, cells: list[str], noise: bool, reasons: Reasons) -> tuple[int | None, bool]:
        if place is None:
            return None, noise
        try:
            value, noisy = self.read(cells[place])
        except Unreadable as fault:
            reasons.append((fault.code, fault.detail, place))
            return None, noise
        if self._credited:
            value = -abs(value)
        elif self._sign != 1 or self._negative:
            value = self._signed(value, cells)
        return value, noise or noisy

    def _debit_less_credit(self, cells: list[str]) -> tuple[int, bool]:
        assert self._debit is not None, "asked for without a debit column"
        debit, credit = cells[self._debit], cells[self._credit] if self._credit is not None else ""
        if not debit.strip(SPACES) and not credit.strip(SPACES):
            raise Unreadable("amount_missing", "Neither debit nor credit is filled; write one of them.")
        first, noise = self.read(debit) if debit.strip(SPACES) else (0, False)
        second, noisy = self.read(credit) if credit.strip(SPACES) else (0, False)
        return first - second, noise or noisy

    def _signed(self, value: int, cells: list[str]) -> int:
        if self._negative and any(test(cells) for test in self._negative):
            return -abs(value)
        return value * self._sign

    def _rate(self, place: int, cells: list[str], reasons: Reasons) -> Fraction | None:
        match = RATE.fullmatch(cells[place].strip(SPACES))
        if match and (rate := Fraction(f"{match[1]}.{match[2] or 0}")) <= 100:
            return rate
        reasons.append(("rate_unreadable", "Not a rate from 0 to 100 per cent; write 20, or 20%.", place))
        return None


def _reader(layout: dict[str, Any]) -> Callable[[str], tuple[int, bool]]:
    style: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in layout["amounts"].items()
        if name not in ("reversed", "negative_when")
    }
    return amount_reader(AmountStyle(**style))


def share_of(pence: int | None, share: Fraction) -> int | None:
    """Part of an amount to the penny, half up, the same way below zero (T-4)."""
    if pence is None or share == 1:
        return pence
    whole = (abs(pence) * share.numerator * 2 + share.denominator) // (2 * share.denominator)
    return -whole if pence < 0 else whole

"""What a line costs: its amount, what of the VAT is inside it, and what is eligible (G-27, T-3 to T-5)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from services.grants.expenditure.amounts import AmountStyle, amount_reader
from services.grants.expenditure.cells import Unreadable
from services.grants.expenditure.columns import Columns
from services.grants.expenditure.line import PLACE, Reasons

AMOUNT, NET, VAT = PLACE["amount_pence"], PLACE["net_pence"], PLACE["vat_pence"]
RECOVERABLE, IRRECOVERABLE = PLACE["recoverable_vat_pence"], PLACE["irrecoverable_vat_pence"]
ELIGIBLE = PLACE["eligible_pence"]


class Valuation:
    """Reads the amounts of a record through one profile."""

    def __init__(self, layout: dict[str, Any], columns: Columns) -> None:
        of_field, vat = columns.of_field, layout["vat"]
        amount = of_field["amount"]
        assert amount is not None, "an amount that every line needs is not optional"
        self.amount_column = amount
        self._read = _reader(layout)
        self._split = vat["treatment"] == "split"
        self._gross_used = vat["treatment"] == "not_separable"
        self._vat, self._gross = of_field.get("vat"), of_field.get("gross")
        self._recoverable, self._irrecoverable = of_field.get("recoverable_vat"), of_field.get("irrecoverable_vat")
        percent = vat.get("recoverable_percent")
        self._share = Fraction(percent) / 100 if percent is not None else None

    @property
    def basis(self) -> str:
        return "gross" if self._gross_used else "net"

    def fill(self, row: list[str], cells: list[str], flags: list[str], reasons: Reasons) -> int:
        """Fill the amounts of a line and return its amount. Raises Unreadable without one; other faults are reasons."""
        amount, noise = self._read(cells[self.amount_column])
        row[AMOUNT] = str(amount)
        net = eligible = amount
        if self._split:
            vat, noise = self._other(self._vat, cells, noise, reasons)
            if self._share is None:
                recoverable, noise = self._other(self._recoverable, cells, noise, reasons)
            else:
                recoverable = share_of(vat, self._share)
            gross, noise = self._other(self._gross, cells, noise, reasons)
            if vat is not None and recoverable is not None:
                irrecoverable = vat - recoverable
                eligible = net + irrecoverable
                row[VAT], row[RECOVERABLE], row[IRRECOVERABLE] = str(vat), str(recoverable), str(irrecoverable)
                opposed = vat * recoverable < 0 or abs(recoverable) > abs(vat)
                if opposed or (gross is not None and net + vat != gross):
                    flags.append("vat_inconsistent")
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

    def _other(self, place: int | None, cells: list[str], noise: bool, reasons: Reasons) -> tuple[int | None, bool]:
        if place is None:
            return None, noise
        try:
            value, noisy = self._read(cells[place])
        except Unreadable as fault:
            reasons.append((fault.code, fault.detail, place))
            return None, noise
        return value, noise or noisy


def _reader(layout: dict[str, Any]) -> Callable[[str], tuple[int, bool]]:
    style = layout["amounts"]
    return amount_reader(AmountStyle(**{**style, "currency": tuple(style["currency"])}))


def share_of(pence: int | None, share: Fraction) -> int | None:
    """Part of an amount to the penny, half up, the same way below zero (T-4)."""
    if pence is None or share == 1:
        return pence
    whole = (abs(pence) * share.numerator * 2 + share.denominator) // (2 * share.denominator)
    return -whole if pence < 0 else whole

"""What a line costs: an amount as a person says it, and as the ledger keeps it (G-27)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.grants.ledger.faults import VatInconsistent
from shared.money import sterling


@dataclass(frozen=True)
class Amounts:
    """What a person says of an amount, in pence; `gross_used` where the VAT cannot be separated."""

    net_pence: int
    vat_pence: int | None = None
    recoverable_vat_pence: int | None = None
    irrecoverable_vat_pence: int | None = None
    gross_pence: int | None = None
    gross_used: bool = False


@dataclass(frozen=True)
class Cost:
    """An amount as the ledger keeps it (G-27)."""

    net_pence: int
    vat_pence: int | None
    recoverable_vat_pence: int | None
    irrecoverable_vat_pence: int | None
    amount_basis: Literal["net", "gross"]
    eligible_pence: int


def cost_of(amounts: Amounts) -> Cost:
    """Eligible cost is net and irrecoverable VAT; where the VAT cannot be separated, the gross (G-27)."""
    net, vat, gross = amounts.net_pence, amounts.vat_pence, amounts.gross_pence
    recovered, kept = amounts.recoverable_vat_pence, amounts.irrecoverable_vat_pence
    if amounts.gross_used:
        if (vat, recovered, kept) != (None, None, None) or gross not in (None, net):
            raise _vat("With gross_used net_pence holds the gross and no VAT stands beside it; leave the VAT out.")
        return Cost(net, None, None, None, "gross", net)
    if vat is None and recovered is not None:
        if kept is None:
            raise _vat("Give vat_pence beside the recoverable part.")
        vat = recovered + kept
    if vat is not None:
        if recovered is None and kept is None and vat == 0:
            recovered = 0
        if recovered is None and kept is None:
            raise _vat("Say how much of the VAT is recovered: recoverable_vat_pence, 0 for none.")
        recovered = vat - (kept or 0) if recovered is None else recovered
        kept = vat - recovered if kept is None else kept
        if recovered + kept != vat:
            raise _vat("Recoverable and irrecoverable VAT do not make the VAT; correct one of the three.")
        if vat * recovered < 0 or abs(recovered) > abs(vat):
            raise _vat("The recoverable part exceeds the VAT, or has the other sign; correct it.")
    inside = vat if vat is not None else kept
    if inside is not None and inside * net < 0:
        raise _vat("Net and VAT have opposite signs; give both the sign of the amount.")
    if gross is not None and net + (inside or 0) != gross:
        raise _vat(
            f"Net and VAT make {sterling(net + (inside or 0))}, not {sterling(gross)}; separate them or set gross_used."
        )
    return Cost(net, vat, recovered, kept, "net", net + (kept or 0))


def _vat(detail: str) -> VatInconsistent:
    return VatInconsistent(detail, pointer="/vat_pence")

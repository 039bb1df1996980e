"""Answers about ledger entries."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.grants.expenditure.names import NAME_IN_KEY, WITHHELD, withheld
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.tables import LedgerEntry
from services.grants.ledger.queries import paid_pence
from shared.http import Shape

EntryState = Literal["posted", "corrected", "reversed"]


class PartyShape(Shape):
    key: str | None
    kind: str
    name: str | None = Field(description="Left out for private payees unless the token is of finance.")
    company_number: str | None
    charity_number: str | None
    vcse: bool | None


class EntryShape(Shape):
    """An entry of an organisation's ledger."""

    entry_id: UUID
    organisation: str
    source: str = Field(description="Source profile it came through; `by_hand` where it came through none.")
    batch_id: UUID
    record: int
    line: int | None
    line_key: str
    item_id: str
    line_no: int
    kind: str
    state: EntryState = Field(description="Corrected or reversed by another entry; the entry itself never changes.")
    reversed_by: UUID | None = Field(description="The entry that cancels this one exactly.")
    corrected_by: UUID | None = Field(description="The full new entry that stands in its place.")
    chain_root: UUID = Field(description="First entry of its chain of corrections; itself where it corrects none.")
    ledger_class: str | None
    party: PartyShape
    unit: str | None
    category: str | None
    purpose: str | None
    card: str
    contract_ref: str | None
    service_date: date | None
    invoice_date: date | None
    payment_date: date
    date_basis: str
    net_pence: int
    vat_pence: int | None
    recoverable_vat_pence: int | None
    irrecoverable_vat_pence: int | None
    amount_basis: str
    eligible_pence: int = Field(description="What counts in the accruals view: net and irrecoverable VAT (G-27).")
    paid_pence: int = Field(description="What counts in the cash view: the full amount paid (G-26).")
    agreement_id: UUID | None
    line_code: str | None
    accounting_quarter: str | None
    late_for: str | None
    reverses: UUID | None
    replaces: UUID | None
    reason: str | None
    decision_ref: str | None
    use_codes: list[str] | None = Field(description="Rules of use it raises; empty: none; null: not declared (G-19).")
    use_exception: str | None
    beneficiary_gss: str | None
    credit_of: str | None = Field(description="Item that a credit note names, as in `item_id`.")
    source_redacted: bool
    flags: list[str]
    recorded_at: datetime


def entry_shape(
    entry: LedgerEntry,
    organisation: str,
    *,
    names: bool,
    reversed_by: UUID | None = None,
    corrected_by: UUID | None = None,
) -> EntryShape:
    """Without `names`, what tells who a private payee is stays out."""
    shown = names or entry.party_kind in PUBLIC_KINDS
    own = {name: getattr(entry, name) for name in EntryShape.model_fields if hasattr(entry, name)}
    party = PartyShape(
        key=entry.party_key,
        kind=entry.party_kind,
        name=entry.party_name if shown else None,
        company_number=entry.company_number if shown else None,
        charity_number=entry.charity_number if shown else None,
        vcse=entry.vcse,
    )
    if not shown:
        own["reason"] = None
    if not names:
        own |= {field: None for field in WITHHELD if withheld(entry.party_kind, entry.flags, field)}
        if NAME_IN_KEY in entry.flags:
            own["line_key"] = str(entry.entry_id)
    state: EntryState = "corrected" if corrected_by else "reversed" if reversed_by else "posted"
    return EntryShape(
        **own,
        organisation=organisation,
        party=party,
        state=state,
        reversed_by=reversed_by,
        corrected_by=corrected_by,
        chain_root=entry.replaces or entry.entry_id,
        paid_pence=paid_pence(entry),
    )


class ReversalShape(Shape):
    """An exact negation of one entry."""

    batch_id: UUID = Field(description="The act by hand that holds it.")
    reversal: EntryShape


class CorrectionShape(Shape):
    """Two entries posted at once: the reversal of the entry named, and the full new one."""

    batch_id: UUID
    reversal: EntryShape
    correction: EntryShape


class ReassignmentShape(Shape):
    """Entries of one source, each corrected to another line."""

    batch_id: UUID
    corrected: int = Field(description="How many entries were corrected.")


class ChainShape(Shape):
    """An entry, every reversal and every correction of it, in the order in which they were posted."""

    root: UUID
    newest: UUID | None = Field(description="The entry that stands; null where the last was reversed.")
    eligible_pence: int = Field(description="Sum over the chain: what of it counts.")
    entries: list[EntryShape]


class PaymentShape(Shape):
    payment_date: date
    paid_pence: int


class QuarterShape(Shape):
    accounting_quarter: str | None
    eligible_pence: int


class ItemShape(Shape):
    """An invoice or credit note with all its lines and payments."""

    organisation: str
    source: str
    item_id: str
    eligible_pence: int = Field(description="Sum of what counts, reversals included.")
    paid_pence: int
    payments: list[PaymentShape] = Field(description="The cash view: what was paid on which day.")
    quarters: list[QuarterShape] = Field(description="The accruals view: what counts in which quarter.")
    entries: list[EntryShape] = Field(description="In the order of their numbers within the item.")

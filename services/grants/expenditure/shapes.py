"""Answers about profiles, batches and lines."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.grants.expenditure.names import NAME_IN_KEY, WITHHELD, withheld
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.profile import Layout
from services.grants.expenditure.tables import ExpenditureBatch, HeldLine, LedgerEntry
from shared.http import Shape


class ProfileShape(Shape):
    """One version of a source's layout."""

    name: str
    version: int
    layout: Layout
    created_at: datetime
    created_by: str


class Count(Shape):
    lines: int = Field(description="How many lines.")
    pence: int = Field(description="Sum of the amounts as the source gave them, where they can be read.")


class Outcomes(Shape):
    """received = accepted + duplicate + conflict + rejected + held, in lines and in pence."""

    received: Count
    accepted: Count
    duplicate: Count
    conflict: Count
    rejected: Count
    held: Count
    amount_unreadable: int = Field(description="Rejected lines whose amount cannot be read: in the lines, in no sum.")
    not_lines: dict[str, int] = Field(description="Records that are no lines: blank, repeated_header, total_row, …")


class Reason(Shape):
    code: str
    detail: str = Field(description="What is wrong and what to do.")
    column: str | None = None
    fields: list[str] | None = Field(default=None, description="Fields that differ from what is stored.")


class BatchShape(Shape):
    """A file that was sent, and what became of every line in it."""

    id: UUID
    organisation: str = Field(description="Slug of the publisher whose ledger it is.")
    profile: str
    profile_version: int
    state: str = Field(description="received → processing → completed | failed")
    on_error: str
    corrects: UUID | None
    covers_from: date | None = Field(
        description="First day of payment the file is meant to cover; that of the batch it corrects where it says none."
    )
    covers_to: date | None = Field(description="Last day of payment the file is meant to cover.")
    sha256: str = Field(description="Hash of the original's bytes as sent.")
    size_bytes: int
    media_type: str
    encoding: str
    lines_read: int = Field(description="Progress: data records read so far.")
    outcomes: Outcomes
    eligible_pence: int = Field(description="Sum of eligible_pence of the accepted lines (G-27).")
    flags: dict[str, int] = Field(description="Findings that stopped no line: code → accepted lines that carry it.")
    findings: list[dict[str, Any]] = Field(description="Budget lines whose entries exceed their budget (G-30).")
    event_count: int
    failure: Reason | None
    created_at: datetime
    created_by: str
    started_at: datetime | None
    completed_at: datetime | None
    links: dict[str, str]


class LineShape(Shape):
    """A line of a batch and its outcome."""

    record: int = Field(description="Data record, counted from 1.")
    line: int | None = Field(description="Physical line on which the record begins; null in JSON.")
    outcome: str
    amount_pence: int | None
    line_key: str | None
    entry_id: UUID | None = Field(description="Its entry, or the stored one it equals or contradicts.")
    reasons: list[Reason]
    flags: list[str]


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
    source: str
    batch_id: UUID
    record: int
    line: int | None
    line_key: str
    item_id: str
    line_no: int
    kind: str
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
    eligible_pence: int
    agreement_id: UUID | None
    line_code: str | None
    accounting_quarter: str | None
    late_for: str | None
    reverses: UUID | None
    replaces: UUID | None
    reason: str | None
    decision_ref: str | None
    source_redacted: bool
    flags: list[str]
    recorded_at: datetime


class HeldShape(Shape):
    """A line that a person must decide on."""

    id: UUID
    organisation: str
    source: str
    batch_id: UUID
    record: int
    line: int | None
    amount_pence: int
    reasons: list[Reason]
    entry: dict[str, Any] = Field(description="The line as it would enter the ledger.")
    held_at: datetime


def batch_shape(batch: ExpenditureBatch, organisation: str, base_url: str) -> BatchShape:
    here = f"{base_url}/v1/expenditure-batches/{batch.id}"
    counts = {
        outcome: Count(lines=getattr(batch, f"{outcome}_lines"), pence=getattr(batch, f"{outcome}_pence"))
        for outcome in ("received", "accepted", "duplicate", "conflict", "rejected", "held")
    }
    return BatchShape(
        **{
            name: getattr(batch, name)
            for name in BatchShape.model_fields
            if hasattr(batch, name) and name not in ("failure",)
        },
        organisation=organisation,
        profile=batch.source,
        sha256=batch.file_sha256,
        outcomes=Outcomes(**counts, amount_unreadable=batch.amount_unreadable_lines, not_lines=batch.not_lines),
        failure=Reason(code=batch.failure["code"], detail=batch.failure["detail"]) if batch.failure else None,
        links={
            "self": here,
            "lines": f"{here}/lines",
            "errors": f"{here}/errors",
            "errors_csv": f"{here}/errors.csv",
            "original": f"{here}/original",
        },
    )


COUNTED_KEY = re.compile("[0-9a-f]{32}#[0-9]+")


def line_shape(row: Any, *, names: bool) -> LineShape:
    """Without `names`, a key that may hold a payee's name is the entry's id, and empty where no entry was made."""
    key = row.line_key
    if not names and key is not None:
        if row.outcome == "accepted":
            key = str(row.entry_id) if NAME_IN_KEY in row.flags else key
        elif not COUNTED_KEY.fullmatch(key):
            key = None
    return LineShape(
        record=row.record,
        line=row.line,
        outcome=row.outcome,
        amount_pence=row.amount_pence,
        line_key=key,
        entry_id=row.entry_id,
        reasons=[Reason(**reason) for reason in row.reasons or []],
        flags=row.flags or [],
    )


def entry_shape(entry: LedgerEntry, organisation: str, *, names: bool) -> EntryShape:
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
    if not names:
        own |= {field: None for field in WITHHELD if withheld(entry.party_kind, entry.flags, field)}
        if NAME_IN_KEY in entry.flags:
            own["line_key"] = str(entry.entry_id)
    return EntryShape(**own, organisation=organisation, party=party)


def held_shape(line: HeldLine, organisation: str, *, names: bool) -> HeldShape:
    own = {name: getattr(line, name) for name in HeldShape.model_fields if hasattr(line, name)}
    entry = dict(line.entry)
    if not names and entry.get("party_kind") not in PUBLIC_KINDS:
        kind, flags = entry.get("party_kind"), entry.get("flags") or ()
        kept_back = [field for field in WITHHELD if withheld(kind, flags, field)]
        entry |= dict.fromkeys(("party_name", "company_number", "charity_number", *kept_back))
    return HeldShape(**{**own, "entry": entry}, organisation=organisation)

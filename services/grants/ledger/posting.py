"""An act by hand as a batch of its own: its entries, the account of them, their events, in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.grants.commands import load_agreement_to_change
from services.grants.expenditure.bulk_events import LineEvents
from services.grants.expenditure.line import INCOMING
from services.grants.expenditure.name_findings import look_back, private_names
from services.grants.expenditure.names import WITHHELD, flags_naming_others
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.persons import PRIVATE_KINDS, PersonNames
from services.grants.expenditure.rules import Taken, complete_batch
from services.grants.expenditure.tables import BatchLine, ExpenditureBatch, HeldLine, LedgerEntry
from services.grants.expenditure.valuation import NET_COMPUTED
from services.grants.faults import year_of
from services.grants.ledger.queries import last_line_numbers
from services.grants.ledger.rules import AgreementFacts
from services.grants.periods.tables import AccountingPeriod
from services.grants.queries import agreement_of_year, budget_awaiting, carrying_lines
from services.grants.tables import Agreement
from services.grants.use_rules.faults import UnknownAgreement
from services.grants.use_rules.rules import Judgement
from shared.periods import london_date
from shared.work import Work

NOT_OF_THE_ENTRY = frozenset(
    {"record", "line", "amount_pence", "reasons", "use_reasons", "line_key", "loose_key", "fingerprint", "rule"}
)


async def lock_ledger(work: Work, organisation_id: UUID, source: str) -> None:
    """Acts by hand and merges of one organisation and source go one at a time."""
    await work.lock("expenditure", str(organisation_id), source)


async def facts_of_year(work: Work, label: str) -> AgreementFacts:
    """The agreement of a year named in a request, locked."""
    found = await agreement_of_year(work.session, year_of(label, pointer="/agreement").label)
    if found is None:
        raise UnknownAgreement("There is no agreement for this year; enter it first.", pointer="/agreement")
    return await facts_of(work, found.id)


async def facts_of(work: Work, agreement_id: UUID) -> AgreementFacts:
    """What a posting must know of an agreement. Locks it; who locks a quarter waits for that lock too (G-29)."""
    agreement: Agreement = await load_agreement_to_change(work, str(agreement_id))
    statement = (
        select(AccountingPeriod)
        .where(AccountingPeriod.agreement_id == agreement.id)
        .order_by(col(AccountingPeriod.quarter))
    )
    day = max(london_date(work.now), agreement.in_force_from)
    return AgreementFacts(
        agreement_id=agreement.id,
        year=year_of(agreement.year),
        territory=agreement.territory,
        lines={line.code: line.kind for line in await carrying_lines(work.session, agreement.id, day)},
        quarters={period.quarter: period.lock_reason for period in (await work.session.exec(statement)).all()},
        budget_awaiting=await budget_awaiting(work.session, agreement.id),
    )


async def facts_by_id(work: Work, agreement_ids: Iterable[UUID | None]) -> dict[UUID, AgreementFacts]:
    """The same for several agreements, locked in one order whoever asks."""
    return {found: await facts_of(work, found) for found in sorted({one for one in agreement_ids if one is not None})}


class Numbers:
    """Gives lines their number within their item."""

    def __init__(self, last: dict[str, int]) -> None:
        self._last = last

    @classmethod
    async def of(cls, work: Work, organisation_id: UUID, source: str, items: Iterable[str]) -> Numbers:
        return cls(await last_line_numbers(work.session, organisation_id, source, items))

    def next(self, item_id: str) -> int:
        self._last[item_id] = self._last.get(item_id, 0) + 1
        return self._last[item_id]


def batch_by_hand(work: Work, *, batch_id: UUID, organisation_id: UUID, source: str, kind: str) -> ExpenditureBatch:
    return ExpenditureBatch(
        id=batch_id,
        organisation_id=organisation_id,
        source=source,
        kind=kind,
        state="completed",
        on_error="reject_batch",
        created_at=work.now,
        created_by=work.actor.sub,
        created_by_name=work.actor.name or "",
        started_at=work.now,
        completed_at=work.now,
    )


async def post(work: Work, batch: ExpenditureBatch, entries: Sequence[LedgerEntry]) -> None:
    """Store the entries of an act by hand with the account of them. Records their events, as a file's are."""
    await _withhold_names(work, batch, entries)
    pence = sum(amount_pence(entry) for entry in entries)
    batch.received_lines = batch.accepted_lines = batch.lines_read = len(entries)
    batch.received_pence = batch.accepted_pence = pence
    batch.eligible_pence = sum(entry.eligible_pence for entry in entries)
    batch.flags = dict(sorted(Counter(flag for entry in entries for flag in entry.flags).items()))
    work.session.add(batch)
    await work.session.flush()
    work.session.add_all(entries)
    await work.session.flush()
    batch.findings = await look_back(work, batch.id, batch.organisation_id)
    events = await LineEvents.of(work, batch)
    await events.record_batch()
    batch.event_count = events.count
    completed = complete_batch(
        Taken(batch.id, batch.organisation_id, batch.source, events.count, _months(entries), by_hand=True)
    )
    if completed is not None:
        await work.record(completed)


async def _withhold_names(work: Work, batch: ExpenditureBatch, entries: Sequence[LedgerEntry]) -> None:
    """A text that names a person who is withheld as payee leaves with no line (T-63)."""
    own = [entry.party_name for entry in entries if entry.party_name and entry.party_kind in PRIVATE_KINDS]
    persons = PersonNames([*await private_names(work.session, [batch.organisation_id]), *own])
    for entry in entries:
        if entry.party_kind in PUBLIC_KINDS and persons:
            texts = {field: getattr(entry, field) for field in WITHHELD}
            entry.flags = sorted({*entry.flags, *flags_naming_others(persons, entry.party_name, texts)})


async def hold(work: Work, batch: ExpenditureBatch, entry: LedgerEntry, reasons: list[dict[str, Any]]) -> HeldLine:
    """Store a line entered by hand as one that waits for a decision; nothing enters the ledger."""
    pence = amount_pence(entry)
    batch.received_lines = batch.held_lines = batch.lines_read = 1
    batch.received_pence = batch.held_pence = pence
    work.session.add(batch)
    await work.session.flush()
    held = HeldLine(
        id=entry.entry_id,
        organisation_id=entry.organisation_id,
        source=entry.source,
        batch_id=batch.id,
        record=1,
        line_key=entry.line_key,
        fingerprint=entry.fingerprint,
        amount_pence=pence,
        reasons=reasons,
        entry=as_held(entry),
        held_at=work.now,
    )
    work.session.add(held)
    work.session.add(
        BatchLine(
            batch_id=batch.id, record=1, outcome="held", amount_pence=pence, line_key=entry.line_key, reasons=reasons
        )
    )
    await work.session.flush()
    return held


def use_reason(judgement: Judgement) -> dict[str, Any]:
    """Why a line is held by the rules of use (G-19): the rule, its paragraph and what to do."""
    code = "use_refused" if judgement.outcome == "refused" else "use_decision_required"
    rule = {"rule": judgement.code, "paragraph": judgement.paragraph}
    return {"code": code, "detail": judgement.detail, "column": None, **rule}


def as_held(entry: LedgerEntry) -> dict[str, Any]:
    """An entry as a held line keeps it: JSON, in the members that a load writes."""
    kept = [name for name in INCOMING if name not in NOT_OF_THE_ENTRY]
    values = {name: getattr(entry, name) for name in (*kept, "agreement_id", "line_code", "late_for", "reason")}
    return {
        name: value if value is None or isinstance(value, str | int | list) else str(value)
        for name, value in values.items()
    }


def amount_pence(entry: LedgerEntry) -> int:
    """The amount as a source gives it; `queries.AMOUNT` of expenditure says the same of stored entries."""
    if NET_COMPUTED in entry.flags:
        return entry.net_pence + (entry.vat_pence or 0)
    return entry.net_pence if entry.vat_pence is not None else entry.eligible_pence


def _months(entries: Sequence[LedgerEntry]) -> list[tuple[str, int, int]]:
    lines: Counter[str] = Counter()
    pence: Counter[str] = Counter()
    for entry in entries:
        month = f"{entry.payment_date:%Y-%m}"
        lines[month] += 1
        pence[month] += entry.eligible_pence
    return [(month, lines[month], pence[month]) for month in sorted(lines)]

"""Reversing entries, correcting them and moving many: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from services.grants.expenditure.tables import ExpenditureBatch, LedgerEntry
from services.grants.expenditure.valuation import NET_COMPUTED, VAT_COMPUTED
from services.grants.faults import year_of
from services.grants.ledger.content import Content, Place, cleaned, content_of, negated, row_of, said_anew
from services.grants.ledger.faults import NothingChanges, VatInconsistent
from services.grants.ledger.posting import (
    Numbers,
    batch_by_hand,
    facts_by_id,
    lock_ledger,
    post,
)
from services.grants.ledger.queries import Alike, chain_end, entries_alike, entry_rows
from services.grants.ledger.rules import (
    AgreementFacts,
    ChainPlace,
    Placed,
    may_reverse,
    place_reversal,
)
from services.grants.ledger.rules import correct_line as decide_correction
from services.grants.ledger.values import Amounts, Cost, cost_of
from services.grants.queries import agreement_of_year
from services.grants.use_rules.faults import UnknownAgreement
from services.grants.use_rules.queries import rule_book
from services.grants.use_rules.rules import RuleBook
from shared.errors import NotFound
from shared.periods import london_date
from shared.work import Work

OF_THE_AMOUNT = (NET_COMPUTED, VAT_COMPUTED, "vat_inconsistent", "float_noise")
"""Findings on an amount as a file gave it; they say nothing of one that a person gives."""


async def reverse_entry(work: Work, entry_id: UUID, reason: str) -> LedgerEntry:
    """Negate an entry exactly, once (G-28), in its own quarter where that is open, else in the first open one."""
    chosen = await _choose(work, [entry_id], None)
    [entry] = chosen.entries
    batch, reversal = chosen.batch("reversal"), chosen.reverse(entry, record=1, reason=reason)
    await post(work, batch, [reversal])
    work.audit("reverse_entry", entry.entry_id, after={"reversal": reversal.entry_id, "batch": batch.id})
    return reversal


@dataclass(frozen=True)
class Changes:
    """What a correction says otherwise: fields that are given, by name; what is not given is copied."""

    content: dict[str, Any] = field(default_factory=dict)
    payee: dict[str, Any] = field(default_factory=dict)
    amounts: dict[str, Any] = field(default_factory=dict)
    to: dict[str, Any] = field(default_factory=dict)

    def of(self, before: Content) -> Content:
        payee = before.payee
        if self.payee:
            renamed = not self.payee.keys().isdisjoint(("name", "kind", "number"))
            payee = replace(payee, **{"key": None if renamed else payee.key, **self.payee})
        changed = replace(before, payee=payee, **self.content).cleaned()
        if not self.amounts:
            return changed
        assert isinstance(before.amounts, Cost)
        amounts = said_anew(before.amounts)
        if self.amounts.get("gross_used"):
            amounts = Amounts(net_pence=amounts.net_pence, gross_used=True)
        flags = tuple(flag for flag in before.flags if flag not in OF_THE_AMOUNT)
        return replace(changed, amounts=replace(amounts, **self.amounts), flags=flags)


async def correct_entry(work: Work, entry_id: UUID, changes: Changes, reason: str) -> tuple[LedgerEntry, LedgerEntry]:
    """Post the reversal of an entry and a full new entry in its place (G-28): reversal, correction."""
    chosen = await _choose(work, [entry_id], changes.to.get("agreement"))
    [entry] = chosen.entries
    batch = chosen.batch("correction")
    pair = await _correct(work, chosen, entry, changes, reason, first_record=1)
    await post(work, batch, pair)
    reversal, correction = pair
    work.audit(
        "correct_entry",
        entry.entry_id,
        before={"eligible_pence": entry.eligible_pence, "line_code": entry.line_code},
        after={"eligible_pence": correction.eligible_pence, "line_code": correction.line_code, "batch": batch.id},
    )
    return reversal, correction


async def reassign_entries(work: Work, alike: Alike, changes: Changes, reason: str) -> tuple[ExpenditureBatch, int]:
    """Correct every standing entry that is alike, all at once or none: each is reversed and posted anew (G-28a)."""
    work.may_write_for(alike.organisation)
    found = await entries_alike(work.session, alike)
    if not found:
        raise NotFound("No standing entry is alike; nothing was corrected.")
    chosen = await _choose(work, found, changes.to.get("agreement"))
    batch = chosen.batch("correction")
    rows: list[LedgerEntry] = []
    for number, entry in enumerate(chosen.entries):
        rows += await _correct(work, chosen, entry, changes, reason, first_record=2 * number + 1)
    await post(work, batch, rows)
    work.audit("reassign_entries", batch.id, after={"entries": len(found), **alike.shown(), **changes.to})
    return batch, len(found)


async def _correct(
    work: Work, chosen: Chosen, entry: LedgerEntry, changes: Changes, reason: str, *, first_record: int
) -> tuple[LedgerEntry, LedgerEntry]:
    before = content_of(entry)
    content = changes.of(before).declared_in(chosen.book)
    agreement, line_code = chosen.facts_for(entry, changes)
    origin = chosen.facts.get(entry.agreement_id) if entry.agreement_id else None
    same_place = agreement == origin and line_code == entry.line_code
    same = replace(content, amounts=before.amounts, flags=before.flags) == before and _same_cost(
        content.amounts, before.amounts
    )
    if same and same_place and not changes.to.get("quarter"):
        raise NothingChanges("Everything given stands in the entry already; give what is to change.")
    use = content.use(agreement, line_code)
    posted = decide_correction(
        content.line(agreement, line_code, changes.to.get("quarter")),
        chosen.book,
        today=london_date(work.now),
        judged=same_place and use == before.use(origin, entry.line_code),
    )
    reversal = chosen.reverse(entry, record=first_record, reason=reason)
    correction_id = work.new_id()
    correction = row_of(
        replace(content, kind="correction"),
        chosen.place(entry, first_record + 1, f"correction {correction_id}"),
        posted,
        entry_id=correction_id,
        fingerprint=work.new_id(),
        agreement_id=agreement.agreement_id if agreement else None,
        line_code=line_code,
        replaces=entry.replaces or entry.entry_id,
        reason=cleaned(reason),
    )
    return reversal, correction


def _same_cost(said: Amounts | Cost, stood: Amounts | Cost) -> bool:
    try:
        return said == stood or (isinstance(said, Amounts) and cost_of(said) == stood)
    except VatInconsistent:
        return False


@dataclass(frozen=True)
class Chosen:
    """Entries about to be reversed or corrected, with all that is locked for it."""

    work: Work
    entries: Sequence[LedgerEntry]
    facts: dict[UUID, AgreementFacts]
    named: AgreementFacts | None
    numbers: Numbers
    book: RuleBook
    batch_id: UUID

    def batch(self, kind: str) -> ExpenditureBatch:
        first = self.entries[0]
        return batch_by_hand(
            self.work, batch_id=self.batch_id, organisation_id=first.organisation_id, source=first.source, kind=kind
        )

    def place(self, entry: LedgerEntry, record: int, line_key: str) -> Place:
        return Place(
            entry.organisation_id,
            entry.source,
            self.batch_id,
            record,
            line_key,
            entry.item_id,
            self.numbers.next(entry.item_id),
            self.work.now,
        )

    def facts_for(self, entry: LedgerEntry, changes: Changes) -> tuple[AgreementFacts | None, str | None]:
        """The agreement and the line of a correction: those given, else those of the entry."""
        if "agreement" in changes.to:
            agreement = self.named
        else:
            agreement = self.facts[entry.agreement_id] if entry.agreement_id else None
        return agreement, changes.to.get("line_code", entry.line_code) if agreement else None

    def reverse(self, entry: LedgerEntry, *, record: int, reason: str) -> LedgerEntry:
        placed = Placed(None, None)
        if entry.agreement_id and entry.accounting_quarter:
            placed = place_reversal(self.facts[entry.agreement_id], entry.accounting_quarter, entry.late_for)
        return negated(
            entry,
            self.place(entry, record, f"reversal of {entry.entry_id}"),
            entry_id=self.work.new_id(),
            fingerprint=self.work.new_id(),
            reverses=entry.entry_id,
            reason=cleaned(reason),
            accounting_quarter=placed.quarter,
            late_for=placed.late_for,
        )


async def _choose(work: Work, entry_ids: Sequence[UUID], label: str | None) -> Chosen:
    """Load entries of one source, lock all they touch, and refuse where one of them stands no more (G-28)."""
    rows = await entry_rows(work.session, entry_ids, work.actor.organisations)
    if len(rows) < len(set(entry_ids)):
        raise NotFound("There is no entry of this id that you may see.")
    entries = [rows[entry_id][0] for entry_id in entry_ids]
    to = await agreement_of_year(work.session, year_of(label, pointer="/agreement").label) if label else None
    if label and to is None:
        raise UnknownAgreement("There is no agreement for this year; enter it first.", pointer="/agreement")
    facts = await facts_by_id(work, [to.id if to else None, *(entry.agreement_id for entry in entries)])
    first = entries[0]
    await lock_ledger(work, first.organisation_id, first.source)
    # What was reversed meanwhile shows now.
    for row in (await entry_rows(work.session, entry_ids)).values():
        entry, _, reversed_by, corrected_by = row
        newest = None
        if reversed_by is not None:
            end = await chain_end(work.session, entry.replaces or entry.entry_id)
            newest = None if end.reversed else end.newest
        may_reverse(ChainPlace(entry.entry_id, entry.kind, reversed_by, corrected_by, newest))
    return Chosen(
        work=work,
        entries=entries,
        facts=facts,
        named=facts[to.id] if to else None,
        numbers=await Numbers.of(work, first.organisation_id, first.source, {entry.item_id for entry in entries}),
        book=await rule_book(work.session),
        batch_id=work.new_id(),
    )

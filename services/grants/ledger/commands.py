"""Entering a line of a ledger by hand: load, decide, store, record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from services.grants.expenditure.identity import item_of
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.tables import BY_HAND, HeldLine, LedgerEntry
from services.grants.ledger.content import Content, Place, cleaned, row_of
from services.grants.ledger.posting import (
    Numbers,
    batch_by_hand,
    facts_of_year,
    hold,
    lock_ledger,
    post,
    use_reason,
)
from services.grants.ledger.queries import has_part
from services.grants.ledger.rules import enter_line as decide_entry
from services.grants.organisations.queries import referenced_organisation
from services.grants.use_rules.faults import UnknownEntry
from services.grants.use_rules.queries import rule_book
from shared.periods import london_date
from shared.work import Work


@dataclass(frozen=True)
class Destination:
    """Where a line goes: the agreement by its year (None outside any), its line, and a quarter that is named."""

    agreement: str | None = None
    line_code: str | None = None
    quarter: str | None = None


@dataclass(frozen=True)
class ItemNamed:
    """The invoice a line entered by hand belongs to: named by a reference, or by another of its lines."""

    reference: str | None = None
    same_as: UUID | None = None


async def enter_line(
    work: Work,
    organisation: str,
    content: Content,
    to: Destination,
    item: ItemNamed,
    *,
    origin_id: UUID | None,
    reason: str | None,
) -> LedgerEntry | HeldLine:
    """Post a line by hand (G-27 to G-29); where its use needs a decision it is held for the chief finance officer."""
    work.may_write_for(organisation)
    owner = await referenced_organisation(work.session, organisation, "/organisation")
    agreement = await facts_of_year(work, to.agreement) if to.agreement is not None else None
    beside = await _own_entry(work, owner.id, item.same_as, "/same_item_as")
    origin = await _own_entry(work, owner.id, origin_id, "/origin")
    source = next((entry.source for entry in (beside, origin) if entry is not None), BY_HAND)
    if beside is not None and origin is not None and beside.source != origin.source:
        raise UnknownEntry("Both entries named must have come through one source.", pointer="/origin")
    await lock_ledger(work, owner.id, source)
    book = await rule_book(work.session)
    content = replace(content.cleaned().declared_in(book), credit_of=origin.item_id if origin else None)
    posted = decide_entry(
        content.line(agreement, to.line_code, to.quarter),
        book,
        today=london_date(work.now),
        has_origin=origin is not None and reason is not None,
        has_part=agreement is None or await has_part(work.session, agreement.agreement_id, owner.id),
        unnamed=content.payee.kind in PUBLIC_KINDS and content.payee.name is None,
    )
    entry_id, batch_id = work.new_id(), work.new_id()
    item_id = beside.item_id if beside else item_of(source, item.reference) if item.reference else entry_id.hex
    numbers = await Numbers.of(work, owner.id, source, [item_id])
    entry = row_of(
        content,
        Place(owner.id, source, batch_id, 1, f"by hand {entry_id}", item_id, numbers.next(item_id), work.now),
        posted,
        entry_id=entry_id,
        fingerprint=work.new_id(),
        agreement_id=agreement.agreement_id if agreement else None,
        line_code=to.line_code if agreement else None,
        reason=cleaned(reason),
    )
    batch = batch_by_hand(work, batch_id=batch_id, organisation_id=owner.id, source=source, kind="entry")
    after = {"batch": batch.id, "eligible_pence": entry.eligible_pence, "line_code": entry.line_code}
    if posted.judgement is not None and posted.judgement.outcome == "decision_required":
        held = await hold(work, batch, entry, [use_reason(posted.judgement)])
        work.audit("hold_line", held.id, after=after)
        return held
    await post(work, batch, [entry])
    work.audit("enter_line", entry.entry_id, after=after)
    return entry


async def _own_entry(work: Work, organisation_id: UUID, entry_id: UUID | None, pointer: str) -> LedgerEntry | None:
    if entry_id is None:
        return None
    entry = await work.session.get(LedgerEntry, entry_id)
    if entry is None or entry.organisation_id != organisation_id:
        raise UnknownEntry("The organisation's ledger has no entry of this id; see the list.", pointer=pointer)
    return entry

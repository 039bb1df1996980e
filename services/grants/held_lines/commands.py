"""Deciding on held lines: load, decide, store, record. One line or many of a batch, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.grants.expenditure import settlement
from services.grants.expenditure.tables import ExpenditureBatch, HeldLine, LedgerEntry
from services.grants.faults import raise_together
from services.grants.held_lines.queries import held_rows, repeated_entries, waiting_of_batch
from services.grants.held_lines.rules import (
    BECOMES,
    Decision,
    Waiting,
    has_agreement,
    is_of_use,
    may_decide,
    of_record,
    use_decided,
)
from services.grants.held_lines.tables import HeldDecision
from services.grants.ledger.content import Content, Place, cleaned, content_of_held, row_of
from services.grants.ledger.posting import (
    Numbers,
    batch_by_hand,
    facts_by_id,
    facts_of_year,
    lock_ledger,
    post,
)
from services.grants.ledger.rules import AgreementFacts, take_in
from services.grants.use_rules.commands import SubjectKind, keep_declaration
from services.grants.use_rules.queries import rule_book
from services.grants.use_rules.rules import judge_use
from shared.auth import four_eyes
from shared.errors import NotFound, Refusal
from shared.periods import london_date
from shared.work import Work

SUBJECTS: tuple[SubjectKind, ...] = ("held_line", "entry")
"""A decision on use is kept with the line as it was held, and with the entry it became."""


@dataclass(frozen=True)
class Verdict:
    """What a person decides, and for an acceptance what they say otherwise of the line."""

    decision: Decision
    reason: str
    agreement: str | None = None
    line_code: str | None = None
    quarter: str | None = None
    use_codes: tuple[str, ...] | None = None
    use_exception: str | None = None
    duplicate_of: UUID | None = None


@dataclass(frozen=True)
class Decided:
    """What became of the lines: how many, their amounts, and the batch that holds the entries made of them."""

    held_ids: Sequence[UUID]
    state: str
    pence: int
    entry_batch_id: UUID | None


async def decide_batch(
    work: Work, batch_id: UUID, reason_code: str, verdict: Verdict, chosen: Sequence[UUID] | None
) -> Decided:
    """Decide on every line of a batch that waits for one reason, or on those of them that are named."""
    waiting = await waiting_of_batch(work.session, batch_id, reason_code)
    if chosen is not None:
        waiting = [held_id for held_id in waiting if held_id in set(chosen)]
    if not waiting or (chosen is not None and len(waiting) < len(set(chosen))):
        raise NotFound("The batch has no such lines that wait for this reason; see its held lines.")
    return await decide(work, waiting, verdict)


async def decide(work: Work, held_ids: Sequence[UUID], verdict: Verdict) -> Decided:
    """Decide on held lines of one batch (§6). Records the entries they become as an act by hand."""
    lines: list[HeldLine] = [row[0] for row in await held_rows(work.session, held_ids, work.actor.organisations)]
    if len(lines) < len(set(held_ids)):
        raise NotFound("There is no held line of this id that you may see.")
    first = lines[0]
    named = await facts_of_year(work, verdict.agreement) if verdict.agreement is not None else None
    known: dict[UUID, AgreementFacts] = {}
    if verdict.decision == "accept" and named is None:
        known = await facts_by_id(work, (_id(line.entry.get("agreement_id")) for line in lines))
    await lock_ledger(work, first.organisation_id, first.source)
    batch = await _lock_batch(work, first.batch_id)
    four_eyes(work.actor, batch.created_by, detail="Who sent the batch may not decide on its lines; another must.")
    rows = await held_rows(work.session, held_ids, work.actor.organisations)
    repeated = await repeated_entries(work.session, lines)
    by_cfo = work.actor.may("grants:cfo")
    for line, _, decided in rows:
        may_decide(
            Waiting(line.id, _codes(line), decided.decision if decided else None),
            verdict.decision,
            by_cfo=by_cfo,
            duplicate_of=verdict.duplicate_of or repeated.get(line.id),
        )
    if verdict.duplicate_of is not None:
        await _check_entry(work, first, verdict.duplicate_of)
    made: dict[UUID, LedgerEntry] = {}
    entry_batch: ExpenditureBatch | None = None
    decision_ids = {line.id: work.new_id() for line in lines}
    if verdict.decision in ("accept", "outside"):
        entry_batch = batch_by_hand(
            work, batch_id=work.new_id(), organisation_id=first.organisation_id, source=first.source, kind="decision"
        )
        made = await _enter(work, lines, verdict, named, known, entry_batch.id, decision_ids)
        await post(work, entry_batch, list(made.values()))
    elif verdict.decision == "refuse":
        await _keep_refusals(work, lines, verdict)
    state = BECOMES[verdict.decision]
    for line in lines:
        entry = made.get(line.id)
        work.session.add(
            HeldDecision(
                id=decision_ids[line.id],
                held_line_id=line.id,
                batch_id=line.batch_id,
                decision=state,
                reason=cleaned(verdict.reason) or "",
                use_exception=verdict.use_exception,
                entry_id=entry.entry_id if entry else None,
                entry_batch_id=entry_batch.id if entry_batch else None,
                duplicate_of=(verdict.duplicate_of or repeated.get(line.id)) if state == "duplicate" else None,
                decided_at=work.now,
                decided_by=work.actor.sub,
                decided_by_name=work.actor.name or "",
            )
        )
    batch.held_decided = {**batch.held_decided, state: batch.held_decided.get(state, 0) + len(lines)}
    batch.version += 1
    await work.session.flush()
    await settlement.decided(work, lines)
    pence = sum(line.amount_pence for line in lines)
    work.audit(
        "decide_held_lines",
        first.id if len(lines) == 1 else batch.id,
        after={
            "decision": state,
            "lines": len(lines),
            "pence": pence,
            "batch": batch.id,
            "entries": entry_batch.id if entry_batch else None,
        },
    )
    return Decided([line.id for line in lines], state, pence, entry_batch.id if entry_batch else None)


async def _enter(
    work: Work,
    lines: Sequence[HeldLine],
    verdict: Verdict,
    named: AgreementFacts | None,
    known: dict[UUID, AgreementFacts],
    batch_id: UUID,
    decision_ids: dict[UUID, UUID],
) -> dict[UUID, LedgerEntry]:
    """The entries that the lines become; what the decision says of their use is kept with line and entry."""
    book = await rule_book(work.session)
    first = lines[0]
    numbers = await Numbers.of(
        work, first.organisation_id, first.source, {str(line.entry["item_id"]) for line in lines}
    )
    entries: dict[UUID, LedgerEntry] = {}
    faults: list[Refusal] = []
    for record, line in enumerate(lines, 1):
        content = _content(line.entry, verdict).declared_in(book)
        agreement, line_code = named, verdict.line_code
        if verdict.decision == "outside":
            agreement, line_code = None, None
        elif named is None:
            agreement_id = _id(line.entry.get("agreement_id"))
            agreement = known[agreement_id] if agreement_id else None
            line_code = verdict.line_code or line.entry.get("line_code")
        try:
            outside_year = bool(line.entry.get("outside_year")) or "outside_agreement_year" in _codes(line)
            has_agreement(verdict.decision, agreement is not None, outside_year)
            posted = take_in(content.line(agreement, line_code, verdict.quarter), book, today=london_date(work.now))
        except Refusal as fault:
            faults.append(fault if len(lines) == 1 else of_record(fault, line.record))
            continue
        item_id = str(line.entry["item_id"])
        entry = row_of(
            content,
            Place(
                line.organisation_id,
                line.source,
                batch_id,
                record,
                line.line_key,
                item_id,
                numbers.next(item_id),
                work.now,
                line.line,
            ),
            posted,
            # The line's own id: whoever keeps it from the held line finds the entry by it.
            entry_id=line.id,
            fingerprint=line.fingerprint,
            agreement_id=agreement.agreement_id if agreement else None,
            line_code=line_code if agreement else None,
            decision_ref=content.decision_ref or str(decision_ids[line.id]),
            reason=line.entry.get("reason"),
            loose_key=line.loose_key,
        )
        kept = [flag for flag in line.entry.get("flags") or [] if flag not in entry.flags and flag != "party_missing"]
        entry.flags = sorted([*entry.flags, *kept])
        entries[line.id] = entry
        judgement = posted.judgement
        if judgement is not None and use_decided(judgement, _codes(line), by_cfo=work.actor.may("grants:cfo")):
            for kind in SUBJECTS:
                await keep_declaration(
                    work,
                    subject_kind=kind,
                    subject_id=line.id,
                    agreement_id=entry.agreement_id,
                    codes=content.use_codes,
                    exception=content.use_exception,
                    judgement=judgement,
                    rules_version=book.version,
                    decision="allowed",
                    reason=verdict.reason,
                )
    raise_together(faults)
    return entries


async def _keep_refusals(work: Work, lines: Sequence[HeldLine], verdict: Verdict) -> None:
    """A refusal of what the rules of use held is a decision on the use, and kept as one."""
    book = await rule_book(work.session)
    for line in lines:
        if not is_of_use(_codes(line)):
            continue
        content = _content(line.entry, verdict)
        use = content.use(None, line.entry.get("line_code"))
        agreement_id = _id(line.entry.get("agreement_id"))
        await keep_declaration(
            work,
            subject_kind="held_line",
            subject_id=line.id,
            agreement_id=agreement_id,
            codes=content.use_codes,
            exception=content.use_exception,
            judgement=judge_use(book, replace(use, agreement_id=str(agreement_id) if agreement_id else None)),
            rules_version=book.version,
            decision="refused",
            reason=verdict.reason,
        )


async def _lock_batch(work: Work, batch_id: UUID) -> ExpenditureBatch:
    statement = select(ExpenditureBatch).where(col(ExpenditureBatch.id) == batch_id).with_for_update(key_share=True)
    return (await work.session.exec(statement)).one()


async def _check_entry(work: Work, line: HeldLine, entry_id: UUID) -> None:
    entry = await work.session.get(LedgerEntry, entry_id)
    if entry is None or entry.organisation_id != line.organisation_id:
        raise NotFound("The organisation's ledger has no entry of this id.", pointer="/duplicate_of")


def _content(kept: dict[str, Any], verdict: Verdict) -> Content:
    """What a held line says, with what the decision says otherwise."""
    content = content_of_held(kept)
    return replace(
        content,
        use_codes=content.use_codes if verdict.use_codes is None else verdict.use_codes,
        use_exception=verdict.use_exception or content.use_exception,
    )


def _codes(line: HeldLine) -> tuple[str, ...]:
    return tuple(str(reason["code"]) for reason in line.reasons)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None

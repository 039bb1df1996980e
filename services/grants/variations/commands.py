"""Proposing and deciding on variations and virements: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import cast

from services.grants.agreements.commands import event_parties, keep_version
from services.grants.agreements.queries import terms_as_at, varied_from
from services.grants.awards.queries import awarded_pence
from services.grants.budget.commands import revise_budget
from services.grants.budget.lines import Line
from services.grants.budget.queries import as_typed, effective_budget, load_budget
from services.grants.budget.tables import BudgetVersion
from services.grants.commands import load_agreement_to_change, touch
from services.grants.faults import not_after, year_of
from services.grants.payments.queries import received_pence
from services.grants.queries import budget_awaiting, budget_lines, reported_quarters
from services.grants.tables import Agreement
from services.grants.underspend.queries import netted_off
from services.grants.variations.content.rules import Content, ProposedOn, VariationPosition, check_again
from services.grants.variations.queries import (
    content_of,
    decisions_of,
    load_variation,
    next_number,
    thresholds_of,
)
from services.grants.variations.rules import (
    Decision,
    changed_terms,
    decide_step,
    propose_variation,
    vary_agreement,
)
from services.grants.variations.tables import Variation, VariationDecision, VirementLine
from services.grants.variations.virements.rules import Judgement, Procedure, Thresholds
from shared.periods import Quarter, london_date, start_of_day
from shared.work import Work


async def propose(
    work: Work,
    agreement_key: str,
    content: Content,
    *,
    reason: str,
    evidence: str | None,
    judged: Judgement | None,
    proposed_on: date | None,
) -> Variation:
    """Propose a variation or a virement; nothing of it holds before it is agreed (G-13 to G-16)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    today = london_date(work.now)
    proposed_on = proposed_on or today
    not_after(proposed_on, today, "/proposed_on")
    if proposed_on < today:
        work.happened_at(start_of_day(proposed_on), "proposed_on")
    current = await effective_budget(work.session, agreement.id)
    proposed = propose_variation(await position_of(work, agreement, current), content, judged)
    variation = Variation(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=await next_number(work.session, agreement.id),
        kind=content.kind,
        is_virement=content.is_virement,
        procedure=proposed.procedure,
        why_department=list(proposed.why_department),
        reason=reason,
        evidence=evidence,
        proposed_on=proposed_on,
        effective_from=content.effective_from,
        significant=proposed.significance.significant,
        significance_basis=proposed.significance.basis,
        significance_reason=proposed.significance.reason,
        significance_by=proposed.significance.by,
        grant_pence=content.grant_pence,
        in_force_to=content.in_force_to,
        review_by=content.review_by,
        changes=[asdict(change) for change in content.changes],
        lines=[asdict(line) for line in content.lines] if content.lines is not None else None,
        budget_before=current.number if current else None,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(variation)
    await work.session.flush()
    ids = {line.code: line.line_id for line in await budget_lines(work.session, current.id)} if current else {}
    work.session.add_all(
        VirementLine(
            variation_id=variation.id,
            code=move.code,
            line_id=ids[move.code],
            position=place,
            delta_pence=move.delta_pence,
        )
        for place, move in enumerate(content.moves or ())
    )
    work.audit(
        "propose_virement" if content.is_virement else "propose_variation",
        variation.id,
        after={"number": variation.number, "kind": variation.kind, "procedure": variation.procedure},
        reason=reason,
    )
    return variation


async def decide(work: Work, agreement_key: str, key: str, decision: Decision, *, reason: str | None) -> Variation:
    """Record a step of a variation; the department's agreement puts it into effect (G-16).

    Then records AgreementVaried, and BudgetSet where it changes the budget.
    """
    agreement = await load_agreement_to_change(work, agreement_key)
    variation = await load_variation(work.session, agreement.id, key)
    steps = await decisions_of(work.session, variation.id)
    today = london_date(work.now)
    last = steps[-1].decided_on if steps else variation.proposed_on
    before = variation.state
    procedure = cast(Procedure, variation.procedure)
    state = decide_step(variation.state, procedure, variation.number, decision, today=today, last=last)
    if decision.on < today:
        work.happened_at(start_of_day(decision.on), "on")
    if state == "agreed":
        await _put_into_effect(work, agreement, variation, decision)
    note(work, variation, decision, number=len(steps) + 1, state=state, reason=reason)
    work.audit(
        "decide_on_variation",
        variation.id,
        before={"state": before},
        after={"state": state, "decision": decision.decision, "reference": decision.reference},
        reason=reason,
    )
    return variation


async def _put_into_effect(work: Work, agreement: Agreement, variation: Variation, decision: Decision) -> None:
    current = await effective_budget(work.session, agreement.id)
    position = await position_of(work, agreement, current)
    content = await content_of(work.session, variation)
    lines = check_again(position, content, await proposed_on(work, variation))
    touch(work, agreement)
    # As of its own day: what another variation changes from a later day on is not told with this one.
    terms_then = await terms_as_at(work.session, agreement.id, content.effective_from) or {}
    fact = vary_agreement(
        replace(
            position,
            grant_pence=terms_then.get("grant_pence", position.grant_pence),
            in_force_to=_day(terms_then.get("in_force_to")) or position.in_force_to,
            review_by=_day(terms_then.get("review_by", position.review_by)),
        ),
        content,
        variation_id=variation.id,
        version=agreement.version,
        parties=await event_parties(work, agreement, decision.on),
        reference=decision.reference or "",
    )
    terms = changed_terms(position, content)
    for name, (_, after) in terms.items():
        setattr(agreement, name, after)
    keep_version(
        work,
        agreement,
        "vary_agreement",
        {name: after for name, (_, after) in terms.items()},
        before={name: before for name, (before, _) in terms.items()},
        in_words=[(change.deliverable or change.what or "", change.before, change.after) for change in content.changes],
        effective_from=content.effective_from,
        variation_id=variation.id,
    )
    await work.record(fact)
    if lines is not None:
        await revise(work, agreement, variation, current, lines, author=variation.created_by, approved_by=None)


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


async def revise(
    work: Work,
    agreement: Agreement,
    variation: Variation,
    current: BudgetVersion | None,
    lines: Sequence[Line],
    *,
    author: str,
    approved_by: str | None,
) -> None:
    version = await revise_budget(
        work,
        agreement,
        lines,
        effective_from=variation.effective_from,
        variation_id=variation.id,
        author=author,
        approved_by=approved_by,
    )
    variation.budget_before = current.number if current else None
    variation.budget_after = version.number


def note(work: Work, variation: Variation, decision: Decision, *, number: int, state: str, reason: str | None) -> None:
    work.session.add(
        VariationDecision(
            id=work.new_id(),
            variation_id=variation.id,
            number=number,
            decision=decision.decision,
            by_name=decision.by,
            decided_on=decision.on,
            reference=decision.reference,
            reason=reason,
            recorded_at=work.now,
            recorded_by=work.actor.sub,
        )
    )
    variation.state = state
    if state in ("agreed", "refused", "withdrawn"):
        variation.decided_by, variation.decided_on = decision.by or work.actor.name, decision.on
        variation.reference = decision.reference
    variation.version += 1
    variation.modified_at = work.now


async def proposed_on(work: Work, variation: Variation) -> ProposedOn | None:
    """The budget version that stood when it was proposed; None where there was none."""
    if variation.budget_before is None:
        return None
    version = await load_budget(work.session, variation.agreement_id, variation.budget_before)
    return ProposedOn(version.number, version.grant_pence)


async def position_of(work: Work, agreement: Agreement, current: BudgetVersion | None) -> VariationPosition:
    settings = await thresholds_of(work.session, agreement.id)
    reported = await reported_quarters(work.session, agreement.id)
    lines = as_typed(await budget_lines(work.session, current.id)) if current else []
    return VariationPosition(
        agreement_id=agreement.id,
        year=year_of(agreement.year),
        signed=agreement.state != "draft",
        grant_pence=agreement.grant_pence,
        in_force_from=agreement.in_force_from,
        in_force_to=agreement.in_force_to,
        review_by=agreement.review_by,
        lines=tuple(lines),
        budget=current.number if current else None,
        budget_from=current.effective_from if current else None,
        budget_awaiting=await budget_awaiting(work.session, agreement.id),
        awarded={
            line.code: await awarded_pence(work.session, agreement.id, line.code)
            for line in lines
            if line.kind == "pass_through"
        },
        varied_from=await varied_from(work.session, agreement.id),
        spoken_for_pence=await received_pence(work.session, agreement.id)
        + await netted_off(work.session, agreement.id),
        reported=tuple(
            Quarter.parse(quarter) for quarter, row in reported.items() if row.state in ("submitted", "published")
        ),
        thresholds=Thresholds(settings[0].share_millipercent, settings[0].absolute_pence) if settings else Thresholds(),
    )

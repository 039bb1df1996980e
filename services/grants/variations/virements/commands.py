"""Approving a virement, and setting the thresholds of significance: load, decide, store, record."""

from __future__ import annotations

from typing import cast

from services.grants.budget.queries import effective_budget
from services.grants.commands import load_agreement_to_change
from services.grants.variations.commands import note, position_of, proposed_on, revise
from services.grants.variations.content.rules import check_again
from services.grants.variations.queries import content_of, load_variation, thresholds_of
from services.grants.variations.rules import Decision, refuse_where_departments
from services.grants.variations.rules import approve_virement as decide_approval
from services.grants.variations.tables import SignificanceThresholds, Variation
from services.grants.variations.virements.rules import Procedure, Thresholds
from shared.periods import london_date
from shared.work import Work, four_eyes


async def approve_virement(work: Work, agreement_key: str, key: str) -> Variation:
    """A second person approves what stays inside one heading and is not significant (G-14). Records BudgetSet."""
    agreement = await load_agreement_to_change(work, agreement_key)
    virement = await load_variation(work.session, agreement.id, key, virement=True)
    decide_approval(virement.state, cast(Procedure, virement.procedure), virement.number)
    four_eyes(
        work.actor, virement.created_by, detail="Who proposed the virement may not approve it; another person must."
    )
    current = await effective_budget(work.session, agreement.id)
    content = await content_of(work.session, virement)
    position = await position_of(work, agreement, current)
    refuse_where_departments(position, content)
    lines = check_again(position, content, await proposed_on(work, virement))
    assert lines is not None
    await revise(work, agreement, virement, current, lines, author=virement.created_by, approved_by=work.actor.sub)
    decision = Decision("approve", london_date(work.now), by=work.actor.name)
    note(work, virement, decision, number=1, state="agreed", reason=None)
    work.audit(
        "approve_virement",
        virement.id,
        before={"state": "draft", "budget": virement.budget_before},
        after={"state": "agreed", "budget": virement.budget_after},
    )
    return virement


async def set_thresholds(work: Work, agreement_key: str, thresholds: Thresholds, reason: str) -> SignificanceThresholds:
    """Set from where on a change of budget is significant (G-15). Unset at first, which reads as version 0."""
    agreement = await load_agreement_to_change(work, agreement_key)
    settings = await thresholds_of(work.session, agreement.id)
    latest = settings[0] if settings else None
    address = f"{work.base_url}/v1/agreements/{agreement.id}/significance-thresholds"
    work.if_match(latest.number if latest else 0, address)
    row = SignificanceThresholds(
        agreement_id=agreement.id,
        number=latest.number + 1 if latest else 1,
        share_millipercent=thresholds.share_millipercent,
        absolute_pence=thresholds.absolute_pence,
        reason=reason,
        set_at=work.now,
        set_by=work.actor.sub,
    )
    work.session.add(row)
    names = {"share_millipercent", "absolute_pence"}
    work.audit(
        "set_significance_thresholds",
        agreement.id,
        before=latest.model_dump(include=names) if latest else None,
        after=row.model_dump(include=names),
        reason=reason,
    )
    return row

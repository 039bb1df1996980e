"""Who agrees to a change, in which steps, and the fact of it: pure functions that refuse or return the fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.grants.budget.lines import CARRYING
from services.grants.faults import not_after, raise_together
from services.grants.variations.content.rules import Content, VariationPosition, check_variation
from services.grants.variations.virements.rules import (
    Judgement,
    Move,
    Procedure,
    Significance,
    above_threshold,
    judge_significance,
    why_department,
)
from shared.errors import Conflict, Invalid, Refusal
from shared.events.grants import AgreedChange, AgreementParty, AgreementVaried

VariationState = Literal["draft", "board", "submitted", "agreed", "refused", "withdrawn"]
DecisionKind = Literal["noted_by_board", "submit", "agree", "refuse", "withdraw"]

STEPS: Mapping[tuple[str, str], VariationState] = {
    ("draft", "noted_by_board"): "board",
    ("board", "submit"): "submitted",
    ("submitted", "agree"): "agreed",
    ("submitted", "refuse"): "refused",
    ("draft", "withdraw"): "withdrawn",
    ("board", "withdraw"): "withdrawn",
    ("submitted", "withdraw"): "withdrawn",
}


class NotAgreed(Conflict):
    """Nothing changes until a variation is agreed (G-16)."""

    code = "not_agreed"
    title = "It is not agreed"


class StepOutOfOrder(Conflict):
    code = "out_of_order"
    title = "Another step comes first"


class DepartmentReferenceMissing(Invalid):
    """Agreed and refused need the department's reference, a name and a day; a board's note the board's reference."""

    code = "reference_missing"
    title = "The decision's reference is missing"


@dataclass(frozen=True)
class Proposed:
    """Who decides on a change and why, and whether it is significant."""

    procedure: Procedure
    why_department: tuple[str, ...]
    significance: Significance


@dataclass(frozen=True)
class Decision:
    """A step as recorded: what was decided, by whom by name, on which day, under which reference."""

    decision: DecisionKind | Literal["approve"]
    on: date
    by: str | None = None
    reference: str | None = None


def propose_variation(position: VariationPosition, content: Content, judged: Judgement | None) -> Proposed:
    """Decide whether a change may be proposed, and who is to agree to it (G-13 to G-16). All faults at once."""
    faults: list[Refusal] = []
    try:
        check_variation(position, content)
    except Refusal as refusal:
        faults.append(refusal)
    moves = _moves(position, content)
    significance = None
    try:
        significance = judge_significance(position.thresholds, position.lines, moves, judged)
    except Refusal as refusal:
        faults.append(refusal)
    raise_together(faults)
    assert significance is not None
    reasons = why_department(position.lines, moves or (), grant_changes=content.grant_pence is not None)
    if not content.is_virement:
        reasons.insert(0, f"it is a variation of {content.kind}")
    if significance.significant:
        reasons.append("it is significant")
    return Proposed("department" if reasons else "internal", tuple(reasons), significance)


def decide_step(state: str, procedure: Procedure, number: int, decision: Decision, *, today: date, last: date) -> str:
    """The state that a decision leads to; steps come in order, days too (G-16)."""
    not_after(decision.on, today, "/on")
    if procedure == "internal" and decision.decision != "withdraw":
        raise StepOutOfOrder(
            "It moves budget inside one heading and takes effect on a second person's approval; post that instead.",
            pointer="/decision",
        )
    following = STEPS.get((state, decision.decision))
    if following is None:
        possible = [step for known, step in STEPS if known == state]
        fix = f"next: {', '.join(possible)}" if possible else "it is decided"
        raise StepOutOfOrder(f"Variation {number} is {state}; {fix}.", pointer="/decision")
    faults: list[Refusal] = []
    if decision.on < last:
        faults.append(
            StepOutOfOrder(
                f"It was proposed, or last moved, on {last.isoformat()}; give a day not before that.", pointer="/on"
            )
        )
    if decision.decision == "noted_by_board" and not decision.reference:
        faults.append(
            DepartmentReferenceMissing("Give the board's reference, such as its minute.", pointer="/reference")
        )
    if decision.decision in ("agree", "refuse"):
        if not decision.reference:
            faults.append(DepartmentReferenceMissing("Give the department's reference.", pointer="/reference"))
        if not decision.by:
            faults.append(DepartmentReferenceMissing("Name who decided for the department.", pointer="/by"))
    raise_together(faults)
    return following


def approve_virement(state: str, procedure: Procedure, number: int) -> None:
    """A second person's approval suffices inside one heading; anything else the department agrees to (G-14)."""
    if procedure == "department":
        raise NotAgreed(
            f"Variation {number} is {state} and is the department's to agree; the budget stays as it is. "
            "Record the department's decision instead."
        )
    if state != "draft":
        raise StepOutOfOrder(f"Virement {number} is {state}; propose a new one.")


def refuse_where_departments(position: VariationPosition, content: Content) -> None:
    """Refuse to approve what has become the department's matter since it was proposed (G-14, G-15).

    The budget may have moved on, and thresholds may have been set.
    """
    moves = content.moves or ()
    reasons = why_department(position.lines, moves)
    above = above_threshold(position.thresholds, position.lines, moves)
    if above is not None:
        reasons.append(above)
    if reasons:
        raise NotAgreed(
            f"By now this is the department's to agree: {'; '.join(reasons)}; the budget stays as it is. "
            "Withdraw the virement and propose it anew."
        )


def vary_agreement(
    position: VariationPosition,
    content: Content,
    *,
    variation_id: UUID,
    version: int,
    parties: Sequence[AgreementParty],
    reference: str,
) -> AgreementVaried:
    """The fact of an agreed variation: the terms as they stand with it, and what changed (G-16)."""
    changed = [
        AgreedChange(what=change.what, deliverable=change.deliverable, before=change.before, after=change.after)
        for change in content.changes
    ]
    for name, (before, after) in changed_terms(position, content).items():
        changed.append(AgreedChange(what=name, before=None if before is None else str(before), after=str(after)))
    return AgreementVaried(
        agreement_id=position.agreement_id,
        version=version,
        variation_id=variation_id,
        kind=content.kind,
        effective_from=content.effective_from,
        reference=reference,
        year=position.year.label,
        parties=tuple(parties),
        grant_pence=content.grant_pence if content.grant_pence is not None else position.grant_pence,
        in_force_from=position.in_force_from,
        in_force_to=content.in_force_to or position.in_force_to,
        review_by=content.review_by or position.review_by,
        changes=tuple(changed),
    )


def changed_terms(position: VariationPosition, content: Content) -> dict[str, tuple[int | date | None, int | date]]:
    """Terms of the agreement that a variation changes: name → as they were, as they will be."""
    terms: dict[str, tuple[int | date | None, int | date]] = {}
    if content.grant_pence is not None:
        terms["grant_pence"] = (position.grant_pence, content.grant_pence)
    if content.in_force_to is not None:
        terms["in_force_to"] = (position.in_force_to, content.in_force_to)
    if content.review_by is not None:
        terms["review_by"] = (position.review_by, content.review_by)
    return terms


def _moves(position: VariationPosition, content: Content) -> tuple[Move, ...] | None:
    """What an allocation moves, also where it gives whole new lines; None for what moves no money."""
    if content.moves is not None:
        return content.moves
    if content.lines is None:
        return None
    before = {line.code: line.amount_pence or 0 for line in position.lines if line.kind in CARRYING}
    after = {line.code: line.amount_pence or 0 for line in content.lines if line.kind in CARRYING}
    codes = [*before, *(code for code in after if code not in before)]
    deltas = {code: after.get(code, 0) - before.get(code, 0) for code in codes}
    return tuple(Move(code, delta) for code, delta in deltas.items() if delta)

"""Answers about variations and virements: where they stand, and what they would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from services.grants.budget.lines import CARRYING, Kind, Line
from services.grants.budget.queries import as_typed, effective_budget, load_budget
from services.grants.budget.tables import BudgetVersion
from services.grants.queries import budget_lines, latest_outturn
from services.grants.shapes import content_tag
from services.grants.tables import Agreement
from services.grants.variations.content.rules import Content, VariationKind
from services.grants.variations.queries import as_content, decisions_of, virement_lines
from services.grants.variations.rules import VariationState
from services.grants.variations.tables import Variation
from services.grants.variations.virements.rules import Basis, Procedure, share_of_source
from shared.http import Shape
from shared.money import percent, sterling
from shared.periods import london_date
from shared.work import Work


class SignificanceShape(Shape):
    significant: bool
    basis: Basis = Field(description="threshold, or the judgement of a named person.")
    reason: str
    by: str


class LineMove(Shape):
    """One budget line before and after."""

    line_code: str
    name: str
    kind: Kind
    parent_code: str | None
    before_pence: int | None = Field(description="Null for a line that is new.")
    delta_pence: int
    after_pence: int | None = Field(description="Null for a line that goes.")
    share_of_source_percent: str | None = Field(
        description="Share of the line that is moved away, three decimals, half up (G-13, G-35); null where it gains."
    )
    share_of_source: str | None = Field(description="The same in words for a paper, two decimals: `7.78 %`.")


class ChangeShape(Shape):
    what: str | None
    deliverable: str | None = Field(description="Reference of the deliverable, where it is one.")
    before: str | None
    after: str | None


class WouldChange(Shape):
    """What it changes, or would: an undecided one against the budget in effect now, where it says what lines gain.

    One that gives all lines, against the version it was proposed on.
    """

    budget_before: int | None = Field(description="Number of the budget version it starts from.")
    budget_after: int | None = Field(description="Number of the version it made; null before it is agreed.")
    net_pence: int = Field(description="Sum of what lines gain and lose; 0 for a virement.")
    lines: list[LineMove]
    grant_before_pence: int | None = Field(description="Null where the grant stays as it is.")
    grant_after_pence: int | None
    in_force_to: date | None
    review_by: date | None
    changes: list[ChangeShape]


class VariationInList(Shape):
    id: UUID
    number: int
    kind: VariationKind
    is_virement: bool
    procedure: Procedure = Field(description="department agrees, or internal: a second person approves (G-14).")
    why_department: list[str]
    state: VariationState
    proposed_on: date
    age_days: int = Field(description="Days since it was proposed; of a decided one, until it was decided.")
    effective_from: date
    reason: str
    evidence: str | None
    significance: SignificanceShape
    decided_by: str | None = Field(description="Who had the last word, by name.")
    decided_on: date | None
    reference: str | None = Field(description="The department's reference, where it decided.")
    would_change: WouldChange
    version: int
    modified_at: datetime


COLUMNS = {
    "Number": "number",
    "Kind": "kind",
    "IsVirement": "is_virement",
    "Procedure": "procedure",
    "State": "state",
    "ProposedOn": "proposed_on",
    "AgeDays": "age_days",
    "EffectiveFrom": "effective_from",
    "Reason": "reason",
    "Significant": "significance.significant",
    "BudgetBefore": "would_change.budget_before",
    "BudgetAfter": "would_change.budget_after",
    "Net": "would_change.net_pence",
    "GrantAfter": "would_change.grant_after_pence",
    "DecidedBy": "decided_by",
    "DecidedOn": "decided_on",
    "Reference": "reference",
}
"""A row of the list as CSV; what it moves line by line is read from the one variation."""


class StepShape(Shape):
    decision: str
    by: str | None
    on: date
    reference: str | None
    reason: str | None
    recorded_at: datetime


class VariationShape(VariationInList):
    agreement_id: UUID
    decisions: list[StepShape]
    to_do: list[str] = Field(description="What it leaves to be done elsewhere, such as an outturn to record anew.")


async def in_list(work: Work, agreement: Agreement, variations: Sequence[Variation]) -> list[VariationInList]:
    """Variations of one agreement, each with what it would change."""
    moved = await virement_lines(work.session, [variation.id for variation in variations])
    budgets = _Budgets(work, agreement)
    return [
        _in_list(work, variation, await _would_change(budgets, variation, as_content(variation, moved[variation.id])))
        for variation in variations
    ]


def _in_list(work: Work, variation: Variation, would_change: WouldChange) -> VariationInList:
    until = variation.decided_on or london_date(work.now)
    return VariationInList(
        **variation.model_dump(include={"id", "number", "is_virement", "why_department", "proposed_on", "version"}),
        **variation.model_dump(include={"effective_from", "reason", "evidence", "decided_by", "decided_on"}),
        kind=variation.kind,
        procedure=variation.procedure,
        state=variation.state,
        age_days=max((until - variation.proposed_on).days, 0),
        significance=SignificanceShape(
            significant=variation.significant,
            basis=variation.significance_basis,
            reason=variation.significance_reason,
            by=variation.significance_by,
        ),
        reference=variation.reference,
        would_change=would_change,
        modified_at=variation.modified_at,
    )


async def whole(work: Work, agreement: Agreement, variation: Variation) -> VariationShape:
    """One variation with the steps taken; sets the ETag."""
    await work.session.flush()
    steps = await decisions_of(work.session, variation.id)
    shape = VariationShape(
        **(await in_list(work, agreement, [variation]))[0].model_dump(),
        agreement_id=agreement.id,
        decisions=[
            StepShape(
                decision=step.decision,
                by=step.by_name,
                on=step.decided_on,
                reference=step.reference,
                reason=step.reason,
                recorded_at=step.recorded_at,
            )
            for step in steps
        ],
        to_do=await _to_do(work, agreement, variation),
    )
    # Its age, the budget it would change and what it leaves to be done change without it.
    work.etag(variation.version, content_tag(shape))
    return shape


async def _to_do(work: Work, agreement: Agreement, variation: Variation) -> list[str]:
    """An outturn says what is left of the grant it was recorded on (G-36)."""
    if variation.grant_pence is None or variation.state in ("refused", "withdrawn"):
        return []
    outturn = await latest_outturn(work.session, agreement.id)
    if outturn is None or outturn.grant_pence == variation.grant_pence:
        return []
    when = "" if variation.state == "agreed" else "Once it is agreed: "
    return [
        f"{when}{agreement.year} has an outturn that was recorded on a grant of {sterling(outturn.grant_pence)}; "
        "record it anew, and treat what that leaves."
    ]


def line_moves(before: Sequence[Line], after: Sequence[Line]) -> list[LineMove]:
    """Every carrying line that differs between two budgets, in the order of the later one."""
    held = {line.code: line for line in before if line.kind in CARRYING}
    will = {line.code: line for line in after if line.kind in CARRYING}
    moves = []
    for line in [*will.values(), *(line for code, line in held.items() if code not in will)]:
        was = held[line.code].amount_pence if line.code in held else None
        becomes = will[line.code].amount_pence if line.code in will else None
        delta = (becomes or 0) - (was or 0)
        if was == becomes:
            continue
        moves.append(
            LineMove(
                line_code=line.code,
                name=line.name,
                kind=line.kind,
                parent_code=line.parent_code,
                before_pence=was,
                delta_pence=delta,
                after_pence=becomes,
                share_of_source_percent=share_of_source(was or 0, delta),
                share_of_source=f"{percent(-delta, was or 0, 2)} %" if delta < 0 else None,
            )
        )
    return moves


class _Budgets:
    """Budgets of an agreement, each read once however many variations start from it."""

    def __init__(self, work: Work, agreement: Agreement) -> None:
        self._session, self._agreement_id = work.session, agreement.id
        self._read: dict[int | None, tuple[BudgetVersion | None, list[Line]]] = {}

    async def of(self, number: int | None) -> tuple[BudgetVersion | None, list[Line]]:
        """A version with its lines; without a number the one in effect now, nothing where there is none."""
        if number not in self._read:
            if number is None:
                found = await effective_budget(self._session, self._agreement_id)
            else:
                found = await load_budget(self._session, self._agreement_id, number)
            self._read[number] = found, as_typed(await budget_lines(self._session, found.id)) if found else []
        return self._read[number]


async def _would_change(budgets: _Budgets, variation: Variation, content: Content) -> WouldChange:
    base: BudgetVersion | None = None
    before: list[Line] = []
    decided = variation.state in ("agreed", "refused", "withdrawn")
    # Whole new lines mean what they meant when they were proposed, whatever was agreed since.
    if variation.budget_before is not None and (decided or content.lines is not None):
        base, before = await budgets.of(variation.budget_before)
    elif content.moves is not None or content.lines is not None:
        base, before = await budgets.of(None)
    after: Sequence[Line] = content.lines if content.lines is not None else before
    if content.moves is not None:
        deltas = {move.code: move.delta_pence for move in content.moves}
        after = [
            Line(line.code, line.name, line.kind, line.parent_code, (line.amount_pence or 0) + deltas[line.code])
            if line.code in deltas
            else line
            for line in before
        ]
    moves = line_moves(before, after)
    changes_grant = variation.grant_pence is not None and base is not None
    return WouldChange(
        budget_before=base.number if base else None,
        budget_after=variation.budget_after,
        net_pence=sum(move.delta_pence for move in moves),
        lines=moves,
        grant_before_pence=base.grant_pence if base is not None and changes_grant else None,
        grant_after_pence=variation.grant_pence,
        in_force_to=variation.in_force_to,
        review_by=variation.review_by,
        changes=[ChangeShape(**change) for change in variation.changes],
    )

"""Routes of variations and the shapes they take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request, Response
from pydantic import Field
from sqlmodel import col, select

from services.grants.as_csv import csv_of
from services.grants.budget.api import BudgetLineBody, lines_of
from services.grants.queries import load_agreement
from services.grants.shapes import MOST_PENCE, Amount, Code, Name, Prose, Yes
from services.grants.variations import commands, shapes
from services.grants.variations.content.rules import Change, Content, VariationKind
from services.grants.variations.queries import load_variation
from services.grants.variations.rules import Decision, DecisionKind, VariationState
from services.grants.variations.shapes import VariationInList, VariationShape
from services.grants.variations.tables import Variation
from services.grants.variations.virements.rules import Judgement, Move
from shared.fields import Day, example
from shared.http import Body, Reads, Routes, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.tabular import wants_csv
from shared.work import Work

router = Routes(tags=["variations"])

Manager = Annotated[Work, Writes("grants:manager")]
Reader = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo", "grants:approver")]


class MoveBody(Body):
    """What a line that carries money gains, or loses where negative."""

    line_code: Code
    delta_pence: Annotated[int, Field(strict=True, ge=-MOST_PENCE, le=MOST_PENCE, description="Integer pence, GBP.")]


class SignificanceBody(Body):
    """A named person's word on significance; needed while no threshold decides (G-15)."""

    significant: Yes
    reason: Prose
    by: Name | None = Field(default=None, description="Who judged it, by name; default the person of the token.")

    def judgement(self, work: Work) -> Judgement:
        return Judgement(self.significant, self.reason, self.by or work.actor.name)


class ChangeBody(Body):
    """A deliverable or another clause, as it was and as it will be; what is dropped has nothing after it."""

    what: Name | None = Field(default=None, description="The clause, or the part of the deliverable.")
    deliverable: Name | None = Field(default=None, description="Reference of the deliverable, such as `E10`.")
    before: Prose | None = None
    after: Prose | None = None


class NewVariation(Body):
    """A change that both parties agree. What it says depends on its kind."""

    model_config = example(
        kind="deadline",
        reason="The review waits for the settlement.",
        significance={"significant": False, "reason": "The day moves by a month."},
        effective_from="2017-10-01",
        review_by="2017-11-30",
    )

    kind: VariationKind
    reason: Prose
    evidence: Prose | None = Field(default=None, description="What supports it: papers, letters, addresses.")
    significance: SignificanceBody | None = None
    proposed_on: Day | None = Field(
        default=None, description="Default today; an earlier day needs the scope `grants:history`."
    )
    effective_from: Day = Field(description="In the year, and in no period whose report was submitted (G-16).")
    virement: list[MoveBody] | None = Field(
        default=None, min_length=1, max_length=500, description="Of an allocation: what lines gain and lose."
    )
    lines: list[BudgetLineBody] | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Of an allocation, in place of virement: all lines.",
    )
    grant_pence: Annotated[Amount, Field(gt=0)] | None = Field(
        default=None, description="Of an allocation: the grant as it will be."
    )
    in_force_to: Day | None = Field(default=None, description="Of a deadline: the agreement's last day.")
    review_by: Day | None = Field(default=None, description="Of a deadline: the day of the review (G-17).")
    changes: list[ChangeBody] = Field(
        default_factory=list, max_length=200, description="Of all kinds but allocation: what changes, in words."
    )


class NewDecision(Body):
    """A step, in order: noted_by_board, submit, then agree or refuse; withdraw until it is decided."""

    model_config = example(decision="agree", by="A. N. Official", on="2017-09-25", reference="Letter of 25 September")

    decision: DecisionKind
    by: Name | None = Field(default=None, description="Who decided, by name; needed where the department did.")
    on: Day | None = Field(
        default=None, description="Day of the decision, default today; an earlier day needs the scope `grants:history`."
    )
    reference: Annotated[str, Field(min_length=1, max_length=400)] | None = Field(
        default=None, description="The board's reference, then the department's."
    )
    reason: Prose | None = None


@router.post("/v1/agreements/{agreement}/variations", status_code=201)
async def propose_variation(work: Manager, agreement: str, body: NewVariation) -> VariationShape:
    """Propose a variation; nothing changes before the department's agreement is recorded (G-16)."""
    variation = await commands.propose(
        work,
        agreement,
        Content(
            kind=body.kind,
            effective_from=body.effective_from,
            moves=moves_of(body.virement),
            lines=tuple(lines_of(body.lines)) if body.lines is not None else None,
            grant_pence=body.grant_pence,
            in_force_to=body.in_force_to,
            review_by=body.review_by,
            changes=tuple(Change(each.what, each.deliverable, each.before, each.after) for each in body.changes),
        ),
        reason=body.reason,
        evidence=body.evidence,
        judged=body.significance.judgement(work) if body.significance else None,
        proposed_on=body.proposed_on,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{variation.agreement_id}/variations/{variation.id}"
    return await shapes.whole(work, await load_agreement(work.session, agreement), variation)


@router.get("/v1/agreements/{agreement}/variations.csv", include_in_schema=False, response_model=Page[VariationInList])
@router.get("/v1/agreements/{agreement}/variations", response_model=Page[VariationInList])
async def list_variations(
    work: Reader,
    request: Request,
    agreement: str,
    paging: ChangedPaging,
    state: VariationState | None = None,
    kind: VariationKind | None = None,
) -> Page[VariationInList] | Response:
    """Variations and virements, the oldest first, with state, age and what they would change (question 3)."""
    return await page_of_variations(work, request, agreement, paging, state=state, kind=kind)


@router.get("/v1/agreements/{agreement}/variations/{variation}")
async def read_variation(work: Reader, agreement: str, variation: str) -> VariationShape:
    """One variation by id or number, with the steps taken."""
    found = await load_agreement(work.session, agreement)
    return await shapes.whole(work, found, await load_variation(work.session, found.id, variation))


@router.post("/v1/agreements/{agreement}/variations/{variation}/decisions", status_code=201)
async def decide_on_variation(work: Manager, agreement: str, variation: str, body: NewDecision) -> VariationShape:
    """Record a step. The department has no account: agreed and refused need its reference, a name and a day."""
    decided = await commands.decide(
        work,
        agreement,
        variation,
        Decision(body.decision, body.on or london_date(work.now), body.by, body.reference),
        reason=body.reason,
    )
    return await shapes.whole(work, await load_agreement(work.session, agreement), decided)


def moves_of(bodies: list[MoveBody] | None) -> tuple[Move, ...] | None:
    return None if bodies is None else tuple(Move(each.line_code, each.delta_pence) for each in bodies)


async def page_of_variations(
    work: Work,
    request: Request,
    agreement: str,
    paging: ChangedPaging,
    *,
    state: VariationState | None = None,
    kind: VariationKind | None = None,
    virements: bool = False,
) -> Page[VariationInList] | Response:
    found = await load_agreement(work.session, agreement)
    statement = select(Variation).where(Variation.agreement_id == found.id)
    if state is not None:
        statement = statement.where(Variation.state == state)
    if kind is not None:
        statement = statement.where(Variation.kind == kind)
    if virements:
        statement = statement.where(col(Variation.is_virement).is_(True))
    page = await paginate(
        work,
        statement,
        order=(col(Variation.number),),
        paging=paging,
        shape=lambda row: row,
        changed=Variation.modified_at,
    )
    items = await shapes.in_list(work, found, page.items)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        return Page(items=items, links=page.links)
    name = f"{'virements' if virements else 'variations'}-{found.year.replace('/', '-')}.csv"
    return csv_of(shapes.COLUMNS, items, name)

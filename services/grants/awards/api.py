"""Routes of pass-through awards and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field
from sqlmodel import col, select

from services.grants.awards import commands
from services.grants.awards.duties import DUTIES
from services.grants.awards.life import Target, missing_duties
from services.grants.awards.queries import AwardFigures, acknowledged, award_figures, load_award
from services.grants.awards.rules import Award
from services.grants.awards.tables import PassThroughAward
from services.grants.organisations.tables import Organisation
from services.grants.queries import load_agreement
from services.grants.shapes import Amount, Code, Name, OrganisationSlug, Prose, content_tag
from services.grants.use_rules.shapes import UseCode, UseException
from shared.fields import Day, example
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.money import pounds
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["pass-through awards"])

Manager = Annotated[Work, Writes("grants:manager")]
Officer = Annotated[Work, Reads("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:read")]
CSV_HEADER = (
    *("LineCode", "Organisation", "Title", "AwardedOn", "PlannedFrom", "PlannedTo", "State", "Use"),
    *("Amount", "Paid", "Left", "Spent", "DutiesMissing"),
)


class NewAward(Body):
    """Part of a pass-through line for another body, which then carries the same duties."""

    model_config = example(
        line_code="CF",
        organisation="scrutiny-centre",
        amount_pence=18_000_000,
        awarded_on="2017-05-10",
        title="Scrutiny support",
        description="Helpdesk, networks and events for councils.",
        use_codes=[],
    )

    line_code: Code
    organisation: OrganisationSlug
    amount_pence: Annotated[Amount, Field(gt=0)]
    awarded_on: Day
    planned_from: Day | None = None
    planned_to: Day | None = None
    title: Name
    description: Prose
    use_codes: list[UseCode] | None = Field(
        default=None,
        max_length=40,
        description="Codes of the use rules it raises, empty for none; left out it stays undeclared (G-19).",
    )
    use_exception: UseException | None = None


class AwardUse(Body):
    """Which rules of permitted use an award raises (G-19)."""

    model_config = example(use_codes=[], reason="Read with the body's plan on 12 May.")

    use_codes: list[UseCode] = Field(max_length=40, description="Empty for none.")
    use_exception: UseException | None = None
    reason: Prose | None = None


class Acknowledgement(Body):
    """Who acknowledged which duties for the body, and on which day (G-22)."""

    model_config = example(
        acknowledged_by="Director of the body",
        acknowledged_on="2017-05-12",
        duties=[duty.code for duty in DUTIES],
    )

    acknowledged_by: Name
    acknowledged_on: Day
    duties: list[Annotated[str, Field(max_length=40)]] = Field(min_length=1, max_length=40)


class StateChange(Body):
    """The next state of an award: payable, completed or ended."""

    model_config = example(to="payable")

    to: Target
    reason: Prose | None = Field(default=None, description="Needed to end an award.")


class DutyShape(Shape):
    code: str
    text: str
    paragraphs: str = Field(description="Where the memorandum says so.")
    acknowledged_on: date | None


class AcknowledgedShape(Shape):
    duty: str
    acknowledged_by: str
    acknowledged_on: date
    recorded_at: datetime


class Acknowledgements(Shape):
    items: list[AcknowledgedShape]
    missing: list[str] = Field(description="Duties that stand between the award and its first payment.")


class UseShape(Shape):
    outcome: str = Field(description="`undeclared`, `allowed`, `refused` or `decision_required`.")
    rule: str | None
    paragraph: str | None
    detail: str | None
    declaration_id: UUID | None = Field(description="What a decision on it names.")


class AwardShape(Shape):
    id: UUID
    line_code: str
    organisation_id: UUID
    organisation: str = Field(description="Slug of the body that receives it.")
    amount_pence: int
    awarded_on: date
    planned_from: date | None
    planned_to: date | None
    title: str
    description: str
    state: str
    end_reason: str | None
    use: UseShape
    duties: list[DutyShape]
    paid_pence: int
    left_pence: int = Field(description="Amount less paid; 0 once ended.")
    spent_pence: int = Field(description="Spend in the body's own ledger on this line of the agreement.")
    version: int
    modified_at: datetime


@router.post("/v1/agreements/{agreement}/pass-through-awards", status_code=201)
async def award_pass_through(work: Manager, agreement: str, body: NewAward) -> AwardShape:
    """Award part of a pass-through line to a body."""
    award = await commands.award_pass_through(
        work,
        agreement,
        organisation=body.organisation,
        award=Award(
            line_code=body.line_code,
            amount_pence=body.amount_pence,
            awarded_on=body.awarded_on,
            planned_from=body.planned_from,
            planned_to=body.planned_to,
        ),
        title=body.title,
        description=body.description,
        use_codes=body.use_codes,
        use_exception=body.use_exception,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{award.agreement_id}/pass-through-awards/{award.id}"
    return await _one(work, award)


@router.get(
    "/v1/agreements/{agreement}/pass-through-awards.csv", include_in_schema=False, response_model=Page[AwardShape]
)
@router.get("/v1/agreements/{agreement}/pass-through-awards", response_model=Page[AwardShape])
async def list_pass_through_awards(
    work: PublicWork, request: Request, agreement: str, paging: Paging, organisation: OrganisationSlug | None = None
) -> Page[AwardShape] | Response:
    """Awards of an agreement, in the order they were made; CSV in pounds by `.csv` or `Accept`."""
    found = await load_agreement(work.session, agreement)
    statement: Any = (
        select(PassThroughAward)
        .join(Organisation, col(Organisation.id) == col(PassThroughAward.organisation_id))
        .where(PassThroughAward.agreement_id == found.id)
    )
    if organisation is not None:
        statement = statement.where(Organisation.slug == organisation)
    page = await paginate(
        work,
        statement,
        order=(col(PassThroughAward.created_at), col(PassThroughAward.id)),
        paging=paging,
        shape=lambda row: row,
    )
    figures = await award_figures(work.session, found.id, page.items)
    shown = Page[AwardShape](items=[_shape(row, figures[row.id]) for row in page.items], links=page.links)
    if not wants_csv(request):
        return shown
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(item) for item in shown.items))
    return csv_response(data, f"pass-through-awards-{found.year.replace('/', '-')}.csv")


@router.get("/v1/agreements/{agreement}/pass-through-awards/{award}")
async def read_pass_through_award(work: PublicWork, agreement: str, award: str) -> AwardShape:
    """One award, with the duties acknowledged, what is paid and left, and what the body has spent."""
    found = await load_agreement(work.session, agreement)
    return await _one(work, await load_award(work.session, found.id, award))


@router.post("/v1/agreements/{agreement}/pass-through-awards/{award}/use-declarations", status_code=201)
async def declare_award_use(work: Manager, agreement: str, award: str, body: AwardUse) -> AwardShape:
    """Declare the codes an award raises, or none, before it is paid."""
    row = await commands.declare_award_use(
        work, agreement, award, use_codes=body.use_codes, use_exception=body.use_exception, reason=body.reason
    )
    return await _one(work, row)


@router.post("/v1/agreements/{agreement}/pass-through-awards/{award}/acknowledgements", status_code=201)
async def acknowledge_duties(work: Manager, agreement: str, award: str, body: Acknowledgement) -> AwardShape:
    """Note the duties that the body acknowledged. The last one moves the award on."""
    row = await commands.acknowledge_duties(
        work,
        agreement,
        award,
        duties=body.duties,
        acknowledged_by=body.acknowledged_by,
        on=body.acknowledged_on,
    )
    return await _one(work, row)


@router.get("/v1/agreements/{agreement}/pass-through-awards/{award}/acknowledgements")
async def list_acknowledgements(work: Officer, agreement: str, award: str) -> Acknowledgements:
    """Who acknowledged which duty for the body, and what is missing."""
    found = await load_agreement(work.session, agreement)
    row = await load_award(work.session, found.id, award)
    duties = await acknowledged(work.session, [row.id])
    return Acknowledgements(
        items=[AcknowledgedShape.model_validate(duty) for duty in duties],
        missing=missing_duties({duty.duty for duty in duties}),
    )


@router.post("/v1/agreements/{agreement}/pass-through-awards/{award}/state-changes", status_code=201)
async def move_award(work: Manager, agreement: str, award: str, body: StateChange) -> AwardShape:
    """Make an award payable, complete it once it is paid, or end it with a reason."""
    return await _one(work, await commands.move_award(work, agreement, award, to=body.to, reason=body.reason))


async def _one(work: Work, award: PassThroughAward) -> AwardShape:
    await work.session.flush()
    figures = await award_figures(work.session, award.agreement_id, [award])
    shape = _shape(award, figures[award.id])
    # What is paid and spent changes without the award.
    work.etag(award.version, content_tag(shape))
    return shape


def _shape(award: PassThroughAward, figures: AwardFigures) -> AwardShape:
    days = {duty.duty: duty.acknowledged_on for duty in figures.duties}
    use = figures.use
    return AwardShape(
        **award.model_dump(exclude={"agreement_id", "line_id", "created_at", "created_by", "use_outcome"}),
        organisation=figures.organisation,
        use=UseShape(
            outcome=award.use_outcome,
            rule=use.rule_code if use else None,
            paragraph=use.paragraph if use else None,
            detail=use.detail if use else None,
            declaration_id=use.id if use else None,
        ),
        duties=[
            DutyShape(code=duty.code, text=duty.text, paragraphs=duty.paragraphs, acknowledged_on=days.get(duty.code))
            for duty in DUTIES
        ],
        paid_pence=figures.paid_pence,
        left_pence=0 if award.state == "ended" else award.amount_pence - figures.paid_pence,
        spent_pence=figures.spent_pence,
    )


def _csv_row(award: AwardShape) -> tuple[object, ...]:
    amounts = (award.amount_pence, award.paid_pence, award.left_pence, award.spent_pence)
    return (
        *(award.line_code, award.organisation, award.title, award.awarded_on, award.planned_from, award.planned_to),
        *(award.state, award.use.outcome),
        *(pounds(pence) for pence in amounts),
        " ".join(duty.code for duty in award.duties if duty.acknowledged_on is None),
    )

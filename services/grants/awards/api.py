"""Routes of pass-through awards."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request, Response
from sqlmodel import col, select

from services.grants.awards import commands
from services.grants.awards.duties import DUTIES
from services.grants.awards.life import missing_duties
from services.grants.awards.queries import (
    AwardFigures,
    acknowledged,
    award_figures,
    load_award,
    text_clearances,
    waiting_findings,
)
from services.grants.awards.rules import Award
from services.grants.awards.shapes import (
    AcknowledgedShape,
    Acknowledgement,
    Acknowledgements,
    AwardShape,
    AwardUse,
    DutyShape,
    NewAward,
    StateChange,
    TextClearance,
    TextClearances,
    TextClearanceShape,
    TextFindingShape,
    UseShape,
)
from services.grants.awards.tables import PassThroughAward
from services.grants.organisations.tables import Organisation
from services.grants.queries import load_agreement
from services.grants.shapes import OrganisationSlug, content_tag
from services.grants.use_rules.tables import UseDeclaration
from shared.http import PublicWork, Reads, Routes, Writes
from shared.money import pounds
from shared.pagination import Page, Paging, paginate
from shared.personal_details import REDACTED, find
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["pass-through awards"])

Manager = Annotated[Work, Writes("grants:manager")]
Clearing = Annotated[Work, Writes("grants:manager", "grants:cfo")]
SEES_JUDGEMENTS = ("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:read")
"""Others learn of the use of a named body's award only that it is allowed, and nothing before that is settled."""
Officer = Annotated[Work, Reads(*SEES_JUDGEMENTS)]
TEXTS = ("title", "description", "end_reason")
CSV_HEADER = (
    *("LineCode", "Organisation", "Title", "AwardedOn", "PlannedFrom", "PlannedTo", "State", "Use"),
    *("Amount", "Paid", "Left", "Spent", "DutiesMissing"),
)


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
    """Awards of an agreement, in the order they were made; CSV in pounds by `.csv` or `Accept`.

    What is judged of an award's use is told to officers; anyone else learns only that it is allowed.
    """
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
    shown = Page[AwardShape](items=[_shape(work, row, figures[row.id]) for row in page.items], links=page.links)
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


@router.post("/v1/agreements/{agreement}/pass-through-awards/{award}/text-clearances", status_code=201)
async def clear_award_texts(work: Clearing, agreement: str, award: str, body: TextClearance) -> AwardShape:
    """Say that personal details which title and description seem to hold may be published.

    A second person does, signed in as one: not who recorded the award. It holds for the texts as they stand now.
    """
    row = await commands.clear_texts(work, agreement, award, codes=body.codes, reason=body.reason)
    return await _one(work, row)


@router.get("/v1/agreements/{agreement}/pass-through-awards/{award}/text-clearances")
async def list_text_clearances(work: Officer, agreement: str, award: str) -> TextClearances:
    """Who cleared what of an award's texts and why, and what still waits."""
    found = await load_agreement(work.session, agreement)
    row = await load_award(work.session, found.id, award)
    waiting = await waiting_findings(work.session, [row])
    return TextClearances(
        items=[TextClearanceShape.model_validate(one) for one in await text_clearances(work.session, [row.id])],
        waiting=[TextFindingShape.model_validate(one) for one in waiting[row.id]],
    )


@router.post("/v1/agreements/{agreement}/pass-through-awards/{award}/state-changes", status_code=201)
async def move_award(work: Manager, agreement: str, award: str, body: StateChange) -> AwardShape:
    """Make an award payable, complete it once it is paid, or end it with a reason."""
    return await _one(work, await commands.move_award(work, agreement, award, to=body.to, reason=body.reason))


async def _one(work: Work, award: PassThroughAward) -> AwardShape:
    await work.session.flush()
    figures = await award_figures(work.session, award.agreement_id, [award])
    shape = _shape(work, award, figures[award.id])
    # What is paid and spent changes without the award.
    work.etag(award.version, content_tag(shape))
    return shape


def _shape(work: Work, award: PassThroughAward, figures: AwardFigures) -> AwardShape:
    days = {duty.duty: duty.acknowledged_on for duty in figures.duties}
    return AwardShape(
        **award.model_dump(exclude={"agreement_id", "line_id", "created_at", "created_by", "use_outcome", *TEXTS}),
        **_texts(work, award, figures),
        text_findings=[TextFindingShape.model_validate(finding) for finding in figures.findings],
        organisation=figures.organisation,
        use=_use(work, award, figures.use),
        duties=[
            DutyShape(code=duty.code, text=duty.text, paragraphs=duty.paragraphs, acknowledged_on=days.get(duty.code))
            for duty in DUTIES
        ],
        paid_pence=figures.paid_pence,
        left_pence=0 if award.state == "ended" else award.amount_pence - figures.paid_pence,
        spent_pence=figures.spent_pence,
    )


def _texts(work: Work, award: PassThroughAward, figures: AwardFigures) -> dict[str, Any]:
    """The award's texts; to all but officers without those that seem to hold personal details."""
    texts = {name: getattr(award, name) for name in TEXTS}
    if work.actor.may(*SEES_JUDGEMENTS):
        return texts
    withheld = {finding.text for finding in figures.findings}
    if award.end_reason and find(award.end_reason):
        withheld.add("end_reason")
    return {name: REDACTED if name in withheld else text for name, text in texts.items()}


def _use(work: Work, award: PassThroughAward, declared: UseDeclaration | None) -> UseShape | None:
    if not work.actor.may(*SEES_JUDGEMENTS):
        if award.use_outcome != "allowed":
            return None
        # What was weighed, such as a word found in the description, is not said of a body by name.
        return UseShape(outcome=award.use_outcome, rule=None, paragraph=None, detail=None, declaration_id=None)
    return UseShape(
        outcome=award.use_outcome,
        rule=declared.rule_code if declared else None,
        paragraph=declared.paragraph if declared else None,
        detail=declared.detail if declared else None,
        declaration_id=declared.id if declared else None,
    )


def _csv_row(award: AwardShape) -> tuple[object, ...]:
    amounts = (award.amount_pence, award.paid_pence, award.left_pence, award.spent_pence)
    return (
        *(award.line_code, award.organisation, award.title, award.awarded_on, award.planned_from, award.planned_to),
        *(award.state, award.use.outcome if award.use else None),
        *(pounds(pence) for pence in amounts),
        " ".join(duty.code for duty in award.duties if duty.acknowledged_on is None),
    )

"""Routes of pass-through awards and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select

from services.grants.awards import commands
from services.grants.awards.queries import load_award
from services.grants.awards.rules import Award
from services.grants.awards.tables import PassThroughAward
from services.grants.organisations.tables import Organisation
from services.grants.queries import load_agreement
from services.grants.shapes import Amount, Code, Name, OrganisationSlug, Prose
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.work import Work

router = Routes(tags=["pass-through awards"])


class NewAward(Body):
    """Part of a pass-through line for another body, which then carries the same duties."""

    model_config = example(
        line_code="CF",
        organisation="scrutiny-centre",
        amount_pence=18_000_000,
        awarded_on="2017-05-10",
        title="Scrutiny support",
        description="Helpdesk, networks and events for councils.",
    )

    line_code: Code
    organisation: OrganisationSlug
    amount_pence: Annotated[Amount, Field(gt=0)]
    awarded_on: Day
    planned_from: Day | None = None
    planned_to: Day | None = None
    title: Name
    description: Prose


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
    version: int
    modified_at: datetime


@router.post("/v1/agreements/{agreement}/pass-through-awards", status_code=201)
async def award_pass_through(
    work: Annotated[Work, Writes("grants:manager")], agreement: str, body: NewAward
) -> AwardShape:
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
    )
    work.etag(award.version)
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{award.agreement_id}/pass-through-awards/{award.id}"
    return _shape(award, body.organisation)


@router.get("/v1/agreements/{agreement}/pass-through-awards")
async def list_pass_through_awards(
    work: PublicWork, agreement: str, paging: Paging, organisation: OrganisationSlug | None = None
) -> Page[AwardShape]:
    """Awards of an agreement, in the order they were made."""
    found = await load_agreement(work.session, agreement)
    statement: Any = (
        select(PassThroughAward, col(Organisation.slug).label("slug"))
        .join(Organisation, col(Organisation.id) == col(PassThroughAward.organisation_id))
        .where(PassThroughAward.agreement_id == found.id)
    )
    if organisation is not None:
        statement = statement.where(Organisation.slug == organisation)
    return await paginate(
        work,
        statement,
        order=(col(PassThroughAward.created_at), col(PassThroughAward.id)),
        paging=paging,
        shape=lambda row: _shape(row.PassThroughAward, row.slug),
    )


@router.get("/v1/agreements/{agreement}/pass-through-awards/{award}")
async def read_pass_through_award(work: PublicWork, agreement: str, award: str) -> AwardShape:
    """One award."""
    found = await load_agreement(work.session, agreement)
    row = await load_award(work.session, found.id, award)
    slug = (await work.session.exec(select(Organisation.slug).where(Organisation.id == row.organisation_id))).one()
    work.etag(row.version)
    return _shape(row, slug)


def _shape(award: PassThroughAward, slug: str) -> AwardShape:
    return AwardShape(
        **award.model_dump(exclude={"agreement_id", "line_id", "created_at", "created_by"}), organisation=slug
    )

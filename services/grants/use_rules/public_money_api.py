"""Routes of the yearly declaration on the principles of public money, and of the guidance's editions (G-21)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.grants.queries import load_agreement
from services.grants.shapes import Name, Prose
from services.grants.use_rules import commands
from services.grants.use_rules.queries import editions, public_money_declarations
from shared.fields import Day, example
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["permitted use"])

Cfo = Annotated[Work, Writes("grants:cfo")]
Officer = Annotated[Work, Reads("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:read")]


class NewEdition(Body):
    """An edition of the guidance on public money."""

    model_config = example(name="Managing Public Money, May 2023", principles=["honesty", "impartiality", "openness"])

    name: Name
    published_on: Day | None = None
    principles: list[Name] = Field(min_length=1, max_length=50)


class EditionShape(Shape):
    name: str
    published_on: date | None
    principles: tuple[str, ...]


class Editions(Shape):
    items: list[EditionShape]


class NewPublicMoneyDeclaration(Body):
    """That the year's use followed the principles of the edition the agreement cites (G-21)."""

    model_config = example(
        signatory_name="Jo Grey",
        signatory_role="Chief finance officer",
        statement="The grant of the year was used in line with each of these principles.",
    )

    signatory_name: Name
    signatory_role: Name
    statement: Prose
    declared_on: Day | None = Field(default=None, description="Default today.")


class PublicMoneyShape(Shape):
    id: UUID
    number: int
    edition: str
    principles: list[str] = Field(description="As the edition lists them.")
    signatory_name: str
    signatory_role: str
    statement: str
    declared_on: date
    recorded_at: datetime


class PublicMoneyDeclarations(Shape):
    items: list[PublicMoneyShape]


@router.get("/v1/guidance-editions")
async def list_guidance_editions(work: PublicWork) -> Editions:
    """Editions of the guidance on public money, and the principles each lists."""
    return Editions(items=[EditionShape.model_validate(edition) for edition in await editions(work.session)])


@router.post("/v1/guidance-editions", status_code=201)
async def keep_guidance_edition(work: Cfo, body: NewEdition) -> EditionShape:
    """Keep another edition. Agreements that cite an earlier one stay as they are."""
    row = await commands.keep_edition(work, name=body.name, published_on=body.published_on, principles=body.principles)
    return EditionShape(name=row.name, published_on=row.published_on, principles=tuple(row.principles))


@router.post("/v1/agreements/{agreement}/public-money-declarations", status_code=201)
async def declare_public_money(work: Cfo, agreement: str, body: NewPublicMoneyDeclaration) -> PublicMoneyShape:
    """Make the yearly declaration on the principles of public money."""
    row = await commands.declare_public_money(
        work,
        agreement,
        signatory_name=body.signatory_name,
        signatory_role=body.signatory_role,
        statement=body.statement,
        declared_on=body.declared_on,
    )
    return PublicMoneyShape.model_validate(row)


@router.get("/v1/agreements/{agreement}/public-money-declarations")
async def list_public_money_declarations(work: Officer, agreement: str) -> PublicMoneyDeclarations:
    """The yearly declarations of an agreement, the latest last."""
    found = await load_agreement(work.session, agreement)
    rows = await public_money_declarations(work.session, found.id)
    return PublicMoneyDeclarations(items=[PublicMoneyShape.model_validate(row) for row in rows])

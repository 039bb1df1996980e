"""Routes of organisations and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlmodel import select

from services.grants.organisations import commands
from services.grants.organisations.queries import identifiers_of, load_organisation, names_of
from services.grants.organisations.rules import DatedName
from services.grants.organisations.tables import Organisation
from services.grants.queries import names_on
from services.grants.shapes import AsAt, Yes, content_tag
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.values import MethodologyScope, Slug
from shared.work import Work

router = Routes(tags=["organisations"])

Manager = Annotated[Work, Writes("grants:manager")]
OrganisationNameText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class IdentifierBody(Body):
    scheme: str = Field(pattern=r"^[A-Z][A-Z0-9-]{1,39}$", description="Register, such as `GB-COH` or `GSS`.")
    id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] = Field(
        description="Identifier in that register, as text with its leading zeros; one that the register cannot have"
        " given is refused as `identifier_unusable`."
    )


class NewOrganisation(Body):
    """A body that is party to an agreement, publishes, or receives grant."""

    model_config = example(
        slug="agency",
        name="Improvement Agency",
        identifiers=[{"scheme": "GB-COH", "id": "03675577"}],
        is_publisher=True,
    )

    slug: Slug = Field(description="Stable name in addresses; it never changes.")
    name: OrganisationNameText
    name_since: Day | None = Field(default=None, description="Day from which the name is in force; none: always.")
    identifiers: list[IdentifierBody] = Field(default_factory=list, max_length=20)
    is_publisher: Yes = False
    methodology_scope: MethodologyScope = MethodologyScope.PROGRAMME


class NewName(Body):
    """A name and the day it is in force from (G-5)."""

    model_config = example(name="Ministry", since="2018-01-08")

    name: OrganisationNameText
    since: Day = Field(description="Day from which the name is in force.")


class OrganisationChange(Body):
    """What is left out stays as it is."""

    model_config = example(is_publisher=True)

    identifiers: list[IdentifierBody] | None = Field(default=None, max_length=20)
    is_publisher: Yes | None = None
    methodology_scope: MethodologyScope | None = None


class NameShape(Shape):
    name: str
    since: date | None


class IdentifierShape(Shape):
    scheme: str
    id: str


class OrganisationInList(Shape):
    id: UUID
    slug: str
    is_publisher: bool
    methodology_scope: MethodologyScope
    version: int
    modified_at: datetime


class OrganisationShape(OrganisationInList):
    name: str = Field(description="Name in force on the asked day, by default today.")
    names: list[NameShape]
    identifiers: list[IdentifierShape]


@router.post("/v1/organisations", status_code=201)
async def register_organisation(work: Manager, body: NewOrganisation) -> OrganisationShape:
    """Register an organisation."""
    organisation = await commands.register(
        work,
        slug=body.slug,
        name=DatedName(body.name, body.name_since),
        identifiers=[(item.scheme, item.id) for item in body.identifiers],
        is_publisher=body.is_publisher,
        methodology_scope=body.methodology_scope,
    )
    work.headers["Location"] = f"{work.base_url}/v1/organisations/{organisation.slug}"
    return await _shape(work, organisation)


@router.get("/v1/organisations")
async def list_organisations(
    work: PublicWork, paging: ChangedPaging, is_publisher: bool | None = None
) -> Page[OrganisationInList]:
    """All organisations, in the order of their slugs."""
    statement = select(Organisation)
    if is_publisher is not None:
        statement = statement.where(Organisation.is_publisher == is_publisher)
    return await paginate(
        work,
        statement,
        order=(Organisation.slug,),
        paging=paging,
        shape=OrganisationInList.model_validate,
        changed=Organisation.modified_at,
    )


@router.get("/v1/organisations/{organisation}")
async def read_organisation(work: PublicWork, organisation: str, as_at: AsAt = None) -> OrganisationShape:
    """One organisation by id or slug, with its name on a day (G-5)."""
    return await _shape(work, await load_organisation(work.session, organisation), as_at)


@router.post("/v1/organisations/{organisation}/names", status_code=201)
async def rename_organisation(work: Manager, organisation: str, body: NewName) -> OrganisationShape:
    """Give it another name from a day on; it stays the same party (G-5)."""
    return await _shape(work, await commands.rename(work, organisation, name=body.name, since=body.since))


@router.patch("/v1/organisations/{organisation}")
async def describe_organisation(work: Manager, organisation: str, body: OrganisationChange) -> OrganisationShape:
    """Change identifiers, publishing duty or methodology scope. Needs If-Match."""
    changed = await commands.describe(
        work,
        organisation,
        identifiers=None if body.identifiers is None else [(item.scheme, item.id) for item in body.identifiers],
        is_publisher=body.is_publisher,
        methodology_scope=body.methodology_scope,
    )
    return await _shape(work, changed)


async def _shape(work: Work, organisation: Organisation, as_at: date | None = None) -> OrganisationShape:
    await work.session.flush()
    day = as_at or london_date(work.now)
    names = await names_on(work.session, [organisation.id], day)
    shape = OrganisationShape(
        id=organisation.id,
        slug=organisation.slug,
        is_publisher=organisation.is_publisher,
        methodology_scope=MethodologyScope(organisation.methodology_scope),
        version=organisation.version,
        modified_at=organisation.modified_at,
        name=names[organisation.id].name,
        names=[NameShape.model_validate(row) for row in await names_of(work.session, organisation.id)],
        identifiers=[
            IdentifierShape(scheme=row.scheme, id=row.identifier)
            for row in await identifiers_of(work.session, organisation.id)
        ],
    )
    # The name in force changes with the day, not with the version.
    work.etag(organisation.version, content_tag(shape))
    return shape

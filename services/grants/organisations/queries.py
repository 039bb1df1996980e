"""Read-only selects on organisations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.faults import uuid_of
from services.grants.organisations.tables import Identifier, Organisation, OrganisationName
from services.grants.queries import organisation_by_slug
from shared.errors import Invalid, NotFound


class UnknownOrganisation(Invalid):
    code = "unknown_organisation"
    title = "No organisation has this slug"


async def load_organisation(session: AsyncSession, key: str, *, lock: bool = False) -> Organisation:
    """By id or slug. NotFound otherwise."""
    found = uuid_of(key)
    statement = select(Organisation).where(Organisation.id == found if found else Organisation.slug == key)
    if lock:
        statement = statement.with_for_update(key_share=True)
    organisation = (await session.exec(statement)).one_or_none()
    if organisation is None:
        raise NotFound("No organisation has this id or slug; register it first.")
    return organisation


async def referenced_organisation(session: AsyncSession, slug: str, pointer: str) -> Organisation:
    """The organisation a request's field names. UnknownOrganisation, located, otherwise."""
    organisation = await organisation_by_slug(session, slug)
    if organisation is None:
        raise UnknownOrganisation("No organisation has this slug; register it first.", pointer=pointer)
    return organisation


async def names_of(session: AsyncSession, organisation_id: UUID) -> Sequence[OrganisationName]:
    statement = (
        select(OrganisationName)
        .where(OrganisationName.organisation_id == organisation_id)
        .order_by(col(OrganisationName.since).asc().nulls_first())
    )
    return (await session.exec(statement)).all()


async def identifiers_of(session: AsyncSession, organisation_id: UUID) -> Sequence[Identifier]:
    statement = select(Identifier).where(Identifier.organisation_id == organisation_id).order_by(col(Identifier.scheme))
    return (await session.exec(statement)).all()


async def taken_identifiers(
    session: AsyncSession, identifiers: Sequence[tuple[str, str]], *, but: UUID
) -> frozenset[tuple[str, str]]:
    """Which of these identifiers organisations other than `but` carry."""
    if not identifiers:
        return frozenset()
    statement = select(Identifier).where(
        tuple_(col(Identifier.scheme), col(Identifier.identifier)).in_(list(identifiers)),
        Identifier.organisation_id != but,
    )
    return frozenset((row.scheme, row.identifier) for row in (await session.exec(statement)).all())


async def slugs_of(session: AsyncSession, organisation_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Organisation → slug."""
    statement = select(Organisation.id, Organisation.slug).where(col(Organisation.id).in_(list(organisation_ids)))
    return dict((await session.exec(statement)).all())

"""One function per thing a person can do with an organisation: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, delete

from services.grants.organisations.identifiers import plain_identifier
from services.grants.organisations.queries import identifiers_of, load_organisation, names_of, taken_identifiers
from services.grants.organisations.rules import DatedName, Described, Taken, register_organisation, rename_organisation
from services.grants.organisations.tables import Identifier, Organisation, OrganisationName
from services.grants.queries import organisation_by_slug
from shared.values import MethodologyScope
from shared.work import Work


async def register(
    work: Work,
    *,
    slug: str,
    name: DatedName,
    identifiers: Sequence[tuple[str, str]],
    is_publisher: bool,
    methodology_scope: MethodologyScope,
) -> Organisation:
    """Register an organisation under a slug of its own. Records OrganisationRegistered."""
    work.may_write_for(slug)
    identifiers = _plain(identifiers)
    organisation = Organisation(
        id=work.new_id(),
        slug=slug,
        is_publisher=is_publisher,
        methodology_scope=methodology_scope,
        version=1,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    taken_slug = await organisation_by_slug(work.session, slug) is not None
    await _decide(work, organisation, (name,), identifiers, taken_slug=taken_slug)
    work.session.add(organisation)
    await work.session.flush()
    _store_name(work, organisation, name)
    _store_identifiers(work, organisation, identifiers)
    work.audit("register_organisation", organisation.id, after={"slug": slug, "name": name.name})
    return organisation


async def rename(work: Work, key: str, *, name: str, since: date) -> Organisation:
    """Give an organisation another name from a day on (G-5). Records OrganisationRegistered."""
    organisation = await load_organisation(work.session, key, lock=True)
    work.may_write_for(organisation.slug)
    standing = [DatedName(row.name, row.since) for row in await names_of(work.session, organisation.id)]
    names = rename_organisation(standing, DatedName(name, since))
    identifiers = [(row.scheme, row.identifier) for row in await identifiers_of(work.session, organisation.id)]
    _touch(work, organisation)
    await _decide(work, organisation, names, identifiers, identifiers_given=False)
    _store_name(work, organisation, names[-1])
    work.audit("rename_organisation", organisation.id, after={"name": name, "since": since.isoformat()})
    return organisation


async def describe(
    work: Work,
    key: str,
    *,
    identifiers: Sequence[tuple[str, str]] | None,
    is_publisher: bool | None,
    methodology_scope: MethodologyScope | None,
) -> Organisation:
    """Change identifiers, publishing duty or scope; what is None stays. Records OrganisationRegistered."""
    organisation = await load_organisation(work.session, key, lock=True)
    work.may_write_for(organisation.slug)
    work.if_match(organisation.version, f"{work.base_url}/v1/organisations/{organisation.slug}")
    before = [(row.scheme, row.identifier) for row in await identifiers_of(work.session, organisation.id)]
    names = tuple(DatedName(row.name, row.since) for row in await names_of(work.session, organisation.id))
    if is_publisher is not None:
        organisation.is_publisher = is_publisher
    if methodology_scope is not None:
        organisation.methodology_scope = methodology_scope
    _touch(work, organisation)
    after = before if identifiers is None else _plain(identifiers)
    await _decide(work, organisation, names, after, identifiers_given=identifiers is not None)
    if after != before:
        await work.session.exec(delete(Identifier).where(col(Identifier.organisation_id) == organisation.id))
        _store_identifiers(work, organisation, after)
    work.audit("describe_organisation", organisation.id, before={"identifiers": before}, after={"identifiers": after})
    return organisation


async def _decide(
    work: Work,
    organisation: Organisation,
    names: tuple[DatedName, ...],
    identifiers: Sequence[tuple[str, str]],
    *,
    taken_slug: bool = False,
    identifiers_given: bool = True,
) -> None:
    taken = await taken_identifiers(work.session, identifiers, but=organisation.id)
    described = Described(
        organisation_id=organisation.id,
        version=organisation.version,
        slug=organisation.slug,
        names=names,
        identifiers=tuple(identifiers),
        is_publisher=organisation.is_publisher,
        methodology_scope=MethodologyScope(organisation.methodology_scope),
        identifiers_given=identifiers_given,
    )
    await work.record(register_organisation(described, Taken(slug=taken_slug, identifiers=taken)))


def _plain(identifiers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """As a reader sees them, so that a sign nobody sees makes no second identifier of one."""
    return [(scheme, plain_identifier(text, scheme)) for scheme, text in identifiers]


def _touch(work: Work, organisation: Organisation) -> None:
    organisation.version += 1
    organisation.modified_at = work.now


def _store_name(work: Work, organisation: Organisation, name: DatedName) -> None:
    work.session.add(
        OrganisationName(id=work.new_id(), organisation_id=organisation.id, name=name.name, since=name.since)
    )


def _store_identifiers(work: Work, organisation: Organisation, identifiers: Sequence[tuple[str, str]]) -> None:
    for scheme, text in identifiers:
        work.session.add(Identifier(organisation_id=organisation.id, scheme=scheme, identifier=text))

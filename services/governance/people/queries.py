"""Reads of persons and memberships: known names for matching, who sits on a board on a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.people.rules import KnownPerson
from services.governance.people.tables import Alias, Membership, Person
from shared.errors import NotFound


async def find_person(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> Person:
    statement = select(Person).where(Person.id == person_id)
    person = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if person is None:
        raise NotFound("No person has this id.")
    return person


async def known_people(session: AsyncSession) -> list[KnownPerson]:
    """Everybody on record with all their names; the merged are known by the survivor."""
    aliases = await aliases_by_person(session)
    people = (await session.exec(select(Person).order_by(col(Person.created_at), col(Person.id)))).all()
    names: dict[UUID, list[str]] = defaultdict(list)
    for person in people:
        if person.merged_into is not None:
            names[person.merged_into] += [person.name, *(alias.text for alias in aliases[person.id])]
    return [
        KnownPerson(
            person.id,
            person.name,
            person.title,
            tuple(person.honours),
            (*(alias.text for alias in aliases[person.id]), *names[person.id]),
        )
        for person in people
        if person.merged_into is None
    ]


async def aliases_by_person(session: AsyncSession) -> dict[UUID, list[Alias]]:
    found: dict[UUID, list[Alias]] = defaultdict(list)
    for alias in (await session.exec(select(Alias).order_by(col(Alias.text)))).all():
        found[alias.person_id].append(alias)
    return found


async def names_by_id(session: AsyncSession, ids: set[UUID]) -> dict[UUID, str]:
    """Names of persons by id."""
    if not ids:
        return {}
    return {p.id: p.name for p in (await session.exec(select(Person).where(col(Person.id).in_(ids)))).all()}


async def memberships_on(session: AsyncSession, board_id: UUID, day: date) -> Sequence[tuple[Membership, Person]]:
    """Who sits on a board on a day, in the order of entry (B-22)."""
    return (
        await session.exec(
            select(Membership, Person)
            .join(Person, col(Person.id) == Membership.person_id)
            .where(
                Membership.board_id == board_id,
                Membership.valid_from <= day,
                or_(col(Membership.valid_to).is_(None), col(Membership.valid_to) >= day),
            )
            .order_by(col(Membership.created_at), col(Membership.id))
        )
    ).all()

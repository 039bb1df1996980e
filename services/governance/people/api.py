"""Routes of persons and of who sits on a board."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlmodel import col, select
from starlette.responses import RedirectResponse

from services.governance.boards.queries import authority_names, find_board, group_names
from services.governance.boards.tables import GroupSize
from services.governance.people import commands
from services.governance.people.queries import aliases_by_person, find_person, known_people, memberships_on
from services.governance.people.tables import Alias, Membership, Person
from services.governance.shapes import BoardRef, Count, Day, Flag, Text, example
from shared.errors import Invalid
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.texts import folded
from shared.work import Work

router = Routes(tags=["people"])

Capacity = Literal["full_member", "substitute", "observer", "lead_peer"]


class PersonIn(Body):
    name: Text = Field(description="Bare name, without title and honours.")
    title: Text | None = None
    honours: list[Text] = Field(default_factory=list, max_length=20)


class AliasIn(Body):
    text: Text
    kind: Literal["spelling", "title", "former name"]
    source: Text


class MergeIn(Body):
    into: UUID


class PersonOut(Shape):
    id: UUID
    name: str
    given: str | None
    family: str | None
    title: str | None
    honours: list[str]
    aliases: list[str] = Field(default_factory=list)
    version: int


class MembershipIn(Body):
    person_id: UUID
    capacity: Capacity
    role: Literal["chair", "vice_chair", "deputy_chair", "member"] = "member"
    role_printed: Text | None = None
    voting: Flag = False
    group: Text | None = None
    authority: Text | None = None
    valid_from: Day
    valid_to: Day | None = None
    source: Text


class MembershipEnd(Body):
    valid_to: Day


class RosterPerson(Body):
    name: Text
    name_printed: Text | None = None
    title: Text | None = None
    honours: list[Text] = Field(default_factory=list, max_length=20)
    role: Literal["chair", "vice_chair", "deputy_chair", "member", "observer", "substitute"] = "member"
    role_printed: Text | None = None
    group: Text | None = None
    authority: Text | None = None
    capacity: Capacity
    voting: Flag


class RosterGroup(Body):
    name: Text
    printed_size: Count | None = Field(default=None, ge=0, le=1000)


class RosterIn(Body):
    model_config = example(
        source="pack of 24 May 2018",
        valid_from="2017-09-01",
        groups=[{"name": "Liberal Democrat", "printed_size": 3}],
        people=[
            {
                "name": "Liz Green",
                "name_printed": "Cllr Liz Green",
                "title": "Cllr",
                "capacity": "full_member",
                "voting": True,
                "group": "Liberal Democrat",
                "authority": "Kingston upon Thames Royal Borough Council",
            }
        ],
    )

    source: Text
    valid_from: Day
    valid_to: Day | None = None
    groups: list[RosterGroup] = Field(default_factory=list, max_length=100)
    people: list[RosterPerson] = Field(min_length=1, max_length=1000)


class RosterOut(Shape):
    persons_added: int
    memberships_added: int
    unchanged: int
    findings: list[UUID]


class MembershipOut(Shape):
    id: UUID
    person_id: UUID
    name: str
    title: str | None
    honours: list[str]
    capacity: str
    role: str
    role_printed: str | None
    voting: bool
    group: str | None
    authority: str | None
    valid_from: Day
    valid_to: Day | None
    version: int


class GroupOut(Shape):
    name: str
    printed_size: int | None = Field(description="As a membership page prints it; it may or may not count observers.")
    members: int = Field(description="Full members, counted.")
    members_and_observers: int = Field(description="Full members and observers, counted.")


class Members(Shape):
    board: str
    on: Day
    groups: list[GroupOut]
    items: list[MembershipOut]


@router.post("/v1/persons", status_code=201)
async def create_person(body: PersonIn, work: Annotated[Work, Writes("governance:clerk")]) -> PersonOut:
    """Enter a person."""
    work.may_write_for_all()
    person = await commands.create_person(work, body.name, body.title, body.honours)
    work.headers["Location"] = f"{work.base_url}/v1/persons/{person.id}"
    work.etag(person.version)
    return _person(person, [])


@router.get("/v1/persons")
async def list_persons(
    work: PublicWork,
    paging: ChangedPaging,
    name: Annotated[str | None, Query(max_length=500, description="Whole name or alias, in any case.")] = None,
) -> Page[PersonOut]:
    """Persons; merged ones are found under the survivor."""
    statement = select(Person).where(col(Person.merged_into).is_(None))
    if name is not None:
        known = await known_people(work.session)
        called = [p.id for p in known if folded(name) in {folded(text) for text in (p.name, *p.aliases)}]
        statement = statement.where(col(Person.id).in_(called))
    aliases = await aliases_by_person(work.session)
    return await paginate(
        work,
        statement,
        order=(Person.created_at, Person.id),
        paging=paging,
        changed=Person.modified_at,
        shape=lambda person: _person(person, aliases.get(person.id, [])),
    )


@router.get("/v1/persons/{person}", response_model=PersonOut)
async def read_person(person: UUID, work: PublicWork) -> PersonOut | RedirectResponse:
    """One person; a merged one redirects to the survivor (B-43)."""
    found = await find_person(work.session, person)
    if found.merged_into is not None:
        return RedirectResponse(f"{work.base_url}/v1/persons/{found.merged_into}", status_code=301)
    work.etag(found.version)
    return _person(found, (await aliases_by_person(work.session)).get(found.id, []))


@router.post("/v1/persons/{person}/aliases", status_code=201)
async def add_alias(person: UUID, body: AliasIn, work: Annotated[Work, Writes("governance:clerk")]) -> PersonOut:
    """Confirm another printed text as this person's (B-43)."""
    work.may_write_for_all()
    await commands.add_alias(work, person, body.text, body.kind, body.source)
    found = await find_person(work.session, person)
    return _person(found, (await aliases_by_person(work.session)).get(found.id, []))


@router.post("/v1/persons/{person}/merge")
async def merge_person(person: UUID, body: MergeIn, work: Annotated[Work, Writes("governance:admin")]) -> PersonOut:
    """Merge this person into another (B-43). Answers the survivor."""
    work.may_write_for_all()
    survivor = await commands.merge_person(work, person, body.into)
    return _person(survivor, (await aliases_by_person(work.session)).get(survivor.id, []))


@router.post("/v1/boards/{board}/memberships", status_code=201)
async def add_membership(
    board: BoardRef, body: MembershipIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MembershipOut:
    """Give a person a part on a board from a day (B-22)."""
    _check_days(body.valid_from, body.valid_to)
    fields = body.model_dump(exclude={"person_id", "role_printed"}) | {"role_label": body.role_printed}
    membership = await commands.add_membership(work, board, body.person_id, fields)
    work.etag(membership.version)
    return await _membership(work, membership)


@router.patch("/v1/memberships/{membership}")
async def end_membership(
    membership: UUID, body: MembershipEnd, work: Annotated[Work, Writes("governance:clerk")]
) -> MembershipOut:
    """Let a membership end on a day."""
    ended = await commands.end_membership(work, membership, body.valid_to)
    work.etag(ended.version)
    return await _membership(work, ended)


@router.post("/v1/boards/{board}/membership-imports")
async def import_roster(
    board: BoardRef, body: RosterIn, work: Annotated[Work, Writes("governance:clerk")]
) -> RosterOut:
    """Take in a membership page. The same page again adds nothing; oddities become findings (B-43, B-44).

    `{"source": "page 5", "valid_from": "2017-09-01", "groups": [{"name": "Labour", "printed_size": 7}], "people":
    [{"name": "Liz Green", "name_printed": "Cllr Liz Green", "title": "Cllr", "capacity": "full_member", "voting": true,
    "group": "Liberal Democrat", "authority": "Kingston upon Thames Royal Borough Council"}]}`
    """
    _check_days(body.valid_from, body.valid_to)
    outcome = await commands.import_roster(
        work,
        board,
        source=body.source,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        groups=[(group.name, group.printed_size) for group in body.groups],
        people=[person.model_dump() for person in body.people],
    )
    return RosterOut.model_validate(outcome)


@router.get("/v1/boards/{board}/memberships")
async def read_memberships(
    board: BoardRef,
    work: PublicWork,
    on: Annotated[Day | None, Query(description="Day; left out: today in London.")] = None,
) -> Members:
    """Who sits on a board on a day, with group sizes as printed and as counted (B-22)."""
    found = await find_board(work.session, board)
    day = on or london_date(work.now)
    rows = await memberships_on(work.session, found.id, day)
    groups, authorities = await group_names(work.session), await authority_names(work.session)
    sizes = (
        await work.session.exec(
            select(GroupSize)
            .where(GroupSize.board_id == found.id, GroupSize.valid_from <= day)
            .order_by(col(GroupSize.valid_from))
        )
    ).all()
    printed = {size.group_id: size.printed_size for size in sizes}
    shown = [gid for gid in groups if gid in printed or any(m.group_id == gid for m, _ in rows)]
    return Members(
        board=found.slug,
        on=day,
        groups=[
            GroupOut(
                name=groups[gid],
                printed_size=printed.get(gid),
                members=sum(1 for m, _ in rows if m.group_id == gid and m.capacity == "full_member"),
                members_and_observers=sum(
                    1 for m, _ in rows if m.group_id == gid and m.capacity in ("full_member", "observer")
                ),
            )
            for gid in shown
        ],
        items=[_membership_out(m, p, groups, authorities) for m, p in rows],
    )


async def _membership(work: Work, membership: Membership) -> MembershipOut:
    person = await find_person(work.session, membership.person_id)
    return _membership_out(membership, person, await group_names(work.session), await authority_names(work.session))


def _membership_out(m: Membership, p: Person, groups: dict[UUID, str], authorities: dict[UUID, str]) -> MembershipOut:
    return MembershipOut(
        id=m.id,
        person_id=p.id,
        name=p.name,
        title=p.title,
        honours=p.honours,
        capacity=m.capacity,
        role=m.role,
        role_printed=m.role_label,
        voting=m.voting,
        group=groups.get(m.group_id) if m.group_id else None,
        authority=authorities.get(m.authority_id) if m.authority_id else None,
        valid_from=m.valid_from,
        valid_to=m.valid_to,
        version=m.version,
    )


def _person(person: Person, aliases: list[Alias]) -> PersonOut:
    return PersonOut.model_validate({**person.model_dump(), "aliases": [alias.text for alias in aliases]})


def _check_days(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise Invalid("valid_to lies before valid_from.", pointer="/valid_to")

"""What can be done to persons and memberships: enter, name, merge, and import a membership page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import select, update

from services.governance.actions.tables import Action
from services.governance.attendance.tables import AttendanceEntry
from services.governance.boards.commands import settle_authority, settle_group
from services.governance.boards.queries import find_board
from services.governance.boards.tables import GroupSize
from services.governance.declarations.tables import Declaration
from services.governance.findings.noting import note_finding
from services.governance.minutes.tables import NoteAttendance
from services.governance.people.queries import find_person, known_people
from services.governance.people.rules import KnownPerson, match_name, part_name
from services.governance.people.tables import Alias, Membership, Person
from services.governance.registers.tables import RegisterCell
from shared.errors import Conflict, Invalid, NotFound
from shared.work import Work


class AlreadyMerged(Conflict):
    code = "already_merged"
    title = "That person was merged into another"


class MembershipsOverlap(Conflict):
    code = "memberships_overlap"
    title = "The person already has that part on the board then"


@dataclass
class RosterOutcome:
    """What an import of a membership page came to."""

    persons_added: int = 0
    memberships_added: int = 0
    unchanged: int = 0
    findings: list[UUID] = field(default_factory=list)


async def create_person(work: Work, name: str, title: str | None, honours: Sequence[str]) -> Person:
    """A new person. Two may bear one name, so nothing is refused for it."""
    given, _, family = name.rpartition(" ")
    person = Person(
        id=work.new_id(),
        name=name,
        given=given or None,
        family=family or None,
        title=title,
        honours=list(honours),
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(person)
    await work.session.flush()
    return person


async def person_as_printed(work: Work, printed: str) -> Person:
    """A new person of a name nobody bears yet, with the title and honours it is printed with."""
    parts = part_name(printed)
    return await create_person(work, parts.name, parts.titles[0] if parts.titles else None, parts.honours)


async def add_alias(work: Work, person_id: UUID, text: str, kind: str, source: str) -> Alias:
    """Confirm that a printed text means this person (B-43)."""
    person = await find_person(work.session, person_id, lock=True)
    known = (
        await work.session.exec(select(Alias).where(Alias.person_id == person.id, Alias.text == text))
    ).one_or_none()
    if known is not None:
        return known
    alias = Alias(
        id=work.new_id(), person_id=person.id, text=text, kind=kind, source=source, confirmed_by=work.actor.sub
    )
    person.touch(work.now)
    work.session.add_all([alias, person])
    await work.session.flush()
    work.audit("add_alias", person.id, after={"text": text, "kind": kind})
    return alias


async def merge_person(work: Work, person_id: UUID, into_id: UUID) -> Person:
    """Two records are one person: the survivor keeps its id, the other redirects, all names stay findable (B-43)."""
    if person_id == into_id:
        raise Invalid("A person cannot be merged into themselves; name another.", pointer="/into")
    # Locked in the order of ids, so that two merges crossing each other cannot wait for one another.
    rows = {key: await find_person(work.session, key, lock=True) for key in sorted((person_id, into_id))}
    person, into = rows[person_id], rows[into_id]
    for row in (person, into):
        if row.merged_into is not None:
            raise AlreadyMerged("Use the person it was merged into.", extra={"merged_into": str(row.merged_into)})
    person.merged_into = into.id
    await _repoint(work, person.id, into.id)
    person.touch(work.now)
    into.touch(work.now)
    work.session.add_all([person, into])
    work.audit("merge_person", person.id, after={"into": into.id})
    return into


async def add_membership(work: Work, board_ref: str, person_id: UUID, fields: Mapping[str, Any]) -> Membership:
    """A person's part on a board from a day (B-22)."""
    board = await find_board(work.session, board_ref, lock=True)
    work.may_write_for(board.organisation_slug)
    person = await find_person(work.session, person_id)
    membership, added = await _membership(work, board.id, person.id, fields)
    if not added:
        raise MembershipsOverlap("End the earlier one first, or choose a later day.", pointer="/valid_from")
    board.touch(work.now)
    work.session.add(board)
    work.audit("add_membership", membership.id, after={"board": board.slug, "person": person.id})
    return membership


async def end_membership(work: Work, membership_id: UUID, valid_to: date) -> Membership:
    """Let a membership end on a day."""
    membership = (
        await work.session.exec(select(Membership).where(Membership.id == membership_id).with_for_update())
    ).one_or_none()
    if membership is None:
        raise NotFound("No membership has this id.")
    board = await find_board(work.session, str(membership.board_id), lock=True)
    work.may_write_for(board.organisation_slug)
    work.if_match(membership.version, f"{work.base_url}/v1/memberships/{membership.id}")
    if valid_to < membership.valid_from:
        raise Invalid("valid_to lies before the membership began.", pointer="/valid_to")
    membership.valid_to = valid_to
    membership.touch(work.now)
    board.touch(work.now)
    work.session.add_all([membership, board])
    work.audit("end_membership", membership.id, after={"valid_to": valid_to})
    return membership


async def import_roster(
    work: Work,
    board_ref: str,
    *,
    source: str,
    valid_from: date,
    valid_to: date | None,
    groups: Sequence[tuple[str, int | None]],
    people: Sequence[Mapping[str, Any]],
) -> RosterOutcome:
    """Take in a membership page; the same page again adds nothing (B-22, B-44)."""
    board = await find_board(work.session, board_ref, lock=True)
    work.may_write_for(board.organisation_slug)
    await work.lock("persons")
    outcome = RosterOutcome()
    for name, printed_size in groups:
        group = await settle_group(work.session, work, name)
        if printed_size is not None:
            await _keep_size(work, board.id, group.id, valid_from, printed_size, source)
    known = await known_people(work.session)
    for row in people:
        printed = row["name_printed"] or row["name"]
        match = match_name(row["name"], known)
        if match.person_id is None:
            for proposal in match.proposals:
                await _note_name(
                    work, board.id, source, row["name"], proposal.kind, proposal.person_id, proposal.name, outcome
                )
            person_id = await _new_person(work, row, known)
            outcome.persons_added += 1
        else:
            person_id = match.person_id
        again = match_name(printed, [k for k in known if k.id == person_id])
        if again.person_id is None and again.proposals:
            await _note_name(work, board.id, source, printed, again.proposals[0].kind, person_id, row["name"], outcome)
        fields = {
            "capacity": row["capacity"],
            "role": row["role"],
            "role_label": row["role_printed"],
            "voting": row["voting"],
            "group": row["group"],
            "authority": row["authority"],
            "valid_from": valid_from,
            "valid_to": valid_to,
            "source": source,
            "name_printed": printed,
        }
        _, added = await _membership(work, board.id, person_id, fields)
        outcome.memberships_added += added
        outcome.unchanged += not added
    if outcome.memberships_added:
        board.touch(work.now)
        work.session.add(board)
    work.audit("import_roster", board.id, after={"added": outcome.memberships_added, "source": source})
    return outcome


async def _new_person(work: Work, row: Mapping[str, Any], known: list[KnownPerson]) -> UUID:
    person = await create_person(work, row["name"], row["title"], row["honours"])
    known.append(KnownPerson(person.id, person.name, person.title, tuple(person.honours)))
    return person.id


async def _note_name(
    work: Work, board_id: UUID, batch: str, printed: str, kind: str, person_id: UUID, name: str, outcome: RosterOutcome
) -> None:
    finding = await note_finding(
        work,
        batch=batch,
        place=f"membership page: {printed}",
        kind=kind,
        source_value=printed,
        same=("name", printed, str(person_id)),
        board_id=board_id,
        proposal={"persons": [{"person_id": str(person_id), "name": name}]},
    )
    if finding is not None:
        outcome.findings.append(finding.id)


async def _membership(
    work: Work, board_id: UUID, person_id: UUID, fields: Mapping[str, Any]
) -> tuple[Membership, bool]:
    """The membership, and whether it is new; one that runs into another of the same capacity is that other."""
    group, authority = fields.get("group"), fields.get("authority")
    rows = (
        await work.session.exec(
            select(Membership).where(
                Membership.board_id == board_id,
                Membership.person_id == person_id,
                Membership.capacity == fields["capacity"],
            )
        )
    ).all()
    for row in rows:
        ends_before = row.valid_to is not None and row.valid_to < fields["valid_from"]
        starts_after = fields["valid_to"] is not None and row.valid_from > fields["valid_to"]
        if not ends_before and not starts_after:
            return row, False
    membership = Membership(
        id=work.new_id(),
        board_id=board_id,
        person_id=person_id,
        group_id=(await settle_group(work.session, work, group)).id if group else None,
        authority_id=(await settle_authority(work.session, work, authority)).id if authority else None,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **{key: value for key, value in fields.items() if key not in ("group", "authority")},
    )
    work.session.add(membership)
    await work.session.flush()
    return membership, True


async def _keep_size(work: Work, board_id: UUID, group_id: UUID, day: date, size: int, source: str) -> None:
    known = (
        await work.session.exec(
            select(GroupSize).where(
                GroupSize.board_id == board_id, GroupSize.group_id == group_id, GroupSize.valid_from == day
            )
        )
    ).one_or_none()
    if known is None:
        work.session.add(
            GroupSize(
                id=work.new_id(), board_id=board_id, group_id=group_id, valid_from=day, printed_size=size, source=source
            )
        )
        await work.session.flush()


async def _repoint(work: Work, old: UUID, new: UUID) -> None:
    """Let everything that names the merged person name the survivor, where that makes no double."""
    for table, column in (
        (RegisterCell, RegisterCell.person_id),
        (NoteAttendance, NoteAttendance.person_id),
        (Declaration, Declaration.person_id),
        (Action, Action.owner_person_id),
    ):
        await work.session.exec(update(table).where(column == old).values({column: new}))  # type: ignore[arg-type]
    taken = {
        (e.meeting_id, e.capacity)
        for e in (await work.session.exec(select(AttendanceEntry).where(AttendanceEntry.person_id == new))).all()
    }
    for entry in (await work.session.exec(select(AttendanceEntry).where(AttendanceEntry.person_id == old))).all():
        if (entry.meeting_id, entry.capacity) not in taken:
            entry.person_id = new
            entry.touch(work.now)
            work.session.add(entry)
    held = {
        (m.board_id, m.capacity, m.valid_from)
        for m in (await work.session.exec(select(Membership).where(Membership.person_id == new))).all()
    }
    for membership in (await work.session.exec(select(Membership).where(Membership.person_id == old))).all():
        if (membership.board_id, membership.capacity, membership.valid_from) not in held:
            membership.person_id = new
            membership.touch(work.now)
            work.session.add(membership)
    await work.session.flush()

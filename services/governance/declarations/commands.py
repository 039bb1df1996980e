"""Entering a declaration of interest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.governance.closed.commands import take_over_nature
from services.governance.declarations.rules import check_declaration
from services.governance.declarations.tables import Declaration
from services.governance.meetings.queries import find_meeting
from services.governance.meetings.stamps import raise_stamps
from services.governance.meetings.tables import Meeting
from services.governance.people.queries import known_people
from services.governance.people.rules import KnownPerson, match_name
from shared.errors import Invalid
from shared.work import Work


async def declare(work: Work, meeting_id: UUID, fields: Mapping[str, Any]) -> Declaration:
    """Enter a declaration of interest (B-30)."""
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    faults = check_declaration(fields["sensitive"], fields["nature"], "")
    if faults:
        raise Invalid("The declaration cannot be taken as it stands; see errors.", errors=faults)
    declaration = await keep_declaration(work, meeting, fields, await known_people(work.session))
    await raise_stamps(work, meeting)
    work.audit("declare", declaration.id, after={"type": declaration.type, "sensitive": declaration.sensitive})
    return declaration


async def keep_declaration(
    work: Work,
    meeting: Meeting,
    fields: Mapping[str, Any],
    known: Sequence[KnownPerson],
    minutes_id: UUID | None = None,
) -> Declaration:
    """Store a declaration. One that a note repeats stays the one that was declared before it.

    A note may know that it was sensitive: its nature then moves to the closed store (B-30).
    """
    if minutes_id is not None:
        declared = (await work.session.exec(select(Declaration).where(Declaration.meeting_id == meeting.id))).all()
        for row in declared:
            if (row.person_printed, row.items) == (fields["person"], fields["items"]):
                if fields["sensitive"] and not row.sensitive:
                    await _close_nature(work, row)
                return row
    declaration = Declaration(
        id=work.new_id(),
        meeting_id=meeting.id,
        minutes_id=minutes_id,
        person_id=match_name(fields["person"], known).person_id,
        person_printed=fields["person"],
        items=fields["items"],
        type=fields["type"],
        nature=fields["nature"],
        sensitive=fields["sensitive"],
        action_taken=fields["action_taken"],
        dispensation=fields["dispensation"],
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(declaration)
    await work.session.flush()
    return declaration


async def _close_nature(work: Work, declaration: Declaration) -> None:
    nature, declaration.nature, declaration.sensitive = declaration.nature, None, True
    declaration.modified_at = work.now
    work.session.add(declaration)
    await work.session.flush()
    if nature is not None:
        await take_over_nature(work, declaration.id, nature)

"""The meeting of an agenda that may still change."""

from __future__ import annotations

from uuid import UUID

from services.governance.agendas.rules import AgendaClosed
from services.governance.boards.tables import Board
from services.governance.meetings.queries import find_meeting
from services.governance.meetings.tables import Meeting
from shared.work import Work


async def open_meeting(work: Work, meeting_id: UUID) -> tuple[Meeting, Board]:
    """The meeting, locked; refused where it is over or cancelled, since its agenda then stands."""
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if meeting.agenda_state == "closed":
        raise AgendaClosed(f"The meeting is {meeting.state}.", extra={"state": meeting.state})
    return meeting, board

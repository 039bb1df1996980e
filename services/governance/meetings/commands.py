"""What can be done to meetings: create, schedule, move, postpone, hold, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import col, select

from services.governance.boards.queries import find_board, get_board
from services.governance.boards.tables import Board
from services.governance.meetings.queries import facts, find_meeting, local, local_day, readings_for
from services.governance.meetings.rules import (
    MeetingExists,
    check_move,
    check_times,
    readings_json,
    scheduled,
)
from services.governance.meetings.stamps import raise_stamps
from services.governance.meetings.tables import Meeting
from services.governance.offers.placing import place_waiting_offers, release_offers
from shared.errors import Invalid
from shared.work import Work

NOT_YET_HELD = ("planned", "scheduled")


async def create_meeting(
    work: Work, board_ref: str, state: str, start: datetime, end: datetime | None, fields: Mapping[str, Any]
) -> Meeting:
    """Plan or schedule a meeting of a board."""
    board = await find_board(work.session, board_ref)
    work.may_write_for(board.organisation_slug)
    check_times(start, end)
    _check_zone(fields.get("zone", "Europe/London"))
    await work.lock("meetings", str(board.id))
    await _refuse_same_start(work, board, start, except_id=None)
    meeting = Meeting(
        id=work.new_id(),
        board_id=board.id,
        start=start.astimezone(UTC),
        end=end.astimezone(UTC) if end else None,
        state=state,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **fields,
    )
    await _announce(work, meeting, board, previous_start=None)
    work.audit("create_meeting", meeting.id, after={"board": board.slug, "start": meeting.start, "state": state})
    return meeting


async def move_meeting(
    work: Work,
    meeting_id: UUID,
    to: str,
    *,
    start: datetime | None,
    end: datetime | None,
    reason: str | None,
    stated: datetime | None,
) -> Meeting:
    """Schedule, move, postpone, hold or cancel a meeting (domain section 3)."""
    happened_at = work.happened_at(stated)
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if start is not None:
        check_times(start, end)
    check_move(facts(meeting, board), to, start=start, reason=reason, happened_at=happened_at)
    before = {"state": meeting.state, "start": meeting.start}
    previous_start = None
    if to == "scheduled":
        await work.lock("meetings", str(board.id))
        await _refuse_same_start(work, board, start or meeting.start, except_id=meeting.id)
    if to == "scheduled" and start is not None and start != meeting.start:
        previous_start = meeting.start
        # Moving keeps the old start: people come to the time they first read (B-31).
        meeting.previous_starts = [
            *meeting.previous_starts,
            {
                "start": local(meeting.start, meeting.zone).isoformat(),
                "moved_at": work.now.isoformat(),
                "reason": reason,
            },
        ]
        length = meeting.end - meeting.start if meeting.end else None
        meeting.start = start.astimezone(UTC)
        meeting.end = end.astimezone(UTC) if end else (meeting.start + length if length else None)
    meeting.state = to
    if to == "cancelled":
        meeting.cancel_reason = reason
    if to == "held":
        meeting.held_at = happened_at
    if to in ("held", "cancelled") and meeting.agenda_state in ("draft", "published"):
        meeting.agenda_state = "closed"
    meeting.touch(work.now)
    await _announce(work, meeting, board, previous_start=previous_start)
    if to in ("postponed", "cancelled"):
        await release_offers(work, meeting)
    work.audit("move_meeting", meeting.id, before=before, after={"state": to, "start": meeting.start}, reason=reason)
    return meeting


async def change_meeting(work: Work, meeting_id: UUID, changes: Mapping[str, Any]) -> Meeting:
    """Change what a meeting is called and where it is."""
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    work.if_match(meeting.version, f"{work.base_url}/v1/meetings/{meeting.id}")
    for name in ("title", "mode"):
        if name in changes and changes[name] is None:
            raise Invalid(f"{name} cannot be empty; leave it out to keep it.", pointer=f"/{name}")
    before = {name: getattr(meeting, name) for name in changes}
    for name, value in changes.items():
        setattr(meeting, name, value)
    await raise_stamps(work, meeting)
    work.audit("change_meeting", meeting.id, before=before, after=dict(changes))
    return meeting


async def recompute_readings(work: Work, *, board_id: UUID | None = None) -> None:
    """Recompute the deadlines of meetings not yet held, and announce those that changed (B-5)."""
    statement = select(Meeting).where(col(Meeting.state).in_(NOT_YET_HELD)).order_by(col(Meeting.id)).with_for_update()
    if board_id is not None:
        statement = statement.where(Meeting.board_id == board_id)
    for meeting in (await work.session.exec(statement)).all():
        readings = readings_json(await readings_for(work.session, meeting))
        if readings != meeting.readings:
            meeting.touch(work.now)
            await _announce(work, meeting, await get_board(work.session, meeting.board_id), previous_start=None)


async def _announce(work: Work, meeting: Meeting, board: Board, *, previous_start: datetime | None) -> None:
    # A meeting already held or cancelled keeps the deadlines it had: they were counted by the calendar of then.
    if meeting.state not in ("held", "cancelled") or not meeting.readings:
        meeting.readings = readings_json(await readings_for(work.session, meeting))
    work.session.add(meeting)
    await work.session.flush()
    if meeting.state == "planned":
        return
    event = scheduled(facts(meeting, board), previous_start=previous_start, readings=())
    await work.record(event.model_validate({**event.model_dump(), "readings": meeting.readings}))
    if meeting.state == "scheduled":
        await place_waiting_offers(work, board.id)


async def _refuse_same_start(work: Work, board: Board, start: datetime, *, except_id: UUID | None) -> None:
    known = (
        await work.session.exec(
            select(Meeting).where(
                Meeting.board_id == board.id,
                Meeting.start == start,
                col(Meeting.state).notin_(("cancelled", "postponed")),
            )
        )
    ).one_or_none()
    if known is not None and known.id != except_id:
        raise MeetingExists(
            f"There is a meeting on {local_day(known).isoformat()} at that time; use it, or choose another start.",
            pointer="/start",
            extra={"meeting": f"{work.base_url}/v1/meetings/{known.id}"},
        )


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("Name a time zone such as Europe/London.", pointer="/zone") from error

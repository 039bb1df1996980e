"""What can be done to minutes: enter, publish, approve; and to actions: report progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.governance.actions.commands import announce_registers
from services.governance.actions.tables import Action, Decision
from services.governance.agendas.documents import fingerprint, meeting_face, restriction_face
from services.governance.agendas.tables import Restriction
from services.governance.boards.tables import Board
from services.governance.deadlines.rules import judge_minutes
from services.governance.declarations.tables import Declaration
from services.governance.meetings.publishing import keep_publication
from services.governance.meetings.queries import find_meeting, local_day, meeting_key, policy_for
from services.governance.meetings.stamps import raise_stamps
from services.governance.meetings.tables import Meeting
from services.governance.minutes.notes import check_note, fill_minutes
from services.governance.minutes.queries import latest_of, public_document
from services.governance.minutes.rules import (
    ApprovingMeeting,
    MeetingNotHeld,
    MinutesExist,
    MinutesMoveNotAllowed,
    amend,
    approve_minutes,
    publish_minutes,
)
from services.governance.minutes.tables import Approval, MinuteItem, Minutes, NoteAttendance
from shared.errors import NotFound
from shared.work import Work


async def enter_minutes(work: Work, meeting_id: UUID, note: Mapping[str, Any]) -> tuple[Minutes, bool]:
    """Enter a note as draft minutes. The same note again adds nothing (B-44). Returns them, and if they are new."""
    meeting, board = await _held_meeting(work, meeting_id)
    check_note(note)
    sha256 = fingerprint(note)
    latest = await latest_of(work.session, meeting_id, lock=True)
    if latest is not None:
        first = (
            await work.session.exec(select(Minutes).where(Minutes.meeting_id == meeting_id, Minutes.number == 1))
        ).one()
        if first.source_sha256 == sha256:
            return latest, False
        raise MinutesExist(
            f"They are {latest.state}; change a draft with PUT, and published minutes by an approval with amendments.",
            extra={"state": latest.state},
        )
    minutes = Minutes(
        id=work.new_id(),
        meeting_id=meeting.id,
        number=1,
        state="draft",
        content={},
        source=note.get("source"),
        source_sha256=sha256,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    await fill_minutes(work, meeting, board, minutes, note)
    work.audit("enter_minutes", meeting.id, after={"sha256": sha256, "items": len(note["items"])})
    return minutes, True


async def replace_minutes(work: Work, meeting_id: UUID, note: Mapping[str, Any]) -> Minutes:
    """Replace draft minutes as a whole; nothing of a draft was public, so nothing remains of it."""
    meeting, board = await _held_meeting(work, meeting_id)
    minutes = await latest_of(work.session, meeting_id, lock=True)
    if minutes is None:
        raise NotFound("The meeting has no minutes; enter them with POST.")
    work.if_match(minutes.version, f"{work.base_url}/v1/meetings/{meeting_id}/minutes/draft")
    if minutes.state != "draft":
        raise MinutesMoveNotAllowed(
            f"The minutes are {minutes.state}; only a draft is replaced.", extra={"state": minutes.state}
        )
    check_note(note)
    for table, column in (
        (Decision, Decision.meeting_id),
        (Action, Action.meeting_id),
        (MinuteItem, MinuteItem.meeting_id),
        (NoteAttendance, NoteAttendance.meeting_id),
    ):
        await work.session.exec(delete(table).where(col(column) == meeting_id))
    await work.session.exec(delete(Declaration).where(col(Declaration.minutes_id) == minutes.id))
    minutes.source_sha256 = fingerprint(note)
    minutes.touch(work.now)
    await fill_minutes(work, meeting, board, minutes, note)
    work.audit("replace_minutes", meeting.id, after={"items": len(note["items"])})
    return minutes


async def publish_draft(work: Work, meeting_id: UUID, stated: datetime | None) -> Minutes:
    """Publish draft minutes, labelled; decisions and actions become public with them (B-8, B-35)."""
    happened_at = work.happened_at(stated)
    meeting, board = await _held_meeting(work, meeting_id)
    minutes = await latest_of(work.session, meeting_id, lock=True)
    if minutes is None:
        raise NotFound("The meeting has no minutes; enter them first.")
    await _publish(work, meeting, board, minutes, happened_at, stated is not None, approved=False)
    minutes.state = "published_draft"
    minutes.published_at = happened_at
    minutes.touch(work.now)
    work.session.add(minutes)
    await announce_registers(work, meeting, board, happened_at)
    work.audit("publish_draft", meeting.id, after={"version": minutes.number})
    return minutes


async def approve(
    work: Work,
    meeting_id: UUID,
    *,
    approving_id: UUID,
    item: str,
    outcome: str,
    amendments: Sequence[Mapping[str, Any]],
    signed_by: str | None,
    stated: datetime | None,
) -> Minutes:
    """A later meeting approves; amendments make a new version, the old one stays readable as superseded (B-35)."""
    happened_at = work.happened_at(stated)
    meeting, board = await _held_meeting(work, meeting_id)
    approving, _ = await find_meeting(work.session, approving_id)
    minutes = await latest_of(work.session, meeting_id, lock=True)
    if minutes is None:
        raise NotFound("The meeting has no minutes.")
    policy, _ = await policy_for(work.session, approving)
    number = minutes.number + 1 if amendments else minutes.number
    await raise_stamps(work, meeting)
    event = approve_minutes(
        meeting_key(meeting, board),
        state=minutes.state,
        minutes_version=number,
        minuted=ApprovingMeeting(meeting.id, meeting.board_id, meeting.state, meeting.start),
        approving=ApprovingMeeting(approving.id, approving.board_id, approving.state, approving.start),
        same_meeting_allowed=policy.approve_at_same_meeting,
        amendments=len(amendments),
        happened_at=happened_at,
    )
    approved = minutes
    if amendments:
        approved = Minutes(
            id=work.new_id(),
            meeting_id=meeting.id,
            number=number,
            state="draft",
            content=amend(minutes.content, amendments),
            source=minutes.source,
            source_sha256=minutes.source_sha256,
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
        minutes.state = "superseded"
        minutes.touch(work.now)
        work.session.add(minutes)
    approved.state = "approved"
    approved.approved_at = happened_at
    approved.published_at = approved.published_at or happened_at
    if not amendments:
        approved.touch(work.now)
    work.session.add(approved)
    await work.session.flush()
    work.session.add(
        Approval(
            id=work.new_id(),
            meeting_id=meeting.id,
            minutes_id=approved.id,
            approving_meeting_id=approving.id,
            item=item,
            outcome=outcome,
            amendments=[dict(amendment) for amendment in amendments],
            signed_by=signed_by,
            happened_at=happened_at,
            recorded_at=work.now,
        )
    )
    await work.record(event)
    await _publish(work, meeting, board, approved, happened_at, stated is not None, approved=True)
    work.audit("approve_minutes", meeting.id, after={"version": number, "amendments": len(amendments), "item": item})
    return approved


async def _publish(
    work: Work, meeting: Meeting, board: Board, minutes: Minutes, happened_at: datetime, stated: bool, *, approved: bool
) -> None:
    policy, days = await policy_for(work.session, meeting)
    document = public_document(minutes, meeting_face(meeting, board), named=policy.named_attendance_public)
    withheld = await _withheld(work, meeting)
    verdict = judge_minutes(
        happened_at,
        local_day(meeting),
        policy.notice,
        days,
        is_draft=not approved,
        draft_satisfies=policy.draft_minutes_satisfy,
    )
    await raise_stamps(work, meeting)
    url = f"{work.base_url}/v1/meetings/{meeting.id}/minutes/versions/{minutes.number}"
    event = publish_minutes(
        meeting_key(meeting, board),
        minutes_version=minutes.number,
        state=minutes.state,
        approved=approved,
        verdict=verdict,
        withheld=len(withheld),
        url=url,
        sha256=fingerprint(document),
        happened_at=happened_at,
        held_at=meeting.start,
    )
    await keep_publication(
        work,
        meeting,
        scope="minutes",
        subject_id=minutes.id,
        number=minutes.number,
        state=event.state,
        happened_at=happened_at,
        stated=stated,
        policy=policy.snapshot(),
        readings=[reading.model_dump(mode="json") for reading in verdict.readings],
        verdict={"due_on": verdict.due_on.isoformat(), "met": verdict.met},
        withheld=withheld,
        url=url,
        sha256=event.sha256,
    )
    await work.record(event)


async def _withheld(work: Work, meeting: Meeting) -> list[dict[str, Any]]:
    """Part 2 items of the minutes, listed with the code and reason of their restriction (B-7)."""
    rows = (
        await work.session.exec(
            select(MinuteItem, Restriction)
            .join(Restriction, col(Restriction.agenda_item_id) == MinuteItem.agenda_item_id, isouter=True)
            .where(MinuteItem.meeting_id == meeting.id, MinuteItem.part == 2)
            .order_by(col(MinuteItem.position))
        )
    ).all()
    return [{"number": item.number, "title": item.title} | restriction_face(restriction) for item, restriction in rows]


async def _held_meeting(work: Work, meeting_id: UUID) -> tuple[Meeting, Board]:
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if meeting.state != "held":
        raise MeetingNotHeld(
            f"The meeting is {meeting.state}; record it as held first.", extra={"state": meeting.state}
        )
    return meeting, board

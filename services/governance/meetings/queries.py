"""Reads of meetings: one by id, by board and day, the readings in force, and what was published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.boards.queries import Policy, office_days_for, policy_on
from services.governance.boards.tables import Board
from services.governance.deadlines.rules import Alert, OfficeDays, Standing, alerts, all_readings
from services.governance.meetings.rules import MeetingFacts, MeetingKey
from services.governance.meetings.tables import Meeting, Publication
from shared.errors import NotFound
from shared.events.governance import DeadlineReading
from shared.periods import london_date, start_of_day


def local_day(meeting: Meeting) -> date:
    """The meeting's local date, from which deadlines are counted (B-2)."""
    return local(meeting.start, meeting.zone).date()


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


async def find_meeting(session: AsyncSession, meeting_id: UUID, *, lock: bool = False) -> tuple[Meeting, Board]:
    """A meeting and its board; NotFound otherwise. `lock` holds the meeting's row for the transaction."""
    statement = select(Meeting).where(Meeting.id == meeting_id)
    meeting = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if meeting is None:
        raise NotFound("No meeting has this id.")
    board = (await session.exec(select(Board).where(Board.id == meeting.board_id))).one()
    return meeting, board


async def policy_for(session: AsyncSession, meeting: Meeting) -> tuple[Policy, OfficeDays]:
    """The policy in force on the meeting's day, and the office days around it."""
    policy = await policy_on(session, meeting.board_id, local_day(meeting))
    return policy, await office_days_for(session, policy, local_day(meeting))


async def readings_for(session: AsyncSession, meeting: Meeting) -> tuple[DeadlineReading, ...]:
    policy, days = await policy_for(session, meeting)
    return all_readings(local_day(meeting), policy.notice, days)


def facts(meeting: Meeting, board: Board) -> MeetingFacts:
    return MeetingFacts(
        id=meeting.id,
        version=meeting.version,
        state=meeting.state,
        start=meeting.start,
        organisation_id=board.organisation_id,
        board_id=board.id,
        board_slug=board.slug,
        under_grant_duty=board.under_grant_duty,
    )


def meeting_key(meeting: Meeting, board: Board) -> MeetingKey:
    """What a fact of the meeting carries, after its version was raised."""
    return MeetingKey(meeting.id, meeting.version, board.organisation_id)


async def meetings_between(session: AsyncSession, board_id: UUID, first: date, until: date) -> Sequence[Meeting]:
    """Meetings of a board that start on `first` or later and before `until`, London days."""
    return (
        await session.exec(
            select(Meeting)
            .where(
                Meeting.board_id == board_id,
                Meeting.start >= start_of_day(first),
                Meeting.start < start_of_day(until),
            )
            .order_by(col(Meeting.start), col(Meeting.id))
        )
    ).all()


async def next_meeting(session: AsyncSession, board_id: UUID, after: datetime) -> Meeting | None:
    """The board's next meeting after a moment that is planned, scheduled or was held."""
    return (
        await session.exec(
            select(Meeting)
            .where(
                Meeting.board_id == board_id,
                Meeting.start > after,
                col(Meeting.state).in_(("planned", "scheduled", "held")),
            )
            .order_by(col(Meeting.start), col(Meeting.id))
            .limit(1)
        )
    ).one_or_none()


async def publications_of(session: AsyncSession, meeting_id: UUID) -> Sequence[Publication]:
    return (
        await session.exec(
            select(Publication)
            .where(Publication.meeting_id == meeting_id)
            .order_by(col(Publication.happened_at), col(Publication.recorded_at), col(Publication.id))
        )
    ).all()


async def main_pack_of(session: AsyncSession, meeting_id: UUID) -> Publication | None:
    return (
        await session.exec(
            select(Publication).where(Publication.meeting_id == meeting_id, Publication.scope == "main_pack")
        )
    ).one_or_none()


async def alerts_of(session: AsyncSession, meeting_id: UUID, now: datetime) -> tuple[Alert, ...]:
    """What of a meeting is near its day or past it, derived from what was published (B-9)."""
    meeting, _ = await find_meeting(session, meeting_id)
    policy, days = await policy_for(session, meeting)
    due = {reading.name: reading.due_on for reading in all_readings(local_day(meeting), policy.notice, days)}
    out = await publications_of(session, meeting_id)
    following = (
        await session.exec(
            select(Meeting)
            .where(Meeting.board_id == meeting.board_id, Meeting.start > meeting.start, Meeting.state == "held")
            .order_by(col(Meeting.start))
            .limit(1)
        )
    ).one_or_none()
    standing = Standing(
        state=meeting.state,
        day=local_day(meeting),
        office_target=due["office_target"],
        minutes_target=due["minutes_target"],
        papers_out=any(p.scope == "main_pack" for p in out),
        minutes_out=any(p.scope == "minutes" for p in out),
        minutes_approved=any(p.scope == "minutes" and p.state == "approved" for p in out),
        next_held=local_day(following) if following else None,
    )
    return alerts(standing, london_date(now), days)

"""Routes of meetings and of their publications."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlmodel import col, select

from services.governance.boards.queries import find_board
from services.governance.boards.tables import Board
from services.governance.meetings import commands
from services.governance.meetings.queries import alerts_of, find_meeting, local, publications_of
from services.governance.meetings.tables import Meeting, Publication
from services.governance.shapes import BoardRef, Day, Instant, Text, example
from shared.events.governance import DeadlineReading, ReadingMet
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import start_of_day
from shared.work import Work

router = Routes(tags=["meetings"])

State = Literal["planned", "scheduled", "postponed", "held", "cancelled"]


class Adjunct(Body):
    kind: Text = Field(description="Such as group_meeting, lunch, visit.")
    start: Instant
    end: Instant | None = None


class MeetingIn(Body):
    model_config = example(start="2018-05-24T11:00:00+01:00", venue_text="18 Smith Square, London")

    title: Text | None = Field(default=None, description="Left out: the board's name.")
    start: Instant = Field(description="With its offset: 2018-05-24T11:00:00+01:00.")
    end: Instant | None = None
    zone: Annotated[str, Field(max_length=60)] = "Europe/London"
    mode: Literal["in_person", "remote", "hybrid"] = "in_person"
    venue_text: Text | None = None
    state: Literal["planned", "scheduled"] = "scheduled"
    webcast_url: Annotated[str, Field(max_length=500, pattern=r"^https?://")] | None = None
    adjuncts: list[Adjunct] = Field(default_factory=list, max_length=20)
    source: Text | None = Field(default=None, description="Where an imported meeting was read.")


class MeetingPatch(Body):
    title: Text | None = None
    mode: Literal["in_person", "remote", "hybrid"] | None = None
    venue_text: Text | None = None
    webcast_url: Annotated[str, Field(max_length=500, pattern=r"^https?://")] | None = None


class MeetingMove(Body):
    model_config = example(to="cancelled", reason="not enough business")

    to: Literal["scheduled", "postponed", "held", "cancelled"]
    start: Instant | None = Field(default=None, description="New start; for `scheduled` only.")
    end: Instant | None = None
    reason: Text | None = Field(default=None, description="Needed to cancel and to postpone.")
    happened_at: Instant | None = Field(default=None, description="An earlier time needs governance:history.")


class PreviousStart(Shape):
    start: datetime
    moved_at: datetime
    reason: str | None = None


class MeetingOut(Shape):
    id: UUID
    board_id: UUID
    board: str
    title: str
    start: datetime = Field(description="Instant, UTC.")
    local_start: str = Field(description="The same in the meeting's zone, with offset.")
    end: datetime | None
    zone: str
    mode: str
    venue_text: str | None
    state: State
    previous_starts: list[PreviousStart]
    cancel_reason: str | None
    held_at: datetime | None
    webcast_url: str | None
    adjuncts: list[dict[str, Any]]
    agenda_state: str
    readings: list[DeadlineReading]
    version: int
    created_at: datetime
    modified_at: datetime
    links: dict[str, str]


class Withheld(Shape):
    number: str | None = None
    title: str
    kind: str
    code: str | None = None
    reason: str | None = None


class PublicationOut(Shape):
    id: UUID
    scope: str
    subject_id: UUID
    number: int
    state: str | None
    happened_at: datetime
    recorded_at: datetime
    stated: bool = Field(description="The time was stated afterwards, not taken from the clock.")
    policy: dict[str, Any]
    readings: list[ReadingMet]
    verdict: dict[str, Any]
    withheld: list[Withheld]
    url: str
    sha256: str


class AlertOut(Shape):
    code: str
    due_on: date
    detail: str


class AlertList(Shape):
    items: list[AlertOut]


class PublicationList(Shape):
    items: list[PublicationOut]


@router.post("/v1/boards/{board}/meetings", status_code=201)
async def create_meeting(
    board: BoardRef, body: MeetingIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MeetingOut:
    """Plan or schedule a meeting. The same board and start again: 409 `meeting_exists` with its address."""
    found = await find_board(work.session, board)
    fields = body.model_dump(mode="json", exclude={"state", "start", "end"})
    fields["title"] = body.title or found.name
    meeting = await commands.create_meeting(work, board, body.state, body.start, body.end, fields)
    work.headers["Location"] = f"{work.base_url}/v1/meetings/{meeting.id}"
    work.etag(meeting.version)
    return meeting_out(meeting, found, work.base_url)


@router.post("/v1/meetings/{meeting}/transitions")
async def move_meeting(
    meeting: UUID, body: MeetingMove, work: Annotated[Work, Writes("governance:clerk")]
) -> MeetingOut:
    """Schedule, move (`scheduled` with a new start), postpone, hold or cancel (B-31)."""
    moved = await commands.move_meeting(
        work, meeting, body.to, start=body.start, end=body.end, reason=body.reason, stated=body.happened_at
    )
    work.etag(moved.version)
    return meeting_out(moved, await find_board(work.session, str(moved.board_id)), work.base_url)


@router.patch("/v1/meetings/{meeting}")
async def change_meeting(
    meeting: UUID, body: MeetingPatch, work: Annotated[Work, Writes("governance:clerk")]
) -> MeetingOut:
    """Change what a meeting is called and where it is. Its time is changed by a transition."""
    changed = await commands.change_meeting(work, meeting, body.model_dump(mode="json", exclude_unset=True))
    work.etag(changed.version)
    return meeting_out(changed, await find_board(work.session, str(changed.board_id)), work.base_url)


@router.get("/v1/meetings")
async def list_meetings(
    work: PublicWork,
    paging: ChangedPaging,
    board: Annotated[str | None, Query(max_length=80, description="Slug or id of the board.")] = None,
    on: Annotated[Day | None, Query(description="London day of the start.")] = None,
    start: Annotated[Instant | None, Query(description="Exact start.")] = None,
    state: State | None = None,
) -> Page[MeetingOut]:
    """Meetings by start, cancelled ones included (B-31)."""
    statement = select(Meeting, Board).join(Board, col(Board.id) == Meeting.board_id)
    if board is not None:
        statement = statement.where(Meeting.board_id == (await find_board(work.session, board)).id)
    if on is not None:
        if on == date.max:
            on -= timedelta(days=1)
        statement = statement.where(
            Meeting.start >= start_of_day(on), Meeting.start < start_of_day(on + timedelta(days=1))
        )
    if start is not None:
        statement = statement.where(Meeting.start == start)
    if state is not None:
        statement = statement.where(Meeting.state == state)
    return await paginate(
        work,
        statement,
        order=(Meeting.start, Meeting.id),
        paging=paging,
        changed=Meeting.modified_at,
        shape=lambda row: meeting_out(row[0], row[1], work.base_url),
    )


@router.get("/v1/meetings/{meeting}")
async def read_meeting(meeting: UUID, work: PublicWork) -> MeetingOut:
    """One meeting with every reading of its deadlines."""
    found, board = await find_meeting(work.session, meeting)
    work.etag(found.version)
    return meeting_out(found, board, work.base_url)


@router.get("/v1/meetings/{meeting}/publications")
async def list_publications(meeting: UUID, work: PublicWork) -> PublicationList:
    """What was published about a meeting, when, and how it stood on its day (B-2 to B-8)."""
    await find_meeting(work.session, meeting)
    return PublicationList(items=[publication_out(p) for p in await publications_of(work.session, meeting)])


@router.get("/v1/meetings/{meeting}/alerts")
async def list_alerts(meeting: UUID, work: Annotated[Work, Reads("governance:clerk", "governance:chair")]) -> AlertList:
    """What is near its day or past it: papers, decisions, minutes, their approval (B-9). Derived when read."""
    return AlertList(items=[AlertOut.model_validate(a) for a in await alerts_of(work.session, meeting, work.now)])


def meeting_out(meeting: Meeting, board: Board, base_url: str) -> MeetingOut:
    here = f"{base_url}/v1/meetings/{meeting.id}"
    return MeetingOut(
        id=meeting.id,
        board_id=board.id,
        board=board.slug,
        title=meeting.title,
        start=meeting.start,
        local_start=local(meeting.start, meeting.zone).isoformat(),
        end=meeting.end,
        zone=meeting.zone,
        mode=meeting.mode,
        venue_text=meeting.venue_text,
        state=meeting.state,
        previous_starts=[PreviousStart.model_validate(p) for p in meeting.previous_starts],
        cancel_reason=meeting.cancel_reason,
        held_at=meeting.held_at,
        webcast_url=meeting.webcast_url,
        adjuncts=meeting.adjuncts,
        agenda_state=meeting.agenda_state,
        readings=[DeadlineReading.model_validate(r) for r in meeting.readings],
        version=meeting.version,
        created_at=meeting.created_at,
        modified_at=meeting.modified_at,
        links={name: f"{here}/{name}" for name in ("agenda", "packs", "attendance", "minutes", "publications")},
    )


def publication_out(publication: Publication) -> PublicationOut:
    return PublicationOut.model_validate(publication)

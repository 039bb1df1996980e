"""Routes of the registers of decisions and actions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.governance.actions import commands
from services.governance.actions.queries import find_action, progress_of
from services.governance.actions.rules import is_overdue
from services.governance.actions.tables import Action, ActionProgress, Decision
from services.governance.boards.queries import find_board
from services.governance.meetings.tables import Meeting
from services.governance.minutes.shapes import Category
from services.governance.minutes.tables import MinuteItem
from services.governance.shapes import Day, Instant, LongText, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.work import Work

router = Routes(tags=["actions"])


State = Literal["open", "in_progress", "done", "carried", "dropped"]


class ProgressIn(Body):
    model_config = example(state="done", text="Slides sent.")

    state: Literal["in_progress", "done", "carried", "dropped"]
    text: LongText = Field(description="What happened; for `dropped`, why.")
    carried_to: UUID | None = None
    happened_at: Instant | None = None


class DecisionOut(Shape):
    id: UUID
    meeting_id: UUID
    item: str | None
    item_title: str
    n: int
    category: str
    text: str
    condition: str | None
    published_at: datetime


class ProgressOut(Shape):
    text: str
    state: str
    carried_to_meeting_id: UUID | None
    happened_at: datetime
    recorded_at: datetime


class ActionOut(Shape):
    id: UUID
    meeting_id: UUID
    item: str | None
    item_title: str
    n: int
    kind: str
    text: str
    owner_kind: str
    owner: str | None
    owner_missing: bool
    due_date: Day | None
    due_meeting_id: UUID | None
    due_text: str | None
    due_missing: bool
    overdue: bool
    state: str
    carried_to_meeting_id: UUID | None
    progress: list[ProgressOut]
    version: int


@router.get("/v1/decisions")
async def list_decisions(
    work: PublicWork,
    paging: ChangedPaging,
    board: Annotated[str | None, Query(max_length=80)] = None,
    meeting: UUID | None = None,
    category: Category | None = None,
) -> Page[DecisionOut]:
    """Decisions of published minutes. Approvals of minutes are not among them (B-36)."""
    statement = (
        select(Decision, MinuteItem)
        .join(MinuteItem, col(MinuteItem.id) == Decision.minute_item_id)
        .where(col(Decision.published_at).is_not(None))
    )
    if board is not None:
        statement = statement.where(Decision.board_id == (await find_board(work.session, board)).id)
    if meeting is not None:
        statement = statement.where(Decision.meeting_id == meeting)
    if category is not None:
        statement = statement.where(Decision.category == category)
    return await paginate(
        work,
        statement,
        order=(Decision.created_at, Decision.id),
        paging=paging,
        changed=Decision.modified_at,
        shape=lambda row: _decision(row[0], row[1]),
    )


@router.get("/v1/actions")
async def list_actions(
    work: PublicWork,
    paging: ChangedPaging,
    board: Annotated[str | None, Query(max_length=80)] = None,
    meeting: UUID | None = None,
    kind: Literal["action", "commitment"] | None = None,
    state: State | None = None,
    owner_missing: bool | None = None,
    overdue: bool | None = None,
) -> Page[ActionOut]:
    """Actions and commitments across meetings, gaps and all: `owner_missing`, `due_missing`, `overdue` (B-37, B-38)."""
    statement = select(Action).where(col(Action.published_at).is_not(None))
    if board is not None:
        statement = statement.where(Action.board_id == (await find_board(work.session, board)).id)
    for column, value in (
        (Action.meeting_id, meeting),
        (Action.kind, kind),
        (Action.state, state),
        (Action.owner_missing, owner_missing),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if overdue is not None:
        statement = _overdue(statement, overdue, work)
    page = await paginate(
        work,
        statement,
        order=(Action.created_at, Action.id),
        paging=paging,
        changed=Action.modified_at,
        shape=lambda action: action,
    )
    return Page(items=await _actions(work, page.items), links=page.links)


@router.get("/v1/actions/{action}")
async def read_action(action: UUID, work: PublicWork) -> ActionOut:
    """One action or commitment with its whole history."""
    found = await find_action(work.session, action)
    work.etag(found.version)
    return (await _actions(work, [found]))[0]


@router.post("/v1/actions/{action}/progress", status_code=201)
async def add_progress(
    action: UUID, body: ProgressIn, work: Annotated[Work, Writes("governance:clerk", "governance:member")]
) -> ActionOut:
    """Report progress; the clerk closes, carries to a named meeting, or drops with a reason (B-38)."""
    moved = await commands.add_progress(
        work, action, to=body.state, text=body.text, carried_to=body.carried_to, stated=body.happened_at
    )
    return (await _actions(work, [moved]))[0]


async def _actions(work: Work, actions: list[Action]) -> list[ActionOut]:
    ids = [action.id for action in actions]
    progress = await progress_of(work.session, ids)
    items = {
        item.id: item
        for item in (
            await work.session.exec(
                select(MinuteItem).where(col(MinuteItem.id).in_([action.minute_item_id for action in actions]))
            )
        ).all()
    }
    due = [action.due_meeting_id for action in actions if action.due_meeting_id]
    starts = {
        meeting.id: meeting.start
        for meeting in (await work.session.exec(select(Meeting).where(col(Meeting.id).in_(due)))).all()
    }
    return [_action(work, a, items[a.minute_item_id], progress.get(a.id, []), starts) for a in actions]


def _overdue(statement: SelectOfScalar[Action], wanted: bool, work: Work) -> SelectOfScalar[Action]:
    """The same derivation as `is_overdue`, for the database."""
    late_meetings = select(Meeting.id).where(Meeting.start < work.now)
    live = col(Action.state).notin_(("done", "dropped"))
    by_date = col(Action.due_date).is_not(None) & (col(Action.due_date) < london_date(work.now))
    by_meeting = col(Action.due_date).is_(None) & col(Action.due_meeting_id).in_(late_meetings)
    condition = live & (by_date | by_meeting)
    return statement.where(condition) if wanted else statement.where(condition.is_not(True))


def _action(
    work: Work, action: Action, item: MinuteItem, progress: list[ActionProgress], starts: dict[UUID, datetime]
) -> ActionOut:
    due_start = starts.get(action.due_meeting_id) if action.due_meeting_id else None
    return ActionOut(
        id=action.id,
        meeting_id=action.meeting_id,
        item=item.number,
        item_title=item.title,
        n=action.n,
        kind=action.kind,
        text=action.text,
        owner_kind=action.owner_kind,
        owner=action.owner_text,
        owner_missing=action.owner_missing,
        due_date=action.due_date,
        due_meeting_id=action.due_meeting_id,
        due_text=action.due_text,
        due_missing=action.due_date is None and action.due_meeting_id is None,
        overdue=is_overdue(action.state, action.due_date, due_start, london_date(work.now), work.now),
        state=action.state,
        carried_to_meeting_id=action.carried_to_meeting_id,
        progress=[ProgressOut.model_validate(step) for step in progress],
        version=action.version,
    )


def _decision(decision: Decision, item: MinuteItem) -> DecisionOut:
    assert decision.published_at is not None
    return DecisionOut(
        id=decision.id,
        meeting_id=decision.meeting_id,
        item=item.number,
        item_title=item.title,
        n=decision.n,
        category=decision.category,
        text=decision.text,
        condition=decision.condition,
        published_at=decision.published_at,
    )

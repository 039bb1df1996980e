"""What can be done to decisions and actions: keep them with their minutes, announce them, report progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel import col, select

from services.governance.actions.queries import find_action
from services.governance.actions.rules import Owner, assign_action, owner_of, progress_action, record_decision
from services.governance.actions.tables import Action, ActionProgress, Decision
from services.governance.boards.tables import Board
from services.governance.meetings.queries import find_meeting, meeting_key
from services.governance.meetings.stamps import raise_stamps
from services.governance.meetings.tables import Meeting
from services.governance.minutes.tables import MinuteItem
from services.governance.people.rules import KnownPerson, match_name
from shared.errors import Invalid
from shared.events.base import Event
from shared.work import Work

ActionState = Literal["open", "in_progress", "done", "carried", "dropped"]


async def add_progress(
    work: Work,
    action_id: UUID,
    *,
    to: ActionState,
    text: str,
    carried_to: UUID | None,
    stated: datetime | None,
) -> Action:
    """Report what became of an action or commitment (B-38)."""
    happened_at = work.happened_at(stated)
    action = await find_action(work.session, action_id)
    meeting, board = await find_meeting(work.session, action.meeting_id, lock=True)
    action = await find_action(work.session, action_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if carried_to is not None:
        other, _ = await find_meeting(work.session, carried_to)
        if other.board_id != board.id or other.start <= meeting.start or other.state == "cancelled":
            raise Invalid("Carry it to a later meeting of the same board that takes place.", pointer="/carried_to")
    action.touch(work.now)
    event = progress_action(
        meeting_key(meeting, board),
        action_id=action.id,
        version=action.version,
        state=action.state,
        to=to,
        carried_to=carried_to,
        reason=text,
        is_clerk=work.actor.may("governance:clerk"),
    )
    action.state = to
    if carried_to is not None:
        action.carried_to_meeting_id = action.due_meeting_id = carried_to
    work.session.add_all(
        [
            action,
            ActionProgress(
                id=work.new_id(),
                action_id=action.id,
                text=text,
                state=to,
                carried_to_meeting_id=carried_to,
                by=work.actor.sub,
                happened_at=happened_at,
                recorded_at=work.now,
            ),
        ]
    )
    item = (await work.session.exec(select(MinuteItem).where(MinuteItem.id == action.minute_item_id))).one()
    await raise_stamps(work, item, meeting)
    await work.record(event)
    work.audit("add_progress", action.id, after={"state": to})
    return action


async def keep_registers(
    work: Work,
    meeting: Meeting,
    board: Board,
    row: MinuteItem,
    item: Mapping[str, Any],
    following: Meeting | None,
    known: Sequence[KnownPerson],
) -> list[dict[str, Any]]:
    """Decisions, actions and commitments of an item, each in its own register (B-36, B-38)."""
    kept: dict[str, Any] = {"created_at": work.now, "modified_at": work.now, "created_by": work.actor.sub}
    for decision in item["decisions"]:
        work.session.add(
            Decision(
                id=work.new_id(), minute_item_id=row.id, meeting_id=meeting.id, board_id=board.id, **decision, **kept
            )
        )
    shown = []
    listed = [("action", a) for a in item["actions"]] + [("commitment", c) for c in item["commitments"]]
    for kind, entry in listed:
        owner = owner_of(entry.get("owner_printed"), entry.get("owner_person"))
        person = match_name(entry["owner_person"], known).person_id if entry.get("owner_person") else None
        next_due = entry.get("due") == "next meeting" and following is not None
        action = Action(
            id=work.new_id(),
            minute_item_id=row.id,
            meeting_id=meeting.id,
            board_id=board.id,
            n=entry["n"],
            kind=kind,
            text=entry["text"],
            owner_kind=owner.kind,
            owner_text=entry.get("owner_person") or entry.get("owner_printed"),
            owner_person_id=person,
            owner_missing=owner.missing,
            due_date=date.fromisoformat(entry["due_date"]) if entry.get("due_date") else None,
            due_meeting_id=following.id if next_due and following else None,
            due_text=entry.get("due"),
            **kept,
        )
        work.session.add(action)
        shown.append(
            {
                "id": str(action.id),
                "n": action.n,
                "kind": kind,
                "text": action.text,
                "owner": action.owner_text,
                "owner_missing": action.owner_missing,
                "due": action.due_date.isoformat() if action.due_date else action.due_text,
            }
        )
    await work.session.flush()
    return shown


async def announce_registers(work: Work, meeting: Meeting, board: Board, happened_at: datetime) -> None:
    """Public decisions and actions become facts when their minutes are published, not before."""
    key = meeting_key(meeting, board)
    items = {
        item.id: item
        for item in (await work.session.exec(select(MinuteItem).where(MinuteItem.meeting_id == meeting.id))).all()
    }
    events: list[Event] = []
    decisions = (
        await work.session.exec(
            select(Decision)
            .where(Decision.meeting_id == meeting.id)
            .order_by(col(Decision.created_at), col(Decision.id))
        )
    ).all()
    for decision in decisions:
        item = items[decision.minute_item_id]
        decision.published_at = happened_at
        work.session.add(decision)
        events.append(
            record_decision(
                key,
                decision_id=decision.id,
                item=item.number,
                category=decision.category,
                programme_relevant=board.under_grant_duty and item.programme_relevant,
            )
        )
    actions = (
        await work.session.exec(
            select(Action).where(Action.meeting_id == meeting.id).order_by(col(Action.created_at), col(Action.id))
        )
    ).all()
    for action in actions:
        action.published_at = happened_at
        work.session.add(action)
        events.append(
            assign_action(
                key,
                action_id=action.id,
                version=action.version,
                kind=action.kind,  # type: ignore[arg-type]
                owner=Owner(action.owner_kind, action.owner_missing),  # type: ignore[arg-type]
                due_date=action.due_date,
                due_meeting_id=action.due_meeting_id,
            )
        )
    await work.session.flush()
    await work.record(*events)

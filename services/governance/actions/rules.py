"""Owners of actions, how actions move, and the facts of both registers (B-36 to B-38)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.governance.meetings.rules import MeetingKey
from shared.errors import Conflict, Invalid
from shared.events.governance import (
    ActionAssigned,
    ActionProgressed,
    DecisionRecorded,
)
from shared.texts import folded

OwnerKind = Literal["person", "role", "group", "none"]


ACTION_MOVES = {
    "open": ("open", "in_progress", "done", "carried", "dropped"),
    "in_progress": ("in_progress", "done", "carried", "dropped"),
    # A carried action stays the same record at its next meeting, so it moves on from there (B-38).
    "carried": ("in_progress", "done", "carried", "dropped"),
    "done": (),
    "dropped": (),
}


class ActionMoveNotAllowed(Conflict):
    code = "move_not_allowed"
    title = "The action's present state does not allow this"


@dataclass(frozen=True)
class Owner:
    kind: OwnerKind
    missing: bool


def owner_of(printed: str | None, person: str | None) -> Owner:
    """Who an action is with. Naming a role or a group is not naming a person (B-37)."""
    if person:
        return Owner("person", False)
    if not printed:
        return Owner("none", True)
    return Owner("group" if "group" in folded(printed) else "role", True)


def record_decision(
    key: MeetingKey, *, decision_id: UUID, item: str | None, category: str, programme_relevant: bool
) -> DecisionRecorded:
    return DecisionRecorded(
        meeting_id=key.meeting_id,
        version=key.version,
        decision_id=decision_id,
        organisation_id=key.organisation_id,
        item=item,
        category=category,
        programme_relevant=programme_relevant,
    )


def assign_action(
    key: MeetingKey,
    *,
    action_id: UUID,
    version: int,
    kind: Literal["action", "commitment"],
    owner: Owner,
    due_date: date | None,
    due_meeting_id: UUID | None,
) -> ActionAssigned:
    return ActionAssigned(
        action_id=action_id,
        version=version,
        meeting_id=key.meeting_id,
        organisation_id=key.organisation_id,
        kind=kind,
        owner_kind=owner.kind,
        owner_missing=owner.missing,
        due_date=due_date,
        due_meeting_id=due_meeting_id,
    )


def progress_action(
    key: MeetingKey,
    *,
    action_id: UUID,
    version: int,
    state: str,
    to: Literal["open", "in_progress", "done", "carried", "dropped"],
    carried_to: UUID | None,
    reason: str | None,
    is_clerk: bool,
) -> ActionProgressed:
    """The owner adds progress, the clerk closes; carrying names a meeting, dropping a reason (domain section 3)."""
    if to not in ACTION_MOVES[state]:
        raise ActionMoveNotAllowed(f"The action is {state}; it cannot become {to}.", extra={"state": state})
    if to in ("done", "carried", "dropped") and not is_clerk:
        raise ActionMoveNotAllowed("The clerk closes, carries or drops an action; say it is in progress.")
    if to == "carried" and carried_to is None:
        raise Invalid("Name the meeting it is carried to.", pointer="/carried_to")
    if to != "carried" and carried_to is not None:
        raise Invalid("Only a carried action names a meeting.", pointer="/carried_to")
    if to == "dropped" and not (reason or "").strip():
        raise Invalid("Say why it is dropped.", pointer="/text")
    return ActionProgressed(
        action_id=action_id,
        version=version,
        meeting_id=key.meeting_id,
        organisation_id=key.organisation_id,
        state=to,
        carried_to_meeting_id=carried_to,
    )


def is_overdue(state: str, due_date: date | None, due_start: datetime | None, today: date, now: datetime) -> bool:
    """Derived, never stored: open past its day, or past the meeting it was due at."""
    if state in ("done", "dropped"):
        return False
    if due_date is not None:
        return today > due_date
    return due_start is not None and now > due_start

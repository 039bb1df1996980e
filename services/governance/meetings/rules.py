"""Meetings: which moves are allowed and the fact each makes (domain section 3, B-31)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.events.governance import DeadlineReading, MeetingScheduled
from shared.values import MeetingState

MOVES = frozenset(
    {
        ("planned", "scheduled"),
        ("scheduled", "scheduled"),
        ("scheduled", "postponed"),
        ("postponed", "scheduled"),
        ("scheduled", "held"),
        ("planned", "cancelled"),
        ("scheduled", "cancelled"),
        ("postponed", "cancelled"),
    }
)


class MoveNotAllowed(Conflict):
    code = "move_not_allowed"
    title = "The meeting's present state does not allow this"


class MeetingExists(Conflict):
    code = "meeting_exists"
    title = "The board already meets at that moment"


class NotYetStarted(Conflict):
    code = "not_yet_started"
    title = "A meeting is held once it has begun"


@dataclass(frozen=True)
class MeetingFacts:
    """What a rule must know of a meeting and its board."""

    id: UUID
    version: int
    state: str
    start: datetime
    organisation_id: UUID
    board_id: UUID
    board_slug: str
    under_grant_duty: bool


@dataclass(frozen=True)
class MeetingKey:
    """What every fact of a meeting carries."""

    meeting_id: UUID
    version: int
    organisation_id: UUID


def check_move(
    meeting: MeetingFacts, to: str, *, start: datetime | None, reason: str | None, happened_at: datetime
) -> None:
    """Refuse a move the state does not allow, a cancellation without reason, a move without a new start."""
    if (meeting.state, to) not in MOVES:
        raise MoveNotAllowed(f"The meeting is {meeting.state}; it cannot become {to}.", extra={"state": meeting.state})
    if to in ("cancelled", "postponed") and not (reason or "").strip():
        raise Invalid(f"Say why the meeting is {to}.", pointer="/reason")
    if to == "scheduled" and meeting.state != "planned" and start is None:
        raise Invalid("Give the new start.", pointer="/start")
    if to == "scheduled" and meeting.state == "scheduled" and start == meeting.start:
        raise Invalid("That is the start it already has; give another one.", pointer="/start")
    if to != "scheduled" and start is not None:
        raise Invalid("Only a meeting that becomes scheduled takes a start.", pointer="/start")
    if to == "held" and happened_at < meeting.start:
        raise NotYetStarted("The meeting starts later than that; record it as held once it has begun.")


def scheduled(
    meeting: MeetingFacts, *, previous_start: datetime | None, readings: tuple[DeadlineReading, ...]
) -> MeetingScheduled:
    """The fact that goes out whenever a meeting is scheduled, moved, postponed, held or cancelled."""
    return MeetingScheduled(
        meeting_id=meeting.id,
        version=meeting.version,
        organisation_id=meeting.organisation_id,
        board_id=meeting.board_id,
        board_slug=meeting.board_slug,
        under_grant_duty=meeting.under_grant_duty,
        state=MeetingState(meeting.state),
        start=meeting.start,
        previous_start=previous_start,
        readings=readings,
    )


def check_times(start: datetime, end: datetime | None) -> None:
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise Invalid("Give the start and end with a zone, such as +01:00 or Z.", pointer="/start")
    if not 1900 <= start.year <= 2200:
        raise Invalid("A meeting starts between 1900 and 2200.", pointer="/start")
    if end is not None and end <= start:
        raise Invalid("The meeting ends before it starts; correct one of the two.", pointer="/end")


def readings_json(readings: tuple[DeadlineReading, ...]) -> list[Any]:
    return [reading.model_dump(mode="json") for reading in readings]

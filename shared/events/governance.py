"""Facts of the governance service: meetings, papers, minutes, decisions and actions. Ids, not names; nothing closed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Event
from shared.values import MeetingState, PapersScope


class DeadlineReading(BaseModel):
    """One reading of a deadline, with the days counted and skipped (B-2, B-3)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(
        description="`literal_deadline`, `clear_deadline`, `strict_latest`, `office_target`, `minutes_due` and so on."
    )
    subject: Literal["papers", "minutes"]
    due_on: date
    arithmetic: str = Field(description="How the day was found, in words.")
    is_policy: bool = Field(default=False, description="The reading the board judges itself by.")


class MeetingScheduled(Event, owner="governance", key="meeting_id"):
    """A meeting was scheduled, moved, postponed, held or cancelled."""

    meeting_id: UUID
    version: int = Field(ge=1, description="Version of the meeting.")
    organisation_id: UUID
    board_id: UUID
    board_slug: str
    under_grant_duty: bool = Field(description="The board's papers are within the duty of MoU Annex C item C.")
    state: MeetingState
    start: datetime
    previous_start: datetime | None = None
    readings: tuple[DeadlineReading, ...]


class AgendaPublished(Event, owner="governance", key="meeting_id"):
    """A version of an agenda was published."""

    meeting_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    agenda_version: int = Field(ge=1)
    public_items: int = Field(ge=0)
    closed_items: int = Field(ge=0)
    happened_at: datetime


class ReadingMet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    due_on: date
    met: bool


class PapersPublished(Event, owner="governance", key="meeting_id"):
    """The main pack or a supplement of a meeting was published, judged reading by reading (B-3, B-6)."""

    meeting_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    scope: PapersScope
    supplement_no: int | None = Field(default=None, ge=1)
    happened_at: datetime
    clear_days_given: int
    clear_working_days_given: int
    met_literal: bool
    met_policy: bool
    readings: tuple[ReadingMet, ...]
    withheld_count: int = Field(ge=0, description="Items closed to the public, listed but not shown (B-7).")
    url: str
    sha256: str


class MinutesPublished(Event, owner="governance", key="meeting_id"):
    """Minutes of a meeting were published, as a labelled draft or as approved."""

    meeting_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    minutes_version: int = Field(ge=1)
    state: Literal["published_draft", "approved"]
    happened_at: datetime
    due_on: date
    met: bool
    readings: tuple[ReadingMet, ...]
    withheld_count: int = Field(ge=0)
    url: str
    sha256: str


class MinutesApproved(Event, owner="governance", key="meeting_id"):
    """A later meeting approved the minutes (B-35)."""

    meeting_id: UUID
    version: int = Field(ge=1)
    organisation_id: UUID
    minutes_version: int = Field(ge=1)
    approving_meeting_id: UUID
    amendments: int = Field(ge=0)
    happened_at: datetime


class DecisionRecorded(Event, owner="governance", key="meeting_id"):
    """A public decision was recorded in the minutes."""

    meeting_id: UUID
    version: int = Field(ge=1)
    decision_id: UUID
    organisation_id: UUID
    item: str | None = Field(default=None, description="Printed number of the item.")
    category: str
    programme_relevant: bool


class ActionAssigned(Event, owner="governance", key="action_id"):
    """An action or commitment was recorded, or given to another (B-37, B-38)."""

    action_id: UUID
    version: int = Field(ge=1)
    meeting_id: UUID
    organisation_id: UUID
    kind: Literal["action", "commitment"]
    owner_kind: Literal["person", "role", "group", "none"]
    owner_missing: bool
    due_date: date | None = None
    due_meeting_id: UUID | None = None


class ActionProgressed(Event, owner="governance", key="action_id"):
    """An action moved on."""

    action_id: UUID
    version: int = Field(ge=1)
    meeting_id: UUID
    organisation_id: UUID
    state: Literal["open", "in_progress", "done", "carried", "dropped"]
    carried_to_meeting_id: UUID | None = None

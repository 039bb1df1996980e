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
    subject: Literal["papers", "minutes"] = Field(description="What is to be published.")
    due_on: date = Field(description="Day by which it is due in this reading.")
    arithmetic: str = Field(description="How the day was found, in words.")
    is_policy: bool = Field(default=False, description="The reading the board judges itself by.")


class MeetingScheduled(Event, owner="governance", key="meeting_id"):
    """A meeting was scheduled, moved, postponed, held or cancelled."""

    meeting_id: UUID = Field(description="The meeting.")
    version: int = Field(ge=1, description="Version of the meeting.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    board_id: UUID = Field(description="The board that meets.")
    board_slug: str = Field(description="Stable name of the board in addresses.")
    under_grant_duty: bool = Field(description="The board's papers are within the duty of MoU Annex C item C.")
    state: MeetingState = Field(description="State it is in now.")
    start: datetime = Field(description="When the meeting starts.")
    previous_start: datetime | None = Field(default=None, description="When it was to start before it was moved.")
    readings: tuple[DeadlineReading, ...] = Field(
        description="Every reading of its deadlines, with the days counted and skipped."
    )


class AgendaPublished(Event, owner="governance", key="meeting_id"):
    """A version of an agenda was published."""

    meeting_id: UUID = Field(description="The meeting.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    agenda_version: int = Field(ge=1, description="Number of the agenda's version.")
    public_items: int = Field(ge=0, description="Items open to the public.")
    closed_items: int = Field(ge=0, description="Items closed to the public, counted only.")
    happened_at: datetime = Field(description="When it happened, as stated by the person who recorded it.")


class ReadingMet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(description="Name of the reading.")
    due_on: date = Field(description="Day by which it was due in this reading.")
    met: bool = Field(description="Published by that day.")


class PapersPublished(Event, owner="governance", key="meeting_id"):
    """The main pack or a supplement of a meeting was published, judged reading by reading (B-3, B-6)."""

    meeting_id: UUID = Field(description="The meeting.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    scope: PapersScope = Field(description="Main pack or supplement.")
    supplement_no: int | None = Field(
        default=None, ge=1, description="Number of the supplement; null for the main pack."
    )
    happened_at: datetime = Field(description="When it happened, as stated by the person who recorded it.")
    clear_days_given: int = Field(description="Whole days between publication and meeting.")
    clear_working_days_given: int = Field(description="Whole working days between publication and meeting.")
    met_literal: bool = Field(description="The literal reading was met.")
    met_policy: bool = Field(description="The reading the board judges itself by was met.")
    readings: tuple[ReadingMet, ...] = Field(description="Every reading of the deadline and whether it was met.")
    withheld_count: int = Field(ge=0, description="Items closed to the public, listed but not shown (B-7).")
    url: str = Field(description="Permanent address.")
    sha256: str = Field(description="SHA-256 of the bytes at the address, hexadecimal.")


class MinutesPublished(Event, owner="governance", key="meeting_id"):
    """Minutes of a meeting were published, as a labelled draft or as approved."""

    meeting_id: UUID = Field(description="The meeting.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    minutes_version: int = Field(ge=1, description="Number of the minutes' version.")
    state: Literal["published_draft", "approved"] = Field(description="Labelled draft, or approved.")
    happened_at: datetime = Field(description="When it happened, as stated by the person who recorded it.")
    due_on: date = Field(description="Day of the reading the board judges itself by.")
    met: bool = Field(description="It was published in time.")
    readings: tuple[ReadingMet, ...] = Field(description="Every reading of the deadline and whether it was met.")
    withheld_count: int = Field(ge=0, description="Items closed to the public, listed but not shown.")
    url: str = Field(description="Permanent address.")
    sha256: str = Field(description="SHA-256 of the bytes at the address, hexadecimal.")


class MinutesApproved(Event, owner="governance", key="meeting_id"):
    """A later meeting approved the minutes (B-35)."""

    meeting_id: UUID = Field(description="The meeting.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    minutes_version: int = Field(ge=1, description="Number of the minutes' version.")
    approving_meeting_id: UUID = Field(description="The later meeting that approved them.")
    amendments: int = Field(ge=0, description="Corrections the meeting made before approving.")
    happened_at: datetime = Field(description="When it happened, as stated by the person who recorded it.")


class DecisionRecorded(Event, owner="governance", key="meeting_id"):
    """A public decision was recorded in the minutes."""

    meeting_id: UUID = Field(description="The meeting.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    decision_id: UUID = Field(description="The decision.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    item: str | None = Field(default=None, description="Printed number of the item.")
    category: str = Field(description="Kind of decision.")
    programme_relevant: bool = Field(description="It concerns the programme of the agreement.")


class ActionAssigned(Event, owner="governance", key="action_id"):
    """An action or commitment was recorded, or given to another (B-37, B-38)."""

    action_id: UUID = Field(description="The action or commitment.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    meeting_id: UUID = Field(description="The meeting.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    kind: Literal["action", "commitment"] = Field(
        description="An action is asked of somebody, a commitment is offered."
    )
    owner_kind: Literal["person", "role", "group", "none"] = Field(
        description="What the owner is; who it is stays inside."
    )
    owner_missing: bool = Field(description="Nobody was named.")
    due_date: date | None = Field(default=None, description="Day by which it is due, where it is due by a day.")
    due_meeting_id: UUID | None = Field(
        default=None, description="The meeting by which it is due, where it is due by a meeting."
    )


class ActionProgressed(Event, owner="governance", key="action_id"):
    """An action moved on."""

    action_id: UUID = Field(description="The action or commitment.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    meeting_id: UUID = Field(description="The meeting.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    state: Literal["open", "in_progress", "done", "carried", "dropped"] = Field(description="State of the action.")
    carried_to_meeting_id: UUID | None = Field(
        default=None, description="The meeting it was carried to, where it was carried."
    )

"""Tables of boards: what they are, the rules in force by date, and the lists they share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field


class Organisation(Governance, table=True):
    """This service's own copy of an organisation of grants; a replay may rebuild it."""

    __tablename__ = "organisations"

    organisation_id: UUID = Field(primary_key=True)
    version: int
    slug: str = Field(unique=True)
    name: str
    name_since: date | None = None
    methodology_scope: str = Field(default="programme", description="`whole_body` stands outside the agreement.")


class Board(Kept, table=True):
    """A board of one organisation; its rules are dated data (B-1, B-10)."""

    __tablename__ = "boards"
    __table_args__ = (
        CheckConstraint("meeting_year_month BETWEEN 1 AND 12", name="meeting_year_month"),
        CheckConstraint("meeting_year_day BETWEEN 1 AND 28", name="meeting_year_day"),
    )

    slug: str = Field(unique=True)
    organisation_id: UUID = Field(index=True)
    organisation_slug: str
    name: str
    former_names: list[Any] = json_field(default=list)
    under_grant_duty: bool
    meeting_year_month: int = 9
    meeting_year_day: int = 1
    clerk: str | None = None
    founded: date | None = None
    dissolved: date | None = None


class RuleSet(Kept, table=True):
    """What binds a board from one day to another. Two of one board never overlap (B-10, B-27)."""

    __tablename__ = "rule_sets"
    __table_args__ = (
        UniqueConstraint("board_id", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        CheckConstraint("notice_days BETWEEN 0 AND 60", name="notice_days"),
        CheckConstraint("notice_basis IN ('calendar', 'clear', 'clear_working')", name="notice_basis"),
        CheckConstraint("(quorum_numerator IS NULL) = (quorum_denominator IS NULL)", name="quorum"),
    )

    board_id: UUID = Field(foreign_key="boards.id")
    valid_from: date
    valid_to: date | None = None
    source: str
    quorum_numerator: int | None = None
    quorum_denominator: int | None = None
    quorum_min_groups: int = 0
    voting_capacities: list[Any] = json_field(default=list)
    remote_counts: bool = True
    notice_days: int = 3
    notice_basis: str = "clear_working"
    weekday_mask: str = "1111100"
    holiday_calendar: str = "GB-ENG"
    minutes_months: int = 1
    duty_scope: str = "relevant"
    draft_minutes_satisfy: bool = True
    approve_at_same_meeting: bool = False
    restriction_regime: str = "LGA 1972 Sch. 12A"
    publish_percentages: bool = True
    named_attendance_public: bool = False


class ClosedDay(Governance, table=True):
    """A day added to or taken from the holidays of every calendar (B-5)."""

    __tablename__ = "closed_days"
    __table_args__ = (CheckConstraint("effect IN ('add', 'remove')", name="effect"),)

    id: UUID = Field(primary_key=True)
    day: date = Field(unique=True)
    name: str
    effect: str
    source: str
    entered_by: str
    entered_at: datetime = instant()


class PoliticalGroup(Governance, table=True):
    """A group under one spelling."""

    __tablename__ = "political_groups"

    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)


class Authority(Governance, table=True):
    """The council or body a person comes from, as printed."""

    __tablename__ = "authorities"

    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)


class GroupSize(Governance, table=True):
    """The size of a group as a membership page prints it, kept beside the computed ones (B-22)."""

    __tablename__ = "group_sizes"
    __table_args__ = (UniqueConstraint("board_id", "group_id", "valid_from"),)

    id: UUID = Field(primary_key=True)
    board_id: UUID = Field(foreign_key="boards.id")
    group_id: UUID = Field(foreign_key="political_groups.id")
    valid_from: date
    printed_size: int
    source: str

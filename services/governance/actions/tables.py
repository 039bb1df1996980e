"""Tables of decisions, actions and their progress."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant


class Decision(Kept, table=True):
    """What was decided, as data (B-36)."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("minute_item_id", "n"),)

    minute_item_id: UUID = Field(foreign_key="minute_items.id")
    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    board_id: UUID = Field(foreign_key="boards.id", index=True)
    n: int
    category: str
    text: str
    condition: str | None = None
    published_at: datetime | None = instant(nullable=True)


class Action(Kept, table=True):
    """Work assigned, or a promise made, under an item (B-37, B-38)."""

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("minute_item_id", "kind", "n"),
        CheckConstraint("kind IN ('action', 'commitment')", name="kind"),
        CheckConstraint("state IN ('open', 'in_progress', 'done', 'carried', 'dropped')", name="state"),
        CheckConstraint("owner_kind IN ('person', 'role', 'group', 'none')", name="owner_kind"),
    )

    minute_item_id: UUID = Field(foreign_key="minute_items.id")
    meeting_id: UUID = Field(foreign_key="meetings.id", index=True)
    board_id: UUID = Field(foreign_key="boards.id", index=True)
    n: int
    kind: str
    text: str
    owner_kind: str = "none"
    owner_text: str | None = None
    owner_person_id: UUID | None = Field(default=None, foreign_key="persons.id")
    owner_missing: bool
    due_date: date | None = None
    due_meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id")
    due_text: str | None = None
    state: str = "open"
    carried_to_meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id")
    published_at: datetime | None = instant(nullable=True)


class ActionProgress(Governance, table=True):
    """One step of an action, with when it happened and when it was written down."""

    __tablename__ = "action_progress"

    id: UUID = Field(primary_key=True)
    action_id: UUID = Field(foreign_key="actions.id", index=True)
    text: str
    state: str
    carried_to_meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id")
    by: str
    happened_at: datetime = instant()
    recorded_at: datetime = instant()

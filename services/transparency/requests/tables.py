"""Tables of requests, of what was written about them, of who asked, and of days on which nobody works."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant, json_field


class InformationRequest(Transparency, table=True):
    """A request for information: its clock, its answer, its review. Nothing here says who asked, or in what words."""

    __tablename__ = "information_requests"
    __table_args__ = (
        UniqueConstraint("organisation_id", "reference"),
        UniqueConstraint("organisation_id", "year", "number"),
        Index("ix_information_requests_state", "state", "review_by"),
        CheckConstraint(
            "state IN ('received', 'open', 'clarifying', 'extended', 'answered', 'review', 'closed')", name="state"
        ),
        CheckConstraint("(state = 'clarifying') = (due_on IS NULL)", name="clock_stopped_while_clarifying"),
        CheckConstraint(
            "(state IN ('answered', 'review', 'closed')) = (answered_on IS NOT NULL)", name="answered_has_its_day"
        ),
        CheckConstraint("outcome IN ('full', 'part', 'refused', 'not_held')", name="outcome"),
        CheckConstraint(
            "(answered_on IS NULL) = (outcome IS NULL) AND (answered_on IS NULL) = (working_days IS NULL)",
            name="answer_whole",
        ),
        CheckConstraint("(extra_days > 0) = (extension_reason IS NOT NULL)", name="extension_says_why"),
        CheckConstraint("review_decided_by <> answered_by", name="review_by_another"),
        CheckConstraint("(review_result IS NULL) = (review_decided_on IS NULL)", name="review_whole"),
        CheckConstraint("(published_subject IS NULL) = (subject_cleared_by IS NULL)", name="subject_cleared_by_name"),
    )

    request_id: UUID = Field(primary_key=True)
    version: int = 1
    organisation_id: UUID
    reference: str
    year: int = Field(description="Calendar year of receipt; references are numbered within it.")
    number: int
    state: str
    channel: str
    received_on: date = Field(index=True)
    clock_from: date = Field(description="Day of receipt, or of the reply that started the clock again.")
    due_on: date | None = None
    arithmetic: str
    days_allowed: int
    extra_days: int = 0
    extension_exemption: str | None = None
    extension_reason: str | None = Field(default=None, description="Public.")
    last_step_at: datetime = instant()
    answered_at: datetime | None = instant(nullable=True)
    answered_on: date | None = None
    answered_by: str | None = None
    outcome: str | None = None
    exemptions: list[str] = json_field()
    working_days: int | None = None
    working_days_late: int | None = None
    disclosure_url: str | None = None
    review_by: date | None = Field(default=None, description="Last day on which a review can be asked for.")
    review_asked_on: date | None = None
    review_decided_on: date | None = None
    review_decided_by: str | None = None
    review_result: str | None = None
    review_outcome: str | None = None
    review_exemptions: list[str] = json_field()
    published_subject: str | None = None
    subject_cleared_by: str | None = None
    requester_erased_at: datetime | None = instant(nullable=True)
    created_by: str
    created_at: datetime = instant()
    modified_at: datetime = instant()


class Requester(Transparency, table=True):
    """Who asked. Read by the information officer and the data protection lead alone; never published."""

    __tablename__ = "requesters"

    request_id: UUID = Field(primary_key=True, foreign_key="information_requests.request_id")
    name: str
    contact: str
    created_at: datetime = instant()


class RequestLetter(Transparency, table=True):
    """What was written, word for word: the request, questions about it, replies, review. Not published."""

    __tablename__ = "request_letters"
    __table_args__ = (
        CheckConstraint("kind IN ('request', 'clarification', 'reply', 'review', 'review_decision')", name="kind"),
    )

    letter_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(index=True, foreign_key="information_requests.request_id")
    kind: str
    subject: str | None = None
    text: str
    written_on: date
    recorded_at: datetime = instant()


class RequestReason(Transparency, table=True):
    """Why information was withheld from an answer: the prejudice and the weighing. Not published; the section is."""

    __tablename__ = "request_reasons"
    __table_args__ = (CheckConstraint("stage IN ('answer', 'review')", name="stage"),)

    request_id: UUID = Field(primary_key=True, foreign_key="information_requests.request_id")
    stage: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    prejudice: str | None = None
    public_interest: str | None = None


class NonWorkingDay(Transparency, table=True):
    """A decision that a day is, or is not, a bank holiday in some nations; the latest on a day and nation holds."""

    __tablename__ = "non_working_days"
    __table_args__ = (
        Index("ix_non_working_days_day", "day"),
        CheckConstraint("change IN ('added', 'removed')", name="change"),
        CheckConstraint("jsonb_array_length(nations) > 0", name="some_nation"),
    )

    decision_id: UUID = Field(primary_key=True)
    number: int = Field(unique=True, description="Order of the decisions.")
    day: date
    nations: list[str] = json_field()
    name: str
    change: str
    source: str
    reason: str
    decided_by: str
    decided_at: datetime = instant()


PRIVATE: tuple[Any, ...] = (Requester, RequestLetter, RequestReason)
"""Tables that no public answer, event, audit entry or message is made of."""

"""Tables of quarterly reports: the report, each submission with its frozen figures, publications, reopenings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.deliverables.base import Deliverables, Kept
from shared.database import instant, json_field


class Report(Kept, table=True):
    """One quarter's report; the row that its changes lock."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("programme_id", "quarter", name="uq_reports_quarter"),
        CheckConstraint("state IN ('draft', 'submitted', 'published', 'reopened')", name="state"),
        CheckConstraint("(due_override_on IS NULL) = (due_agreed_by IS NULL)", name="override_says_who_agreed"),
    )

    id: UUID = Field(primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    quarter: str = Field(max_length=10, index=True)
    state: str = Field(max_length=20)
    due_override_on: date | None = None
    due_agreed_by: str | None = Field(default=None, max_length=400)
    texts: dict[str, Any] = json_field(default=dict)
    editors: list[str] = json_field(default=list)
    """Everyone who drafted it or wrote in it, in order; none of them certifies it (domain section 3)."""


class Submission(Deliverables, table=True):
    """A submission with the figures as they were; nothing alters it afterwards (D-43)."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("report_id", "number", name="uq_submissions_number"),)

    id: UUID = Field(primary_key=True)
    report_id: UUID = Field(foreign_key="reports.id")
    number: int
    due_on: date
    happened_at: datetime = instant()
    stated: bool
    recorded_at: datetime = instant()
    submitted_by: str = Field(max_length=200)
    days_late: int
    sha256: str = Field(max_length=64, description="Of the frozen figures as canonical JSON.")
    figures: dict[str, Any] = json_field()


class Publication(Deliverables, table=True):
    """A publication of one submission; its page is a stored file that never changes."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("submission_id", name="uq_publications_submission"),
        CheckConstraint("unknowns >= 0", name="unknowns_counted"),
    )

    id: UUID = Field(primary_key=True)
    report_id: UUID = Field(foreign_key="reports.id", index=True)
    submission_id: UUID = Field(foreign_key="submissions.id")
    number: int = Field(description="Of the submission that was published.")
    happened_at: datetime = instant()
    stated: bool
    recorded_at: datetime = instant()
    published_by: str = Field(max_length=200)
    days_late: int
    unknowns: int
    url: str = Field(max_length=1000)
    html_sha256: str = Field(max_length=64)


class Reopening(Deliverables, table=True):
    """A submitted report was taken up again, and why (D-43)."""

    __tablename__ = "reopenings"

    id: UUID = Field(primary_key=True)
    report_id: UUID = Field(foreign_key="reports.id", index=True)
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    reopened_by: str = Field(max_length=200)
    reason: str = Field(max_length=1000)

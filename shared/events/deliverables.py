"""Facts of the deliverables service: ratings, and quarterly reports on their way to the public."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Event
from shared.values import QuarterSlug, YearLabel

ReportType = Literal["quarterly", "quarterly_summative"]


class RatingRecorded(Event, owner="deliverables", key="programme_id"):
    """A deliverable was rated: what the numbers say beside what a person claims (D-28)."""

    programme_id: UUID = Field(description="The programme year.")
    version: int = Field(ge=1, description="Number of the rating within the programme.")
    year: YearLabel
    deliverable: str = Field(description="Reference, such as `E1`.")
    scheme: str = Field(description="Rating scheme, such as `rag`.")
    period: QuarterSlug = Field(description="Period it covers, such as `2017-18-q1`.")
    derived: str | None = Field(default=None, description="Colour the numbers give; null where nothing rates.")
    asserted: str | None = Field(default=None, description="Colour claimed; null where missing.")
    overridden: bool = Field(description="Claim and numbers differ, with a reason and a second approver.")


class PerformanceReportSubmitted(Event, owner="deliverables", key="report_id"):
    """A quarterly report was submitted to the Secretary of State (MoU para 25)."""

    report_id: UUID = Field(description="The report.")
    version: int = Field(ge=1, description="Version of the report.")
    agreement_id: UUID = Field(description="The agreement.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    year: YearLabel
    quarter: QuarterSlug
    report_type: ReportType = Field(description="`quarterly`, or `quarterly_summative` for the last of a year.")
    due_on: date = Field(description="London day by the end of which it is due.")
    submitted_at: datetime = Field(description="When it was submitted, as stated by the submitter.")
    days_late: int = Field(ge=0, description="Whole London days after the due day (D-40).")
    sha256: str = Field(description="Hash of the frozen figures.")


class PerformanceReportReopened(Event, owner="deliverables", key="report_id"):
    """A submitted report was reopened, with a reason (D-43)."""

    report_id: UUID = Field(description="The report.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    agreement_id: UUID = Field(description="The agreement.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    year: YearLabel
    quarter: QuarterSlug
    reopened_at: datetime = Field(description="When it was reopened.")
    reason: str = Field(description="Why, in the words of the person who did it.")


class PerformanceReportPublished(Event, owner="deliverables", key="report_id"):
    """A quarterly report was published and can be read by anyone."""

    report_id: UUID = Field(description="The report.")
    version: int = Field(ge=1, description="Version of the aggregate; readers ignore an older one.")
    agreement_id: UUID = Field(description="The agreement.")
    organisation_id: UUID = Field(description="The organisation, as `OrganisationRegistered` names it.")
    year: YearLabel
    quarter: QuarterSlug
    report_type: ReportType = Field(description="`quarterly`, or `quarterly_summative` for the last of a year.")
    due_on: date = Field(description="London day by the end of which it is due.")
    submitted_at: datetime = Field(description="When it was submitted, as stated by the submitter.")
    published_at: datetime = Field(description="When it was published.")
    days_late: int = Field(ge=0, description="Whole London days after the due day; 0 in time.")
    published_with_unknowns: int = Field(ge=0, description="Deliverables without a rating, shown as such (D-29).")
    url: str = Field(description="Permanent address.")
    sha256: str = Field(description="SHA-256 of the bytes at the address, hexadecimal.")

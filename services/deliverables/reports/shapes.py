"""How reports are asked for and shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.deliverables.shapes import Day, HappenedAt, Prose, QuarterText, example
from shared.http import Body, Shape


class ReportIn(Body):
    model_config = example(quarter="2017-18-q1")

    quarter: QuarterText


class SectionIn(Body):
    model_config = example(text="Support went to 41 councils.")

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)] | None = Field(
        default=None, description="Plain text; blank lines part paragraphs."
    )
    empty_reason: Prose | None = Field(default=None, description="Why there is no text (D-45).")

    @model_validator(mode="after")
    def one_of_both(self) -> SectionIn:
        if self.text and self.empty_reason:
            raise ValueError("give a text, or the reason for having none, not both")
        return self


class SectionsIn(Body):
    """All texts of the report by section; a section that is left out has none."""

    model_config = example(
        sections={"commentary": {"text": "A steady quarter."}, "problems": {"empty_reason": "None arose."}}
    )

    sections: dict[str, SectionIn] = Field(max_length=20)


class DueDateIn(Body):
    model_config = example(due_on="2017-07-31", agreed_by="The department, by letter of 20 July 2017")

    due_on: Day = Field(description="The day this quarter's report is due instead.")
    agreed_by: Annotated[Prose, Field(max_length=400, description="Who agreed to move it.")]


class SubmissionIn(Body):
    model_config = example(happened_at="2017-07-28T14:00:00Z")

    happened_at: HappenedAt = None


class PublicationIn(Body):
    model_config = example(happened_at="2017-07-31T09:00:00Z", publish_with_unknowns=False)

    happened_at: HappenedAt = None
    publish_with_unknowns: bool = Field(
        default=False, description="Publish although ratings are missing, showing them."
    )


class ReopeningIn(Body):
    model_config = example(reason="The figure for E3 counted three councils twice.")

    reason: Prose
    happened_at: HappenedAt = None


class DueOut(Shape):
    on: date
    overridden: bool
    agreed_by: str | None
    warning: str | None = Field(description="Says so where the day is on a weekend, which moves nothing (D-39).")


class SubmissionOut(Shape):
    number: int
    due_on: date
    happened_at: datetime
    stated: bool = Field(description="The time was stated by a person; recorded_at is when it was entered.")
    recorded_at: datetime
    days_late: int = Field(description="Whole London days after the due day; 0 is on time (D-40).")
    sha256: str = Field(description="Of the frozen figures as canonical JSON.")


class PublicationOut(Shape):
    number: int
    happened_at: datetime
    stated: bool
    recorded_at: datetime
    days_late: int
    unknowns: int = Field(description="Deliverables shown without a rating (D-29).")
    url: str = Field(description="The page as published; it never changes.")
    html_sha256: str


class ReopeningOut(Shape):
    happened_at: datetime
    recorded_at: datetime
    reason: str


class SectionOut(Shape):
    key: str
    title: str
    text: str | None
    empty_reason: str | None


class ReportBrief(Shape):
    id: UUID
    year: str
    quarter: str
    label: str
    report_type: str
    state: str
    due: DueOut
    submitted_at: datetime | None
    published_at: datetime | None
    links: dict[str, str]


class ReportOut(ReportBrief):
    """A report. The public sees the published one; officers see it as it stands, drafts included."""

    version: int
    organisation: str
    agreement_id: UUID
    submission: SubmissionOut | None
    publication: PublicationOut | None
    reopenings: list[ReopeningOut]
    sections: list[SectionOut]
    warnings: list[str] = Field(description="Worth knowing before or after publication; none of them stops it.")
    figures: dict[str, Any] = Field(description="As frozen at submission; of a draft, as they are now.")

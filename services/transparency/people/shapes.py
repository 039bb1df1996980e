"""What the routes about people answer, and what they take."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from services.transparency.people.rules import Decision, UnitDecision
from shared.errors import ErrorItem
from shared.fields import Day
from shared.http import Body, Shape


class PostShape(Shape):
    """A post of the published chart: what the memorandum asks to be shown, and nothing else."""

    publisher: str
    applicable_date: date
    post_id: str
    reports_to: str | None = Field(description="Nearest post above that is on the chart; null at the top.")
    level: int
    depth: int = Field(description="1 at the top of the chart.")
    job_title: str
    grade: str
    maximum_salary_pence: int | None = Field(description="Maximum of the grade, in whole pounds.")
    unit: str
    service: str
    employment_type: str
    fte: str | None = Field(description="Of the post, all holders together.")
    vacancy: bool
    shared_with: str | None = Field(description="Publisher that carries the full entry of a shared post.")
    is_link: bool = Field(description="The full entry stands with the other publisher.")
    responsibilities: str
    budget_pence: int | None = Field(description="Own budget and that of every post beneath, in whole pounds.")
    employees: int | None = Field(description="Heads beneath the post, direct and indirect.")
    salary_bands: list[str] = Field(description="Brackets of the full-time salary, such as `60000-64999`.")
    holders: int = Field(description="2 or more in a job share, 0 for a vacancy.")
    names: list[str] = Field(description="From the limit of the methodology, or by consent.")
    contacts: list[str]


class TreeShape(PostShape):
    """A post with those that report to it."""

    reports: list[TreeShape]


class ChartShape(Shape):
    publisher: str
    organisation: str
    applicable_date: date
    edition: int | None = Field(description="Number of the edition that it was published in; null in a preview.")
    posts: int
    posts_withheld: int = Field(description="Posts without a row because an objection was upheld.")
    left_out: dict[str, int] = Field(description="Reason → number of posts that are not on the chart.")
    notes: list[str]
    tree: list[TreeShape]
    links: dict[str, str]


class StaffListShape(Shape):
    list_id: UUID
    publisher: str
    applicable_date: date
    version: int
    rows: int
    posts: int
    rejected_rows: int
    imported_by: str
    imported_at: datetime


class ImportShape(StaffListShape):
    changed: bool = Field(description="False where the list is the same as its newest version, which then stays.")
    rows_of_others: int = Field(description="Rows that name another publisher; they are left aside.")
    objections_raised: int = Field(description="Objections stated in the list that now wait for a decision here.")
    errors: list[ErrorItem] = Field(description="Why rows were not taken, with on_error=row_by_row.")


class StaffEntryShape(Shape):
    """A row of a staff list, as it was taken. Personal data."""

    number: int
    post_id: str
    person_id: str | None
    reports_to: str | None
    job_title: str
    unit: str
    employment_type: str
    is_employee: bool
    programme_staff: bool
    fte: str | None
    base_salary_pence: int | None
    basic_paid_pence: int | None
    allowances_pence: int
    bonus_pence: int
    benefits_pence: int
    loss_of_office_pence: int
    pension_pence: int
    start_date: date | None
    end_date: date | None
    leave: str | None
    vacancy: bool
    holder_name: str | None
    consent_to_name: bool
    objection: str | None


class ObjectionShape(Shape):
    """An objection to publication. Restricted: the public sees only how many were upheld."""

    objection_id: UUID
    post_id: str
    state: str
    version: int
    raised_by: str
    raised_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    review_on: date | None


class ObjectionDetail(ObjectionShape):
    """With what people wrote of it: read by few, and in no answer to a POST, which is kept for its repetition."""

    reason: str = Field(description="Why the holder objects. Never published.")
    decision_reason: str | None = Field(description="Why it was decided so. Never published.")


class SmallUnitShape(Shape):
    decision_id: UUID
    publisher: str
    applicable_date: date
    unit: str
    decision: str
    review_on: date
    version: int
    decided_by: str
    decided_at: datetime


class SmallUnitDetail(SmallUnitShape):
    public_interest: str = Field(description="Why that is right, weighed against openness. Never published.")


class ObjectionBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The holder was threatened; see the record of 3 May."}]}
    )

    reason: str = Field(min_length=3, max_length=4000, description="Why the holder objects. Never published.")


class DecisionBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"decision": "upheld", "reason": "The risk outweighs the interest in this one post."}]
        }
    )

    decision: Decision = Field(description="`upheld` or `refused`; `lifted` ends an objection that was upheld.")
    reason: str = Field(min_length=3, max_length=4000, description="Why. Never published.")


class SmallUnitBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "publisher": "improvement-agency",
                    "applicable_date": "2018-03-31",
                    "unit": "Communications",
                    "decision": "hide_figures",
                    "public_interest": "Readers see each post; its figures would show the pay of the withheld one.",
                }
            ]
        }
    )

    publisher: str = Field(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Slug of the publisher.")
    applicable_date: Day = Field(description="Date of the staff list.")
    unit: str = Field(min_length=1, max_length=200, description="Unit, as the staff list writes it.")
    decision: UnitDecision = Field(
        description="`publish` shows its posts as they are; `hide_figures` leaves salary band, budget and staff number "
        "of its posts empty; `hide_unit` also replaces the name of unit and service."
    )
    public_interest: str = Field(
        min_length=3, max_length=4000, description="Why that is right, weighed against openness. Never published."
    )

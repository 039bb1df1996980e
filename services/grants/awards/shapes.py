"""Shapes that routes of pass-through awards take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.grants.awards.duties import DUTIES
from services.grants.awards.life import Target
from services.grants.awards.personal_texts import Detail
from services.grants.shapes import Amount, Code, Name, OrganisationSlug, Prose
from services.grants.use_rules.shapes import UseCode, UseException
from shared.fields import Day, example
from shared.http import Body, Shape


class NewAward(Body):
    """Part of a pass-through line for another body, which then carries the same duties."""

    model_config = example(
        line_code="CF",
        organisation="scrutiny-centre",
        amount_pence=18_000_000,
        awarded_on="2017-05-10",
        title="Scrutiny support",
        description="Helpdesk, networks and events for councils.",
        use_codes=[],
    )

    line_code: Code
    organisation: OrganisationSlug
    amount_pence: Annotated[Amount, Field(gt=0)]
    awarded_on: Day
    planned_from: Day | None = None
    planned_to: Day | None = None
    title: Name
    description: Prose
    use_codes: list[UseCode] | None = Field(
        default=None,
        max_length=40,
        description="Codes of the use rules it raises, empty for none; left out it stays undeclared (G-19).",
    )
    use_exception: UseException | None = None


class AwardUse(Body):
    """Which rules of permitted use an award raises (G-19)."""

    model_config = example(use_codes=[], reason="Read with the body's plan on 12 May.")

    use_codes: list[UseCode] = Field(max_length=40, description="Empty for none.")
    use_exception: UseException | None = None
    reason: Prose | None = None


class Acknowledgement(Body):
    """Who acknowledged which duties for the body, and on which day (G-22)."""

    model_config = example(
        acknowledged_by="Director of the body",
        acknowledged_on="2017-05-12",
        duties=[duty.code for duty in DUTIES],
    )

    acknowledged_by: Name
    acknowledged_on: Day
    duties: list[Annotated[str, Field(max_length=40)]] = Field(min_length=1, max_length=40)


class StateChange(Body):
    """The next state of an award: payable, completed or ended."""

    model_config = example(to="payable")

    to: Target
    reason: Prose | None = Field(default=None, description="Needed to end an award.")


class TextClearance(Body):
    """Which kinds of personal details, found in an award's texts, may be published, and why."""

    model_config = example(codes=["email_in_text"], reason="The address of the body's press office, on its own site.")

    codes: list[Detail] = Field(min_length=1, max_length=10, description="Kinds as `text_findings` names them.")
    reason: Prose


class TextFindingShape(Shape):
    """A text that is withheld, and what it seems to hold."""

    text: str = Field(description="`title` or `description`.")
    code: str = Field(description="Kind of personal detail, such as `email_in_text`; the value is not repeated.")


class TextClearanceShape(Shape):
    id: UUID
    codes: list[str]
    reason: str
    cleared_at: datetime
    cleared_by_name: str


class TextClearances(Shape):
    items: list[TextClearanceShape]
    waiting: list[TextFindingShape] = Field(description="What keeps the award out of public files.")


class DutyShape(Shape):
    code: str
    text: str
    paragraphs: str = Field(description="Where the memorandum says so.")
    acknowledged_on: date | None


class AcknowledgedShape(Shape):
    duty: str
    acknowledged_by: str
    acknowledged_on: date
    recorded_at: datetime


class Acknowledgements(Shape):
    items: list[AcknowledgedShape]
    missing: list[str] = Field(description="Duties that stand between the award and its first payment.")


class UseShape(Shape):
    outcome: str = Field(description="`undeclared`, `allowed`, `refused` or `decision_required`.")
    rule: str | None
    paragraph: str | None
    detail: str | None
    declaration_id: UUID | None = Field(description="What a decision on it names.")


class AwardShape(Shape):
    id: UUID
    line_code: str
    organisation_id: UUID
    organisation: str = Field(description="Slug of the body that receives it.")
    amount_pence: int
    awarded_on: date
    planned_from: date | None
    planned_to: date | None
    title: str = Field(
        description="`REDACTED PERSONAL DATA` to all but officers while it seems to hold personal details that nobody"
        " has cleared; `text_findings` says what. So is the description."
    )
    description: str
    state: str
    end_reason: str | None = Field(
        description="`REDACTED PERSONAL DATA` to all but officers where it seems to hold personal details."
    )
    text_findings: list[TextFindingShape] = Field(
        description="Personal details that title and description seem to hold; they stay out of public files until a"
        " second person has cleared them by `text-clearances`."
    )
    use: UseShape | None = Field(
        description="Without a scope of this service only the outcome `allowed`, and null until it is that."
    )
    duties: list[DutyShape]
    paid_pence: int
    left_pence: int = Field(description="Amount less paid; 0 once ended.")
    spent_pence: int = Field(description="Spend in the body's own ledger on this line of the agreement.")
    version: int
    modified_at: datetime

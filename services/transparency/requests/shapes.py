"""Bodies and answers of the routes about requests. No answer but `RequesterShape` and `LetterShape` says who asked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from shared.http import Body, Shape
from shared.values import Slug

Outcome = Literal["full", "part", "refused", "not_held"]
State = Literal["received", "open", "clarifying", "extended", "answered", "review", "closed"]
Nation = Literal["England", "Wales", "Scotland", "Northern Ireland"]
Day = date
"""A field named `date` would hide the type."""
HTTPS = r"^https?://[^\s]+$"
Text = Annotated[str, Field(min_length=3, max_length=20_000)]
HappenedAt = Annotated[
    AwareDatetime | None,
    Field(description="When it happened; now without it, earlier with transparency:history."),
]


def example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class RequesterBody(Body):
    name: str = Field(min_length=1, max_length=200, description="Who asked. Kept apart and never published.")
    contact: str = Field(min_length=3, max_length=500, description="Where the answer goes. Kept apart as well.")


class RequestBody(Body):
    model_config = example(
        publisher="improvement-agency",
        subject="Cost of peer reviews",
        text="Please tell me what each peer review cost in 2016/17.",
        received_on="2017-04-01",
        channel="email",
        requester={"name": "A. Person", "contact": "a.person@example.org"},
    )

    publisher: Slug
    subject: str = Field(min_length=3, max_length=300, description="As received; published only in cleared words.")
    text: Text = Field(description="The request, word for word. Not published.")
    received_on: date = Field(ge=date(2000, 1, 1), description="London day of receipt, a Saturday included.")
    channel: Literal["email", "letter", "web_form", "in_person", "social_media"]
    requester: RequesterBody


class ClarificationBody(Body):
    model_config = example(text="Do you ask about the calendar year or the financial year?")

    text: Text = Field(description="The question, word for word. Not published.")
    happened_at: HappenedAt = None


class ReplyBody(Body):
    model_config = example(text="The financial year.")

    text: Text = Field(description="The reply, word for word. Not published.")
    happened_at: HappenedAt = None


class ExtensionBody(Body):
    model_config = example(
        exemption="COMMERCIAL_PREJUDICE", working_days=10, reason="Two suppliers are asked what harm they expect."
    )

    exemption: str = Field(max_length=40, description="Ground whose public interest is weighed.")
    working_days: int = Field(ge=1, le=60, description="Working days more, at most as many again.")
    reason: str = Field(min_length=3, max_length=2000, description="Why more time is needed. Public.")
    happened_at: HappenedAt = None


class ExemptionBody(Body):
    code: str = Field(max_length=40, description="Ground, from the list of exemptions.")
    prejudice: str | None = Field(default=None, max_length=5000, description="Specific harm. Not published.")
    public_interest: str | None = Field(default=None, max_length=5000, description="The weighing. Not published.")


class ResponseBody(Body):
    model_config = example(
        outcome="part",
        exemptions=[
            {
                "code": "COMMERCIAL_PREJUDICE",
                "prejudice": "The supplier's day rates would reach its competitors in a running tender.",
                "public_interest": "The totals, which are disclosed, serve scrutiny; the rates add little.",
            }
        ],
        disclosure_url="https://example.org/disclosures/ir-2017-0001.pdf",
    )

    outcome: Outcome
    exemptions: list[ExemptionBody] = Field(default=[], max_length=20, description="Grounds to withhold, where any.")
    disclosure_url: str | None = Field(
        default=None, pattern=HTTPS, max_length=2000, description="Where what was disclosed can be read. Public."
    )
    happened_at: HappenedAt = None


class ReviewBody(Body):
    model_config = example(text="Please look again at the rates you left out.", asked_on="2017-06-01")

    text: Text = Field(description="What is complained of, word for word. Not published.")
    asked_on: date | None = Field(default=None, description="Day on which it was asked for; today without it.")


class ReviewDecisionBody(Body):
    model_config = example(result="upheld", text="The rates stay withheld for the reasons given.")

    result: Literal["upheld", "changed"] = Field(description="Whether the answer stays as it was.")
    outcome: Outcome | None = Field(default=None, description="The new outcome, where the answer is changed.")
    exemptions: list[ExemptionBody] = Field(default=[], max_length=20)
    text: Text = Field(description="The decision, word for word. Not published.")
    happened_at: HappenedAt = None


class SubjectBody(Body):
    model_config = example(published_subject="Cost of peer reviews")

    published_subject: str = Field(min_length=3, max_length=300, description="The subject as the public shall read it.")
    cleared_because: str | None = Field(
        default=None,
        min_length=3,
        max_length=2000,
        description="Why it may stand although it seems to hold a personal detail.",
    )


class ErasureBody(Body):
    model_config = example(reason="Two years have passed since the request was closed.")

    reason: str = Field(min_length=3, max_length=2000, description="Why it is no longer kept; it is audited.")
    letters_too: bool = Field(default=False, strict=True, description="Erase the words of all letters as well.")


class NonWorkingDayBody(Body):
    model_config = example(
        date="2018-05-21",
        nations=["England", "Wales", "Scotland", "Northern Ireland"],
        name="Proclaimed bank holiday",
        change="added",
        source="The Gazette, proclamation of 12 April 2018",
        reason="Proclaimed after the stock list was made.",
    )

    date: Day = Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))
    nations: list[Nation] = Field(min_length=1, max_length=4, description="Where it is, or is not, a bank holiday.")
    name: str = Field(min_length=3, max_length=200)
    change: Literal["added", "removed"]
    source: str = Field(min_length=3, max_length=500, description="Where it was announced.")
    reason: str = Field(min_length=3, max_length=2000, description="Why the list is changed.")


class RequestShape(Shape):
    request_id: UUID
    publisher: str
    reference: str
    state: State
    channel: str
    received_on: date
    subject: str | None = Field(
        default=None,
        description="As received: shown when the information officer or the data protection lead reads it, else null.",
    )
    published_subject: str | None = Field(description="As the public reads it; null until a person has cleared it.")
    subject_cleared_by: str | None
    clock_from: date = Field(description="Day of receipt, or of the reply that started the clock again.")
    due_on: date | None = Field(description="Last day in time; null while a question stops the clock.")
    arithmetic: str = Field(description="How the day was found: days counted and days left out.")
    extra_days: int = Field(description="Working days added for weighing the public interest.")
    extension_exemption: str | None
    extension_reason: str | None
    answered_on: date | None
    answered_by: str | None
    outcome: Outcome | None
    exemptions: list[str]
    working_days: int | None = Field(description="Working days taken, from the start of the clock to the answer.")
    working_days_late: int | None = Field(description="Working days after the due day; 0 in time, null if open.")
    disclosure_url: str | None
    review_by: date | None = Field(description="Last day on which a review can be asked for.")
    review_asked_on: date | None
    review_result: str | None
    review_outcome: Outcome | None
    review_exemptions: list[str]
    review_decided_on: date | None
    review_decided_by: str | None
    requester_erased_at: datetime | None
    version: int


class RequesterShape(Shape):
    reference: str
    name: str
    contact: str


class LetterShape(Shape):
    kind: Literal["request", "clarification", "reply", "review", "review_decision"]
    subject: str | None
    text: str
    written_on: date
    recorded_at: datetime


class Letters(Shape):
    reference: str
    items: list[LetterShape]


class ExemptionShape(Shape):
    code: str
    section: str = Field(description="Section of the Freedom of Information Act 2000 whose principle it follows.")
    title: str
    needs_prejudice: bool
    needs_public_interest: bool = Field(description="The public interest is weighed, which can extend the time.")


class Exemptions(Shape):
    items: list[ExemptionShape]


class DayDecisionShape(Shape):
    nations: list[Nation]
    change: Literal["added", "removed"]
    name: str
    source: str
    reason: str
    decided_by: str
    decided_at: datetime


class NonWorkingDayShape(Shape):
    date: Day
    weekday: str
    name: str
    nations: list[Nation] = Field(description="Where nobody works on it; empty where it was removed everywhere.")
    source: str
    decisions: list[DayDecisionShape] = Field(description="What people decided about it, the first first.")


class DecidedDay(NonWorkingDayShape):
    clocks_moved: int = Field(description="How many open requests have another due day because of it.")

"""Shapes of minutes, in and out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.governance.declarations.api import DeclarationIn
from services.governance.shapes import Count, Day, Flag, LongText, Text, example
from shared.http import Body

Category = Literal[
    "noted", "agreed", "agreed_with_conditions", "agreed_as_amended", "endorsed", "deferred", "rejected", "referred"
]


class NamePrinted(Body):
    name: Text = Field(description="As printed.")
    role: Text | None = None
    authority: Text | None = None


class OfficersPrinted(Body):
    body: Text | None = None
    names: list[Text] = Field(max_length=200)


class NoteAttendanceIn(Body):
    place: Text | None = None
    present: list[NamePrinted] = Field(default_factory=list, max_length=500)
    names_printed: list[Text] = Field(
        default_factory=list, max_length=500, description="Present, where names stand in a column of their own."
    )
    authorities_printed: list[Text] = Field(
        default_factory=list, max_length=500, description="The column beside it; nothing is paired by position."
    )
    apologies: list[NamePrinted] = Field(default_factory=list, max_length=500)
    in_attendance: list[NamePrinted] = Field(default_factory=list, max_length=500)
    officers: list[OfficersPrinted] = Field(default_factory=list, max_length=50)
    press_present: Flag | None = None


class DecisionIn(Body):
    n: Count = Field(ge=1, le=1000)
    category: Category
    text: LongText
    condition: LongText | None = None


class ActionIn(Body):
    n: Count = Field(ge=1, le=1000)
    text: LongText
    owner_printed: Text | None = Field(default=None, description="As printed: a name, or such as Officers.")
    owner_person: Text | None = Field(default=None, description="Only where a person is named.")
    due_date: Day | None = None
    due: Text | None = Field(default=None, description="As printed; `next meeting` is tied to it where it is known.")


class GuestIn(Body):
    name: Text
    organisation: Text | None = None


class AmendmentIn(Body):
    place: Text
    old: LongText | None = Field(default=None, description="Text as the minutes have it; left out: only listed.")
    new: LongText


class ApprovalNoted(Body):
    of: Text
    outcome: Text
    amendments: list[AmendmentIn] = Field(default_factory=list, max_length=100)


class MinuteItemIn(Body):
    number: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    title: Text
    part: Literal[1, 2] = 1
    introduced_by: list[Text] = Field(default_factory=list, max_length=50)
    guests: list[GuestIn] = Field(default_factory=list, max_length=50)
    points: Count = Field(default=0, ge=0, le=10_000, description="Numbered or bulleted points of discussion.")
    text: LongText | None = None
    public_summary: LongText | None = None
    decisions: list[DecisionIn] = Field(default_factory=list, max_length=100)
    actions: list[ActionIn] = Field(default_factory=list, max_length=100)
    commitments: list[ActionIn] = Field(default_factory=list, max_length=100)
    approval: ApprovalNoted | None = Field(default=None, description="Approval of an earlier note: no decision (B-36).")


class MinutesIn(Body):
    model_config = example(
        source="note of 22 March 2018",
        items=[
            {
                "number": "2",
                "title": "Financial sustainability",
                "decisions": [{"n": 1, "category": "noted", "text": "Report noted."}],
                "actions": [{"n": 1, "text": "Send the slides.", "owner_printed": "Officers"}],
            }
        ],
    )

    source: Text | None = None
    attendance: NoteAttendanceIn = Field(default_factory=NoteAttendanceIn)
    declarations: list[DeclarationIn] = Field(default_factory=list, max_length=200)
    items: list[MinuteItemIn] = Field(min_length=1, max_length=200)

"""Routes of boards, rule sets, closed days and the local copy of organisations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlmodel import select

from services.governance.boards import commands
from services.governance.boards.queries import find_board
from services.governance.boards.tables import Board, ClosedDay, Organisation, RuleSet
from services.governance.deadlines.calendars import CALENDARS
from services.governance.shapes import BoardRef, Count, Day, Flag, Text, example
from shared.errors import Invalid
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, Paging, paginate
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["boards"])


class FormerName(Body):
    name: Text
    used_from: Day | None = None
    used_to: Day | None = None


class BoardIn(Body):
    model_config = example(
        slug="improvement-and-innovation",
        organisation="lga",
        name="Improvement & Innovation Board",
        under_grant_duty=True,
    )

    slug: Slug
    organisation: Slug = Field(description="Slug of the organisation, as grants registered it.")
    name: Text
    former_names: list[FormerName] = Field(default_factory=list, max_length=50)
    under_grant_duty: Flag = Field(description="Its papers are within the duty of the memorandum (B-1).")
    meeting_year_start: str = Field(default="09-01", pattern=r"^[0-9]{2}-[0-9]{2}$", description="Month and day.")
    clerk: Text | None = Field(default=None, description="Name of the officer who runs its business.")
    founded: Day | None = None
    dissolved: Day | None = None


class BoardPatch(Body):
    name: Text | None = None
    former_names: list[FormerName] | None = Field(default=None, max_length=50)
    under_grant_duty: Flag | None = None
    meeting_year_start: str | None = Field(default=None, pattern=r"^[0-9]{2}-[0-9]{2}$")
    clerk: Text | None = None
    dissolved: Day | None = None


class BoardOut(Shape):
    id: UUID
    slug: str
    organisation_id: UUID
    organisation: str
    name: str
    former_names: list[FormerName]
    under_grant_duty: bool
    meeting_year_start: str
    clerk: str | None
    founded: Day | None
    dissolved: Day | None
    version: int
    created_at: datetime
    modified_at: datetime


class RuleSetIn(Body):
    model_config = example(
        valid_from="2018-03-07",
        source="governance framework",
        quorum_numerator=1,
        quorum_denominator=3,
        quorum_min_groups=2,
        named_attendance_public=True,
    )

    valid_from: Day
    valid_to: Day | None = None
    source: Text
    quorum_numerator: Count | None = Field(default=None, ge=1, le=100)
    quorum_denominator: Count | None = Field(default=None, ge=1, le=100)
    quorum_min_groups: Count = Field(default=0, ge=0, le=20)
    voting_capacities: list[Literal["full_member", "observer", "lead_peer"]] = Field(default=["full_member"])
    remote_counts: Flag = True
    notice_days: Count = Field(default=3, ge=0, le=60)
    notice_basis: Literal["calendar", "clear", "clear_working"] = "clear_working"
    weekday_mask: str = Field(default="1111100", pattern=r"^[01]{7}$", description="Monday first; 1 is an office day.")
    holiday_calendar: str = Field(default="GB-ENG", description=f"One of {', '.join(CALENDARS)}.")
    minutes_months: Count = Field(default=1, ge=1, le=24)
    duty_scope: Literal["relevant", "all"] = "relevant"
    draft_minutes_satisfy: Flag = True
    approve_at_same_meeting: Flag = False
    restriction_regime: Text = "LGA 1972 Sch. 12A"
    publish_percentages: Flag = True
    named_attendance_public: Flag = False


class RuleSetEnd(Body):
    valid_to: Day


class RuleSetOut(Shape):
    id: UUID
    valid_from: Day
    valid_to: Day | None
    source: str
    quorum_numerator: int | None
    quorum_denominator: int | None
    quorum_min_groups: int
    voting_capacities: list[str]
    remote_counts: bool
    notice_days: int
    notice_basis: str
    weekday_mask: str
    holiday_calendar: str
    minutes_months: int
    duty_scope: str
    draft_minutes_satisfy: bool
    approve_at_same_meeting: bool
    restriction_regime: str
    publish_percentages: bool
    named_attendance_public: bool
    version: int


class ClosedDayIn(Body):
    model_config = example(day="2018-05-23", name="Proclaimed holiday", effect="add", source="proclamation")

    day: Day
    name: Text
    effect: Literal["add", "remove"]
    source: Text


class ClosedDayOut(Shape):
    id: UUID
    day: Day
    name: str
    effect: str
    source: str
    entered_at: datetime


class OrganisationOut(Shape):
    organisation_id: UUID
    slug: str
    name: str


@router.post("/v1/boards", status_code=201)
async def create_board(
    body: BoardIn, work: Annotated[Work, Writes("governance:clerk", "governance:admin")]
) -> BoardOut:
    """Create a board. `organisation_unknown` (409) until grants' announcement of the organisation has arrived."""
    fields = body.model_dump(mode="json", exclude={"slug", "organisation", "meeting_year_start"})
    fields["founded"], fields["dissolved"] = body.founded, body.dissolved
    board = await commands.create_board(work, body.slug, body.organisation, fields, body.meeting_year_start)
    work.headers["Location"] = f"{work.base_url}/v1/boards/{board.slug}"
    work.etag(board.version)
    return board_out(board)


@router.patch("/v1/boards/{board}")
async def change_board(
    board: BoardRef, body: BoardPatch, work: Annotated[Work, Writes("governance:clerk", "governance:admin")]
) -> BoardOut:
    """Change a board. Fields left out stay as they are."""
    changes = body.model_dump(mode="json", exclude_unset=True, exclude={"meeting_year_start"})
    for name in ("name", "under_grant_duty", "former_names"):
        if name in changes and changes[name] is None:
            raise Invalid(f"{name} cannot be empty; leave it out to keep it.", pointer=f"/{name}")
    if "dissolved" in changes:
        changes["dissolved"] = body.dissolved
    changed = await commands.change_board(work, board, changes, body.meeting_year_start)
    work.etag(changed.version)
    return board_out(changed)


@router.get("/v1/boards")
async def list_boards(
    work: PublicWork,
    paging: ChangedPaging,
    slug: Annotated[str | None, Query(max_length=80)] = None,
    name: Annotated[str | None, Query(max_length=500)] = None,
    organisation: Annotated[str | None, Query(max_length=80, description="Slug of the organisation.")] = None,
) -> Page[BoardOut]:
    """Boards, oldest first."""
    statement = select(Board)
    for column, value in ((Board.slug, slug), (Board.name, name), (Board.organisation_slug, organisation)):
        if value is not None:
            statement = statement.where(column == value)
    return await paginate(
        work, statement, order=(Board.created_at, Board.id), paging=paging, changed=Board.modified_at, shape=board_out
    )


@router.get("/v1/boards/{board}")
async def read_board(board: BoardRef, work: PublicWork) -> BoardOut:
    """One board by slug or id."""
    found = await find_board(work.session, board)
    work.etag(found.version)
    return board_out(found)


@router.post("/v1/boards/{board}/rule-sets", status_code=201)
async def add_rule_set(
    board: BoardRef, body: RuleSetIn, work: Annotated[Work, Writes("governance:admin")]
) -> RuleSetOut:
    """Put rules in force from a day (B-3, B-10, B-27)."""
    if body.holiday_calendar not in CALENDARS:
        raise Invalid(f"Name one of {', '.join(CALENDARS)}.", pointer="/holiday_calendar")
    if (body.quorum_numerator is None) != (body.quorum_denominator is None):
        raise Invalid("Give both parts of the quorum's fraction, or neither.", pointer="/quorum_denominator")
    if not any(mark == "1" for mark in body.weekday_mask):
        raise Invalid("At least one weekday must be an office day.", pointer="/weekday_mask")
    rules = await commands.add_rule_set(work, board, body.model_dump())
    work.etag(rules.version)
    return RuleSetOut.model_validate(rules)


@router.patch("/v1/rule-sets/{rule_set}")
async def end_rule_set(
    rule_set: UUID, body: RuleSetEnd, work: Annotated[Work, Writes("governance:admin")]
) -> RuleSetOut:
    """Let a rule set end on a day."""
    rules = await commands.end_rule_set(work, rule_set, body.valid_to)
    work.etag(rules.version)
    return RuleSetOut.model_validate(rules)


@router.get("/v1/boards/{board}/rule-sets")
async def list_rule_sets(board: BoardRef, work: PublicWork, paging: Paging) -> Page[RuleSetOut]:
    """The rule sets of a board, by day of force."""
    found = await find_board(work.session, board)
    statement = select(RuleSet).where(RuleSet.board_id == found.id)
    return await paginate(
        work, statement, order=(RuleSet.valid_from, RuleSet.id), paging=paging, shape=RuleSetOut.model_validate
    )


@router.post("/v1/closed-days", status_code=201)
async def add_closed_day(body: ClosedDayIn, work: Annotated[Work, Writes("governance:admin")]) -> ClosedDayOut:
    """Add a day to the holidays, or take one away (B-5)."""
    work.may_write_for_all()
    closed = await commands.add_closed_day(work, body.day, body.name, body.effect, body.source)
    return ClosedDayOut.model_validate(closed)


@router.get("/v1/closed-days")
async def list_closed_days(work: PublicWork, paging: Paging) -> Page[ClosedDayOut]:
    """Days added to or taken from the holidays."""
    return await paginate(
        work, select(ClosedDay), order=(ClosedDay.day, ClosedDay.id), paging=paging, shape=ClosedDayOut.model_validate
    )


@router.get("/v1/organisations")
async def list_organisations(
    work: PublicWork, paging: Paging, slug: Annotated[str | None, Query(max_length=80)] = None
) -> Page[OrganisationOut]:
    """Organisations that grants has announced."""
    statement = select(Organisation)
    if slug is not None:
        statement = statement.where(Organisation.slug == slug)
    return await paginate(
        work,
        statement,
        order=(Organisation.slug, Organisation.organisation_id),
        paging=paging,
        shape=OrganisationOut.model_validate,
    )


def board_out(board: Board) -> BoardOut:
    return BoardOut(
        id=board.id,
        slug=board.slug,
        organisation_id=board.organisation_id,
        organisation=board.organisation_slug,
        name=board.name,
        former_names=[FormerName.model_validate(name) for name in board.former_names],
        under_grant_duty=board.under_grant_duty,
        meeting_year_start=f"{board.meeting_year_month:02d}-{board.meeting_year_day:02d}",
        clerk=board.clerk,
        founded=board.founded,
        dissolved=board.dissolved,
        version=board.version,
        created_at=board.created_at,
        modified_at=board.modified_at,
    )

"""Routes of minutes, approvals, declarations, and the registers of decisions and actions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, Field
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar
from starlette.responses import HTMLResponse, Response

from services.governance.agendas.documents import meeting_face
from services.governance.agendas.queries import agenda_of
from services.governance.attendance.queries import entries_of
from services.governance.boards.api import Text
from services.governance.boards.queries import find_board
from services.governance.meetings.queries import find_meeting, policy_for
from services.governance.meetings.tables import Meeting
from services.governance.minutes import commands
from services.governance.minutes.queries import (
    PUBLIC_STATES,
    find_action,
    latest_of,
    progress_of,
    public_document,
    published_of,
    versions_of,
)
from services.governance.minutes.rules import is_overdue
from services.governance.minutes.tables import (
    Action,
    ActionProgress,
    Approval,
    Decision,
    Declaration,
    MinuteItem,
    Minutes,
)
from services.governance.pages import render
from services.governance.people.queries import names_by_id
from shared.errors import NotFound
from shared.events.base import canonical_json
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import london_date
from shared.work import Work

router = Routes(tags=["minutes"])

LongText = Annotated[str, Field(min_length=1, max_length=20_000)]
Category = Literal[
    "noted", "agreed", "agreed_with_conditions", "agreed_as_amended", "endorsed", "deferred", "rejected", "referred"
]
State = Literal["open", "in_progress", "done", "carried", "dropped"]


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
    press_present: bool | None = None


class DeclarationIn(Body):
    person: Text = Field(description="As printed.")
    items: list[Text] = Field(default_factory=list, max_length=50, description="Numbers of the items it bears on.")
    type: Literal["disclosable_pecuniary", "other_registrable", "non_registrable", "other"] = "other"
    nature: LongText | None = None
    sensitive: bool = False
    action_taken: Literal["left", "stayed_silent", "stayed", "not_recorded"] = "not_recorded"
    dispensation: Text | None = None


class DecisionIn(Body):
    n: int = Field(ge=1, le=1000)
    category: Category
    text: LongText
    condition: LongText | None = None


class ActionIn(Body):
    n: int = Field(ge=1, le=1000)
    text: LongText
    owner_printed: Text | None = Field(default=None, description="As printed: a name, or such as Officers.")
    owner_person: Text | None = Field(default=None, description="Only where a person is named.")
    due_date: date | None = None
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
    points: int = Field(default=0, ge=0, le=10_000, description="Numbered or bulleted points of discussion.")
    text: LongText | None = None
    public_summary: LongText | None = None
    decisions: list[DecisionIn] = Field(default_factory=list, max_length=100)
    actions: list[ActionIn] = Field(default_factory=list, max_length=100)
    commitments: list[ActionIn] = Field(default_factory=list, max_length=100)
    approval: ApprovalNoted | None = Field(default=None, description="Approval of an earlier note: no decision (B-36).")


class MinutesIn(Body):
    source: Text | None = None
    attendance: NoteAttendanceIn = Field(default_factory=NoteAttendanceIn)
    declarations: list[DeclarationIn] = Field(default_factory=list, max_length=200)
    items: list[MinuteItemIn] = Field(min_length=1, max_length=200)


class PublishIn(Body):
    happened_at: AwareDatetime | None = Field(default=None, description="An earlier time needs governance:history.")


class ApprovalIn(Body):
    meeting: UUID = Field(description="The approving meeting.")
    item: Text = Field(description="Number of its item, as printed.")
    outcome: Text
    amendments: list[AmendmentIn] = Field(default_factory=list, max_length=100)
    signed_by: Text | None = None
    happened_at: AwareDatetime | None = None


class ProgressIn(Body):
    state: Literal["in_progress", "done", "carried", "dropped"]
    text: LongText = Field(description="What happened; for `dropped`, why.")
    carried_to: UUID | None = None
    happened_at: AwareDatetime | None = None


class MinutesState(Shape):
    meeting_id: UUID
    number: int
    state: str
    source: str | None
    published_at: datetime | None
    approved_at: datetime | None
    version: int


class ApprovalOut(Shape):
    approving_meeting_id: UUID
    item: str
    outcome: str
    amendments: list[dict[str, Any]]
    signed_by: str | None
    happened_at: datetime
    recorded_at: datetime


class MinutesOut(Shape):
    """Published minutes. `document` is their content, the same that the page shows."""

    meeting_id: UUID
    number: int
    state: str
    label: str | None = Field(description="`draft` until a later meeting approved them.")
    published_at: datetime | None
    approved_at: datetime | None
    approval: ApprovalOut | None
    document: dict[str, Any]
    links: dict[str, str]


class MinutesVersions(Shape):
    items: list[MinutesState]


class DecisionOut(Shape):
    id: UUID
    meeting_id: UUID
    item: str | None
    item_title: str
    n: int
    category: str
    text: str
    condition: str | None
    published_at: datetime


class ProgressOut(Shape):
    text: str
    state: str
    carried_to_meeting_id: UUID | None
    happened_at: datetime
    recorded_at: datetime


class ActionOut(Shape):
    id: UUID
    meeting_id: UUID
    item: str | None
    item_title: str
    n: int
    kind: str
    text: str
    owner_kind: str
    owner: str | None
    owner_missing: bool
    due_date: date | None
    due_meeting_id: UUID | None
    due_text: str | None
    due_missing: bool
    overdue: bool
    state: str
    carried_to_meeting_id: UUID | None
    progress: list[ProgressOut]
    version: int


class DeclarationOut(Shape):
    id: UUID
    person: str
    items: list[str]
    type: str
    nature: str | None
    sensitive: bool
    action_taken: str
    dispensation: str | None


class DeclarationList(Shape):
    items: list[DeclarationOut]


class TemplateItem(Shape):
    number: str | None
    title: str
    part: int
    urgency_reason: str | None


class Template(Shape):
    meeting: dict[str, Any]
    items: list[TemplateItem]
    present: list[str]


@router.post("/v1/meetings/{meeting}/minutes", status_code=201)
async def enter_minutes(
    meeting: UUID, body: MinutesIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MinutesState:
    """Enter a note as draft minutes; a draft is nowhere public. The same note again adds nothing.

    `{"source": "note in the pack of 24 May 2018", "attendance": {"present": [{"name": "Cllr Paul Bettison OBE"}]},
    "items": [{"number": "2", "title": "…", "decisions": [{"n": 1, "category": "noted", "text": "Report noted."}],
    "actions": [{"n": 1, "text": "Send the slides.", "owner_printed": "Officers"}]}]}`
    """
    minutes, _ = await commands.enter_minutes(work, meeting, body.model_dump(mode="json"))
    return MinutesState.model_validate(minutes)


@router.put("/v1/meetings/{meeting}/minutes/draft")
async def replace_minutes(
    meeting: UUID, body: MinutesIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MinutesState:
    """Replace draft minutes. If-Match names the draft's version."""
    minutes = await commands.replace_minutes(work, meeting, body.model_dump(mode="json"))
    work.etag(minutes.version)
    return MinutesState.model_validate(minutes)


@router.get("/v1/meetings/{meeting}/minutes/draft")
async def read_minutes_draft(
    meeting: UUID, work: Annotated[Work, Reads("governance:clerk", "governance:chair")]
) -> MinutesOut:
    """The latest version, published or not; for the clerk and the chair."""
    minutes = await latest_of(work.session, meeting)
    if minutes is None:
        raise NotFound("The meeting has no minutes.")
    work.etag(minutes.version)
    return await _minutes_out(work, minutes, named=True)


@router.get("/v1/meetings/{meeting}/minutes/template")
async def read_template(meeting: UUID, work: Annotated[Work, Reads("governance:clerk")]) -> Template:
    """What the minutes start from: the agenda's items with reasons for urgency (B-11), and who was present."""
    found, board = await find_meeting(work.session, meeting)
    agenda = await agenda_of(work.session, meeting)
    entries = [e for e in await entries_of(work.session, [meeting]) if e.status == "present"]
    names = await names_by_id(work.session, {e.person_id for e in entries})
    return Template(
        meeting=meeting_face(found, board),
        items=[
            TemplateItem(number=i.number, title=i.public_title, part=i.part, urgency_reason=i.urgency_reason)
            for i in agenda.items
            if i.kind != "timetable"
        ],
        present=[names[e.person_id] for e in entries],
    )


@router.get("/v1/meetings/{meeting}/minutes")
async def read_minutes(meeting: UUID, work: PublicWork) -> MinutesOut:
    """The latest published minutes; a draft says so (B-35)."""
    minutes = await published_of(work.session, meeting)
    work.etag(f"{minutes.number}-{minutes.state}")
    return await _minutes_out(work, minutes)


@router.get("/v1/meetings/{meeting}/minutes.html", response_class=HTMLResponse)
async def read_minutes_page(meeting: UUID, work: PublicWork) -> HTMLResponse:
    """The latest published minutes as a page with the same content."""
    minutes = await published_of(work.session, meeting)
    found, board = await find_meeting(work.session, meeting)
    out = await _minutes_out(work, minutes)
    return render("minutes.html", minutes=out, document=out.document, meeting=found, board=board)


@router.get("/v1/meetings/{meeting}/minutes/versions")
async def list_minutes_versions(meeting: UUID, work: PublicWork) -> MinutesVersions:
    """Published versions; a superseded one stays readable (B-35)."""
    await find_meeting(work.session, meeting)
    return MinutesVersions(
        items=[
            MinutesState.model_validate(m) for m in await versions_of(work.session, meeting) if m.state in PUBLIC_STATES
        ]
    )


@router.get(
    "/v1/meetings/{meeting}/minutes/versions/{number}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
async def read_minutes_version(meeting: UUID, number: int, work: PublicWork) -> Response:
    """The document of one published version, byte for byte as its publication's `sha256` says."""
    minutes = await published_of(work.session, meeting, number)
    document = await _document(work, minutes)
    work.headers["X-Minutes-State"] = minutes.state
    return Response(canonical_json(document), media_type="application/json")


@router.post("/v1/meetings/{meeting}/minutes/publications", status_code=201)
async def publish_minutes(
    meeting: UUID, body: PublishIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MinutesState:
    """Publish draft minutes, labelled as draft; decisions and actions become public with them (B-8)."""
    return MinutesState.model_validate(await commands.publish_draft(work, meeting, body.happened_at))


@router.post("/v1/meetings/{meeting}/minutes/approvals", status_code=201)
async def approve_minutes(
    meeting: UUID, body: ApprovalIn, work: Annotated[Work, Writes("governance:clerk")]
) -> MinutesState:
    """Record that a later meeting approved these minutes; amendments make a new version (B-35)."""
    minutes = await commands.approve(
        work,
        meeting,
        approving_id=body.meeting,
        item=body.item,
        outcome=body.outcome,
        amendments=[amendment.model_dump(mode="json") for amendment in body.amendments],
        signed_by=body.signed_by,
        stated=body.happened_at,
    )
    return MinutesState.model_validate(minutes)


@router.post("/v1/meetings/{meeting}/declarations", status_code=201)
async def declare(
    meeting: UUID, body: DeclarationIn, work: Annotated[Work, Writes("governance:clerk", "governance:member")]
) -> DeclarationOut:
    """Enter a declaration of interest (B-30)."""
    return _declaration(await commands.declare(work, meeting, body.model_dump(mode="json")))


@router.get("/v1/meetings/{meeting}/declarations")
async def list_declarations(meeting: UUID, work: PublicWork) -> DeclarationList:
    """Interests declared; those of a note once it is published. A sensitive one shows no nature (B-30)."""
    await find_meeting(work.session, meeting)
    latest = await latest_of(work.session, meeting)
    if latest is not None and latest.state == "draft":
        return DeclarationList(items=[])
    rows = (
        await work.session.exec(
            select(Declaration)
            .where(Declaration.meeting_id == meeting)
            .order_by(col(Declaration.created_at), col(Declaration.id))
        )
    ).all()
    return DeclarationList(items=[_declaration(row) for row in rows])


@router.get("/v1/decisions")
async def list_decisions(
    work: PublicWork,
    paging: Paging,
    board: Annotated[str | None, Query(max_length=80)] = None,
    meeting: UUID | None = None,
    category: Category | None = None,
    updated_since: AwareDatetime | None = None,
) -> Page[DecisionOut]:
    """Decisions of published minutes. Approvals of minutes are not among them (B-36)."""
    statement = (
        select(Decision, MinuteItem)
        .join(MinuteItem, col(MinuteItem.id) == Decision.minute_item_id)
        .where(col(Decision.published_at).is_not(None))
    )
    if board is not None:
        statement = statement.where(Decision.board_id == (await find_board(work.session, board)).id)
    if meeting is not None:
        statement = statement.where(Decision.meeting_id == meeting)
    if category is not None:
        statement = statement.where(Decision.category == category)
    if updated_since is not None:
        statement = statement.where(Decision.modified_at >= updated_since)
    return await paginate(
        work,
        statement,  # type: ignore[arg-type]
        order=(Decision.created_at, Decision.id),
        paging=paging,
        shape=lambda row: _decision(row[0], row[1]),
    )


@router.get("/v1/actions")
async def list_actions(
    work: PublicWork,
    paging: Paging,
    board: Annotated[str | None, Query(max_length=80)] = None,
    meeting: UUID | None = None,
    kind: Literal["action", "commitment"] | None = None,
    state: State | None = None,
    owner_missing: bool | None = None,
    overdue: bool | None = None,
    updated_since: AwareDatetime | None = None,
) -> Page[ActionOut]:
    """Actions and commitments across meetings, gaps and all: `owner_missing`, `due_missing`, `overdue` (B-37, B-38)."""
    statement = select(Action).where(col(Action.published_at).is_not(None))
    if board is not None:
        statement = statement.where(Action.board_id == (await find_board(work.session, board)).id)
    for column, value in (
        (Action.meeting_id, meeting),
        (Action.kind, kind),
        (Action.state, state),
        (Action.owner_missing, owner_missing),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if updated_since is not None:
        statement = statement.where(Action.modified_at >= updated_since)
    if overdue is not None:
        statement = _overdue(statement, overdue, work)
    page = await paginate(
        work, statement, order=(Action.created_at, Action.id), paging=paging, shape=lambda action: action
    )
    return Page(items=await _actions(work, page.items), links=page.links)


@router.get("/v1/actions/{action}")
async def read_action(action: UUID, work: PublicWork) -> ActionOut:
    """One action or commitment with its whole history."""
    found = await find_action(work.session, action)
    work.etag(found.version)
    return (await _actions(work, [found]))[0]


@router.post("/v1/actions/{action}/progress", status_code=201)
async def add_progress(
    action: UUID, body: ProgressIn, work: Annotated[Work, Writes("governance:clerk", "governance:member")]
) -> ActionOut:
    """Report progress; the clerk closes, carries to a named meeting, or drops with a reason (B-38)."""
    moved = await commands.add_progress(
        work, action, to=body.state, text=body.text, carried_to=body.carried_to, stated=body.happened_at
    )
    return (await _actions(work, [moved]))[0]


async def _minutes_out(work: Work, minutes: Minutes, *, named: bool = False) -> MinutesOut:
    approval = (await work.session.exec(select(Approval).where(Approval.minutes_id == minutes.id))).one_or_none()
    here = f"{work.base_url}/v1/meetings/{minutes.meeting_id}/minutes"
    return MinutesOut(
        meeting_id=minutes.meeting_id,
        number=minutes.number,
        state=minutes.state,
        label="draft" if minutes.state in ("draft", "published_draft") else None,
        published_at=minutes.published_at,
        approved_at=minutes.approved_at,
        approval=ApprovalOut.model_validate(approval) if approval else None,
        document=await _document(work, minutes, named=named),
        links={"page": f"{here}.html", "versions": f"{here}/versions", "self": f"{here}/versions/{minutes.number}"},
    )


async def _document(work: Work, minutes: Minutes, *, named: bool = False) -> dict[str, Any]:
    meeting, board = await find_meeting(work.session, minutes.meeting_id)
    policy, _ = await policy_for(work.session, meeting)
    return public_document(minutes, meeting_face(meeting, board), named=named or policy.named_attendance_public)


async def _actions(work: Work, actions: list[Action]) -> list[ActionOut]:
    ids = [action.id for action in actions]
    progress = await progress_of(work.session, ids)
    items = {
        item.id: item
        for item in (
            await work.session.exec(
                select(MinuteItem).where(col(MinuteItem.id).in_([action.minute_item_id for action in actions]))
            )
        ).all()
    }
    due = [action.due_meeting_id for action in actions if action.due_meeting_id]
    starts = {
        meeting.id: meeting.start
        for meeting in (await work.session.exec(select(Meeting).where(col(Meeting.id).in_(due)))).all()
    }
    return [_action(work, a, items[a.minute_item_id], progress.get(a.id, []), starts) for a in actions]


def _overdue(statement: SelectOfScalar[Action], wanted: bool, work: Work) -> SelectOfScalar[Action]:
    """The same derivation as `is_overdue`, for the database."""
    late_meetings = select(Meeting.id).where(Meeting.start < work.now)
    live = col(Action.state).notin_(("done", "dropped"))
    by_date = col(Action.due_date).is_not(None) & (col(Action.due_date) < london_date(work.now))
    by_meeting = col(Action.due_date).is_(None) & col(Action.due_meeting_id).in_(late_meetings)
    condition = live & (by_date | by_meeting)
    return statement.where(condition) if wanted else statement.where(condition.is_not(True))


def _action(
    work: Work, action: Action, item: MinuteItem, progress: list[ActionProgress], starts: dict[UUID, datetime]
) -> ActionOut:
    due_start = starts.get(action.due_meeting_id) if action.due_meeting_id else None
    return ActionOut(
        id=action.id,
        meeting_id=action.meeting_id,
        item=item.number,
        item_title=item.title,
        n=action.n,
        kind=action.kind,
        text=action.text,
        owner_kind=action.owner_kind,
        owner=action.owner_text,
        owner_missing=action.owner_missing,
        due_date=action.due_date,
        due_meeting_id=action.due_meeting_id,
        due_text=action.due_text,
        due_missing=action.due_date is None and action.due_meeting_id is None,
        overdue=is_overdue(action.state, action.due_date, due_start, london_date(work.now), work.now),
        state=action.state,
        carried_to_meeting_id=action.carried_to_meeting_id,
        progress=[ProgressOut.model_validate(step) for step in progress],
        version=action.version,
    )


def _decision(decision: Decision, item: MinuteItem) -> DecisionOut:
    assert decision.published_at is not None
    return DecisionOut(
        id=decision.id,
        meeting_id=decision.meeting_id,
        item=item.number,
        item_title=item.title,
        n=decision.n,
        category=decision.category,
        text=decision.text,
        condition=decision.condition,
        published_at=decision.published_at,
    )


def _declaration(row: Declaration) -> DeclarationOut:
    return DeclarationOut(
        id=row.id,
        person=row.person_printed,
        items=row.items,
        type=row.type,
        nature=None if row.sensitive else row.nature,
        sensitive=row.sensitive,
        action_taken=row.action_taken,
        dispensation=row.dispensation,
    )

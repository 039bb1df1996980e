"""Routes of minutes, approvals, declarations, and the registers of decisions and actions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlmodel import select
from starlette.responses import HTMLResponse, Response

from services.governance.agendas.documents import meeting_face
from services.governance.agendas.queries import agenda_of
from services.governance.attendance.queries import entries_of
from services.governance.meetings.queries import find_meeting, policy_for
from services.governance.minutes import commands
from services.governance.minutes.queries import PUBLIC_STATES, latest_of, public_document, published_of, versions_of
from services.governance.minutes.shapes import AmendmentIn, MinutesIn
from services.governance.minutes.tables import Approval, Minutes
from services.governance.pages import render
from services.governance.people.queries import names_by_id
from services.governance.shapes import Instant, Text, example
from shared.errors import NotFound
from shared.events.base import canonical_json
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["minutes"])


class PublishIn(Body):
    happened_at: Instant | None = Field(default=None, description="An earlier time needs governance:history.")


class ApprovalIn(Body):
    model_config = example(
        meeting="0197a3c2-0000-7000-8000-000000000002",
        item="7",
        outcome="agreed subject to amendments",
        amendments=[{"place": "page 1", "old": "Bradford MBC", "new": "Barnsley MBC"}],
    )

    meeting: UUID = Field(description="The approving meeting.")
    item: Text = Field(description="Number of its item, as printed.")
    outcome: Text
    amendments: list[AmendmentIn] = Field(default_factory=list, max_length=100)
    signed_by: Text | None = None
    happened_at: Instant | None = None


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

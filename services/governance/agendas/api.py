"""Routes of agendas, open reports, agenda publications and packs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from starlette.responses import HTMLResponse

from services.governance.agendas import commands
from services.governance.agendas.documents import agenda_document
from services.governance.agendas.queries import agenda_of, latest_version, versions_of
from services.governance.agendas.rules import ENGLISH_REGIME, SCHEDULE_12A
from services.governance.agendas.tables import AgendaItem, AgendaVersion
from services.governance.meetings.queries import find_meeting
from services.governance.packs.api import pack_out
from services.governance.packs.queries import packs_of
from services.governance.pages import render
from services.governance.reports.api import ReportIn
from services.governance.shapes import Count, Flag, Instant, LongText, Text, check_relevance, example
from shared.errors import NotFound
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["agendas"])

Kind = Literal["business", "procedural", "approval_of_minutes", "exclusion", "timetable"]


class RestrictionIn(Body):
    kind: Literal["exempt", "confidential"]
    code: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    regime: Text | None = Field(default=None, description="Such as `LGA 1972 Sch. 12A`.")
    reason: Text | None = None
    public_interest_note: LongText | None = Field(default=None, description="Needed for exempt.")


class ItemIn(Body):
    """Open fields only: what is closed goes to /v1/closed."""

    order: Count = Field(ge=0, le=1000)
    number: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    title: Text = Field(description="Public title, also of a Part 2 item.")
    note: LongText | None = Field(default=None, description="Public note.")
    part: Literal[1, 2] = 1
    kind: Kind = "business"
    start: Instant | None = None
    end: Instant | None = None
    page_from: Count | None = Field(default=None, ge=1, le=100_000)
    page_to: Count | None = Field(default=None, ge=1, le=100_000)
    programme_relevant: Flag = True
    not_relevant_reason: Text | None = None
    restriction: RestrictionIn | None = None
    reports: list[ReportIn] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def a_reason_says_no(self) -> Self:
        """Relevant unless a reason says no (B-1)."""
        return check_relevance(self)


class AgendaIn(Body):
    model_config = example(
        items=[
            {"order": 0, "number": "1", "title": "Welcome", "kind": "procedural"},
            {
                "order": 1,
                "number": "8",
                "title": "A contract",
                "part": 2,
                "restriction": {
                    "kind": "exempt",
                    "code": "3",
                    "regime": "LGA 1972 Sch. 12A",
                    "reason": "business affairs",
                    "public_interest_note": "prices are being bargained",
                },
            },
        ]
    )

    source: Text | None = Field(
        default=None, description="Where an already published agenda was read; governance:history."
    )
    items: list[ItemIn] = Field(min_length=1, max_length=200)


class DraftIn(Body):
    items: list[ItemIn] = Field(min_length=1, max_length=200)


class LateItemIn(ItemIn):
    order: Count = Field(default=0, ge=0, le=1000, description="Ignored: the item goes to the end.")
    urgency_reason: Text | None = Field(default=None, description="Left out: the agreement's reason.")
    urgency_agreement: UUID | None = None


class ItemPatch(Body):
    """Open fields of an item; those left out stay. Its part is fixed, since closed matter is kept elsewhere."""

    number: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    title: Text | None = None
    note: LongText | None = None
    start: Instant | None = None
    end: Instant | None = None
    page_from: Count | None = Field(default=None, ge=1, le=100_000)
    page_to: Count | None = Field(default=None, ge=1, le=100_000)
    programme_relevant: Flag | None = None
    not_relevant_reason: Text | None = None


class UrgencyIn(Body):
    title: Text
    reason: LongText


class UrgencyOut(Shape):
    id: UUID
    title: str
    reason: str
    agreed_at: datetime


class Publishing(Body):
    reason_for_change: Text | None = Field(default=None, description="Needed from the second version on.")
    happened_at: Instant | None = Field(default=None, description="An earlier time needs governance:history.")


class RestrictionCode(Shape):
    code: str
    description: str


class RestrictionCodes(Shape):
    regime: str
    items: list[RestrictionCode]


class AgendaOut(Shape):
    """The public face. `meeting`, `items` as in the published snapshot."""

    version: int = Field(description="Number of the agenda version; 0 for a draft.")
    state: str
    published_at: datetime | None
    sha256: str | None
    reason_for_change: str | None
    meeting: dict[str, Any]
    items: list[dict[str, Any]]


class AgendaVersionOut(Shape):
    number: int
    published_at: datetime
    recorded_at: datetime
    reason_for_change: str | None
    sha256: str
    url: str


class AgendaVersions(Shape):
    items: list[AgendaVersionOut]


class ItemOut(Shape):
    id: UUID
    order: int
    number: str | None
    title: str
    part: int
    late: bool
    urgency_reason: str | None
    version: int


@router.post("/v1/meetings/{meeting}/agenda", status_code=201)
async def draft_agenda(meeting: UUID, body: AgendaIn, work: Annotated[Work, Writes("governance:clerk")]) -> AgendaOut:
    """Enter a meeting's agenda as a draft. The same agenda again adds nothing.

    `{"source": "pack of 24 May 2018", "items": [{"order": 0, "number": "1", "title": "Welcome", "kind": "procedural"},
    {"order": 1, "number": "8", "title": "Presentation", "part": 2, "restriction": {"kind": "confidential"}}]}`
    """
    await commands.draft_agenda(work, meeting, [_item(item) for item in body.items], body.source)
    return await _draft(work, meeting)


@router.put("/v1/meetings/{meeting}/agenda")
async def replace_draft(meeting: UUID, body: DraftIn, work: Annotated[Work, Writes("governance:clerk")]) -> AgendaOut:
    """Replace a draft agenda. If-Match names the meeting's version."""
    await commands.replace_draft(work, meeting, [_item(item) for item in body.items])
    return await _draft(work, meeting)


@router.get("/v1/meetings/{meeting}/agenda/draft")
async def read_draft(
    meeting: UUID, work: Annotated[Work, Reads("governance:clerk", "governance:chair", "governance:author")]
) -> AgendaOut:
    """The agenda as it stands, before or after publication; open fields only."""
    return await _draft(work, meeting)


@router.get("/v1/meetings/{meeting}/agenda")
async def read_agenda(meeting: UUID, work: PublicWork) -> AgendaOut:
    """The agenda as last published."""
    found, _ = await find_meeting(work.session, meeting)
    latest = await latest_version(work.session, meeting)
    if latest is None:
        raise NotFound("No agenda of this meeting is published.")
    work.etag(f"{latest.number}-{found.agenda_state}")
    return _published(latest, found.agenda_state)


@router.get("/v1/meetings/{meeting}/agenda.html", response_class=HTMLResponse)
async def read_agenda_page(meeting: UUID, work: PublicWork) -> HTMLResponse:
    """The agenda as last published, as a page."""
    found, _ = await find_meeting(work.session, meeting)
    latest = await latest_version(work.session, meeting)
    if latest is None:
        raise NotFound("No agenda of this meeting is published.")
    packs = [pack_out(pack, work.base_url) for pack in await packs_of(work.session, meeting)]
    return render("agenda.html", agenda=_published(latest, found.agenda_state), packs=packs, meeting=found)


@router.get("/v1/meetings/{meeting}/agenda/publications")
async def list_agenda_versions(meeting: UUID, work: PublicWork) -> AgendaVersions:
    """Every published version of the agenda; none is overwritten (B-32)."""
    await find_meeting(work.session, meeting)
    return AgendaVersions(
        items=[_version(version, work.base_url) for version in await versions_of(work.session, meeting)]
    )


@router.get("/v1/meetings/{meeting}/agenda/publications/{number}")
async def read_agenda_version(meeting: UUID, number: int, work: PublicWork) -> AgendaOut:
    """One published version, as it went out."""
    await find_meeting(work.session, meeting)
    for version in await versions_of(work.session, meeting):
        if version.number == number:
            work.etag(version.sha256)
            return _published(version, "published")
    raise NotFound("No version of the agenda has this number.")


@router.post("/v1/meetings/{meeting}/agenda/publications", status_code=201)
async def publish_agenda_version(
    meeting: UUID, body: Publishing, work: Annotated[Work, Writes("governance:clerk")]
) -> AgendaVersionOut:
    """Publish the agenda as it stands as its next version."""
    version = await commands.publish_agenda_version(work, meeting, body.reason_for_change, body.happened_at)
    return _version(version, work.base_url)


@router.post("/v1/meetings/{meeting}/urgency-agreements", status_code=201)
async def agree_urgency(
    meeting: UUID, body: UrgencyIn, work: Annotated[Work, Writes("governance:chair")]
) -> UrgencyOut:
    """The chair, and nobody else, agrees that a late item is urgent (B-11)."""
    return UrgencyOut.model_validate(await commands.agree_urgency(work, meeting, body.title, body.reason))


@router.post("/v1/meetings/{meeting}/agenda-items", status_code=201)
async def add_item(meeting: UUID, body: LateItemIn, work: Annotated[Work, Writes("governance:clerk")]) -> ItemOut:
    """Add an item at the end. After the main pack: 409 `urgency_required` without reason and the chair's agreement."""
    item = await commands.add_item(
        work, meeting, _item(body) | {"urgency_reason": body.urgency_reason}, body.urgency_agreement
    )
    return _item_out(item)


@router.patch("/v1/agenda-items/{item}")
async def change_item(item: UUID, body: ItemPatch, work: Annotated[Work, Writes("governance:clerk")]) -> ItemOut:
    """Change an item's open fields; what is published changes with the next version, and its reason."""
    changed = await commands.change_item(work, item, body.model_dump(exclude_unset=True))
    work.etag(changed.version)
    return _item_out(changed)


@router.get("/v1/restriction-codes")
async def list_restriction_codes(work: PublicWork) -> RestrictionCodes:
    """England's seven descriptions of exempt information (B-18)."""
    return RestrictionCodes(
        regime=ENGLISH_REGIME,
        items=[RestrictionCode(code=code, description=text) for code, text in SCHEDULE_12A.items()],
    )


def _item_out(item: AgendaItem) -> ItemOut:
    return ItemOut(
        id=item.id,
        order=item.position,
        number=item.number,
        title=item.public_title,
        part=item.part,
        late=item.late,
        urgency_reason=item.urgency_reason,
        version=item.version,
    )


def _item(item: ItemIn) -> dict[str, Any]:
    """The entered item; times stay instants, everything below is plain JSON."""
    content = item.model_dump(mode="json", exclude={"urgency_reason", "urgency_agreement"})
    return content | {"start": item.start, "end": item.end}


async def _draft(work: Work, meeting_id: UUID) -> AgendaOut:
    meeting, board = await find_meeting(work.session, meeting_id)
    agenda = await agenda_of(work.session, meeting_id)
    document = agenda_document(meeting, board, agenda.items, agenda.reports, agenda.restrictions)
    states = {str(report.id): report for report in agenda.open_reports}
    for item in document["items"]:
        for face in item.get("reports", []):
            face["state"] = states[face["id"]].state
    work.etag(meeting.version)
    return AgendaOut(
        version=0,
        state=meeting.agenda_state,
        published_at=None,
        sha256=None,
        reason_for_change=None,
        meeting=document["meeting"],
        items=document["items"],
    )


def _published(version: AgendaVersion, state: str) -> AgendaOut:
    return AgendaOut(
        version=version.number,
        state=state,
        published_at=version.published_at,
        sha256=version.sha256,
        reason_for_change=version.reason_for_change,
        meeting=version.snapshot["meeting"],
        items=version.snapshot["items"],
    )


def _version(version: AgendaVersion, base_url: str) -> AgendaVersionOut:
    return AgendaVersionOut(
        number=version.number,
        published_at=version.published_at,
        recorded_at=version.recorded_at,
        reason_for_change=version.reason_for_change,
        sha256=version.sha256,
        url=f"{base_url}/v1/meetings/{version.meeting_id}/agenda/publications/{version.number}",
    )

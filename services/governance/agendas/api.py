"""Routes of agendas, open reports, agenda publications and packs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field
from starlette.responses import HTMLResponse, Response

from services.governance.agendas import commands
from services.governance.agendas.documents import agenda_document, report_face
from services.governance.agendas.queries import agenda_of, find_pack, find_report, latest_version, packs_of, versions_of
from services.governance.agendas.tables import AgendaVersion, Pack
from services.governance.boards.api import Text
from services.governance.meetings.queries import find_meeting
from services.governance.pages import render
from shared.errors import NotFound
from shared.events.base import canonical_json
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["agendas"])

LongText = Annotated[str, Field(min_length=1, max_length=20_000)]
Kind = Literal["business", "procedural", "approval_of_minutes", "exclusion", "timetable"]


class Officer(Body):
    name: Text
    position: Text | None = None


class Appendix(Body):
    label: Text | None = None
    title: Text


class Section(Body):
    heading: Text
    text: LongText


class ReportIn(Body):
    title: Text
    purpose_text: LongText | None = None
    purpose_categories: list[Literal["discussion", "decision", "direction", "guidance"]] = Field(default_factory=list)
    summary: LongText | None = None
    recommendations: list[LongText] = Field(default_factory=list, max_length=100)
    action: LongText | None = None
    contact_officers: list[Officer] = Field(default_factory=list, max_length=50)
    lead_member: Text | None = None
    background: LongText | None = None
    financial_implications: LongText | None = None
    wales_implications: LongText | None = None
    next_steps: LongText | None = None
    other_sections: list[Section] = Field(default_factory=list, max_length=100)
    section_order: list[Text] = Field(default_factory=list, max_length=100)
    appendices: list[Appendix] = Field(default_factory=list, max_length=100)
    background_papers: list[Text] = Field(default_factory=list, max_length=100)
    programme_relevant: bool = True
    not_relevant_reason: Text | None = None
    workstreams: list[Text] = Field(default_factory=list, max_length=100)


class RestrictionIn(Body):
    kind: Literal["exempt", "confidential"]
    code: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    regime: Text | None = Field(default=None, description="Such as `LGA 1972 Sch. 12A`.")
    reason: Text | None = None
    public_interest_note: LongText | None = Field(default=None, description="Needed for exempt.")


class ItemIn(Body):
    """Open fields only: what is closed goes to /v1/closed."""

    order: int = Field(ge=0, le=1000)
    number: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    title: Text = Field(description="Public title, also of a Part 2 item.")
    note: LongText | None = Field(default=None, description="Public note.")
    part: Literal[1, 2] = 1
    kind: Kind = "business"
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    page_from: int | None = Field(default=None, ge=1, le=100_000)
    page_to: int | None = Field(default=None, ge=1, le=100_000)
    programme_relevant: bool = True
    not_relevant_reason: Text | None = None
    restriction: RestrictionIn | None = None
    reports: list[ReportIn] = Field(default_factory=list, max_length=50)


class AgendaIn(Body):
    source: Text | None = Field(
        default=None, description="Where an already published agenda was read; governance:history."
    )
    items: list[ItemIn] = Field(min_length=1, max_length=200)


class DraftIn(Body):
    items: list[ItemIn] = Field(min_length=1, max_length=200)


class LateItemIn(ItemIn):
    order: int = Field(default=0, ge=0, le=1000, description="Ignored: the item goes to the end.")
    urgency_reason: Text | None = Field(default=None, description="Left out: the agreement's reason.")
    urgency_agreement: UUID | None = None


class UrgencyIn(Body):
    title: Text
    reason: LongText


class UrgencyOut(Shape):
    id: UUID
    title: str
    reason: str
    agreed_at: datetime


class SignOffIn(Body):
    outcome: Literal["approved", "changes_requested"]
    comment: LongText | None = None


class WithdrawalIn(Body):
    reason: LongText


class Publishing(Body):
    reason_for_change: Text | None = Field(default=None, description="Needed from the second version on.")
    happened_at: AwareDatetime | None = Field(default=None, description="An earlier time needs governance:history.")


class PackIn(Body):
    scope: Literal["main_pack", "supplement"]
    happened_at: AwareDatetime | None = None


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


class ReportState(Shape):
    id: UUID
    title: str
    state: str
    late: bool
    version: int


class PackOut(Shape):
    id: UUID
    scope: str
    supplement_no: int | None
    published_at: datetime
    recorded_at: datetime
    page_map: list[dict[str, Any]]
    sha256: str
    url: str
    html: str


class PackList(Shape):
    items: list[PackOut]


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
    packs = [_pack(pack, work.base_url) for pack in await packs_of(work.session, meeting)]
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


@router.post("/v1/agenda-items/{item}/reports", status_code=201)
async def add_report(
    item: UUID, body: ReportIn, work: Annotated[Work, Writes("governance:author", "governance:clerk")]
) -> ReportState:
    """Add a draft report under an open item."""
    report = await commands.add_report(work, item, body.model_dump(mode="json"))
    work.headers["Location"] = f"{work.base_url}/v1/reports/{report.id}"
    work.etag(report.version)
    return ReportState.model_validate(report)


@router.put("/v1/reports/{report}")
async def change_report(
    report: UUID, body: ReportIn, work: Annotated[Work, Writes("governance:author", "governance:clerk")]
) -> ReportState:
    """Replace a report's text. After approval it must be signed off again."""
    changed = await commands.change_report(work, report, body.model_dump(mode="json"))
    work.etag(changed.version)
    return ReportState.model_validate(changed)


@router.post("/v1/reports/{report}/submissions")
async def submit_report(
    report: UUID, work: Annotated[Work, Writes("governance:author", "governance:clerk")]
) -> ReportState:
    """Hand a report in for sign-off."""
    return ReportState.model_validate(await commands.sign_off(work, report, "submitted", "author", None))


@router.post("/v1/reports/{report}/sign-offs")
async def sign_off_report(
    report: UUID, body: SignOffIn, work: Annotated[Work, Writes("governance:approver")]
) -> ReportState:
    """Approve a report or ask for changes; nobody approves their own."""
    return ReportState.model_validate(await commands.sign_off(work, report, body.outcome, "approver", body.comment))


@router.post("/v1/reports/{report}/withdrawal")
async def withdraw_report(
    report: UUID, body: WithdrawalIn, work: Annotated[Work, Writes("governance:author", "governance:clerk")]
) -> ReportState:
    """Take a report out; what was published of it stays in its pack."""
    return ReportState.model_validate(await commands.sign_off(work, report, "withdrawn", "author", body.reason))


@router.get("/v1/reports/{report}")
async def read_report(report: UUID, work: PublicWork) -> dict[str, Any]:
    """An open report that went out in a pack. Anything else is unknown, a closed one as well (B-17)."""
    found, _ = await find_report(work.session, report)
    if found.state != "in_pack":
        raise NotFound("No report has this id.")
    work.etag(found.version)
    return report_face(found)


@router.get("/v1/reports/{report}/draft")
async def read_report_draft(
    report: UUID,
    work: Annotated[Work, Reads("governance:author", "governance:approver", "governance:clerk", "governance:chair")],
) -> dict[str, Any]:
    """A report under way, with its state."""
    found, _ = await find_report(work.session, report)
    work.etag(found.version)
    return report_face(found) | {"state": found.state, "late": found.late, "version": found.version}


@router.post("/v1/meetings/{meeting}/packs", status_code=201)
async def publish_pack(meeting: UUID, body: PackIn, work: Annotated[Work, Writes("governance:clerk")]) -> PackOut:
    """Publish the main pack, or what came late as the next supplement, judged by its own clock (B-3, B-6)."""
    pack = await commands.publish_pack(work, meeting, body.scope, body.happened_at)
    work.headers["Location"] = f"{work.base_url}/v1/packs/{pack.id}"
    return _pack(pack, work.base_url)


@router.get("/v1/meetings/{meeting}/packs")
async def list_packs(meeting: UUID, work: PublicWork) -> PackList:
    """Main pack and supplements of a meeting (B-13)."""
    await find_meeting(work.session, meeting)
    return PackList(items=[_pack(pack, work.base_url) for pack in await packs_of(work.session, meeting)])


@router.get("/v1/packs/{pack}", response_class=Response, responses={200: {"content": {"application/json": {}}}})
async def read_pack(pack: UUID, work: PublicWork) -> Response:
    """The public papers, byte for byte as their `sha256` says."""
    found = await find_pack(work.session, pack)
    work.etag(found.sha256)
    return Response(canonical_json(found.document), media_type="application/json")


@router.get("/v1/packs/{pack}/page.html", response_class=HTMLResponse)
async def read_pack_page(pack: UUID, work: PublicWork) -> HTMLResponse:
    """The public papers as a page."""
    found = await find_pack(work.session, pack)
    return render("pack.html", pack=found.document, published_at=found.published_at, sha256=found.sha256)


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


def _pack(pack: Pack, base_url: str) -> PackOut:
    return PackOut(
        id=pack.id,
        scope=pack.scope,
        supplement_no=pack.supplement_no or None,
        published_at=pack.published_at,
        recorded_at=pack.recorded_at,
        page_map=pack.page_map,
        sha256=pack.sha256,
        url=f"{base_url}/v1/packs/{pack.id}",
        html=f"{base_url}/v1/packs/{pack.id}/page.html",
    )

"""Routes of open reports."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.governance.agendas.documents import report_face
from services.governance.reports import commands
from services.governance.reports.queries import find_report
from services.governance.shapes import Flag, LongText, Text, check_relevance
from shared.errors import Gone, NotFound
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["reports"])


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
    programme_relevant: Flag = True
    not_relevant_reason: Text | None = None
    workstreams: list[Text] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def a_reason_says_no(self) -> Self:
        """Relevant unless a reason says no (B-1)."""
        return check_relevance(self)


class SignOffIn(Body):
    outcome: Literal["approved", "changes_requested"]
    comment: LongText | None = None


class WithdrawalIn(Body):
    reason: LongText


class ReportState(Shape):
    id: UUID
    title: str
    state: str
    late: bool
    version: int


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
    if found.state == "withdrawn" and found.published_at is not None:
        raise Gone("The report was withdrawn after it was published; what went out of it stays in its pack.")
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

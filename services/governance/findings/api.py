"""Routes of import findings, for clerks and administrators; never public."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlmodel import select

from services.governance.boards.queries import find_board
from services.governance.findings import commands
from services.governance.findings.tables import ImportFinding
from services.governance.shapes import example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.work import Work

router = Routes(tags=["import-findings"])

State = Literal["open", "accepted", "dismissed"]


class FindingOut(Shape):
    id: UUID
    batch: str
    board_id: UUID | None
    meeting_id: UUID | None
    place: str
    kind: str
    source_value: str
    proposal: dict[str, Any] | None
    chosen_value: dict[str, Any] | None
    state: State
    resolved_by: str | None
    resolved_at: datetime | None
    created_at: datetime
    version: int


class Resolution(Body):
    model_config = example(outcome="accepted")

    outcome: Literal["accepted", "dismissed"]
    person_id: UUID | None = Field(default=None, description="For a name with several proposals, or another person.")
    meeting_id: UUID | None = Field(default=None, description="For a column's date with no single proposal.")


class OneOfMany(Resolution):
    finding_id: UUID


class Resolutions(Body):
    items: list[OneOfMany] = Field(min_length=1, max_length=500)


class FindingList(Shape):
    items: list[FindingOut]


@router.get("/v1/import-findings")
async def list_import_findings(
    work: Annotated[Work, Reads("governance:clerk", "governance:admin")],
    paging: Paging,
    board: Annotated[str | None, Query(max_length=80)] = None,
    meeting: UUID | None = None,
    kind: Annotated[str | None, Query(max_length=80)] = None,
    state: State | None = None,
) -> Page[FindingOut]:
    """What imports met and did not repair (B-44)."""
    statement = select(ImportFinding)
    if board is not None:
        statement = statement.where(ImportFinding.board_id == (await find_board(work.session, board)).id)
    if meeting is not None:
        statement = statement.where(ImportFinding.meeting_id == meeting)
    if kind is not None:
        statement = statement.where(ImportFinding.kind == kind)
    if state is not None:
        statement = statement.where(ImportFinding.state == state)
    return await paginate(
        work,
        statement,
        order=(ImportFinding.created_at, ImportFinding.id),
        paging=paging,
        shape=FindingOut.model_validate,
    )


@router.post("/v1/import-findings/{finding}/resolutions")
async def resolve_import_finding(
    finding: UUID, body: Resolution, work: Annotated[Work, Writes("governance:clerk", "governance:admin")]
) -> FindingOut:
    """Accept what is proposed, or dismiss it (B-43, B-45)."""
    resolved = await commands.resolve_finding(
        work, finding, body.outcome, person_id=body.person_id, meeting_id=body.meeting_id
    )
    return FindingOut.model_validate(resolved)


@router.post("/v1/import-findings/resolutions")
async def resolve_import_findings(
    body: Resolutions, work: Annotated[Work, Writes("governance:clerk", "governance:admin")]
) -> FindingList:
    """Resolve several at once, all or none."""
    resolved = [
        await commands.resolve_finding(
            work, item.finding_id, item.outcome, person_id=item.person_id, meeting_id=item.meeting_id
        )
        for item in body.items
    ]
    return FindingList(items=[FindingOut.model_validate(finding) for finding in resolved])

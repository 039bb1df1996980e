"""Routes of paper offers, for clerks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlmodel import select

from services.governance.boards.queries import find_board
from services.governance.offers import commands
from services.governance.offers.tables import PaperOffer
from services.governance.shapes import Text, example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.work import Work

router = Routes(tags=["paper-offers"])

State = Literal["offered", "waiting", "taken", "declined", "moved"]


class OfferOut(Shape):
    id: UUID
    board_id: UUID | None
    meeting_id: UUID | None
    source_service: str
    kind: str
    reference: str
    period: str
    title: str
    url: str | None
    happened_at: datetime
    state: State
    reason: str | None
    report_id: UUID | None
    version: int


class OfferDecision(Body):
    model_config = example(decision="decline", reason="heard in April")

    decision: Literal["take", "decline", "move"]
    agenda_item: UUID | None = Field(default=None, description="To take: the open item the draft report goes under.")
    meeting: UUID | None = Field(default=None, description="To move.")
    reason: Text | None = Field(default=None, description="To decline.")


@router.get("/v1/paper-offers")
async def list_paper_offers(
    work: Annotated[Work, Reads("governance:clerk", "governance:chair")],
    paging: Paging,
    board: Annotated[str | None, Query(max_length=80)] = None,
    meeting: UUID | None = None,
    state: State | None = None,
    kind: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[OfferOut]:
    """What other services offer for the boards' meetings."""
    statement = select(PaperOffer)
    if board is not None:
        statement = statement.where(PaperOffer.board_id == (await find_board(work.session, board)).id)
    if meeting is not None:
        statement = statement.where(PaperOffer.meeting_id == meeting)
    if state is not None:
        statement = statement.where(PaperOffer.state == state)
    if kind is not None:
        statement = statement.where(PaperOffer.kind == kind)
    return await paginate(
        work,
        statement,
        order=(PaperOffer.created_at, PaperOffer.id),
        paging=paging,
        shape=OfferOut.model_validate,
    )


@router.get("/v1/paper-offers/{offer}")
async def read_paper_offer(
    offer: UUID, work: Annotated[Work, Reads("governance:clerk", "governance:chair")]
) -> OfferOut:
    """One offer."""
    found = await commands.find_offer(work, offer)
    work.etag(found.version)
    return OfferOut.model_validate(found)


@router.post("/v1/paper-offers/{offer}/decisions")
async def decide_paper_offer(
    offer: UUID, body: OfferDecision, work: Annotated[Work, Writes("governance:clerk")]
) -> OfferOut:
    """Take an offer as a draft report, decline it with a reason, or move it to another meeting."""
    decided = await commands.decide_offer(
        work, offer, body.decision, reason=body.reason, agenda_item=body.agenda_item, meeting_id=body.meeting
    )
    return OfferOut.model_validate(decided)

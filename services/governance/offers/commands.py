"""What a clerk does with an offer: take it, decline it, move it."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select

from services.governance.agendas.queries import find_item
from services.governance.boards.queries import get_board
from services.governance.meetings.queries import find_meeting
from services.governance.offers.rules import check_decision
from services.governance.offers.tables import PaperOffer
from services.governance.reports.commands import add_report
from shared.errors import Invalid, NotFound
from shared.work import Work


async def decide_offer(
    work: Work, offer_id: UUID, decision: str, *, reason: str | None, agenda_item: UUID | None, meeting_id: UUID | None
) -> PaperOffer:
    """Take an offer as a draft report under an item, decline it with a reason, or move it to another meeting."""
    offer = await find_offer(work, offer_id)
    if offer.board_id is not None:
        board = await get_board(work.session, offer.board_id)
        work.may_write_for(board.organisation_slug)
    check_decision(offer.state, decision, reason, has_item=agenda_item is not None, has_meeting=meeting_id is not None)
    before = {"state": offer.state, "meeting": offer.meeting_id}
    if decision == "take":
        assert agenda_item is not None
        await _take(work, offer, agenda_item)
    elif decision == "decline":
        if offer.board_id is None:
            # It waits for any board that may take it.
            work.may_write_for_all()
        offer.state = "declined"
    else:
        assert meeting_id is not None
        meeting, moved_to = await find_meeting(work.session, meeting_id)
        work.may_write_for(moved_to.organisation_slug)
        if offer.board_id is not None and meeting.board_id != offer.board_id:
            raise Invalid("That meeting is another board's; name one of this board.", pointer="/meeting")
        if meeting.state in ("held", "cancelled"):
            raise Invalid(f"That meeting is {meeting.state}; name one still to come.", pointer="/meeting")
        offer.meeting_id, offer.board_id, offer.state = meeting.id, meeting.board_id, "moved"
    offer.reason = reason
    offer.touch(work.now)
    work.session.add(offer)
    work.audit("decide_offer", offer.id, before=before, after={"state": offer.state}, reason=reason)
    return offer


async def find_offer(work: Work, offer_id: UUID) -> PaperOffer:
    offer = (
        await work.session.exec(select(PaperOffer).where(PaperOffer.id == offer_id).with_for_update())
    ).one_or_none()
    if offer is None:
        raise NotFound("No paper offer has this id.")
    return offer


async def _take(work: Work, offer: PaperOffer, agenda_item: UUID) -> None:
    item = await find_item(work.session, agenda_item)
    meeting, board = await find_meeting(work.session, item.meeting_id)
    if offer.board_id is not None and board.id != offer.board_id:
        raise Invalid("That item is on another board's agenda; name one of this board.", pointer="/agenda_item")
    background = [offer.url] if offer.url else []
    report = await add_report(
        work,
        item.id,
        {
            "title": offer.title,
            "purpose_text": f"Taken from {offer.source_service}: {offer.kind}, {offer.period}.",
            "background_papers": background,
            "paper_offer_id": offer.id,
        },
    )
    offer.state, offer.report_id, offer.board_id, offer.meeting_id = "taken", report.id, board.id, meeting.id

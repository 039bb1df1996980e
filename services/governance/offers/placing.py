"""Placing offers on meetings: once for each board, subject and period; waiting where no meeting is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.boards.tables import Board, Organisation
from services.governance.meetings.queries import next_meeting
from services.governance.meetings.tables import Meeting
from services.governance.offers.rules import UNTAKEN, replaces
from services.governance.offers.tables import PaperOffer
from shared.inbox import Reacting
from shared.periods import london_date
from shared.values import MethodologyScope

if TYPE_CHECKING:
    from shared.work import Work


async def boards_under_duty(session: AsyncSession, organisation_id: UUID | None, on: datetime) -> Sequence[Board]:
    """Boards the duty binds at a moment: the organisation's own, else all of them.

    A publisher of its whole ledger stands outside the agreement, so its duties come before its own boards only.
    """
    rows = await session.exec(
        select(Board).where(col(Board.under_grant_duty).is_(True)).order_by(col(Board.created_at), col(Board.id))
    )
    boards = [board for board in rows.all() if _sits(board, on)]
    own = [board for board in boards if board.organisation_id == organisation_id]
    return own if own or await _stands_outside(session, organisation_id) else boards


async def offer(
    reacting: Reacting,
    *,
    service: str,
    kind: str,
    reference: str,
    period: str,
    version: int,
    title: str,
    happened_at: datetime,
    organisation_id: UUID | None,
    url: str | None,
) -> None:
    """Make or renew an offer for every board under the duty. The same event twice makes one."""
    boards: Sequence[Board | None] = await boards_under_duty(reacting.session, organisation_id, happened_at)
    for board in boards or [None]:
        await _offer(
            reacting,
            board,
            service=service,
            kind=kind,
            reference=reference,
            period=period,
            version=version,
            title=title,
            happened_at=happened_at,
            organisation_id=organisation_id,
            url=url,
        )


async def place_waiting_offers(work: Work, board_id: UUID) -> None:
    """A meeting was scheduled: offers that waited for one, for this board or for any under the duty, go to it."""
    board = (await work.session.exec(select(Board).where(Board.id == board_id))).one()
    if not board.under_grant_duty:
        return
    waiting = (
        await work.session.exec(
            select(PaperOffer)
            .where(
                PaperOffer.state == "waiting",
                (col(PaperOffer.board_id) == board_id) | col(PaperOffer.board_id).is_(None),
            )
            .order_by(col(PaperOffer.id))
            .with_for_update()
        )
    ).all()
    for found in waiting:
        foreign = found.board_id is None and found.organisation_id not in (None, board.organisation_id)
        if foreign and await _stands_outside(work.session, found.organisation_id):
            continue
        meeting = await next_meeting(work.session, board_id, found.happened_at)
        if meeting is not None:
            found.board_id, found.meeting_id, found.state = board_id, meeting.id, "offered"
            found.touch(work.now)
            work.session.add(found)
    await work.session.flush()


async def release_offers(work: Work, meeting: Meeting) -> None:
    """A meeting was postponed or cancelled: what was offered for it goes to the next one, or waits."""
    offers = (
        await work.session.exec(
            select(PaperOffer)
            .where(PaperOffer.meeting_id == meeting.id, col(PaperOffer.state).in_(("offered", "moved")))
            .order_by(col(PaperOffer.id))
            .with_for_update()
        )
    ).all()
    for found in offers:
        following = await next_meeting(work.session, meeting.board_id, max(found.happened_at, meeting.start))
        found.meeting_id = following.id if following else None
        found.state = "offered" if following else "waiting"
        found.touch(work.now)
        work.session.add(found)
    await work.session.flush()


def _sits(board: Board, on: datetime) -> bool:
    day = london_date(on)
    return (board.founded is None or board.founded <= day) and (board.dissolved is None or day <= board.dissolved)


async def _stands_outside(session: AsyncSession, organisation_id: UUID | None) -> bool:
    if organisation_id is None:
        return False
    found = (
        await session.exec(select(Organisation).where(Organisation.organisation_id == organisation_id))
    ).one_or_none()
    return found is not None and found.methodology_scope == MethodologyScope.WHOLE_BODY


async def _offer(
    reacting: Reacting,
    board: Board | None,
    *,
    service: str,
    kind: str,
    reference: str,
    period: str,
    version: int,
    title: str,
    happened_at: datetime,
    organisation_id: UUID | None,
    url: str | None,
) -> None:
    session = reacting.session
    offer_id = reacting.derived_id("offer", board.id if board else "none")
    known = (
        await session.exec(
            select(PaperOffer)
            .where(
                PaperOffer.source_service == service,
                PaperOffer.kind == kind,
                PaperOffer.reference == reference,
                PaperOffer.period == period,
                (col(PaperOffer.board_id) == board.id) | col(PaperOffer.board_id).is_(None)
                if board
                else col(PaperOffer.board_id).is_(None),
            )
            .order_by(col(PaperOffer.created_at), col(PaperOffer.id))
            .with_for_update()
        )
    ).all()
    if any(
        row.id == offer_id
        or row.source_event_id == reacting.event_id
        or not replaces(version, happened_at, row.source_version, row.happened_at)
        for row in known
    ):
        return
    meeting = await next_meeting(session, board.id, happened_at) if board else None
    untaken = [row for row in known if row.state in UNTAKEN]
    if untaken:
        row = untaken[-1]
        if board is not None:
            row.board_id = board.id
        # Where a clerk moved the older one, the newer stays at that meeting.
        if row.state != "moved":
            row.meeting_id = meeting.id if meeting else None
            row.state = "offered" if meeting else "waiting"
        row.source_event_id, row.source_version, row.title, row.url = reacting.event_id, version, title, url
        row.happened_at = happened_at
        row.touch(reacting.now)
        session.add(row)
        return
    session.add(
        PaperOffer(
            id=offer_id,
            board_id=board.id if board else None,
            meeting_id=meeting.id if meeting else None,
            source_event_id=reacting.event_id,
            source_service=service,
            kind=kind,
            reference=reference,
            period=period,
            source_version=version,
            organisation_id=organisation_id,
            title=title,
            url=url,
            happened_at=happened_at,
            state="offered" if meeting else "waiting",
            created_at=reacting.now,
            modified_at=reacting.now,
            created_by=f"service:{service}",
        )
    )

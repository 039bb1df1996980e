"""Reads of minutes, decisions and actions. Drafts are read by clerks alone (B-35)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.minutes.tables import Minutes
from shared.errors import NotFound

PUBLIC_STATES = ("published_draft", "approved", "superseded")


async def versions_of(session: AsyncSession, meeting_id: UUID) -> Sequence[Minutes]:
    return (
        await session.exec(select(Minutes).where(Minutes.meeting_id == meeting_id).order_by(col(Minutes.number)))
    ).all()


async def latest_of(session: AsyncSession, meeting_id: UUID, *, lock: bool = False) -> Minutes | None:
    statement = select(Minutes).where(Minutes.meeting_id == meeting_id).order_by(col(Minutes.number).desc()).limit(1)
    return (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()


async def published_of(session: AsyncSession, meeting_id: UUID, number: int | None = None) -> Minutes:
    """The latest published version, or the one of that number; a draft is nowhere public (B-35)."""
    statement = select(Minutes).where(Minutes.meeting_id == meeting_id, col(Minutes.state).in_(PUBLIC_STATES))
    if number is not None:
        statement = statement.where(Minutes.number == number)
    found = (await session.exec(statement.order_by(col(Minutes.number).desc()).limit(1))).one_or_none()
    if found is None:
        raise NotFound("No minutes of this meeting are published.")
    return found


def public_document(minutes: Minutes, face: Mapping[str, Any], *, named: bool) -> dict[str, Any]:
    """The minutes as anyone reads them; without names where the board's rules keep them back (B-24)."""
    content = dict(minutes.content)
    attendance = content.get("attendance")
    if attendance is not None and not named:
        content["attendance"] = {
            "present": len(attendance["present"]) + len(attendance["names_printed"]),
            "apologies": len(attendance["apologies"]),
        }
    return {"version": minutes.number, "meeting": dict(face)} | content

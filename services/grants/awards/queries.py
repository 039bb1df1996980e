"""Read-only selects on pass-through awards."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.awards.tables import PassThroughAward
from services.grants.faults import uuid_of
from shared.errors import NotFound


async def load_award(session: AsyncSession, agreement_id: UUID, key: str) -> PassThroughAward:
    """By id, within its agreement."""
    statement = select(PassThroughAward).where(
        PassThroughAward.agreement_id == agreement_id, PassThroughAward.id == uuid_of(key)
    )
    award = (await session.exec(statement)).one_or_none()
    if award is None:
        raise NotFound("The agreement has no award with this id.")
    return award


async def awarded_pence(session: AsyncSession, agreement_id: UUID, line_code: str) -> int:
    """What is awarded on a line so far, in pence."""
    statement = select(func.coalesce(func.sum(PassThroughAward.amount_pence), 0)).where(
        PassThroughAward.agreement_id == agreement_id, PassThroughAward.line_code == line_code
    )
    return int((await session.exec(statement)).one())

"""Reads of published papers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.packs.tables import Pack
from shared.errors import NotFound


async def packs_of(session: AsyncSession, meeting_id: UUID) -> Sequence[Pack]:
    return (
        await session.exec(select(Pack).where(Pack.meeting_id == meeting_id).order_by(col(Pack.supplement_no)))
    ).all()


async def find_pack(session: AsyncSession, pack_id: UUID) -> Pack:
    pack = (await session.exec(select(Pack).where(Pack.id == pack_id))).one_or_none()
    if pack is None:
        raise NotFound("No published pack has this id.")
    return pack

"""Reads of registers as printed."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.registers.tables import RegisterCell


async def unsettled_cells(session: AsyncSession, meeting_id: UUID) -> list[str]:
    """Names of a meeting's register that still wait for a person to confirm whom they mean."""
    rows = (
        await session.exec(
            select(RegisterCell.person_printed)
            .where(RegisterCell.meeting_id == meeting_id, col(RegisterCell.person_id).is_(None))
            .order_by(col(RegisterCell.record))
        )
    ).all()
    return list(dict.fromkeys(rows))

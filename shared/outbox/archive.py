"""The archive sent again: all marks taken off, so that the relay sends every event anew, in the order of positions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.outbox.recording import OUTBOX, announce


async def republish(
    session_factory: Callable[[], AbstractAsyncContextManager[AsyncSession]], *, from_position: int = 1
) -> int:
    """Have the relay send again what stands at this position or behind it; returns how many events that is.

    For a topic that has lost records or was made anew. Only the relay sends, so that no new event can overtake an
    archived one of its key; readers that know an event already ignore it.
    """
    columns = OUTBOX.c
    async with session_factory() as session:
        connection = await session.connection()
        unmarked = await connection.execute(
            update(OUTBOX)
            .where(columns.position >= from_position, columns.published_at.is_not(None))
            .values(published_at=None)
        )
        await announce(connection)
        await session.commit()
        return unmarked.rowcount

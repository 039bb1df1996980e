"""Reads of actions and their progress."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.actions.tables import Action, ActionProgress
from shared.errors import NotFound


async def find_action(session: AsyncSession, action_id: UUID, *, lock: bool = False) -> Action:
    statement = select(Action).where(Action.id == action_id)
    action = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if action is None or action.published_at is None:
        raise NotFound("No published action has this id.")
    return action


async def progress_of(session: AsyncSession, action_ids: Sequence[UUID]) -> dict[UUID, list[ActionProgress]]:
    found: dict[UUID, list[ActionProgress]] = {}
    if action_ids:
        rows = await session.exec(
            select(ActionProgress)
            .where(col(ActionProgress.action_id).in_(action_ids))
            .order_by(col(ActionProgress.happened_at), col(ActionProgress.recorded_at), col(ActionProgress.id))
        )
        for row in rows.all():
            found.setdefault(row.action_id, []).append(row)
    return found

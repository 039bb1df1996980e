"""Read-only selects on budget versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.budget.lines import Kind, Line
from services.grants.budget.tables import BudgetLine, BudgetVersion
from shared.errors import NotFound


async def budget_versions(session: AsyncSession, agreement_id: UUID) -> Sequence[BudgetVersion]:
    statement = (
        select(BudgetVersion).where(BudgetVersion.agreement_id == agreement_id).order_by(col(BudgetVersion.number))
    )
    return (await session.exec(statement)).all()


async def effective_budget(session: AsyncSession, agreement_id: UUID) -> BudgetVersion | None:
    """The version made effective last, whichever day it takes effect: what the next one changes."""
    versions = await budget_versions(session, agreement_id)
    return next((version for version in versions if version.state == "effective"), None)


async def load_budget(session: AsyncSession, agreement_id: UUID, number: int) -> BudgetVersion:
    """A version by its number."""
    for version in await budget_versions(session, agreement_id):
        if version.number == number:
            return version
    raise NotFound("The budget has no version of this number.")


async def known_lines(session: AsyncSession, agreement_id: UUID) -> dict[str, UUID]:
    """Code → line_id over all versions, so that a line that goes and comes back stays the same line.

    What was approved goes before what never took effect, then the later version before the earlier.
    """
    statement = (
        select(BudgetLine.code, BudgetLine.line_id)
        .join(BudgetVersion, col(BudgetVersion.id) == col(BudgetLine.version_id))
        .where(BudgetVersion.agreement_id == agreement_id)
        .order_by(col(BudgetVersion.approved_at).is_not(None), col(BudgetVersion.number))
    )
    return dict((await session.exec(statement)).all())


def as_typed(rows: Sequence[BudgetLine]) -> list[Line]:
    """Stored lines as the rules take them."""
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    return [
        Line(row.code, row.name, kinds[row.kind], row.parent_code, row.amount_pence, row.stated_pence) for row in rows
    ]

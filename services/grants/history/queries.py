"""Read-only selects on the history of the grant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.faults import year_of
from services.grants.history.rules import WHOLE_GRANT, SpendState, YearFigure, side_by_side
from services.grants.history.tables import HistoricalGrant
from services.grants.queries import latest_outturn
from services.grants.tables import Agreement
from shared.periods import london_date

SPEND_STATES: dict[str, SpendState] = {state: state for state in get_args(SpendState)}


async def grant_history(session: AsyncSession, *, known_by: datetime | None = None) -> list[YearFigure]:
    """All years side by side; with `known_by` only what was recorded before that instant."""
    return side_by_side(
        [document_figure(row) for row in await historical_rows(session, known_by=known_by)],
        await _agreement_figures(session, known_by),
    )


async def historical_rows(session: AsyncSession, *, known_by: datetime | None = None) -> Sequence[HistoricalGrant]:
    """Rows as documents have them, in the order of years."""
    statement = select(HistoricalGrant).order_by(col(HistoricalGrant.year), col(HistoricalGrant.created_at))
    if known_by is not None:
        statement = statement.where(HistoricalGrant.created_at < known_by)
    return (await session.exec(statement)).all()


def document_figure(row: HistoricalGrant) -> YearFigure:
    return YearFigure(
        year=year_of(row.year),
        scope=row.scope,
        funding_basis=row.funding_basis,
        grant_pence=row.grant_pence,
        state=row.state,
        source=row.source,
        note=row.note,
        spend_pence=row.spend_pence,
        spend_state=SPEND_STATES[row.spend_state] if row.spend_state else None,
        spend_reported_on=row.spend_reported_on,
    )


async def _agreement_figures(session: AsyncSession, known_by: datetime | None) -> list[YearFigure]:
    statement = select(Agreement).where(Agreement.state != "draft").order_by(col(Agreement.year))
    if known_by is not None:
        statement = statement.where(Agreement.created_at < known_by)
    figures = []
    for agreement in (await session.exec(statement)).all():
        outturn = await latest_outturn(session, agreement.id, known_by=known_by)
        figures.append(
            YearFigure(
                year=year_of(agreement.year),
                scope=WHOLE_GRANT,
                funding_basis=agreement.funding_basis,
                grant_pence=agreement.grant_pence,
                state=agreement.state,
                spend_pence=outturn.spend_pence if outturn else None,
                spend_state=SPEND_STATES[outturn.state] if outturn else None,
                spend_reported_on=london_date(outturn.happened_at) if outturn else None,
                agreement_id=agreement.id,
            )
        )
    return figures

"""Read-only selects on the history of the grant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import get_args

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.agreements.queries import terms_as_at
from services.grants.faults import uuid_of, year_of
from services.grants.history.rules import WHOLE_GRANT, SpendState, YearFigure, side_by_side
from services.grants.history.tables import GrantClaim, HistoricalGrant
from services.grants.queries import latest_outturn, signatures
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.periods import london_date, start_of_day

SPEND_STATES: dict[str, SpendState] = {state: state for state in get_args(SpendState)}


async def grant_history(session: AsyncSession, *, known_by: datetime | None = None) -> list[YearFigure]:
    """All years side by side; with `known_by` only what was recorded before that instant."""
    return side_by_side(
        [document_figure(row) for row in await historical_rows(session, known_by=known_by)],
        await _agreement_figures(session, known_by),
    )


async def historical_rows(session: AsyncSession, *, known_by: datetime | None = None) -> Sequence[HistoricalGrant]:
    """Rows as documents have them, in the order of years; with `known_by` those that stood before that instant."""
    statement = select(HistoricalGrant).order_by(col(HistoricalGrant.year), col(HistoricalGrant.created_at))
    if known_by is None:
        statement = statement.where(col(HistoricalGrant.superseded_at).is_(None))
    else:
        still = or_(col(HistoricalGrant.superseded_at).is_(None), col(HistoricalGrant.superseded_at) >= known_by)
        statement = statement.where(HistoricalGrant.created_at < known_by, still)
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
    figures = []
    for agreement in (await session.exec(statement)).all():
        known = await _known(session, agreement, known_by)
        if known is None:
            continue
        grant_pence, state = known
        outturn = await latest_outturn(session, agreement.id, known_by=known_by)
        figures.append(
            YearFigure(
                year=year_of(agreement.year),
                scope=WHOLE_GRANT,
                funding_basis=agreement.funding_basis,
                grant_pence=grant_pence,
                state=state,
                spend_pence=outturn.spend_pence if outturn else None,
                spend_state=SPEND_STATES[outturn.state] if outturn else None,
                spend_reported_on=london_date(outturn.happened_at) if outturn else None,
                outturn_grant_pence=outturn.grant_pence if outturn else None,
                agreement_id=agreement.id,
            )
        )
    return figures


async def _known(session: AsyncSession, agreement: Agreement, known_by: datetime | None) -> tuple[int, str] | None:
    """(Grant in pence, state) of an agreement as it was known; None before its second signature was recorded."""
    if known_by is None:
        return agreement.grant_pence, agreement.state
    signed = [row for row in await signatures(session, agreement.id) if row.created_at < known_by]
    terms = await terms_as_at(session, agreement.id, date.max, known_by=known_by)
    if len(signed) < 2 or terms is None:
        return None
    moments = [
        ("closed", agreement.closed_at),
        ("closing", agreement.closing_since),
        ("in_force", start_of_day(agreement.in_force_from)),
    ]
    state = next((name for name, since in moments if since is not None and since < known_by), "agreed")
    return terms.get("grant_pence", agreement.grant_pence), state


async def claims(session: AsyncSession, *, known_by: datetime | None = None) -> Sequence[GrantClaim]:
    """What is claimed about changes of the grant, in the order of years; withdrawn claims are left out."""
    statement = select(GrantClaim).order_by(
        col(GrantClaim.from_year), col(GrantClaim.to_year), col(GrantClaim.created_at), col(GrantClaim.id)
    )
    if known_by is None:
        statement = statement.where(col(GrantClaim.withdrawn_at).is_(None))
    else:
        still = or_(col(GrantClaim.withdrawn_at).is_(None), col(GrantClaim.withdrawn_at) >= known_by)
        statement = statement.where(GrantClaim.created_at < known_by, still)
    return (await session.exec(statement)).all()


async def load_claim(session: AsyncSession, key: str, *, lock: bool = False) -> GrantClaim:
    """By id."""
    statement = select(GrantClaim).where(GrantClaim.id == uuid_of(key))
    if lock:
        statement = statement.with_for_update()
    claim = (await session.exec(statement)).one_or_none()
    if claim is None:
        raise NotFound("There is no claim with this id.")
    return claim

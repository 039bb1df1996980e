"""Read-only selects on forecasts: the one that stood, of one quarter or of every quarter of a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.faults import uuid_of
from services.grants.forecasts.tables import Forecast, ForecastLine
from shared.errors import NotFound
from shared.periods import Quarter


@dataclass(frozen=True)
class Expected:
    """The forecast of a quarter that stood: who reads it needs its day as well as its figures, code → pence."""

    forecast: Forecast
    pence: dict[str, int]


async def forecast_of_quarter(
    session: AsyncSession,
    agreement_id: UUID,
    quarter: Quarter,
    *,
    known_by: datetime | None = None,
    as_at: datetime | None = None,
) -> dict[str, int] | None:
    """What each carrying line is expected to cost in the quarter, in pence; None where nobody has forecast it.

    With `known_by` as recorded before that instant, with `as_at` as made before it.
    """
    found = (await forecasts_of(session, agreement_id, known_by=known_by, as_at=as_at)).get(quarter.slug)
    return found.pence if found else None


async def forecasts_of(
    session: AsyncSession, agreement_id: UUID, *, known_by: datetime | None = None, as_at: datetime | None = None
) -> dict[str, Expected]:
    """Quarter → the forecast of it that was made last; the instants as for `forecast_of_quarter`."""
    statement = select(Forecast).where(Forecast.agreement_id == agreement_id)
    if known_by is not None:
        statement = statement.where(col(Forecast.recorded_at) < known_by)
    if as_at is not None:
        statement = statement.where(col(Forecast.happened_at) < as_at)
    rows = (await session.exec(statement.order_by(col(Forecast.number)))).all()
    standing = {row.quarter: row for row in rows}
    found = {row.id: Expected(row, {}) for row in standing.values()}
    lines = select(ForecastLine).where(col(ForecastLine.forecast_id).in_(list(found)))
    for line in (await session.exec(lines)).all() if found else ():
        found[line.forecast_id].pence[line.code] = line.amount_pence
    return {each.forecast.quarter: each for each in found.values()}


async def newest_forecast(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> Forecast | None:
    """The forecast of the quarter recorded last."""
    statement = select(Forecast).where(Forecast.agreement_id == agreement_id, Forecast.quarter == quarter.slug)
    return (await session.exec(statement.order_by(col(Forecast.number).desc()).limit(1))).one_or_none()


async def load_forecast(session: AsyncSession, agreement_id: UUID, key: str) -> Forecast:
    """By id, within its agreement."""
    statement = select(Forecast).where(Forecast.agreement_id == agreement_id, Forecast.id == uuid_of(key))
    forecast = (await session.exec(statement)).one_or_none()
    if forecast is None:
        raise NotFound("The agreement has no forecast with this id.")
    return forecast


async def forecast_lines(session: AsyncSession, forecast_id: UUID) -> Sequence[ForecastLine]:
    statement = select(ForecastLine).where(ForecastLine.forecast_id == forecast_id).order_by(col(ForecastLine.position))
    return (await session.exec(statement)).all()

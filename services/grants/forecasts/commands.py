"""Making a forecast: load, decide, store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.grants.commands import load_agreement_to_change
from services.grants.faults import quarter_in_body, year_of
from services.grants.forecasts.queries import newest_forecast
from services.grants.forecasts.rules import ForecastPosition, LineForecast
from services.grants.forecasts.rules import make_forecast as decide_forecast
from services.grants.forecasts.tables import Forecast, ForecastLine
from services.grants.periods.queries import first_statement
from services.grants.queries import budget_awaiting, carrying_lines
from shared.periods import london_date
from shared.work import Work


async def make_forecast(
    work: Work,
    agreement_key: str,
    quarter_slug: str,
    lines: Sequence[LineForecast],
    *,
    note: str | None,
    stated: datetime | None,
) -> Forecast:
    """Forecast a quarter, every carrying line of it (G-32); an earlier forecast stays beside it. Records no fact."""
    agreement = await load_agreement_to_change(work, agreement_key)
    quarter = quarter_in_body(quarter_slug, year_of(agreement.year), "/quarter")
    happened_at = work.happened_at(stated)
    newest = await newest_forecast(work.session, agreement.id, quarter)
    statement = await first_statement(work.session, agreement.id, quarter)
    budget = {line.code: line.name for line in await carrying_lines(work.session, agreement.id, quarter.end)}
    decided = decide_forecast(
        ForecastPosition(
            quarter=quarter,
            lines=budget,
            stated=statement is not None and statement.happened_at <= happened_at,
            newest=newest.number if newest else 0,
            newest_happened_at=newest.happened_at if newest else None,
            budget_awaiting=await budget_awaiting(work.session, agreement.id),
        ),
        lines,
        happened_at=happened_at,
        made_on=london_date(happened_at),
    )
    forecast = Forecast(
        id=work.new_id(),
        agreement_id=agreement.id,
        quarter=quarter.slug,
        number=(newest.number if newest else 0) + 1,
        note=note,
        happened_at=happened_at,
        recorded_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(forecast)
    await work.session.flush()
    work.session.add_all(
        ForecastLine(
            forecast_id=forecast.id,
            code=line.code,
            name=budget[line.code],
            position=place,
            amount_pence=line.amount_pence,
        )
        for place, line in enumerate(decided)
    )
    work.audit(
        "make_forecast",
        agreement.id,
        after={
            "quarter": quarter.slug,
            "number": forecast.number,
            "amount_pence": sum(line.amount_pence for line in decided),
        },
        reason=note,
    )
    return forecast

"""What may be forecast, and what the year then comes to: pure functions (G-32)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.grants.faults import earlier_than_forerunner, line_faults, no_budget, raise_together
from shared.errors import Conflict, Refusal
from shared.periods import Quarter


class PastForecast(Conflict):
    """No forecast lies in the past (G-32)."""

    code = "past_forecast"
    title = "The quarter is over"


@dataclass(frozen=True)
class ForecastPosition:
    """What a forecast must know: its quarter, the carrying lines at that quarter's end (code → name), and what stands.

    `stated` says that the quarter's spend was stated when the forecast was made.
    """

    quarter: Quarter
    lines: Mapping[str, str]
    stated: bool
    newest: int = 0
    newest_happened_at: datetime | None = None
    budget_awaiting: int | None = None


@dataclass(frozen=True)
class LineForecast:
    """What a line is expected to cost in the quarter, in pence."""

    code: str
    amount_pence: int


def make_forecast(
    position: ForecastPosition, lines: Sequence[LineForecast], *, happened_at: datetime, made_on: date
) -> tuple[LineForecast, ...]:
    """Decide on a forecast of a quarter: a figure for every carrying line, in the budget's order (G-32).

    A quarter that is over, or whose spend is stated, is not forecast any more. `made_on` is the London day of
    `happened_at`. All faults come at once.
    """
    quarter = position.quarter
    if made_on > quarter.end:
        raise PastForecast(
            f"{quarter.label} ended on {quarter.end.isoformat()}; state its spend, and forecast a later quarter.",
            pointer="/quarter",
        )
    if position.stated:
        raise PastForecast(
            f"The spend of {quarter.label} is stated; forecast a later quarter, or state this one anew.",
            pointer="/quarter",
        )
    if not position.lines:
        raise no_budget(
            "Set the budget of the year first; its carrying lines are what is forecast.",
            position.budget_awaiting,
            "/lines",
        )
    faults: list[Refusal] = line_faults(
        position.lines, [line.code for line in lines], missing_what=f"Q{quarter.number} forecast "
    )
    if position.newest_happened_at is not None and happened_at < position.newest_happened_at:
        faults.append(earlier_than_forerunner("forecast"))
    raise_together(faults)
    given = {line.code: line for line in lines}
    return tuple(given[code] for code in position.lines)


@dataclass(frozen=True)
class QuarterFigures:
    """A line's quarter as far as it is known: what is spent, what was expected of the whole quarter, if it was."""

    over: bool
    actual_pence: int
    forecast_pence: int | None


def rest_of_year(quarters: Iterable[QuarterFigures]) -> int | None:
    """What a line is still expected to cost, in pence; None where a quarter to come has no forecast, never zero (G-32).

    Of a quarter that is running its forecast counts as far as it is not spent yet.
    """
    rest_pence = 0
    for quarter in quarters:
        if quarter.over:
            continue
        if quarter.forecast_pence is None:
            return None
        left_pence = quarter.forecast_pence - quarter.actual_pence
        # What ran past its forecast is not expected to flow back.
        rest_pence += max(left_pence, 0) if quarter.forecast_pence >= 0 else min(left_pence, 0)
    return rest_pence

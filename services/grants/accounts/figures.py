"""What management accounts are computed from, and how: pure functions over lines, ledger, forecasts, statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.grants.budget.lines import CARRYING, Line, children_of, roll_up
from services.grants.forecasts.rules import QuarterFigures, rest_of_year
from services.grants.periods.queries import Cell
from shared.money import rounded_thousands
from shared.periods import Quarter

ROUNDING_NOTE = "figures may not sum because of rounding"


@dataclass(frozen=True)
class Sources:
    """All that the accounts of a quarter rest on; pence throughout, by carrying line's code.

    `running`: the quarter is not over on the day of the accounts. `forecasts` are by quarter slug; a view without
    forecasts has none and says so with `forecast_applies`. `stated` are the quarter's and the year's figures as stated.
    """

    lines: Sequence[Line]
    quarter: Quarter
    running: bool
    cells: Sequence[Cell]
    forecasts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    forecast_applies: bool = True
    stated: Mapping[str, tuple[int, int]] | None = None


@dataclass(frozen=True)
class Figures:
    """What a line or heading comes to, in pence; None is unknown, never zero."""

    budget: int
    actual: int
    year_to_date: int
    forecast: int | None
    full_year: int | None
    stated: int | None
    stated_year_to_date: int | None
    gross_used: bool

    @property
    def variance(self) -> int:
        """Budget less year to date."""
        return self.budget - self.year_to_date

    @property
    def full_year_variance(self) -> int | None:
        """Budget less what the whole year is expected to come to."""
        return None if self.full_year is None else self.budget - self.full_year


def account(sources: Sources) -> dict[str, Figures]:
    """Every line, heading and total, by code (G-33). Sums are of pence; a sum with an unknown part is unknown."""
    lines, quarter = sources.lines, sources.quarter
    codes = [line.code for line in lines if line.kind in CARRYING]
    own = [cell for cell in sources.cells if cell.own and cell.quarter.year == quarter.year and cell.quarter <= quarter]
    to_date = {code: sum(cell.pence for cell in own if cell.code == code) for code in codes}
    actual = {code: sum(cell.pence for cell in own if cell.code == code and cell.quarter == quarter) for code in codes}
    rest = {code: _rest(sources, code, actual[code]) for code in codes}
    stated = {code: sources.stated.get(code) if sources.stated is not None else None for code in codes}
    budget = roll_up(lines, {line.code: line.amount_pence or 0 for line in lines})
    actual_sums, to_date_sums = roll_up(lines, actual), roll_up(lines, to_date)
    rest_sums = _roll_up_known(lines, rest)
    stated_sums = _roll_up_known(lines, {code: pair[0] if pair else None for code, pair in stated.items()})
    stated_to_date = _roll_up_known(lines, {code: pair[1] if pair else None for code, pair in stated.items()})
    gross = roll_up(lines, {code: int(any(cell.gross_used for cell in own if cell.code == code)) for code in codes})
    return {
        line.code: Figures(
            budget=budget[line.code],
            actual=actual_sums[line.code],
            year_to_date=to_date_sums[line.code],
            forecast=rest_sums[line.code],
            full_year=None if (left := rest_sums[line.code]) is None else to_date_sums[line.code] + left,
            stated=stated_sums[line.code],
            stated_year_to_date=stated_to_date[line.code],
            gross_used=gross[line.code] > 0,
        )
        for line in lines
    }


def quarters_without_forecast(sources: Sources) -> list[str]:
    """Quarters to come that keep the year from being forecast: nobody has forecast them, or not every line."""
    codes = [line.code for line in sources.lines if line.kind in CARRYING]
    return [
        quarter.slug
        for quarter in sources.quarter.year.quarters
        if _to_come(sources, quarter) and any(code not in sources.forecasts.get(quarter.slug, {}) for code in codes)
    ]


def adds_up(lines: Sequence[Line], figures: Mapping[str, Figures], of: Callable[[Figures], int | None]) -> bool:
    """Whether each heading, rounded to thousands from its own pence, is the sum of its lines as shown (G-40)."""
    for line in lines:
        whole = of(figures[line.code])
        if line.kind in CARRYING or whole is None:
            continue
        parts = [of(figures[child]) for child in children_of(lines, line.code)]
        if rounded_thousands(whole) != sum(rounded_thousands(part) for part in parts if part is not None):
            return False
    return True


def _rest(sources: Sources, code: str, actual_pence: int) -> int | None:
    """What is still to come for a line after the quarter's day (G-32)."""
    if not sources.forecast_applies:
        return None
    return rest_of_year(
        QuarterFigures(
            over=not _to_come(sources, quarter),
            actual_pence=actual_pence if quarter == sources.quarter else 0,
            forecast_pence=sources.forecasts.get(quarter.slug, {}).get(code),
        )
        for quarter in sources.quarter.year.quarters
    )


def _to_come(sources: Sources, quarter: Quarter) -> bool:
    return quarter > sources.quarter or (quarter == sources.quarter and sources.running)


def _roll_up_known(lines: Sequence[Line], amounts: Mapping[str, int | None]) -> dict[str, int | None]:
    """As `roll_up`, where amounts may be unknown."""
    sums = roll_up(lines, {code: pence for code, pence in amounts.items() if pence is not None})
    unknown = roll_up(lines, {code: int(pence is None) for code, pence in amounts.items()})
    return {code: None if unknown[code] else pence for code, pence in sums.items()}

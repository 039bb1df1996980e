"""Forecast against actual: what was expected of each quarter by a day, beside what came, and the year both make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from pydantic import Field

from services.grants.forecasts.queries import Expected, forecasts_of
from services.grants.forecasts.rules import QuarterFigures, rest_of_year
from services.grants.periods.queries import Cell, ledger_cells
from services.grants.queries import carrying_lines
from services.grants.tables import Agreement
from shared.http import Shape
from shared.money import percent, pounds
from shared.periods import FinancialYear, Quarter, london_date
from shared.work import Work

CSV_HEADER = (
    "Quarter",
    "Code",
    "Name",
    "ForecastMadeOn",
    "Forecast",
    "Actual",
    "Difference",
    "DifferenceShare",
    "GrossUsed",
)


class ComparedLine(Shape):
    code: str
    name: str
    forecast_pence: int | None = Field(description="Null where nobody had forecast it.")
    actual_pence: int | None = Field(description="Eligible cost in the ledger; null before the quarter begins (G-32).")
    difference_pence: int | None = Field(description="Actual less forecast, once the quarter is over.")
    difference_percent: str | None = Field(description="Of the forecast, three decimals, half up (G-35).")
    gross_used: bool = Field(description="The actual holds VAT that cannot be separated (G-27).")


class ComparedQuarter(Shape):
    quarter: str
    over: bool
    forecast_id: UUID | None
    number: int | None = Field(description="Which of the quarter's forecasts this is.")
    made_on: date | None
    note: str | None
    forecast_pence: int | None
    actual_pence: int | None
    difference_pence: int | None
    lines: list[ComparedLine]


class YearLine(Shape):
    code: str
    name: str
    actual_pence: int = Field(description="To date, as the ledger is known.")
    forecast_pence: int | None = Field(
        description="What the whole year was expected to cost on the day: actual then and what was still to come. "
        "Null where a quarter to come had no forecast."
    )


class Comparison(Shape):
    agreement_id: UUID
    year: str
    as_at: date = Field(description="The forecasts are those made by this day.")
    gross_used: bool = Field(description="Some actual holds VAT that cannot be separated (G-27).")
    quarters: list[ComparedQuarter]
    not_possible: list[str] = Field(
        description="Quarters that were to come on the day and had no forecast: they keep the year from being forecast."
    )
    full_year: list[YearLine]


async def compare(
    work: Work, agreement: Agreement, wanted: Quarter | None, *, as_at: datetime | None, known_by: datetime | None
) -> Comparison:
    """Each quarter, or the one wanted. `as_at` and `known_by` are the instants before which things were made, known."""
    today = london_date(work.now)
    day = min(london_date(as_at - timedelta(microseconds=1)), today) if as_at else today
    year = FinancialYear.parse(agreement.year)
    expected = await forecasts_of(work.session, agreement.id, known_by=known_by, as_at=as_at)
    cells = await _own_cells(work, agreement, known_by, today)
    then = cells if day == today else await _own_cells(work, agreement, known_by, day)
    names = {line.code: line.name for line in await carrying_lines(work.session, agreement.id, year.end)}
    return Comparison(
        agreement_id=agreement.id,
        year=agreement.year,
        as_at=day,
        gross_used=any(cell.gross_used for cell in cells),
        quarters=[
            _quarter(quarter, names, cells, expected.get(quarter.slug), today)
            for quarter in ([wanted] if wanted else year.quarters)
        ],
        not_possible=[quarter.slug for quarter in year.quarters if quarter.end > day and quarter.slug not in expected],
        full_year=[
            YearLine(
                code=code,
                name=name,
                actual_pence=sum(cell.pence for cell in cells if cell.code == code),
                forecast_pence=_full_year(code, year, then, expected, day),
            )
            for code, name in names.items()
        ],
    )


def csv_rows(comparison: Comparison) -> tuple[Sequence[str], Iterator[tuple[str | None, ...]]]:
    """A row for each line of each quarter; pounds, blank for what is not known."""
    rows = (
        (
            quarter.quarter,
            line.code,
            line.name,
            quarter.made_on.isoformat() if quarter.made_on else None,
            *(
                None if pence is None else pounds(pence)
                for pence in (line.forecast_pence, line.actual_pence, line.difference_pence)
            ),
            line.difference_percent,
            "yes" if line.gross_used else "no",
        )
        for quarter in comparison.quarters
        for line in quarter.lines
    )
    return CSV_HEADER, rows


async def _own_cells(work: Work, agreement: Agreement, known_by: datetime | None, until: date) -> list[Cell]:
    cells = await ledger_cells(work.session, agreement.id, known_by=known_by, until=until)
    return [cell for cell in cells if cell.own]


def _quarter(
    quarter: Quarter, names: dict[str, str], cells: Sequence[Cell], expected: Expected | None, today: date
) -> ComparedQuarter:
    lines = [_line(quarter, code, name, cells, expected, today) for code, name in names.items()]
    forecast = expected.forecast if expected else None
    total_pence = sum(expected.pence.values()) if expected else None
    begun, over = quarter.start <= today, quarter.end <= today
    actual_pence = sum(cell.pence for cell in cells if cell.quarter == quarter) if begun else None
    return ComparedQuarter(
        quarter=quarter.slug,
        over=over,
        forecast_id=forecast.id if forecast else None,
        number=forecast.number if forecast else None,
        made_on=london_date(forecast.happened_at) if forecast else None,
        note=forecast.note if forecast else None,
        forecast_pence=total_pence,
        actual_pence=actual_pence,
        difference_pence=_difference(actual_pence, total_pence, over),
        lines=lines,
    )


def _line(
    quarter: Quarter, code: str, name: str, cells: Sequence[Cell], expected: Expected | None, today: date
) -> ComparedLine:
    forecast_pence = expected.pence.get(code) if expected else None
    of_line = [cell for cell in cells if cell.code == code and cell.quarter == quarter]
    actual_pence = sum(cell.pence for cell in of_line) if quarter.start <= today else None
    difference_pence = _difference(actual_pence, forecast_pence, quarter.end <= today)
    return ComparedLine(
        code=code,
        name=name,
        forecast_pence=forecast_pence,
        actual_pence=actual_pence,
        difference_pence=difference_pence,
        difference_percent=None if difference_pence is None else percent(difference_pence, forecast_pence or 0),
        gross_used=any(cell.gross_used for cell in of_line),
    )


def _difference(actual_pence: int | None, forecast_pence: int | None, over: bool) -> int | None:
    return actual_pence - forecast_pence if over and actual_pence is not None and forecast_pence is not None else None


def _full_year(
    code: str, year: FinancialYear, cells: Sequence[Cell], expected: dict[str, Expected], day: date
) -> int | None:
    """Actual to the day and the forecast of what was still to come (G-32)."""
    actual = {
        quarter: sum(cell.pence for cell in cells if cell.code == code and cell.quarter == quarter)
        for quarter in year.quarters
        if quarter.start <= day
    }
    rest_pence = rest_of_year(
        QuarterFigures(
            over=quarter.end <= day,
            actual_pence=actual.get(quarter, 0),
            forecast_pence=expected[quarter.slug].pence.get(code) if quarter.slug in expected else None,
        )
        for quarter in year.quarters
    )
    return None if rest_pence is None else sum(actual.values()) + rest_pence

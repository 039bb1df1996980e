"""Turns management accounts into one accessible page: a chart with its table, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.grants.accounts.shapes import AccountLine, ManagementAccounts
from services.grants.budget.lines import CARRYING
from shared.money import sterling, thousands
from shared.periods import LONDON, Quarter

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

LABEL_WIDTH, PLOT_WIDTH, VALUE_WIDTH = 300, 560, 100
ROW_HEIGHT, TOP = 48, 34
LONGEST_LABEL = 40


@dataclass(frozen=True)
class Bar:
    """A bar of the chart: where it begins and how wide it is, in the drawing's units."""

    x: int
    width: int


@dataclass(frozen=True)
class Row:
    """A line of the chart. `forecast` is None where it is not known."""

    label: str
    full_label: str
    y: int
    budget: Bar
    actual: Bar
    forecast: Bar | None
    budget_text: str
    spent_text: str


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    zero: int
    bottom: int
    rows: Sequence[Row]
    ticks: Sequence[tuple[int, str]]
    has_forecast: bool


def render_accounts(accounts: ManagementAccounts) -> bytes:
    """The page as bytes: the same accounts give the same page."""
    carrying = [line for line in accounts.lines if line.kind in CARRYING]
    page = PAGES.get_template("accounts.html").render(
        accounts=accounts,
        quarter=Quarter.parse(accounts.quarter),
        chart=draw(carrying),
        over=[line for line in carrying if line.over_budget],
        expected_over=[line for line in carrying if line.forecast_over_budget and not line.over_budget],
        sums=[line for line in accounts.lines if line.kind == "total"],
        stated=any(line.stated_pence is not None for line in carrying),
        differing=[line for line in carrying if line.stated_difference_pence],
        because=any(line.negative_because or line.stated_difference_pence for line in carrying),
        forecasting=accounts.view == "accruals",
    )
    return page.encode()


def draw(lines: Sequence[AccountLine]) -> Chart:
    """Bars on one scale that holds zero, the least and the greatest figure; in whole units, so that pages repeat."""
    figures = [0, 1]
    for line in lines:
        figures += [line.budget_pence, line.year_to_date_pence, line.full_year_pence or 0]
    low, high = min(figures), max(figures)
    step = _step(high - low)

    def place(pence: int) -> int:
        return LABEL_WIDTH + (pence - low) * PLOT_WIDTH // (high - low)

    def bar(start: int, end: int) -> Bar:
        first, last = sorted((place(start), place(end)))
        return Bar(first, last - first)

    rows = [
        Row(
            label=_short(f"{line.code} {line.name}"),
            full_label=f"{line.code} {line.name}",
            y=TOP + index * ROW_HEIGHT,
            budget=bar(0, line.budget_pence),
            actual=bar(0, line.year_to_date_pence),
            forecast=None if line.full_year_pence is None else bar(line.year_to_date_pence, line.full_year_pence),
            budget_text=line.in_thousands.budget,
            spent_text=line.in_thousands.full_year or line.in_thousands.year_to_date,
        )
        for index, line in enumerate(lines)
    ]
    bottom = TOP + len(rows) * ROW_HEIGHT
    ticks = [(place(value), thousands(value)) for value in range(-(-low // step) * step, high + 1, step)]
    return Chart(
        width=LABEL_WIDTH + PLOT_WIDTH + VALUE_WIDTH,
        height=bottom + 6,
        zero=place(0),
        bottom=bottom,
        rows=rows,
        ticks=ticks,
        has_forecast=any(row.forecast is not None and row.forecast.width for row in rows),
    )


def _step(span: int) -> int:
    """1, 2 or 5 times a power of ten of thousands of pounds, such that the scale has at most seven marks."""
    base = 100_000
    while span // (base * 5) > 6:
        base *= 10
    return next(base * factor for factor in (1, 2, 5) if span // (base * factor) <= 6)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"


def _day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def _moment(value: datetime) -> str:
    return _day(value.astimezone(LONDON).date())


def _bracketed(percent: str | None) -> str | None:
    """A share as the amounts beside it: a negative one in brackets (G-40)."""
    return f"({percent[1:]})" if percent is not None and percent.startswith("-") else percent


PAGES.filters.update(
    bracketed=_bracketed,
    day=_day,
    moment=_moment,
    pounds=sterling,
    quarter=lambda slug: Quarter.parse(slug).label,
    thousands=lambda pence: None if pence is None else thousands(pence),
    words=lambda text: str(text).replace("_", " "),
)

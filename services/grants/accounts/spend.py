"""Spend by line, quarter and view: three months and year to date, beside the budget (§5, question 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from services.grants.accounts.api import DayAsked, Ledger, ViewAsked
from services.grants.accounts.queries import Negative, negatives
from services.grants.accounts.report import load_budget_of_day
from services.grants.accounts.shapes import Because, OutsideLine
from services.grants.budget.lines import CARRYING, Kind, Line, roll_up
from services.grants.expenditure.names import SEES_NAMES
from services.grants.faults import BadYearLabel, UnknownLine, quarter_of, year_of
from services.grants.periods.queries import Cell, View, ledger_cells
from services.grants.periods.rules import FutureActual
from services.grants.queries import load_agreement
from services.grants.shapes import Code, KnownByTime, content_tag
from services.grants.tables import Agreement
from shared.http import Routes, Shape
from shared.money import percent, pounds
from shared.periods import Quarter, london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["management accounts"])

CSV_HEADER = (
    "Quarter",
    "Code",
    "Name",
    "ParentCode",
    "Kind",
    "ThreeMonths",
    "YearToDate",
    "AllToDate",
    "Budget",
    "Variance",
    "VarianceShare",
    "OverBudget",
    "GrossUsed",
)


class SpendRow(Shape):
    """A line or heading in a quarter."""

    quarter: str
    code: str
    name: str
    parent_code: str | None
    kind: Kind
    three_months_pence: int
    year_to_date_pence: int = Field(description="From the 1 April before the quarter to its end.")
    to_date_pence: int = Field(description="All of the agreement up to the quarter's end, whichever year it fell in.")
    budget_version: int = Field(
        description="The budget in effect at the quarter's end, or on the day if that is earlier."
    )
    budget_pence: int = Field(description="For the agreement's year, of that budget.")
    variance_pence: int = Field(description="Budget less all to date.")
    variance_percent: str | None = Field(description="Of the budget, three decimals, half up (G-35).")
    over_budget: bool = Field(description="Flagged, not refused (G-30).")
    gross_used: bool = Field(description="Holds VAT that cannot be separated (G-27).")
    negative_because: list[Because] = Field(description="Why the quarter came out negative (G-28).")


class Spend(Shape):
    agreement_id: UUID
    year: str
    view: View
    as_at: date
    budget_version: int = Field(description="Of the last quarter shown.")
    gross_used: bool
    recoverable_vat_unknown: bool = Field(
        description="Cash view: some source gives amounts without recoverable VAT, so more was paid than is shown."
    )
    day_assumed_entries: int = Field(
        description="Entries without service date (accruals) or payment date (cash); another of their days stands in."
    )
    rows: list[SpendRow] = Field(description="Each quarter's lines in the order of the budget.")
    without_line: list[OutsideLine] = Field(description="Codes that this budget does not have; last quarter, to date.")
    other_bodies_pence: int = Field(description="To date, entered by bodies that receive pass-through; in no row.")


@router.get("/v1/agreements/{agreement}/spend.csv", include_in_schema=False, response_model=Spend)
@router.get("/v1/agreements/{agreement}/spend", response_model=Spend)
async def read_spend(
    work: Ledger,
    request: Request,
    agreement: str,
    view: ViewAsked = "accruals",
    quarter: Annotated[
        str | None,
        Query(max_length=20, description="One quarter; in the cash view also of the years before and after."),
    ] = None,
    line: Annotated[Code | None, Query(description="One line or heading, by code.")] = None,
    as_at: DayAsked = None,
    known_by: KnownByTime = None,
) -> Spend | Response:
    """Spend by line and quarter; without `quarter` each that has begun, and in the cash view each that was paid in.

    Accruals count eligible cost in the period of service. Cash counts the full amount paid, recoverable VAT included,
    in the period of payment, which may lie in the year after (G-26, G-27). CSV in pounds by `.csv` or `Accept`.
    """
    found = await load_agreement(work.session, agreement)
    spend = await _spend(work, found, view, quarter, line, as_at, known_by)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(spend))
        return spend
    work.etag(f"{content_tag(spend)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(row) for row in spend.rows))
    return csv_response(data, f"spend-{view}-{year_of(found.year).slug}.csv")


async def _spend(
    work: Work,
    agreement: Agreement,
    view: View,
    quarter: str | None,
    code: str | None,
    as_at: date | None,
    known_by: KnownByTime,
) -> Spend:
    today = london_date(work.now)
    if as_at is not None and as_at > today:
        raise FutureActual(f"No actual lies in the future; give a day not after {today}.", parameter="as_at")
    day = as_at or today
    year = year_of(agreement.year)
    wanted = _wanted(quarter, agreement, view, day)
    cells = await ledger_cells(work.session, agreement.id, view=view, known_by=known_by, until=day)
    own = [cell for cell in cells if cell.own]
    quarters = [wanted] if wanted else _quarters(year.quarters, own, day)
    budgets = {each: await _budget_of(work, agreement, min(day, each.end), known_by) for each in quarters}
    version, lines = budgets[quarters[-1]] if quarters else await _budget_of(work, agreement, day, known_by)
    if code is not None and all(code != line.code for _, of_quarter in budgets.values() for line in of_quarter):
        raise UnknownLine("No line has this code; use the codes of the budget.", parameter="line")
    tables = {each: _Table.of(budgets[each], own, each) for each in quarters}
    because = await negatives(
        work.session,
        agreement.id,
        [
            (line.code, each)
            for each, table in tables.items()
            for line in table.lines
            if line.kind in CARRYING and table.three_months[line.code] < 0
        ],
        view=view,
        known_by=known_by,
        sees_names=work.actor.may(*SEES_NAMES),
    )
    last = quarters[-1] if quarters else None
    counted = [cell for cell in cells if last is not None and cell.quarter <= last]
    return Spend(
        agreement_id=agreement.id,
        year=agreement.year,
        view=view,
        as_at=day,
        budget_version=version,
        gross_used=any(cell.gross_used for cell in counted if cell.own),
        recoverable_vat_unknown=view == "cash" and any(cell.vat_unknown for cell in counted if cell.own),
        day_assumed_entries=sum(cell.day_assumed for cell in counted if cell.own),
        rows=[
            row
            for each, table in tables.items()
            for row in table.rows(each, because)
            if code is None or row.code == code
        ],
        without_line=_outside([cell for cell in counted if cell.own], lines, last),
        other_bodies_pence=sum(cell.pence for cell in counted if not cell.own),
    )


async def _budget_of(work: Work, agreement: Agreement, day: date, known_by: KnownByTime) -> tuple[int, Sequence[Line]]:
    """Number and lines of the budget in effect on a day, and before the agreement's first day of its first one."""
    version, lines = await load_budget_of_day(work, agreement, max(day, agreement.in_force_from), known_by)
    return version.number, lines


@dataclass(frozen=True)
class _Table:
    """A quarter's figures of every line and heading, in pence, beside the budget of its own day (G-12, G-16)."""

    version: int
    lines: Sequence[Line]
    budget: Mapping[str, int]
    three_months: Mapping[str, int]
    year_to_date: Mapping[str, int]
    to_date: Mapping[str, int]
    gross: Mapping[str, int]

    @classmethod
    def of(cls, budget: tuple[int, Sequence[Line]], cells: Sequence[Cell], quarter: Quarter) -> _Table:
        version, lines = budget
        until = [cell for cell in cells if cell.quarter <= quarter]
        in_year = [cell for cell in until if cell.quarter.year == quarter.year]
        return cls(
            version=version,
            lines=lines,
            budget=roll_up(lines, {line.code: line.amount_pence or 0 for line in lines}),
            three_months=roll_up(lines, _sums([cell for cell in in_year if cell.quarter == quarter])),
            year_to_date=roll_up(lines, _sums(in_year)),
            to_date=roll_up(lines, _sums(until)),
            gross=roll_up(lines, {cell.code: 1 for cell in until if cell.gross_used}),
        )

    def rows(self, quarter: Quarter, because: Mapping[tuple[str, Quarter], list[Negative]]) -> Iterator[SpendRow]:
        for line in self.lines:
            variance_pence = self.budget[line.code] - self.to_date[line.code]
            yield SpendRow(
                quarter=quarter.slug,
                code=line.code,
                name=line.name,
                parent_code=line.parent_code,
                kind=line.kind,
                three_months_pence=self.three_months[line.code],
                year_to_date_pence=self.year_to_date[line.code],
                to_date_pence=self.to_date[line.code],
                budget_version=self.version,
                budget_pence=self.budget[line.code],
                variance_pence=variance_pence,
                variance_percent=percent(variance_pence, self.budget[line.code]),
                over_budget=variance_pence < 0,
                gross_used=self.gross[line.code] > 0,
                negative_because=[Because.model_validate(each) for each in because.get((line.code, quarter), [])],
            )


def _wanted(quarter: str | None, agreement: Agreement, view: View, day: date) -> Quarter | None:
    """The quarter asked for. In the cash view it may lie outside the agreement's year, not after the day."""
    if quarter is None:
        return None
    if view == "accruals":
        wanted = quarter_of(quarter, year_of(agreement.year))
    else:
        try:
            wanted = Quarter.parse(quarter)
        except ValueError as error:
            raise BadYearLabel("Write a quarter as 2017-18-q1, Q1 being April to June.", parameter="quarter") from error
    if wanted.start > day:
        raise FutureActual(
            f"{wanted.label} begins on {wanted.start.isoformat()}, after {day.isoformat()}; "
            "ask for a quarter that has begun.",
            parameter="quarter",
        )
    return wanted


def _quarters(of_year: Sequence[Quarter], cells: Sequence[Cell], day: date) -> list[Quarter]:
    """The year's quarters that have begun, and any other that was paid in."""
    return sorted({quarter for quarter in of_year if quarter.start <= day} | {cell.quarter for cell in cells})


def _sums(cells: Sequence[Cell]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for cell in cells:
        sums[cell.code] = sums.get(cell.code, 0) + cell.pence
    return sums


def _outside(cells: Sequence[Cell], lines: Sequence[Line], last: Quarter | None) -> list[OutsideLine]:
    known = {line.code for line in lines}
    return [
        OutsideLine(
            code=code,
            actual_pence=sum(cell.pence for cell in cells if cell.code == code and cell.quarter == last),
            year_to_date_pence=sum(cell.pence for cell in cells if cell.code == code),
        )
        for code in sorted({cell.code for cell in cells} - known)
    ]


def _csv_row(row: SpendRow) -> tuple[str | None, ...]:
    figures = (row.three_months_pence, row.year_to_date_pence, row.to_date_pence, row.budget_pence, row.variance_pence)
    return (
        row.quarter,
        row.code,
        row.name,
        row.parent_code,
        row.kind,
        *(pounds(pence) for pence in figures),
        row.variance_percent,
        "yes" if row.over_budget else "no",
        "yes" if row.gross_used else "no",
    )

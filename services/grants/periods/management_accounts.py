"""Management accounts: budget, actual and variance of each line and heading as at the end of a quarter (G-33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from services.grants.budget.lines import CARRYING, Kind, Line, children_of, roll_up
from services.grants.budget.queries import as_typed
from services.grants.faults import quarter_of, year_of
from services.grants.periods.queries import ledger_sums
from services.grants.queries import budget_as_at, budget_lines, load_agreement
from services.grants.shapes import content_tag
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.http import Reads, Routes, Shape
from shared.money import percent, pounds, rounded_thousands, thousands
from shared.periods import Quarter, london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["management accounts"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]

ROUNDING_NOTE = "figures may not sum because of rounding"

CSV_HEADER = ("Code", "Name", "ParentCode", "Kind", "Budget", "Actual", "YearToDate", "Variance", "VarianceShare")


class InThousands(Shape):
    """The line's figures in thousands of pounds, each rounded from its own pence, negatives in brackets (G-40)."""

    budget: str
    actual: str
    year_to_date: str
    variance: str


class AccountLine(Shape):
    code: str
    name: str
    parent_code: str | None
    kind: Kind
    budget_pence: int = Field(description="For the whole year, of the budget in effect at the quarter's end.")
    actual_pence: int = Field(description="Eligible cost of the quarter, accruals (G-26).")
    year_to_date_pence: int
    variance_pence: int = Field(description="Budget less year to date.")
    variance_percent: str | None = Field(description="Of the budget, three decimals, half up (G-35).")
    over_budget: bool = Field(description="Flagged, not refused (G-30).")
    in_thousands: InThousands


class ManagementAccounts(Shape):
    agreement_id: UUID
    year: str
    quarter: str
    budget_version: int
    gross_used: bool = Field(description="The quarter holds VAT that cannot be separated (G-27).")
    lines: list[AccountLine]
    note: str | None = Field(description="Said where the figures in thousands do not add up; none is adjusted (G-40).")
    without_line_pence: int = Field(description="Year to date on codes that this budget does not have.")


@router.get(
    "/v1/agreements/{agreement}/management-accounts.csv", include_in_schema=False, response_model=ManagementAccounts
)
@router.get("/v1/agreements/{agreement}/management-accounts", response_model=ManagementAccounts)
async def read_management_accounts(
    work: Ledger,
    request: Request,
    agreement: str,
    quarter: Annotated[
        str | None, Query(max_length=20, description="As at its end, `2017-18-q4`; default the current or last one.")
    ] = None,
) -> ManagementAccounts | Response:
    """Management accounts as at a quarter; CSV in pounds by `.csv` or `Accept`."""
    found = await load_agreement(work.session, agreement)
    year = year_of(found.year)
    if quarter is None:
        today = min(max(london_date(work.now), year.start), year.end)
        wanted = Quarter.of(today)
    else:
        wanted = quarter_of(quarter, year)
    accounts = await _accounts(work, found, wanted)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(accounts))
        return accounts
    work.etag(f"{content_tag(accounts)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(line) for line in accounts.lines))
    return csv_response(data, f"management-accounts-{wanted.slug}.csv")


async def _accounts(work: Work, agreement: Agreement, quarter: Quarter) -> ManagementAccounts:
    version = await budget_as_at(work.session, agreement.id, quarter.end)
    if version is None:
        raise NotFound(f"No budget was in effect at the end of {quarter.label}.")
    lines = as_typed(await budget_lines(work.session, version.id))
    ledger = await ledger_sums(work.session, agreement.id, quarter)
    budget = roll_up(lines, {line.code: line.amount_pence or 0 for line in lines})
    actual = roll_up(lines, ledger.quarter_pence)
    to_date = roll_up(lines, ledger.year_to_date_pence)
    return ManagementAccounts(
        agreement_id=agreement.id,
        year=agreement.year,
        quarter=quarter.slug,
        budget_version=version.number,
        gross_used=ledger.gross_used,
        note=ROUNDING_NOTE if any(not _adds_up(lines, figures) for figures in (budget, actual, to_date)) else None,
        lines=[
            AccountLine(
                code=line.code,
                name=line.name,
                parent_code=line.parent_code,
                kind=line.kind,
                budget_pence=budget[line.code],
                actual_pence=actual[line.code],
                year_to_date_pence=to_date[line.code],
                variance_pence=budget[line.code] - to_date[line.code],
                variance_percent=percent(budget[line.code] - to_date[line.code], budget[line.code]),
                over_budget=to_date[line.code] > budget[line.code],
                in_thousands=InThousands(
                    budget=thousands(budget[line.code]),
                    actual=thousands(actual[line.code]),
                    year_to_date=thousands(to_date[line.code]),
                    variance=thousands(budget[line.code] - to_date[line.code]),
                ),
            )
            for line in lines
        ],
        without_line_pence=sum(pence for code, pence in ledger.year_to_date_pence.items() if code not in budget),
    )


def _adds_up(lines: Sequence[Line], figures: Mapping[str, int]) -> bool:
    """Whether each heading, rounded from its own pence, is the sum of its lines as shown."""
    return all(
        rounded_thousands(figures[line.code])
        == sum(rounded_thousands(figures[child]) for child in children_of(lines, line.code))
        for line in lines
        if line.kind not in CARRYING
    )


def _csv_row(line: AccountLine) -> tuple[str | None, ...]:
    amounts = (line.budget_pence, line.actual_pence, line.year_to_date_pence, line.variance_pence)
    return (
        line.code,
        line.name,
        line.parent_code,
        line.kind,
        *(pounds(pence) for pence in amounts),
        line.variance_percent,
    )

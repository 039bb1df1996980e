"""Routes of management accounts: as data, as a sheet, as a page (G-33)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request, Response

from services.grants.accounts.page import render_accounts
from services.grants.accounts.report import Asked, management_accounts
from services.grants.accounts.shapes import AccountLine, ManagementAccounts
from services.grants.expenditure.names import SEES_NAMES
from services.grants.faults import quarter_of, year_of
from services.grants.periods.queries import View
from services.grants.queries import load_agreement
from services.grants.shapes import KnownByTime, content_tag
from shared.fields import Day
from shared.http import Reads, Routes
from shared.money import pounds
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["management accounts"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]

QuarterAsked = Annotated[
    str | None, Query(max_length=20, description="The quarter, `2017-18-q4`; default that of the day.")
]
DayAsked = Annotated[
    Day | None,
    Query(
        description="Day of the accounts: budget, forecasts and statement as they stood on it. "
        "Default: the quarter's last day or today, with the forecasts made up to now."
    ),
]
ViewAsked = Annotated[View, Query(description="`accruals` by service date, `cash` by payment date (G-26).")]

CSV_HEADER = (
    "Code",
    "Name",
    "ParentCode",
    "Kind",
    "Budget",
    "Actual",
    "YearToDate",
    "Variance",
    "VarianceShare",
    "Forecast",
    "FullYear",
    "FullYearVariance",
    "FullYearVarianceShare",
    "OverBudget",
    "GrossUsed",
    "Stated",
    "StatedYearToDate",
)


# The page's address comes first: its extension would otherwise be read as part of nothing else.
@router.get("/v1/agreements/{agreement}/management-accounts.html", response_model=None)
async def read_management_accounts_page(
    work: Ledger,
    agreement: str,
    quarter: QuarterAsked = None,
    as_at: DayAsked = None,
    known_by: KnownByTime = None,
    view: ViewAsked = "accruals",
) -> Response:
    """Management accounts as one page with a chart, in thousands of pounds: no script, nothing fetched."""
    # A page is printed and handed on: what may name a private payee stays out of it, whoever asks.
    accounts = await _accounts(work, agreement, quarter, as_at, known_by, view, names=False)
    work.etag(f"{content_tag(accounts)}-html")
    return Response(render_accounts(accounts), media_type="text/html; charset=utf-8")


@router.get(
    "/v1/agreements/{agreement}/management-accounts.csv", include_in_schema=False, response_model=ManagementAccounts
)
@router.get("/v1/agreements/{agreement}/management-accounts", response_model=ManagementAccounts)
async def read_management_accounts(
    work: Ledger,
    request: Request,
    agreement: str,
    quarter: QuarterAsked = None,
    as_at: DayAsked = None,
    known_by: KnownByTime = None,
    view: ViewAsked = "accruals",
) -> ManagementAccounts | Response:
    """Management accounts of a quarter by line and heading; CSV in pounds by `.csv` or `Accept`."""
    names = work.actor.may(*SEES_NAMES)
    accounts = await _accounts(work, agreement, quarter, as_at, known_by, view, names=names)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(accounts))
        return accounts
    work.etag(f"{content_tag(accounts)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(line) for line in accounts.lines))
    return csv_response(data, f"management-accounts-{accounts.quarter}.csv")


async def _accounts(
    work: Work,
    agreement: str,
    quarter: str | None,
    as_at: DayAsked,
    known_by: KnownByTime,
    view: View,
    *,
    names: bool,
) -> ManagementAccounts:
    found = await load_agreement(work.session, agreement)
    wanted = quarter_of(quarter, year_of(found.year)) if quarter is not None else None
    return await management_accounts(work, found, Asked(wanted, as_at, known_by, view), names=names)


def _csv_row(line: AccountLine) -> tuple[str | None, ...]:
    return (
        line.code,
        line.name,
        line.parent_code,
        line.kind,
        *_pounds(line.budget_pence, line.actual_pence, line.year_to_date_pence, line.variance_pence),
        line.variance_percent,
        *_pounds(line.forecast_pence, line.full_year_pence, line.full_year_variance_pence),
        line.full_year_variance_percent,
        "yes" if line.over_budget else "no",
        "yes" if line.gross_used else "no",
        *_pounds(line.stated_pence, line.stated_year_to_date_pence),
    )


def _pounds(*figures: int | None) -> Sequence[str | None]:
    return [None if pence is None else pounds(pence) for pence in figures]

"""Shapes of management accounts as the API gives them; the page is made from them too."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.grants.budget.lines import Kind
from services.grants.periods.queries import View
from shared.http import Shape


class InThousands(Shape):
    """The line's figures in thousands of pounds, each rounded from its own pence, negatives in brackets (G-40)."""

    budget: str
    actual: str
    year_to_date: str
    forecast: str | None
    full_year: str | None
    variance: str
    full_year_variance: str | None


class Because(Shape):
    """Negative entries of one kind in the line's quarter (G-28)."""

    kind: str
    entries: int
    pence: int
    reasons: list[str] = Field(description="As given with the entries, at most five; a credit note of a file has none.")


class AccountLine(Shape):
    code: str
    name: str
    parent_code: str | None
    kind: Kind
    budget_pence: int = Field(description="For the whole year, of the budget in effect on the day.")
    actual_pence: int = Field(description="Of the quarter: eligible cost (accruals), or the full amount paid (cash).")
    year_to_date_pence: int
    forecast_pence: int | None = Field(
        description="Of what is still to come after the quarter; null where a quarter to come has no forecast (G-32)."
    )
    full_year_pence: int | None = Field(description="Year to date and forecast of what is still to come (G-32).")
    variance_pence: int = Field(description="Budget less year to date.")
    variance_percent: str | None = Field(description="Of the budget, three decimals, half up (G-35).")
    full_year_variance_pence: int | None = Field(description="Budget less full year.")
    full_year_variance_percent: str | None = Field(description="Of the budget, three decimals, half up (G-35).")
    over_budget: bool = Field(description="The year to date exceeds the budget: flagged, not refused (G-30).")
    forecast_over_budget: bool | None = Field(description="The full year is expected to; null where it is not known.")
    gross_used: bool = Field(description="Holds VAT that cannot be separated (G-27).")
    stated_pence: int | None = Field(description="The quarter as stated (G-31), beside the ledger's figure.")
    stated_year_to_date_pence: int | None
    stated_difference_pence: int | None = Field(description="Stated less ledger, of the quarter.")
    negative_because: list[Because] = Field(description="Why the quarter came out negative (G-28).")
    in_thousands: InThousands


class OutsideLine(Shape):
    code: str
    actual_pence: int
    year_to_date_pence: int


class LateEntries(Shape):
    """Entries that came after their quarter was locked, and count in the first one that was open (G-29)."""

    code: str
    late_for: str
    accounting_quarter: str
    entries: int
    pence: int


class StatementBrief(Shape):
    number: int
    happened_at: datetime
    recorded_at: datetime


class ManagementAccounts(Shape):
    agreement_id: UUID
    year: str
    recipient: str | None = Field(description="Name on the day of the accounts (G-5).")
    quarter: str
    view: View
    as_at: date = Field(description="Day of the accounts: budget and running quarter are as on this day.")
    running: bool = Field(description="The quarter is not over on that day; its actual is what came until then.")
    budget_version: int
    gross_used: bool = Field(description="Quarter or year to date hold VAT that cannot be separated (G-27).")
    forecast_state: Literal["complete", "not_possible", "accruals_only", "year_over"] = Field(
        description="not_possible: quarters to come lack a forecast; accruals_only: forecasts are not of payments."
    )
    not_forecast: list[str] = Field(description="Quarters to come without a forecast of every line.")
    statement: StatementBrief | None = Field(description="The statement of the quarter that stood on the day.")
    lines: list[AccountLine]
    note: str | None = Field(description="Said where the figures in thousands do not add up; none is adjusted (G-40).")
    notes: list[str] = Field(description="All that a reader must know of the table, the rounding note with it.")
    without_line_pence: int = Field(description="Year to date on codes that this budget does not have.")
    without_line: list[OutsideLine]
    late: list[LateEntries]
    other_bodies_pence: int = Field(
        description="Year to date entered by bodies that receive pass-through: shown at their awards, in no sum here."
    )
    paid_outside_year_pence: int = Field(description="Cash view: paid before or after the year, for this agreement.")
    recoverable_vat_unknown: bool = Field(
        description="Cash view: some source gives amounts without recoverable VAT, so more was paid than is shown."
    )
    day_assumed_entries: int = Field(
        description="Entries without service date (accruals) or payment date (cash); another of their days stands in."
    )

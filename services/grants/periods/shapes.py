"""Shapes that the routes of accounting periods take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.grants.accounts.shapes import Because
from services.grants.periods.rules import PeriodState
from services.grants.shapes import Code, HappenedAt, Prose, SignedAmount, Yes
from shared.fields import example
from shared.http import Body, Shape


class StatedLineBody(Body):
    code: Code
    quarter_pence: SignedAmount
    year_to_date_pence: SignedAmount | None = Field(
        default=None,
        description="Computed from the quarters stated before; given where the quarter before was not stated.",
    )
    zero_confirmed: Yes = Field(default=False, description="True where the figure is zero and meant (G-31).")
    reason: Prose | None = Field(
        default=None, description="Why the figure is negative; needed where the ledger does not show it (G-28)."
    )


class StatementBody(Body):
    """The spend of a quarter: a figure for every carrying line."""

    model_config = example(
        lines=[
            {"code": "IL1", "quarter_pence": 165_325_000},
            {"code": "CF", "quarter_pence": 0, "zero_confirmed": True},
        ]
    )

    lines: list[StatedLineBody] = Field(max_length=500)
    reason: Prose | None = Field(default=None, description="Why the quarter is stated anew; needed then.")
    happened_at: HappenedAt = None


class LockBody(Body):
    """Why the quarter is locked."""

    model_config = example(reason="quarter stated")

    reason: Prose = Field(description="Shown with the lock, such as: quarter stated.")


class ReopeningBody(Body):
    """Why the quarter is opened again."""

    model_config = example(reason="an invoice of the quarter came late")

    reason: Prose


class StatementLineShape(Shape):
    code: str
    name: str
    quarter_pence: int
    year_to_date_pence: int
    ledger_pence: int = Field(description="What the ledger held for the quarter when it was stated.")
    reason: str | None = Field(description="Why the figure is negative (G-28).")


class Finding(Shape):
    code: Literal["ledger_differs", "year_to_date_stale"]
    line: str
    detail: str
    difference_pence: int = Field(description="Stated less ledger, or less what the quarters stated by now come to.")


class StatementShape(Shape):
    id: UUID
    quarter: str
    number: int
    gross_used: bool = Field(description="Some figures hold VAT that cannot be separated (G-27).")
    reason: str | None = Field(description="Why the quarter was stated anew.")
    happened_at: datetime
    recorded_at: datetime
    stated: bool = Field(description="happened_at was stated, and lies before the recording.")
    lines: list[StatementLineShape]
    findings: list[Finding] = Field(
        description="Where the statement differs from the ledger of its moment, or from earlier quarters stated anew."
    )
    stale_quarters: list[str] = Field(
        description="Later quarters whose year to date no longer follows; state them anew, in order."
    )


class ReportShape(Shape):
    state: str
    submitted_at: datetime | None
    published_at: datetime | None
    url: str | None


class PeriodMoveShape(Shape):
    """A lock or a reopening (G-29)."""

    state: PeriodState = Field(description="What the quarter became.")
    reason: str
    moved_at: datetime
    moved_by: str = Field(description="Subject of the token.")
    moved_by_name: str


class PeriodInList(Shape):
    quarter: str
    state: PeriodState
    lock_reason: str | None
    locked_at: datetime | None
    history: list[PeriodMoveShape] = Field(description="Every lock and reopening, the first one first.")
    version: int


class LedgerLineShape(Shape):
    code: str
    name: str
    ledger_pence: int = Field(description="Eligible cost in the ledger for the quarter (G-26, G-27).")
    ledger_year_to_date_pence: int
    negative_because: list[Because] = Field(description="Why the quarter came out negative (G-28).")


class PeriodShape(PeriodInList):
    starts_on: date
    ends_on: date
    report: ReportShape | None = Field(description="Where the quarter's performance report stands (G-43).")
    gross_used: bool = Field(description="Quarter or year to date hold VAT that cannot be separated (G-27).")
    lines: list[LedgerLineShape] = Field(description="Every carrying line of the budget at the quarter's end.")
    statement: StatementShape | None = Field(description="The latest statement.")

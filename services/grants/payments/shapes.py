"""What requests about payments take, and what they give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.grants.payments.rules import Basis, NeedResult
from services.grants.shapes import Amount, Name, Prose, SignedAmount
from shared.fields import Day, example
from shared.http import Body, Shape
from shared.values import QuarterSlug

Direction = Literal["in", "out"]
State = Literal["planned", "requested", "received", "refused", "part_paid", "paid", "withdrawn"]


class NewPayment(Body):
    """A payment that is planned: in from the department, or out to the body of an award."""

    model_config = example(
        direction="in", basis="in_advance_of_need_approved", requested_pence=525_000_000, due_on="2017-07-01"
    )

    direction: Direction
    basis: Basis = "unknown"
    requested_pence: Annotated[Amount, Field(gt=0)]
    due_on: Day | None = None
    award: UUID | None = Field(default=None, description="Award that is paid; for `out` only.")


class PaymentChange(Body):
    """What is left out stays as it is; a basis that was unknown is named once it is known (G-24)."""

    model_config = example(basis="arrears")

    basis: Basis | None = None
    due_on: Day | None = None


class PaymentRequest(Body):
    """The request to the department; the need test is made with it."""

    model_config = example(requested_on="2017-06-20")

    requested_on: Day | None = Field(default=None, description="Day of the request, default today.")
    forecast_quarter: QuarterSlug | None = Field(
        default=None, description="Quarter the money is for; default the one after the day of the request."
    )


class ExcessApproval(Body):
    """Why money is taken that the need test does not bear out."""

    model_config = example(reason="The autumn programme is paid in one sum in July.")

    reason: Prose


class NewPart(Body):
    """Money that moved on one day."""

    model_config = example(paid_on="2017-07-03", paid_pence=525_000_000, reference="BACS 0042")

    paid_on: Day
    paid_pence: SignedAmount
    reference: Name | None = None
    reason: Prose | None = Field(default=None, description="Needed where a negative amount takes back what was noted.")


class Withdrawal(Body):
    """Why a planned or requested payment is taken back."""

    model_config = example(reason="Planned twice.")

    reason: Prose


class RefusalNote(Body):
    """The department's refusal; the grant manager records it with name, date and reference."""

    model_config = example(
        reason="Spend to date does not bear it out.",
        refused_by="Head of grants",
        reference="D-17",
        refused_on="2017-07-05",
    )

    reason: Prose
    refused_by: Name
    reference: Name
    refused_on: Day


class NeedShape(Shape):
    """The need test and all its terms (G-25)."""

    requested_on: date = Field(description="Day up to which receipts and accrued spend count.")
    forecast_quarter: str
    received_pence: int
    accrued_pence: int = Field(description="Eligible cost received by that day, without other bodies' own ledgers.")
    held_pence: int = Field(description="Received less accrued.")
    forecast_pence: int | None
    need_pence: int | None = Field(description="Forecast less held.")
    asked_pence: int
    excess_pence: int | None = Field(description="Asked less need, where positive.")
    result: NeedResult


class PartShape(Shape):
    number: int
    paid_on: date
    paid_pence: int
    reference: str | None
    reason: str | None
    recorded_at: datetime


class PaymentShape(Shape):
    id: UUID
    direction: Direction
    award_id: UUID | None
    basis: Basis
    state: str
    requested_pence: int
    due_on: date | None
    requested_on: date | None
    need_check: NeedShape | None
    excess_flagged: bool = Field(description="The need test is not passed.")
    excess_reason: str | None
    excess_approved_at: datetime | None
    refusal_reason: str | None
    refusal_reference: str | None
    refused_by_name: str | None
    refused_on: date | None
    withdrawal_reason: str | None
    parts: list[PartShape]
    paid_pence: int
    left_pence: int
    paid_on: date | None = Field(description="Day of the latest part.")
    version: int
    modified_at: datetime


class SummaryShape(Shape):
    """Where a year's money stands."""

    grant_pence: int
    netted_off_pence: int = Field(description="Underspend of earlier years that lowers what is receivable (G-36).")
    receivable_pence: int
    received_pence: int
    still_to_come_pence: int
    requested_pence: int = Field(description="Asked for and not yet received.")
    planned_pence: int
    paid_out_pence: int = Field(description="Paid to the bodies of awards.")

"""Routes of underspend treatments and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from services.grants.as_csv import csv_of
from services.grants.queries import latest_outturn, load_agreement
from services.grants.shapes import Amount, Name, Prose, content_tag
from services.grants.underspend import commands
from services.grants.underspend.queries import load_treatment, netted_off, treatments
from services.grants.underspend.rules import Treatment
from services.grants.underspend.tables import UnderspendTreatment
from shared.fields import Day, example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.money import percent
from shared.periods import london_date
from shared.tabular import wants_csv
from shared.work import Work

router = Routes(tags=["underspend"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]
Cfo = Annotated[Work, Writes("grants:cfo")]
CSV_COLUMNS = {
    "Number": "number",
    "Treatment": "treatment",
    "Amount": "amount_pence",
    "State": "state",
    "DecidedOn": "decided_on",
    "ApprovedBy": "approved_by",
    "ApprovalReference": "approval_reference",
    "FollowingAgreement": "following_agreement_id",
    "SettledOn": "settled_on",
    "SettlementReference": "settlement_reference",
    "Reason": "reason",
    "WithdrawalReason": "withdrawal_reason",
}


class NewTreatment(Body):
    """What becomes of part of the year's underspend."""

    model_config = example(
        treatment="return",
        amount_pence=1_400_000,
        approved_by="Deputy Director",
        approval_reference="letter of 20 June 2018",
        decided_on="2018-06-20",
    )

    treatment: Treatment = Field(description="What is not treated stands as undecided by itself (G-36).")
    amount_pence: Annotated[Amount, Field(gt=0)]
    following_agreement: str | None = Field(
        default=None,
        max_length=36,
        description="Id or year, `2018-19`, that carry_forward and net_off name.",
    )
    approved_by: Name | None = Field(default=None, description="Who at the department; needed unless retained.")
    approval_reference: Name | None = Field(default=None, description="Where that is written; needed unless retained.")
    decided_on: Day | None = Field(default=None, description="Default today.")
    reason: Prose | None = None


class SettlementBody(Body):
    """That a treatment was carried out."""

    model_config = example(settled_on="2018-07-02", reference="BACS 0042")

    settled_on: Day | None = Field(default=None, description="Default today.")
    reference: Name | None = Field(default=None, description="Of the transfer, or of the following year's budget.")


class WithdrawalBody(Body):
    """Why a treatment no longer stands."""

    model_config = example(reason="the final outturn left less")

    reason: Prose


class TreatmentShape(Shape):
    id: UUID
    number: int
    treatment: Treatment
    amount_pence: int
    state: Literal["decided", "settled", "withdrawn"]
    outturn_id: UUID = Field(description="The outturn that stood when it was decided.")
    following_agreement_id: UUID | None
    approved_by: str | None
    approval_reference: str | None
    decided_on: date
    reason: str | None
    settled_on: date | None
    settlement_reference: str | None
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
    version: int
    modified_at: datetime


class UnderspendShape(Shape):
    agreement_id: UUID
    year: str
    outturn_id: UUID | None
    outturn_state: str | None
    underspend_pence: int | None = Field(description="By the latest outturn; null without one, never zero.")
    underspend_percent: str | None
    decided_pence: int = Field(description="Decided or settled.")
    settled_pence: int
    undecided_pence: int | None = Field(
        description="What still awaits a decision; negative where more is treated than the latest outturn leaves."
    )
    netted_off_pence: int = Field(description="By which earlier years lower what is receivable in this one.")
    items: list[TreatmentShape]


@router.post("/v1/agreements/{agreement}/underspend-treatments", status_code=201)
async def treat_underspend(work: Cfo, agreement: str, body: NewTreatment) -> TreatmentShape:
    """Decide about part of the year's underspend (G-36)."""
    row = await commands.treat_underspend(
        work,
        agreement,
        treatment=body.treatment,
        amount_pence=body.amount_pence,
        decided_on=body.decided_on or london_date(work.now),
        following_key=body.following_agreement,
        approved_by=body.approved_by,
        approval_reference=body.approval_reference,
        reason=body.reason,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{row.agreement_id}/underspend-treatments/{row.id}"
    return _shape(work, row)


@router.get(
    "/v1/agreements/{agreement}/underspend-treatments.csv", include_in_schema=False, response_model=UnderspendShape
)
@router.get("/v1/agreements/{agreement}/underspend-treatments", response_model=UnderspendShape)
async def list_underspend_treatments(work: Ledger, request: Request, agreement: str) -> UnderspendShape | Response:
    """The year's underspend, every decision about it, and what is still undecided; the decisions as CSV in pounds."""
    found = await load_agreement(work.session, agreement)
    outturn = await latest_outturn(work.session, found.id)
    position = await commands.underspend_position(work, found, outturn)
    rows = await treatments(work.session, found.id)
    shape = UnderspendShape(
        agreement_id=found.id,
        year=found.year,
        outturn_id=outturn.id if outturn else None,
        outturn_state=outturn.state if outturn else None,
        underspend_pence=position.underspend_pence,
        underspend_percent=percent(position.underspend_pence, found.grant_pence)
        if position.underspend_pence is not None
        else None,
        decided_pence=position.treated_pence,
        settled_pence=sum(row.amount_pence for row in rows if row.state == "settled"),
        undecided_pence=position.undecided_pence if outturn else None,
        netted_off_pence=await netted_off(work.session, found.id),
        items=[TreatmentShape.model_validate(row) for row in rows],
    )
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(shape))
        return shape
    work.etag(f"{content_tag(shape)}-csv")
    return csv_of(CSV_COLUMNS, shape.items, f"underspend-treatments-{found.year.replace('/', '-')}.csv")


@router.get("/v1/agreements/{agreement}/underspend-treatments/{treatment}")
async def read_underspend_treatment(work: Ledger, agreement: str, treatment: str) -> TreatmentShape:
    """One decision."""
    found = await load_agreement(work.session, agreement)
    return _shape(work, await load_treatment(work.session, found.id, treatment))


@router.post("/v1/agreements/{agreement}/underspend-treatments/{treatment}/settlements", status_code=201)
async def settle_underspend_treatment(
    work: Cfo, agreement: str, treatment: str, body: SettlementBody
) -> TreatmentShape:
    """Note that a decision has been carried out; for a closed year too, as it changes no figure."""
    settled_on = body.settled_on or london_date(work.now)
    return _shape(work, await commands.settle_treatment(work, agreement, treatment, settled_on, body.reference))


@router.post("/v1/agreements/{agreement}/underspend-treatments/{treatment}/withdrawals", status_code=201)
async def withdraw_underspend_treatment(
    work: Cfo, agreement: str, treatment: str, body: WithdrawalBody
) -> TreatmentShape:
    """Take a decision back, with a reason; its amount is undecided again."""
    return _shape(work, await commands.withdraw_treatment(work, agreement, treatment, body.reason))


def _shape(work: Work, row: UnderspendTreatment) -> TreatmentShape:
    work.etag(row.version)
    return TreatmentShape.model_validate(row)

"""Routes of payments and the shapes they take and give."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, Response
from sqlmodel import select

from services.grants.payments import commands
from services.grants.payments.queries import load_payment, parts_of, payment_summary
from services.grants.payments.rules import Part
from services.grants.payments.shapes import (
    Direction,
    ExcessApproval,
    NewPart,
    NewPayment,
    PartShape,
    PaymentChange,
    PaymentRequest,
    PaymentShape,
    RefusalNote,
    State,
    SummaryShape,
    Withdrawal,
)
from services.grants.payments.tables import Payment, PaymentPart
from services.grants.queries import load_agreement
from services.grants.shapes import AsAt, KnownByTime, content_tag
from shared.http import Reads, Routes, Writes
from shared.money import pounds
from shared.pagination import ChangedPaging, Page, paginate
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["payments"])

Finance = Annotated[Work, Writes("grants:finance")]
Officer = Annotated[Work, Reads("grants:manager", "grants:finance", "grants:cfo", "grants:approver", "grants:read")]
CSV_HEADER = (
    *("Direction", "Basis", "State", "DueOn", "RequestedOn", "Requested", "Paid", "Left", "LastPaidOn"),
    *("NeedTest", "Received", "Accrued", "Held", "Forecast", "Need", "Excess", "ExcessReason"),
)


@router.post("/v1/agreements/{agreement}/payments", status_code=201)
async def plan_payment(work: Finance, agreement: str, body: NewPayment) -> PaymentShape:
    """Plan a payment in, or out to an award."""
    payment = await commands.plan_payment(
        work,
        agreement,
        direction=body.direction,
        basis=body.basis,
        requested_pence=body.requested_pence,
        due_on=body.due_on,
        award_key=str(body.award) if body.award else None,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{payment.agreement_id}/payments/{payment.id}"
    return await _one(work, payment)


@router.get("/v1/agreements/{agreement}/payments.csv", include_in_schema=False, response_model=Page[PaymentShape])
@router.get("/v1/agreements/{agreement}/payments", response_model=Page[PaymentShape])
async def list_payments(
    work: Officer,
    request: Request,
    agreement: str,
    paging: ChangedPaging,
    direction: Direction | None = None,
    state: State | None = None,
    award: UUID | None = None,
) -> Page[PaymentShape] | Response:
    """Payments in and out with their need tests, in the order they were planned; CSV in pounds."""
    found = await load_agreement(work.session, agreement)
    statement: Any = select(Payment).where(Payment.agreement_id == found.id)
    if direction is not None:
        statement = statement.where(Payment.direction == direction)
    if state is not None:
        statement = statement.where(Payment.state == state)
    if award is not None:
        statement = statement.where(Payment.award_id == award)
    page = await paginate(
        work, statement, order=(Payment.id,), paging=paging, shape=lambda row: row, changed=Payment.modified_at
    )
    parts = await parts_of(work.session, [row.id for row in page.items])
    shown = Page[PaymentShape](items=[_shape(row, parts.get(row.id, [])) for row in page.items], links=page.links)
    if not wants_csv(request):
        return shown
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(item) for item in shown.items))
    return csv_response(data, f"payments-{found.year.replace('/', '-')}.csv")


@router.get("/v1/agreements/{agreement}/payments/summary")
async def read_payment_summary(
    work: Officer, agreement: str, as_at: AsAt = None, known_by: KnownByTime = None
) -> SummaryShape:
    """Receivable, received and still to come; `as_at` and `known_by` narrow what has moved."""
    found = await load_agreement(work.session, agreement)
    summary = await payment_summary(work.session, found, as_at=as_at, known_by=known_by)
    shape = SummaryShape.model_validate(summary)
    work.etag(content_tag(shape))
    return shape


@router.get("/v1/agreements/{agreement}/payments/{payment}")
async def read_payment(work: Officer, agreement: str, payment: str) -> PaymentShape:
    """One payment with its need test and the parts in which it moved."""
    found = await load_agreement(work.session, agreement)
    return await _one(work, await load_payment(work.session, found.id, payment))


@router.patch("/v1/agreements/{agreement}/payments/{payment}")
async def change_payment(work: Finance, agreement: str, payment: str, body: PaymentChange) -> PaymentShape:
    """Name the basis once it is known, or move the day it is due. Needs If-Match."""
    return await _one(
        work, await commands.change_payment(work, agreement, payment, basis=body.basis, due_on=body.due_on)
    )


@router.post("/v1/agreements/{agreement}/payments/{payment}/requests", status_code=201)
async def request_payment(work: Finance, agreement: str, payment: str, body: PaymentRequest) -> PaymentShape:
    """Ask the department for a planned payment; the need test is made and kept with all its terms."""
    row = await commands.request_payment(
        work, agreement, payment, requested_on=body.requested_on, forecast_quarter=body.forecast_quarter
    )
    return await _one(work, row)


@router.post("/v1/agreements/{agreement}/payments/{payment}/excess-approvals", status_code=201)
async def approve_excess(
    work: Annotated[Work, Writes("grants:cfo")], agreement: str, payment: str, body: ExcessApproval
) -> PaymentShape:
    """Give the chief finance officer's reason for an excess, or for a test that was not possible."""
    return await _one(work, await commands.approve_excess(work, agreement, payment, body.reason))


@router.post("/v1/agreements/{agreement}/payments/{payment}/parts", status_code=201)
async def note_payment_part(work: Finance, agreement: str, payment: str, body: NewPart) -> PaymentShape:
    """Note money that came in or went out; a payment may move in several parts."""
    part = Part(paid_on=body.paid_on, paid_pence=body.paid_pence, reason=body.reason)
    return await _one(work, await commands.note_part(work, agreement, payment, part, body.reference))


@router.post("/v1/agreements/{agreement}/payments/{payment}/refusals", status_code=201)
async def refuse_payment(
    work: Annotated[Work, Writes("grants:finance", "grants:manager")], agreement: str, payment: str, body: RefusalNote
) -> PaymentShape:
    """Note that the department refused a request."""
    row = await commands.refuse_payment(
        work,
        agreement,
        payment,
        reason=body.reason,
        refused_by=body.refused_by,
        reference=body.reference,
        refused_on=body.refused_on,
    )
    return await _one(work, row)


@router.post("/v1/agreements/{agreement}/payments/{payment}/withdrawals", status_code=201)
async def withdraw_payment(work: Finance, agreement: str, payment: str, body: Withdrawal) -> PaymentShape:
    """Take back a payment of which nothing has moved."""
    return await _one(work, await commands.withdraw_payment(work, agreement, payment, body.reason))


async def _one(work: Work, payment: Payment) -> PaymentShape:
    await work.session.flush()
    work.etag(payment.version)
    return _shape(payment, (await parts_of(work.session, [payment.id])).get(payment.id, []))


def _shape(payment: Payment, parts: list[PaymentPart]) -> PaymentShape:
    paid_pence = sum(part.paid_pence for part in parts)
    kept = {"agreement_id", "created_at", "created_by", "requested_by", "excess_approved_by"}
    return PaymentShape(
        **payment.model_dump(exclude=kept),
        excess_flagged=payment.need_check is not None and payment.need_check["result"] != "passed",
        parts=[PartShape.model_validate(part) for part in parts],
        paid_pence=paid_pence,
        left_pence=payment.requested_pence - paid_pence,
        paid_on=max((part.paid_on for part in parts), default=None),
    )


def _csv_row(payment: PaymentShape) -> tuple[object, ...]:
    need = payment.need_check
    names = ("received", "accrued", "held", "forecast", "need", "excess")
    terms = [getattr(need, f"{name}_pence", None) for name in names]
    return (
        *(payment.direction, payment.basis, payment.state, payment.due_on, payment.requested_on),
        *(pounds(payment.requested_pence), pounds(payment.paid_pence), pounds(payment.left_pence), payment.paid_on),
        need.result if need else None,
        *(None if pence is None else pounds(pence) for pence in terms),
        payment.excess_reason,
    )

"""Read-only selects on payments: what is receivable, received and still to come, and what went out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.faults import uuid_of
from services.grants.payments.rules import Receivable
from services.grants.payments.tables import Payment, PaymentPart
from services.grants.tables import Agreement
from services.grants.underspend.queries import netted_off
from shared.errors import NotFound


@dataclass(frozen=True)
class Summary:
    """Where a year's money stands, in pence. Still to come = receivable less received."""

    grant_pence: int
    netted_off_pence: int
    receivable_pence: int
    received_pence: int
    still_to_come_pence: int
    requested_pence: int
    planned_pence: int
    paid_out_pence: int


async def load_payment(session: AsyncSession, agreement_id: UUID, key: str) -> Payment:
    """By id, within its agreement."""
    statement = select(Payment).where(Payment.agreement_id == agreement_id, Payment.id == uuid_of(key))
    payment = (await session.exec(statement)).one_or_none()
    if payment is None:
        raise NotFound("The agreement has no payment with this id.")
    return payment


async def received_pence(
    session: AsyncSession, agreement_id: UUID, *, as_at: date | None = None, known_by: datetime | None = None
) -> int:
    """Grant received so far, in pence: by a day, and as recorded before an instant."""
    return await _moved(session, agreement_id, "in", as_at, known_by)


async def _moved(
    session: AsyncSession, agreement_id: UUID, direction: str, as_at: date | None, known_by: datetime | None
) -> int:
    statement: Any = (
        select(func.coalesce(func.sum(PaymentPart.paid_pence), 0))
        .join(Payment, col(Payment.id) == col(PaymentPart.payment_id))
        .where(Payment.agreement_id == agreement_id, Payment.direction == direction)
    )
    if as_at is not None:
        statement = statement.where(PaymentPart.paid_on <= as_at)
    if known_by is not None:
        statement = statement.where(PaymentPart.recorded_at < known_by)
    return int((await session.exec(statement)).one())


async def parts_of(session: AsyncSession, payment_ids: Iterable[UUID]) -> dict[UUID, list[PaymentPart]]:
    """Payment → the parts in which it moved, in the order in which they were noted."""
    statement = (
        select(PaymentPart)
        .where(col(PaymentPart.payment_id).in_(list(payment_ids)))
        .order_by(col(PaymentPart.payment_id), col(PaymentPart.number))
    )
    found: dict[UUID, list[PaymentPart]] = {}
    for part in (await session.exec(statement)).all():
        found.setdefault(part.payment_id, []).append(part)
    return found


async def payments_of(session: AsyncSession, agreement_id: UUID, *, award_id: UUID | None = None) -> Sequence[Payment]:
    statement = select(Payment).where(Payment.agreement_id == agreement_id).order_by(col(Payment.id))
    if award_id is not None:
        statement = statement.where(Payment.award_id == award_id)
    return (await session.exec(statement)).all()


async def receivable(session: AsyncSession, agreement: Agreement) -> Receivable:
    """What may still come in under an agreement (G-24, G-36)."""
    found = await payment_summary(session, agreement)
    return Receivable(found.receivable_pence, found.received_pence, found.requested_pence, found.planned_pence)


async def payment_summary(
    session: AsyncSession, agreement: Agreement, *, as_at: date | None = None, known_by: datetime | None = None
) -> Summary:
    """Receivable, received and still to come; what is planned and requested is what stands now."""
    netted = await netted_off(session, agreement.id)
    received = await received_pence(session, agreement.id, as_at=as_at, known_by=known_by)
    incoming = [row for row in await payments_of(session, agreement.id) if row.direction == "in"]
    parts = await parts_of(session, [row.id for row in incoming if row.state == "requested"])
    return Summary(
        grant_pence=agreement.grant_pence,
        netted_off_pence=netted,
        receivable_pence=agreement.grant_pence - netted,
        received_pence=received,
        still_to_come_pence=agreement.grant_pence - netted - received,
        requested_pence=sum(
            row.requested_pence - sum(part.paid_pence for part in parts.get(row.id, ()))
            for row in incoming
            if row.state == "requested"
        ),
        planned_pence=sum(row.requested_pence for row in incoming if row.state == "planned"),
        paid_out_pence=await _moved(session, agreement.id, "out", as_at, known_by),
    )

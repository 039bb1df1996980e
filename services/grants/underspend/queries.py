"""Read-only selects on what was decided about underspend."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.faults import uuid_of
from services.grants.tables import Agreement
from services.grants.underspend.tables import UnderspendTreatment
from shared.errors import NotFound


async def netted_off(session: AsyncSession, following_agreement_id: UUID) -> int:
    """Pence by which earlier years' underspend lowers what is receivable under this agreement (G-36)."""
    statement = select(func.coalesce(func.sum(UnderspendTreatment.amount_pence), 0)).where(
        UnderspendTreatment.following_agreement_id == following_agreement_id,
        UnderspendTreatment.treatment == "net_off",
        UnderspendTreatment.state != "withdrawn",
    )
    return int((await session.exec(statement)).one())


async def treatments(session: AsyncSession, agreement_id: UUID) -> Sequence[UnderspendTreatment]:
    """Every decision on a year's underspend in the order they were made, withdrawn ones included."""
    statement = (
        select(UnderspendTreatment)
        .where(UnderspendTreatment.agreement_id == agreement_id)
        .order_by(col(UnderspendTreatment.number))
    )
    return (await session.exec(statement)).all()


async def treated_pence(session: AsyncSession, agreement_id: UUID) -> int:
    """Pence of underspend that a standing decision speaks for."""
    return sum(row.amount_pence for row in await treatments(session, agreement_id) if row.state != "withdrawn")


async def load_treatment(session: AsyncSession, agreement_id: UUID, key: str) -> UnderspendTreatment:
    """By id, within its agreement."""
    statement = select(UnderspendTreatment).where(
        UnderspendTreatment.agreement_id == agreement_id, UnderspendTreatment.id == uuid_of(key)
    )
    row = (await session.exec(statement)).one_or_none()
    if row is None:
        raise NotFound("The agreement has no underspend treatment with this id.")
    return row


async def following_years(session: AsyncSession, agreement_id: UUID) -> dict[UUID, str]:
    """Decision → year that its money goes to, for those that name one."""
    statement = (
        select(UnderspendTreatment.id, Agreement.year)
        .join(Agreement, col(Agreement.id) == col(UnderspendTreatment.following_agreement_id))
        .where(UnderspendTreatment.agreement_id == agreement_id)
    )
    return dict((await session.exec(statement)).all())

"""Read-only selects on certificates, and what drafting one must know."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.certificates.rules import CertifyingPosition, UndeclaredEntries
from services.grants.certificates.standing import standing_certificate
from services.grants.certificates.tables import Certificate
from services.grants.faults import uuid_of
from services.grants.tables import Agreement, Outturn
from services.grants.usage_statement.shapes import Certified
from shared.errors import NotFound


async def load_certificate(session: AsyncSession, agreement_id: UUID, key: str) -> Certificate:
    """By id, within its agreement."""
    statement = select(Certificate).where(Certificate.agreement_id == agreement_id, Certificate.id == uuid_of(key))
    row = (await session.exec(statement)).one_or_none()
    if row is None:
        raise NotFound("The agreement has no certificate with this id.")
    return row


async def certificates_made(session: AsyncSession, agreement_id: UUID) -> int:
    statement = select(func.count()).select_from(Certificate).where(Certificate.agreement_id == agreement_id)
    return int((await session.exec(statement)).one())


async def certifying_position(
    session: AsyncSession, agreement: Agreement, outturn: Outturn | None, figures: Certified
) -> CertifyingPosition:
    standing = await standing_certificate(session, agreement.id)
    return CertifyingPosition(
        grant_pence=agreement.grant_pence,
        outturn_grant_pence=outturn.grant_pence if outturn is not None else None,
        outturn_state=outturn.state if outturn is not None else None,
        certified=standing is not None and standing.state == "signed",
        undeclared=[
            UndeclaredEntries(one.organisation, one.source, one.quarter, one.entries) for one in figures.use.undeclared
        ],
        awaiting_decision=figures.use.awaiting_decision,
        refused=sum(one.entries for one in figures.use.declared if one.outcome == "refused"),
    )

"""Which certificate of a year stands, and what makes it stand no longer."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.certificates.tables import Certificate
from shared.work import Work


async def standing_certificate(session: AsyncSession, agreement_id: UUID) -> Certificate | None:
    """The year's certificate that is drafted or signed and not superseded."""
    statement = select(Certificate).where(Certificate.agreement_id == agreement_id, Certificate.state != "superseded")
    return (await session.exec(statement)).one_or_none()


async def supersede_certificate(work: Work, agreement_id: UUID, reason: str) -> None:
    """A new outturn, or a new draft, takes the place of what stands (G-36, G-37). Hold the agreement's row."""
    standing = await standing_certificate(work.session, agreement_id)
    if standing is None:
        return
    before = standing.state
    standing.state, standing.superseded_at, standing.superseded_reason = "superseded", work.now, reason
    standing.version += 1
    standing.modified_at = work.now
    await work.session.flush()
    work.audit(
        "supersede_certificate", standing.id, before={"state": before}, after={"state": "superseded"}, reason=reason
    )

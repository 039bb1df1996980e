"""Read-only selects on the history of the grant."""

from __future__ import annotations

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.history.tables import HistoricalGrant
from services.grants.queries import agreement_of_year
from services.grants.tables import Agreement
from shared.periods import FinancialYear

WHOLE_GRANT = "whole grant"
"""Scope of an agreement's grant, as documents that print the same figure call it."""


async def change_on_year_before(session: AsyncSession, agreement: Agreement) -> int | None:
    """The grant less that of the year before, in pence; None where the whole grant of that year is not known."""
    before = FinancialYear(FinancialYear.parse(agreement.year).starts_in - 1).label
    earlier = await agreement_of_year(session, before)
    if earlier is not None:
        return agreement.grant_pence - earlier.grant_pence
    statement = select(HistoricalGrant.grant_pence).where(
        HistoricalGrant.year == before, HistoricalGrant.scope == WHOLE_GRANT
    )
    known = (await session.exec(statement)).one_or_none()
    return None if known is None else agreement.grant_pence - known

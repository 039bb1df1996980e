"""Read-only selects on what happened to an agreement over time, and on its reviews."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.agreements.rules import TermChange, terms_at
from services.grants.agreements.tables import AgreementVersion, YearlyReview


async def agreement_versions(
    session: AsyncSession, agreement_id: UUID, *, known_by: datetime | None = None
) -> Sequence[AgreementVersion]:
    """All changes in their order; with `known_by` those recorded before that instant."""
    statement = select(AgreementVersion).where(AgreementVersion.agreement_id == agreement_id)
    if known_by is not None:
        statement = statement.where(AgreementVersion.recorded_at < known_by)
    return (await session.exec(statement.order_by(col(AgreementVersion.number)))).all()


async def terms_as_at(
    session: AsyncSession, agreement_id: UUID, day: date, *, known_by: datetime | None = None
) -> dict[str, Any] | None:
    """Terms by name as they stood on a day (G-16); None where the agreement was not known by then."""
    versions = await agreement_versions(session, agreement_id, known_by=known_by)
    if not versions:
        return None
    return terms_at(
        [TermChange(row.number, row.effective_from, terms_of(row)) for row in versions],
        day,
    )


def terms_of(version: AgreementVersion) -> dict[str, Any]:
    """The terms that a change set, by name; what it says of clauses in words is left out."""
    return {change["what"]: change["after"] for change in version.changes if not change.get("in_words")}


async def varied_from(session: AsyncSession, agreement_id: UUID) -> dict[str, date]:
    """Term → the latest day from which a variation set it; terms that none has set are left out."""
    days: dict[str, date] = {}
    for version in await agreement_versions(session, agreement_id):
        if version.variation_id is not None and version.effective_from is not None:
            for name in terms_of(version):
                days[name] = max(days.get(name, date.min), version.effective_from)
    return days


async def yearly_reviews(session: AsyncSession, agreement_id: UUID) -> Sequence[YearlyReview]:
    statement = select(YearlyReview).where(YearlyReview.agreement_id == agreement_id).order_by(col(YearlyReview.number))
    return (await session.exec(statement)).all()

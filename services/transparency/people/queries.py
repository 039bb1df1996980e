"""Read-only selects about staff lists, objections and small units, and the choices that are in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency import queries as publishers
from services.transparency.methodology import completed
from services.transparency.people import rules
from services.transparency.people.staff import Staff
from services.transparency.people.tables import PostObjection, SmallUnitDecision, StaffEntry, StaffList
from services.transparency.tables import Methodology, Organisation
from shared.errors import NotFound
from shared.periods import FinancialYear
from shared.work import Work

STAFF_FIELDS = {field.name for field in fields(Staff)}


async def newest_list(session: AsyncSession, organisation_id: UUID, day: date) -> StaffList | None:
    """The newest version of the list as at a day."""
    found = await session.exec(
        select(StaffList)
        .where(col(StaffList.organisation_id) == organisation_id, col(StaffList.applicable_date) == day)
        .order_by(col(StaffList.version).desc())
        .limit(1)
    )
    return found.first()


async def list_of_year(
    session: AsyncSession, organisation_id: UUID, year: FinancialYear, month_and_day: str
) -> StaffList:
    """The list as at the methodology's day of the year; without one, the list of the latest day in the year."""
    found = await newest_list(session, organisation_id, rules.date_of_year(year, month_and_day))
    if found is None:
        latest = await session.exec(
            select(StaffList)
            .where(
                col(StaffList.organisation_id) == organisation_id,
                col(StaffList.applicable_date).between(year.start, year.end),
            )
            .order_by(col(StaffList.applicable_date).desc(), col(StaffList.version).desc())
            .limit(1)
        )
        found = latest.first()
    if found is None:
        raise rules.NoStaffList(
            f"No staff list has an applicable date in {year.label}; import one at /v1/posts/imports first."
        )
    return found


async def staff_list(work: Work, list_id: UUID) -> tuple[StaffList, Organisation]:
    """One version of a list, of a publisher that the token may see."""
    found = await work.session.get(StaffList, list_id)
    organisation = await publishers.organisation(work.session, found.organisation_id) if found else None
    if found is None or organisation is None or not publishers.may_see(work, organisation.slug):
        raise NotFound("There is no such staff list.")
    return found, organisation


async def staff_of(session: AsyncSession, list_id: UUID) -> list[Staff]:
    """The rows of a list, in its order. Personal data."""
    found = await session.exec(
        select(StaffEntry).where(col(StaffEntry.list_id) == list_id).order_by(col(StaffEntry.number))
    )
    return [Staff(**entry.model_dump(include=STAFF_FIELDS)) for entry in found.all()]


async def objections(session: AsyncSession, organisation_id: UUID, states: Sequence[str]) -> list[PostObjection]:
    found = await session.exec(
        select(PostObjection).where(
            col(PostObjection.organisation_id) == organisation_id, col(PostObjection.state).in_(states)
        )
    )
    return list(found.all())


async def unit_decisions(session: AsyncSession, organisation_id: UUID, day: date) -> dict[str, str]:
    """Small unit → what was decided of it."""
    found = await session.exec(
        select(SmallUnitDecision).where(
            col(SmallUnitDecision.organisation_id) == organisation_id, col(SmallUnitDecision.applicable_date) == day
        )
    )
    return {decision.unit: decision.decision for decision in found.all()}


async def methodology_of(session: AsyncSession, organisation_id: UUID, year: FinancialYear) -> Methodology:
    """The newest of the publisher's methodologies in force when the year begins."""
    in_force = [
        version
        for version in await publishers.methodologies(session, organisation_id)
        if version.effective_from is None or version.effective_from <= year.start
    ]
    if not in_force:
        raise rules.NoChoices(
            f"No methodology of this publisher is in force for {year.label}; register it as a publisher first."
        )
    return in_force[-1]


async def parameters_of(session: AsyncSession, organisation_id: UUID, year: FinancialYear) -> dict[str, Any]:
    return completed((await methodology_of(session, organisation_id, year)).parameters)

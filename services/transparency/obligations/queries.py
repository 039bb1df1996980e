"""Read-only selects about the calendar and documents, and the record of who published in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import holidays
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.transparency.obligations import rules
from services.transparency.obligations.tables import Obligation, ObligationEvidence
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.periods import london_date

STATES = ("met", "met_late", "missed", "due_soon", "upcoming", "not_judged", "not_applicable")


def obligations(
    organisation_id: UUID | None = None, year: str | None = None, code: str | None = None, state: str | None = None
) -> SelectOfScalar[Obligation]:
    """Obligations by publisher, year, code and state; each filter is optional."""
    statement = select(Obligation)
    if organisation_id is not None:
        statement = statement.where(col(Obligation.organisation_id) == organisation_id)
    if year is not None:
        statement = statement.where(col(Obligation.year) == year)
    if code is not None:
        statement = statement.where(col(Obligation.code) == code)
    if state is not None:
        statement = statement.where(col(Obligation.state) == state)
    return statement


async def calendar_of(
    session: AsyncSession, organisation_id: UUID | None, year: str | None
) -> list[tuple[Obligation, Organisation | None]]:
    """The whole calendar of a publisher or of all, by publisher and day; duties without a day stand last."""
    statement = (
        select(Obligation, Organisation)
        .outerjoin(Organisation, col(Organisation.organisation_id) == col(Obligation.organisation_id))
        .order_by(
            col(Organisation.slug),
            col(Obligation.alarm_on).asc().nulls_last(),
            col(Obligation.code),
            col(Obligation.subject),
        )
    )
    if organisation_id is not None:
        statement = statement.where(col(Obligation.organisation_id) == organisation_id)
    if year is not None:
        statement = statement.where(col(Obligation.year) == year)
    return list((await session.exec(statement)).all())


async def obligation(session: AsyncSession, obligation_id: UUID) -> Obligation:
    """One obligation."""
    found = await session.get(Obligation, obligation_id)
    if found is None:
        raise NotFound("There is no such obligation.")
    return found


def due_within(day: date, organisation_id: UUID | None) -> SelectOfScalar[Obligation]:
    """What is due from this day on for ten days, and neither met nor lifted."""
    return obligations(organisation_id).where(
        col(Obligation.alarm_on).between(day, day + timedelta(days=rules.DUE_SOON_DAYS)),
        col(Obligation.met_at).is_(None),
        col(Obligation.state) != "not_applicable",
    )


def evidence_of(obligation_id: UUID) -> SelectOfScalar[ObligationEvidence]:
    return select(ObligationEvidence).where(col(ObligationEvidence.obligation_id) == obligation_id)


async def evidence(session: AsyncSession, obligation_ids: Sequence[UUID]) -> dict[UUID, list[ObligationEvidence]]:
    """What was recorded about each duty, the oldest first."""
    found = await session.exec(
        select(ObligationEvidence)
        .where(col(ObligationEvidence.obligation_id).in_(obligation_ids))
        .order_by(col(ObligationEvidence.recorded_at), col(ObligationEvidence.evidence_id))
    )
    by_duty: dict[UUID, list[ObligationEvidence]] = {}
    for row in found.all():
        by_duty.setdefault(row.obligation_id, []).append(row)
    return by_duty


def summary(obligations: list[Obligation]) -> dict[str, int]:
    """How many obligations are in each state, zeros included."""
    return {state: sum(obligation.state == state for obligation in obligations) for state in STATES}


def entered(obligation: Obligation) -> rules.Entered:
    """When the duty came to be known here, and whether that was in time to watch for it."""
    return rules.Entered(
        entered_on=london_date(obligation.created_at),
        after_its_day=rules.entered_after_its_day(obligation.alarm_on, obligation.created_at),
        met_on=london_date(obligation.met_at) if obligation.met_at else None,
        lateness_known=rules.lateness_is_known(
            obligation.alarm_on, obligation.created_at, obligation.met_at, stated=obligation.stated
        ),
    )


def reminder_of(obligation: Obligation) -> date | None:
    """The last working day before the alarm's day, which never moves itself (T-42)."""
    if obligation.alarm_on is None:
        return None
    return rules.reminder(obligation.alarm_on, is_working_day)


def is_working_day(day: date) -> bool:
    """Monday to Friday, and no bank holiday in England."""
    return day.weekday() < 5 and day not in holidays.country_holidays("GB", subdiv="ENG", years=day.year)


def judged_readings(obligation: Obligation) -> list[dict[str, Any]]:
    """Each reading with its arithmetic, whether the alarm stands on it, and whether it was met."""
    return [
        {
            "name": item["name"],
            "due_on": item["due_on"],
            "arithmetic": item["arithmetic"],
            "is_alarm": item["name"] == obligation.alarm_reading,
            "met": item.get("met"),
        }
        for item in obligation.readings
    ]

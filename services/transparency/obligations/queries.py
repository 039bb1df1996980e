"""Read-only selects about the calendar and documents, and the record of who published in time."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import holidays
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.transparency.obligations import rules
from services.transparency.obligations.tables import Document, Obligation
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


async def document(session: AsyncSession, document_id: UUID) -> Document:
    """One document."""
    found = await session.get(Document, document_id)
    if found is None:
        raise NotFound("There is no such document.")
    return found


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


def documents(organisation_id: UUID | None, kind: str | None) -> SelectOfScalar[Document]:
    statement = select(Document)
    if organisation_id is not None:
        statement = statement.where(col(Document.organisation_id) == organisation_id)
    if kind is not None:
        statement = statement.where(col(Document.kind) == kind)
    return statement


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

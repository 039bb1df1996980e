"""Writing obligations and publications, and bringing the two together in whichever order they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.obligations import rules
from services.transparency.obligations.catalogue import Due
from services.transparency.obligations.rules import Reading
from services.transparency.obligations.tables import Obligation, Publication
from shared.events.base import Event
from shared.events.transparency import DueReading, ObligationMet

NAMESPACE = UUID("0e5c9f1a-2f2d-5d0c-8a44-6d1f6b7f9e02")


class Recorder(Protocol):
    """A unit of work or a reaction: what both have that the calendar needs."""

    @property
    def session(self) -> AsyncSession: ...

    @property
    def now(self) -> datetime: ...

    async def record(self, *events: Event) -> None: ...


@dataclass(frozen=True)
class Made:
    """Something published, sent or shared, as it is told."""

    publication_id: UUID
    organisation_id: UUID
    code: str
    subject: str
    happened_at: datetime
    recorded_at: datetime
    url: str | None = None
    readings_met: Mapping[str, bool] | None = None
    in_time: bool | None = None


def obligation_id(organisation_id: UUID, code: str, subject: str) -> UUID:
    """The same obligation has the same id on every database."""
    return uuid5(NAMESPACE, f"{organisation_id} {code} {subject}")


def readings_of(obligation: Obligation) -> list[Reading]:
    return [
        Reading(item["name"], date.fromisoformat(item["due_on"]), item["arithmetic"], item.get("alarms", True))
        for item in obligation.readings
    ]


def stored(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    return [
        {
            "name": reading.name,
            "due_on": reading.due_on.isoformat(),
            "arithmetic": reading.arithmetic,
            "alarms": reading.alarms,
        }
        for reading in readings
    ]


async def owe(
    recorder: Recorder,
    organisation_id: UUID,
    due: Due,
    *,
    year: str,
    source_version: int = 0,
    without_day: str = rules.NO_DAY_STATED,
) -> Obligation:
    """Put a duty into the calendar once; a newer version of its source may move its days until it is judged.

    `without_day` says why, where no reading names a day.
    """
    session = recorder.session
    identity = obligation_id(organisation_id, due.duty.code, due.subject)
    watched = rules.alarm(due.readings)
    alarm_on = watched.due_on if watched else None
    state, state_reason = rules.first_state(alarm_on, recorder.now, without_day=without_day)
    row = insert(Obligation).values(
        obligation_id=identity,
        version=1,
        organisation_id=organisation_id,
        code=due.duty.code,
        subject=due.subject,
        period=due.period,
        year=year,
        what=due.duty.what,
        kind=due.duty.kind,
        source=due.duty.source,
        readings=stored(due.readings),
        alarm_reading=watched.name if watched else None,
        alarm_on=alarm_on,
        state=state,
        state_reason=state_reason,
        stated=False,
        source_version=source_version,
        created_at=recorder.now,
        modified_at=recorder.now,
    )
    await session.exec(row.on_conflict_do_nothing())
    obligation = (
        await session.exec(
            select(Obligation)
            .where(col(Obligation.obligation_id) == identity)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    if source_version > obligation.source_version:
        obligation.source_version = source_version
        if rules.may_move(obligation.state, by_hand=obligation.approved_by is not None) and (
            obligation.readings != stored(due.readings) or obligation.state == "not_applicable"
        ):
            obligation.readings = stored(due.readings)
            obligation.period = due.period
            obligation.year = year
            obligation.alarm_reading = watched.name if watched else None
            obligation.alarm_on = alarm_on
            obligation.state, obligation.state_reason = state, state_reason
            _touch(obligation, recorder.now)
    await meet(recorder, obligation)
    return obligation


async def make_public(recorder: Recorder, made: Made) -> Obligation | None:
    """Keep the publication, and judge its obligation where there is one already."""
    row = insert(Publication).values(
        publication_id=made.publication_id,
        organisation_id=made.organisation_id,
        code=made.code,
        subject=made.subject,
        happened_at=made.happened_at,
        recorded_at=made.recorded_at,
        stated=made.happened_at < made.recorded_at,
        url=made.url,
        readings_met=dict(made.readings_met) if made.readings_met is not None else None,
        in_time=made.in_time,
    )
    await recorder.session.exec(row.on_conflict_do_nothing())
    obligation = (
        await recorder.session.exec(
            select(Obligation)
            .where(col(Obligation.obligation_id) == obligation_id(made.organisation_id, made.code, made.subject))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if obligation is not None:
        await meet(recorder, obligation)
    return obligation


async def meet(recorder: Recorder, obligation: Obligation) -> None:
    """Judge an obligation by the earliest publication about it, once. The caller holds its row's lock."""
    if obligation.met_at is not None or obligation.state == "not_applicable":
        return
    first = (
        await recorder.session.exec(
            select(Publication)
            .where(
                col(Publication.organisation_id) == obligation.organisation_id,
                col(Publication.code) == obligation.code,
                col(Publication.subject) == obligation.subject,
            )
            .order_by(col(Publication.happened_at), col(Publication.publication_id))
            .limit(1)
        )
    ).first()
    if first is None:
        return
    readings = readings_of(obligation)
    verdict = (
        rules.judge(readings, first.happened_at)
        if first.in_time is None
        else rules.judge_as_stated(readings, first.happened_at, first.in_time, first.readings_met or {})
    )
    obligation.state = verdict.state
    obligation.met_at = first.happened_at
    obligation.stated = first.stated
    obligation.days_late = verdict.days_late
    obligation.url = first.url
    known = rules.lateness_is_known(obligation.alarm_on, obligation.created_at, first.happened_at, stated=first.stated)
    obligation.state_reason = None if known else rules.ENTERED_LATE
    obligation.readings = [{**item, "met": verdict.readings_met.get(item["name"])} for item in obligation.readings]
    _touch(obligation, recorder.now)
    await recorder.record(
        ObligationMet(
            obligation_id=obligation.obligation_id,
            version=obligation.version,
            organisation_id=obligation.organisation_id,
            code=obligation.code,
            period=obligation.period,
            met_at=first.happened_at,
            readings=due_readings(obligation),
            days_late=verdict.days_late,
            lateness_known=known,
            url=first.url,
        )
    )


def due_readings(obligation: Obligation) -> tuple[DueReading, ...]:
    return tuple(
        DueReading(name=item["name"], due_on=item["due_on"], met=item.get("met")) for item in obligation.readings
    )


def _touch(obligation: Obligation, now: datetime) -> None:
    obligation.version += 1
    obligation.modified_at = now

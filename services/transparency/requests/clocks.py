"""A request's clock and the duty that stands for it; a decision on a day moves the clocks that are still open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import col, func, select

from services.transparency import methodology
from services.transparency import queries as publishers
from services.transparency.obligations import catalogue
from services.transparency.obligations import rules as duties
from services.transparency.obligations.calendar import obligation_id, owe
from services.transparency.obligations.tables import Obligation
from services.transparency.requests import clock, days, rules
from services.transparency.requests.clock import WorkingDays
from services.transparency.requests.tables import InformationRequest, NonWorkingDay
from services.transparency.tables import Organisation
from shared.periods import FinancialYear, london_date
from shared.personal_details import WORDS, find
from shared.work import Work

CODE = "REQUESTS"
LOCK = "non-working-days"
"""Whoever sets a clock and whoever decides a day wait for each other."""


async def days_allowed(work: Work, organisation: Organisation, received_on: date) -> int:
    """`request_days` of the methodology in force on the day of receipt."""
    versions = await publishers.methodologies(work.session, organisation.organisation_id)
    in_force = [row for row in versions if row.effective_from is None or row.effective_from <= received_on]
    return int(methodology.completed(in_force[-1].parameters if in_force else {})["request_days"])


async def calendar_for(work: Work, *moments: date) -> WorkingDays:
    """The list for all years that lie between these days, and the year after."""
    await work.lock(LOCK)
    return await days.working_days(work.session, min(moments).year, max(moments).year + 1)


def set_clock(request: InformationRequest, calendar: WorkingDays) -> None:
    """The last day in time and the sum behind it."""
    counted = clock.count(request.clock_from, request.days_allowed + request.extra_days, calendar)
    request.due_on = counted.due_on
    begins = "Received" if request.clock_from == request.received_on else "The reply to a question came"
    request.arithmetic = clock.in_words(counted, begins=begins)
    if request.extra_days:
        request.arithmetic += (
            f" That is {request.days_allowed} working days and {request.extra_days} more for weighing the public "
            "interest."
        )


async def owe_answer(work: Work, request: InformationRequest) -> None:
    """The duty to answer, with the request's own day; while a question is open no day runs (T-47)."""
    readings: tuple[duties.Reading, ...] = ()
    if request.due_on is not None:
        readings = (duties.Reading("working_days", request.due_on, request.arithmetic),)
    due = catalogue.Due(catalogue.duties()[CODE], request.reference, request.reference, readings)
    await owe(
        work,
        request.organisation_id,
        due,
        year=FinancialYear.of(request.received_on).slug,
        source_version=request.version,
        without_day="The clock is stopped: a question was put to the person who asked.",
    )


async def decide_day(
    work: Work, day: date, nations: Sequence[str], *, name: str, change: str, source: str, reason: str
) -> tuple[NonWorkingDay, int]:
    """Decide that a day is, or is not, a bank holiday in some nations. Open clocks move, answered ones do not."""
    work.may_write_for_all()
    public = {"/name": name, "/source": source, "/reason": reason}
    duties.refuse_personal({place: [WORDS[kind] for kind in find(text)] for place, text in public.items()})
    calendar = await calendar_for(work, day)
    rules.decide_day(day, nations, change, calendar.days_off.get(day))
    latest = (await work.session.exec(select(func.max(NonWorkingDay.number)))).one()
    decision = NonWorkingDay(
        decision_id=work.new_id(),
        number=(latest or 0) + 1,
        day=day,
        nations=[nation for nation in clock.NATIONS if nation in nations],
        name=name,
        change=change,
        source=source,
        reason=reason,
        decided_by=work.actor.sub,
        decided_at=work.now,
    )
    work.session.add(decision)
    await work.session.flush()
    moved = await _move_open_clocks(work, day)
    work.audit(
        "decide_day",
        decision.decision_id,
        after={"day": day, "nations": decision.nations, "name": name, "change": change, "clocks_moved": moved},
        reason=reason,
    )
    return decision, moved


async def _move_open_clocks(work: Work, day: date) -> int:
    """Set again the clocks that run over this day, unless their duty has been judged. None moves into the past."""
    running = await work.session.exec(
        select(InformationRequest)
        .where(
            col(InformationRequest.state).in_(rules.CLOCK_RUNS),
            col(InformationRequest.clock_from) < day,
            col(InformationRequest.due_on) >= day,
        )
        .order_by(col(InformationRequest.request_id))
        .with_for_update()
    )
    moved = 0
    for request in running.all():
        duty = await work.session.get(Obligation, obligation_id(request.organisation_id, CODE, request.reference))
        if duty is not None and duty.state in duties.JUDGED_STATES:
            continue
        before = request.due_on
        # A clock that runs for a year or more would reach beyond the second year; no number of days is that large.
        calendar = await calendar_for(work, request.clock_from, request.clock_from + timedelta(days=365))
        counted = clock.count(request.clock_from, request.days_allowed + request.extra_days, calendar)
        today = london_date(work.now)
        if before is not None and counted.due_on < before and before >= today > counted.due_on:
            continue
        set_clock(request, calendar)
        if request.due_on != before:
            moved += 1
        request.version += 1
        request.modified_at = work.now
        await owe_answer(work, request)
    return moved

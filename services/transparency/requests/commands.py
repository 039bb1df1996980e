"""What is done with a request before its answer: received, opened, asked about, replied to, given more time."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlmodel import col, func, select

from services.transparency import queries as publishers
from services.transparency.requests import clocks, queries, rules
from services.transparency.requests.exemptions import exemptions
from services.transparency.requests.tables import InformationRequest, Requester, RequestLetter
from shared.errors import NotAllowed
from shared.periods import london_date, start_of_day
from shared.personal_details import WORDS, find
from shared.work import Work

HISTORY = "transparency:history"


async def receive_request(
    work: Work,
    publisher: str,
    *,
    subject: str,
    text: str,
    received_on: date,
    channel: str,
    name: str,
    contact: str,
) -> InformationRequest:
    """Take a request in: a reference, a clock, a duty to answer. Who asked goes into a table of its own (T-47)."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    rules.refuse_future(received_on, london_date(work.now))
    calendar = await clocks.calendar_for(work, received_on)
    year = received_on.year
    await work.lock("information-requests", str(organisation.organisation_id), str(year))
    latest = await work.session.exec(
        select(func.max(InformationRequest.number)).where(
            col(InformationRequest.organisation_id) == organisation.organisation_id,
            col(InformationRequest.year) == year,
        )
    )
    number = (latest.one() or 0) + 1
    request = InformationRequest(
        request_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        reference=f"IR-{year}-{number:04d}",
        year=year,
        number=number,
        state="received",
        channel=channel,
        received_on=received_on,
        clock_from=received_on,
        arithmetic="",
        days_allowed=await clocks.days_allowed(work, organisation, received_on),
        last_step_at=start_of_day(received_on),
        exemptions=[],
        review_exemptions=[],
        created_by=work.actor.sub,
        created_at=work.now,
        modified_at=work.now,
    )
    clocks.set_clock(request, calendar)
    assert request.due_on is not None
    if request.due_on < london_date(work.now) and not work.actor.may(HISTORY):
        raise NotAllowed(
            f"A request received on {received_on.isoformat()} was due on {request.due_on.isoformat()}; entering one "
            f"whose day is over needs the scope {HISTORY}.",
            pointer="/received_on",
        )
    work.session.add(request)
    await work.session.flush()
    work.session.add(Requester(request_id=request.request_id, name=name, contact=contact, created_at=work.now))
    write_letter(work, request, "request", text, received_on, subject=subject)
    await clocks.owe_answer(work, request)
    work.audit(
        "receive_request",
        request.request_id,
        after={"reference": request.reference, "received_on": received_on, "due_on": request.due_on},
    )
    return request


async def open_request(work: Work, reference: str, publisher: str | None) -> InformationRequest:
    """Somebody has read it and takes it on."""
    request = await locked(work, reference, publisher)
    rules.open_request(queries.standing(request))
    return _step(work, request, "open", "open_request", at=request.last_step_at)


async def ask_clarification(
    work: Work, reference: str, publisher: str | None, *, text: str, happened_at: datetime | None
) -> InformationRequest:
    """Put a question to the person who asked: the clock stops."""
    request = await locked(work, reference, publisher)
    at = work.happened_at(happened_at)
    rules.ask_clarification(queries.standing(request), at)
    write_letter(work, request, "clarification", text, london_date(at))
    request.due_on = None
    request.arithmetic = "The clock is stopped until the reply comes; it then starts again from its first day."
    _step(work, request, "clarifying", "ask_clarification", at=at)
    await clocks.owe_answer(work, request)
    return request


async def reply_to_clarification(
    work: Work, reference: str, publisher: str | None, *, text: str, happened_at: datetime | None
) -> InformationRequest:
    """The reply came: the clock starts again, and the day of the reply is not counted."""
    request = await locked(work, reference, publisher)
    at = work.happened_at(happened_at)
    rules.reply_to_clarification(queries.standing(request), at)
    write_letter(work, request, "reply", text, london_date(at))
    request.clock_from = london_date(at)
    clocks.set_clock(request, await clocks.calendar_for(work, request.clock_from))
    _step(work, request, "open", "reply_to_clarification", at=at)
    await clocks.owe_answer(work, request)
    return request


async def extend_request(
    work: Work,
    reference: str,
    publisher: str | None,
    *,
    exemption: str,
    working_days: int,
    reason: str,
    happened_at: datetime | None,
) -> InformationRequest:
    """More working days, once, for weighing the public interest; the reason is public."""
    request = await locked(work, reference, publisher)
    at = work.happened_at(happened_at)
    ground = exemptions().get(exemption)
    rules.extend(queries.standing(request), ground, working_days, request.days_allowed, at)
    await refuse_texts(work, request, {"/reason": reason}, public=True)
    request.extra_days = working_days
    request.extension_exemption = exemption
    request.extension_reason = reason
    clocks.set_clock(request, await clocks.calendar_for(work, request.clock_from))
    _step(work, request, "extended", "extend_request", at=at)
    await clocks.owe_answer(work, request)
    return request


async def locked(work: Work, reference: str, publisher: str | None) -> InformationRequest:
    """The request, locked; a token limited to other organisations is refused."""
    await work.lock(clocks.LOCK)
    request = await queries.find(work.session, reference, publisher, lock=True)
    organisation = await publishers.organisation(work.session, request.organisation_id)
    assert organisation is not None
    work.may_write_for(organisation.slug)
    return request


async def refuse_texts(
    work: Work, request: InformationRequest, texts: dict[str, str | None], *, public: bool = False
) -> None:
    """Refuse texts that name who asked; those that become public also where they hold personal details."""
    names = await names_of(work, request.request_id)
    found = {place: [WORDS[kind] for kind in find(text)] for place, text in texts.items() if text} if public else None
    rules.refuse_texts(texts, names, found)


async def names_of(work: Work, request_id: UUID) -> rules.Names | None:
    """Who asked, while that is kept."""
    asked = await work.session.get(Requester, request_id)
    return rules.Names(asked.name, asked.contact) if asked is not None else None


def write_letter(
    work: Work, request: InformationRequest, kind: str, text: str, on: date, *, subject: str | None = None
) -> None:
    work.session.add(
        RequestLetter(
            letter_id=work.new_id(),
            request_id=request.request_id,
            kind=kind,
            subject=subject,
            text=text,
            written_on=on,
            recorded_at=work.now,
        )
    )


def _step(work: Work, request: InformationRequest, state: str, action: str, *, at: datetime) -> InformationRequest:
    """Move to a state; what is audited holds no words of the letters."""
    before = request.state
    request.state = state
    request.last_step_at = at
    touch(work, request)
    work.audit(action, request.request_id, before={"state": before}, after={"state": state, "due_on": request.due_on})
    return request


def touch(work: Work, request: InformationRequest) -> None:
    request.version += 1
    request.modified_at = work.now

"""What is done with a request at its end: answered, reviewed, its subject cleared, who asked erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import uuid5

from sqlmodel import col, delete, select

from services.transparency.obligations.calendar import Made, make_public
from services.transparency.requests import clock, clocks, grounds, queries, rules
from services.transparency.requests import refusals as no
from services.transparency.requests.commands import locked, names_of, refuse_texts, touch, write_letter
from services.transparency.requests.exemptions import exemptions
from services.transparency.requests.grounds import Claimed
from services.transparency.requests.tables import InformationRequest, Requester, RequestLetter, RequestReason
from shared.errors import NotAllowed
from shared.periods import london_date
from shared.personal_details import WORDS, find
from shared.work import Work, four_eyes

TICK_BATCH = 500
ENTRY_DAYS = 7
"""Days that an answered request of the past stays open after it was entered."""


async def respond_to_request(
    work: Work,
    reference: str,
    publisher: str | None,
    *,
    outcome: rules.Outcome,
    claimed: Sequence[Claimed],
    disclosure_url: str | None,
    happened_at: datetime | None,
) -> InformationRequest:
    """Answer it: the outcome, each ground on which something is withheld, the days it took; the duty is judged."""
    grounds.refuse_grounds(outcome, claimed, exemptions(), disclosure_url=disclosure_url)
    request = await locked(work, reference, publisher)
    at = work.happened_at(happened_at)
    await refuse_texts(work, request, {"/disclosure_url": disclosure_url})
    answered_on = london_date(at)
    calendar = await clocks.calendar_for(work, request.clock_from, answered_on)
    answered = rules.answer(
        queries.standing(request),
        request_id=request.request_id,
        version=request.version + 1,
        organisation_id=request.organisation_id,
        publisher=await queries.slug_of(work.session, request.organisation_id),
        reference=request.reference,
        outcome=outcome,
        at=at,
        calendar=calendar,
    )
    before = request.state
    request.state = "answered"
    request.answered_at, request.answered_on, request.answered_by = at, answered_on, work.actor.sub
    request.last_step_at = at
    request.outcome = outcome
    request.exemptions = [ground.code for ground in claimed]
    request.working_days, request.working_days_late = answered.working_days, answered.working_days_late
    request.disclosure_url = disclosure_url
    request.review_by = clock.count(answered_on, rules.REVIEW_DAYS, calendar).due_on
    _keep_reasons(work, request, "answer", claimed)
    touch(work, request)
    await work.session.flush()
    await work.record(answered)
    await make_public(
        work,
        Made(
            publication_id=uuid5(request.request_id, clocks.CODE),
            organisation_id=request.organisation_id,
            code=clocks.CODE,
            subject=request.reference,
            happened_at=at,
            recorded_at=work.now,
            url=disclosure_url,
        ),
    )
    work.audit(
        "respond_to_request",
        request.request_id,
        before={"state": before},
        after={
            "state": request.state,
            "outcome": outcome,
            "answered_on": answered_on,
            "exemptions": request.exemptions,
        },
    )
    return request


async def ask_review(
    work: Work, reference: str, publisher: str | None, *, text: str, asked_on: date | None
) -> InformationRequest:
    """The person who asked is not content: the answer is looked at again by somebody else."""
    request = await locked(work, reference, publisher)
    today = london_date(work.now)
    asked_on = asked_on or today
    rules.ask_review(queries.standing(request), asked_on, today)
    write_letter(work, request, "review", text, asked_on)
    before, request.state, request.review_asked_on = request.state, "review", asked_on
    touch(work, request)
    work.audit(
        "ask_review",
        request.request_id,
        before={"state": before},
        after={"state": request.state, "review_asked_on": asked_on},
    )
    return request


async def decide_review(
    work: Work,
    reference: str,
    publisher: str | None,
    *,
    result: str,
    outcome: rules.Outcome | None,
    claimed: Sequence[Claimed],
    text: str,
    happened_at: datetime | None,
) -> InformationRequest:
    """Another person than the one who answered upholds the answer or gives another; the request is closed."""
    if outcome is not None:
        grounds.refuse_grounds(outcome, claimed, exemptions())
    request = await locked(work, reference, publisher)
    at = work.happened_at(happened_at)
    rules.decide_review(queries.standing(request), result, outcome, at)
    assert request.answered_by is not None
    four_eyes(
        work.actor,
        request.answered_by,
        code="four_eyes",
        detail="The person who answered this request may not decide its review; another person must.",
    )
    request.state = "closed"
    request.review_result, request.review_outcome = result, outcome
    request.review_exemptions = [ground.code for ground in claimed]
    request.review_decided_on, request.review_decided_by = london_date(at), work.actor.sub
    request.last_step_at = at
    write_letter(work, request, "review_decision", text, london_date(at))
    _keep_reasons(work, request, "review", claimed)
    touch(work, request)
    work.audit(
        "decide_review",
        request.request_id,
        before={"state": "review"},
        after={"state": request.state, "result": result, "outcome": outcome, "exemptions": request.review_exemptions},
    )
    return request


async def clear_subject(
    work: Work, reference: str, publisher: str | None, *, published_subject: str, cleared_because: str | None
) -> InformationRequest:
    """Say, by name, in which words the subject may be published (T-24). Who asked is never named in it."""
    if work.actor.client_only:
        raise NotAllowed("A token that stands for no person may not clear a subject; sign in as a person.")
    request = await locked(work, reference, publisher)
    await refuse_texts(work, request, {"/published_subject": published_subject, "/cleared_because": cleared_because})
    kinds = [WORDS[kind] for kind in find(published_subject)]
    rules.clear_subject(kinds, cleared_because)
    before = request.published_subject
    request.published_subject, request.subject_cleared_by = published_subject, work.actor.sub
    touch(work, request)
    work.audit(
        "clear_subject",
        request.request_id,
        before={"was_published": before is not None},
        after={"seemed_to_hold": kinds},
        reason=cleared_because,
    )
    return request


async def erase_requester(
    work: Work, reference: str, publisher: str | None, *, reason: str, letters_too: bool
) -> InformationRequest:
    """Delete who asked, and the words of the letters where they name them; the request's own record stays."""
    request = await locked(work, reference, publisher)
    names = await names_of(work, request.request_id)
    if names is None:
        raise no.RequesterErased("Who asked was erased before; there is nothing left to erase.")
    letters = await queries.letters(work.session, request.request_id)
    named = any(names.stand_in(f"{letter.subject or ''} {letter.text}") for letter in letters)
    rules.erase_requester(queries.standing(request), letters_name_them=named, letters_too=letters_too)
    await refuse_texts(work, request, {"/reason": reason})
    await work.session.exec(delete(Requester).where(col(Requester.request_id) == request.request_id))
    if letters_too:
        await work.session.exec(delete(RequestLetter).where(col(RequestLetter.request_id) == request.request_id))
    request.requester_erased_at = work.now
    touch(work, request)
    work.audit("erase_requester", request.request_id, after={"letters_too": letters_too}, reason=reason)
    return request


async def close_unreviewed(work: Work, now: datetime) -> None:
    """Close answered requests for which nobody asked for a review in time. Running it again changes nothing.

    One of a past year is left alone for a while after its last change here, so that its review can be entered as well.
    """
    over = await work.session.exec(
        select(InformationRequest)
        .where(
            col(InformationRequest.state) == "answered",
            col(InformationRequest.review_by) < london_date(now),
            col(InformationRequest.modified_at) < now - timedelta(days=ENTRY_DAYS),
        )
        .order_by(col(InformationRequest.review_by), col(InformationRequest.request_id))
        .with_for_update(skip_locked=True)
        .limit(TICK_BATCH)
    )
    for request in over.all():
        request.state = "closed"
        touch(work, request)


async def requester_of(work: Work, reference: str, publisher: str | None) -> tuple[InformationRequest, Requester]:
    """Who asked, for officers of the publisher that was asked."""
    request = await queries.seen(work, reference, publisher)
    asked = await work.session.get(Requester, request.request_id)
    if asked is None:
        raise no.RequesterErased("Who asked has been erased; the request's own record stays.")
    return request, asked


def _keep_reasons(work: Work, request: InformationRequest, stage: str, claimed: Sequence[Claimed]) -> None:
    for ground in claimed:
        work.session.add(
            RequestReason(
                request_id=request.request_id,
                stage=stage,
                code=ground.code,
                prejudice=ground.prejudice,
                public_interest=ground.public_interest,
            )
        )

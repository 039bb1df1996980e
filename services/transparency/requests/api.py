"""Routes of requests for information, for officers. The public reads the disclosure log."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from services.transparency import queries as publishers
from services.transparency.requests import answers, commands, queries
from services.transparency.requests.exemptions import exemptions
from services.transparency.requests.grounds import Claimed
from services.transparency.requests.shapes import (
    ClarificationBody,
    ErasureBody,
    ExemptionBody,
    Exemptions,
    ExemptionShape,
    ExtensionBody,
    Letters,
    LetterShape,
    ReplyBody,
    RequestBody,
    RequesterShape,
    RequestShape,
    ResponseBody,
    ReviewBody,
    ReviewDecisionBody,
    State,
    SubjectBody,
)
from services.transparency.requests.tables import InformationRequest
from shared.errors import Invalid
from shared.http import PublicWork, Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear
from shared.work import Work

router = Routes(tags=["information requests"])

WORDS = ("transparency:information", "transparency:dpl")
"""Who may read letters and who asked."""
OFFICERS = (*WORDS, "transparency:preparer", "transparency:approver", "transparency:auditor")
Officer = Annotated[Work, Writes("transparency:information")]
Reference = Annotated[
    str, Path(pattern=r"^IR-[0-9]{4}-[0-9]{4,8}$", description="Reference of the request, `IR-2017-0001`.")
]
Publisher = Annotated[
    str | None,
    Query(max_length=80, description="Slug of the publisher; needed where several have a request of this reference."),
]
Year = Annotated[str | None, Query(max_length=10, description="Financial year of receipt, `2017-18`; all without it.")]
PATH = "/v1/information-requests"
ONE = PATH + "/{reference}"


@router.post(PATH, status_code=201)
async def receive_information_request(work: Officer, body: RequestBody) -> RequestShape:
    """Take a request in. The answer holds its reference and clock, and nothing of the person who asked."""
    request = await commands.receive_request(
        work,
        body.publisher,
        subject=body.subject,
        text=body.text,
        received_on=body.received_on,
        channel=body.channel,
        name=body.requester.name,
        contact=body.requester.contact,
    )
    work.headers["Location"] = f"{work.base_url}{PATH}/{request.reference}?publisher={body.publisher}"
    return await _answer(work, request)


@router.get(PATH)
async def list_information_requests(
    work: Annotated[Work, Reads(*OFFICERS)],
    paging: Paging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")] = None,
    year: Year = None,
    state: Annotated[State | None, Query(description="State of the request.")] = None,
) -> Page[RequestShape]:
    """All requests in any state, by day of receipt, for officers."""
    organisation_id = None if publisher is None else (await publishers.seen(work, publisher)).organisation_id
    page = await paginate(
        work,
        queries.requests(organisation_id, year_of(year), state).where(*queries.of_seen(work)),
        order=(InformationRequest.received_on, InformationRequest.request_id),
        paging=paging,
        shape=lambda row: row,
    )
    subjects = await _subjects(work, page.items)
    slugs = {found: await queries.slug_of(work.session, found) for found in {row.organisation_id for row in page.items}}
    return Page(
        items=[shape_of(row, slugs[row.organisation_id], subjects.get(row.request_id)) for row in page.items],
        links=page.links,
    )


@router.get(f"{PATH}/exemptions")
async def list_exemptions(work: PublicWork) -> Exemptions:
    """The grounds on which information may be withheld, and what each must say."""
    return Exemptions(items=[ExemptionShape.model_validate(row) for row in exemptions().values() if row.claimable])


@router.get(ONE)
async def read_information_request(
    work: Annotated[Work, Reads(*OFFICERS)], reference: Reference, publisher: Publisher = None
) -> RequestShape:
    """One request with its clock, answer and review."""
    request = await queries.seen(work, reference, publisher)
    work.headers["Cache-Control"] = "no-store"
    work.etag(request.version)
    slug = await queries.slug_of(work.session, request.organisation_id)
    return shape_of(request, slug, (await _subjects(work, [request])).get(request.request_id))


@router.get(f"{ONE}/requester")
async def read_requester(
    work: Annotated[Work, Reads(*WORDS)], reference: Reference, publisher: Publisher = None
) -> RequesterShape:
    """Who asked, for writing to them; 410 once erased."""
    request, asked = await answers.requester_of(work, reference, publisher)
    work.headers["Cache-Control"] = "no-store"
    return RequesterShape(reference=request.reference, name=asked.name, contact=asked.contact)


@router.get(f"{ONE}/letters")
async def read_request_letters(
    work: Annotated[Work, Reads(*WORDS)], reference: Reference, publisher: Publisher = None
) -> Letters:
    """What was written, word for word: the request, questions, replies, review."""
    request = await queries.seen(work, reference, publisher)
    work.headers["Cache-Control"] = "no-store"
    found = await queries.letters(work.session, request.request_id)
    return Letters(reference=request.reference, items=[LetterShape.model_validate(letter) for letter in found])


@router.post(f"{ONE}/openings", status_code=201)
async def open_information_request(work: Officer, reference: Reference, publisher: Publisher = None) -> RequestShape:
    """Say that the request has been read and is being worked on; its clock is as before."""
    return await _answer(work, await commands.open_request(work, reference, publisher))


@router.post(f"{ONE}/clarifications", status_code=201)
async def ask_clarification(
    work: Officer, reference: Reference, body: ClarificationBody, publisher: Publisher = None
) -> RequestShape:
    """Put a question to the person who asked; the clock stops until the reply."""
    request = await commands.ask_clarification(work, reference, publisher, text=body.text, happened_at=body.happened_at)
    return await _answer(work, request)


@router.post(f"{ONE}/clarifications/replies", status_code=201)
async def reply_to_clarification(
    work: Officer, reference: Reference, body: ReplyBody, publisher: Publisher = None
) -> RequestShape:
    """Record the reply; the clock starts again, and day 1 is the first working day after it."""
    request = await commands.reply_to_clarification(
        work, reference, publisher, text=body.text, happened_at=body.happened_at
    )
    return await _answer(work, request)


@router.post(f"{ONE}/extensions", status_code=201)
async def extend_information_request(
    work: Officer, reference: Reference, body: ExtensionBody, publisher: Publisher = None
) -> RequestShape:
    """Take more working days, once, for weighing the public interest; the reason is public."""
    request = await commands.extend_request(
        work,
        reference,
        publisher,
        exemption=body.exemption,
        working_days=body.working_days,
        reason=body.reason,
        happened_at=body.happened_at,
    )
    return await _answer(work, request)


@router.post(f"{ONE}/responses", status_code=201)
async def respond_to_information_request(
    work: Officer, reference: Reference, body: ResponseBody, publisher: Publisher = None
) -> RequestShape:
    """Record the answer: its outcome, the grounds for what is withheld, and where the disclosed document is."""
    request = await answers.respond_to_request(
        work,
        reference,
        publisher,
        outcome=body.outcome,
        claimed=_claimed(body.exemptions),
        disclosure_url=body.disclosure_url,
        happened_at=body.happened_at,
    )
    return await _answer(work, request)


@router.post(f"{ONE}/reviews", status_code=201)
async def ask_review(
    work: Officer, reference: Reference, body: ReviewBody, publisher: Publisher = None
) -> RequestShape:
    """Record that an internal review was asked for, within forty working days of the answer."""
    return await _answer(
        work, await answers.ask_review(work, reference, publisher, text=body.text, asked_on=body.asked_on)
    )


@router.post(f"{ONE}/reviews/decisions", status_code=201)
async def decide_review(
    work: Officer, reference: Reference, body: ReviewDecisionBody, publisher: Publisher = None
) -> RequestShape:
    """Decide the review; refused for the person who answered."""
    request = await answers.decide_review(
        work,
        reference,
        publisher,
        result=body.result,
        outcome=body.outcome,
        claimed=_claimed(body.exemptions),
        text=body.text,
        happened_at=body.happened_at,
    )
    return await _answer(work, request)


@router.post(f"{ONE}/subject-clearances", status_code=201)
async def clear_subject(
    work: Officer, reference: Reference, body: SubjectBody, publisher: Publisher = None
) -> RequestShape:
    """Give the subject in the words that the public may read; until then the disclosure log does not show it."""
    request = await answers.clear_subject(
        work,
        reference,
        publisher,
        published_subject=body.published_subject,
        cleared_because=body.cleared_because,
    )
    return await _answer(work, request)


@router.post(f"{ONE}/requester/erasures", status_code=201)
async def erase_requester(
    work: Annotated[Work, Writes(*WORDS)], reference: Reference, body: ErasureBody, publisher: Publisher = None
) -> RequestShape:
    """Erase who asked, once the request is closed; its own record stays."""
    request = await answers.erase_requester(
        work, reference, publisher, reason=body.reason, letters_too=body.letters_too
    )
    return await _answer(work, request)


def shape_of(request: InformationRequest, publisher: str, subject: str | None = None) -> RequestShape:
    fields = set(RequestShape.model_fields) - {"publisher", "subject"}
    return RequestShape(**request.model_dump(include=fields), publisher=publisher, subject=subject)


async def publisher_id(work: Work, slug: str | None) -> UUID | None:
    return None if slug is None else (await publishers.publisher(work.session, slug)).organisation_id


def year_of(text: str | None) -> FinancialYear | None:
    if text is None:
        return None
    try:
        return FinancialYear.parse(text)
    except ValueError as error:
        raise Invalid(f"The year cannot be read: {error}.", parameter="year") from error


async def _answer(work: Work, request: InformationRequest) -> RequestShape:
    """After a command. What was sent about a person is not in it: answers to repeated requests are kept."""
    work.etag(request.version)
    return shape_of(request, await queries.slug_of(work.session, request.organisation_id))


async def _subjects(work: Work, requests: list[InformationRequest]) -> dict[UUID, str | None]:
    if not work.actor.may(*WORDS):
        return {}
    return await queries.subjects(work.session, [request.request_id for request in requests])


def _claimed(exemptions: list[ExemptionBody]) -> list[Claimed]:
    return [Claimed(row.code, row.prejudice, row.public_interest) for row in exemptions]

"""Read-only selects about requests: one, all for officers, and those the disclosure log shows."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select, SelectOfScalar

from services.transparency import queries as publishers
from services.transparency.requests import refusals as no
from services.transparency.requests import rules
from services.transparency.requests.tables import InformationRequest, RequestLetter
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.periods import FinancialYear
from shared.work import Work


class NoSuchRequest(NotFound):
    code = "request_not_found"
    title = "There is no such request"


async def seen(work: Work, reference: str, publisher: str | None) -> InformationRequest:
    """The request of a reference, for those who may read what its publisher keeps."""
    return await find(work.session, reference, publisher, only=of_seen(work))


def of_seen(work: Work) -> list[ColumnElement[bool]]:
    """Conditions for requests of publishers that the token may see."""
    return [
        col(InformationRequest.organisation_id).in_(select(Organisation.organisation_id).where(condition))
        for condition in publishers.seen_only(work)
    ]


async def find(
    session: AsyncSession,
    reference: str,
    publisher: str | None,
    *,
    lock: bool = False,
    only: Sequence[ColumnElement[bool]] = (),
) -> InformationRequest:
    """The request of a reference; the publisher must be named where several have one of that reference."""
    statement = select(InformationRequest).where(col(InformationRequest.reference) == reference, *only)
    if publisher is not None:
        organisation = await publishers.publisher(session, publisher)
        statement = statement.where(col(InformationRequest.organisation_id) == organisation.organisation_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.exec(statement)).all()
    if not found:
        raise NoSuchRequest(f"No request has the reference {reference}; /v1/information-requests lists them.")
    if len(found) > 1:
        raise no.ReferenceAmbiguous(
            f"{len(found)} publishers have a request {reference}; name one in the parameter publisher."
        )
    return found[0]


def standing(request: InformationRequest) -> rules.Standing:
    """What decisions about it must know."""
    return rules.Standing(
        state=request.state,
        received_on=request.received_on,
        clock_from=request.clock_from,
        due_on=request.due_on,
        last_step_at=request.last_step_at,
        extra_days=request.extra_days,
        answered_on=request.answered_on,
        answered_by=request.answered_by,
        review_by=request.review_by,
        review_asked_on=request.review_asked_on,
    )


def requests(
    organisation_id: UUID | None, year: FinancialYear | None, state: str | None
) -> SelectOfScalar[InformationRequest]:
    """Requests by publisher, financial year of receipt and state; each filter is optional."""
    statement = select(InformationRequest).where(*_of(organisation_id, year))
    if state is not None:
        statement = statement.where(col(InformationRequest.state) == state)
    return statement


def logged(organisation_id: UUID | None, year: FinancialYear | None) -> Select[InformationRequest, Organisation]:
    """What the public sees: answered, with a subject that a person has cleared."""
    return (
        select(InformationRequest, Organisation)
        .join(Organisation, col(Organisation.organisation_id) == col(InformationRequest.organisation_id))
        .where(
            *_of(organisation_id, year),
            col(InformationRequest.answered_on).is_not(None),
            col(InformationRequest.published_subject).is_not(None),
        )
    )


async def waiting(session: AsyncSession, organisation_id: UUID | None, year: FinancialYear | None) -> tuple[int, int]:
    """How many requests have no answer yet, and how many are answered without a cleared subject."""
    unanswered = col(InformationRequest.answered_on).is_(None)
    found = await session.exec(
        select(
            func.count().filter(unanswered),
            func.count().filter(~unanswered, col(InformationRequest.published_subject).is_(None)),
        )
        .select_from(InformationRequest)
        .where(*_of(organisation_id, year))
    )
    open_still, not_cleared = found.one()
    return open_still, not_cleared


async def of_year(session: AsyncSession, organisation_id: UUID, year: FinancialYear) -> Sequence[InformationRequest]:
    """All requests that a publisher received in a year, by reference."""
    statement = requests(organisation_id, year, None)
    found = await session.exec(statement.order_by(col(InformationRequest.year), col(InformationRequest.number)))
    return found.all()


async def letters(session: AsyncSession, request_id: UUID) -> Sequence[RequestLetter]:
    found = await session.exec(
        select(RequestLetter)
        .where(col(RequestLetter.request_id) == request_id)
        .order_by(col(RequestLetter.recorded_at), col(RequestLetter.letter_id))
    )
    return found.all()


async def subjects(session: AsyncSession, request_ids: Sequence[UUID]) -> dict[UUID, str | None]:
    """Subjects as received, for those who may read the letters."""
    found = await session.exec(
        select(RequestLetter).where(
            col(RequestLetter.request_id).in_(request_ids), col(RequestLetter.kind) == "request"
        )
    )
    return {letter.request_id: letter.subject for letter in found.all()}


async def slug_of(session: AsyncSession, organisation_id: UUID) -> str:
    organisation = await session.get(Organisation, organisation_id)
    return organisation.slug if organisation is not None else str(organisation_id)


def _of(organisation_id: UUID | None, year: FinancialYear | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if organisation_id is not None:
        conditions.append(col(InformationRequest.organisation_id) == organisation_id)
    if year is not None:
        conditions.append(col(InformationRequest.received_on).between(year.start, year.end))
    return conditions

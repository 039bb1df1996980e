"""Answers about agreements: their terms as they stood on a day, parties by the names of the document's date."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.grants.agreements.queries import terms_as_at, yearly_reviews
from services.grants.agreements.rules import ReviewState, Role, Signatory, review_state
from services.grants.queries import names_on, parties, signatures
from services.grants.shapes import content_tag
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.http import Shape
from shared.periods import london_date
from shared.values import OutturnState
from shared.work import Work


class PartyShape(Shape):
    role: Role
    organisation_id: UUID
    organisation: str = Field(description="Slug.")
    name: str = Field(
        description="Name on the day of the last signature, before that on the first day; with as_at on that day (G-5)."
    )


class SignatureShape(Shape):
    id: UUID
    number: int
    party: Signatory | None
    signed_on: date
    version: int


class AgreementInList(Shape):
    id: UUID
    year: str
    funding_basis: str
    grant_pence: int
    in_force_from: date
    in_force_to: date
    state: str
    outturn_state: OutturnState | None
    change_pence: int | None = Field(
        description="Grant less that of the year before; null for a draft or where that is not known."
    )


class ReviewShape(Shape):
    """The review of allocation, outcomes and activities (G-17)."""

    due_on: date | None = Field(description="As the agreement states it; null where it states none.")
    state: ReviewState = Field(description="not_stated where the agreement names no day and none was held.")
    held_on: date | None


class AgreementShape(Shape):
    id: UUID
    year: str
    funding_basis: str
    grant_pence: int = Field(description="As it stands on the day; a variation changes it from its day on (G-16).")
    territory: str
    in_force_from: date
    in_force_to: date
    review_by: date | None
    ggis_reference: str | None
    guidance_edition: str | None
    senior_responsible_name: str
    state: str
    review: ReviewShape
    parties: list[PartyShape]
    signatures: list[SignatureShape]
    version: int
    modified_at: datetime


async def agreement_shape(
    work: Work, agreement: Agreement, *, as_at: date | None = None, known_by: datetime | None = None
) -> AgreementShape:
    """The agreement as it stands, or as it stood on a day; with `known_by` as it was recorded before that instant.

    Without a day, terms are those of today: what a variation changes from a later day on does not show yet (G-16).
    """
    await work.session.flush()
    today = london_date(work.now)
    day = as_at or today
    terms = await terms_as_at(work.session, agreement.id, day, known_by=known_by)
    if terms is None and known_by is not None:
        raise NotFound("The agreement was not known then.")
    past = as_at is not None or known_by is not None
    values: dict[str, Any] = agreement.model_dump(exclude={"created_at", "created_by"})
    values.update((name, value) for name, value in (terms or {}).items() if name in values)
    if not past:
        values["state"] = agreement.state
    signed = [
        row
        for row in await signatures(work.session, agreement.id)
        if not past or (row.signed_on <= day and (known_by is None or row.created_at < known_by))
    ]
    rows = await parties(work.session, agreement.id)
    named_on = as_at or max([row.signed_on for row in signed], default=agreement.in_force_from)
    names = await names_on(work.session, [organisation.id for _, organisation in rows], named_on)
    held = [
        review.reviewed_on
        for review in await yearly_reviews(work.session, agreement.id)
        if review.reviewed_on <= day and (known_by is None or review.recorded_at < known_by)
    ]
    review_by = date.fromisoformat(values["review_by"]) if isinstance(values["review_by"], str) else values["review_by"]
    shape = AgreementShape(
        **{**values, "review_by": review_by},
        review=ReviewShape(
            due_on=review_by, state=review_state(review_by, held, day), held_on=max(held) if held else None
        ),
        parties=[
            PartyShape(
                role=party.role,
                organisation_id=organisation.id,
                organisation=organisation.slug,
                name=names[organisation.id].name,
            )
            for party, organisation in rows
        ],
        signatures=[SignatureShape.model_validate(row) for row in signed],
    )
    # A name that is entered later for an earlier day shows here without a change of the agreement.
    work.etag(agreement.version, content_tag(shape))
    return shape

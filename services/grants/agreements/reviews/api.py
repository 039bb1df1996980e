"""Routes of yearly reviews and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.grants.agreements.queries import yearly_reviews
from services.grants.agreements.reviews import commands
from services.grants.agreements.rules import ReviewDecision
from services.grants.public import load_shown, shown
from services.grants.shapes import Name, Prose
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["agreements"])


class NewReview(Body):
    """What a review of allocation, outcomes and activities came to."""

    model_config = example(
        decision="continue",
        reconciliation_note="Spend by workstream agrees with the statements of the quarters.",
        decided_by="A. N. Official",
        reviewed_on="2017-10-27",
    )

    decision: ReviewDecision = Field(description="To amend needs a variation besides.")
    reconciliation_note: Prose = Field(description="How the figures reviewed reconcile to the accounts.")
    decided_by: Name = Field(description="Who decided, by name.")
    reviewed_on: Day | None = Field(
        default=None, description="Default today; an earlier day needs the scope `grants:history`."
    )


class YearlyReviewShape(Shape):
    id: UUID
    number: int
    reviewed_on: date
    decision: ReviewDecision
    reconciliation_note: str
    decided_by: str
    recorded_at: datetime


class YearlyReviews(Shape):
    items: list[YearlyReviewShape]


@router.post("/v1/agreements/{agreement}/yearly-reviews", status_code=201)
async def record_review(
    work: Annotated[Work, Writes("grants:manager")], agreement: str, body: NewReview
) -> YearlyReviewShape:
    """Record a review of the agreement: continue, stop or amend (G-17)."""
    review = await commands.record_review(
        work,
        agreement,
        decision=body.decision,
        reconciliation_note=body.reconciliation_note,
        decided_by=body.decided_by,
        reviewed_on=body.reviewed_on,
    )
    return YearlyReviewShape.model_validate(review)


@router.get("/v1/agreements/{agreement}/yearly-reviews")
async def list_reviews(work: PublicWork, agreement: str) -> YearlyReviews:
    """Reviews of an agreement, in the order they were recorded."""
    found = await load_shown(work, agreement)
    rows = await yearly_reviews(work.session, found.id)
    return YearlyReviews(
        items=[shown(work, YearlyReviewShape.model_validate(row), "reconciliation_note") for row in rows]
    )

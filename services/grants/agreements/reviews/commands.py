"""Recording the review of an agreement: load, decide, store."""

from __future__ import annotations

from datetime import date

from services.grants.agreements.queries import yearly_reviews
from services.grants.agreements.rules import ReviewDecision, hold_review
from services.grants.agreements.tables import YearlyReview
from services.grants.commands import load_agreement_to_change
from shared.periods import london_date, start_of_day
from shared.work import Work


async def record_review(
    work: Work,
    agreement_key: str,
    *,
    decision: ReviewDecision,
    reconciliation_note: str,
    decided_by: str,
    reviewed_on: date | None,
) -> YearlyReview:
    """Record what a review decided (G-17). To amend is then a matter of variations; the review changes nothing."""
    agreement = await load_agreement_to_change(work, agreement_key)
    today = london_date(work.now)
    day = reviewed_on or today
    hold_review(agreement.in_force_from, day, signed=agreement.state != "draft", today=today)
    happened_at = work.happened_at(start_of_day(day) if day < today else None, "reviewed_on")
    review = YearlyReview(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=len(await yearly_reviews(work.session, agreement.id)) + 1,
        reviewed_on=day,
        decision=decision,
        reconciliation_note=reconciliation_note,
        decided_by=decided_by,
        happened_at=happened_at,
        recorded_at=work.now,
        recorded_by=work.actor.sub,
    )
    work.session.add(review)
    work.audit("record_yearly_review", agreement.id, after={"number": review.number, "decision": decision})
    return review

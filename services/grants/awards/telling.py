"""When others are told of an award: at once, or where its use needs a decision, when that is allowed (G-19)."""

from __future__ import annotations

from services.grants.awards.tables import PassThroughAward
from services.grants.tables import Agreement
from services.grants.use_rules.queries import declarations_of
from shared.events.grants import PassThroughAwarded
from shared.work import Work


async def untold(work: Work, award: PassThroughAward) -> bool:
    """Whether an award was made with a use that needed a decision, and was not allowed since. Hold the agreement."""
    declared = await declarations_of(work.session, "award", award.id)
    waited_at_once = bool(declared) and declared[0].declared_at == award.created_at
    return waited_at_once and all(one.outcome != "allowed" for one in declared)


async def tell_award(work: Work, agreement: Agreement, award: PassThroughAward) -> None:
    """Record PassThroughAwarded of an award that was held back: from now on its body carries the duties (G-22)."""
    await work.record(
        PassThroughAwarded(
            award_id=award.id,
            version=award.version,
            agreement_id=agreement.id,
            year=agreement.year,
            organisation_id=award.organisation_id,
            line_code=award.line_code,
            amount_pence=award.amount_pence,
            awarded_on=award.awarded_on,
        )
    )

"""What a person can do about a year's underspend: load, decide, store, record."""

from __future__ import annotations

from datetime import date

from services.grants.commands import load_agreement_to_change
from services.grants.faults import BadYearLabel, year_of
from services.grants.payments.queries import received_pence
from services.grants.queries import latest_outturn, load_agreement
from services.grants.rules import underspend
from services.grants.tables import Agreement, Outturn
from services.grants.underspend.queries import load_treatment, netted_off, treated_pence, treatments
from services.grants.underspend.rules import Decision, Following, Treatment, UnderspendPosition
from services.grants.underspend.rules import settle_treatment as decide_settlement
from services.grants.underspend.rules import treat_underspend as decide_treatment
from services.grants.underspend.rules import withdraw_treatment as decide_withdrawal
from services.grants.underspend.tables import UnderspendTreatment
from shared.errors import Invalid, NotFound
from shared.periods import london_date
from shared.work import Work


async def treat_underspend(
    work: Work,
    agreement_key: str,
    *,
    treatment: Treatment,
    amount_pence: int,
    decided_on: date,
    following_key: str | None,
    approved_by: str | None,
    approval_reference: str | None,
    reason: str | None,
) -> UnderspendTreatment:
    """Decide about part of what the latest outturn leaves (G-36)."""
    agreement = await load_agreement_to_change(work, agreement_key)
    outturn = await latest_outturn(work.session, agreement.id)
    # The later year's row is locked second, so that what is receivable there changes for one at a time.
    following = await _load_following(work, following_key) if following_key is not None else None
    decision = Decision(
        treatment=treatment,
        amount_pence=amount_pence,
        decided_on=decided_on,
        following=await _following(work, following) if following is not None else None,
        approved_by=approved_by,
        approval_reference=approval_reference,
    )
    decide_treatment(await underspend_position(work, agreement, outturn), decision, today=london_date(work.now))
    assert outturn is not None
    row = UnderspendTreatment(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=len(await treatments(work.session, agreement.id)) + 1,
        treatment=treatment,
        amount_pence=amount_pence,
        outturn_id=outturn.id,
        following_agreement_id=following.id if following is not None else None,
        approved_by=approved_by,
        approval_reference=approval_reference,
        decided_on=decided_on,
        reason=reason,
        state="decided",
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    work.audit(
        "treat_underspend",
        agreement.id,
        after={
            "treatment": treatment,
            "amount_pence": amount_pence,
            "following": following.year if following else None,
        },
        reason=reason,
    )
    return row


async def settle_treatment(
    work: Work, agreement_key: str, treatment_key: str, settled_on: date, reference: str | None
) -> UnderspendTreatment:
    """Say that what was decided has been carried out: money returned, or taken into the following year.

    A closed year allows it: money moves after the decision, often in the following year, and no figure changes.
    """
    agreement = await load_agreement_to_change(work, agreement_key, even_closed=True)
    row = await load_treatment(work.session, agreement.id, treatment_key)
    position = await underspend_position(work, agreement, await latest_outturn(work.session, agreement.id))
    decide_settlement(position, row.state, row.decided_on, settled_on, today=london_date(work.now))
    row.state, row.settled_on, row.settlement_reference = "settled", settled_on, reference
    _touch(work, row)
    work.audit("settle_treatment", row.id, before={"state": "decided"}, after={"state": "settled"})
    return row


async def withdraw_treatment(work: Work, agreement_key: str, treatment_key: str, reason: str) -> UnderspendTreatment:
    """Take a decision back, so that its amount is undecided again; it stays readable."""
    agreement = await load_agreement_to_change(work, agreement_key)
    row = await load_treatment(work.session, agreement.id, treatment_key)
    decide_withdrawal(row.state)
    before = row.state
    row.state, row.withdrawn_at, row.withdrawal_reason = "withdrawn", work.now, reason
    _touch(work, row)
    work.audit("withdraw_treatment", row.id, before={"state": before}, after={"state": "withdrawn"}, reason=reason)
    return row


async def underspend_position(work: Work, agreement: Agreement, outturn: Outturn | None) -> UnderspendPosition:
    """Where a year stands: what its latest outturn leaves, and what is treated of it."""
    return UnderspendPosition(
        year=year_of(agreement.year),
        underspend_pence=underspend(outturn.grant_pence, outturn.spend_pence) if outturn is not None else None,
        treated_pence=await treated_pence(work.session, agreement.id),
    )


async def _load_following(work: Work, key: str) -> Agreement:
    try:
        return await load_agreement(work.session, key, lock=True)
    except NotFound as fault:
        raise Invalid(
            "There is no agreement with this id or for this year; draft it first.", pointer="/following_agreement"
        ) from fault
    except BadYearLabel as fault:
        raise BadYearLabel(fault.detail, pointer="/following_agreement") from fault


async def _following(work: Work, agreement: Agreement) -> Following:
    return Following(
        year=year_of(agreement.year),
        grant_pence=agreement.grant_pence,
        netted_off_pence=await netted_off(work.session, agreement.id),
        received_pence=await received_pence(work.session, agreement.id),
        closed=agreement.closed_at is not None,
    )


def _touch(work: Work, row: UnderspendTreatment) -> None:
    row.version += 1
    row.modified_at = work.now

"""What people and time do with obligations: exemptions, evidence, and the tick."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.obligations import rules
from services.transparency.obligations.calendar import due_readings
from services.transparency.obligations.tables import Obligation, ObligationEvidence
from shared.errors import NotFound
from shared.events.transparency import ObligationMissed
from shared.periods import london_date
from shared.personal_details import WORDS, find
from shared.work import Work, four_eyes

TICK_BATCH = 500


async def propose_exemption(work: Work, obligation_id: UUID, reason: str) -> Obligation:
    """Propose, with a reason, that a duty does not apply; another person approves it."""
    obligation = await _locked(work, obligation_id)
    rules.refuse_exemption(obligation.state)
    obligation.proposed_by = work.actor.sub
    obligation.exemption_reason = reason
    obligation.version += 1
    obligation.modified_at = work.now
    work.audit("propose_exemption", obligation_id, reason=reason)
    return obligation


async def approve_exemption(work: Work, obligation_id: UUID) -> Obligation:
    """Approve what another person proposed: the duty is not applicable from now on."""
    obligation = await _locked(work, obligation_id)
    rules.refuse_exemption(obligation.state)
    if obligation.proposed_by is None:
        raise rules.NothingProposed(
            "Nobody has proposed that this duty does not apply; propose it with a reason first."
        )
    four_eyes(work.actor, obligation.proposed_by, code="four_eyes")
    before = obligation.state
    obligation.state, obligation.state_reason = "not_applicable", obligation.exemption_reason
    obligation.approved_by = work.actor.sub
    obligation.version += 1
    obligation.modified_at = work.now
    work.audit(
        "approve_exemption",
        obligation_id,
        before={"state": before},
        after={"state": obligation.state},
        reason=obligation.state_reason,
    )
    return obligation


async def add_evidence(work: Work, obligation_id: UUID, *, url: str, note: str) -> ObligationEvidence:
    """Say where it can be seen that the duty was met. A judgement once recorded stands as it is (T-48)."""
    rules.refuse_personal({"/url": [WORDS[kind] for kind in find(url)], "/note": [WORDS[kind] for kind in find(note)]})
    obligation = await _locked(work, obligation_id)
    evidence = ObligationEvidence(
        evidence_id=work.new_id(),
        obligation_id=obligation_id,
        url=url,
        note=note,
        recorded_by=work.actor.sub,
        recorded_at=work.now,
    )
    work.session.add(evidence)
    obligation.version += 1
    obligation.modified_at = work.now
    work.audit("add_evidence", obligation_id, after={"url": url, "state": obligation.state}, reason=note)
    return evidence


async def tick(work: Work, now: datetime) -> None:
    """Move waiting obligations: due soon, then missed, each told once. Running it again changes nothing."""
    today = london_date(now)
    waiting = await work.session.exec(
        select(Obligation)
        .where(
            ((col(Obligation.state) == "upcoming") & (col(Obligation.alarm_on) <= rules.horizon(now)))
            | ((col(Obligation.state) == "due_soon") & (col(Obligation.alarm_on) < today))
        )
        .order_by(col(Obligation.alarm_on), col(Obligation.obligation_id))
        .with_for_update(skip_locked=True)
        .limit(TICK_BATCH)
    )
    for obligation in waiting.all():
        state = rules.next_state(obligation.state, obligation.alarm_on, now)
        if state == obligation.state:
            continue
        obligation.state = state
        obligation.version += 1
        obligation.modified_at = work.now
        if state == "missed":
            obligation.missed_at = now
            await work.record(_missed(obligation))


def _missed(obligation: Obligation) -> ObligationMissed:
    assert obligation.alarm_on is not None
    assert obligation.alarm_reading is not None
    return ObligationMissed(
        obligation_id=obligation.obligation_id,
        version=obligation.version,
        organisation_id=obligation.organisation_id,
        code=obligation.code,
        period=obligation.period,
        readings=due_readings(obligation),
        alarm_reading=obligation.alarm_reading,
        missed_on=obligation.alarm_on,
    )


async def _locked(work: Work, obligation_id: UUID) -> Obligation:
    found = await work.session.exec(
        select(Obligation).where(col(Obligation.obligation_id) == obligation_id).with_for_update()
    )
    obligation = found.one_or_none()
    if obligation is None:
        raise NotFound("There is no such obligation.")
    organisation = await publishers.organisation(work.session, obligation.organisation_id)
    if organisation is not None:
        work.may_write_for(organisation.slug)
    return obligation

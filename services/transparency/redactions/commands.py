"""What people and time do with redactions: propose, approve, refuse, review, and the tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.methodology import completed
from services.transparency.redactions import exposure, queries, rules
from services.transparency.redactions.reasons import reasons
from services.transparency.redactions.tables import Redaction, RedactionGrounds
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.periods import london_date
from shared.work import Work, four_eyes

TICK_BATCH = 500


@dataclass(frozen=True)
class Grounds:
    """A proposal's reasons in its proposer's words; kept apart from everything that is public."""

    explanation: str
    exemption: str | None
    prejudice: str | None
    public_interest: str | None


async def propose_redaction(
    work: Work, publisher: str, proposal: rules.Proposal, target_id: str, grounds: Grounds
) -> Redaction:
    """Propose to withhold something; until another person approves it, everything is published on schedule (T-21)."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    target = await queries.target(work.session, organisation.organisation_id, proposal.target_kind, target_id)
    found_by = target.party_key if proposal.payee and target is not None and target.party_key else target_id
    await work.lock("redaction", str(organisation.organisation_id), proposal.target_kind, found_by)
    redaction = Redaction(
        redaction_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        state="proposed",
        effect=proposal.effect,
        target_kind=proposal.target_kind,
        target_id=target_id,
        payee=proposal.payee,
        target=found_by,
        fields=list(dict.fromkeys(proposal.fields)),
        reason_code=proposal.reason_code,
        proposed_by=work.actor.sub,
        proposed_at=work.now,
        changed_by=[work.actor.sub],
        modified_at=work.now,
    )
    there = await queries.there(work.session, redaction)
    rules.propose_redaction(proposal, reasons(), target, there=there)
    work.session.add(redaction)
    await work.session.flush()
    work.session.add(RedactionGrounds(redaction_id=redaction.redaction_id, **vars(grounds)))
    work.audit("propose_redaction", redaction.redaction_id, after=_audited(redaction))
    return redaction


async def approve_redaction(work: Work, redaction_id: UUID, reason: str | None) -> Redaction:
    """Approve what another person proposed: it is withheld from the next edition on, until its review (T-21).

    No edition is approved meanwhile: either it was made without what is withheld, or it is named as showing it.
    """
    redaction, grounds, organisation = await _locked(work, redaction_id)
    await exposure.lock_datasets(work.session, organisation.organisation_id)
    why = reasons()[redaction.reason_code]
    rules.approve_redaction(redaction.state, why, work.actor.scopes, note=reason)
    _refuse_makers(work, redaction)
    before = _audited(redaction)
    months = await _review_months(work, organisation)
    redaction.state, redaction.review_on = "approved", rules.review_on(why, months, work.now)
    _decide(work, redaction, grounds, reason)
    work.audit("approve_redaction", redaction_id, before=before, after=_audited(redaction))
    return redaction


async def refuse_redaction(work: Work, redaction_id: UUID, reason: str) -> Redaction:
    """Refuse a proposal; what it is about stays public."""
    redaction, grounds, _ = await _locked(work, redaction_id)
    rules.refuse_decision(redaction.state, reasons()[redaction.reason_code], work.actor.scopes)
    _refuse_makers(work, redaction)
    before = _audited(redaction)
    redaction.state = "refused"
    _decide(work, redaction, grounds, reason)
    work.audit("refuse_redaction", redaction_id, before=before, after=_audited(redaction))
    return redaction


async def review_redaction(
    work: Work, redaction_id: UUID, outcome: Literal["renewed", "lifted"], reason: str
) -> Redaction:
    """Renew a redaction whose review is due, or lift it: the next edition then shows what was withheld (T-23)."""
    redaction, grounds, organisation = await _locked(work, redaction_id)
    await exposure.lock_datasets(work.session, organisation.organisation_id)
    why = reasons()[redaction.reason_code]
    rules.review_redaction(redaction.state, outcome, why, work.actor.scopes)
    _refuse_makers(work, redaction)
    before = _audited(redaction)
    redaction.state = outcome
    if outcome == "renewed":
        redaction.review_on = rules.review_on(why, await _review_months(work, organisation), work.now)
    redaction.reviewed_by, redaction.reviewed_at = work.actor.sub, work.now
    grounds.review_reason = reason
    _touch(work, redaction)
    work.audit("review_redaction", redaction_id, before=before, after=_audited(redaction))
    return redaction


async def tick(work: Work, now: datetime) -> None:
    """Move redactions whose review day has come to `due_review`. Running it again changes nothing (T-23)."""
    due = await work.session.exec(
        select(Redaction)
        .where(col(Redaction.state).in_(("approved", "renewed")), col(Redaction.review_on) <= london_date(now))
        .order_by(col(Redaction.review_on), col(Redaction.redaction_id))
        .with_for_update(skip_locked=True)
        .limit(TICK_BATCH)
    )
    for redaction in due.all():
        redaction.state = rules.next_state(redaction.state, redaction.review_on, now)
        _touch(work, redaction)


async def _locked(work: Work, redaction_id: UUID) -> tuple[Redaction, RedactionGrounds, Organisation]:
    found = await work.session.exec(
        select(Redaction).where(col(Redaction.redaction_id) == redaction_id).with_for_update()
    )
    redaction = found.one_or_none()
    grounds = await work.session.get(RedactionGrounds, redaction_id)
    if redaction is None or grounds is None:
        raise NotFound("There is no such redaction.")
    organisation = await publishers.organisation(work.session, redaction.organisation_id)
    assert organisation is not None
    work.may_write_for(organisation.slug)
    return redaction, grounds, organisation


def _refuse_makers(work: Work, redaction: Redaction) -> None:
    for maker in redaction.changed_by:
        four_eyes(work.actor, maker, code="four_eyes")


def _decide(work: Work, redaction: Redaction, grounds: RedactionGrounds, reason: str | None) -> None:
    redaction.decided_by, redaction.decided_at = work.actor.sub, work.now
    grounds.decision_reason = reason
    _touch(work, redaction)


def _touch(work: Work, redaction: Redaction) -> None:
    redaction.version += 1
    redaction.modified_at = work.now


async def _review_months(work: Work, organisation: Organisation) -> int:
    """Of the publisher's newest methodology in force today."""
    today = london_date(work.now)
    versions = await publishers.methodologies(work.session, organisation.organisation_id)
    in_force = [each for each in versions if each.effective_from is None or each.effective_from <= today]
    parameters = completed(in_force[-1].parameters if in_force else {})
    return int(parameters["redaction_review_months"])


def _audited(redaction: Redaction) -> dict[str, Any]:
    """What the log may hold: never what is withheld, nor why in anybody's own words."""
    return {
        "state": redaction.state,
        "effect": redaction.effect,
        "target_kind": redaction.target_kind,
        "fields": redaction.fields,
        "reason_code": redaction.reason_code,
        "review_on": redaction.review_on,
    }

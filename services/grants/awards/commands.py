"""Handing grant on to another body: load, decide, store, record."""

from __future__ import annotations

from services.grants.awards.queries import awarded_pence
from services.grants.awards.rules import Award, AwardPosition
from services.grants.awards.rules import award_pass_through as decide_award
from services.grants.awards.tables import PassThroughAward
from services.grants.commands import load_agreement_to_change
from services.grants.faults import year_of
from services.grants.organisations.queries import referenced_organisation
from services.grants.queries import carrying_lines, parties
from shared.periods import london_date
from shared.work import Work


async def award_pass_through(
    work: Work, agreement_key: str, *, organisation: str, award: Award, title: str, description: str
) -> PassThroughAward:
    """Award part of a pass-through line to a body, by slug (G-22, G-23). Records PassThroughAwarded."""
    agreement = await load_agreement_to_change(work, agreement_key)
    body = await referenced_organisation(work.session, organisation, "/organisation")
    line = next(
        (
            line
            for line in await carrying_lines(work.session, agreement.id, award.awarded_on)
            if line.code == award.line_code and line.kind == "pass_through"
        ),
        None,
    )
    fact = decide_award(
        AwardPosition(
            agreement_id=agreement.id,
            year=year_of(agreement.year),
            organisation_id=body.id,
            line_amount_pence=line.amount_pence if line else None,
            awarded_pence=await awarded_pence(work.session, agreement.id, award.line_code),
            recipient_is_party=any(
                party.organisation_id == body.id for party, _ in await parties(work.session, agreement.id)
            ),
        ),
        award,
        award_id=work.new_id(),
        today=london_date(work.now),
    )
    assert line is not None
    row = PassThroughAward(
        id=fact.award_id,
        agreement_id=agreement.id,
        line_id=line.line_id,
        line_code=fact.line_code,
        organisation_id=fact.organisation_id,
        amount_pence=fact.amount_pence,
        awarded_on=fact.awarded_on,
        planned_from=award.planned_from,
        planned_to=award.planned_to,
        title=title,
        description=description,
        state="offered",
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    await work.record(fact)
    work.audit(
        "award_pass_through",
        row.id,
        after={"organisation": body.slug, "line_code": row.line_code, "amount_pence": row.amount_pence},
    )
    return row

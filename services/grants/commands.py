"""What a person can do with the outturn of a year, and how any change of a year begins: load, decide, store, record."""

from __future__ import annotations

from datetime import datetime

from services.grants.certificates.standing import supersede_certificate
from services.grants.faults import YearClosed, year_of
from services.grants.queries import budget_awaiting, carrying_lines, latest_outturn, load_agreement, parties
from services.grants.rules import OutturnFigures, OutturnPosition
from services.grants.rules import record_outturn as decide_outturn
from services.grants.tables import Agreement, Outturn, OutturnSpend
from shared.periods import london_date
from shared.values import OutturnState
from shared.work import Work


async def record_outturn(work: Work, agreement_key: str, figures: OutturnFigures, stated: datetime | None) -> Outturn:
    """Record the spend of a year; the latest outturn is superseded, not edited (G-34). Records OutturnRecorded."""
    agreement = await load_agreement_to_change(work, agreement_key)
    year = year_of(agreement.year)
    latest = await latest_outturn(work.session, agreement.id)
    lines = await carrying_lines(work.session, agreement.id, min(figures.as_at, year.end))
    position = OutturnPosition(
        agreement_id=agreement.id,
        year=year,
        signed=agreement.state != "draft",
        grant_pence=agreement.grant_pence,
        lines={line.code: line.name for line in lines},
        latest_id=latest.id if latest else None,
        latest_number=latest.number if latest else 0,
        latest_state=OutturnState(latest.state) if latest else None,
        latest_happened_at=latest.happened_at if latest else None,
        budget_awaiting=await budget_awaiting(work.session, agreement.id),
    )
    happened_at = work.happened_at(stated)
    fact = decide_outturn(
        position,
        figures,
        outturn_id=work.new_id(),
        happened_at=happened_at,
        today=london_date(happened_at),
        by_cfo=work.actor.may("grants:cfo"),
    )
    outturn = Outturn(
        id=fact.outturn_id,
        agreement_id=agreement.id,
        number=fact.version,
        state=fact.state,
        as_at=fact.as_at,
        grant_pence=fact.grant_pence,
        spend_pence=fact.spend_pence,
        own_funds_pence=fact.own_funds_pence,
        supersedes=fact.supersedes,
        reason=figures.reason,
        auditor=figures.auditor,
        accounts_reference=figures.accounts_reference,
        audited_on=figures.audited_on,
        happened_at=fact.happened_at,
        recorded_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(outturn)
    await work.session.flush()
    # What was certified, or drafted to be, were the figures of the outturn before (G-37).
    await supersede_certificate(work, agreement.id, f"outturn {outturn.number} was recorded")
    work.session.add_all(
        OutturnSpend(
            outturn_id=outturn.id, code=line.code, name=line.name, position=place, spend_pence=line.spend_pence
        )
        for place, line in enumerate(fact.lines)
    )
    await work.record(fact)
    work.audit(
        "record_outturn",
        agreement.id,
        before={"spend_pence": latest.spend_pence, "state": latest.state} if latest else None,
        after={"spend_pence": fact.spend_pence, "state": fact.state, "number": fact.version},
        reason=figures.reason,
    )
    return outturn


async def load_agreement_to_change(work: Work, key: str, *, even_closed: bool = False) -> Agreement:
    """Lock the agreement's row, for which all changes of its year wait; check for whom the token writes.

    YearClosed where the year is closed: it is read-only, and what comes late is recorded in a later year (G-38).
    `even_closed` is for what only notes that a decision of the year was carried out.
    """
    agreement = await load_agreement(work.session, key, lock=True)
    for party, organisation in await parties(work.session, agreement.id):
        if party.role == "recipient":
            work.may_write_for(organisation.slug)
    if agreement.closed_at is not None and not even_closed:
        raise YearClosed(
            f"{agreement.year} was closed on {london_date(agreement.closed_at).isoformat()} and is read-only; "
            f"record what comes late in the agreement of {year_of(agreement.year).next().label}."
        )
    return agreement


def touch(work: Work, agreement: Agreement) -> None:
    agreement.version += 1
    agreement.modified_at = work.now

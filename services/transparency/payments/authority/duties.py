"""The two procurement duties in the calendar: owed from the day on, lifted where the day moves or goes (T-44)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency import tables
from services.transparency.obligations.calendar import Recorder, owe
from services.transparency.obligations.catalogue import Due, Duty
from services.transparency.obligations.rules import JUDGED_STATES
from services.transparency.obligations.tables import Obligation
from services.transparency.payments.authority import rules
from services.transparency.payments.authority.tables import ContractingAuthority
from shared.periods import FinancialYear
from shared.work import lock_key

DUTIES = {
    rules.PAYMENTS: Duty(
        rules.PAYMENTS,
        "Payments over 30,000 pounds, VAT included, under one contract",
        "publish",
        "Procurement Act 2023, section 70",
        "dataset payments_over_threshold",
    ),
    rules.PERFORMANCE: Duty(
        rules.PERFORMANCE,
        "How soon invoices were paid in the half-year",
        "publish",
        "Procurement Act 2023, section 69",
        "dataset payment_performance",
    ),
}

LIFTED = "The publisher is not a contracting authority in this period."


async def lock_authority(session: AsyncSession, organisation_id: UUID) -> None:
    """Wait for whoever sets the day or brings in a year of this publisher; ends with the transaction."""
    key = lock_key("contracting authority", str(organisation_id))
    await (await session.connection()).execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


async def authority_of(session: AsyncSession, organisation_id: UUID) -> ContractingAuthority | None:
    """The day as it stands; None where none was ever set."""
    return await session.get(ContractingAuthority, organisation_id)


async def owe_procurement_duties(recorder: Recorder, *organisation_ids: UUID | None) -> None:
    """Put the duties of every year with an agreement or an award into the calendar; again changes nothing (T-54).

    An agreement and the day may arrive at the same moment; the lock makes the later of the two see the other.
    """
    for organisation_id in sorted(filter(None, organisation_ids)):
        await lock_authority(recorder.session, organisation_id)
        authority = await authority_of(recorder.session, organisation_id)
        if authority is None:
            continue
        years = await _years(recorder.session, organisation_id)
        for duty in rules.owed(years, authority.contracting_authority_from):
            due = Due(DUTIES[duty.code], duty.subject, duty.label, (duty.reading,))
            await owe(recorder, organisation_id, due, year=duty.year, source_version=authority.version)


async def lift_procurement_duties(recorder: Recorder, authority: ContractingAuthority) -> None:
    """Lift the duties of periods before the day; what was judged stays judged (T-48)."""
    years = await _years(recorder.session, authority.organisation_id)
    still = {(duty.code, duty.subject) for duty in rules.owed(years, authority.contracting_authority_from)}
    found = await recorder.session.exec(
        select(Obligation)
        .where(
            col(Obligation.organisation_id) == authority.organisation_id,
            col(Obligation.code).in_(list(DUTIES)),
            col(Obligation.state).not_in([*JUDGED_STATES, "not_applicable"]),
        )
        .order_by(col(Obligation.obligation_id))
        .with_for_update()
    )
    for obligation in found.all():
        if (obligation.code, obligation.subject) in still:
            continue
        obligation.state, obligation.state_reason = "not_applicable", LIFTED
        obligation.alarm_on = None
        obligation.source_version = authority.version
        obligation.version += 1
        obligation.modified_at = recorder.now


async def _years(session: AsyncSession, organisation_id: UUID) -> set[FinancialYear]:
    """Years in which the publisher is a party to an agreement or receives an award under one."""
    agreement, award = tables.Agreement, tables.PassThroughAward
    agreed = await session.exec(
        select(agreement.year).where(
            (col(agreement.recipient_id) == organisation_id) | (col(agreement.lead_parent_id) == organisation_id)
        )
    )
    awarded = await session.exec(select(award.year).where(col(award.organisation_id) == organisation_id))
    return {FinancialYear.parse(year) for year in (*agreed.all(), *awarded.all())}

"""Read-only selects on where a year stands, for closing it and for whoever asks what stops that."""

from __future__ import annotations

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.certificates.standing import standing_certificate
from services.grants.certificates.tables import Certificate
from services.grants.closure.rules import ClosingPosition
from services.grants.faults import year_of
from services.grants.periods.tables import AccountingPeriod
from services.grants.queries import latest_outturn, reported_quarters
from services.grants.rules import underspend
from services.grants.tables import Agreement
from services.grants.underspend.queries import treated_pence
from services.grants.usage_statement.assembling import certified_figures, fingerprint
from services.grants.usage_statement.queries import held_undecided
from services.grants.variations.queries import undecided_variations
from shared.periods import Quarter


async def closing_position(session: AsyncSession, agreement: Agreement) -> ClosingPosition:
    """Where a year stands. Whoever closes it holds the agreement's row."""
    year = year_of(agreement.year)
    outturn = await latest_outturn(session, agreement.id)
    certificate = await standing_certificate(session, agreement.id)
    left_pence = underspend(outturn.grant_pence, outturn.spend_pence) if outturn is not None else None
    report = (await reported_quarters(session, agreement.id)).get(year.quarters[3].slug)
    # Read without a lock: whoever locks or reopens a quarter holds the agreement's row.
    still_open = (
        select(AccountingPeriod.quarter)
        .where(AccountingPeriod.agreement_id == agreement.id, AccountingPeriod.state == "open")
        .order_by(col(AccountingPeriod.quarter))
    )
    return ClosingPosition(
        year=year,
        state=agreement.state,
        grant_pence=agreement.grant_pence,
        outturn_state=outturn.state if outturn is not None else None,
        outturn_grant_pence=outturn.grant_pence if outturn is not None else None,
        certificate_state=certificate.state if certificate is not None else None,
        certificate_holds=certificate is not None and await _holds(session, agreement, certificate),
        undecided_pence=None if left_pence is None else left_pence - await treated_pence(session, agreement.id),
        undecided_variations=[
            f"{row.number} ({row.kind}, {row.state})" for row in await undecided_variations(session, agreement.id)
        ],
        open_quarters=[Quarter.parse(slug) for slug in (await session.exec(still_open)).all()],
        report_state=report.state if report is not None else None,
        held_lines=await held_undecided(session, agreement.id),
    )


async def _holds(session: AsyncSession, agreement: Agreement, certificate: Certificate) -> bool:
    """Whether a certificate's figures are still those of the year; names, which need a day, are not certified."""
    figures = await certified_figures(session, agreement, year_of(agreement.year).end)
    return fingerprint(figures.figures()) == certificate.figures_sha256

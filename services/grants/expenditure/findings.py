"""What a batch brings to light that stops no line: overspent budget lines, and lines that no account will show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import col, func, select

from services.grants import queries as grants
from services.grants.awards.tables import PassThroughAward
from services.grants.expenditure.rules import over_budget
from services.grants.expenditure.tables import ExpenditureBatch, LedgerEntry
from services.grants.tables import Agreement, Party
from shared.periods import london_date
from shared.work import Work


async def over_budgets(work: Work, agreements: set[UUID]) -> list[dict[str, Any]]:
    """Lines of the touched agreements whose entries now exceed their budget (G-30)."""
    findings: list[dict[str, Any]] = []
    for agreement_id in sorted(agreements):
        statement = (
            select(LedgerEntry.line_code, func.sum(LedgerEntry.eligible_pence))
            .where(LedgerEntry.agreement_id == agreement_id)
            .group_by(col(LedgerEntry.line_code))
        )
        spent = {code: int(pence) for code, pence in (await work.session.exec(statement)).all() if code is not None}
        agreement = await work.session.get_one(Agreement, agreement_id)
        lines = await grants.carrying_lines(
            work.session, agreement_id, max(london_date(work.now), agreement.in_force_from)
        )
        findings += over_budget(spent, {line.code: line.amount_pence or 0 for line in lines}, agreement.year)
    return findings


async def without_part(work: Work, batch: ExpenditureBatch, agreements: set[UUID]) -> list[dict[str, Any]]:
    """Agreements that took lines of this batch although its organisation has no part in them.

    Such lines stand in no account of the agreement: mostly the slug is wrong, or a party or an award is still missing.
    """
    findings: list[dict[str, Any]] = []
    for agreement_id in sorted(agreements):
        parts = select(Party.organisation_id).where(
            Party.agreement_id == agreement_id, col(Party.role).in_(("recipient", "lead_parent"))
        )
        awards = select(PassThroughAward.organisation_id).where(PassThroughAward.agreement_id == agreement_id)
        theirs = select(func.count(), func.coalesce(func.sum(LedgerEntry.eligible_pence), 0)).where(
            LedgerEntry.batch_id == batch.id, LedgerEntry.agreement_id == agreement_id
        )
        with_part = {*(await work.session.exec(parts)).all(), *(await work.session.exec(awards)).all()}
        if batch.organisation_id in with_part:
            continue
        lines, pence = (await work.session.exec(theirs)).one()
        if lines:
            agreement = await work.session.get_one(Agreement, agreement_id)
            findings.append(
                {"code": "no_part_in_agreement", "year": agreement.year, "lines": lines, "eligible_pence": int(pence)}
            )
    return findings

"""What a contract stands on and what stands on it: agreement, budget line, framework, call-offs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.contracts.queries import register
from services.transparency.contracts.tables import Contract, ContractVersion
from services.transparency.tables import Agreement, BudgetVersion, Organisation, PassThroughAward
from shared.periods import FinancialYear


@dataclass(frozen=True)
class Ground:
    """The agreement, and the line of its budget, on which a contract stands."""

    year: str
    agreement_id: UUID
    line_code: str | None
    line_name: str | None
    recipient: str | None
    """Slug of the body that receives the grant."""


async def ground_of(session: AsyncSession, organisation_id: UUID, grant_ref: str | None) -> Ground | None:
    """The agreement, and its budget line, that a grant reference ending in `2017-18` or `2017-18/IL1` means."""
    match = re.search("([0-9]{4}-[0-9]{2})(?:/(.+))?$", grant_ref or "")
    try:
        year = FinancialYear.parse(match[1]) if match else None
    except ValueError:
        year = None
    if match is None or year is None:
        return None
    handed_on = select(PassThroughAward.agreement_id).where(col(PassThroughAward.organisation_id) == organisation_id)
    statement = (
        select(Agreement, Organisation.slug)
        .outerjoin(Organisation, col(Organisation.organisation_id) == col(Agreement.recipient_id))
        .where(
            col(Agreement.year) == year.label,
            or_(
                col(Agreement.recipient_id) == organisation_id,
                col(Agreement.lead_parent_id) == organisation_id,
                col(Agreement.agreement_id).in_(handed_on),
            ),
        )
        .order_by(col(Agreement.signed_at).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        return None
    agreement, recipient = found
    budget = await session.exec(
        select(BudgetVersion)
        .where(col(BudgetVersion.agreement_id) == agreement.agreement_id)
        .order_by(col(BudgetVersion.version).desc())
        .limit(1)
    )
    latest = budget.first()
    name = next((line["name"] for line in latest.lines if line["code"] == match[2]), None) if latest else None
    return Ground(year.label, agreement.agreement_id, match[2], name, recipient)


async def call_offs(session: AsyncSession, organisation_id: UUID, reference: str) -> list[str]:
    """References of the contracts that are now let under a framework."""
    found = await session.exec(
        register()
        .with_only_columns(col(Contract.reference))
        .where(col(Contract.organisation_id) == organisation_id, col(ContractVersion.framework_ref) == reference)
        .order_by(col(Contract.reference))
    )
    return [row if isinstance(row, str) else row[0] for row in found.all()]

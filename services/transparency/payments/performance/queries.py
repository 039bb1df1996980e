"""Read-only: the figures of a half-year as they stand, and as they were approved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency import queries as publishers
from services.transparency.methodology import completed
from services.transparency.payments.invoices.queries import items_paid, stated_items, superseded_lines
from services.transparency.payments.performance import rules
from services.transparency.payments.performance.tables import PerformanceApproval
from shared.database import raw_connection
from shared.periods import HalfYear


@dataclass(frozen=True)
class Standing:
    """The figures as they stand at this moment, and the items they are made of."""

    figures: rules.Figures
    paid: Sequence[rules.PaidItem]
    makers: Sequence[str]
    """Who stated something of these items; the approver is none of them."""
    programme: bool


async def standing(session: AsyncSession, organisation_id: UUID, half: HalfYear, *, programme: bool) -> Standing:
    """The figures of the ledger and of the finance team's statements together."""
    connection = await raw_connection(session)
    items = await items_paid(connection, organisation_id, half.start, half.end, programme=programme)
    stated = await stated_items(session, organisation_id)
    paid, makers = [], set()
    for item in items:
        statement = stated.get(item.key)
        if statement is not None:
            makers.add(statement.stated_by)
        paid.append(
            rules.PaidItem(
                row_id=item.row_id,
                item=item.item,
                first_paid=item.first_paid,
                last_paid=item.last_paid,
                invoice_date=item.invoice_date,
                payment_day_stated=item.payment_day_stated,
                received_on=statement.received_on if statement else None,
                disputed=statement.disputed if statement else False,
                incomplete=statement.incomplete if statement else False,
            )
        )
    superseded = await superseded_lines(connection, organisation_id, half.start, half.end)
    found = rules.figures(paid, half, superseded_lines=superseded)
    return Standing(found, paid, sorted(makers), programme)


async def is_programme(session: AsyncSession, organisation_id: UUID, start: date) -> bool:
    """Whether the publisher shows its programme's spend alone, by the methodology in force on that day (T-1)."""
    in_force = [
        version
        for version in await publishers.methodologies(session, organisation_id)
        if version.effective_from is None or version.effective_from <= start
    ]
    return bool(in_force) and completed(in_force[-1].parameters)["scope"] == "programme"


async def approvals(session: AsyncSession, organisation_id: UUID, half: HalfYear) -> list[PerformanceApproval]:
    """What was approved of the half-year, the newest first."""
    found = await session.exec(
        select(PerformanceApproval)
        .where(
            col(PerformanceApproval.organisation_id) == organisation_id, col(PerformanceApproval.period) == half.slug
        )
        .order_by(col(PerformanceApproval.approved_at).desc(), col(PerformanceApproval.approval_id).desc())
    )
    return list(found.all())


def approval_of(approved: Sequence[PerformanceApproval], fingerprint: str) -> PerformanceApproval | None:
    """The approval of just these figures; None where they changed since, or were never approved."""
    return next((approval for approval in approved if approval.fingerprint == fingerprint), None)

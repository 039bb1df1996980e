"""Read-only selects for accounts: why a line's quarter came out negative."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, text, true
from sqlalchemy import select as columns_of
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure.tables import LedgerEntry
from services.grants.ledger.queries import PAID
from services.grants.periods.queries import View, own_entries, quarter_of_row
from shared.periods import Quarter
from shared.values import PUBLIC_PARTY_KINDS

MOST_REASONS = 5


@dataclass(frozen=True)
class Negative:
    """The negative entries of one kind in a line's quarter: how many, what they come to, and the reasons given."""

    kind: str
    entries: int
    pence: int
    reasons: tuple[str, ...]


async def negatives(
    session: AsyncSession,
    agreement_id: UUID,
    places: Iterable[tuple[str, Quarter]],
    *,
    view: View,
    known_by: datetime | None = None,
    sees_names: bool,
) -> dict[tuple[str, Quarter], list[Negative]]:
    """For each line and quarter named: its negative entries by kind (G-28).

    A reason given with the entry of a private payee may name that person; only those who see names are shown it.
    """
    wanted = set(places)
    if not wanted:
        return {}
    entry = LedgerEntry
    pence: Any = col(entry.eligible_pence) if view == "accruals" else PAID
    when: Any = col(entry.accounting_quarter) if view == "accruals" else func.date_trunc("quarter", entry.payment_date)
    shown = true() if sees_names else col(entry.party_kind).in_([*PUBLIC_PARTY_KINDS])
    statement: Any = (
        columns_of(
            col(entry.line_code),
            when.label("quarter"),
            col(entry.kind),
            func.count().label("entries"),
            func.sum(pence).label("pence"),
            func.array_agg(col(entry.reason).distinct()).filter(shown, col(entry.reason).is_not(None)).label("reasons"),
        )
        .where(
            col(entry.agreement_id) == agreement_id,
            own_entries(agreement_id),
            col(entry.line_code).in_({code for code, _ in wanted}),
            pence < 0,
        )
        .group_by(col(entry.line_code), text("quarter"), col(entry.kind))
        .order_by(col(entry.kind))
    )
    if known_by is not None:
        statement = statement.where(col(entry.recorded_at) < known_by)
    found: dict[tuple[str, Quarter], list[Negative]] = {}
    for row in await (await session.connection()).execute(statement):
        place = row.line_code, quarter_of_row(row.quarter)
        if place in wanted:
            reasons = tuple((row.reasons or [])[:MOST_REASONS])
            found.setdefault(place, []).append(Negative(row.kind, row.entries, int(row.pence), reasons))
    return found

"""Read-only selects on held lines and their decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure.tables import HeldLine, LedgerEntry
from services.grants.held_lines.tables import HeldDecision
from services.grants.organisations.tables import Organisation


def held_lines(organisations: frozenset[str] | None) -> Any:
    """(held line, slug, decision or None), within what the caller may see."""
    statement: Any = (
        select(HeldLine, Organisation.slug, HeldDecision)
        .join(Organisation, col(Organisation.id) == col(HeldLine.organisation_id))
        .outerjoin(HeldDecision, col(HeldDecision.held_line_id) == col(HeldLine.id))
    )
    if organisations is not None:
        statement = statement.where(col(Organisation.slug).in_(organisations))
    return statement


def has_reason(code: str) -> Any:
    return col(HeldLine.reasons).contains([{"code": code}])


async def held_rows(session: AsyncSession, held_ids: Sequence[UUID], organisations: frozenset[str] | None) -> Any:
    """Held lines by id, in the order of their records."""
    statement = held_lines(organisations).where(col(HeldLine.id).in_(held_ids)).order_by(HeldLine.record)
    return (await session.exec(statement)).all()


async def waiting_of_batch(session: AsyncSession, batch_id: UUID, reason_code: str) -> Sequence[UUID]:
    """The lines of a batch that wait for this reason, in the order of their records."""
    statement = (
        select(HeldLine.id)
        .outerjoin(HeldDecision, col(HeldDecision.held_line_id) == col(HeldLine.id))
        .where(HeldLine.batch_id == batch_id, col(HeldDecision.id).is_(None), has_reason(reason_code))
        .order_by(col(HeldLine.record))
    )
    return (await session.exec(statement)).all()


async def repeated_entries(session: AsyncSession, lines: Sequence[HeldLine]) -> dict[UUID, UUID]:
    """Held line → an entry of the same content, where lines are counted: the first occurrence."""
    firsts = {line.id: f"{line.fingerprint.hex}#1" for line in lines}
    statement = select(LedgerEntry.line_key, LedgerEntry.entry_id).where(
        col(LedgerEntry.line_key).in_(set(firsts.values())),
        LedgerEntry.organisation_id == lines[0].organisation_id,
        LedgerEntry.source == lines[0].source,
    )
    entries: dict[str, UUID] = dict((await session.exec(statement)).all())
    return {held_id: entries[key] for held_id, key in firsts.items() if key in entries}

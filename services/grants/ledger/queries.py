"""Read-only selects on the ledger: entries with the state their chain gives them, chains, items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.awards.tables import PassThroughAward
from services.grants.expenditure.tables import LedgerEntry
from services.grants.organisations.tables import Organisation
from services.grants.tables import Party

REVERSAL, CORRECTION = aliased(LedgerEntry), aliased(LedgerEntry)
ROOT = func.coalesce(LedgerEntry.replaces, LedgerEntry.entry_id)

PAID = func.coalesce(col(LedgerEntry.net_pence) + col(LedgerEntry.vat_pence), LedgerEntry.eligible_pence)
"""The full amount paid, which the cash view shows (G-26): with all its VAT where that is known."""


def paid_pence(entry: LedgerEntry) -> int:
    return entry.eligible_pence if entry.vat_pence is None else entry.net_pence + entry.vat_pence


def ledger(
    *,
    organisations: frozenset[str] | None,
    organisation: str | None = None,
    agreement_id: UUID | None = None,
    batch_id: UUID | None = None,
) -> Any:
    """Entries with their organisation's slug and what reversed and corrected them, within what the caller may see."""
    statement: Any = (
        select(
            LedgerEntry,
            Organisation.slug,
            col(REVERSAL.entry_id).label("reversed_by"),
            col(CORRECTION.entry_id).label("corrected_by"),
        )
        .join(Organisation, col(Organisation.id) == col(LedgerEntry.organisation_id))
        .outerjoin(REVERSAL, col(REVERSAL.reverses) == col(LedgerEntry.entry_id))
        # A correction's two entries share their batch.
        .outerjoin(CORRECTION, (col(CORRECTION.replaces) == ROOT) & (CORRECTION.batch_id == REVERSAL.batch_id))
    )
    if organisations is not None:
        statement = statement.where(col(Organisation.slug).in_(organisations))
    if organisation is not None:
        statement = statement.where(Organisation.slug == organisation)
    if agreement_id is not None:
        statement = statement.where(LedgerEntry.agreement_id == agreement_id)
    if batch_id is not None:
        statement = statement.where(LedgerEntry.batch_id == batch_id)
    return statement


async def entry_row(session: AsyncSession, entry_id: UUID, organisations: frozenset[str] | None) -> Any:
    """(entry, slug, reversed_by, corrected_by); None where there is none that the caller may see."""
    statement = ledger(organisations=organisations).where(LedgerEntry.entry_id == entry_id)
    return (await session.exec(statement)).one_or_none()


async def entry_rows(
    session: AsyncSession, entry_ids: Iterable[UUID], organisations: frozenset[str] | None = None
) -> dict[UUID, Any]:
    """The same for several entries, by id."""
    statement = ledger(organisations=organisations).where(col(LedgerEntry.entry_id).in_(list(entry_ids)))
    return {row[0].entry_id: row for row in (await session.exec(statement)).all()}


def links_of(root: UUID) -> Any:
    """The ids of a chain: its root, every correction, and the reversal of each; every part through an index."""
    link, correction = aliased(LedgerEntry), aliased(LedgerEntry)
    corrections = select(correction.entry_id).where(correction.replaces == root)
    return union_all(
        select(link.entry_id).where(link.entry_id == root),
        corrections,
        select(link.entry_id).where(link.reverses == root),
        select(link.entry_id)
        .join(correction, col(link.reverses) == col(correction.entry_id))
        .where(correction.replaces == root),
    )


def exists_where(table: Any, condition: Any) -> Any:
    return select(table).where(condition).exists()


async def chain_rows(session: AsyncSession, root: UUID, organisations: frozenset[str] | None) -> Sequence[Any]:
    """Every entry of a chain in the order of posting: the root, its corrections, and the reversals of all of them."""
    statement = ledger(organisations=organisations).where(col(LedgerEntry.entry_id).in_(links_of(root)))
    in_order = statement.order_by(LedgerEntry.recorded_at, LedgerEntry.batch_id, LedgerEntry.record)
    return list((await session.exec(in_order)).all())


async def item_rows(session: AsyncSession, entry: LedgerEntry, organisations: frozenset[str] | None) -> Sequence[Any]:
    """Every line of the invoice that an entry belongs to, by its number."""
    statement = ledger(organisations=organisations).where(
        LedgerEntry.organisation_id == entry.organisation_id,
        LedgerEntry.source == entry.source,
        LedgerEntry.item_id == entry.item_id,
    )
    return list((await session.exec(statement.order_by(LedgerEntry.line_no))).all())


@dataclass(frozen=True)
class ChainEnd:
    """Where a chain stands: its newest full entry, and whether that was reversed too."""

    newest: UUID
    reversed: bool


async def chain_end(session: AsyncSession, root: UUID) -> ChainEnd:
    rows = [row for row in await chain_rows(session, root, None) if row[0].reverses is None]
    newest, _, reversed_by, _ = rows[-1]
    return ChainEnd(newest.entry_id, reversed_by is not None)


async def last_line_numbers(
    session: AsyncSession, organisation_id: UUID, source: str, items: Iterable[str]
) -> dict[str, int]:
    """Item → the number of its last line so far."""
    statement = (
        select(LedgerEntry.item_id, func.max(LedgerEntry.line_no))
        .where(
            LedgerEntry.organisation_id == organisation_id,
            LedgerEntry.source == source,
            col(LedgerEntry.item_id).in_(set(items)),
        )
        .group_by(col(LedgerEntry.item_id))
    )
    return dict((await session.exec(statement)).all())


async def has_part(session: AsyncSession, agreement_id: UUID, organisation_id: UUID) -> bool:
    """Whether an organisation spends an agreement's grant: its recipient, the recipient's lead parent, or a body that
    some of it is awarded to (G-22)."""
    party = select(Party.organisation_id).where(
        Party.agreement_id == agreement_id,
        Party.organisation_id == organisation_id,
        col(Party.role).in_(("recipient", "lead_parent")),
    )
    award = select(PassThroughAward.organisation_id).where(
        PassThroughAward.agreement_id == agreement_id, PassThroughAward.organisation_id == organisation_id
    )
    return (await session.exec(select(party.exists() | award.exists()))).one()


@dataclass(frozen=True)
class Alike:
    """Standing entries of one source that have all these values; None leaves a column open."""

    organisation: str
    source: str
    agreement_id: UUID | None = None
    line_code: str | None = None
    category: str | None = None
    unit: str | None = None
    contract_ref: str | None = None
    party_key: str | None = None
    service_from: date | None = None
    service_to: date | None = None

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


async def entries_alike(session: AsyncSession, alike: Alike) -> Sequence[UUID]:
    """The entries that stand and are alike, in the order of posting."""
    day = func.coalesce(LedgerEntry.service_date, LedgerEntry.payment_date)
    statement = ledger(organisations=None, organisation=alike.organisation, agreement_id=alike.agreement_id).where(
        LedgerEntry.source == alike.source,
        col(LedgerEntry.reverses).is_(None),
        col(REVERSAL.entry_id).is_(None),
    )
    for name in ("line_code", "category", "unit", "contract_ref", "party_key"):
        if (value := getattr(alike, name)) is not None:
            statement = statement.where(getattr(LedgerEntry, name) == value)
    if alike.service_from is not None:
        statement = statement.where(day >= alike.service_from)
    if alike.service_to is not None:
        statement = statement.where(day <= alike.service_to)
    in_order = statement.order_by(LedgerEntry.recorded_at, LedgerEntry.batch_id, LedgerEntry.record)
    return [row[0].entry_id for row in (await session.exec(in_order)).all()]

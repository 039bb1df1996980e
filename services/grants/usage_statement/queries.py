"""Read-only selects on what a year's entries declare about their use, and on what still waits for a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, true
from sqlalchemy import select as columns_of
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure.tables import HeldLine, LedgerEntry
from services.grants.held_lines.tables import HeldDecision
from services.grants.organisations.queries import slugs_of
from services.grants.use_rules.queries import latest_of_entry, stands, undecided_awards, use_summary
from services.grants.use_rules.tables import UseDeclaration

USE_CODES = ("use_refused", "use_decision_required")
"""Codes of the reasons for which a line waits for a decision about its use (G-19)."""


@dataclass(frozen=True)
class DeclaredUse:
    """Entries that declare the same: codes none or some, an exception or none, and what came of it."""

    codes: tuple[str, ...]
    exception: str | None
    outcome: str
    entries: int
    spend_pence: int


@dataclass(frozen=True)
class Undeclared:
    """Entries of one source and quarter that declare nothing about their use, not even that they raise no code."""

    organisation: str
    source: str
    quarter: str
    entries: int
    spend_pence: int


@dataclass(frozen=True)
class VatTreatment:
    """How the amounts of a year's entries treat VAT, in pence (G-27)."""

    net_entries: int
    gross_entries: int
    gross_pence: int
    recoverable_vat_pence: int
    irrecoverable_vat_pence: int


async def declared_uses(session: AsyncSession, agreement_id: UUID) -> tuple[list[DeclaredUse], list[Undeclared]]:
    """What the year's standing entries declare, those of pass-through bodies too (G-22); and what declares nothing.

    What a person declared later goes before what the line came with. An entry that was reversed, and its reversal, buy
    nothing and declare nothing.
    """
    latest = latest_of_entry()
    known = latest.c.id.is_not(None)
    came_with: Any = case((col(LedgerEntry.use_codes).is_not(None), "allowed"))
    statement: Any = (
        columns_of(
            func.coalesce(latest.c.codes, LedgerEntry.use_codes).label("kept_codes"),
            case((known, latest.c.exception), else_=col(LedgerEntry.use_exception)).label("kept_exception"),
            func.coalesce(latest.c.outcome, came_with).label("kept_outcome"),
            col(LedgerEntry.organisation_id).label("body"),
            col(LedgerEntry.source).label("source"),
            col(LedgerEntry.accounting_quarter).label("quarter"),
            func.count().label("entries"),
            func.coalesce(func.sum(LedgerEntry.eligible_pence), 0).label("pence"),
        )
        .select_from(LedgerEntry)
        .outerjoin(latest, true())
        .where(col(LedgerEntry.agreement_id) == agreement_id, *stands())
        .group_by("kept_codes", "kept_exception", "kept_outcome", "body", "source", "quarter")
    )
    declared: dict[tuple[tuple[str, ...], str | None, str], tuple[int, int]] = {}
    undeclared = []
    rows = (await (await session.connection()).execute(statement)).all()
    slugs = await slugs_of(session, {row.body for row in rows})
    for row in rows:
        if row.kept_outcome is None:
            undeclared.append(Undeclared(slugs[row.body], row.source, row.quarter, row.entries, int(row.pence)))
            continue
        key = (tuple(sorted(row.kept_codes or ())), row.kept_exception, row.kept_outcome)
        entries, pence = declared.get(key, (0, 0))
        declared[key] = (entries + row.entries, pence + int(row.pence))
    return (
        [
            DeclaredUse(*key, *found)
            for key, found in sorted(declared.items(), key=lambda one: (one[0][0], one[0][1] or "", one[0][2]))
        ],
        sorted(undeclared, key=lambda one: (one.organisation, one.source, one.quarter)),
    )


async def use_decisions(session: AsyncSession, agreement_id: UUID) -> Sequence[UseDeclaration]:
    """Every decision a person took about the use of an entry, a held line or an award of the year, in order.

    What was decided on a held line is kept with the entry that it became too, and shown there alone.
    """
    became_entry = (
        select(HeldDecision.id)
        .where(HeldDecision.held_line_id == UseDeclaration.subject_id, HeldDecision.decision == "accepted")
        .exists()
    )
    statement = (
        select(UseDeclaration)
        .where(
            UseDeclaration.agreement_id == agreement_id,
            col(UseDeclaration.decided_at).is_not(None),
            ~((col(UseDeclaration.subject_kind) == "held_line") & became_entry),
        )
        .order_by(col(UseDeclaration.decided_at), col(UseDeclaration.id))
    )
    return (await session.exec(statement)).all()


async def held_undecided(session: AsyncSession, agreement_id: UUID) -> dict[str, int]:
    """Lines meant for the year that wait for a person: code of the first reason → how many."""
    statement: Any = (
        columns_of(col(HeldLine.reasons)[0]["code"].astext.label("code"), func.count().label("lines"))
        .outerjoin(HeldDecision, col(HeldDecision.held_line_id) == col(HeldLine.id))
        .where(col(HeldDecision.id).is_(None), col(HeldLine.entry)["agreement_id"].astext == str(agreement_id))
        .group_by("code")
    )
    return {row.code: row.lines for row in (await (await session.connection()).execute(statement)).all()}


async def use_awaiting(session: AsyncSession, agreement_id: UUID, held: Mapping[str, int]) -> int:
    """Held lines, entries and awards of the year about whose use a decision is asked for and not taken (G-19)."""
    entries = (await use_summary(session, agreement_id)).awaiting_decision
    return entries + await undecided_awards(session, agreement_id) + sum(held.get(code, 0) for code in USE_CODES)


async def vat_treatment(session: AsyncSession, agreement_id: UUID) -> VatTreatment:
    """How the year's entries treat VAT."""
    gross: Any = col(LedgerEntry.amount_basis) == "gross"
    statement: Any = columns_of(
        func.count().filter(~gross).label("net_entries"),
        func.count().filter(gross).label("gross_entries"),
        func.coalesce(func.sum(LedgerEntry.eligible_pence).filter(gross), 0).label("gross_pence"),
        func.coalesce(func.sum(LedgerEntry.recoverable_vat_pence), 0).label("recoverable"),
        func.coalesce(func.sum(LedgerEntry.irrecoverable_vat_pence), 0).label("irrecoverable"),
    ).where(col(LedgerEntry.agreement_id) == agreement_id)
    row = (await (await session.connection()).execute(statement)).one()
    return VatTreatment(
        row.net_entries, row.gross_entries, int(row.gross_pence), int(row.recoverable), int(row.irrecoverable)
    )

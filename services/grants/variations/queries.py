"""Read-only selects on variations, what they move and how they were decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.budget.lines import Line
from services.grants.faults import uuid_of
from services.grants.variations.content.rules import Change, Content, VariationKind
from services.grants.variations.tables import SignificanceThresholds, Variation, VariationDecision, VirementLine
from services.grants.variations.virements.rules import Move
from shared.errors import NotFound

UNDECIDED = ("draft", "board", "submitted")


async def undecided_variations(session: AsyncSession, agreement_id: UUID) -> Sequence[Variation]:
    """Variations and virements on which nobody has the last word yet, the oldest first (G-38)."""
    statement = select(Variation).where(Variation.agreement_id == agreement_id, col(Variation.state).in_(UNDECIDED))
    return (await session.exec(statement.order_by(col(Variation.number)))).all()


async def load_variation(session: AsyncSession, agreement_id: UUID, key: str, *, virement: bool = False) -> Variation:
    """By id, or by number within its agreement."""
    statement = select(Variation).where(Variation.agreement_id == agreement_id)
    if key.isascii() and key.isdigit() and len(key) < 6:
        statement = statement.where(Variation.number == int(key))
    else:
        statement = statement.where(Variation.id == uuid_of(key))
    if virement:
        statement = statement.where(col(Variation.is_virement).is_(True))
    variation = (await session.exec(statement)).one_or_none()
    if variation is None:
        raise NotFound(f"The agreement has no {'virement' if virement else 'variation'} with this id or number.")
    return variation


async def next_number(session: AsyncSession, agreement_id: UUID) -> int:
    """The number of the next variation; hold the agreement's lock."""
    statement = select(func.coalesce(func.max(Variation.number), 0)).where(Variation.agreement_id == agreement_id)
    return int((await session.exec(statement)).one()) + 1


async def virement_lines(session: AsyncSession, variation_ids: Sequence[UUID]) -> dict[UUID, list[VirementLine]]:
    """What each of these moves, in the order it was proposed in."""
    statement = select(VirementLine).where(col(VirementLine.variation_id).in_(variation_ids))
    moved: dict[UUID, list[VirementLine]] = {each: [] for each in variation_ids}
    for row in (await session.exec(statement.order_by(col(VirementLine.position)))).all():
        moved[row.variation_id].append(row)
    return moved


async def decisions_of(session: AsyncSession, variation_id: UUID) -> Sequence[VariationDecision]:
    """The steps taken, in order."""
    statement = select(VariationDecision).where(VariationDecision.variation_id == variation_id)
    return (await session.exec(statement.order_by(col(VariationDecision.number)))).all()


async def thresholds_of(session: AsyncSession, agreement_id: UUID) -> Sequence[SignificanceThresholds]:
    """Every setting, the latest first; none at first (G-15)."""
    statement = select(SignificanceThresholds).where(SignificanceThresholds.agreement_id == agreement_id)
    return (await session.exec(statement.order_by(col(SignificanceThresholds.number).desc()))).all()


async def content_of(session: AsyncSession, variation: Variation) -> Content:
    """What a stored variation would change, as the rules take it."""
    moved = await virement_lines(session, [variation.id])
    return as_content(variation, moved[variation.id])


def as_content(variation: Variation, moved: Sequence[VirementLine]) -> Content:
    """A stored variation with what it moves, as the rules take it."""
    moves = [Move(row.code, row.delta_pence) for row in moved]
    return Content(
        kind=cast(VariationKind, variation.kind),
        effective_from=variation.effective_from,
        moves=tuple(moves) or None,
        lines=tuple(Line(**line) for line in variation.lines) if variation.lines is not None else None,
        grant_pence=variation.grant_pence,
        in_force_to=variation.in_force_to,
        review_by=variation.review_by,
        changes=tuple(Change(**change) for change in variation.changes),
        is_virement=variation.is_virement,
    )

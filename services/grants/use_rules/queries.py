"""Read-only selects on rule books and declarations."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.use_rules.defaults import DEFAULT_BOOK
from services.grants.use_rules.rules import RuleBook
from services.grants.use_rules.tables import UseDeclaration, UseRuleBook


async def rule_book(session: AsyncSession) -> RuleBook:
    """The rules in force: the version stored last, or the one that stands before any was."""
    kept = await newest_book(session)
    return DEFAULT_BOOK if kept is None else book_of(kept)


async def newest_book(session: AsyncSession) -> UseRuleBook | None:
    statement = select(UseRuleBook).order_by(col(UseRuleBook.number).desc()).limit(1)
    return (await session.exec(statement)).one_or_none()


def book_of(kept: UseRuleBook) -> RuleBook:
    return RuleBook.from_json({**kept.book, "version": kept.number})


async def declarations_of(session: AsyncSession, subject_kind: str, subject_id: UUID) -> Sequence[UseDeclaration]:
    """What was declared and decided of one subject, the latest last."""
    statement = (
        select(UseDeclaration)
        .where(UseDeclaration.subject_kind == subject_kind, UseDeclaration.subject_id == subject_id)
        .order_by(col(UseDeclaration.number))
    )
    return (await session.exec(statement)).all()


async def latest_declaration(session: AsyncSession, subject_kind: str, subject_id: UUID) -> UseDeclaration | None:
    found = await declarations_of(session, subject_kind, subject_id)
    return found[-1] if found else None

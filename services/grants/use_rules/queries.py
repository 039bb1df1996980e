"""Read-only selects on rule books and declarations, and what of an agreement's ledger is declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import any_, case, func, literal, or_, true
from sqlalchemy import select as columns_of
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.awards.tables import PassThroughAward
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.tables import HeldLine, LedgerEntry
from services.grants.use_rules.defaults import DEFAULT_BOOK, DEFAULT_EDITION, Edition
from services.grants.use_rules.rules import UNDECLARED, RuleBook
from services.grants.use_rules.tables import GuidanceEdition, PublicMoneyDeclaration, UseDeclaration, UseRuleBook
from shared.errors import NotFound


@dataclass(frozen=True)
class UseSummary:
    """How the standing entries of an agreement are declared: neither reversals nor what they cancelled count."""

    entries: int
    undeclared: int
    awaiting_decision: int
    refused: int
    allowed: int


async def rule_book(session: AsyncSession) -> RuleBook:
    """The rules in force: the version stored last, or the one that stands before any was."""
    kept = await newest_book(session)
    return DEFAULT_BOOK if kept is None else book_of(kept)


async def rule_book_version(session: AsyncSession, number: int) -> RuleBook:
    """One version; 0 is the one that stood first. NotFound otherwise."""
    if number == 0:
        return DEFAULT_BOOK
    kept = await session.get(UseRuleBook, number)
    if kept is None:
        raise NotFound("The rules have no version of this number.")
    return book_of(kept)


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


async def refused_subjects(session: AsyncSession, subject_kind: str, subject_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these subjects whose use a person refused, and nobody allowed since."""
    statement = (
        select(UseDeclaration)
        .where(
            UseDeclaration.subject_kind == subject_kind,
            col(UseDeclaration.subject_id).in_(subject_ids),
            col(UseDeclaration.decided_at).is_not(None),
        )
        .order_by(col(UseDeclaration.number))
    )
    last = {decided.subject_id: decided.outcome for decided in (await session.exec(statement)).all()}
    return {subject for subject, outcome in last.items() if outcome == "refused"}


async def load_declaration(session: AsyncSession, key: UUID) -> UseDeclaration:
    found = await session.get(UseDeclaration, key)
    if found is None:
        raise NotFound("There is no declaration of use with this id.")
    return found


def latest_of_subjects(agreement_id: UUID) -> Any:
    """The declaration that counts of each subject of an agreement: the latest."""
    return (
        columns_of(UseDeclaration)
        .where(col(UseDeclaration.agreement_id) == agreement_id)
        .ext(distinct_on(col(UseDeclaration.subject_kind), col(UseDeclaration.subject_id)))
        .order_by(col(UseDeclaration.subject_kind), col(UseDeclaration.subject_id), col(UseDeclaration.number).desc())
        .subquery("latest")
    )


def latest_of_entry() -> Any:
    """The declaration that counts of the ledger entry beside it, to be joined to ledger entries.

    Looked up entry by entry, by index: however many entries a year has, no planner can take a slower way.
    """
    return (
        columns_of(UseDeclaration)
        .where(col(UseDeclaration.subject_id) == col(LedgerEntry.entry_id), col(UseDeclaration.subject_kind) == "entry")
        .order_by(col(UseDeclaration.number).desc())
        .limit(1)
        .lateral("latest")
    )


def stands() -> tuple[Any, Any]:
    """Conditions on a ledger entry: it neither reverses another nor was reversed, so it bought something."""
    cancelling = aliased(LedgerEntry)
    cancelled = (
        columns_of(col(cancelling.entry_id))
        .where(col(cancelling.reverses) == col(LedgerEntry.entry_id))
        .limit(1)
        .scalar_subquery()
    )
    return col(LedgerEntry.reverses).is_(None), cancelled.is_(None)


def standing_uses(agreement_id: UUID) -> Any:
    """Every standing entry of an agreement with how its use is declared: entry, outcome, number of declarations.

    What entered the ledger with codes of its own was judged on its way in: it stands as allowed.
    """
    latest = latest_of_entry()
    outcome = case(
        (latest.c.outcome.is_not(None), latest.c.outcome),
        (col(LedgerEntry.use_codes).is_not(None), literal("allowed")),
        else_=literal(UNDECLARED),
    )
    return (
        columns_of(
            col(LedgerEntry.entry_id),
            col(LedgerEntry.line_code),
            col(LedgerEntry.purpose),
            col(LedgerEntry.category),
            col(LedgerEntry.unit),
            col(LedgerEntry.party_kind),
            col(LedgerEntry.party_name),
            outcome.label("outcome"),
            func.coalesce(latest.c.number, 0).label("declared"),
            col(LedgerEntry.accounting_quarter),
            col(LedgerEntry.source),
        )
        .outerjoin(latest, true())
        .where(col(LedgerEntry.agreement_id) == agreement_id, *stands())
    )


async def use_summary(session: AsyncSession, agreement_id: UUID) -> UseSummary:
    """What of an agreement's ledger is declared, and what waits or was refused (G-19, G-37)."""
    uses = standing_uses(agreement_id).subquery()
    counted = columns_of(uses.c.outcome, func.count()).group_by(uses.c.outcome)
    found = (await (await session.connection()).execute(counted)).all()
    rows: dict[str, int] = {row[0]: row[1] for row in found}
    return UseSummary(
        entries=sum(rows.values()),
        undeclared=rows.get(UNDECLARED, 0),
        awaiting_decision=rows.get("decision_required", 0),
        refused=rows.get("refused", 0),
        allowed=rows.get("allowed", 0),
    )


async def undecided_awards(session: AsyncSession, agreement_id: UUID) -> int:
    """Awards of an agreement, not over, whose use is not settled."""
    statement = select(func.count(col(PassThroughAward.id))).where(
        PassThroughAward.agreement_id == agreement_id,
        col(PassThroughAward.state).in_(("offered", "terms_acknowledged")),
        PassThroughAward.use_outcome != "allowed",
    )
    return int((await session.exec(statement)).one())


def declarations(
    agreement_id: UUID, *, subject_kind: str | None, outcome: str | None, code: str | None, latest_only: bool
) -> Any:
    """Declarations of an agreement; with `latest_only` the one that counts of each subject."""
    statement = select(UseDeclaration).where(UseDeclaration.agreement_id == agreement_id)
    if subject_kind is not None:
        statement = statement.where(UseDeclaration.subject_kind == subject_kind)
    if latest_only:
        later = aliased(UseDeclaration)
        superseded = (
            columns_of(col(later.id))
            .where(
                col(later.subject_id) == col(UseDeclaration.subject_id),
                col(later.subject_kind) == col(UseDeclaration.subject_kind),
                col(later.number) > col(UseDeclaration.number),
            )
            .limit(1)
            .scalar_subquery()
        )
        statement = statement.where(superseded.is_(None))
    if outcome is not None:
        statement = statement.where(UseDeclaration.outcome == outcome)
    if code is not None:
        raised = literal(code) == any_(col(UseDeclaration.codes))
        statement = statement.where(or_(col(UseDeclaration.rule_code) == code, raised))
    return statement


async def private_subjects(session: AsyncSession, subject_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these subjects are payments to a person, or to a payee of unknown kind."""
    entered = select(LedgerEntry.entry_id).where(
        col(LedgerEntry.entry_id).in_(subject_ids), col(LedgerEntry.party_kind).not_in(PUBLIC_KINDS)
    )
    kind = col(HeldLine.entry)["party_kind"].astext
    waiting = select(HeldLine.id).where(col(HeldLine.id).in_(subject_ids), kind.not_in(PUBLIC_KINDS))
    return {*(await session.exec(entered)).all(), *(await session.exec(waiting)).all()}


async def guidance_edition(session: AsyncSession, name: str) -> GuidanceEdition | None:
    return await session.get(GuidanceEdition, name)


async def edition_named(session: AsyncSession, name: str) -> Edition | None:
    """An edition and its principles: one that was kept, or the one of 2017/18 that stands from the beginning."""
    if name == DEFAULT_EDITION.name:
        return DEFAULT_EDITION
    kept = await guidance_edition(session, name)
    return None if kept is None else Edition(kept.name, kept.published_on, tuple(kept.principles))


async def editions(session: AsyncSession) -> list[Edition]:
    kept = (await session.exec(select(GuidanceEdition).order_by(col(GuidanceEdition.name)))).all()
    return [DEFAULT_EDITION, *(Edition(row.name, row.published_on, tuple(row.principles)) for row in kept)]


async def public_money_declarations(session: AsyncSession, agreement_id: UUID) -> Sequence[PublicMoneyDeclaration]:
    """The yearly declarations of an agreement, the latest last (G-21)."""
    statement = (
        select(PublicMoneyDeclaration)
        .where(PublicMoneyDeclaration.agreement_id == agreement_id)
        .order_by(col(PublicMoneyDeclaration.number))
    )
    return (await session.exec(statement)).all()

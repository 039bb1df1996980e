"""Reads what of each year may await somebody. Every select here is of what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as columns_of
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.agreements.queries import yearly_reviews
from services.grants.awaiting.rules import Pending, QuarterFacts, UnsettledFile, YearFacts
from services.grants.awards.tables import PassThroughAward
from services.grants.budget.tables import BudgetVersion
from services.grants.certificates.rules import outdated
from services.grants.certificates.standing import standing_certificate
from services.grants.closure.queries import closing_position
from services.grants.closure.rules import standing_open
from services.grants.expenditure.name_findings import open_name_findings
from services.grants.expenditure.tables import ExpenditureBatch, HeldLine
from services.grants.faults import year_of
from services.grants.held_lines.tables import HeldDecision
from services.grants.organisations.queries import slugs_of
from services.grants.organisations.tables import Organisation
from services.grants.payments.queries import payments_of
from services.grants.payments.tables import Payment
from services.grants.periods.queries import is_stale, latest_statement
from services.grants.periods.tables import AccountingPeriod
from services.grants.queries import latest_outturn, signatures
from services.grants.tables import Agreement
from services.grants.underspend.queries import treatments
from services.grants.underspend.tables import UnderspendTreatment
from services.grants.use_rules.queries import latest_of_subjects, public_money_declarations
from services.grants.use_rules.rules import UNDECLARED
from services.grants.variations.queries import undecided_variations
from shared.money import sterling
from shared.periods import Quarter, london_date


async def open_years(session: AsyncSession) -> Sequence[Agreement]:
    """Agreements that are not closed, in the order of their years."""
    statement = select(Agreement).where(col(Agreement.closed_at).is_(None)).order_by(col(Agreement.year))
    return (await session.exec(statement)).all()


async def closed_years_to_settle(session: AsyncSession) -> Sequence[Agreement]:
    """Closed agreements with a decision on their underspend that is not carried out, in the order of their years."""
    decided = select(UnderspendTreatment.agreement_id).where(UnderspendTreatment.state == "decided")
    statement = select(Agreement).where(col(Agreement.closed_at).is_not(None), col(Agreement.id).in_(decided))
    return (await session.exec(statement.order_by(col(Agreement.year)))).all()


async def treatments_pending(session: AsyncSession, agreement_id: UUID) -> list[Pending]:
    """Decisions on a year's underspend that are not carried out."""
    return [
        Pending(str(row.id), row.decided_on, f"{row.treatment.replace('_', ' ')} {sterling(row.amount_pence)}")
        for row in await treatments(session, agreement_id)
        if row.state == "decided"
    ]


async def year_facts(session: AsyncSession, agreement: Agreement) -> YearFacts:
    """What of one year may await somebody."""
    signed = await signatures(session, agreement.id)
    changes = await undecided_variations(session, agreement.id)
    outturn = await latest_outturn(session, agreement.id)
    certificate = await standing_certificate(session, agreement.id)
    closing = await closing_position(session, agreement)
    payments = await payments_of(session, agreement.id)
    return YearFacts(
        agreement_id=agreement.id,
        year=year_of(agreement.year),
        state=agreement.state,
        drafted_on=london_date(agreement.created_at),
        signatures=len(signed),
        review_by=agreement.review_by,
        reviewed_on=[row.reviewed_on for row in await yearly_reviews(session, agreement.id)],
        nameless_signatures=[
            Pending(str(row.id), london_date(row.created_at), str(row.number)) for row in signed if row.party is None
        ],
        budgets_to_approve=await _budgets(session, agreement.id),
        variations=[
            Pending(str(row.id), london_date(row.created_at), f"{row.kind}, {row.state}")
            for row in changes
            if row.procedure == "department"
        ],
        virements=[
            Pending(str(row.id), london_date(row.created_at), f"number {row.number}, inside one heading")
            for row in changes
            if row.procedure == "internal"
        ],
        held_lines=await held_pending(session, agreement.id),
        use_decisions=await _use_decisions(session, agreement.id),
        payments_with_excess=[_excess(row) for row in payments if _has_excess(row)],
        payments_due=[
            Pending(str(row.id), london_date(row.created_at), sterling(row.requested_pence), row.due_on)
            for row in payments
            if row.state in ("planned", "requested", "part_paid") and row.due_on is not None
        ],
        awards_to_acknowledge=await _awards(session, agreement.id, col(PassThroughAward.state) == "offered"),
        awards_undeclared=await _awards(
            session,
            agreement.id,
            col(PassThroughAward.state).in_(("offered", "terms_acknowledged")),
            col(PassThroughAward.use_outcome) == UNDECLARED,
        ),
        quarters=await _quarters(session, agreement.id),
        outturn_state=outturn.state if outturn is not None else None,
        outturn_on=london_date(outturn.recorded_at) if outturn is not None else None,
        outturn_outdated=bool(outdated(closing.grant_pence, closing.outturn_grant_pence)),
        undecided_pence=closing.undecided_pence,
        treatments_to_settle=await treatments_pending(session, agreement.id),
        certificate_state=certificate.state if certificate is not None else None,
        certificate_on=london_date(certificate.created_at) if certificate is not None else None,
        guidance_edition=agreement.guidance_edition,
        public_money_declared=bool(await public_money_declarations(session, agreement.id)),
        standing_open=len(standing_open(closing)),
    )


async def held_pending(session: AsyncSession, agreement_id: UUID | None) -> list[Pending]:
    """Held lines meant for an agreement, or for none, by the first reason for which each waits."""
    code, meant_for = col(HeldLine.reasons)[0]["code"].astext, col(HeldLine.entry)["agreement_id"].astext
    statement: Any = (
        columns_of(code.label("code"), func.count().label("lines"), func.min(HeldLine.held_at).label("since"))
        .outerjoin(HeldDecision, col(HeldDecision.held_line_id) == col(HeldLine.id))
        .where(
            col(HeldDecision.id).is_(None),
            meant_for.is_(None) if agreement_id is None else meant_for == str(agreement_id),
        )
        .group_by("code")
        .order_by("code")
    )
    rows = (await (await session.connection()).execute(statement)).all()
    return [Pending(row.code or "unknown", london_date(row.since), count=row.lines) for row in rows]


async def unsettled_files(session: AsyncSession, organisations: frozenset[str] | None) -> list[UnsettledFile]:
    """Files with unsettled lines, within what the caller may see."""
    statement: Any = (
        select(ExpenditureBatch, Organisation.slug)
        .join(Organisation, col(Organisation.id) == col(ExpenditureBatch.organisation_id))
        .where(col(ExpenditureBatch.unsettled_lines) > 0)
        .order_by(col(ExpenditureBatch.id))
    )
    if organisations is not None:
        statement = statement.where(col(Organisation.slug).in_(organisations))
    return [
        UnsettledFile(
            batch.id,
            slug,
            batch.source,
            london_date(batch.completed_at or batch.created_at),
            batch.unsettled_lines,
            batch.unsettled_pence,
            (batch.covers_from, batch.covers_to) if batch.covers_from and batch.covers_to else None,
        )
        for batch, slug in (await session.exec(statement)).all()
    ]


async def names_published(session: AsyncSession) -> list[Pending]:
    """Batches that found the name of a private payee in rows that had left before (T-63)."""
    return [
        Pending(str(batch_id), london_date(since), count=entries)
        for batch_id, since, entries in await open_name_findings(session)
    ]


async def _budgets(session: AsyncSession, agreement_id: UUID) -> list[Pending]:
    statement = select(BudgetVersion).where(
        BudgetVersion.agreement_id == agreement_id, BudgetVersion.state == "balanced"
    )
    return [Pending(str(row.number), london_date(row.modified_at)) for row in (await session.exec(statement)).all()]


async def _use_decisions(session: AsyncSession, agreement_id: UUID) -> list[Pending]:
    """Entries whose use awaits a decision, and awards whose use is not settled; held lines are told apart."""
    latest = latest_of_subjects(agreement_id)
    asked: Any = columns_of(func.count(), func.min(latest.c.declared_at)).where(
        latest.c.outcome == "decision_required", latest.c.subject_kind == "entry"
    )
    entries, since = (await (await session.connection()).execute(asked)).one()
    found = [Pending("entry", london_date(since), "entries", count=entries)] if entries else []
    statement = select(PassThroughAward).where(
        PassThroughAward.agreement_id == agreement_id,
        col(PassThroughAward.state).in_(("offered", "terms_acknowledged")),
        PassThroughAward.use_outcome == "decision_required",
    )
    awards = (await session.exec(statement)).all()
    if awards:
        found.append(Pending("award", min(row.awarded_on for row in awards), "awards", count=len(awards)))
    return found


def _has_excess(payment: Payment) -> bool:
    """Asked for, with more than is needed or with a need that could not be tested, and not approved."""
    check = payment.need_check or {}
    return payment.state == "requested" and check.get("result") != "passed" and payment.excess_reason is None


def _excess(payment: Payment) -> Pending:
    pence = (payment.need_check or {}).get("excess_pence")
    detail = "the need could not be tested" if pence is None else f"{sterling(pence)} over the need"
    return Pending(str(payment.id), payment.requested_on or london_date(payment.modified_at), detail)


async def _awards(session: AsyncSession, agreement_id: UUID, *that: ColumnElement[bool]) -> list[Pending]:
    statement = (
        select(PassThroughAward)
        .where(PassThroughAward.agreement_id == agreement_id, *that)
        .order_by(col(PassThroughAward.awarded_on), col(PassThroughAward.id))
    )
    awards = (await session.exec(statement)).all()
    slugs = await slugs_of(session, {row.organisation_id for row in awards})
    return [Pending(str(row.id), row.awarded_on, slugs[row.organisation_id]) for row in awards]


async def _stale_since(session: AsyncSession, agreement_id: UUID, quarter: Quarter) -> date | None:
    """The day on which the quarter before was stated anew, where the year to date no longer follows from it."""
    if quarter.number == 1 or not await is_stale(session, agreement_id, quarter):
        return None
    before = await latest_statement(session, agreement_id, quarter.year.quarters[quarter.number - 2])
    return london_date(before.recorded_at) if before is not None else None


async def _quarters(session: AsyncSession, agreement_id: UUID) -> list[QuarterFacts]:
    statement = (
        select(AccountingPeriod)
        .where(AccountingPeriod.agreement_id == agreement_id)
        .order_by(col(AccountingPeriod.quarter))
    )
    return [
        QuarterFacts(
            quarter=(quarter := Quarter.parse(row.quarter)),
            stated=await latest_statement(session, agreement_id, quarter) is not None,
            locked=row.state == "locked",
            stale_since=await _stale_since(session, agreement_id, quarter),
        )
        for row in (await session.exec(statement)).all()
    ]

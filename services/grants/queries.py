"""Read-only selects on agreements and outturns, and the look-ups that every part of the service shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.budget.tables import BudgetLine, BudgetVersion
from services.grants.faults import uuid_of, year_of
from services.grants.organisations.tables import Organisation, OrganisationName
from services.grants.periods.tables import AccountingPeriod
from services.grants.tables import Agreement, Outturn, OutturnSpend, Party, ReportedQuarter, Signature
from shared.errors import NotFound

CARRYING_KINDS = ("leaf", "pass_through", "unallocated")


async def organisation_by_slug(session: AsyncSession, slug: str) -> Organisation | None:
    return (await session.exec(select(Organisation).where(Organisation.slug == slug))).one_or_none()


async def agreement_of_year(session: AsyncSession, year_label: str) -> Agreement | None:
    """The agreement of `2017/18`."""
    return (await session.exec(select(Agreement).where(Agreement.year == year_label))).one_or_none()


async def load_agreement(session: AsyncSession, key: str, *, lock: bool = False) -> Agreement:
    """By id or by year, `2017-18`. NotFound, or BadYearLabel for what is neither.

    The lock leaves the key alone, so that ledger lines of the agreement may still come in while a change is decided.
    """
    found = uuid_of(key)
    label = None if found else year_of(key, parameter="agreement").label
    statement = select(Agreement).where(Agreement.id == found if found else Agreement.year == label)
    if lock:
        statement = statement.with_for_update(key_share=True)
    agreement = (await session.exec(statement)).one_or_none()
    if agreement is None:
        raise NotFound("There is no agreement with this id or for this year.")
    return agreement


async def load_signature(session: AsyncSession, agreement_id: UUID, key: str) -> Signature:
    """By id, within its agreement."""
    statement = select(Signature).where(Signature.agreement_id == agreement_id, Signature.id == uuid_of(key))
    signature = (await session.exec(statement)).one_or_none()
    if signature is None:
        raise NotFound("The agreement has no signature with this id.")
    return signature


async def load_outturn(session: AsyncSession, agreement_id: UUID, key: str) -> Outturn:
    """By id, within its agreement."""
    statement = select(Outturn).where(Outturn.agreement_id == agreement_id, Outturn.id == uuid_of(key))
    outturn = (await session.exec(statement)).one_or_none()
    if outturn is None:
        raise NotFound("The agreement has no outturn with this id.")
    return outturn


async def budget_as_at(
    session: AsyncSession, agreement_id: UUID, as_at: date, *, known_by: datetime | None = None
) -> BudgetVersion | None:
    """The version with the latest effective_from not after the day; of two from one day, the later one (G-12).

    Only versions that were approved count; with `known_by` those approved before that instant.
    """
    statement = select(BudgetVersion).where(
        BudgetVersion.agreement_id == agreement_id,
        BudgetVersion.effective_from <= as_at,
        col(BudgetVersion.approved_at).is_not(None),
    )
    if known_by is not None:
        statement = statement.where(col(BudgetVersion.approved_at) < known_by)
    latest = (col(BudgetVersion.effective_from).desc(), col(BudgetVersion.number).desc())
    return (await session.exec(statement.order_by(*latest).limit(1))).one_or_none()


async def budgeted_from(session: AsyncSession, agreement_id: UUID) -> date | None:
    """The day from which an approved budget is in effect (G-12); None where there is none yet."""
    statement = select(func.min(BudgetVersion.effective_from)).where(
        BudgetVersion.agreement_id == agreement_id, col(BudgetVersion.approved_at).is_not(None)
    )
    return (await session.exec(statement)).one()


async def later_budgets(session: AsyncSession, agreement_id: UUID, day: date) -> Sequence[date]:
    """Days after this one from which another approved version is in effect, in order (G-12)."""
    statement = select(col(BudgetVersion.effective_from)).where(
        BudgetVersion.agreement_id == agreement_id,
        col(BudgetVersion.approved_at).is_not(None),
        BudgetVersion.effective_from > day,
    )
    return (await session.exec(statement.distinct().order_by(col(BudgetVersion.effective_from)))).all()


async def budget_awaiting(session: AsyncSession, agreement_id: UUID) -> int | None:
    """The number of the version that awaits a second person's approval."""
    statement = select(BudgetVersion.number).where(
        BudgetVersion.agreement_id == agreement_id, BudgetVersion.state == "balanced"
    )
    return (await session.exec(statement)).one_or_none()


async def budget_lines(session: AsyncSession, version_id: UUID) -> Sequence[BudgetLine]:
    """All lines of a version, in their printed order."""
    statement = select(BudgetLine).where(BudgetLine.version_id == version_id).order_by(col(BudgetLine.position))
    return (await session.exec(statement)).all()


async def carrying_lines(session: AsyncSession, agreement_id: UUID, as_at: date) -> Sequence[BudgetLine]:
    """The lines that carry money in the budget in effect on a day (G-8, G-12); empty where there is no budget yet."""
    version = await budget_as_at(session, agreement_id, as_at)
    lines = await budget_lines(session, version.id) if version else []
    return [line for line in lines if line.kind in CARRYING_KINDS]


async def locked_quarters(session: AsyncSession, agreement_id: UUID) -> set[str]:
    """Quarters, `2017-18-q1`, that take no more lines (G-29).

    Holds a share of each period's row to the end of the transaction, so that no quarter is locked while lines that
    found it open are still on their way in.
    """
    return {period.quarter for period in await _periods(session, agreement_id) if period.state == "locked"}


async def quarters_open(session: AsyncSession, agreement_id: UUID) -> list[str]:
    """Quarters that still take lines, in order; held as `locked_quarters` holds them."""
    return [period.quarter for period in await _periods(session, agreement_id) if period.state == "open"]


async def _periods(session: AsyncSession, agreement_id: UUID) -> Sequence[AccountingPeriod]:
    statement = (
        select(AccountingPeriod)
        .where(AccountingPeriod.agreement_id == agreement_id)
        .order_by(col(AccountingPeriod.quarter))
        .with_for_update(read=True)
    )
    return (await session.exec(statement)).all()


async def names_on(session: AsyncSession, organisation_ids: Iterable[UUID], day: date) -> dict[UUID, OrganisationName]:
    """Each organisation's name in force on a day (G-5); before its first dated name, that first one."""
    statement = (
        select(OrganisationName)
        .where(col(OrganisationName.organisation_id).in_(list(organisation_ids)))
        .order_by(col(OrganisationName.since).desc().nulls_last())
    )
    names: dict[UUID, OrganisationName] = {}
    for name in (await session.exec(statement)).all():
        # From the latest on: a later name stands only where its day has come.
        known = names.get(name.organisation_id)
        if known is None or (known.since is not None and known.since > day):
            names[name.organisation_id] = name
    return names


async def parties(session: AsyncSession, agreement_id: UUID) -> Sequence[tuple[Party, Organisation]]:
    statement = (
        select(Party, Organisation)
        .join(Organisation, col(Organisation.id) == col(Party.organisation_id))
        .where(Party.agreement_id == agreement_id)
        .order_by(col(Party.role))
    )
    return (await session.exec(statement)).all()


async def signatures(session: AsyncSession, agreement_id: UUID) -> Sequence[Signature]:
    statement = select(Signature).where(Signature.agreement_id == agreement_id).order_by(col(Signature.number))
    return (await session.exec(statement)).all()


async def latest_outturn(
    session: AsyncSession, agreement_id: UUID, *, known_by: datetime | None = None, as_at: datetime | None = None
) -> Outturn | None:
    """The last outturn; with `known_by` the last recorded before that instant, with `as_at` the last that happened."""
    statement = select(Outturn).where(Outturn.agreement_id == agreement_id)
    if known_by is not None:
        statement = statement.where(Outturn.recorded_at < known_by)
    if as_at is not None:
        statement = statement.where(Outturn.happened_at < as_at)
    return (await session.exec(statement.order_by(col(Outturn.number).desc()).limit(1))).one_or_none()


async def outturn_lines(session: AsyncSession, outturn_id: UUID) -> Sequence[OutturnSpend]:
    statement = select(OutturnSpend).where(OutturnSpend.outturn_id == outturn_id).order_by(col(OutturnSpend.position))
    return (await session.exec(statement)).all()


async def outturn_recorders(session: AsyncSession, agreement_id: UUID) -> Sequence[str]:
    """Who recorded an outturn of the year, superseded ones too, by their tokens' subjects."""
    statement = select(Outturn.created_by).where(Outturn.agreement_id == agreement_id).distinct()
    return (await session.exec(statement.order_by(Outturn.created_by))).all()


async def superseding(session: AsyncSession, outturn_id: UUID) -> UUID | None:
    """The outturn that supersedes this one."""
    return (await session.exec(select(Outturn.id).where(Outturn.supersedes == outturn_id))).one_or_none()


async def reported_quarters(session: AsyncSession, agreement_id: UUID) -> dict[str, ReportedQuarter]:
    """Quarter → where its report stands, for quarters a report was ever submitted for (G-43)."""
    statement = select(ReportedQuarter).where(ReportedQuarter.agreement_id == agreement_id)
    return {row.quarter: row for row in (await session.exec(statement)).all()}

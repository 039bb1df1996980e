"""Read-only selects about publishers, outturn and workstream spend, shaped as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.tables import (
    Agreement,
    AgreementVariation,
    BudgetVersion,
    Methodology,
    Organisation,
    OutturnFigure,
    PassThroughAward,
    QuarterStatement,
)
from shared.errors import NotFound
from shared.periods import FinancialYear, Quarter
from shared.work import Work


class NoSuchPublisher(NotFound):
    code = "publisher_not_found"
    title = "No publisher has this name"


async def publisher(session: AsyncSession, slug: str) -> Organisation:
    """The organisation of this slug, where it publishes anything."""
    found = (await session.exec(select(Organisation).where(col(Organisation.slug) == slug))).one_or_none()
    if found is None:
        raise NoSuchPublisher(f"No organisation is registered as {slug[:64]}; /v1/publishers lists them.")
    return found


def may_see(work: Work, slug: str) -> bool:
    """Whether the token's organisations hold this publisher; restricted records are seen by no others."""
    return work.actor.organisations is None or slug in work.actor.organisations


async def seen(work: Work, slug: str) -> Organisation:
    """The publisher whose restricted records are read; absent for a token that is limited to others."""
    if not may_see(work, slug):
        raise NotFound(f"There is nothing of {slug[:64]} for this token.")
    return await publisher(work.session, slug)


def seen_only(work: Work) -> list[ColumnElement[bool]]:
    """Conditions for a restricted list over several publishers: those that the token may see."""
    if work.actor.organisations is None:
        return []
    return [col(Organisation.slug).in_(sorted(work.actor.organisations))]


async def organisation(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    """By id; None where its registration has not arrived yet."""
    return await session.get(Organisation, organisation_id)


async def roles(session: AsyncSession, organisation_id: UUID) -> list[str]:
    """What makes it a publisher, beside its registration: `recipient`, `lead_parent`, `pass_through`."""
    agreements = (
        await session.exec(
            select(Agreement).where(
                (col(Agreement.recipient_id) == organisation_id) | (col(Agreement.lead_parent_id) == organisation_id)
            )
        )
    ).all()
    found = {"recipient" if agreement.recipient_id == organisation_id else "lead_parent" for agreement in agreements}
    award = await session.exec(
        select(PassThroughAward).where(col(PassThroughAward.organisation_id) == organisation_id).limit(1)
    )
    if award.first() is not None:
        found.add("pass_through")
    return sorted(found)


async def methodologies(session: AsyncSession, organisation_id: UUID) -> list[Methodology]:
    found = await session.exec(
        select(Methodology).where(col(Methodology.organisation_id) == organisation_id).order_by(col(Methodology.number))
    )
    return list(found.all())


async def agreement_of(session: AsyncSession, organisation_id: UUID, year: FinancialYear) -> Agreement:
    """The agreement under which this publisher receives the year's grant."""
    found = (
        await session.exec(
            select(Agreement)
            .where(col(Agreement.recipient_id) == organisation_id, col(Agreement.year) == year.label)
            .order_by(col(Agreement.signed_at).desc())
            .limit(1)
        )
    ).first()
    if found is None:
        raise NotFound(f"This publisher has no agreement for {year.label}.")
    return found


async def agreements_of(session: AsyncSession, organisation_id: UUID) -> list[Agreement]:
    """The agreements under which this publisher receives grant, by year."""
    found = await session.exec(
        select(Agreement).where(col(Agreement.recipient_id) == organisation_id).order_by(col(Agreement.year))
    )
    return list(found.all())


async def variations_of(session: AsyncSession, agreement_ids: Sequence[UUID]) -> list[AgreementVariation]:
    """What was changed in these agreements, in the order of taking effect."""
    found = await session.exec(
        select(AgreementVariation)
        .where(col(AgreementVariation.agreement_id).in_(agreement_ids))
        .order_by(col(AgreementVariation.effective_from), col(AgreementVariation.version))
    )
    return list(found.all())


async def outturns(
    session: AsyncSession, agreement_id: UUID, *, as_at: datetime | None, known_by: datetime | None
) -> list[OutturnFigure]:
    """The outturns that had happened by `as_at` and were recorded here by `known_by`, oldest first."""
    statement = select(OutturnFigure).where(col(OutturnFigure.agreement_id) == agreement_id)
    if as_at is not None:
        statement = statement.where(col(OutturnFigure.happened_at) <= as_at)
    if known_by is not None:
        statement = statement.where(col(OutturnFigure.recorded_at) <= known_by)
    return list((await session.exec(statement.order_by(col(OutturnFigure.version)))).all())


async def quarter_statement(
    session: AsyncSession,
    agreement_id: UUID,
    quarter: Quarter,
    *,
    as_at: datetime | None = None,
    known_by: datetime | None = None,
) -> QuarterStatement | None:
    """The newest statement of the quarter within those times."""
    statement = select(QuarterStatement).where(
        col(QuarterStatement.agreement_id) == agreement_id, col(QuarterStatement.quarter) == quarter.slug
    )
    if as_at is not None:
        statement = statement.where(col(QuarterStatement.happened_at) <= as_at)
    if known_by is not None:
        statement = statement.where(col(QuarterStatement.recorded_at) <= known_by)
    return (await session.exec(statement.order_by(col(QuarterStatement.version).desc()).limit(1))).first()


async def headings(session: AsyncSession, agreement_id: UUID) -> dict[str, str | None]:
    """Code of each carrying line → code of its heading, from the latest budget."""
    budget = (
        await session.exec(
            select(BudgetVersion)
            .where(col(BudgetVersion.agreement_id) == agreement_id)
            .order_by(col(BudgetVersion.version).desc())
            .limit(1)
        )
    ).first()
    return {line["code"]: line["parent_code"] for line in budget.lines} if budget else {}


def public_uri(identifiers: list[dict[str, Any]], fallback: str) -> str:
    """An address that names the organisation: its statistical or company page where it has one, else ours."""
    known = {identifier["scheme"]: identifier["id"] for identifier in identifiers}
    if "GSS" in known:
        return f"http://statistics.data.gov.uk/id/statistical-geography/{known['GSS']}"
    if "GB-COH" in known:
        return f"https://find-and-update.company-information.service.gov.uk/company/{known['GB-COH']}"
    return fallback


def org_id(identifiers: list[dict[str, Any]]) -> str | None:
    """Identifier in the form that open-contracting data use, `GB-COH-03675577`."""
    for identifier in identifiers:
        if identifier["scheme"].startswith("GB-"):
            return f"{identifier['scheme']}-{identifier['id']}"
    return None

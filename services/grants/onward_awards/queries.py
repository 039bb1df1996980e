"""The awards of all agreements, or of one year, as the export needs them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.awards.queries import paid_by_award, waiting_findings
from services.grants.awards.tables import PassThroughAward
from services.grants.onward_awards.rules import Body, OnwardAward
from services.grants.organisations.tables import Identifier, Organisation
from services.grants.queries import carrying_lines, names_on
from services.grants.tables import Agreement, Party


async def onward_awards(session: AsyncSession, *, year: str | None, on: date) -> list[OnwardAward]:
    """Awards in the order of years and award days, each with its two bodies as they are called on a day."""
    statement = (
        select(PassThroughAward, Agreement, Party.organisation_id)
        .join(Agreement, col(Agreement.id) == col(PassThroughAward.agreement_id))
        .outerjoin(Party, (col(Party.agreement_id) == col(Agreement.id)) & (col(Party.role) == "recipient"))
        .order_by(col(Agreement.year), col(PassThroughAward.awarded_on), col(PassThroughAward.id))
    )
    if year is not None:
        statement = statement.where(Agreement.year == year)
    rows = (await session.exec(statement)).all()
    bodies = await _bodies(
        session, {found for award, _, funder in rows for found in (award.organisation_id, funder) if found}, on
    )
    paid = await paid_by_award(session, [award.id for award, _, _ in rows])
    waiting = await waiting_findings(session, [award for award, _, _ in rows])
    line_names: dict[tuple[UUID, str], str] = {}
    for agreement in {row[1].id: row[1] for row in rows}.values():
        for line in await carrying_lines(session, agreement.id, agreement.in_force_to):
            line_names[agreement.id, line.code] = line.name
    return [
        OnwardAward(
            award_id=award.id,
            year=agreement.year,
            title=award.title,
            description=award.description,
            amount_pence=award.amount_pence,
            paid_pence=paid.get(award.id, 0),
            awarded_on=award.awarded_on,
            planned_from=award.planned_from,
            planned_to=award.planned_to,
            ended=award.state == "ended",
            use_allowed=award.use_outcome == "allowed",
            modified_at=award.modified_at,
            line_code=award.line_code,
            line_name=line_names.get((agreement.id, award.line_code), award.line_code),
            funder=bodies.get(funder) if funder else None,
            recipient=bodies[award.organisation_id],
            text_findings=tuple(waiting[award.id]),
        )
        for award, agreement, funder in rows
    ]


async def _bodies(session: AsyncSession, ids: set[UUID], on: date) -> dict[UUID, Body]:
    names = await names_on(session, ids, on)
    identifiers: dict[UUID, dict[str, str]] = defaultdict(dict)
    for row in (await session.exec(select(Identifier).where(col(Identifier.organisation_id).in_(list(ids))))).all():
        identifiers[row.organisation_id][row.scheme] = row.identifier
    slugs = await session.exec(select(Organisation.id, Organisation.slug).where(col(Organisation.id).in_(list(ids))))
    return {found: Body(slug, names[found].name, dict(identifiers[found])) for found, slug in slugs.all()}

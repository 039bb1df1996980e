"""Read-only selects on pass-through awards: what is awarded, paid, left, and spent by the bodies themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.awards.personal_texts import TextFinding, digest_of, findings_in, open_findings
from services.grants.awards.tables import AwardTextClearance, FlowDown, PassThroughAward
from services.grants.expenditure.name_findings import private_names
from services.grants.expenditure.persons import PersonNames
from services.grants.expenditure.tables import LedgerEntry
from services.grants.faults import uuid_of
from services.grants.organisations.tables import Organisation
from services.grants.payments.tables import Payment, PaymentPart
from services.grants.tables import Party
from services.grants.use_rules.tables import UseDeclaration
from shared.errors import NotFound


@dataclass(frozen=True)
class AwardFigures:
    """What an award shows beside its own row; pence are of eligible cost where they are spend.

    `spent_pence` is what the body's own ledger holds on the award's line of the agreement.
    """

    organisation: str
    duties: tuple[FlowDown, ...]
    paid_pence: int
    spent_pence: int
    use: UseDeclaration | None
    findings: tuple[TextFinding, ...]


async def load_award(session: AsyncSession, agreement_id: UUID, key: str) -> PassThroughAward:
    """By id, within its agreement."""
    statement = select(PassThroughAward).where(
        PassThroughAward.agreement_id == agreement_id, PassThroughAward.id == uuid_of(key)
    )
    award = (await session.exec(statement)).one_or_none()
    if award is None:
        raise NotFound("The agreement has no award with this id.")
    return award


async def waiting_findings(session: AsyncSession, awards: Sequence[PassThroughAward]) -> dict[UUID, list[TextFinding]]:
    """Award → what its title and description seem to hold and nobody has cleared."""
    if not awards:
        return {}
    parties = select(Party.organisation_id).where(
        col(Party.agreement_id).in_({award.agreement_id for award in awards}), Party.role == "recipient"
    )
    bodies = {*(await session.exec(parties)).all(), *(award.organisation_id for award in awards)}
    names = PersonNames(await private_names(session, bodies))
    cleared: dict[UUID, set[str]] = {}
    digests = {award.id: digest_of(award.title, award.description) for award in awards}
    for clearance in await text_clearances(session, list(digests)):
        if clearance.texts_sha256 == digests[clearance.award_id]:
            cleared.setdefault(clearance.award_id, set()).update(clearance.codes)
    return {
        award.id: open_findings(
            findings_in({"title": award.title, "description": award.description}, names), cleared.get(award.id, ())
        )
        for award in awards
    }


async def text_clearances(session: AsyncSession, award_ids: Sequence[UUID]) -> Sequence[AwardTextClearance]:
    """What was cleared of the awards' texts, in the order in which it was said."""
    statement = (
        select(AwardTextClearance)
        .where(col(AwardTextClearance.award_id).in_(award_ids))
        .order_by(col(AwardTextClearance.cleared_at), col(AwardTextClearance.id))
    )
    return (await session.exec(statement)).all()


async def awarded_pence(
    session: AsyncSession, agreement_id: UUID, line_code: str, *, before: date | None = None
) -> int:
    """What is awarded on a line so far, in pence; of an award that was ended, what was paid of it.

    With `before` only awards of earlier days count.
    """
    of_line = [
        award
        for award in await awards_of(session, agreement_id)
        if award.line_code == line_code and (before is None or award.awarded_on < before)
    ]
    paid = await paid_by_award(session, [award.id for award in of_line])
    return sum(paid.get(award.id, 0) if award.state == "ended" else award.amount_pence for award in of_line)


async def awards_of(session: AsyncSession, agreement_id: UUID) -> Sequence[PassThroughAward]:
    statement = (
        select(PassThroughAward)
        .where(PassThroughAward.agreement_id == agreement_id)
        .order_by(col(PassThroughAward.created_at), col(PassThroughAward.id))
    )
    return (await session.exec(statement)).all()


async def paid_by_award(session: AsyncSession, award_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Award → pence paid out to its body."""
    statement = (
        select(Payment.award_id, func.sum(PaymentPart.paid_pence))
        .join(PaymentPart, col(PaymentPart.payment_id) == col(Payment.id))
        .where(col(Payment.award_id).in_(list(award_ids)))
        .group_by(col(Payment.award_id))
    )
    return {award: int(pence) for award, pence in (await session.exec(statement)).all() if award is not None}


async def spent_by_bodies(session: AsyncSession, agreement_id: UUID) -> dict[tuple[UUID, str], int]:
    """(Organisation, line) → pence of eligible cost in that organisation's own ledger on the agreement."""
    statement = (
        select(LedgerEntry.organisation_id, LedgerEntry.line_code, func.sum(LedgerEntry.eligible_pence))
        .where(
            LedgerEntry.agreement_id == agreement_id,
            col(LedgerEntry.organisation_id).in_(
                select(PassThroughAward.organisation_id).where(PassThroughAward.agreement_id == agreement_id)
            ),
        )
        .group_by(col(LedgerEntry.organisation_id), col(LedgerEntry.line_code))
    )
    rows = (await session.exec(statement)).all()
    return {(body, line): int(pence) for body, line, pence in rows if line is not None}


async def acknowledged(session: AsyncSession, award_ids: Iterable[UUID]) -> Sequence[FlowDown]:
    """Duties acknowledged of these awards, in the order in which they were."""
    statement = (
        select(FlowDown)
        .where(col(FlowDown.award_id).in_(list(award_ids)))
        .order_by(col(FlowDown.acknowledged_on), col(FlowDown.duty))
    )
    return (await session.exec(statement)).all()


async def award_figures(
    session: AsyncSession, agreement_id: UUID, awards: Sequence[PassThroughAward]
) -> dict[UUID, AwardFigures]:
    """What these awards of an agreement show beside their rows."""
    ids = [award.id for award in awards]
    slugs = select(Organisation.id, Organisation.slug).where(
        col(Organisation.id).in_([award.organisation_id for award in awards])
    )
    slug_of = dict((await session.exec(slugs)).all())
    duties = await acknowledged(session, ids)
    paid = await paid_by_award(session, ids)
    spent = await spent_by_bodies(session, agreement_id)
    declared = (
        select(UseDeclaration)
        .where(UseDeclaration.subject_kind == "award", col(UseDeclaration.subject_id).in_(ids))
        .order_by(col(UseDeclaration.number))
    )
    use = {row.subject_id: row for row in (await session.exec(declared)).all()}
    waiting = await waiting_findings(session, awards)
    return {
        award.id: AwardFigures(
            organisation=slug_of[award.organisation_id],
            duties=tuple(duty for duty in duties if duty.award_id == award.id),
            paid_pence=paid.get(award.id, 0),
            spent_pence=spent.get((award.organisation_id, award.line_code), 0),
            use=use.get(award.id),
            findings=tuple(waiting[award.id]),
        )
        for award in awards
    }

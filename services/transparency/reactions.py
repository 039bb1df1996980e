"""One function per foreign fact, and REACTIONS, the table of contents; ledger, meetings and reports have folders."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.transparency.methodology import PARAMETERS
from services.transparency.obligations.reactions import (
    approve_minutes,
    bring_into_calendar,
    judge_minutes,
    judge_papers,
    owe_for_meeting,
    publish_report,
    reopen_report,
    submit_report,
    take_on_duties,
)
from services.transparency.payments.authority.duties import owe_procurement_duties
from services.transparency.spending.reactions import expect_lines, record_spend, state_ledger
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
from shared.events.base import Event
from shared.events.deliverables import (
    PerformanceReportPublished,
    PerformanceReportReopened,
    PerformanceReportSubmitted,
)
from shared.events.governance import MeetingScheduled, MinutesApproved, MinutesPublished, PapersPublished
from shared.events.grants import (
    AgreementSigned,
    AgreementVaried,
    BudgetSet,
    ExpenditureBatchCompleted,
    ExpenditureBatchReceived,
    ExpenditureRecorded,
    OrganisationRegistered,
    OutturnRecorded,
    PassThroughAwarded,
    QuarterSpendStated,
)
from shared.inbox import Reacting, Reaction
from shared.values import MethodologyScope


async def publish_outturn(event: OutturnRecorded, reacting: Reacting) -> None:
    """The row that stands in the outturn dataset. Figures are superseded, never edited, so each has its own (G-34)."""
    row = insert(OutturnFigure).values(
        outturn_id=event.outturn_id,
        agreement_id=event.agreement_id,
        version=event.version,
        year=event.year,
        state=event.state,
        as_at=event.as_at,
        grant_pence=event.grant_pence,
        spend_pence=event.spend_pence,
        underspend_pence=event.underspend_pence,
        own_funds_pence=event.own_funds_pence,
        lines=[line.model_dump() for line in event.lines],
        supersedes=event.supersedes,
        happened_at=event.happened_at,
        recorded_at=reacting.occurred_at,
    )
    await reacting.session.exec(row.on_conflict_do_nothing())


async def register_publisher(event: OrganisationRegistered, reacting: Reacting) -> None:
    """Keep the organisation; a publisher's first choices are the defaults, with the scope grants states (T-1)."""
    values = {
        "version": event.version,
        "slug": event.slug,
        "name": event.name,
        "name_since": event.name_since,
        "identifiers": [identifier.model_dump() for identifier in event.identifiers],
        "is_publisher": event.is_publisher,
        "methodology_scope": event.methodology_scope,
        "registered_at": reacting.occurred_at,
    }
    row = insert(Organisation).values(organisation_id=event.organisation_id, **values)
    newest = await reacting.session.exec(
        row.on_conflict_do_update(
            index_elements=["organisation_id"], set_=values, where=col(Organisation.version) < event.version
        ).returning(col(Organisation.organisation_id))
    )
    if newest.first() is not None and event.is_publisher:
        await _choose_methodology(event.organisation_id, event.methodology_scope, reacting)


async def open_year(event: AgreementSigned, reacting: Reacting) -> None:
    """Keep the agreement, and owe what the memorandum asks of the recipient and of its parent in that year (T-48)."""
    roles = {party.role: party.organisation_id for party in event.parties}
    if "recipient" not in roles:
        return
    values = {
        "version": event.version,
        "year": event.year,
        "recipient_id": roles["recipient"],
        "lead_parent_id": roles.get("lead_parent"),
        "parties": [party.model_dump(mode="json") for party in event.parties],
        "grant_pence": event.grant_pence,
        "in_force_from": event.in_force_from,
        "in_force_to": event.in_force_to,
        "signed_on": [day.isoformat() for day in event.signed_on],
        "signed_at": reacting.occurred_at,
    }
    row = insert(Agreement).values(agreement_id=event.agreement_id, **values)
    await reacting.session.exec(
        row.on_conflict_do_update(
            index_elements=["agreement_id"], set_=values, where=col(Agreement.version) < event.version
        )
    )
    await bring_into_calendar(event, roles["recipient"], roles.get("lead_parent"), reacting)
    await owe_procurement_duties(reacting, roles["recipient"], roles.get("lead_parent"))


async def vary_agreement(event: AgreementVaried, reacting: Reacting) -> None:
    """Keep what was changed in the agreement and from when; the public sees it beside the memorandum."""
    row = insert(AgreementVariation).values(
        variation_id=event.variation_id,
        agreement_id=event.agreement_id,
        version=event.version,
        kind=event.kind,
        effective_from=event.effective_from,
        reference=event.reference,
        grant_pence=event.grant_pence,
        changes=[change.model_dump() for change in event.changes],
    )
    await reacting.session.exec(row.on_conflict_do_nothing())


async def set_budget(event: BudgetSet, reacting: Reacting) -> None:
    """Keep the budget version: names and headings of the carrying lines."""
    row = insert(BudgetVersion).values(
        agreement_id=event.agreement_id,
        version=event.version,
        year=event.year,
        effective_from=event.effective_from,
        lines=[line.model_dump() for line in event.lines],
    )
    await reacting.session.exec(row.on_conflict_do_nothing())


async def pass_duties_on(event: PassThroughAwarded, reacting: Reacting) -> None:
    """The body that grant is passed to carries its own set of obligations from the award on (T-48)."""
    values = {
        "version": event.version,
        "agreement_id": event.agreement_id,
        "year": event.year,
        "organisation_id": event.organisation_id,
        "line_code": event.line_code,
        "amount_pence": event.amount_pence,
        "awarded_on": event.awarded_on,
    }
    row = insert(PassThroughAward).values(award_id=event.award_id, **values)
    await reacting.session.exec(
        row.on_conflict_do_update(
            index_elements=["award_id"], set_=values, where=col(PassThroughAward.version) < event.version
        )
    )
    await take_on_duties(event, reacting)
    await owe_procurement_duties(reacting, event.organisation_id)
    known = await reacting.session.exec(
        select(Methodology).where(col(Methodology.organisation_id) == event.organisation_id).limit(1)
    )
    if known.first() is None:
        await _choose_methodology(event.organisation_id, MethodologyScope.PROGRAMME, reacting)


async def state_workstream_spend(event: QuarterSpendStated, reacting: Reacting) -> None:
    """Spend of the quarter by workstream (C.I); a later statement stands beside the earlier."""
    row = insert(QuarterStatement).values(
        agreement_id=event.agreement_id,
        quarter=event.quarter,
        version=event.version,
        year=event.year,
        lines=[line.model_dump() for line in event.lines],
        gross_used=event.gross_used,
        happened_at=event.happened_at,
        recorded_at=reacting.occurred_at,
    )
    await reacting.session.exec(row.on_conflict_do_nothing())


async def _choose_methodology(organisation_id: UUID, scope: str, reacting: Reacting) -> None:
    """Publish the default choices as version 1, or the next version where grants states another scope (T-1)."""
    if reacting.replaying:
        return
    latest = (
        await reacting.session.exec(
            select(Methodology)
            .where(col(Methodology.organisation_id) == organisation_id)
            .order_by(col(Methodology.number).desc())
            .limit(1)
        )
    ).first()
    if latest is not None and latest.parameters["scope"] == scope:
        return
    row = insert(Methodology).values(
        methodology_id=reacting.derived_id("methodology"),
        organisation_id=organisation_id,
        number=latest.number + 1 if latest else 1,
        parameters={**PARAMETERS, "scope": scope},
        why_changed="The registration states another scope." if latest else None,
        published_at=reacting.now,
    )
    await reacting.session.exec(row.on_conflict_do_nothing())


REACTIONS: Mapping[type[Event], Reaction] = {
    OrganisationRegistered: register_publisher,
    AgreementSigned: open_year,
    AgreementVaried: vary_agreement,
    BudgetSet: set_budget,
    PassThroughAwarded: pass_duties_on,
    ExpenditureBatchReceived: expect_lines,
    ExpenditureRecorded: record_spend,
    ExpenditureBatchCompleted: state_ledger,
    QuarterSpendStated: state_workstream_spend,
    OutturnRecorded: publish_outturn,
    PerformanceReportSubmitted: submit_report,
    PerformanceReportReopened: reopen_report,
    PerformanceReportPublished: publish_report,
    MeetingScheduled: owe_for_meeting,
    PapersPublished: judge_papers,
    MinutesPublished: judge_minutes,
    MinutesApproved: approve_minutes,
}
"""Every fact of another service that changes something here."""

"""What governance does with other services' facts; REACTIONS is the table of contents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time

from sqlmodel import select

from services.governance.boards.tables import Organisation
from services.governance.offers.placing import offer
from services.governance.offers.rules import pounds
from shared.events.base import Event
from shared.events.deliverables import PerformanceReportPublished
from shared.events.grants import OrganisationRegistered, OutturnRecorded
from shared.events.transparency import ObligationMet, ObligationMissed
from shared.inbox import Reacting, Reaction


async def keep_organisation(event: OrganisationRegistered, reacting: Reacting) -> None:
    """The local copy of an organisation; an older version changes nothing."""
    known = (
        await reacting.session.exec(
            select(Organisation).where(Organisation.organisation_id == event.organisation_id).with_for_update()
        )
    ).one_or_none()
    if known is None:
        known = Organisation(
            organisation_id=event.organisation_id, version=event.version, slug=event.slug, name=event.name
        )
    elif known.version >= event.version:
        return
    known.version, known.slug = event.version, event.slug
    known.name, known.name_since = event.name, event.name_since
    known.methodology_scope = event.methodology_scope.value
    reacting.session.add(known)


async def offer_outturn(event: OutturnRecorded, reacting: Reacting) -> None:
    """A recorded outturn is offered for the next meeting."""
    if reacting.replaying:
        return
    await offer(
        reacting,
        service="grants",
        kind="outturn",
        reference=str(event.agreement_id),
        period=event.year,
        version=event.version,
        title=f"{event.state.value.capitalize()} outturn {event.year}: {pounds(event.spend_pence)} of "
        f"{pounds(event.grant_pence)}",
        happened_at=event.happened_at,
        organisation_id=None,
        url=None,
    )


async def offer_performance_report(event: PerformanceReportPublished, reacting: Reacting) -> None:
    """A published quarterly report is offered for the next meeting."""
    if reacting.replaying:
        return
    await offer(
        reacting,
        service="deliverables",
        kind="performance_report",
        reference=str(event.agreement_id),
        period=event.quarter,
        version=event.version,
        title=f"Performance report {event.quarter[-2:].upper()} {event.year}",
        happened_at=event.published_at,
        organisation_id=event.organisation_id,
        url=event.url,
    )


async def offer_met_obligation(event: ObligationMet, reacting: Reacting) -> None:
    """A duty met becomes a compliance item for the next meeting."""
    if reacting.replaying:
        return
    late = f", {event.days_late} days late" if event.days_late else ""
    if not event.lateness_known:
        late = " here; entered after its day"
    await offer(
        reacting,
        service="transparency",
        kind="compliance",
        reference=f"{event.obligation_id}",
        period=event.period,
        version=event.version,
        title=f"Publication duty {event.code}, {event.period}: met{late}",
        happened_at=event.met_at,
        organisation_id=event.organisation_id,
        url=event.url,
    )


async def offer_missed_obligation(event: ObligationMissed, reacting: Reacting) -> None:
    """A duty missed becomes a compliance item for the next meeting."""
    if reacting.replaying:
        return
    await offer(
        reacting,
        service="transparency",
        kind="compliance",
        reference=f"{event.obligation_id}",
        period=event.period,
        version=event.version,
        title=f"Publication duty {event.code}, {event.period}: missed",
        happened_at=datetime.combine(event.missed_on, time.min, UTC),
        organisation_id=event.organisation_id,
        url=None,
    )


REACTIONS: Mapping[type[Event], Reaction] = {
    OrganisationRegistered: keep_organisation,
    OutturnRecorded: offer_outturn,
    PerformanceReportPublished: offer_performance_report,
    ObligationMet: offer_met_obligation,
    ObligationMissed: offer_missed_obligation,
}

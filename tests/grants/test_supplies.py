"""What this service supplies to whoever keeps the publication duties, and that it keeps none itself."""

from __future__ import annotations

import services.grants
from services.transparency.reactions import REACTIONS
from tests.grants.year_end import closed
from tests.harness import Running, service_named


def owned_by_grants() -> set[str]:
    return {event.NAME for event in REACTIONS if event.OWNER == "grants"}


def test_every_fact_that_transparency_needs_of_this_service_is_one_that_it_publishes() -> None:
    """G-41: the duties of Annex C are kept by the transparency service; this service supplies what they need."""
    page = services.grants.__doc__ or ""
    published = page.split("Publishes", 1)[1].split("Reacts to", 1)[0]
    assert {name for name in owned_by_grants() if name not in published} == set()
    assert len(owned_by_grants()) >= 9
    tables = set(service_named("grants").metadata.tables)
    assert {name for name in tables if "obligation" in name or "edition" in name} == {"guidance_editions"}


async def test_a_year_that_was_entered_and_closed_has_told_what_its_duties_hang_on(grants: Running) -> None:
    """G-41: parties and publishers, the agreement, its budget and its outturn; closing a year is nobody else's fact."""
    await closed(grants)
    told = {event.NAME for event in await grants.emitted()}
    assert told >= {"OrganisationRegistered", "AgreementSigned", "BudgetSet", "OutturnRecorded"}
    assert told <= owned_by_grants()

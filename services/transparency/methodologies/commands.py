"""What the finance lead does: publish the next version of a publisher's choices, before it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.transparency import queries
from services.transparency.methodologies import rules
from services.transparency.methodology import PARAMETERS, completed
from services.transparency.tables import Methodology, Organisation
from shared.work import Work


async def publish_methodology(
    work: Work, publisher: str, *, effective_from: date, chosen: Mapping[str, Any], why_changed: str
) -> tuple[Methodology, Organisation]:
    """Publish the next version. Editions of periods that begin before its first day go on citing the one before."""
    work.may_write_for(publisher)
    organisation = await queries.publisher(work.session, publisher)
    await work.lock("methodologies", str(organisation.organisation_id))
    versions = await queries.methodologies(work.session, organisation.organisation_id)
    latest = versions[-1] if versions else None
    current = completed(latest.parameters) if latest else PARAMETERS
    parameters = rules.next_parameters(current, latest.effective_from if latest else None, chosen, effective_from)
    methodology = Methodology(
        methodology_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        number=latest.number + 1 if latest else 1,
        effective_from=effective_from,
        parameters=parameters,
        why_changed=why_changed,
        published_at=work.now,
    )
    work.session.add(methodology)
    await work.session.flush()
    work.audit(
        "publish_methodology",
        methodology.methodology_id,
        before={name: current.get(name) for name in chosen},
        after=dict(chosen) | {"effective_from": effective_from.isoformat()},
        reason=why_changed,
    )
    return methodology, organisation

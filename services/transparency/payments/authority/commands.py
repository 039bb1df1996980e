"""Setting the day from which a publisher is a contracting authority."""

from __future__ import annotations

from datetime import date

from services.transparency import queries as publishers
from services.transparency.payments.authority.duties import (
    authority_of,
    lift_procurement_duties,
    lock_authority,
    owe_procurement_duties,
)
from services.transparency.payments.authority.tables import ContractingAuthority
from shared.work import Work


async def set_contracting_authority(
    work: Work, publisher: str, since: date | None, reason: str, href: str
) -> ContractingAuthority:
    """Set, move or remove the day; the duties follow it in the calendar (T-44). The same day again is no change."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    await lock_authority(work.session, organisation.organisation_id)
    authority = await authority_of(work.session, organisation.organisation_id)
    work.if_match(authority.version if authority else 0, href)
    before = authority.contracting_authority_from if authority else None
    if authority is None:
        authority = ContractingAuthority(
            organisation_id=organisation.organisation_id,
            version=1,
            contracting_authority_from=since,
            reason=reason,
            set_by=work.actor.sub,
            set_at=work.now,
        )
        work.session.add(authority)
    elif before == since:
        return authority
    else:
        authority.version += 1
        authority.contracting_authority_from, authority.reason = since, reason
        authority.set_by, authority.set_at = work.actor.sub, work.now
    await work.session.flush()
    await lift_procurement_duties(work, authority)
    await owe_procurement_duties(work, organisation.organisation_id)
    work.audit(
        "set_contracting_authority",
        organisation.organisation_id,
        before={"contracting_authority_from": before},
        after={"contracting_authority_from": since},
        reason=reason,
    )
    return authority

"""Approving the figures of a half-year."""

from __future__ import annotations

from services.transparency import queries as publishers
from services.transparency.payments.authority.duties import authority_of
from services.transparency.payments.authority.rules import refuse_outside
from services.transparency.payments.performance import queries, rules
from services.transparency.payments.performance.tables import PerformanceApproval
from shared.periods import HalfYear
from shared.work import Work, four_eyes

WHAT = "payment performance figures"


async def approve_figures(work: Work, publisher: str, half: HalfYear, fingerprint: str) -> PerformanceApproval:
    """Approve the figures as they stand, by a person who stated nothing of their invoices; they become public (T-62).

    Approving the same figures again changes nothing. When the figures change, the approval no longer holds for them.
    """
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    organisation_id = organisation.organisation_id
    # Nobody states anything of the invoices meanwhile.
    await work.lock("invoice statements", str(organisation_id))
    authority = await authority_of(work.session, organisation_id)
    refuse_outside(publisher, WHAT, half, authority.contracting_authority_from if authority else None)
    programme = await queries.is_programme(work.session, organisation_id, half.start)
    standing = await queries.standing(work.session, organisation_id, half, programme=programme)
    rules.refuse_approval(half, work.now, fingerprint=standing.figures.fingerprint, named=fingerprint)
    for maker in standing.makers:
        four_eyes(work.actor, maker, code="four_eyes")
    known = queries.approval_of(await queries.approvals(work.session, organisation_id, half), fingerprint)
    if known is not None:
        return known
    approval = PerformanceApproval(
        approval_id=work.new_id(),
        organisation_id=organisation_id,
        period=half.slug,
        fingerprint=fingerprint,
        figures=standing.figures.as_record(),
        makers=list(standing.makers),
        approved_by=work.actor.sub,
        approved_at=work.now,
    )
    work.session.add(approval)
    await work.session.flush()
    work.audit("approve_figures", approval.approval_id, after={"period": half.slug, "fingerprint": fingerprint})
    return approval

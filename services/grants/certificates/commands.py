"""What a person can do about certificates: load, decide, store, record."""

from __future__ import annotations

from datetime import date

from services.grants.certificates.queries import certificates_made, certifying_position, load_certificate
from services.grants.certificates.rules import draft_certificate as decide_draft
from services.grants.certificates.rules import sign_certificate as decide_signature
from services.grants.certificates.standing import supersede_certificate
from services.grants.certificates.tables import Certificate
from services.grants.certificates.wording import CURRENT
from services.grants.commands import load_agreement_to_change
from services.grants.queries import latest_outturn, load_outturn, outturn_recorders
from services.grants.usage_statement.assembling import certified_figures, fingerprint
from shared.periods import london_date, start_of_day
from shared.work import Work, four_eyes


async def draft_certificate(work: Work, agreement_key: str) -> Certificate:
    """Freeze the figures of a year for signature (G-37); an earlier draft gives way."""
    agreement = await load_agreement_to_change(work, agreement_key)
    outturn = await latest_outturn(work.session, agreement.id)
    certified = await certified_figures(work.session, agreement, london_date(work.now))
    decide_draft(await certifying_position(work.session, agreement, outturn, certified))
    assert outturn is not None
    await supersede_certificate(work, agreement.id, "drafted anew")
    figures = certified.figures()
    certificate = Certificate(
        id=work.new_id(),
        agreement_id=agreement.id,
        number=await certificates_made(work.session, agreement.id) + 1,
        outturn_id=outturn.id,
        state="draft",
        figures=figures,
        figures_sha256=fingerprint(figures),
        wording_version=CURRENT,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(certificate)
    work.audit(
        "draft_certificate",
        certificate.id,
        after={"outturn": str(outturn.id), "figures_sha256": certificate.figures_sha256},
    )
    return certificate


async def sign_certificate(
    work: Work, agreement_key: str, certificate_key: str, *, name: str, role: str, signed_on: date
) -> Certificate:
    """Sign the drafted figures (G-37): a chief finance officer who neither drafted them nor recorded any outturn."""
    agreement = await load_agreement_to_change(work, agreement_key)
    certificate = await load_certificate(work.session, agreement.id, certificate_key)
    today = london_date(work.now)
    certified = await certified_figures(work.session, agreement, today)
    outturn = await load_outturn(work.session, agreement.id, str(certificate.outturn_id))
    decide_signature(
        state=certificate.state,
        drafted_sha256=certificate.figures_sha256,
        figures_sha256=fingerprint(certified.figures()),
        signed_on=signed_on,
        outturn_on=max(day for day in (outturn.audited_on, london_date(outturn.happened_at)) if day is not None),
        today=today,
    )
    # Whoever recorded an earlier outturn of the year made some of what is certified too.
    for recorder in await outturn_recorders(work.session, agreement.id):
        four_eyes(work.actor, recorder, detail=_another("recorded an outturn of the year"))
    four_eyes(work.actor, certificate.created_by, detail=_another("drafted the certificate"))
    if signed_on < today:
        work.happened_at(start_of_day(signed_on), "signed_on")
    certificate.state, certificate.signed_on, certificate.signed_by = "signed", signed_on, work.actor.sub
    certificate.signatory_name, certificate.signatory_role = name, role
    certificate.version += 1
    certificate.modified_at = work.now
    work.audit(
        "sign_certificate",
        certificate.id,
        before={"state": "draft"},
        after={"state": "signed", "signatory_role": role, "figures_sha256": certificate.figures_sha256},
    )
    return certificate


def _another(did: str) -> str:
    return f"The person who {did} may not sign the certificate; another chief finance officer must."

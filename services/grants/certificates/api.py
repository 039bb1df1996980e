"""Routes of certificates and the shapes they take and give."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field
from sqlmodel import col, select

from services.grants.certificates import commands
from services.grants.certificates.queries import load_certificate
from services.grants.certificates.tables import Certificate
from services.grants.certificates.wording import WORDINGS
from services.grants.queries import load_agreement
from services.grants.shapes import Name, content_tag
from services.grants.tables import Agreement
from services.grants.usage_statement.assembling import certified_figures, fingerprint, parties_on
from services.grants.usage_statement.page import HTML_TYPE, render_certificate
from shared.fields import Day, example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import london_date
from shared.work import Work

router = Routes(tags=["certificates"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]


class SignatureBody(Body):
    """Who signs the drafted figures."""

    model_config = example(signatory_name="Sam Green", signatory_role="Chief finance officer")

    signatory_name: Name
    signatory_role: Name
    signed_on: Day | None = Field(
        default=None,
        description="Default today; earlier needs the scope `grants:history`. Never before the outturn or its audit.",
    )


class CertificateInList(Shape):
    id: UUID
    number: int
    outturn_id: UUID
    state: Literal["draft", "signed", "superseded"]
    figures_sha256: str
    wording_version: str
    signatory_name: str | None
    signatory_role: str | None
    signed_on: date | None
    superseded_at: datetime | None
    superseded_reason: str | None
    version: int
    created_at: datetime
    modified_at: datetime


class CertificateShape(CertificateInList):
    wording: str
    figures: dict[str, Any] = Field(description="What is certified; its canonical JSON gives figures_sha256.")
    hash_holds: bool = Field(description="Whether the figures kept here still give the fingerprint.")
    figures_match: bool = Field(description="Whether the year's figures of today still give the fingerprint.")


@router.post("/v1/agreements/{agreement}/certificates", status_code=201)
async def draft_certificate(
    work: Annotated[Work, Writes("grants:finance", "grants:cfo")], agreement: str
) -> CertificateShape:
    """Freeze the year's figures for signature: needs a final outturn and every use declared (G-37)."""
    certificate = await commands.draft_certificate(work, agreement)
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{certificate.agreement_id}/certificates/{certificate.id}"
    return await _shape(work, await load_agreement(work.session, agreement), certificate)


@router.post("/v1/agreements/{agreement}/certificates/{certificate}/signatures", status_code=201)
async def sign_certificate(
    work: Annotated[Work, Writes("grants:cfo")], agreement: str, certificate: str, body: SignatureBody
) -> CertificateShape:
    """Sign a draft: a chief finance officer who neither drafted it nor recorded an outturn of the year (G-37)."""
    row = await commands.sign_certificate(
        work,
        agreement,
        certificate,
        name=body.signatory_name,
        role=body.signatory_role,
        signed_on=body.signed_on or london_date(work.now),
    )
    return await _shape(work, await load_agreement(work.session, agreement), row)


@router.get("/v1/agreements/{agreement}/certificates")
async def list_certificates(work: Ledger, agreement: str, paging: Paging) -> Page[CertificateInList]:
    """Certificates of a year, superseded ones too, the latest first."""
    found = await load_agreement(work.session, agreement)
    statement = select(Certificate).where(Certificate.agreement_id == found.id)
    return await paginate(
        work,
        statement,
        order=(col(Certificate.number),),
        paging=paging,
        shape=CertificateInList.model_validate,
        descending=True,
    )


# The page's address comes before that of the resource, whose path would match it too.
@router.get(
    "/v1/agreements/{agreement}/certificates/{certificate}.html",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "The page."}},
)
async def read_certificate_page(work: Ledger, agreement: str, certificate: str) -> Response:
    """The certificate as one page to read and to print: its figures and their fingerprint."""
    found = await load_agreement(work.session, agreement)
    row = await load_certificate(work.session, found.id, certificate)
    shape = await _shape(work, found, row)
    day = row.signed_on or london_date(work.now)
    bodies = (await certified_figures(work.session, found, day)).pass_through
    page = render_certificate(
        row,
        parties=await parties_on(work.session, found.id, day),
        names={body.organisation: body.name for body in bodies},
        hash_holds=shape.hash_holds,
        figures_match=shape.figures_match,
    )
    work.etag(hashlib.sha256(page).hexdigest()[:20])
    return Response(page, media_type=HTML_TYPE)


@router.get("/v1/agreements/{agreement}/certificates/{certificate}")
async def read_certificate(work: Ledger, agreement: str, certificate: str) -> CertificateShape:
    """One certificate with its figures, and whether those of today are still the same."""
    found = await load_agreement(work.session, agreement)
    return await _shape(work, found, await load_certificate(work.session, found.id, certificate))


async def _shape(work: Work, agreement: Agreement, certificate: Certificate) -> CertificateShape:
    await work.session.flush()
    today = await certified_figures(work.session, agreement, london_date(work.now))
    shape = CertificateShape(
        **CertificateInList.model_validate(certificate).model_dump(),
        wording=WORDINGS[certificate.wording_version],
        figures=certificate.figures,
        hash_holds=fingerprint(certificate.figures) == certificate.figures_sha256,
        figures_match=fingerprint(today.figures()) == certificate.figures_sha256,
    )
    work.etag(certificate.version, content_tag(shape))
    return shape

"""Routes of agreements and signatures, and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field
from sqlmodel import select

from services.grants.agreements import commands
from services.grants.agreements.queries import agreement_versions, terms_as_at
from services.grants.agreements.rules import Role, Signatory, Signed, Terms
from services.grants.agreements.shapes import AgreementInList, AgreementShape, SignatureShape, agreement_shape
from services.grants.as_csv import csv_of
from services.grants.faults import year_of
from services.grants.history.queries import grant_history
from services.grants.public import is_officer, load_shown
from services.grants.queries import latest_outturn, load_agreement, load_signature
from services.grants.shapes import Amount, AsAt, KnownByTime, Name, OrganisationSlug, Year
from services.grants.tables import Agreement
from shared.fields import Day, example
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.tabular import wants_csv
from shared.values import OutturnState
from shared.work import Work

router = Routes(tags=["agreements"])

Manager = Annotated[Work, Writes("grants:manager")]
Reader = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo", "grants:approver")]


COLUMNS = {
    "Year": "year",
    "FundingBasis": "funding_basis",
    "Grant": "grant_pence",
    "Change": "change_pence",
    "InForceFrom": "in_force_from",
    "InForceTo": "in_force_to",
    "State": "state",
    "OutturnState": "outturn_state",
}


class PartyBody(Body):
    role: Role
    organisation: OrganisationSlug


class NewAgreement(Body):
    """The terms of one year's memorandum."""

    model_config = example(
        year="2017/18",
        funding_basis="direct_grant",
        grant_pence=2_100_000_000,
        review_by="2017-10-31",
        senior_responsible_name="Director of Improvement",
        parties=[
            {"role": "funder", "organisation": "department"},
            {"role": "recipient", "organisation": "agency"},
        ],
    )

    year: Year
    funding_basis: Literal["revenue_support_grant_top_slice", "direct_grant"]
    grant_pence: Annotated[Amount, Field(gt=0)]
    territory: Name = "England"
    in_force_from: Day | None = Field(default=None, description="Default: the first day of the year.")
    in_force_to: Day | None = Field(default=None, description="Default: the last day of the year.")
    review_by: Day | None = Field(default=None, description="Day by which allocation and outcomes are reviewed (G-17).")
    ggis_reference: Name | None = None
    guidance_edition: Name | None = Field(
        default=None, description="Edition of the guidance the agreement cites (G-21)."
    )
    senior_responsible_name: Name
    parties: list[PartyBody] = Field(min_length=1, max_length=3)


class AgreementChange(Body):
    """What is left out stays as it is."""

    model_config = example(ggis_reference="G-0042")

    senior_responsible_name: Name | None = None
    ggis_reference: Name | None = None
    guidance_edition: Name | None = None
    grant_pence: Annotated[Amount, Field(gt=0)] | None = Field(
        default=None, description="Of a draft only, as the days below; what is signed changes by a variation."
    )
    in_force_from: Day | None = None
    in_force_to: Day | None = None
    review_by: Day | None = None
    effective_from: Day | None = Field(
        default=None, description="Day from which it holds; left out where it corrects what stood from the start."
    )


class NewSignature(Body):
    """One of the two dated signatures."""

    model_config = example(signed_on="2017-05-04")

    signed_on: Day | None = Field(
        default=None,
        description="Day of the signature, default today; an earlier day needs the scope `grants:history`.",
    )
    party: Signatory | None = Field(default=None, description="Whose it is; left out where that is not known (G-4).")


class SignatoryBody(Body):
    """Whose signature it is."""

    model_config = example(party="funder")

    party: Signatory


class TermShape(Shape):
    what: str
    before: Any
    after: Any


class AgreementVersionShape(Shape):
    number: int = Field(description="Version of the agreement that the change made.")
    action: str
    effective_from: date | None = Field(description="Null where it holds from the start.")
    changes: list[TermShape]
    variation_id: UUID | None
    recorded_at: datetime
    recorded_by: str


class AgreementVersions(Shape):
    items: list[AgreementVersionShape]


@router.post("/v1/agreements", status_code=201)
async def draft_agreement(work: Manager, body: NewAgreement) -> AgreementShape:
    """Draft the agreement of a year."""
    year = year_of(body.year, pointer="/year")
    agreement = await commands.draft_agreement(
        work,
        terms=Terms(
            year=year,
            funding_basis=body.funding_basis,
            territory=body.territory,
            in_force_from=body.in_force_from or year.start,
            in_force_to=body.in_force_to or year.end,
            review_by=body.review_by,
        ),
        grant_pence=body.grant_pence,
        named_parties=[(party.role, party.organisation) for party in body.parties],
        senior_responsible_name=body.senior_responsible_name,
        ggis_reference=body.ggis_reference,
        guidance_edition=body.guidance_edition,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{agreement.id}"
    return await agreement_shape(work, agreement)


@router.get("/v1/agreements.csv", include_in_schema=False, response_model=Page[AgreementInList])
@router.get("/v1/agreements", response_model=Page[AgreementInList])
async def list_agreements(
    work: PublicWork, request: Request, paging: ChangedPaging, year: Year | None = None, in_force_on: AsAt = None
) -> Page[AgreementInList] | Response:
    """Agreements in the order of their years, with their outturn's state and the change on the year before.

    Their terms are those of `in_force_on`, by default of today: a later variation does not show yet (G-16). Drafts are
    listed for officers only: tokens with a scope of this service.
    """
    statement = select(Agreement)
    if not is_officer(work):
        statement = statement.where(Agreement.state != "draft")
    if year is not None:
        statement = statement.where(Agreement.year == year_of(year, parameter="year").label)
    if in_force_on is not None:
        statement = statement.where(Agreement.in_force_from <= in_force_on, Agreement.in_force_to >= in_force_on)
    page = await paginate(
        work, statement, order=(Agreement.year,), paging=paging, shape=lambda row: row, changed=Agreement.modified_at
    )
    changes = {figure.agreement_id: figure.change_pence for figure in await grant_history(work.session)}
    day = in_force_on or london_date(work.now)
    items = []
    for row in page.items:
        latest = await latest_outturn(work.session, row.id)
        terms = await terms_as_at(work.session, row.id, day) or {}
        grant_pence, change_pence = terms.get("grant_pence", row.grant_pence), changes.get(row.id)
        items.append(
            AgreementInList(
                **row.model_dump(include={"id", "year", "funding_basis", "in_force_from", "state"}),
                grant_pence=grant_pence,
                in_force_to=terms.get("in_force_to", row.in_force_to),
                outturn_state=OutturnState(latest.state) if latest else None,
                # The history knows the grant as last agreed; here it is that of the day.
                change_pence=None if change_pence is None else change_pence + grant_pence - row.grant_pence,
            )
        )
    work.headers["Vary"] = "Accept"
    return csv_of(COLUMNS, items, "agreements.csv") if wants_csv(request) else Page(items=items, links=page.links)


@router.get("/v1/agreements/{agreement}")
async def read_agreement(
    work: PublicWork, agreement: str, as_at: AsAt = None, known_by: KnownByTime = None
) -> AgreementShape:
    """One agreement, by id or by year, `2017-18`; its terms and the names of its parties as at a day.

    A draft, with all that belongs to it, is read by officers only: tokens with a scope of this service.
    """
    found = await load_shown(work, agreement)
    return await agreement_shape(work, found, as_at=as_at, known_by=known_by)


@router.get("/v1/agreements/{agreement}/versions")
async def list_agreement_versions(work: Reader, agreement: str, known_by: KnownByTime = None) -> AgreementVersions:
    """What changed in an agreement, by whom, when, and from which day it holds: everything since the draft."""
    found = await load_agreement(work.session, agreement)
    rows = await agreement_versions(work.session, found.id, known_by=known_by)
    return AgreementVersions(items=[AgreementVersionShape.model_validate(row) for row in rows])


@router.patch("/v1/agreements/{agreement}")
async def change_agreement(work: Manager, agreement: str, body: AgreementChange) -> AgreementShape:
    """Change names and references that no party has to agree; of a draft also grant and days. Needs If-Match."""
    changes = body.model_dump(exclude_none=True, exclude={"effective_from"})
    return await agreement_shape(work, await commands.change_agreement(work, agreement, changes, body.effective_from))


@router.post("/v1/agreements/{agreement}/signatures", status_code=201)
async def sign_agreement(work: Manager, agreement: str, body: NewSignature) -> AgreementShape:
    """Note one of the two dated signatures; the second one makes the agreement."""
    await commands.sign_agreement(work, agreement, Signed(body.signed_on or london_date(work.now), body.party))
    return await agreement_shape(work, await load_agreement(work.session, agreement))


@router.get("/v1/agreements/{agreement}/signatures/{signature}")
async def read_signature(work: PublicWork, agreement: str, signature: str) -> SignatureShape:
    """One signature; its ETag is what naming its party needs."""
    found = await load_shown(work, agreement)
    row = await load_signature(work.session, found.id, signature)
    work.etag(row.version)
    return SignatureShape.model_validate(row)


@router.patch("/v1/agreements/{agreement}/signatures/{signature}")
async def name_signatory(work: Manager, agreement: str, signature: str, body: SignatoryBody) -> SignatureShape:
    """Say whose signature it is, where that was left blank. Needs If-Match with the signature's version."""
    row = await commands.name_signatory(work, agreement, signature, body.party)
    work.etag(row.version)
    return SignatureShape.model_validate(row)

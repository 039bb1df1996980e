"""Routes of agreements and signatures, and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import select

from services.grants.agreements import commands
from services.grants.agreements.rules import Role, Signatory, Signed, Terms
from services.grants.faults import year_of
from services.grants.history.queries import grant_history
from services.grants.queries import latest_outturn, load_agreement, load_signature, names_on, parties, signatures
from services.grants.shapes import Amount, AsAt, Name, OrganisationSlug, Year, content_tag
from services.grants.tables import Agreement
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.values import OutturnState
from shared.work import Work

router = Routes(tags=["agreements"])

Manager = Annotated[Work, Writes("grants:manager")]


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


class PartyShape(Shape):
    role: Role
    organisation_id: UUID
    organisation: str = Field(description="Slug.")
    name: str = Field(description="Name on the day of the last signature; before that, on the first day (G-5).")


class SignatureShape(Shape):
    id: UUID
    number: int
    party: Signatory | None
    signed_on: date
    version: int


class AgreementInList(Shape):
    id: UUID
    year: str
    funding_basis: str
    grant_pence: int
    in_force_from: date
    in_force_to: date
    state: str
    outturn_state: OutturnState | None
    change_pence: int | None = Field(
        description="Grant less that of the year before; null for a draft or where that is not known."
    )


class AgreementShape(Shape):
    id: UUID
    year: str
    funding_basis: str
    grant_pence: int
    territory: str
    in_force_from: date
    in_force_to: date
    review_by: date | None
    ggis_reference: str | None
    guidance_edition: str | None
    senior_responsible_name: str
    state: str
    parties: list[PartyShape]
    signatures: list[SignatureShape]
    version: int
    modified_at: datetime


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
    return await _shape(work, agreement)


@router.get("/v1/agreements")
async def list_agreements(
    work: PublicWork, paging: ChangedPaging, year: Year | None = None, in_force_on: AsAt = None
) -> Page[AgreementInList]:
    """Agreements in the order of their years, with their outturn's state and the change on the year before."""
    statement = select(Agreement)
    if year is not None:
        statement = statement.where(Agreement.year == year_of(year, parameter="year").label)
    if in_force_on is not None:
        statement = statement.where(Agreement.in_force_from <= in_force_on, Agreement.in_force_to >= in_force_on)
    page = await paginate(
        work, statement, order=(Agreement.year,), paging=paging, shape=lambda row: row, changed=Agreement.modified_at
    )
    changes = {figure.agreement_id: figure.change_pence for figure in await grant_history(work.session)}
    items = []
    for row in page.items:
        latest = await latest_outturn(work.session, row.id)
        items.append(
            AgreementInList(
                **row.model_dump(include=set(AgreementInList.model_fields)),
                outturn_state=OutturnState(latest.state) if latest else None,
                change_pence=changes.get(row.id),
            )
        )
    return Page(items=items, links=page.links)


@router.get("/v1/agreements/{agreement}")
async def read_agreement(work: PublicWork, agreement: str) -> AgreementShape:
    """One agreement, by id or by year: `2017-18`."""
    return await _shape(work, await load_agreement(work.session, agreement))


@router.patch("/v1/agreements/{agreement}")
async def change_agreement(work: Manager, agreement: str, body: AgreementChange) -> AgreementShape:
    """Correct names and references that no party has to agree. Needs If-Match."""
    changes = body.model_dump(exclude_none=True)
    return await _shape(work, await commands.change_agreement(work, agreement, changes))


@router.post("/v1/agreements/{agreement}/signatures", status_code=201)
async def sign_agreement(work: Manager, agreement: str, body: NewSignature) -> AgreementShape:
    """Note one of the two dated signatures; the second one makes the agreement."""
    await commands.sign_agreement(work, agreement, Signed(body.signed_on or london_date(work.now), body.party))
    return await _shape(work, await load_agreement(work.session, agreement))


@router.get("/v1/agreements/{agreement}/signatures/{signature}")
async def read_signature(work: PublicWork, agreement: str, signature: str) -> SignatureShape:
    """One signature; its ETag is what naming its party needs."""
    found = await load_agreement(work.session, agreement)
    row = await load_signature(work.session, found.id, signature)
    work.etag(row.version)
    return SignatureShape.model_validate(row)


@router.patch("/v1/agreements/{agreement}/signatures/{signature}")
async def name_signatory(work: Manager, agreement: str, signature: str, body: SignatoryBody) -> SignatureShape:
    """Say whose signature it is, where that was left blank. Needs If-Match with the signature's version."""
    row = await commands.name_signatory(work, agreement, signature, body.party)
    work.etag(row.version)
    return SignatureShape.model_validate(row)


async def _shape(work: Work, agreement: Agreement) -> AgreementShape:
    await work.session.flush()
    signed = await signatures(work.session, agreement.id)
    day = max([row.signed_on for row in signed], default=agreement.in_force_from)
    rows = await parties(work.session, agreement.id)
    names = await names_on(work.session, [organisation.id for _, organisation in rows], day)
    shape = AgreementShape(
        **agreement.model_dump(exclude={"created_at", "created_by"}),
        parties=[
            PartyShape(
                role=party.role,
                organisation_id=organisation.id,
                organisation=organisation.slug,
                name=names[organisation.id].name,
            )
            for party, organisation in rows
        ],
        signatures=[SignatureShape.model_validate(row) for row in signed],
    )
    # A name that is entered later for an earlier day shows here without a change of the agreement.
    work.etag(agreement.version, content_tag(shape))
    return shape

"""Routes about publishers, the outturn dataset and spend by workstream, with the shapes they answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import AwareDatetime, Field
from sqlmodel import select
from starlette.responses import Response

from services.transparency import queries
from services.transparency.methodologies.api import MethodologyShape, shape_of
from services.transparency.tables import (
    Agreement,
    AgreementVariation,
    Organisation,
    OutturnFigure,
    QuarterStatement,
)
from shared.errors import NotFound
from shared.http import PublicWork, Routes, Shape
from shared.money import percent, pounds
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear, Quarter, london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import QuarterSlug

router = Routes(tags=["publishers"])

YearSlug = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}$", description="Financial year, `2017-18`.")]
PublisherSlug = Annotated[
    str, Path(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80, description="Publisher's slug.")
]
AsAt = Annotated[AwareDatetime | None, Query(description="As it stood in the world at this instant.")]
KnownBy = Annotated[AwareDatetime | None, Query(description="As it was known here at this instant.")]


class PublisherShape(Shape):
    organisation_id: UUID
    slug: str
    name: str
    name_since: date | None
    org_id: str | None
    uri: str
    is_publisher: bool
    methodology_scope: str


class VariationShape(Shape):
    variation_id: UUID
    kind: str
    effective_from: date
    reference: str
    grant_pence: int | None = Field(description="Grant for the year with the variation; null where it was not told.")
    changes: list[dict[str, str | None]] | None = Field(
        description="What changed, each as {what, deliverable, before, after}; null where it was told without."
    )


class AgreementShape(Shape):
    agreement_id: UUID
    year: str
    grant_pence: int = Field(description="Grant for the year as it stands today, with the variations in effect.")
    in_force_from: date
    in_force_to: date
    signed_on: list[date]
    variations: list[VariationShape]


class PublisherDetail(PublisherShape):
    roles: list[str]
    agreements: list[AgreementShape]
    methodologies: list[MethodologyShape]
    links: dict[str, str]


class OutturnShape(Shape):
    outturn_id: UUID
    version: int
    state: str
    as_at: date
    grant_pence: int
    spend_pence: int
    underspend_pence: int
    underspend_percent: str | None
    own_funds_pence: int
    lines: list[dict[str, Any]]
    supersedes: UUID | None
    happened_at: datetime
    recorded_at: datetime
    stated: bool


class OutturnDataset(Shape):
    publisher: str
    dataset: str = "outturn"
    year: str
    agreement_id: UUID
    current: OutturnShape
    versions: list[OutturnShape]


class WorkstreamLine(Shape):
    code: str
    name: str
    heading_code: str | None
    quarter_pence: int
    year_to_date_pence: int


class WorkstreamSpend(Shape):
    publisher: str
    agreement_id: UUID
    year: str
    quarter: str
    version: int
    gross_used: bool
    happened_at: datetime
    recorded_at: datetime
    quarter_pence: int
    year_to_date_pence: int
    lines: list[WorkstreamLine]


@router.get("/v1/publishers")
async def list_publishers(work: PublicWork, paging: Paging) -> Page[PublisherShape]:
    """Everybody known here, by slug: publishers of their own, and bodies that an agreement gives duties."""
    statement = select(Organisation)
    return await paginate(
        work, statement, order=(Organisation.slug,), paging=paging, shape=lambda row: _publisher(row, work.base_url)
    )


@router.get("/v1/publishers/{publisher}")
async def read_publisher(work: PublicWork, publisher: PublisherSlug) -> PublisherDetail:
    """One publisher, what makes it one, and its methodology in all versions."""
    organisation = await queries.publisher(work.session, publisher)
    chosen = await queries.methodologies(work.session, organisation.organisation_id)
    agreements = await queries.agreements_of(work.session, organisation.organisation_id)
    variations = await queries.variations_of(work.session, [agreement.agreement_id for agreement in agreements])
    base = work.base_url
    return PublisherDetail(
        **_publisher(organisation, base).model_dump(),
        roles=await queries.roles(work.session, organisation.organisation_id),
        agreements=[
            AgreementShape(
                **agreement.model_dump(include=set(AgreementShape.model_fields) - {"variations", "grant_pence"}),
                grant_pence=_grant(agreement, variations, london_date(work.now)),
                variations=[
                    VariationShape.model_validate(row)
                    for row in variations
                    if row.agreement_id == agreement.agreement_id
                ],
            )
            for agreement in agreements
        ],
        methodologies=[shape_of(row, organisation) for row in chosen],
        links={
            "datasets": f"{base}/v1/datasets?publisher={organisation.slug}",
            "obligations": f"{base}/v1/obligations?publisher={organisation.slug}",
            "documents": f"{base}/v1/documents?publisher={organisation.slug}",
        },
    )


def _grant(agreement: Agreement, variations: Sequence[AgreementVariation], today: date) -> int:
    """The grant as signed, or as the last variation in effect left it (G-16); variations come in order of their day."""
    grant_pence = agreement.grant_pence
    for row in variations:
        if row.agreement_id == agreement.agreement_id and row.effective_from <= today and row.grant_pence is not None:
            grant_pence = row.grant_pence
    return grant_pence


@router.get("/v1/publishers/{publisher}/workstream-spend")
async def read_workstream_spend(
    work: PublicWork, publisher: PublisherSlug, quarter: QuarterSlug, as_at: AsAt = None, known_by: KnownBy = None
) -> WorkstreamSpend:
    """Spend of a quarter and of the year to date by workstream, as stated by the grants service (C.I)."""
    asked = _quarter(quarter)
    organisation = await queries.publisher(work.session, publisher)
    agreement = await queries.agreement_of(work.session, organisation.organisation_id, asked.year)
    statement = await queries.quarter_statement(
        work.session, agreement.agreement_id, asked, as_at=as_at, known_by=known_by
    )
    if statement is None:
        raise NotFound(f"{asked.label} has not been stated.")
    headings = await queries.headings(work.session, agreement.agreement_id)
    work.etag(f"{statement.quarter}-{statement.version}")
    return _workstream_spend(publisher, statement, headings)


@router.get("/v1/datasets/{publisher}/outturn/{year}", responses={200: {"content": {"text/csv": {}}}})
@router.get("/v1/datasets/{publisher}/outturn/{year}.csv", include_in_schema=False, name="read_outturn_csv")
async def read_outturn(
    work: PublicWork,
    request: Request,
    publisher: PublisherSlug,
    year: YearSlug,
    as_at: AsAt = None,
    known_by: KnownBy = None,
) -> Any:
    """The outturn of a year: the figure in force, and every version before it; provisional ones say so (G-34)."""
    organisation = await queries.publisher(work.session, publisher)
    asked = _year(year)
    agreement = await queries.agreement_of(work.session, organisation.organisation_id, asked)
    figures = await queries.outturns(work.session, agreement.agreement_id, as_at=as_at, known_by=known_by)
    if not figures:
        raise NotFound(f"No outturn of {asked.label} had been recorded by then.")
    work.etag(f"{asked.slug}-{figures[-1].version}")
    if wants_csv(request):
        return _outturn_csv(organisation, asked, figures, work.base_url)
    versions = [_outturn(figure) for figure in figures]
    return OutturnDataset(
        publisher=organisation.slug,
        year=asked.label,
        agreement_id=agreement.agreement_id,
        current=versions[-1],
        versions=versions,
    )


OUTTURN_COLUMNS = (
    "OrganisationLabel",
    "OrganisationURI",
    "FinancialYear",
    "Version",
    "State",
    "AsAt",
    "Grant",
    "Spend",
    "Underspend",
    "UnderspendPercent",
    "OwnFunds",
    "HappenedAt",
    "RecordedAt",
)


def _outturn_csv(
    organisation: Organisation, year: FinancialYear, figures: list[OutturnFigure], base_url: str
) -> Response:
    label = _publisher(organisation, base_url)
    rows = [
        (
            label.name,
            label.uri,
            year.label,
            figure.version,
            figure.state,
            f"{figure.as_at:%d/%m/%Y}",
            pounds(figure.grant_pence),
            pounds(figure.spend_pence),
            pounds(figure.underspend_pence),
            percent(figure.underspend_pence, figure.grant_pence),
            pounds(figure.own_funds_pence),
            _iso(figure.happened_at),
            _iso(figure.recorded_at),
        )
        for figure in figures
    ]
    data, _ = csv_bytes(OUTTURN_COLUMNS, rows)
    return csv_response(data, f"{organisation.slug}-outturn-{year.slug}.csv")


def _publisher(row: Organisation, base_url: str) -> PublisherShape:
    return PublisherShape(
        organisation_id=row.organisation_id,
        slug=row.slug,
        name=row.name,
        name_since=row.name_since,
        org_id=queries.org_id(row.identifiers),
        uri=queries.public_uri(row.identifiers, f"{base_url}/v1/publishers/{row.slug}"),
        is_publisher=row.is_publisher,
        methodology_scope=row.methodology_scope,
    )


def _outturn(row: OutturnFigure) -> OutturnShape:
    return OutturnShape(
        **row.model_dump(exclude={"agreement_id", "year"}),
        underspend_percent=percent(row.underspend_pence, row.grant_pence),
        stated=row.happened_at < row.recorded_at,
    )


def _workstream_spend(publisher: str, row: QuarterStatement, headings: dict[str, str | None]) -> WorkstreamSpend:
    return WorkstreamSpend(
        publisher=publisher,
        agreement_id=row.agreement_id,
        year=row.year,
        quarter=row.quarter,
        version=row.version,
        gross_used=row.gross_used,
        happened_at=row.happened_at,
        recorded_at=row.recorded_at,
        quarter_pence=sum(line["quarter_pence"] for line in row.lines),
        year_to_date_pence=sum(line["year_to_date_pence"] for line in row.lines),
        lines=[WorkstreamLine(**line, heading_code=headings.get(line["code"])) for line in row.lines],
    )


def _year(text: str) -> FinancialYear:
    try:
        return FinancialYear.parse(text)
    except ValueError as error:
        raise NotFound(f"There is no such year: {error}.", parameter="year") from error


def _quarter(text: str) -> Quarter:
    try:
        return Quarter.parse(text)
    except ValueError as error:
        raise NotFound(f"There is no such quarter: {error}.", parameter="quarter") from error


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

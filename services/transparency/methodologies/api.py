"""Routes of methodologies: whose choices, in which version, from when, and why they changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import ConfigDict, Field, model_validator
from sqlmodel import col, select

from services.transparency import queries
from services.transparency.methodologies import commands
from services.transparency.methodology import completed
from services.transparency.tables import Methodology, Organisation
from shared.errors import Contradiction, NotFound
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["methodologies"])

MOST_PENCE = 10_000_000_000


class MethodologyShape(Shape):
    publisher: str | None = Field(description="Whose choices these are; null until its registration has arrived.")
    number: int
    effective_from: date | None = Field(description="First day of the first period it counts for; null is always.")
    parameters: dict[str, Any] = Field(description="Every choice; what a version says nothing of is the default.")
    why_changed: str | None
    published_at: datetime


class Choices(Body):
    """Parameters of a methodology; those left out stay as they are."""

    scope: Literal["programme", "whole_body"] = Field(
        default="programme", description="Spend of the grant programme alone, or of the whole body."
    )
    threshold_pence: int = Field(default=50_000, ge=0, le=MOST_PENCE, description="Items above it are published.")
    item_basis: Literal["invoice"] = Field(default="invoice", description="What counts as one item; no other is known.")
    date_basis: Literal["payment"] = Field(default="payment", description="Which day counts; no other is known.")
    spend_cadence: Literal["quarterly"] = Field(
        default="quarterly", description="How often spend is published; no other is known yet."
    )
    month_reading: Literal["corresponding"] = Field(
        default="corresponding", description="How a month after a day is counted; no other is known."
    )
    selection_basis: Literal["net_of_recoverable", "gross"] = Field(
        default="net_of_recoverable", description="Which amount of an item is compared with the threshold."
    )
    linked_credits: Literal["include", "exclude"] = Field(
        default="include", description="Whether a small credit note is shown that names a published invoice."
    )
    card_threshold_pence: int | None = Field(
        default=None, ge=0, le=MOST_PENCE, description="Card purchases above it are published; null is every one."
    )
    contract_threshold_pence: int | None = Field(
        default=None, ge=0, le=MOST_PENCE, description="Contracts above it are published; null is every one."
    )
    named_from_salary_pence: int = Field(
        default=15_000_000, ge=0, le=MOST_PENCE, description="Staff are named from this salary on."
    )
    chart_over_pence: int = Field(
        default=5_000_000, ge=0, le=MOST_PENCE, description="Posts paid more than this stand on the chart."
    )
    count_from_pence: int = Field(
        default=5_000_000, ge=0, le=MOST_PENCE, description="Staff are counted by bracket from this pay on."
    )
    contractors: Literal["list_if_engaged", "leave_out"] = Field(
        default="list_if_engaged", description="Whether engaged contractors stand on the chart."
    )
    pay_population: Literal["whole_workforce", "programme_staff"] = Field(
        default="whole_workforce", description="Whose pay the median is taken of."
    )
    pay_basis: Literal["fte_annualised", "as_paid"] = Field(
        default="fte_annualised", description="Full-time yearly pay, or what was paid."
    )
    pay_date: str = Field(
        default="03-31", pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", description="Month and day, `03-31`."
    )
    agency_in_population: bool = Field(
        default=False, strict=True, description="Whether agency workers count in the median."
    )
    papers: Literal["literal", "clear", "clear_working"] = Field(
        default="clear_working", description="Which days count before a meeting."
    )
    request_days: int = Field(default=20, ge=1, le=60, description="Working days to answer a request.")
    redaction_review_months: int = Field(
        default=12, ge=1, le=60, description="Months after which a withheld text is reviewed, where nothing else says."
    )
    small_unit: int = Field(
        default=5, ge=0, le=50, description="A unit of so few posts or fewer is looked at before publication."
    )

    @model_validator(mode="after")
    def one_at_least(self) -> Choices:
        if not self.model_fields_set:
            raise Contradiction("parameters is empty; name the choices that change.", "")
        return self

    def chosen(self) -> dict[str, Any]:
        """The choices that were sent, and no defaults."""
        return self.model_dump(include=self.model_fields_set)


class MethodologyBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "publisher": "improvement-agency",
                    "effective_from": "2018-04-01",
                    "parameters": {"selection_basis": "gross"},
                    "why_changed": "The finance system no longer tells recoverable VAT apart.",
                }
            ]
        }
    )

    publisher: Slug
    effective_from: date = Field(description="First day of the quarter from which it counts.")
    parameters: Choices
    why_changed: str = Field(min_length=10, max_length=2000, description="Why, for the public.")


@router.get("/v1/methodologies")
async def list_methodologies(
    work: PublicWork,
    paging: Paging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")] = None,
) -> Page[MethodologyShape]:
    """The choices behind the editions: every version of every publisher, and whose each one is."""
    statement = select(Methodology, Organisation).outerjoin(
        Organisation, col(Organisation.organisation_id) == col(Methodology.organisation_id)
    )
    if publisher is not None:
        organisation = await queries.publisher(work.session, publisher)
        statement = statement.where(col(Methodology.organisation_id) == organisation.organisation_id)
    return await paginate(
        work,
        statement,
        order=(Methodology.published_at, Methodology.methodology_id),
        paging=paging,
        shape=lambda row: shape_of(row[0], row[1]),
    )


@router.get("/v1/methodologies/{publisher}/{number}")
async def read_methodology(
    work: PublicWork,
    publisher: Annotated[str, Path(max_length=80, description="Publisher's slug.")],
    number: Annotated[int, Path(ge=1, le=100_000, description="Number of the version.")],
) -> MethodologyShape:
    """One version of a publisher's choices, as editions cite it."""
    organisation = await queries.publisher(work.session, publisher)
    for version in await queries.methodologies(work.session, organisation.organisation_id):
        if version.number == number:
            work.etag(version.number)
            return shape_of(version, organisation)
    raise NotFound(f"{organisation.name} has published no version {number} of its methodology.")


@router.post("/v1/methodologies", status_code=201)
async def publish_methodology(
    work: Annotated[Work, Writes("transparency:finance")], body: MethodologyBody
) -> MethodologyShape:
    """Publish the next version of a publisher's choices. It is public at once and used from its first day on."""
    methodology, organisation = await commands.publish_methodology(
        work,
        body.publisher,
        effective_from=body.effective_from,
        chosen=body.parameters.chosen(),
        why_changed=body.why_changed,
    )
    work.headers["Location"] = f"{work.base_url}/v1/methodologies/{organisation.slug}/{methodology.number}"
    return shape_of(methodology, organisation)


def shape_of(row: Methodology, organisation: Organisation | None) -> MethodologyShape:
    """A version as the API shows it."""
    return MethodologyShape(
        publisher=organisation.slug if organisation else None,
        number=row.number,
        effective_from=row.effective_from,
        parameters=completed(row.parameters),
        why_changed=row.why_changed,
        published_at=row.published_at,
    )

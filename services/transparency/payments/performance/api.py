"""Routes of payment performance: approved figures for everyone, and their approval."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.payments.authority.duties import authority_of
from services.transparency.payments.authority.rules import refuse_outside
from services.transparency.payments.performance import commands, queries, rules
from services.transparency.payments.performance.commands import WHAT
from shared.errors import NotFound
from shared.fields import example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.periods import HalfYear
from shared.work import Work

router = Routes(tags=["payments"])

Half = Annotated[
    str, Path(pattern=r"^[0-9]{4}-[0-9]{2}-h[12]$", description="Half-year, `2017-18-h1`: April to September.")
]
INSIDE = ("transparency:finance", "transparency:preparer", "transparency:approver", "transparency:auditor")


class Share(Shape):
    invoices: int
    percent: str | None = Field(description="Of the invoices counted, two decimals; null where none counts.")


class FiguresShape(Shape):
    invoices: int = Field(description="Invoices that count.")
    average_days: str | None = Field(description="One decimal, half up; null where no invoice counts.")
    within_30_days: Share
    in_31_to_60_days: Share
    over_60_days: Share
    counted_from_receipt: int
    counted_from_invoice_date: int = Field(description="The finance team did not state the day of receipt.")
    paid_before_receipt: int
    paid_before_invoice_date: int
    paid_in_parts: int
    left_out: dict[str, int] = Field(description="Reason why something paid does not count, with how many.")
    superseded_lines: int = Field(description="Ledger lines that cancel another or are cancelled.")


class ApprovedShape(Shape):
    approved_at: datetime
    fingerprint: str
    current: bool = Field(description="False where ledger or statements have changed the figures since.")
    figures: FiguresShape


class StandingShape(Shape):
    fingerprint: str = Field(description="To be named in the approval.")
    approved: bool
    figures: FiguresShape


class PerformanceShape(Shape):
    publisher: str
    period: str
    method: list[str] = Field(description="What counts, from when, and what is left out.")
    approved: ApprovedShape | None = Field(description="As a finance lead approved them; null while nobody has.")
    standing: StandingShape | None = Field(description="As they stand now; only for those who prepare them.")
    links: dict[str, str]


class ApprovalBody(Body):
    model_config = example(fingerprint="0" * 64)

    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the figures that you read and approve.")


@router.get("/v1/payment-performance/{publisher}/{period}")
async def read_payment_performance(work: PublicWork, publisher: PublisherSlug, period: Half) -> PerformanceShape:
    """How soon the publisher paid its invoices in a half-year, with the method; approved figures only."""
    return await _answer(work, publisher, _half(period))


@router.post("/v1/payment-performance/{publisher}/{period}/approvals", status_code=201)
async def approve_payment_performance(
    work: Annotated[Work, Writes("transparency:finance")], publisher: PublisherSlug, period: Half, body: ApprovalBody
) -> PerformanceShape:
    """Approve the figures as they stand, which makes them public. Refused for whoever stated something of them."""
    half = _half(period)
    await commands.approve_figures(work, publisher, half, body.fingerprint)
    work.headers["Location"] = _href(work, publisher, half)
    return await _answer(work, publisher, half)


async def _answer(work: Work, publisher: str, half: HalfYear) -> PerformanceShape:
    organisation = await publishers.publisher(work.session, publisher)
    organisation_id = organisation.organisation_id
    approved = await queries.approvals(work.session, organisation_id, half)
    inside = work.actor.may(*INSIDE) and publishers.may_see(work, publisher)
    if not approved and not inside:
        authority = await authority_of(work.session, organisation_id)
        refuse_outside(publisher, WHAT, half, authority.contracting_authority_from if authority else None)
        raise rules.NothingPublic(
            f"No finance lead has approved payment performance figures of {half.label} for {publisher}; "
            f"/v1/obligations?publisher={publisher} says by when they are due.",
            parameter="period",
        )
    programme = await queries.is_programme(work.session, organisation_id, half.start)
    standing = await queries.standing(work.session, organisation_id, half, programme=programme)
    fingerprint = standing.figures.fingerprint
    current = queries.approval_of(approved, fingerprint)
    shown = current or next(iter(approved), None)
    # What is not approved shows nowhere, not even as a fingerprint.
    work.etag(
        f"{half.slug}-{shown.approval_id if shown else 0}", fingerprint[:16] if inside else str(current is not None)
    )
    return PerformanceShape(
        publisher=publisher,
        period=half.slug,
        method=rules.method(programme=programme),
        approved=ApprovedShape(
            approved_at=shown.approved_at,
            fingerprint=shown.fingerprint,
            current=current is not None,
            figures=_figures(shown.figures),
        )
        if shown
        else None,
        standing=StandingShape(
            fingerprint=fingerprint,
            approved=current is not None,
            figures=_figures(standing.figures.as_record()),
        )
        if inside
        else None,
        links={
            "self": _href(work, publisher, half),
            "dataset": f"{work.base_url}/v1/datasets/{publisher}/payment_performance/{half.slug}",
        },
    )


def _figures(record: dict[str, Any]) -> FiguresShape:
    return FiguresShape.model_validate(record)


def _half(text: str) -> HalfYear:
    try:
        return HalfYear.parse(text)
    except ValueError as error:
        raise NotFound(f"{text} is no half-year: {error}.", parameter="period") from error


def _href(work: Work, publisher: str, half: HalfYear) -> str:
    return f"{work.base_url}/v1/payment-performance/{publisher}/{half.slug}"

"""Routes of closing a year and the shapes they take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.grants.closure import commands
from services.grants.closure.queries import closing_position
from services.grants.closure.rules import Step, standing_open
from services.grants.queries import load_agreement
from services.grants.shapes import content_tag
from services.grants.tables import Agreement
from shared.fields import example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.work import Work

router = Routes(tags=["closure"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]


class ClosureBody(Body):
    """How far to go: `closing` says that the books are being closed, `closed` makes the year read-only."""

    model_config = example(state="closed")

    state: Step = Field(
        default="closed",
        description="closing: any time after the year's end; closed: once nothing stands open, by way of closing.",
    )


CLOSED = ClosureBody()


class OpenItem(Shape):
    code: str
    detail: str = Field(description="What stands open and what to do about it.")
    href: str = Field(description="Where it is dealt with.")


class ClosureShape(Shape):
    agreement_id: UUID
    year: str
    state: str
    closing_since: datetime | None
    closed_at: datetime | None
    open: list[OpenItem] = Field(description="Everything that keeps the year from being closed (G-38).")


@router.post("/v1/agreements/{agreement}/closure", status_code=201)
async def close_year(
    work: Annotated[Work, Writes("grants:cfo")], agreement: str, body: ClosureBody = CLOSED
) -> ClosureShape:
    """Begin to close a year, or close it: refused while anything stands open, all of it listed (G-38).

    Without a body it is closed. A year that is closed at once was `closing` from that same moment on.
    """
    return await _shape(work, await commands.close_year(work, agreement, body.state))


@router.get("/v1/agreements/{agreement}/closure")
async def read_closure(work: Ledger, agreement: str) -> ClosureShape:
    """What keeps a year from being closed, at any time."""
    return await _shape(work, await load_agreement(work.session, agreement))


async def _shape(work: Work, agreement: Agreement) -> ClosureShape:
    await work.session.flush()
    found = [] if agreement.closed_at is not None else standing_open(await closing_position(work.session, agreement))
    shape = ClosureShape(
        agreement_id=agreement.id,
        year=agreement.year,
        state=agreement.state,
        closing_since=agreement.closing_since,
        closed_at=agreement.closed_at,
        open=[OpenItem(code=one.code, detail=one.detail, href=_href(work, agreement, one.code)) for one in found],
    )
    work.etag(agreement.version, content_tag(shape))
    return shape


PLACES = {
    "outturn_not_final": "/outturns",
    "outturn_outdated": "/outturns",
    "certificate_missing": "/certificates",
    "treatment_undecided": "/underspend-treatments",
    "variation_undecided": "/variations",
    "period_open": "/accounting-periods",
    "report_not_published": "/accounting-periods",
}
"""Where what stands open is dealt with, within the agreement."""


def _href(work: Work, agreement: Agreement, code: str) -> str:
    if code in PLACES:
        return f"{work.base_url}/v1/agreements/{agreement.id}{PLACES[code]}"
    return f"{work.base_url}/v1/held-lines"

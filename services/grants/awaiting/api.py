"""The route of what awaits whom, and its shapes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from services.grants.awaiting.queries import (
    closed_years_to_settle,
    held_pending,
    names_published,
    open_years,
    treatments_pending,
    unsettled_files,
    year_facts,
)
from services.grants.awaiting.rules import Item, waiting, waiting_for_all, waiting_to_be_settled, waiting_when_closed
from services.grants.faults import year_of
from services.grants.queries import parties
from services.grants.shapes import Year, content_tag
from services.grants.tables import Agreement
from shared.http import Reads, Routes, Shape
from shared.pagination import Links, Paging, page_of
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["awaiting"])

Officer = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo", "grants:approver")]
CSV_HEADER = ("What", "Year", "Detail", "Count", "Since", "DueOn", "Overdue", "Scopes", "Address")
Scope = Literal["grants:manager", "grants:finance", "grants:cfo", "grants:approver"]


class AwaitingItem(Shape):
    what: str = Field(description="Kind of the thing that waits, such as `budget_approval`.")
    year: str | None = Field(description="Null where no agreement is named, as for lines held without one.")
    agreement_id: UUID | None
    detail: str
    count: int = Field(description="How many things stand behind it.")
    since: date
    due_on: date | None = Field(description="Only where an agreement or a rule names a day; there is no silent one.")
    overdue: bool
    scopes: list[Scope] = Field(description="Who can act on it: a token with one of these.")
    mine: bool = Field(description="Whether this token can act on it, as far as scopes go.")
    href: str


class AwaitingShape(Shape):
    as_of: date
    items: list[AwaitingItem] = Field(description="What is overdue first, then what is due soonest, then the oldest.")
    links: Links


@router.get("/v1/awaiting.csv", include_in_schema=False, response_model=AwaitingShape)
@router.get("/v1/awaiting", response_model=AwaitingShape)
async def list_awaiting(
    work: Officer,
    request: Request,
    paging: Paging,
    year: Year | None = None,
    what: Annotated[str | None, Query(max_length=40, description="Only this kind.")] = None,
    scope: Annotated[Scope | None, Query(description="Only what a token of this scope can act on.")] = None,
    overdue: Annotated[bool | None, Query(description="Only what is overdue, or what is not.")] = None,
) -> AwaitingShape | Response:
    """What is overdue or awaits whose decision, across all years that are not closed (question 11).

    Files with lines that are still to be corrected, decided or given up belong to no year. Of closed years: decisions
    on underspend that are not carried out. CSV by `.csv` or `Accept`.
    """
    today = london_date(work.now)
    label = year_of(year, parameter="year").label if year is not None else None
    items: list[AwaitingItem] = []
    for agreement in await open_years(work.session):
        if label in (None, agreement.year) and await _may_see(work, agreement):
            found = waiting(await year_facts(work.session, agreement), today)
            items += [_shape(work, item, agreement, today) for item in found]
    for agreement in await closed_years_to_settle(work.session):
        if label in (None, agreement.year) and await _may_see(work, agreement):
            pending = await treatments_pending(work.session, agreement.id)
            found = waiting_when_closed(year_of(agreement.year), pending)
            items += [_shape(work, item, agreement, today) for item in found]
    if label is None and work.actor.organisations is None:
        found = waiting_for_all(await held_pending(work.session, None), await names_published(work.session))
        items += [_shape(work, item, None, today) for item in found]
    if label is None:
        found = waiting_to_be_settled(await unsettled_files(work.session, work.actor.organisations))
        items += [_shape(work, item, None, today) for item in found]
    asked = [
        item
        for item in items
        if what in (None, item.what) and (scope is None or scope in item.scopes) and overdue in (None, item.overdue)
    ]
    page = page_of(work, asked, key=_order, paging=paging)
    shape = AwaitingShape(as_of=today, items=page.items, links=page.links)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(shape))
        return shape
    work.etag(f"{content_tag(shape)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(item) for item in shape.items))
    return csv_response(data, "awaiting.csv")


def _order(item: AwaitingItem) -> tuple[str, ...]:
    """What is overdue first, then what is due soonest, then the oldest; then what tells one item from another."""
    due_on = (item.due_on or date.max).isoformat()
    return ("0" if item.overdue else "1", due_on, item.since.isoformat(), item.what, item.year or "", item.href)


def _csv_row(item: AwaitingItem) -> tuple[object, ...]:
    return (
        *(item.what, item.year, item.detail, item.count, item.since, item.due_on),
        *("yes" if item.overdue else "no", " ".join(item.scopes), item.href),
    )


async def _may_see(work: Work, agreement: Agreement) -> bool:
    """A token limited to some organisations sees the years of those that receive the grant."""
    if work.actor.organisations is None:
        return True
    rows = await parties(work.session, agreement.id)
    return any(party.role == "recipient" and body.slug in work.actor.organisations for party, body in rows)


def _shape(work: Work, item: Item, agreement: Agreement | None, today: date) -> AwaitingItem:
    return AwaitingItem.model_validate(
        {
            "what": item.what,
            "year": agreement.year if agreement is not None else None,
            "agreement_id": agreement.id if agreement is not None else None,
            "detail": item.detail,
            "count": item.count,
            "since": item.since,
            "due_on": item.due_on,
            "overdue": item.due_on is not None and item.due_on < today,
            "scopes": list(item.scopes),
            "mine": work.actor.may(*item.scopes),
            "href": f"{work.base_url}{item.path}",
        }
    )

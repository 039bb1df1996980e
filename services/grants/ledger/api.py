"""Routes of the ledger: search, entries by hand, reversals, corrections and their chains, items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import any_
from sqlmodel import col

from services.grants import queries as grants
from services.grants.expenditure.names import SEES_NAMES
from services.grants.expenditure.sheets import sheet
from services.grants.expenditure.tables import ExpenditureBatch, LedgerEntry
from services.grants.faults import year_of
from services.grants.held_lines.shapes import HeldShape, held_shape
from services.grants.ledger import commands, corrections, queries
from services.grants.ledger.bodies import (
    AMOUNT_FIELDS,
    CONTENT_FIELDS,
    CorrectionBody,
    NewLine,
    ReassignmentBody,
    ReversalBody,
)
from services.grants.ledger.commands import Destination, ItemNamed
from services.grants.ledger.corrections import Changes
from services.grants.ledger.queries import Alike
from services.grants.ledger.shapes import (
    ChainShape,
    CorrectionShape,
    EntryShape,
    ItemShape,
    PaymentShape,
    QuarterShape,
    ReassignmentShape,
    ReversalShape,
    entry_shape,
)
from services.grants.shapes import content_tag
from shared.errors import NotFound
from shared.fields import Day, Moment, as_written
from shared.http import Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_response, wants_csv
from shared.values import QuarterSlug, Slug
from shared.work import Work

router = Routes(tags=["ledger"])

LedgerReader = Annotated[
    Work, Reads("grants:finance", "grants:manager", "grants:cfo", "grants:approver", "grants:read")
]
Finance = Annotated[Work, Writes("grants:finance")]
Pence = Annotated[int | None, Query(ge=-(10**13), le=10**13), as_written("-?[0-9]{1,14}", "whole pence, -1200")]
EntryKind = Literal["invoice", "credit_note", "journal", "card", "staff_expense", "reversal", "correction"]
BatchKind = Literal["file", "entry", "reversal", "correction", "decision"]


@router.post(
    "/v1/expenditure-lines",
    status_code=201,
    responses={202: {"model": HeldShape, "description": "Held: the chief finance officer decides on its use."}},
)
async def enter_expenditure_line(work: Finance, response: Response, body: NewLine) -> EntryShape | HeldShape:
    """Post a line by hand. One whose use needs a decision is answered with 202 and waits as a held line."""
    entered = await commands.enter_line(
        work,
        body.organisation,
        body.content(),
        Destination(body.agreement, body.line_code, body.accounting_quarter),
        ItemNamed(body.item_reference, body.same_item_as),
        origin_id=body.origin,
        reason=body.reason,
    )
    if isinstance(entered, LedgerEntry):
        work.headers["Location"] = f"{work.base_url}/v1/expenditure-lines/{entered.entry_id}"
        return entry_shape(entered, body.organisation, names=True)
    response.status_code = 202
    work.headers["Location"] = f"{work.base_url}/v1/held-lines/{entered.id}"
    return held_shape(entered, body.organisation, None, names=True)


@router.post("/v1/expenditure-lines/{entry_id}/reversals", status_code=201)
async def reverse_expenditure_line(work: Finance, entry_id: UUID, body: ReversalBody) -> ReversalShape:
    """Negate an entry exactly, once."""
    reversal = await corrections.reverse_entry(work, entry_id, body.reason)
    [shown] = await _shown(work, [reversal.entry_id])
    return ReversalShape(batch_id=reversal.batch_id, reversal=shown)


@router.post("/v1/expenditure-lines/{entry_id}/corrections", status_code=201)
async def correct_expenditure_line(work: Finance, entry_id: UUID, body: CorrectionBody) -> CorrectionShape:
    """Put a full new entry in an entry's place: its reversal and the new one are posted at once."""
    changes = Changes(body.given(CONTENT_FIELDS), body.payee(), body.given(AMOUNT_FIELDS), body.place())
    reversal, correction = await corrections.correct_entry(work, entry_id, changes, body.reason)
    shown = await _shown(work, [reversal.entry_id, correction.entry_id])
    return CorrectionShape(batch_id=reversal.batch_id, reversal=shown[0], correction=shown[1])


@router.post("/v1/expenditure-reassignments", status_code=201)
async def reassign_expenditure_lines(work: Finance, body: ReassignmentBody) -> ReassignmentShape:
    """Charge entries already posted to another line, each by a correction; all of them or none."""
    agreement_id = await _agreement_id(work, body.alike.agreement)
    alike = Alike(
        organisation=body.organisation,
        source=body.source,
        agreement_id=agreement_id,
        **body.alike.model_dump(exclude={"agreement"}),
    )
    changes = Changes(to={"agreement": body.agreement, "line_code": body.line_code})
    batch, corrected = await corrections.reassign_entries(work, alike, changes, body.reason)
    return ReassignmentShape(batch_id=batch.id, corrected=corrected)


@router.get("/v1/expenditure-lines/{entry_id}/chain")
async def read_expenditure_chain(work: LedgerReader, entry_id: UUID) -> ChainShape:
    """The chain of corrections an entry belongs to, in the order of posting; a reversal names it too."""
    entry = (await _row(work, entry_id))[0]
    if entry.reverses is not None:
        entry = (await _row(work, entry.reverses))[0]
    root = entry.replaces or entry.entry_id
    rows = await queries.chain_rows(work.session, root, work.actor.organisations)
    end = await queries.chain_end(work.session, root)
    shape = ChainShape(
        root=root,
        newest=None if end.reversed else end.newest,
        eligible_pence=sum(row[0].eligible_pence for row in rows),
        entries=_shapes(work, rows),
    )
    work.etag(content_tag(shape))
    return shape


@router.get("/v1/expenditure-lines/{entry_id}/item")
async def read_expenditure_item(work: LedgerReader, entry_id: UUID) -> ItemShape:
    """The invoice an entry belongs to: every line and payment of it, by day paid and by quarter (G-26)."""
    entry, slug, *_ = await _row(work, entry_id)
    rows = await queries.item_rows(work.session, entry, work.actor.organisations)
    payments: dict[Any, int] = {}
    quarters: dict[str | None, int] = {}
    for row, *_ in rows:
        payments[row.payment_date] = payments.get(row.payment_date, 0) + queries.paid_pence(row)
        quarters[row.accounting_quarter] = quarters.get(row.accounting_quarter, 0) + row.eligible_pence
    shape = ItemShape(
        organisation=slug,
        source=entry.source,
        item_id=entry.item_id,
        eligible_pence=sum(quarters.values()),
        paid_pence=sum(payments.values()),
        payments=[PaymentShape(payment_date=day, paid_pence=payments[day]) for day in sorted(payments)],
        quarters=[
            QuarterShape(accounting_quarter=name, eligible_pence=quarters[name])
            for name in sorted(quarters, key=lambda name: name or "")
        ],
        entries=_shapes(work, rows),
    )
    work.etag(content_tag(shape))
    return shape


@router.get("/v1/expenditure-lines.csv", include_in_schema=False, response_model=Page[EntryShape])
@router.get("/v1/expenditure-lines", response_model=Page[EntryShape])
async def list_expenditure_lines(
    work: LedgerReader,
    request: Request,
    paging: Paging,
    organisation: Slug | None = None,
    batch: UUID | None = None,
    batch_kind: Annotated[BatchKind | None, Query(description="How the lines came in.")] = None,
    agreement: Annotated[str | None, Query(max_length=7, description="Financial year, `2017-18`.")] = None,
    line_code: Annotated[str | None, Query(max_length=20)] = None,
    quarter: Annotated[QuarterSlug | None, Query(description="Accounting quarter (accruals).")] = None,
    paid_from: Day | None = None,
    paid_to: Day | None = None,
    service_from: Day | None = None,
    service_to: Day | None = None,
    supplier: Annotated[
        str | None, Query(max_length=200, description="Part of a public payee's name, or a payee's whole key.")
    ] = None,
    kind: EntryKind | None = None,
    state: Annotated[Literal["standing", "superseded"] | None, Query(description="Reversed or not.")] = None,
    use_code: Annotated[str | None, Query(max_length=40, description="Rule of use that was declared.")] = None,
    use_declared: Annotated[bool | None, Query(description="Whether anything was declared (G-19).")] = None,
    flag: Annotated[str | None, Query(max_length=40, description="Finding that a line carries.")] = None,
    chain: Annotated[UUID | None, Query(description="Root of a chain of corrections.")] = None,
    item: Annotated[str | None, Query(max_length=64, description="`item_id` of an invoice.")] = None,
    min_pence: Pence = None,
    max_pence: Pence = None,
    recorded_since: Annotated[Moment | None, Query(description="Entries posted at or after this instant.")] = None,
) -> Page[EntryShape] | Response:
    """The ledger, by payment date; CSV in pounds by `.csv` or `Accept`, `Link` naming the next page."""
    names = work.actor.may(*SEES_NAMES)
    entry: Any = LedgerEntry
    if quarter is not None:
        year_of(quarter[:7], parameter="quarter")
    wanted: list[Any] = []
    for name, value in (("line_code", line_code), ("accounting_quarter", quarter), ("kind", kind), ("item_id", item)):
        wanted += [] if value is None else [getattr(entry, name) == value]
    bounds: tuple[tuple[Any, Any, Any], ...] = (
        (entry.payment_date, paid_from, paid_to),
        (entry.service_date, service_from, service_to),
        (entry.eligible_pence, min_pence, max_pence),
        (entry.recorded_at, recorded_since, None),
    )
    for column, least, most in bounds:
        wanted += [] if least is None else [column >= least]
        wanted += [] if most is None else [column <= most]
    if batch_kind is not None:
        wanted.append(_batch_of_kind(batch_kind))
    if supplier is not None:
        wanted.append(_paid_to(supplier, names=names))
    if state is not None:
        reversed_by = col(queries.REVERSAL.entry_id)
        stands = reversed_by.is_(None) & col(entry.reverses).is_(None)
        wanted.append(stands if state == "standing" else ~stands)
    if use_code is not None:
        wanted.append(use_code == any_(col(entry.use_codes)))
    if use_declared is not None:
        wanted.append(col(entry.use_codes).is_not(None) if use_declared else col(entry.use_codes).is_(None))
    if flag is not None:
        wanted.append(flag == any_(col(entry.flags)))
    if chain is not None:
        wanted.append(col(entry.entry_id).in_(queries.links_of(chain)))
    statement = queries.ledger(
        organisations=work.actor.organisations,
        organisation=organisation,
        agreement_id=await _agreement_id(work, agreement),
        batch_id=batch,
    ).where(*wanted)
    page = await paginate(
        work,
        statement,
        order=(entry.payment_date, entry.entry_id),
        paging=paging,
        shape=lambda row: entry_shape(row[0], row[1], names=names, reversed_by=row[2], corrected_by=row[3]),
    )
    return page if not wants_csv(request) else csv_response(sheet(EntryShape, page.items), "expenditure-lines.csv")


@router.get("/v1/expenditure-lines/{entry_id}")
async def read_expenditure_line(work: LedgerReader, entry_id: UUID) -> EntryShape:
    """One entry. Entries never change; their state tells whether another reversed or corrected them."""
    [shape] = _shapes(work, [await _row(work, entry_id)])
    work.etag(content_tag(shape))
    return shape


def _batch_of_kind(kind: str) -> Any:
    batch = col(ExpenditureBatch.id) == col(LedgerEntry.batch_id)
    return queries.exists_where(ExpenditureBatch, batch & (col(ExpenditureBatch.kind) == kind))


def _paid_to(supplier: str, *, names: bool) -> Any:
    """A search by name must not find out private payees for those who do not see their names."""
    named = col(LedgerEntry.party_name).icontains(supplier, autoescape=True)
    if not names:
        named &= col(LedgerEntry.party_kind).in_(("organisation", "sole_trader"))
    return named | (col(LedgerEntry.party_key) == supplier)


async def _agreement_id(work: Work, label: str | None) -> UUID | None:
    if label is None:
        return None
    found = await grants.agreement_of_year(work.session, year_of(label, parameter="agreement").label)
    if found is None:
        raise NotFound("There is no agreement for this year.", parameter="agreement")
    return found.id


async def _row(work: Work, entry_id: UUID) -> Any:
    row = await queries.entry_row(work.session, entry_id, work.actor.organisations)
    if row is None:
        raise NotFound("There is no entry of this id that you may see.")
    return row


async def _shown(work: Work, entry_ids: Sequence[UUID]) -> list[EntryShape]:
    rows = await queries.entry_rows(work.session, entry_ids)
    return _shapes(work, [rows[entry_id] for entry_id in entry_ids])


def _shapes(work: Work, rows: Sequence[Any]) -> list[EntryShape]:
    names = work.actor.may(*SEES_NAMES)
    return [entry_shape(row[0], row[1], names=names, reversed_by=row[2], corrected_by=row[3]) for row in rows]

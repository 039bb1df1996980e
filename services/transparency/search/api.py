"""Routes of the search over published spend rows: rows as JSON, CSV, Atom and a page, totals, suggestions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import FileResponse, HTMLResponse, Response

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.search import feed, filters, page, queries, rules
from services.transparency.search.parameters import EMPTY, Asking
from services.transparency.search.tables import SpendFile
from shared.fields import PlainNumber
from shared.http import PublicWork, Routes, Shape
from shared.money import pounds
from shared.pagination import Links, Page, PageRequest, Paging, links_behind, values_behind
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["search"])
public_files = Routes(tags=["files"])

OTHER_FORMS: dict[str, Any] = {"text/csv": {}, "application/atom+xml": {}, "text/html": {}}


class FoundRow(Shape):
    row_id: str
    url: str = Field(description="Why the row is in its file.")
    publisher: str
    publisher_name: str
    period: str
    edition: int
    edition_url: str
    published_at: datetime
    transaction_number: str
    line_number: int
    payment_date: date
    date_basis: str
    item_kind: str
    unit: str
    beneficiary: str
    beneficiary_id: str | None
    company_number: str | None
    charity_number: str | None
    vcse_grant: bool
    amount_pence: int
    irrecoverable_vat_pence: int | None
    amount_basis: str
    purpose: str
    category: str
    card: str
    contract_ref: str | None
    grant_ref: str | None
    decision_ref: str | None
    inclusion: str
    late_addition: bool
    redaction_reason: str | None


class SearchPage(Page[FoundRow]):
    rows: int | None = Field(default=None, description="Rows that match, on all pages; only with `counts=true`.")
    total_pence: int | None = Field(default=None, description="Their sum; only with `counts=true`.")


class GroupShape(Shape):
    name: str
    payee: str | None = Field(
        default=None, description="What `payee=` finds its rows by; null where the payee is hidden or not stated."
    )
    rows: int
    total_pence: int


class SearchTotals(Shape):
    rows: int
    total_pence: int
    by_payee: list[GroupShape] = Field(
        description="The largest first. Hidden payees are one line for each text that stands in their place."
    )
    by_category: list[GroupShape]
    by_unit: list[GroupShape]
    by_month: list[GroupShape] = Field(description="Every month of payment, in order.")
    by_contract: list[GroupShape] = Field(description="Of rows that name a contract.")
    groups: dict[str, int] = Field(description="How many groups there are of each kind, beyond those shown.")


class SuggestionShape(Shape):
    name: str
    payee: str | None
    rows: int
    total_pence: int


class Suggestions(Shape):
    items: list[SuggestionShape]


Order = Annotated[queries.Order, Query(description="`newest`: by day of payment; `amount`: the largest first.")]
Counts = Annotated[bool, Query(description="Also say how many rows match, and their sum.")]
Top = Annotated[
    Annotated[PlainNumber, Field(ge=1, le=100)], Query(description="Most payees, categories, units and contracts.")
]


@router.get("/v1/search", responses={200: {"model": SearchPage, "content": OTHER_FORMS}})
@router.get("/v1/search.csv", include_in_schema=False, name="search_rows_csv")
@router.get("/v1/search.atom", include_in_schema=False, name="search_rows_atom")
@router.get("/v1/search.html", include_in_schema=False, name="search_rows_html")
async def search_rows(
    work: PublicWork,
    request: Request,
    asked: Asking,
    paging: Paging,
    order: Order = "newest",
    counts: Counts = False,
) -> Any:
    """Published spend rows of the editions in force, or of those in force at an instant.

    The same address answers JSON, CSV (`.csv`), a feed of the newest matches (`.atom`) and a page (`.html`). What is
    withheld in the files is in none of them.
    """
    work.headers["Vary"] = "Accept"
    if page.wants_html(request):
        return await _page(work, asked, paging, order)
    rules.refuse_contradictions(asked, filters.redaction_codes())
    as_feed = feed.wants_atom(request)
    if as_feed:
        rules.refuse_order_of_feed(order)
    looked = await filters.look_for(work, asked)
    found, links = await _rows(work, looked, paging, order)
    if as_feed:
        return feed.answer(work, [dict(row) for row in found], list(looked.scope.values()), paging, links)
    if wants_csv(request):
        data, _ = csv_bytes(CSV_HEADER, (_csv_row(row) for row in found))
        return csv_response(data, "spend-search.csv")
    rows, pence = await queries.count(work, looked, whole=asked.is_whole) if counts else (None, None)
    return SearchPage(items=found, links=links, rows=rows, total_pence=pence)


@router.get("/v1/search/totals", responses={200: {"model": SearchTotals, "content": {"text/csv": {}}}})
@router.get("/v1/search/totals.csv", include_in_schema=False, name="read_search_totals_csv")
async def read_search_totals(work: PublicWork, request: Request, asked: Asking, top: Top = 10) -> Any:
    """Rows and amounts of all that a search finds, by payee, category, unit, month and contract."""
    work.headers["Vary"] = "Accept"
    rules.refuse_contradictions(asked, filters.redaction_codes())
    looked = await filters.look_for(work, asked)
    totals = await queries.totals(work, looked, top, whole=asked.is_whole)
    if wants_csv(request):
        data, _ = csv_bytes(TOTALS_HEADER, _totals_rows(totals))
        return csv_response(data, "spend-totals.csv")
    return _totals(totals)


@router.get("/v1/search/suggestions")
async def suggest_payees(
    work: PublicWork,
    q: Annotated[str, Query(min_length=2, max_length=100, description="Beginning of a payee's name.")],
    publisher: Annotated[Annotated[str | None, EMPTY], Query(max_length=80, description="Slug of a publisher.")] = None,
    limit: Annotated[
        Annotated[PlainNumber, Field(ge=1, le=50)], Query(description="Most names, those paid most often first.")
    ] = 10,
) -> Suggestions:
    """Published payee names that begin so, in the editions in force. Hidden payees are never among them."""
    looked = await filters.look_for(work, rules.Asked(publisher=publisher))
    names = await queries.names(work, list(looked.scope), q, limit)
    return Suggestions(
        items=[
            SuggestionShape(name=name.label, payee=name.key, rows=name.rows, total_pence=name.total_pence)
            for name in names
        ]
    )


@public_files.get("/open/{publisher}/spend/all.csv.gz", response_class=FileResponse, name="read_all_spend_csv")
@public_files.get("/open/{publisher}/spend/all.parquet", response_class=FileResponse, name="read_all_spend_parquet")
async def read_all_spend(work: PublicWork, request: Request, publisher: PublisherSlug) -> Response:
    """All spend rows in force of a publisher, every period in one file, each row with its edition and period.

    It is built again whenever an edition is published or withdrawn, a very large one within a minute of it; its ETag is
    the SHA-256 of its bytes.
    """
    organisation = await publishers.publisher(work.session, publisher)
    name = request.url.path.rsplit("/", 1)[-1]
    stored = await work.session.get(SpendFile, (organisation.organisation_id, name))
    if stored is None:
        raise rules.NoSuchFile(
            f"There is no {name} of {publisher}: none of its spend editions is in force, or none was published since "
            "these files are built. /v1/datasets lists the files of single quarters."
        )
    return FileResponse(
        work.files.path(stored.sha256),
        media_type=stored.media_type,
        headers={
            "ETag": f'"{stored.sha256}"',
            "Cache-Control": "no-cache",
            "Access-Control-Allow-Origin": "*",
            "Content-Disposition": f'inline; filename="{publisher}-spend-{name}"',
        },
    )


async def _rows(
    work: Work, looked: filters.Looked, paging: PageRequest, order: queries.Order
) -> tuple[list[FoundRow], Links]:
    columns = queries.COLUMNS[order]
    found = await queries.page(work, looked, order, values_behind(paging, columns), paging.limit)
    last = found[paging.limit - 1] if len(found) > paging.limit else None
    behind = (last[queries.SORT[order]], last["edition_id"], last["place"]) if last is not None else None
    shown = [_found(row, looked.scope, work.base_url) for row in found[: paging.limit]]
    return shown, links_behind(work, paging, behind)


async def _page(work: Work, asked: rules.Asked, paging: PageRequest, order: queries.Order) -> Response:
    """The page shows a form also where what was sent cannot be used, with what is wrong."""
    shown = page.Shown(asked=asked, order=order, publishers=await filters.publisher_names(work))
    try:
        rules.refuse_contradictions(asked, filters.redaction_codes())
        looked = await filters.look_for(work, asked)
    except (rules.SearchInvalid, rules.NothingPublished) as refusal:
        return HTMLResponse(page.render(work, paging, shown, refusal), refusal.status)
    rows, links = await _rows(work, looked, paging, order)
    totals = await queries.totals(work, looked, page.CHART_PAYEES, whole=asked.is_whole)
    shown = page.Shown(
        asked=asked, order=order, publishers=shown.publishers, rows=rows, totals=totals, following=links.next
    )
    return HTMLResponse(page.render(work, paging, shown, None))


def _found(row: queries.Row, scope: dict[UUID, filters.Searched], base_url: str) -> FoundRow:
    searched = scope[row["edition_id"]]
    return FoundRow(
        **{name: row[name] for name in FROM_ROW},
        url=f"{base_url}/v1/rows/{row['row_id']}",
        publisher=searched.publisher,
        publisher_name=searched.publisher_name,
        period=searched.period,
        edition=searched.number,
        edition_url=searched.url(base_url),
        published_at=searched.published_at,
    )


FROM_EDITION = ("url", "publisher", "publisher_name", "period", "edition", "edition_url", "published_at")
FROM_ROW = tuple(name for name in FoundRow.model_fields if name not in FROM_EDITION)
CSV_HEADER = tuple(name.removesuffix("_pence") for name in FoundRow.model_fields)
TOTALS_HEADER = ("by", "name", "payee", "rows", "total")


def _csv_row(row: FoundRow) -> list[Any]:
    return [_cell(name, value) for name, value in row]


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_pence"):
        return pounds(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def _totals_rows(totals: queries.Totals) -> list[list[Any]]:
    rows: list[list[Any]] = [["all", None, None, totals.rows, pounds(totals.total_pence)]]
    for dimension, groups in totals.groups.items():
        rows += [[dimension, group.label, group.key, group.rows, pounds(group.total_pence)] for group in groups]
    return rows


def _totals(totals: queries.Totals) -> SearchTotals:
    def shapes(dimension: str) -> list[GroupShape]:
        return [
            GroupShape(name=group.label, payee=group.key, rows=group.rows, total_pence=group.total_pence)
            for group in totals.groups[dimension]
        ]

    return SearchTotals(
        rows=totals.rows,
        total_pence=totals.total_pence,
        by_payee=shapes("payee"),
        by_category=shapes("category"),
        by_unit=shapes("unit"),
        by_month=shapes("month"),
        by_contract=shapes("contract"),
        groups=totals.sizes,
    )

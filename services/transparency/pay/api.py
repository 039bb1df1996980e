"""Routes of pay runs, restricted, and of the pay multiple as it was published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import ConfigDict, Field
from sqlmodel import col, select
from starlette.responses import HTMLResponse

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug, YearSlug
from services.transparency.pay import commands, queries
from services.transparency.pay.publication import METHOD_FILE
from services.transparency.pay.tables import PayRerun, PayRun, PayRunEntry
from services.transparency.people.published import published_file
from shared.errors import NotFound, TooLarge, UnsupportedMediaType
from shared.fields import Day
from shared.http import UPLOAD, Body, PublicWork, Reads, ReceivedFile, Routes, Shape, Writes
from shared.money import sterling
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["pay"])

TEMPLATES = Environment(
    loader=FileSystemLoader(FilePath(__file__).parent), autoescape=select_autoescape(), trim_blocks=True
)
LIMIT_BYTES = 20 * 1024 * 1024
Finance = Annotated[Work, Writes("transparency:finance")]
Approving = Annotated[Work, Writes("transparency:approver")]
Restricted = Annotated[Work, Reads("transparency:finance", "transparency:approver", "transparency:auditor")]
Entries = Annotated[Work, Reads("transparency:finance", "transparency:auditor")]
Factor = Literal["mean", "lowest"]
FURTHER = (
    "Rows to publish beside highest and median. The lowest pay may be one person's; ask for it only if that is fine."
)


class PayRunBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"publisher": "improvement-agency", "pay_date": "2018-03-31"}]}
    )

    publisher: Slug = Field(description="Slug of the publisher.")
    pay_date: Day = Field(description="Day of which everyone employed is counted; the day of its staff list.")
    further_factors: list[Factor] = Field(default=[], max_length=2, description=FURTHER)


class FiguresShape(Shape):
    employees: int
    highest_pence: int
    median_pence: int
    ratio: str = Field(description="Highest divided by median, rounded half up once to two places, such as `4.52`.")
    median_ranks: list[int] = Field(description="Places of the middle values, counted from the lowest.")
    mean_pence: int | None = None
    mean_ratio: str | None = None
    lowest_pence: int | None = None
    lowest_ratio: str | None = None


class PayRunShape(Shape):
    """A pay run. Restricted until an edition publishes its figures."""

    pay_run_id: UUID
    publisher: str
    pay_date: date
    version: int
    state: str
    source: str
    methodology: int
    population: str
    pay_basis: str
    agency_in_population: bool
    further_factors: list[str]
    figures: dict[str, FiguresShape] = Field(description="Figures of each pay basis; `pay_basis` is published.")
    left_out: dict[str, int] = Field(description="Reason → number of people who do not count.")
    list_changed_since: bool = Field(description="The staff list of the pay date has a newer version than this run.")
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None


class RerunShape(Shape):
    rerun_id: UUID
    pay_run_id: UUID
    same: bool = Field(description="The restricted list makes the figures of the run, to the penny.")
    differs_in: list[str]
    detail: str
    run_by: str
    run_at: datetime


class EntryShape(Shape):
    number: int
    basic_paid_pence: int
    basic_full_pence: int
    allowances_paid_pence: int
    allowances_full_pence: int
    bonus_pence: int
    benefits_pence: int


class MultipleShape(FiguresShape):
    """The pay multiple as it was published."""

    publisher: str
    organisation: str
    year: str
    edition: int
    pay_date: date
    population: str
    pay_basis: str
    methodology: int
    left_out: dict[str, int]
    beside: dict[str, Any] = Field(description="The figures of the other pay basis.")
    method_card: dict[str, Any] = Field(description="What is in numerator and denominator, what is out, and why.")
    links: dict[str, str]


@router.post("/v1/pay-runs", status_code=201)
async def make_pay_run(work: Finance, body: PayRunBody) -> PayRunShape:
    """Make an anonymous pay list of a pay date from its staff list and work out the pay multiple, by the methodology
    in force. Another person approves it before it can be published."""
    run = await commands.make_pay_run(work, body.publisher, body.pay_date, body.further_factors)
    return await _made(work, run, body.publisher)


@router.post("/v1/pay-runs/imports", status_code=201, openapi_extra=UPLOAD)
async def import_pay_list(
    work: Finance,
    upload: ReceivedFile,
    publisher: Annotated[Slug, Query(description="Slug of the publisher.")],
    pay_date: Annotated[Day, Query(description="Day of which everyone employed is counted.")],
    further_factors: Annotated[list[Factor] | None, Query(max_length=2, description=FURTHER)] = None,
) -> PayRunShape:
    """Make a pay run from anonymous pay entries: CSV with one row an employee, or JSON with the list `entries`.

    Columns: fte, months_paid, basic_pay_paid; base_salary_fte, regular_allowances, bonus, benefits_in_kind,
    programme_staff, is_employee, start_date, end_date. A column that names or numbers people is refused.
    """
    if (upload.content_encoding or "identity") != "identity":
        raise UnsupportedMediaType("Send the list without compression.")
    if upload.size > LIMIT_BYTES:
        raise TooLarge(f"A pay list holds at most {LIMIT_BYTES // 1024 // 1024} MiB.")
    run = await commands.import_pay_list(
        work,
        publisher,
        pay_date,
        path=upload.path,
        media_type=upload.media_type,
        sha256=upload.sha256,
        further_factors=further_factors or [],
    )
    return await _made(work, run, publisher)


@router.get("/v1/pay-runs")
async def list_pay_runs(
    work: Restricted, paging: Paging, publisher: Annotated[Slug, Query(description="Slug of the publisher.")]
) -> Page[PayRunShape]:
    """The pay runs of a publisher, newest pay date first. Restricted."""
    organisation = await publishers.seen(work, publisher)
    page = await paginate(
        work,
        select(PayRun).where(col(PayRun.organisation_id) == organisation.organisation_id),
        order=(PayRun.pay_date, PayRun.version, PayRun.pay_run_id),
        paging=paging,
        shape=lambda run: run,
        descending=True,
    )
    return Page(items=[await _shape(work, run, publisher) for run in page.items], links=page.links)


@router.get("/v1/pay-runs/{pay_run_id}")
async def read_pay_run(work: Restricted, pay_run_id: UUID) -> PayRunShape:
    """One pay run with the figures of both pay bases. Restricted."""
    run, organisation = await queries.pay_run(work, pay_run_id)
    shape = await _shape(work, run, organisation.slug)
    work.etag(run.row_version, str(int(shape.list_changed_since)))
    return shape


@router.get("/v1/pay-runs/{pay_run_id}/entries")
async def list_pay_entries(work: Entries, paging: Paging, pay_run_id: UUID) -> Page[EntryShape]:
    """The anonymous pay list of a run, from the highest earnings down. Restricted."""
    run, _ = await queries.pay_run(work, pay_run_id)
    return await paginate(
        work,
        select(PayRunEntry).where(col(PayRunEntry.pay_run_id) == run.pay_run_id),
        order=(PayRunEntry.number,),
        paging=paging,
        shape=EntryShape.model_validate,
    )


@router.post("/v1/pay-runs/{pay_run_id}/approvals", status_code=201)
async def approve_pay_run(work: Approving, pay_run_id: UUID) -> PayRunShape:
    """Approve a pay run that another person made; the pay multiple is published from an approved one only."""
    run = await commands.approve_pay_run(work, pay_run_id)
    organisation = await publishers.organisation(work.session, run.organisation_id)
    assert organisation is not None
    work.etag(run.row_version)
    return await _shape(work, run, organisation.slug)


@router.post("/v1/pay-runs/{pay_run_id}/reruns", status_code=201)
async def rerun_pay_run(
    work: Annotated[Work, Writes("transparency:finance", "transparency:auditor")], pay_run_id: UUID
) -> RerunShape:
    """Work out the multiple again from the restricted list: the same figures, or a list of those that differ."""
    return _rerun(await commands.rerun_pay_run(work, pay_run_id))


@router.get("/v1/pay-multiple/{publisher}/{year}", responses={200: {"content": {"text/csv": {}, "text/html": {}}}})
@router.get("/v1/pay-multiple/{publisher}/{year}.csv", include_in_schema=False, name="read_pay_multiple_csv")
@router.get("/v1/pay-multiple/{publisher}/{year}.html", include_in_schema=False, name="read_pay_multiple_html")
async def read_pay_multiple(work: PublicWork, request: Request, publisher: PublisherSlug, year: YearSlug) -> Any:
    """The published pay multiple of a year with its method card; also as CSV and as a page."""
    period = _year(year)
    content, _, edition = await published_file(work, publisher, "pay_multiple", METHOD_FILE, period.slug)
    if wants_csv(request):
        columns = list(content["rows"][0])
        data, _ = csv_bytes(columns, ([row[column] for column in columns] for row in content["rows"]))
        return csv_response(data, f"pay-multiple-{publisher}-{period.slug}.csv")
    answer = _multiple(work, content, edition.number)
    if request.url.path.endswith(".html") or "text/html" in request.headers.get("accept", ""):
        page = TEMPLATES.get_template("pay_multiple.html").render(pay=answer, sterling=sterling, label=period.label)
        return HTMLResponse(page, headers={"Vary": "Accept"})
    work.etag(f"{edition.edition_id}-{edition.number}")
    return answer


def _year(text: str) -> FinancialYear:
    try:
        return FinancialYear.parse(text)
    except ValueError as error:
        raise NotFound(f"{text} is no financial year: {error}.", parameter="year") from error


async def _made(work: Work, run: PayRun, publisher: str) -> PayRunShape:
    work.headers["Location"] = f"{work.base_url}/v1/pay-runs/{run.pay_run_id}"
    work.etag(run.row_version)
    return await _shape(work, run, publisher)


async def _shape(work: Work, run: PayRun, publisher: str) -> PayRunShape:
    return PayRunShape(
        **run.model_dump(include=set(PayRunShape.model_fields) - {"figures", "publisher"}),
        publisher=publisher,
        pay_basis=run.basis,
        figures={basis: FiguresShape(**figures) for basis, figures in run.figures.items()},
        list_changed_since=await queries.list_changed_since(work.session, run),
    )


def _rerun(rerun: PayRerun) -> RerunShape:
    detail = (
        "The restricted list makes the same figures."
        if rerun.same
        else f"The restricted list makes other figures: {', '.join(rerun.differs_in)}. Make another run."
    )
    return RerunShape(**rerun.model_dump(), detail=detail)


def _multiple(work: Work, content: Mapping[str, Any], edition: int) -> MultipleShape:
    address = f"{work.base_url}/v1/pay-multiple/{content['publisher']}/{content['year']}"
    shown = {name: value for name, value in content.items() if name in MultipleShape.model_fields}
    return MultipleShape(**shown, edition=edition, links={"csv": f"{address}.csv", "page": f"{address}.html"})

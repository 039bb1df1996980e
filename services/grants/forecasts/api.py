"""Routes of forecasts and of their comparison with what came, and the shapes they take and give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field
from sqlmodel import col, select

from services.grants.as_csv import csv_of
from services.grants.faults import quarter_of, year_of
from services.grants.forecasts import commands
from services.grants.forecasts.comparison import Comparison, compare, csv_rows
from services.grants.forecasts.queries import forecast_lines, load_forecast
from services.grants.forecasts.rules import LineForecast
from services.grants.forecasts.tables import Forecast
from services.grants.queries import load_agreement
from services.grants.shapes import AsAtTime, Code, HappenedAt, KnownByTime, Prose, SignedAmount, content_tag
from shared.fields import example
from shared.http import Body, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["forecasts"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]
Finance = Annotated[Work, Writes("grants:finance", "grants:cfo")]

QuarterFilter = Annotated[str | None, Query(max_length=20, description="Only this quarter, `2017-18-q3`.")]


COLUMNS = {
    "Quarter": "quarter",
    "Number": "number",
    "MadeOn": "made_on",
    "Note": "note",
    "HappenedAt": "happened_at",
    "RecordedAt": "recorded_at",
}


class ForecastLineBody(Body):
    code: Code
    amount_pence: SignedAmount


class ForecastBody(Body):
    """What a quarter is expected to cost: a figure for every carrying line, zeros too."""

    model_config = example(
        quarter="2017-18-q4",
        lines=[{"code": "IL1", "amount_pence": 165_325_000}, {"code": "CF", "amount_pence": 0}],
        note="Two reviews move from January to March.",
    )

    quarter: str = Field(max_length=20, description="A quarter of the agreement's year that is not over, `2017-18-q4`.")
    lines: list[ForecastLineBody] = Field(max_length=500)
    note: Prose | None = Field(default=None, description="What the figures rest on.")
    happened_at: HappenedAt = None


class ForecastInList(Shape):
    id: UUID
    quarter: str
    number: int = Field(description="Of the quarter's forecasts, from 1.")
    made_on: date = Field(description="London day on which it was made.")
    note: str | None
    happened_at: datetime
    recorded_at: datetime
    stated: bool = Field(description="happened_at was stated, and lies before the recording.")


class ForecastLineShape(Shape):
    code: str
    name: str
    amount_pence: int


class ForecastShape(ForecastInList):
    total_pence: int
    lines: list[ForecastLineShape]


@router.post("/v1/agreements/{agreement}/forecasts", status_code=201)
async def make_forecast(work: Finance, agreement: str, body: ForecastBody) -> ForecastShape:
    """Forecast a quarter that is not over; a forecast made earlier stays readable."""
    forecast = await commands.make_forecast(
        work,
        agreement,
        body.quarter,
        [LineForecast(line.code, line.amount_pence) for line in body.lines],
        note=body.note,
        stated=body.happened_at,
    )
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{forecast.agreement_id}/forecasts/{forecast.id}"
    return await _shape(work, forecast)


@router.get("/v1/agreements/{agreement}/forecasts.csv", include_in_schema=False, response_model=Page[ForecastInList])
@router.get("/v1/agreements/{agreement}/forecasts", response_model=Page[ForecastInList])
async def list_forecasts(
    work: Ledger,
    request: Request,
    agreement: str,
    paging: Paging,
    quarter: QuarterFilter = None,
    as_at: AsAtTime = None,
    known_by: KnownByTime = None,
) -> Page[ForecastInList] | Response:
    """All forecasts of a year, by quarter, the latest of each first; with `as_at` those that had been made by then."""
    found = await load_agreement(work.session, agreement)
    statement = select(Forecast).where(Forecast.agreement_id == found.id)
    if quarter is not None:
        statement = statement.where(Forecast.quarter == quarter_of(quarter, year_of(found.year)).slug)
    if as_at is not None:
        statement = statement.where(Forecast.happened_at < as_at)
    if known_by is not None:
        statement = statement.where(Forecast.recorded_at < known_by)
    page = await paginate(
        work,
        statement,
        order=(col(Forecast.quarter), col(Forecast.number)),
        paging=paging,
        shape=_in_list,
        descending=True,
    )
    work.headers["Vary"] = "Accept"
    return csv_of(COLUMNS, page.items, f"forecasts-{year_of(found.year).slug}.csv") if wants_csv(request) else page


@router.get("/v1/agreements/{agreement}/forecasts/{forecast}")
async def read_forecast(work: Ledger, agreement: str, forecast: str) -> ForecastShape:
    """One forecast as it was made."""
    found = await load_agreement(work.session, agreement)
    return await _shape(work, await load_forecast(work.session, found.id, forecast))


@router.get("/v1/agreements/{agreement}/forecast-comparison.csv", include_in_schema=False, response_model=Comparison)
@router.get("/v1/agreements/{agreement}/forecast-comparison", response_model=Comparison)
async def compare_forecast(
    work: Ledger,
    request: Request,
    agreement: str,
    quarter: QuarterFilter = None,
    as_at: AsAtTime = None,
    known_by: KnownByTime = None,
) -> Comparison | Response:
    """Forecast against what came; with `as_at` the forecasts as made by an earlier day. CSV by `.csv` or `Accept`."""
    found = await load_agreement(work.session, agreement)
    wanted = quarter_of(quarter, year_of(found.year)) if quarter is not None else None
    comparison = await compare(work, found, wanted, as_at=as_at, known_by=known_by)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(comparison))
        return comparison
    work.etag(f"{content_tag(comparison)}-csv")
    header, rows = csv_rows(comparison)
    data, _ = csv_bytes(header, rows)
    return csv_response(data, f"forecast-comparison-{year_of(found.year).slug}.csv")


def _in_list(forecast: Forecast) -> ForecastInList:
    return ForecastInList(
        **forecast.model_dump(exclude={"agreement_id", "created_by"}),
        made_on=london_date(forecast.happened_at),
        stated=forecast.happened_at < forecast.recorded_at,
    )


async def _shape(work: Work, forecast: Forecast) -> ForecastShape:
    await work.session.flush()
    lines = await forecast_lines(work.session, forecast.id)
    work.etag(forecast.number)
    return ForecastShape(
        **_in_list(forecast).model_dump(),
        total_pence=sum(line.amount_pence for line in lines),
        lines=[ForecastLineShape.model_validate(line) for line in lines],
    )

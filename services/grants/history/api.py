"""Routes of the grant's history: every year with grant, spend and underspend, nulls where nothing is known."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field

from services.grants.faults import BadYearLabel, year_of
from services.grants.history import commands
from services.grants.history.claims_api import CLAIM_TEXTS, ClaimShape
from services.grants.history.queries import claims, grant_history
from services.grants.history.rules import SpendState, YearFigure
from services.grants.public import shown
from services.grants.rules import underspend
from services.grants.shapes import Amount, KnownByTime, Name, Prose, Year, content_tag
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.money import percent, pounds
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["grant history"])

FundingBasis = Literal["revenue_support_grant_top_slice", "direct_grant"]

CSV_HEADER = (
    *("Year", "FundingBasis", "Scope", "Grant", "Change", "ChangeShare", "State"),
    *("Spend", "Underspend", "UnderspendShare", "OutturnState", "ReportedOn", "Source", "Note"),
)


class HistoryRowBody(Body):
    """What a document says about one year and scope; what it does not say is left out or null, never zero."""

    year: Year
    funding_basis: FundingBasis
    grant_pence: Amount | None = None
    scope: Name | None = Field(default=None, description="What the figure covers; only equal scopes are compared.")
    state: Annotated[Name, Field(max_length=80)] = Field(description="Such as agreed, preliminary, unknown.")
    source: Name | None = None
    note: Prose | None = None
    spend_pence: Amount | None = None
    spend_state: SpendState | None = None
    spend_reported_on: Day | None = None


class HistoryBody(Body):
    """What documents say about years of the grant."""

    model_config = example(
        rows=[
            {
                "year": "2016/17",
                "funding_basis": "direct_grant",
                "grant_pence": 2_140_000_000,
                "scope": "whole grant",
                "state": "agreed",
                "spend_pence": 2_139_300_000,
                "spend_state": "unstated",
                "spend_reported_on": "2017-07-11",
            },
            {"year": "2015/16", "funding_basis": "revenue_support_grant_top_slice", "state": "unknown"},
        ]
    )

    rows: list[HistoryRowBody] = Field(min_length=1, max_length=500)


class ImportShape(Shape):
    added: int
    changed: int
    unchanged: int


class YearShape(Shape):
    year: str
    funding_basis: FundingBasis
    scope: str | None
    grant_pence: int | None
    change_pence: int | None = Field(description="On the year before in the same scope, in cash.")
    change_percent: str | None
    state: str
    spend_pence: int | None
    underspend_pence: int | None = Field(
        description="Null where not known, as where the grant was changed since the outturn; then record it anew."
    )
    underspend_percent: str | None = Field(description="Of the grant, three decimals, half up (G-35).")
    outturn_state: SpendState | None
    reported_on: date | None
    source: str | None
    note: str | None
    agreement_id: UUID | None


class HistoryShape(Shape):
    items: list[YearShape]
    claims: list[ClaimShape] = Field(
        description="What others claim about changes of the grant, as they print it; nothing of it is computed."
    )


@router.post("/v1/grant-history")
async def import_grant_history(work: Annotated[Work, Writes("grants:manager")], body: HistoryBody) -> ImportShape:
    """Add or correct rows by year and scope."""
    return ImportShape.model_validate(
        await commands.import_grant_history(work, [(row.year, _figure(row)) for row in body.rows])
    )


@router.get("/v1/grant-history.csv", include_in_schema=False, response_model=HistoryShape)
@router.get("/v1/grant-history", response_model=HistoryShape)
async def read_grant_history(
    work: PublicWork, request: Request, known_by: KnownByTime = None
) -> HistoryShape | Response:
    """All years, those of agreements with their outturn; CSV in pounds by `.csv` or `Accept`."""
    history = HistoryShape(
        items=[shown(work, _shape(figure), "note") for figure in await grant_history(work.session, known_by=known_by)],
        claims=[
            shown(work, ClaimShape.model_validate(claim), *CLAIM_TEXTS)
            for claim in await claims(work.session, known_by=known_by)
        ],
    )
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(history))
        return history
    work.etag(f"{content_tag(history)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(row) for row in history.items))
    return csv_response(data, "grant-history.csv")


def _figure(row: HistoryRowBody) -> YearFigure | None:
    try:
        year = year_of(row.year)
    except BadYearLabel:
        return None
    return YearFigure(year=year, **row.model_dump(exclude={"year"}))


def _shape(figure: YearFigure) -> YearShape:
    left_pence = (
        underspend(figure.grant_pence, figure.spend_pence)
        if figure.grant_pence is not None and figure.spend_pence is not None and not figure.outturn_outdated
        else None
    )
    before_pence = None if figure.change_pence is None else (figure.grant_pence or 0) - figure.change_pence
    return YearShape(
        year=figure.year.label,
        funding_basis="direct_grant" if figure.funding_basis == "direct_grant" else "revenue_support_grant_top_slice",
        scope=figure.scope,
        grant_pence=figure.grant_pence,
        change_pence=figure.change_pence,
        change_percent=percent(figure.change_pence, before_pence)
        if figure.change_pence is not None and before_pence
        else None,
        state=figure.state,
        spend_pence=figure.spend_pence,
        underspend_pence=left_pence,
        underspend_percent=percent(left_pence, figure.grant_pence)
        if left_pence is not None and figure.grant_pence
        else None,
        outturn_state=figure.spend_state,
        reported_on=figure.spend_reported_on,
        source=figure.source,
        note=figure.note,
        agreement_id=figure.agreement_id,
    )


def _csv_row(row: YearShape) -> tuple[object, ...]:
    def money(pence: int | None) -> str | None:
        return None if pence is None else pounds(pence)

    return (
        row.year,
        row.funding_basis,
        row.scope,
        money(row.grant_pence),
        money(row.change_pence),
        row.change_percent,
        row.state,
        money(row.spend_pence),
        money(row.underspend_pence),
        row.underspend_percent,
        row.outturn_state,
        row.reported_on,
        row.source,
        row.note,
    )

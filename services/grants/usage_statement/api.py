"""Routes of the statement of grant usage: JSON, the lines as CSV, and a page to print."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request, Response

from services.grants.expenditure.names import SEES_NAMES
from services.grants.queries import load_agreement
from services.grants.shapes import content_tag
from services.grants.usage_statement.assembling import usage_statement
from services.grants.usage_statement.page import HTML_TYPE, render_statement
from services.grants.usage_statement.shapes import StatedLine, UsageStatement
from shared.http import Reads, Routes
from shared.money import pounds
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["usage statement"])

Ledger = Annotated[Work, Reads("grants:read", "grants:manager", "grants:finance", "grants:cfo")]

CSV_HEADER = ("Code", "Name", "ParentCode", "Kind", "Budget", "Outturn", "Ledger", "Variance")


@router.get("/v1/agreements/{agreement}/usage-statement.csv", include_in_schema=False, response_model=UsageStatement)
@router.get("/v1/agreements/{agreement}/usage-statement", response_model=UsageStatement)
async def read_usage_statement(work: Ledger, request: Request, agreement: str) -> UsageStatement | Response:
    """What the year's grant paid for, on one page (G-39); its lines as CSV in pounds by `.csv` or `Accept`."""
    statement = await _statement(work, agreement)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(statement))
        return statement
    work.etag(f"{content_tag(statement)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(line) for line in statement.lines))
    return csv_response(data, f"usage-statement-{statement.agreement.year.replace('/', '-')}.csv")


@router.get(
    "/v1/agreements/{agreement}/usage-statement.html",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "The page."}},
)
async def read_usage_statement_page(work: Ledger, agreement: str) -> Response:
    """The statement as one page that needs nothing else, to read and to print."""
    statement = await _statement(work, agreement)
    work.etag(f"{content_tag(statement)}-html")
    return Response(render_statement(statement), media_type=HTML_TYPE)


async def _statement(work: Work, agreement: str) -> UsageStatement:
    found = await load_agreement(work.session, agreement)
    return await usage_statement(work.session, found, london_date(work.now), sees_names=work.actor.may(*SEES_NAMES))


def _csv_row(line: StatedLine) -> tuple[str | None, ...]:
    amounts = (line.budget_pence, line.outturn_pence, line.ledger_pence, line.variance_pence)
    return (
        line.code,
        line.name,
        line.parent_code,
        line.kind,
        *(None if pence is None else pounds(pence) for pence in amounts),
    )

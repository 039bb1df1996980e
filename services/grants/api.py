"""Routes of outturns and the shapes they take and give; no rules, no queries."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field
from sqlmodel import col, select

from services.grants import commands
from services.grants.as_csv import csv_of
from services.grants.faults import year_of
from services.grants.public import load_shown, shown
from services.grants.queries import latest_outturn, load_agreement, load_outturn, outturn_lines, superseding
from services.grants.rules import OutturnFigures, final_due_on, underspend
from services.grants.shapes import Amount, AsAtTime, Code, HappenedAt, KnownByTime, Name, Prose, content_tag
from services.grants.tables import Agreement, Outturn
from shared.errors import NotFound
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.money import percent
from shared.pagination import Page, Paging, paginate
from shared.periods import london_date
from shared.tabular import wants_csv
from shared.values import OutturnState
from shared.work import Work

router = Routes(tags=["outturns"])

Finance = Annotated[Work, Writes("grants:finance", "grants:cfo")]


COLUMNS = {
    "Number": "number",
    "State": "state",
    "AsAt": "as_at",
    "Grant": "grant_pence",
    "Spend": "spend_pence",
    "Underspend": "underspend_pence",
    "UnderspendShare": "underspend_percent",
    "OwnFunds": "own_funds_pence",
    "Reason": "reason",
    "Auditor": "auditor",
    "AccountsReference": "accounts_reference",
    "AuditedOn": "audited_on",
    "HappenedAt": "happened_at",
    "RecordedAt": "recorded_at",
}


class OutturnLineBody(Body):
    code: Code
    spend_pence: Amount


class NewOutturn(Body):
    """The spend of a year, as known now."""

    model_config = example(state="provisional", as_at="2018-03-31", spend_pence=2_098_600_000)

    state: OutturnState
    as_at: Day = Field(description="Day the figures stand for; not in the future.")
    spend_pence: Amount = Field(description="All spend of the year, in pence.")
    own_funds_pence: Amount = Field(default=0, description="Exactly what exceeds the grant, borne by the body (G-30).")
    lines: list[OutturnLineBody] = Field(
        default_factory=list, max_length=500, description="Spend by carrying line: all of them, or none."
    )
    reason: Prose | None = Field(default=None, description="Why it supersedes one of the same state.")
    auditor: Name | None = Field(default=None, description="Who audited the accounts; final only, and needed then.")
    accounts_reference: Name | None = Field(default=None, description="The audited accounts; final only.")
    audited_on: Day | None = Field(default=None, description="Day of the audit's opinion; final only.")
    happened_at: HappenedAt = None


class OutturnLineShape(Shape):
    code: str
    name: str
    spend_pence: int


class OutturnInList(Shape):
    id: UUID
    number: int
    state: OutturnState
    as_at: date
    grant_pence: int
    spend_pence: int
    underspend_pence: int = Field(description="Grant less spend.")
    underspend_percent: str | None = Field(description="Of the grant, three decimals, half up (G-35).")
    own_funds_pence: int
    reason: str | None
    auditor: str | None
    accounts_reference: str | None
    audited_on: date | None
    supersedes: UUID | None
    happened_at: datetime
    recorded_at: datetime
    stated: bool = Field(description="happened_at was stated, and lies before the recording.")


class OutturnShape(OutturnInList):
    superseded_by: UUID | None
    final_due_on: date = Field(description="Day by which the audited outturn of the year is due (G-34).")
    final_standing: Literal["recorded", "due", "overdue"] = Field(description="How the year stands against that day.")
    lines: list[OutturnLineShape]


@router.post("/v1/agreements/{agreement}/outturns", status_code=201)
async def record_outturn(work: Finance, agreement: str, body: NewOutturn) -> OutturnShape:
    """Record the outturn of a year: forecast, provisional, or final (chief finance officer)."""
    figures = OutturnFigures(
        state=body.state,
        as_at=body.as_at,
        spend_pence=body.spend_pence,
        own_funds_pence=body.own_funds_pence,
        lines=tuple((line.code, line.spend_pence) for line in body.lines),
        reason=body.reason,
        auditor=body.auditor,
        accounts_reference=body.accounts_reference,
        audited_on=body.audited_on,
    )
    outturn = await commands.record_outturn(work, agreement, figures, body.happened_at)
    work.headers["Location"] = f"{work.base_url}/v1/agreements/{outturn.agreement_id}/outturns/{outturn.id}"
    return await _outturn_shape(work, await load_agreement(work.session, agreement), outturn)


@router.get("/v1/agreements/{agreement}/outturns.csv", include_in_schema=False, response_model=Page[OutturnInList])
@router.get("/v1/agreements/{agreement}/outturns", response_model=Page[OutturnInList])
async def list_outturns(
    work: PublicWork,
    request: Request,
    agreement: str,
    paging: Paging,
    known_by: KnownByTime = None,
    as_at: AsAtTime = None,
) -> Page[OutturnInList] | Response:
    """All outturns of a year, the latest first; with `known_by` those known on a day (G-34)."""
    found = await load_shown(work, agreement)
    statement = select(Outturn).where(Outturn.agreement_id == found.id)
    if known_by is not None:
        statement = statement.where(Outturn.recorded_at < known_by)
    if as_at is not None:
        statement = statement.where(Outturn.happened_at < as_at)
    page = await paginate(
        work,
        statement,
        order=(col(Outturn.number),),
        paging=paging,
        shape=lambda row: shown(work, _outturn_in_list(row), "reason"),
        descending=True,
    )
    work.headers["Vary"] = "Accept"
    name = f"outturns-{year_of(found.year).slug}.csv"
    return csv_of(COLUMNS, page.items, name) if wants_csv(request) else page


@router.get("/v1/agreements/{agreement}/outturns/{outturn}")
async def read_outturn(
    work: PublicWork, agreement: str, outturn: str, known_by: KnownByTime = None, as_at: AsAtTime = None
) -> OutturnShape:
    """One outturn by id; or `latest`, which `known_by` and `as_at` turn into the latest of a day."""
    found = await load_shown(work, agreement)
    if outturn != "latest":
        return await _outturn_shape(work, found, await load_outturn(work.session, found.id, outturn))
    latest = await latest_outturn(
        work.session,
        found.id,
        known_by=known_by,
        as_at=as_at,
    )
    if latest is None:
        raise NotFound("No outturn was known then.")
    return await _outturn_shape(work, found, latest)


def _outturn_in_list(outturn: Outturn) -> OutturnInList:
    left_pence = underspend(outturn.grant_pence, outturn.spend_pence)
    return OutturnInList(
        **outturn.model_dump(exclude={"agreement_id", "created_by"}),
        underspend_pence=left_pence,
        underspend_percent=percent(left_pence, outturn.grant_pence),
        stated=outturn.happened_at < outturn.recorded_at,
    )


async def _outturn_shape(work: Work, agreement: Agreement, outturn: Outturn) -> OutturnShape:
    await work.session.flush()
    newest = await latest_outturn(work.session, agreement.id)
    due_on = final_due_on(year_of(agreement.year))
    shape = OutturnShape(
        **shown(work, _outturn_in_list(outturn), "reason").model_dump(),
        superseded_by=await superseding(work.session, outturn.id),
        final_due_on=due_on,
        final_standing="recorded"
        if newest is not None and newest.state == "final"
        else "overdue"
        if london_date(work.now) > due_on
        else "due",
        lines=[OutturnLineShape.model_validate(line) for line in await outturn_lines(work.session, outturn.id)],
    )
    # What supersedes it, and how the year stands against its day, change without the outturn.
    work.etag(outturn.number, content_tag(shape))
    return shape

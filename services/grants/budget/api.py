"""Routes of the indicative budget and the shapes they take and give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from services.grants.budget import commands
from services.grants.budget.lines import CARRYING, Kind, Line, add_up
from services.grants.budget.queries import as_typed, budget_versions
from services.grants.budget.rules import BudgetState
from services.grants.budget.tables import BudgetVersion
from services.grants.public import is_officer, load_shown, load_shown_budget, shows
from services.grants.queries import budget_as_at, budget_awaiting, budget_lines, load_agreement
from services.grants.shapes import Amount, AsAt, Code, KnownByTime, Name, Number, Prose, content_tag
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.fields import Day, example
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.money import percent, pounds
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["budget"])

CSV_HEADER = (
    "Code",
    "Name",
    "ParentCode",
    "Kind",
    "Amount",
    "StatedAmount",
    "ComputedAmount",
    "Difference",
    "GrantShare",
)


class BudgetLineBody(Body):
    """A line; leaf, pass_through and unallocated carry money, headings and the total what is printed beside them."""

    code: Code
    name: Name
    kind: Kind
    parent_code: Code | None = Field(default=None, description="Heading it belongs to; explicit, never inferred (G-7).")
    amount_pence: Amount | None = None
    stated_pence: Amount | None = Field(default=None, description="Printed sub-total, checked and kept (G-8).")


class BudgetBody(Body):
    """A division of the whole grant."""

    model_config = example(
        lines=[
            {"code": "OG1", "name": "Councillors", "kind": "leaf", "parent_code": "OG", "amount_pence": 38_400_000},
            {"code": "OG2", "name": "Offices", "kind": "leaf", "parent_code": "OG", "amount_pence": 38_200_000},
            {"code": "OG", "name": "Governance", "kind": "heading", "parent_code": "TOTAL", "stated_pence": 76_600_000},
            {"code": "TOTAL", "name": "Total", "kind": "total", "stated_pence": 76_600_000},
        ]
    )

    effective_from: Day | None = Field(default=None, description="Default: the agreement's first day.")
    status: Literal["indicative", "committed"] = "indicative"
    lines: list[BudgetLineBody] = Field(min_length=1, max_length=500)


class WithdrawalBody(Body):
    """Why a version that awaits approval is withdrawn."""

    model_config = example(reason="Two lines were exchanged.")

    reason: Prose


class BudgetLineShape(Shape):
    line_id: UUID = Field(description="The same line across versions.")
    code: str
    name: str
    parent_code: str | None
    kind: Kind
    amount_pence: int | None = Field(description="Of carrying lines.")
    stated_pence: int | None = Field(description="Of sums, as printed.")
    computed_pence: int | None = Field(description="Of sums: what their lines come to.")
    difference_pence: int | None = Field(description="Computed less stated.")
    share_percent: str | None = Field(description="Of the grant, three decimals, half up (G-35).")


class BudgetNode(Shape):
    """A line with what stands beneath it."""

    code: str
    name: str
    kind: Kind
    pence: int = Field(description="Amount, or of sums what their lines come to.")
    children: list[BudgetNode]


class BudgetFinding(Shape):
    """A printed sum that differs from its computed one."""

    code: str
    name: str
    stated_pence: int
    computed_pence: int
    difference_pence: int


class BudgetVersionShape(Shape):
    number: int
    type: str
    status: str
    effective_from: date
    state: BudgetState = Field(
        description="balanced awaits a second person's approval; superseded was in effect until its follower's day."
    )
    approved_at: datetime | None


class BudgetShape(BudgetVersionShape):
    agreement_id: UUID
    year: str
    grant_pence: int
    carried_pence: int = Field(description="Sum of the carrying lines.")
    balanced: bool = Field(description="Every sum is as stated and the carrying lines come to the grant (G-9).")
    lines: list[BudgetLineShape]
    tree: list[BudgetNode] = Field(description="The same lines by explicit parent (G-7).")
    findings: list[BudgetFinding] = Field(description="Empty: a budget in which a sum differs is refused (G-9).")
    versions: list[BudgetVersionShape] = Field(
        description="All versions of this budget; those that never took effect only for officers."
    )


@router.put("/v1/agreements/{agreement}/budget")
async def set_budget(work: Annotated[Work, Writes("grants:manager")], agreement: str, body: BudgetBody) -> BudgetShape:
    """Set a version of the indicative budget, which a second person then approves.

    Needs If-Match once a version stands; one that awaits approval is replaced.
    """
    version = await commands.set_budget(
        work,
        agreement,
        lines=lines_of(body.lines),
        effective_from=body.effective_from,
        status=body.status,
    )
    return await _shape(work, await load_agreement(work.session, agreement), version)


@router.post("/v1/agreements/{agreement}/budget/{number}/approvals", status_code=201)
async def approve_budget(
    work: Annotated[Work, Writes("grants:approver")], agreement: str, number: Number
) -> BudgetShape:
    """Make a balanced version effective; by another person than the one who set it."""
    version = await commands.approve_budget(work, agreement, number)
    return await _shape(work, await load_agreement(work.session, agreement), version)


@router.post("/v1/agreements/{agreement}/budget/{number}/withdrawals", status_code=201)
async def withdraw_budget(
    work: Annotated[Work, Writes("grants:manager")], agreement: str, number: Number, body: WithdrawalBody
) -> BudgetShape:
    """Withdraw a version that awaits approval, with a reason."""
    version = await commands.withdraw_budget(work, agreement, number, body.reason)
    return await _shape(work, await load_agreement(work.session, agreement), version)


@router.get("/v1/agreements/{agreement}/budget.csv", include_in_schema=False, response_model=BudgetShape)
@router.get("/v1/agreements/{agreement}/budget", response_model=BudgetShape)
async def read_budget(
    work: PublicWork,
    request: Request,
    agreement: str,
    as_at: AsAt = None,
    known_by: KnownByTime = None,
    version: Annotated[Number | None, Query(description="A version by number, in place of a day.")] = None,
) -> BudgetShape | Response:
    """The budget as at a day, with computed and stated figures (G-12); CSV in pounds by `.csv` or `Accept`.

    A version that awaits approval, or was withdrawn, is read by officers only: tokens with a scope of this service.
    """
    found = await load_shown(work, agreement)
    if version is not None:
        shown = await load_shown_budget(work, found, version)
    else:
        day = as_at or max(london_date(work.now), found.in_force_from)
        effective = await budget_as_at(work.session, found.id, day, known_by=known_by)
        if effective is None:
            awaiting = await budget_awaiting(work.session, found.id)
            hint = f"; version {awaiting} awaits approval" if awaiting and is_officer(work) else ""
            raise NotFound(f"No budget was in effect on {day.isoformat()}{hint}.")
        shown = effective
    shape = await _shape(work, found, shown)
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        return shape
    work.etag(shown.number, f"csv-{content_tag(shape)}")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(line) for line in shape.lines))
    return csv_response(data, f"budget-{found.year.replace('/', '-')}-v{shown.number}.csv")


def lines_of(bodies: Sequence[BudgetLineBody]) -> list[Line]:
    """Lines of a request as the rules take them."""
    return [
        Line(line.code, line.name, line.kind, line.parent_code, line.amount_pence, line.stated_pence) for line in bodies
    ]


async def _shape(work: Work, agreement: Agreement, version: BudgetVersion) -> BudgetShape:
    await work.session.flush()
    rows = await budget_lines(work.session, version.id)
    typed = as_typed(rows)
    sums = add_up(typed)
    carried_pence = sum(line.amount_pence or 0 for line in typed)
    lines = []
    for row, line in zip(rows, typed, strict=True):
        found = sums.get(line.code)
        value = found.computed_pence if found else line.amount_pence or 0
        lines.append(
            BudgetLineShape(
                line_id=row.line_id,
                code=line.code,
                name=line.name,
                parent_code=line.parent_code,
                kind=line.kind,
                amount_pence=line.amount_pence if line.kind in CARRYING else None,
                stated_pence=line.stated_pence,
                computed_pence=found.computed_pence if found else None,
                difference_pence=found.difference_pence if found and found.stated_pence is not None else None,
                share_percent=percent(value, version.grant_pence),
            )
        )
    shape = BudgetShape(
        agreement_id=agreement.id,
        year=agreement.year,
        number=version.number,
        type=version.type,
        status=version.status,
        effective_from=version.effective_from,
        state=BudgetVersionShape.model_validate(version).state,
        approved_at=version.approved_at,
        grant_pence=version.grant_pence,
        carried_pence=carried_pence,
        balanced=carried_pence == version.grant_pence and not any(found.difference_pence for found in sums.values()),
        lines=lines,
        tree=_beneath(None, lines),
        findings=[
            BudgetFinding(
                code=line.code,
                name=line.name,
                stated_pence=line.stated_pence or 0,
                computed_pence=line.computed_pence or 0,
                difference_pence=line.difference_pence,
            )
            for line in lines
            if line.difference_pence
        ],
        versions=[
            BudgetVersionShape.model_validate(each)
            for each in await budget_versions(work.session, agreement.id)
            if shows(work, each)
        ],
    )
    # What stands in a version never changes; its state does, and so does the list of the others.
    work.etag(version.number, content_tag(shape))
    return shape


def _beneath(parent_code: str | None, lines: Sequence[BudgetLineShape]) -> list[BudgetNode]:
    return [
        BudgetNode(
            code=line.code,
            name=line.name,
            kind=line.kind,
            pence=(line.amount_pence if line.computed_pence is None else line.computed_pence) or 0,
            children=_beneath(line.code, lines),
        )
        for line in lines
        if line.parent_code == parent_code
    ]


def _csv_row(line: BudgetLineShape) -> tuple[str | None, ...]:
    amounts = (line.amount_pence, line.stated_pence, line.computed_pence, line.difference_pence)
    money = tuple(None if pence is None else pounds(pence) for pence in amounts)
    return line.code, line.name, line.parent_code, line.kind, *money, line.share_percent

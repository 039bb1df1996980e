"""Two versions of a budget, line by line: the route and the shapes it gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from services.grants.budget.lines import Kind, Line, amounts_of, roll_up
from services.grants.budget.queries import as_typed
from services.grants.budget.rules import BudgetState
from services.grants.budget.tables import BudgetVersion
from services.grants.public import load_shown, load_shown_budget
from services.grants.queries import budget_lines
from services.grants.shapes import Number, content_tag
from shared.http import PublicWork, Routes, Shape
from shared.money import percent, pounds
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["budget"])

CSV_HEADER = ("Code", "Name", "ParentCode", "Kind", "From", "To", "Change", "ChangePercent")


class ComparedVersion(Shape):
    number: int
    type: str
    state: BudgetState
    effective_from: date
    grant_pence: int


class ComparedLine(Shape):
    code: str
    name: str = Field(description="In the later version, where it has the line.")
    parent_code: str | None
    kind: Kind
    from_pence: int | None = Field(description="Of sums as computed; null where the version has no such line.")
    to_pence: int | None
    change_pence: int = Field(description="To less from, a line that is not there counting as nothing.")
    change_percent: str | None = Field(description="Of the earlier amount, three decimals, half up (G-35).")


class BudgetComparison(Shape):
    agreement_id: UUID
    year: str
    from_version: ComparedVersion
    to_version: ComparedVersion
    lines: list[ComparedLine]


@router.get(
    "/v1/agreements/{agreement}/budget/comparison.csv", include_in_schema=False, response_model=BudgetComparison
)
@router.get("/v1/agreements/{agreement}/budget/comparison", response_model=BudgetComparison)
async def compare_budgets(
    work: PublicWork,
    request: Request,
    agreement: str,
    from_version: Annotated[Number, Query(alias="from", description="A version by number.")],
    to_version: Annotated[Number, Query(alias="to", description="Another version by number.")],
) -> BudgetComparison | Response:
    """Any two versions line by line, original and revised alike (G-12); CSV in pounds by `.csv` or `Accept`."""
    found = await load_shown(work, agreement)
    before = await load_shown_budget(work, found, from_version)
    after = await load_shown_budget(work, found, to_version)
    comparison = BudgetComparison(
        agreement_id=found.id,
        year=found.year,
        from_version=ComparedVersion.model_validate(before),
        to_version=ComparedVersion.model_validate(after),
        lines=compared(await _lines(work, before), await _lines(work, after)),
    )
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(content_tag(comparison))
        return comparison
    work.etag(f"{content_tag(comparison)}-csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(line) for line in comparison.lines))
    return csv_response(data, f"budget-{found.year.replace('/', '-')}-v{before.number}-v{after.number}.csv")


def compared(before: Sequence[Line], after: Sequence[Line]) -> list[ComparedLine]:
    """Lines of the later version in its order, then those that it no longer has."""
    was, becomes = roll_up(before, amounts_of(before)), roll_up(after, amounts_of(after))
    lines = [*after, *(line for line in before if line.code not in becomes)]
    return [
        ComparedLine(
            code=line.code,
            name=line.name,
            parent_code=line.parent_code,
            kind=line.kind,
            from_pence=was.get(line.code),
            to_pence=becomes.get(line.code),
            change_pence=becomes.get(line.code, 0) - was.get(line.code, 0),
            change_percent=percent(becomes.get(line.code, 0) - was.get(line.code, 0), was.get(line.code, 0)),
        )
        for line in lines
    ]


async def _lines(work: Work, version: BudgetVersion) -> list[Line]:
    return as_typed(await budget_lines(work.session, version.id))


def _csv_row(line: ComparedLine) -> tuple[object, ...]:
    amounts = (line.from_pence, line.to_pence, line.change_pence)
    money = tuple(None if pence is None else pounds(pence) for pence in amounts)
    return line.code, line.name, line.parent_code, line.kind, *money, line.change_percent

"""Routes of historical budgets and the shapes they take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field
from sqlmodel import col, select

from services.grants.as_csv import csv_of
from services.grants.faults import year_of
from services.grants.historical_budgets import commands, reader
from services.grants.historical_budgets.commands import Printing
from services.grants.historical_budgets.queries import load_historical_budget, table_of
from services.grants.historical_budgets.rules import Printed, RowKind, Table, Unit, UnreadableBudget, compute, find
from services.grants.historical_budgets.tables import HistoricalBudget
from services.grants.shapes import Name, Year
from shared.errors import ErrorItem, TooLarge, UnsupportedMediaType
from shared.fields import example
from shared.http import UPLOAD, Body, PublicWork, ReceivedFile, Routes, Shape, Writes
from shared.money import pounds
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["historical budgets"])

Manager = Annotated[Work, Writes("grants:manager")]
ColumnName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,34}$", description="Such as `pay`, `lga` or `total`.")]
Text = Annotated[str, Field(max_length=40)]
MAX_BYTES = 1024 * 1024
CSV_HEADER = ("Row", "Line", "RowKind", "Parent", "Column", "Printed", "Text", "Stated", "Computed", "Difference")


class RowBody(Body):
    """A row as printed; cells as text, a dash where one is printed, and left out or empty where nothing stands."""

    line: Name
    row_kind: RowKind
    parent: Name | None = Field(default=None, description="Of a sub_row: the line it stands beneath.")
    cells: dict[ColumnName, Text] = Field(max_length=reader.MAX_COLUMNS)


class TableBody(Body):
    """A table as printed, errors included. Brackets or a minus mean negative."""

    model_config = example(
        unit="gbpm",
        columns=["pay", "non_pay", "total"],
        total_column="total",
        rows=[
            {"line": "Management", "row_kind": "overhead", "cells": {"pay": "0.90", "non_pay": "-", "total": "0.90"}},
            {"line": "Total overheads", "row_kind": "total_overheads", "cells": {"pay": "0.90", "total": "0.95"}},
        ],
    )

    title: Name | None = None
    source: Name | None = Field(default=None, description="Where it is printed.")
    unit: Unit = Field(description="What a printed 1 stands for: a million, a thousand or one pound.")
    columns: list[ColumnName] = Field(min_length=1, max_length=reader.MAX_COLUMNS)
    total_column: ColumnName | None = Field(default=None, description="The column that sums the others.")
    rows: list[RowBody] = Field(min_length=1, max_length=reader.MAX_ROWS)


class CellShape(Shape):
    column: str
    printed: Printed = Field(description="Blank, dash and figure are kept apart; zero is a figure (G-11).")
    text: str = Field(description="As printed.")
    stated_pence: int | None = Field(description="Null where it is blank, 0 for a dash.")
    computed_pence: int | None = Field(description="Of sums, from the cells that carry money; null for those.")
    difference_pence: int | None = Field(description="Computed less stated.")


class RowShape(Shape):
    row: int = Field(description="Counted from 1.")
    line: str
    row_kind: RowKind
    parent: str | None
    cells: list[CellShape]


class FindingShape(Shape):
    row: int
    line: str
    column: str
    stated_pence: int
    computed_pence: int
    difference_pence: int
    detail: str


COLUMNS = {"Year": "year", "Table": "table", "Title": "title", "Source": "source", "Unit": "unit", "Version": "version"}
"""A row of the list as CSV."""


class TableInList(Shape):
    year: str
    table: str
    title: str | None
    source: str | None
    unit: Unit
    version: int
    modified_at: datetime


class TableShape(TableInList):
    columns: list[str]
    total_column: str | None
    rows: list[RowShape]
    findings: list[FindingShape] = Field(description="Each stated figure that differs from its computed one.")


@router.get("/v1/historical-budgets.csv", include_in_schema=False, response_model=Page[TableInList])
@router.get("/v1/historical-budgets", response_model=Page[TableInList])
async def list_historical_budgets(
    work: PublicWork, request: Request, paging: Paging, year: Year | None = None
) -> Page[TableInList] | Response:
    """Printed budget tables by year and name."""
    statement = select(HistoricalBudget)
    if year is not None:
        statement = statement.where(HistoricalBudget.year == year_of(year, parameter="year").label)
    order = (col(HistoricalBudget.year), col(HistoricalBudget.table_name))
    page = await paginate(work, statement, order=order, paging=paging, shape=_in_list)
    work.headers["Vary"] = "Accept"
    return csv_of(COLUMNS, page.items, "historical-budgets.csv") if wants_csv(request) else page


@router.put("/v1/historical-budgets/{year}/{table}.csv", response_model=TableShape, openapi_extra=UPLOAD)
async def import_historical_budget_csv(
    work: Manager,
    year: Year,
    table: Slug,
    upload: ReceivedFile,
    title: Annotated[Name | None, Query(description="What the table is called.")] = None,
    source: Annotated[Name | None, Query(description="Where it is printed.")] = None,
) -> TableShape:
    """Take a printed table in as CSV: line, row_kind, parent, amounts such as `pay_gbpm`, dash_in.

    Needs If-Match once it stands. Figures that do not add up are findings and no errors.
    """
    if upload.media_type not in ("text/csv", "application/csv"):
        raise UnsupportedMediaType("Send the table as text/csv.")
    if (upload.content_encoding or "identity") != "identity":
        raise UnsupportedMediaType("Send the table without compression.")
    if upload.size > MAX_BYTES:
        raise TooLarge(f"The table is larger than {MAX_BYTES // 1024 // 1024} MiB.")
    unit, read = reader.read_csv(upload.path.read_bytes())
    return await _keep(work, year, table, Printing(title, source, unit), read)


@router.put("/v1/historical-budgets/{year}/{table}")
async def import_historical_budget(work: Manager, year: Year, table: Slug, body: TableBody) -> TableShape:
    """Take a printed table in as it is. Needs If-Match once it stands; figures that do not add up are findings."""
    typed = [reader.Typed(row.line, row.row_kind, row.parent or "", row.cells) for row in body.rows]
    read, found = reader.read_rows(body.columns, body.total_column, body.unit, typed)
    errors = [
        ErrorItem(
            code=item.code,
            detail=item.detail,
            pointer=f"/rows/{place}/cells/{field}" if field in body.rows[place].cells else f"/rows/{place}/{field}",
        )
        for place, field, item in found
    ]
    if len(set(body.columns)) < len(body.columns):
        errors.append(ErrorItem(code="repeated_column", detail="Name each column once.", pointer="/columns"))
    if body.total_column is not None and body.total_column not in body.columns:
        errors.append(ErrorItem(code="unknown_column", detail="Name one of the columns.", pointer="/total_column"))
    if errors:
        more = f"{len(errors)} faults; the first: " if len(errors) > 1 else ""
        raise UnreadableBudget(f"{more}{errors[0].detail}", errors=errors)
    return await _keep(work, year, table, Printing(body.title, body.source, body.unit), read)


# The lower one is looked at first, and would else be taken for a table of that name.
@router.get("/v1/historical-budgets/{year}/{table}", response_model=TableShape)
@router.get("/v1/historical-budgets/{year}/{table}.csv", include_in_schema=False, response_model=TableShape)
async def read_historical_budget(work: PublicWork, request: Request, year: Year, table: Slug) -> TableShape | Response:
    """A printed table with stated and computed figures side by side and its findings; CSV by `.csv` or `Accept`."""
    budget = await load_historical_budget(work.session, year_of(year, parameter="year").label, table)
    shape = _shape(budget, await table_of(work.session, budget))
    work.headers["Vary"] = "Accept"
    if not wants_csv(request):
        work.etag(budget.version)
        return shape
    work.etag(budget.version, "csv")
    data, _ = csv_bytes(CSV_HEADER, (_csv_row(row, cell) for row in shape.rows for cell in row.cells))
    return csv_response(data, f"budget-{budget.year.replace('/', '-')}-{budget.table_name}.csv")


async def _keep(work: Work, year: str, table_name: str, printing: Printing, table: Table) -> TableShape:
    label = year_of(year, parameter="year")
    budget, _ = await commands.import_historical_budget(work, label, table_name, printing, table)
    work.etag(budget.version)
    return _shape(budget, table)


def _in_list(budget: HistoricalBudget) -> TableInList:
    kept = budget.model_dump(include={"year", "title", "source", "unit", "version", "modified_at"})
    return TableInList(table=budget.table_name, **kept)


def _shape(budget: HistoricalBudget, table: Table) -> TableShape:
    computed = compute(table)
    rows = []
    for place, row in enumerate(table.rows):
        cells = []
        for column in table.columns:
            cell, sum_pence = row.cell(column), computed.get((place, column))
            stated_pence = None if cell.printed == "blank" else cell.pence
            differs = sum_pence is not None and stated_pence is not None
            cells.append(
                CellShape(
                    column=column,
                    printed=cell.printed,
                    text=cell.text,
                    stated_pence=stated_pence,
                    computed_pence=sum_pence,
                    difference_pence=(sum_pence or 0) - (stated_pence or 0) if differs else None,
                )
            )
        rows.append(RowShape(row=place + 1, line=row.line, row_kind=row.row_kind, parent=row.parent, cells=cells))
    return TableShape(
        **_in_list(budget).model_dump(),
        columns=list(table.columns),
        total_column=table.total_column,
        rows=rows,
        findings=[
            FindingShape(
                row=found.position + 1,
                line=found.line,
                column=found.column,
                stated_pence=found.stated_pence,
                computed_pence=found.computed_pence,
                difference_pence=found.difference_pence,
                detail=found.detail,
            )
            for found in find(table)
        ],
    )


def _csv_row(row: RowShape, cell: CellShape) -> tuple[object, ...]:
    amounts = (cell.stated_pence, cell.computed_pence, cell.difference_pence)
    money = tuple(None if pence is None else pounds(pence) for pence in amounts)
    return row.row, row.line, row.row_kind, row.parent, cell.column, cell.printed, cell.text, *money

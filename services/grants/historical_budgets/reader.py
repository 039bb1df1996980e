"""Reads a printed budget from CSV or from a request's rows, every fault with its place; no figure is corrected."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

import shared.rows
from services.grants.historical_budgets.rules import (
    BLANK,
    Cell,
    Row,
    RowKind,
    Table,
    Unit,
    UnreadableBudget,
    read_cell,
    structure_errors,
)
from shared.errors import ErrorItem
from shared.rows import UnreadableRows, sign_in_number, trimmed
from shared.texts import column_name, folded

MAX_ROWS = 500
MAX_COLUMNS = 20
FIXED = ("line", "row_kind", "parent", "dash_in")
AMOUNT_COLUMN = re.compile(r"([a-z][a-z0-9_]{0,34})_(gbpm|gbpk|gbp)")
KINDS = get_args(RowKind)


@dataclass(frozen=True)
class Typed:
    """A row as it was sent: text in every field."""

    line: str
    row_kind: str
    parent: str
    cells: Mapping[str, str]
    dash_in: tuple[str, ...] = ()


def read_csv(data: bytes) -> tuple[Unit, Table]:
    """Columns: line, row_kind, parent, amounts named `pay_gbpm` (the last called total sums them), and dash_in.

    `dash_in` names columns, apart by blanks, in which a dash is printed and 0.00 was written. UnreadableBudget with
    record, line and column of every fault.
    """
    units: list[Unit] = []
    columns: list[str] = []

    def check(header: list[str], line: int) -> None:
        unit, found = _amount_columns(header)
        if units and (unit != units[0] or set(found) != set(columns)):
            raise UnreadableBudget(
                f"Line {line} holds another header, with other amount columns than the first; send each table apart."
            )
        if not units:
            units.append(unit)
            columns.extend(found)

    rows: list[Typed] = []
    errors: list[ErrorItem] = []
    starts: list[dict[str, int]] = []
    try:
        for record in shared.rows.read_rows(data, names=_column_of, required=FIXED[:2], check=check):
            if len(rows) == MAX_ROWS:
                raise UnreadableBudget(f"The table has more than {MAX_ROWS} rows; a printed budget has fewer.")
            place = {"record": record.number, "line": record.line}
            if record.surplus:
                fix = f"The record has {record.surplus} filled cells too many; quote cells that hold a comma."
                errors.append(ErrorItem(code="surplus_cells", detail=fix, **place))
            for name, before in record.decoded_twice.items():
                fix = f"Was decoded twice and probably was `{before[:64]}`; save the file as CSV UTF-8 again."
                errors.append(ErrorItem(code="decoded_twice", detail=fix, column=name, **place))
            values = record.cells
            amounts = {name: values.get(f"{name}_{units[0]}", "") for name in columns}
            dashes = tuple(folded(values.get("dash_in", "")).replace(";", " ").split())
            rows.append(
                Typed(values.get("line", ""), values.get("row_kind", ""), values.get("parent", ""), amounts, dashes)
            )
            starts.append(place)
    except UnreadableRows as fault:
        raise UnreadableBudget(fault.detail) from fault
    unit = units[0]
    table, found = read_rows(columns, "total" if "total" in columns else None, unit, rows)
    for position, field, item in found:
        name = f"{field}_{unit}" if field in columns else field
        errors.append(ErrorItem(code=item.code, detail=item.detail, column=name, **starts[position]))
    if errors:
        errors.sort(key=lambda item: (item.record or 0, item.column or ""))
        raise UnreadableBudget(_summary(errors), errors=errors)
    return unit, table


def read_rows(
    columns: Sequence[str], total_column: str | None, unit: Unit, typed: Sequence[Typed]
) -> tuple[Table, list[tuple[int, str, ErrorItem]]]:
    """The table, and every fault as (row, field, error)."""
    rows: list[Row] = []
    errors: list[tuple[int, str, ErrorItem]] = []
    for place, sent in enumerate(typed):
        faults: dict[str, tuple[str, str]] = {}
        kind = folded(sent.row_kind)
        if not sent.line.strip() or len(sent.line.strip()) > 200:
            faults["line"] = "bad_line", "Give the line as printed, at most 200 characters."
        if kind not in KINDS:
            faults["row_kind"] = "unknown_row_kind", f"Give one of {', '.join(KINDS)}."
            kind = "income"
        cells: dict[str, Cell] = {}
        for name, text in sent.cells.items():
            if name not in columns:
                faults[name] = "unknown_column", f"Give one of {', '.join(columns)}."
                continue
            try:
                cells[name] = _cell(text, unit, dashed=name in sent.dash_in)
            except ValueError as error:
                faults[name] = "bad_figure", str(error)
        for name in sent.dash_in:
            if name not in columns:
                faults["dash_in"] = "unknown_column", f"Name columns without their unit: {', '.join(columns)}."
        if not any(cell.printed != "blank" for cell in cells.values()) and not faults:
            faults["line"] = "empty_row", "The row holds no figure; leave it out."
        errors.extend((place, field, ErrorItem(code=code, detail=fix)) for field, (code, fix) in faults.items())
        rows.append(Row(sent.line.strip(), cast(RowKind, kind), cells, sent.parent.strip() or None))
    table = Table(tuple(columns), total_column, tuple(rows))
    wrong_kind = {place for place, field, _ in errors if field in ("line", "row_kind")}
    errors.extend(error for error in structure_errors(table) if error[0] not in wrong_kind)
    return table, errors


def _cell(text: str, unit: Unit, *, dashed: bool) -> Cell:
    try:
        cell = read_cell(trimmed(text), unit)
    except ValueError as error:
        why = sign_in_number(trimmed(text))
        if why is None:
            raise
        raise ValueError(f"{why} {error}") from error
    if not dashed:
        return cell
    if cell.pence != 0 or cell == BLANK:
        raise ValueError("dash_in says that a dash is printed here; write 0.00 or leave dash_in out.")
    return Cell("dash", "-")


def _column_of(head: str) -> str | None:
    """The column that a head of the file means: `Row Kind` is row_kind, `Non-pay £` is none."""
    plain = folded(head).strip('"')
    for name in FIXED:
        if column_name(plain) == column_name(name):
            return name
    amount = re.sub(r"[\s_.\-]+", "_", plain)
    return amount if AMOUNT_COLUMN.fullmatch(amount) else None


def _amount_columns(header: Sequence[str]) -> tuple[Unit, list[str]]:
    columns: list[str] = []
    units: set[str] = set()
    unknown = []
    for name in header:
        match = AMOUNT_COLUMN.fullmatch(name)
        if match:
            columns.append(match[1])
            units.add(match[2])
        elif name and name not in FIXED:
            unknown.append(name)
    faults = [f"the column {name} is missing" for name in ("line", "row_kind") if name not in header]
    if unknown:
        faults.append(f"{len(unknown)} columns are unknown (amounts are named such as pay_gbpm)")
    named = [name for name in header if name]
    if len(set(named)) < len(named):
        faults.append("a column stands twice")
    if len(units) != 1 or len(columns) > MAX_COLUMNS:
        faults.append(f"give 1 to {MAX_COLUMNS} amount columns, all in one of gbpm, gbpk, gbp")
    if faults:
        raise UnreadableBudget(f"The header does not fit: {'; '.join(faults)}.")
    return cast(Unit, units.pop()), columns


def _summary(errors: Sequence[ErrorItem]) -> str:
    return errors[0].detail if len(errors) == 1 else f"{len(errors)} faults; the first: {errors[0].detail}"

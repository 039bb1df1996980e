"""Reads what finance teams send of invoices, CSV or JSON, into rows with their places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.transparency.payments.invoices.rules import COLUMNS, Sent
from shared.errors import ErrorItem, Invalid
from shared.rows import UnreadableRows, by_column_name, read_rows

MAX_ROWS = 20_000
MAX_BYTES = 4 * 1024 * 1024
COLUMN = by_column_name(COLUMNS)


class UnreadableInvoices(Invalid):
    code = "unreadable_table"
    title = "The file cannot be read as rows about invoices"


def read_csv(data: bytes) -> list[Sent]:
    """The rows of a CSV file; columns in any order, those not needed may be absent."""
    rows, errors = [], []
    try:
        for record in read_rows(data, names=COLUMN, required=("received_on",), check=_check_columns):
            sent = Sent({name: cell for name, cell in record.cells.items() if cell}, record.number, record.line)
            rows.append(sent)
            if record.surplus:
                detail = f"{record.surplus} filled cells stand under no column; check commas and quotation marks."
                errors.append(sent.error("wrong_cell_count", None, detail))
    except UnreadableRows as fault:
        item = ErrorItem(code=fault.code, detail=fault.detail, line=fault.line)
        raise UnreadableInvoices(fault.detail, errors=[item]) from fault
    if errors:
        raise UnreadableInvoices("Some rows do not fit their header; see errors.", errors=errors)
    return _counted(rows)


def read_json(data: bytes) -> list[Sent]:
    """The rows of `{"rows": [{…}]}`, each with the columns of the CSV as members."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableInvoices('The body is no JSON; send {"rows": [...]}, or the rows as text/csv.') from error
    if not isinstance(content, dict) or set(content) != {"rows"} or not isinstance(content["rows"], list):
        raise UnreadableInvoices('The body is not of the form {"rows": [...]}; send the rows in it.', pointer="/rows")
    rows, errors = [], []
    for place, row in enumerate(content["rows"]):
        sent = Sent({}, pointer=f"/rows/{place}")
        if not isinstance(row, dict):
            errors.append(sent.error("not_a_row", None, f"Row {place} is no object; name its members as in the CSV."))
            continue
        cells = _cells(sent, row, errors)
        rows.append(Sent(cells, pointer=sent.pointer))
    if errors:
        raise UnreadableInvoices("Some rows cannot be read; see errors.", errors=errors)
    return _counted(rows)


def _cells(sent: Sent, row: Mapping[str, Any], errors: list[ErrorItem]) -> dict[str, str]:
    cells = {}
    for name, value in row.items():
        if name not in COLUMNS:
            detail = f"Unknown member; the members are {', '.join(COLUMNS)}."
            errors.append(sent.error("unknown_column", "".join(filter(str.isprintable, name))[:64], detail))
        elif isinstance(value, bool):
            cells[name] = "yes" if value else "no"
        elif isinstance(value, str):
            if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
                detail = "Holds NUL or half of a surrogate pair; remove it."
                errors.append(sent.error("bad_text", name, detail))
            cells[name] = value.strip()
        elif value is not None:
            detail = f"The value is neither text nor true, false or null; write {name} as text."
            errors.append(sent.error("bad_type", name, detail))
    return cells


def _check_columns(columns: list[str], line: int) -> None:
    errors = []
    if "transaction_number" not in columns and "row_id" not in columns:
        detail = "The columns transaction_number and row_id are both absent; one of them names the invoice."
        errors.append(ErrorItem(code="column_missing", detail=detail, line=line, column="transaction_number"))
    for name in dict.fromkeys(filter(None, columns)):
        if name not in COLUMNS:
            detail = f"Unknown column; the columns are {', '.join(COLUMNS)}."
            errors.append(ErrorItem(code="unknown_column", detail=detail, line=line, column=name[:64]))
        elif columns.count(name) > 1:
            detail = f"The column {name} stands {columns.count(name)} times; give it once."
            errors.append(ErrorItem(code="duplicate_column", detail=detail, line=line, column=name))
    if errors:
        raise UnreadableInvoices("The header does not fit rows about invoices; see errors.", errors=errors)


def _counted(rows: list[Sent]) -> list[Sent]:
    if not rows:
        raise UnreadableInvoices("There are no rows; send at least one.")
    if len(rows) > MAX_ROWS:
        raise UnreadableInvoices(f"There are {len(rows)} rows; send at most {MAX_ROWS} at once.")
    return rows

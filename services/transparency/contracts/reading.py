"""Reads a file of contracts into records: what each says, and every fault of its cells with line and column. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.transparency.contracts import layouts
from services.transparency.contracts.layouts import Layout
from services.transparency.contracts.refusals import UnreadableContracts
from services.transparency.contracts.rules import STATED, Statement
from shared.errors import ErrorItem
from shared.money import pounds
from shared.rows import Record as Row
from shared.rows import UnreadableRows, by_column_name, read_rows, read_text, trimmed
from shared.texts import column_name, folded

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_BYTES = 16 * 1024 * 1024
MAX_RECORDS = 5_000
CSV_TYPES = ("text/csv", "application/csv")
JSON_LINES_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


@dataclass
class Record:
    """One record as it was sent. A record with `faults` is not taken in."""

    number: int
    line: int
    reference: str = ""
    version: int | None = None
    said: Statement | None = None
    faults: list[ErrorItem] = field(default_factory=list)
    heads: Mapping[str, str] = field(default_factory=dict)
    """Field → head of its column in this file."""

    def fault(self, code: str, name: str | None, detail: str) -> None:
        column = self.heads.get(name, name) if name else None
        self.faults.append(ErrorItem(code=code, detail=detail, record=self.number, line=self.line, column=column))


def read_records(data: bytes, media_type: str, layout: Layout, publisher: str) -> list[Record]:
    """The records of a CSV file with a header row, or of JSON lines; a file that is neither is refused whole."""
    try:
        rows = _json_rows(data) if media_type in JSON_LINES_TYPES else _csv_rows(data, layout)
        records = [_record(row, wrong, layout, publisher) for row, wrong in _counted(rows)]
    except UnreadableRows as wrong:
        item = ErrorItem(code=wrong.code, detail=wrong.detail, line=wrong.line)
        raise UnreadableContracts(wrong.detail, errors=[item]) from wrong
    if not records:
        raise UnreadableContracts("The file has no records; send at least one below the header.")
    return records


Found = tuple[Row, str | None]
"""A row, and what keeps it from being read at all."""


def _counted(rows: Iterable[Found]) -> Iterator[Found]:
    for number, found in enumerate(rows, 1):
        if number > MAX_RECORDS:
            raise UnreadableContracts(f"The file has more than {MAX_RECORDS:,} records; send them in several files.")
        yield found


def _csv_rows(data: bytes, layout: Layout) -> Iterator[Found]:
    known = [*layout.columns, *layout.ignored]
    needed = [head for head, name in layout.columns.items() if name in layouts.NEEDED]

    def check(columns: list[str], line: int) -> None:
        wrong = [
            ErrorItem(code="column_missing", detail=f"The column {head} is missing; add it.", line=line, column=head)
            for head in needed
            if head not in columns
        ]
        for head in dict.fromkeys(filter(None, columns)):
            if head not in known:
                detail = f"The profile knows no column {head[:64]}; leave it out, or name it in a profile."
                wrong.append(ErrorItem(code="unknown_column", detail=detail, line=line, column=head[:64]))
            elif columns.count(head) > 1:
                detail = f"The column {head} comes {columns.count(head)} times; give it once."
                wrong.append(ErrorItem(code="repeated_column", detail=detail, line=line, column=head))
        if wrong:
            raise UnreadableContracts("The header does not fit the profile; see errors.", errors=wrong)

    for row in read_rows(data, names=by_column_name(known), required=needed, check=check):
        yield row, None


def _json_rows(data: bytes) -> Iterator[Found]:
    number = 0
    for line, text in enumerate(read_text(data).split("\n"), 1):
        if not text.strip():
            continue
        number += 1
        cells, wrong = _json_cells(text)
        yield Row(number, line, cells, 0, {}), wrong


def _json_cells(text: str) -> tuple[dict[str, str], str | None]:
    """Numbers stay as they are written: none becomes a binary fraction on its way (T-57)."""
    try:
        # A line that nests deeper than any contract would exhaust the parser's stack, which is no ValueError.
        content = json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return {}, "The line is no JSON object; write one contract a line."
    if not isinstance(content, list) or not text.lstrip().startswith("{"):
        return {}, "The line is no JSON object; write one contract a line."
    names = [name for name, _ in content]
    if len(set(names)) < len(names):
        return {}, "A member of the object comes twice; give each once."
    if any(_UNSTORABLE.search(f"{name} {value}") for name, value in content):
        return {}, "The line holds NUL or half of a surrogate pair, which no text may hold; remove it."
    cells = {}
    for name, value in content:
        if isinstance(value, bool):
            cells[name] = "Yes" if value else "No"
        elif value is None or isinstance(value, str):
            cells[name] = trimmed(value or "")
        else:
            return {}, f"The member {name[:64]} holds a list or an object; write it as text."
    return cells, None


def _record(row: Row, wrong: str | None, layout: Layout, publisher: str) -> Record:
    names = {folded(publisher), *map(folded, layout.publisher_names)}
    fields = {column_name(head): name for head, name in layout.columns.items()}
    heads = {name: head for head, name in layout.columns.items()}
    record = Record(row.number, row.line, heads=heads)
    if wrong:
        record.fault("unreadable_record", None, wrong)
        return record
    if row.surplus:
        detail = f"{row.surplus} filled cells stand under no column; check commas and quotation marks."
        record.fault("wrong_cell_count", None, detail)
        return record
    cells = dict(layout.constants)
    ignored = {column_name(head) for head in layout.ignored}
    for head, text in row.cells.items():
        name = fields.get(column_name(head))
        if name is not None:
            cells[name] = text
        elif column_name(head) not in ignored:
            record.fault("unknown_column", None, f"The profile knows no member {head[:64]}; leave it out.")
    for head in row.decoded_twice:
        name = fields.get(column_name(head))
        detail = "The text was decoded twice, as CafÃ© for Café; save the source as UTF-8 and send it again."
        record.fault("decoded_twice", name, detail)
    values = _values(record, layout, cells)
    record.reference = values.get("reference") or cells.get("reference", "")[:64]
    record.version = values.get("version")
    owner = cells.get("publisher")
    if owner and folded(owner) not in names:
        detail = f"The record belongs to {owner[:64]}, not to {publisher}; send it for that publisher."
        record.fault("another_publisher", "publisher", detail)
    if not record.faults:
        said = {name: values[name] for name in STATED if values.get(name) is not None}
        record.said = Statement(**said)
    return record


def _values(record: Record, layout: Layout, cells: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in cells.items():
        values[name], why = layouts.read_cell(layout, name, text)
        if why:
            record.fault(f"bad_{name}", name, why)
            values[name] = None
    wrong = {item.column for item in record.faults}
    for name in layouts.NEEDED:
        if values.get(name) is None and record.heads.get(name, name) not in wrong:
            record.fault(f"{name}_missing", name, f"The cell is empty, and every contract says its {name}; fill it.")
    if values.get("version") == 0:
        record.fault("bad_version", "version", "Version 0 does not exist; versions are counted from 1.")
    values["amount_basis"] = values.get("amount_basis") or "net"
    if not {record.heads.get(name, name) for name in layouts.AMOUNTS} & {item.column for item in record.faults}:
        _money(record, layout, values)
    if values.get("contact_is_role") is None:
        values["contact_is_role"] = layout.contacts_are_roles
    if not (values.get("contact_name") or values.get("contact_email")):
        values["contact_is_role"] = False
    return values


def _money(record: Record, layout: Layout, values: dict[str, Any]) -> None:
    """The value with irrecoverable VAT in it (T-27). VAT that is not known makes the value gross."""
    value, vat, recoverable, irrecoverable = (values.get(name) for name in layouts.AMOUNTS)
    if value is None:
        return
    if vat is not None and recoverable is not None:
        rest = vat - recoverable
        if irrecoverable is None:
            irrecoverable = rest
        elif irrecoverable != rest:
            record.fault(
                "vat_does_not_add_up",
                "irrecoverable_vat",
                f"Irrecoverable VAT is {pounds(irrecoverable)}, and VAT {pounds(vat)} less recoverable "
                f"{pounds(recoverable)} is {pounds(rest)}; correct one of them.",
            )
    values["irrecoverable_vat_pence"] = irrecoverable
    adds = not layout.value_includes_vat and values["amount_basis"] == "net"
    values["value_pence"] = value + ((irrecoverable or 0) if adds else 0)
    if values["value_pence"] > 2**63 - 1:
        record.fault("bad_value", "value", "The value with its VAT is larger than any amount that can be kept.")

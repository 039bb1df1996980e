"""Reads an uploaded table of results into rows, each with the faults found in its cells (record, line, column)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from services.deliverables.results.rules import Kind, Statement
from services.deliverables.targets.rules import Assessment, Bound
from shared.errors import ErrorItem, Invalid
from shared.periods import FinancialYear, Quarter
from shared.rows import Record, UnreadableRows, by_column_name, read_rows, sign_in_number
from shared.texts import folded, seen

MAX_ROWS = 5_000
MAX_BYTES = 4 * 1024 * 1024
REQUIRED = ("ref", "part")
KNOWN = (
    *REQUIRED,
    "value",
    "bound",
    "unit",
    "kind",
    "statement",
    "instance",
    "q1_value",
    "q2_value",
    "q3_value",
    "q4_value",
    "as_at",
    "occurred_on",
    "assessment",
    "rag_as_printed",
    "rag_state",
    "evidence",
    "converted_value",
    "conversion_note",
    "note",
    "source",
    "reason",
)
COLUMN = by_column_name(KNOWN)
LENGTHS = {"note": 4000, "source": 400, "reason": 1000, "instance": 200, "conversion_note": 1000, "rag_state": 80}
NUMBER = re.compile(r"(?=[0-9.]{1,16}$)[0-9]{1,15}(\.[0-9]{1,6})?")
UNIT = re.compile(r"[a-z][a-z0-9_]{0,39}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

E = TypeVar("E", bound=StrEnum)


class UnreadableTable(Invalid):
    code = "unreadable_table"
    title = "The file cannot be read as a table of results"


@dataclass
class Row:
    """One row as it was sent. `errors` are faults of its cells; a row with any is rejected whole."""

    record: int
    line: int
    ref: str = ""
    part: int | None = None
    period: Quarter | None = None
    as_at: date | None = None
    value: Decimal | None = None
    quarter_value: Decimal | None = None
    bound: Bound = Bound.EXACT
    unit: str | None = None
    kind: Kind = Kind.DELIVERED
    statement: Statement = Statement.STATED_TOTAL
    instance: str = ""
    assessment: Assessment | None = None
    colour: str | None = None
    """The printed rating as it was sent; blank is None."""
    missing_reason: str | None = None
    """Why the printed rating is missing, where the file says so."""
    evidence_empty: bool = False
    occurred_on: date | None = None
    converted_value: Decimal | None = None
    conversion_note: str | None = None
    note: str | None = None
    source: str | None = None
    reason: str | None = None
    errors: list[ErrorItem] = field(default_factory=list)

    def fault(self, code: str, column: str | None, detail: str) -> None:
        self.errors.append(ErrorItem(code=code, detail=detail, record=self.record, line=self.line, column=column))


def read_table(data: bytes, year: FinancialYear, *, as_at: date | None, kind: Kind, statement: Statement) -> list[Row]:
    """The rows of a CSV file with a header row, which may come again, in any order of the columns.

    `as_at`, `kind` and `statement` count where a row does not say otherwise. Values of the column `qN_value` are what
    was new in that quarter, beside the total so far. A file without the columns it needs is refused whole; a fault in a
    cell rejects its own row only.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableTable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MiB; send it in several.")
    rows: list[Row] = []
    try:
        for record in read_rows(data, names=COLUMN, required=REQUIRED, check=_check_columns):
            if len(rows) >= MAX_ROWS:
                raise UnreadableTable(f"More than {MAX_ROWS} rows; send them in several files.")
            row = Row(record=record.number, line=record.line, as_at=as_at, kind=kind, statement=statement)
            rows.append(row)
            _fill(row, record, year)
    except UnreadableRows as fault:
        item = ErrorItem(code=fault.code, detail=fault.detail, line=fault.line)
        raise UnreadableTable(fault.detail, errors=[item]) from fault
    if not rows:
        raise UnreadableTable("The file has no rows below its header; send at least one.")
    return rows


def _check_columns(columns: list[str], line: int) -> None:
    errors = [
        ErrorItem(code="column_missing", detail=f"The column {name} is needed.", line=line, column=name)
        for name in REQUIRED
        if name not in columns
    ]
    for name in dict.fromkeys(filter(None, columns)):
        if name not in KNOWN:
            detail = f"Unknown column; the columns are {', '.join(KNOWN)}."
            errors.append(ErrorItem(code="unknown_column", detail=detail, line=line, column=name[:64]))
        elif columns.count(name) > 1:
            errors.append(ErrorItem(code="duplicate_column", detail="Give the column once.", line=line, column=name))
    if errors:
        raise UnreadableTable("The header does not fit a table of results.", errors=errors)


def _fill(row: Row, record: Record, year: FinancialYear) -> None:
    sent = {name: cell for name, cell in record.cells.items() if cell}
    if record.surplus:
        row.ref = seen(sent.get("ref", ""))[:64]
        detail = f"{record.surplus} filled cells stand under no column; check commas and quotes."
        row.fault("wrong_cell_count", None, detail)
        return
    for name, before in record.decoded_twice.items():
        detail = f"Was decoded twice and probably was `{before[:64]}`; save the source as CSV UTF-8 again."
        row.fault("decoded_twice", name, detail)
    for name, most in LENGTHS.items():
        if len(sent.get(name, "")) > most:
            row.fault("too_long", name, f"Longer than {most} characters; shorten it.")
            del sent[name]
    row.ref = seen(sent.get("ref", ""))[:64]
    row.part = _part(row, sent)
    row.bound = _choice(row, sent, "bound", Bound) or row.bound
    row.kind = _choice(row, sent, "kind", Kind) or row.kind
    row.statement = _choice(row, sent, "statement", Statement) or row.statement
    row.assessment = _choice(row, sent, "assessment", Assessment)
    row.value = _number(row, sent, "value")
    row.unit = _unit(row, sent)
    row.as_at = _day(row, sent, "as_at") or row.as_at
    row.occurred_on = _day(row, sent, "occurred_on")
    row.period = _period(row, year)
    row.quarter_value = _quarter_value(row, sent)
    row.converted_value = _number(row, sent, "converted_value")
    row.conversion_note = sent.get("conversion_note")
    if row.converted_value is not None and row.conversion_note is None:
        row.fault(
            "conversion_unstated", "conversion_note", "A converted value needs a note that states the conversion."
        )
    # An instance tells one value from another, so that it is kept as a reader sees it.
    row.instance = seen(sent.get("instance", ""))
    row.colour = sent.get("rag_as_printed")
    rag_state = sent.get("rag_state")
    row.missing_reason = rag_state if row.colour is None and folded(rag_state or "") != "printed" else None
    row.evidence_empty = _evidence_empty(row, sent)
    row.note, row.source, row.reason = sent.get("note"), sent.get("source"), sent.get("reason")
    check_dates(row)


def check_dates(row: Row) -> None:
    """A result counts in the quarter it happened in; after the quarter's end it needs a note that says why (D-20)."""
    if row.occurred_on and row.period and row.occurred_on > row.period.end and not row.note:
        detail = (
            f"{row.occurred_on.isoformat()} lies after {row.period.label}; report it in the quarter it happened in, "
            "or add a note that says why not."
        )
        row.fault("occurred_after_period", "occurred_on", detail)


def _part(row: Row, sent: Mapping[str, str]) -> int | None:
    text = seen(sent.get("part", ""))
    if re.fullmatch(r"[0-9]{1,3}", text) and int(text) > 0:
        return int(text)
    row.fault("bad_part", "part", "Give the number of the target part, from 1.")
    return None


def _period(row: Row, year: FinancialYear) -> Quarter | None:
    if row.as_at is None:
        if not any(error.column == "as_at" for error in row.errors):
            row.fault(
                "as_at_missing", "as_at", "Say the day the value stands for, in the column or as the parameter as_at."
            )
        return None
    if FinancialYear.of(row.as_at) != year:
        row.fault(
            "outside_year", "as_at", f"{row.as_at.isoformat()} is not in {year.label}; choose the right programme."
        )
        return None
    return Quarter.of(row.as_at)


def _quarter_value(row: Row, sent: Mapping[str, str]) -> Decimal | None:
    found = None
    for number in (1, 2, 3, 4):
        name = f"q{number}_value"
        value = _number(row, sent, name)
        if value is None:
            continue
        if row.period is not None and row.period.number != number:
            row.fault("another_quarter", name, f"The row stands for {row.period.label}; leave this cell empty.")
        elif row.statement is Statement.IN_PERIOD:
            row.fault("two_values", name, "The value is itself what was new in the quarter; leave this cell empty.")
        found = value
    return found


def _number(row: Row, sent: Mapping[str, str], name: str) -> Decimal | None:
    text = sent.get(name)
    if text is None:
        return None
    # The pattern is ASCII only: Decimal would also take 1_000, NaN and digits of other scripts.
    if not NUMBER.fullmatch(text):
        why = sign_in_number(text)
        fix = "Write a plain number of at most 15 digits, such as 1200 or 97.5."
        row.fault("bad_number", name, f"{why} {fix}" if why else fix)
        return None
    return Decimal(text)


def _unit(row: Row, sent: Mapping[str, str]) -> str | None:
    unit = sent.get("unit")
    if unit is not None and not UNIT.fullmatch(unit := folded(unit)):
        row.fault("bad_unit", "unit", "Write the unit in small letters with underscores, such as peer_challenge.")
        return None
    if unit is None and "value" in sent:
        row.fault("unit_missing", "unit", "Say the unit of the value; a number without one meets no target.")
    return unit


def _day(row: Row, sent: Mapping[str, str], name: str) -> date | None:
    text = sent.get(name)
    if text is None:
        return None
    text = seen(text)
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        row.fault("bad_date", name, "Write the day as 2018-03-31.")
        return None


def _choice(row: Row, sent: Mapping[str, str], name: str, kind: type[E]) -> E | None:
    text = sent.get(name)
    if text is None:
        return None
    try:
        return kind(folded(text))
    except ValueError:
        row.fault(f"unknown_{name}", name, f"Use one of {', '.join(kind)}.")
        return None


def _evidence_empty(row: Row, sent: Mapping[str, str]) -> bool:
    text = folded(sent.get("evidence", "given"))
    if text not in ("given", "empty"):
        row.fault("unknown_evidence", "evidence", "Use given or empty.")
    return text == "empty"

"""Which records of a file are lines, and what the others are; totals are compared with what they total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.grants.expenditure.cells import SPACES, Unreadable
from services.grants.expenditure.columns import Columns, plain_name
from services.grants.expenditure.matching import RecordTest, record_test
from services.grants.expenditure.reading import Record
from services.grants.expenditure.valuation import Valuation

MAX_FINDINGS = 100
BLANK = SPACES + "\t\r\n\v\f\x1a\ufeff\u200b"
"""What a blank cell may hold: spaces of all widths, and the mark with which old systems end a file."""


@dataclass
class Tally:
    """What a file holds, counted while it is read: the one side of the batch's account."""

    received_lines: int = 0
    received_pence: int = 0
    rejected_lines: int = 0
    amount_unreadable_lines: int = 0
    not_lines: dict[str, int] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)
    """The first records whose amount cannot be read."""

    def not_a_line(self, why: str, records: int = 1) -> None:
        if records:
            self.not_lines[why] = self.not_lines.get(why, 0) + records


class RowKinds:
    """Tells lines from other records, in the order in which they stand in the file; remembers what it must."""

    def __init__(
        self, layout: dict[str, Any], columns: Columns, header_rows: list[list[str]], valuation: Valuation, tally: Tally
    ) -> None:
        self._tally = tally
        self._valuation = valuation
        self._width = columns.width + len(columns.derived)
        self._header_rows = [[plain_name(cell) for cell in row] for row in header_rows]
        self._first_names = {row[0] for row in self._header_rows if row}
        self._totals = _tests(layout["total_rows"], columns)
        self._ends = _tests(layout["end_rows"], columns)
        self._only = _tests(layout["only_rows"], columns)
        self._others: list[tuple[RecordTest, str, bool]] = [
            (record_test(rule, _place(rule, columns)), rule["counted_as"], rule["fills_down"])
            for rule in layout["other_rows"]
        ]
        places = [columns.place(name) for name in layout["fill_down"]]
        self._fill = [place for place in places if place is not None]
        self._above = dict.fromkeys(self._fill, "")
        self._tests_all = bool(self._totals or self._ends or self._only or self._others)
        # A cell of the file itself where there is one: what is derived is not there yet.
        self._look_at = min(valuation.amount_column, columns.width - 1) if columns.width else 0
        self._ended = False
        self._pence_since_total = self._pence_then = 0

    def counts(self, record: Record) -> bool:
        """Whether a record is a line. What is none is counted by its kind."""
        if self._ended:
            self._tally.not_a_line("after_end")
            return False
        cells = record[1]
        try:
            first = cells[self._look_at]
        except IndexError:
            first = ""
        # A record whose amount begins with a digit is neither blank nor a header: the case of nearly all.
        if record[2] is not None or (first[:1].isdigit() and not self._tests_all):
            return True
        if not first.strip(BLANK) and not any(cell.strip(BLANK) for cell in cells):
            self._tally.not_a_line("blank")
            return False
        if self._header_rows and plain_name(cells[0]) in self._first_names and self._repeats_header(cells):
            self._tally.not_a_line("repeated_header")
            return False
        return not self._tests_all or self._passes(record)

    def fill_down(self, cells: list[str]) -> None:
        """Give blank cells what stood above them, in the columns that the profile names."""
        for place in self._fill:
            if place < len(cells):
                if cells[place].strip():
                    self._above[place] = cells[place]
                else:
                    cells[place] = self._above[place]

    @property
    def fills(self) -> bool:
        return bool(self._fill)

    def _passes(self, record: Record) -> bool:
        cells = record.cells
        if any(test(cells) for test in self._ends):
            self._ended = True
            self._tally.not_a_line("after_end")
            return False
        if any(test(cells) for test in self._totals):
            self._tally.not_a_line("total_row")
            self._check_total(record)
            return False
        for test, name, fills_down in self._others:
            if test(cells):
                self._tally.not_a_line(name)
                if fills_down:
                    self.fill_down(list(cells))
                return False
        if not all(test(cells) for test in self._only):
            self._tally.not_a_line("not_selected")
            return False
        return True

    def _check_total(self, record: Record) -> None:
        """A finding where a total's amount is neither the sum of all lines so far nor of those since the last total."""
        pence = self._tally.received_pence
        since = pence - self._pence_then
        self._pence_then = pence
        if self._valuation.amount_column >= self._width:
            return
        try:
            stated, _ = self._valuation.amount(record.cells + [""] * (self._width - len(record.cells)))
        except Unreadable:
            return
        if stated not in (pence, since) and len(self._tally.findings) < MAX_FINDINGS:
            self._tally.findings.append(
                {
                    "code": "total_differs",
                    "line": record.line,
                    "stated_pence": stated,
                    "sum_pence": pence,
                    "since_last_total_pence": since,
                    "amount_unreadable_lines": self._tally.amount_unreadable_lines,
                }
            )

    def _repeats_header(self, cells: list[str]) -> bool:
        return [plain_name(cell) for cell in cells] in self._header_rows


def _tests(rules: list[dict[str, Any]], columns: Columns) -> list[Callable[[list[str]], bool]]:
    return [record_test(rule, _place(rule, columns)) for rule in rules]


def _place(rule: dict[str, Any], columns: Columns) -> int | None:
    return None if rule["column"] is None else columns.place(rule["column"])

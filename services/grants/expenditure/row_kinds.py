"""Which records of a file are lines, and what the others are; totals are compared with what they total."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.grants.expenditure.cells import SPACES, Unreadable
from services.grants.expenditure.columns import Columns
from services.grants.expenditure.later_headers import LaterHeaders, Turn
from services.grants.expenditure.matching import RecordTest, record_test
from services.grants.expenditure.reading import Record
from services.grants.expenditure.valuation import Valuation

MAX_FINDINGS = 100
BLANK = SPACES + "\t\r\n\v\f\x1a\ufeff\u200b"
"""What a blank cell may hold: spaces of all widths, and the mark with which old systems end a file."""
AMOUNT_LIKE = re.compile(r"\W*\d")
DIGIT = re.compile(r"\d")
DATES = ("payment_date", "input_date", "invoice_date")


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

    def note(self, code: str, line: int | None, **counts: int) -> None:
        """Count a line in the finding of this code, which names the first such line."""
        found = next((finding for finding in self.findings if finding["code"] == code and "lines" in finding), None)
        if found is None:
            found = {"code": code, "line": line, "lines": 0}
            self.findings.append(found)
        for name, number in {"lines": 1, **counts}.items():
            found[name] = found.get(name, 0) + number


class RowKinds:
    """Tells lines from other records, in the order in which they stand in the file; remembers what it must."""

    def __init__(
        self, layout: dict[str, Any], columns: Columns, headers: LaterHeaders | None, valuation: Valuation, tally: Tally
    ) -> None:
        self._layout = layout
        self._tally = tally
        self._headers = headers
        self.turn: Turn | None = None
        """What a header among the lines has changed; whoever reads the lines takes it from here."""
        self._ended = False
        self._unread = False
        """Whether the columns of the lines are not known, for a header that does not fit."""
        self._pence_since_total = self._pence_then = 0
        self._above: dict[str, str] = dict.fromkeys(layout["fill_down"], "")
        self._above_before = self._above
        names = headers.names() if headers else frozenset()
        self._amount_tells = not any(AMOUNT_LIKE.match(name) for name in names)
        self._date_tells = not any(DIGIT.search(name) for name in names)
        self.read_by(columns, valuation)

    def read_by(self, columns: Columns | None, valuation: Valuation) -> None:
        """From here on the columns stand as this header says; None where that is not known."""
        self._unread = columns is None
        if columns is None:
            self._choose_speed()
            return
        layout = self._layout
        self._valuation = valuation
        self._width = columns.width + len(columns.derived)
        self._totals = _tests(layout["total_rows"], columns)
        self._ends = _tests(layout["end_rows"], columns)
        self._only = _tests(layout["only_rows"], columns)
        self._others: list[tuple[RecordTest, str, bool]] = [
            (record_test(rule, _place(rule, columns)), rule["counted_as"], rule["fills_down"])
            for rule in layout["other_rows"]
        ]
        self._fill = [
            (place, name) for name in layout["fill_down"] if (place := columns.place(name)) is not None
        ]  # fmt: skip
        self._tests_all = bool(self._totals or self._ends or self._only or self._others)
        # A cell of the file itself where there is one: what is derived is not there yet.
        self._look_at = min(valuation.amount_column, columns.width - 1) if columns.width else 0
        basis = next(name for name in DATES if layout["fields"].get(name))
        day = columns.of_field.get(basis)
        self._day_at = day if day is not None and day < columns.width else None
        self._choose_speed()

    def _choose_speed(self) -> None:
        waiting = self._headers is not None and self._headers.waiting
        self._by_digit = self._amount_tells and not waiting and (self._unread or not self._tests_all)

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
        if record[2] is not None or (self._by_digit and first[:1].isdigit()):
            return True
        if not first.strip(BLANK) and not any(cell.strip(BLANK) for cell in cells):
            self._tally.not_a_line("blank")
            return False
        if self._headers is not None:
            if (self._headers.waiting or not self._is_data(first, cells)) and self.is_header(record):
                return False
            if self._headers.waiting:
                self.turn = self._headers.no_header()
                self._choose_speed()
        return not self._tests_all or self._unread or self._passes(record)

    def is_header(self, record: Record) -> bool:
        """Whether a record is a header again, or stood around the first one; then it is counted as such."""
        if self._headers is None:
            return False
        kind = self._headers.kind_of(record[1])
        if kind is None or (kind == "before_header" and any(test(record[1]) for test, *_ in self._others)):
            # What the profile itself has a name for goes by that name, wherever it stands.
            return False
        self._tally.not_a_line(kind)
        self.turn = self._headers.take(record)
        self._choose_speed()
        return True

    def is_header_like(self, record: Record) -> bool:
        return self._headers is not None and self._headers.kind_of(record[1]) is not None

    def was_header(self, record: Record) -> bool:
        """The same of a record that was taken for a line first, as its cells look like figures; it is no line."""
        above, self._above = self._above, self._above_before
        if self.is_header(record):
            return True
        self._above = above
        return False

    def _is_data(self, first: str, cells: list[str]) -> bool:
        """Whether figures stand where the first header says that figures are: no header does so."""
        if self._amount_tells and AMOUNT_LIKE.match(first):
            return True
        day = self._day_at
        return self._date_tells and day is not None and day < len(cells) and DIGIT.search(cells[day]) is not None

    def fill_down(self, cells: list[str]) -> None:
        """Give blank cells what stood above them, in the columns that the profile names."""
        self._above_before = self._above.copy()
        for place, name in self._fill:
            if place < len(cells):
                if cells[place].strip():
                    self._above[name] = cells[place]
                else:
                    cells[place] = self._above[name]

    @property
    def fills(self) -> bool:
        return bool(self._layout["fill_down"])

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


def _tests(rules: list[dict[str, Any]], columns: Columns) -> list[Callable[[list[str]], bool]]:
    return [record_test(rule, _place(rule, columns)) for rule in rules]


def _place(rule: dict[str, Any], columns: Columns) -> int | None:
    return None if rule["column"] is None else columns.place(rule["column"])

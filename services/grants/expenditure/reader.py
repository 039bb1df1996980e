"""A whole file through a profile: header, what is no line, and blocks of parsed lines ready for COPY."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from services.grants.expenditure.cells import SPACES
from services.grants.expenditure.columns import Columns, ColumnsMissing, plain_name
from services.grants.expenditure.parsing import LineParser
from services.grants.expenditure.reading import FileFault, Record, csv_records, json_records

BLOCK_LINES = 2000


@dataclass(frozen=True)
class FileToRead:
    """A stored upload and how it is to be read."""

    path: str
    media_type: str
    gzipped: bool
    encoding: str
    layout: dict[str, Any]
    source: str
    today: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Tally:
    """What a file holds, counted while it is read: the one side of the batch's account."""

    received_lines: int = 0
    received_pence: int = 0
    rejected_lines: int = 0
    amount_unreadable_lines: int = 0
    not_lines: dict[str, int] = field(default_factory=dict)

    def not_a_line(self, why: str) -> None:
        self.not_lines[why] = self.not_lines.get(why, 0) + 1


class FileReader:
    """Opens a file, finds its header, and gives its lines in blocks. FileFault or ColumnsMissing when it cannot."""

    def __init__(self, file: FileToRead) -> None:
        self.tally = Tally()
        self._layout = file.layout
        path = Path(file.path)
        if file.media_type == "application/json":
            header, self._records = json_records(path, file.gzipped)
            self.columns = Columns(header or _all_columns(file.layout), file.layout)
        else:
            self._records = csv_records(path, file.gzipped, file.encoding, file.layout["delimiter"])
            self.columns = self._find_header()
        self._parser = LineParser(file.layout, self.columns, source=file.source, today=file.today)
        self._amount_column = self._parser.amount_column
        self._totals = [
            (self.columns.place(rule["column"]), _folded(rule["equals"]), _folded(rule["prefix"]))
            for rule in file.layout["total_rows"]
        ]

    @property
    def header(self) -> tuple[str, ...]:
        return self.columns.header

    def blocks(self, lines: int = BLOCK_LINES) -> Iterator[str]:
        """Rows for COPY, some thousand at a time; the tally is right whenever a block has been given."""
        tally, parser, counts = self.tally, self._parser, self._counts
        rows: list[str] = []
        number = tally.received_lines
        for record in self._records:
            if not counts(record):
                continue
            number += 1
            line, cells, fault = record
            row, pence, rejected = (
                parser.parse(number, line, cells) if fault is None else parser.broken(number, line, fault)
            )
            if pence is None:
                tally.amount_unreadable_lines += 1
            else:
                tally.received_pence += pence
            if rejected:
                tally.rejected_lines += 1
            rows.append(row)
            if len(rows) >= lines:
                tally.received_lines = number
                yield "\n".join(rows) + "\n"
                rows.clear()
        tally.received_lines = number
        if rows:
            yield "\n".join(rows) + "\n"

    def records(self) -> Iterator[tuple[int, Record]]:
        """The data records with their numbers, unparsed: for showing the original beside its reasons."""
        for record in self._records:
            if self._counts(record):
                self.tally.received_lines += 1
                yield self.tally.received_lines, record

    def _counts(self, record: Record) -> bool:
        """Whether a record is data. Blank ones, repeated headers and declared totals are counted apart."""
        cells = record[1]
        try:
            first = cells[self._amount_column]
        except IndexError:
            first = ""
        # A record whose amount begins with a digit is neither blank nor a header: the case of nearly all.
        if record[2] is not None or (first[:1].isdigit() and not self._totals):
            return True
        if not first.strip(SPACES + "\t\r\n"):
            if not any(cell.strip() for cell in cells):
                self.tally.not_a_line("blank")
                return False
        elif self._repeats_header(cells):
            self.tally.not_a_line("repeated_header")
            return False
        for place, equals, prefix in self._totals:
            if place is not None and place < len(cells):
                text = _folded(cells[place])
                if (equals and text == equals) or (prefix and text.startswith(prefix)):
                    self.tally.not_a_line("total_row")
                    return False
        return True

    def _repeats_header(self, cells: list[str]) -> bool:
        return [plain_name(cell) for cell in cells] == [plain_name(name) for name in self.columns.header]

    def _find_header(self) -> Columns:
        where = self._layout["header"]
        if where["columns"]:
            return Columns(where["columns"], self._layout)
        if where["row"]:
            ahead = list(islice(self._records, where["row"]))
            if len(ahead) < where["row"]:
                raise FileFault(
                    "header_missing", f"The file ends before record {where['row']}, where its header is due."
                )
            for _ in ahead[:-1]:
                self.tally.not_a_line("before_header")
            if ahead[-1].fault:
                raise FileFault("header_missing", ahead[-1].fault, line=ahead[-1].line)
            return Columns(ahead[-1].cells, self._layout)
        return self._search_header(where["search"])

    def _search_header(self, most: int) -> Columns:
        first_fault: ColumnsMissing | None = None
        fewest = 0
        seen: list[Record] = []
        for record in islice(self._records, most):
            seen.append(record)
            try:
                columns = Columns(record.cells, self._layout)
            except ColumnsMissing as fault:
                if first_fault is None or len(fault.faults) < fewest:
                    first_fault, fewest = fault, len(fault.faults)
                continue
            for _ in seen[:-1]:
                self.tally.not_a_line("before_header")
            return columns
        raise first_fault or FileFault("header_missing", "The file holds no record; send the header and the lines.")


def _all_columns(layout: dict[str, Any]) -> list[str]:
    """The columns of a profile, for a JSON body without any line."""
    from services.grants.expenditure.columns import other_columns, used_columns

    return list(dict.fromkeys(chain(used_columns(layout), other_columns(layout))))


def _folded(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()

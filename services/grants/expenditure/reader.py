"""A whole file through a profile: header, what is no line, and blocks of parsed lines ready for COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from services.grants.expenditure.columns import Columns, names_of, other_columns, used_columns
from services.grants.expenditure.csv_records import CsvRecords, Dialect
from services.grants.expenditure.headers import Found, find_header, said_once
from services.grants.expenditure.json_records import JSON_LINES, json_header, json_records
from services.grants.expenditure.mending import MendedFile, layout_of_mended, mended_file, mended_records
from services.grants.expenditure.parsing import LineParser
from services.grants.expenditure.reading import Record, choose_encoding
from services.grants.expenditure.row_kinds import RowKinds, Tally

BLOCK_LINES = 2000
UNREADABLE_NAMED = 20
JSON_TYPES = ("application/json", *JSON_LINES)


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
    uses: dict[str, Any] | None = None
    """What lines are judged by: the rule book, and what must be known of agreements."""
    said: dict[str, str] = field(default_factory=dict)
    """What is said once a file, by field: by a parameter, or by the file that this one mends."""
    mends: Sequence[str] | None = None
    """The header of the file whose errors this one mends."""
    persons: Sequence[str] = ()
    """Names of private payees of the organisation, to be withheld in the texts of other lines (T-63)."""
    covers: Sequence[str] | None = None
    """The first and the last day of payment that this file was said to cover, where that was said with it."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_json(self) -> bool:
        return self.media_type in JSON_TYPES

    def mended(self) -> MendedFile | None:
        """How a file of errors came back; None for a file of the source itself."""
        if self.mends is None or self.is_json:
            return None
        return mended_file(Path(self.path), self.gzipped, self.mends, self.layout["encodings"])


def encoding_of(file: FileToRead) -> str:
    """The encoding that reads a file as a whole. FileFault when there is none."""
    if file.is_json:
        return "utf-8"
    mended = file.mended()
    encodings = mended.encodings if mended else tuple(file.layout["encodings"])
    return choose_encoding(Path(file.path), file.gzipped, encodings)


class FileReader:
    """Opens a file, finds its header, and gives its lines in blocks. FileFault or ColumnsMissing when it cannot."""

    def __init__(self, file: FileToRead) -> None:
        self.tally = Tally()
        self.said = dict(file.said)
        self.delimiter = ","
        layout = file.layout
        path = Path(file.path)
        mended = file.mended()
        if file.is_json:
            header = json_header(path, file.gzipped, file.media_type) or _all_columns(layout)
            decimal = layout["amounts"]["decimal"]
            self._records = json_records(path, file.gzipped, file.media_type, header, decimal)
            found = Found(Columns(header, layout))
        else:
            if mended:
                layout = layout_of_mended(layout, mended)
            lines = CsvRecords(path, file.gzipped, file.encoding, _dialect(layout))
            self._records = iter(lines)
            if mended:
                found = Found(Columns(mended.columns, layout), [list(mended.columns)])
                next(self._records, None)
                self._records = mended_records(self._records, len(mended.columns), mended.marks_at)
            else:
                found = find_header(self._records, layout)
                self.said |= said_once(layout, found)
            self.delimiter = lines.delimiter
            self.tally.not_a_line("before_header", len(found.above) + found.skipped + lines.named_delimiter)
        self.columns = found.columns
        self._parser = LineParser(
            layout,
            self.columns,
            source=file.source,
            today=file.today,
            uses=file.uses,
            once=self.said,
            persons=file.persons,
            covers=file.covers,
        )
        self.days = self._parser.days
        self._kinds = RowKinds(layout, self.columns, found.rows, self._parser.valuation, self.tally)

    @property
    def header(self) -> tuple[str, ...]:
        return self.columns.header

    @property
    def persons_learnt(self) -> set[str]:
        return self._parser.persons_learnt

    def blocks(self, lines: int = BLOCK_LINES) -> Iterator[str]:
        """Rows for COPY, some thousand at a time; the tally is right whenever a block has been given.

        FileFault at the end where the days of the file as a whole are not what the profile makes of them.
        """
        tally, parser, kinds = self.tally, self._parser, self._kinds
        counts, fill_down = kinds.counts, kinds.fill_down if kinds.fills else None
        rows: list[str] = []
        number = tally.received_lines
        for record in self._records:
            if not counts(record):
                continue
            number += 1
            line, cells, fault = record
            if fill_down is not None and fault is None:
                fill_down(cells)
            row, pence, rejected = (
                parser.parse(number, line, cells) if fault is None else parser.broken(number, line, fault)
            )
            if pence is None:
                tally.amount_unreadable_lines += 1
                if len(tally.unreadable) < UNREADABLE_NAMED:
                    tally.unreadable.append(number)
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
        tally.findings += self.days.findings()

    def records(self) -> Iterator[tuple[int, Record]]:
        """The data records with their numbers, unparsed: for showing the original beside its reasons."""
        for record in self._records:
            if self._kinds.counts(record):
                self.tally.received_lines += 1
                if record.fault is None:
                    self._kinds.fill_down(record.cells)
                yield self.tally.received_lines, record


def _dialect(layout: dict[str, Any]) -> Dialect:
    return Dialect(
        layout["delimiter"],
        layout["quote"],
        layout["escape"],
        keep_stray_quotes=layout["stray_quotes"] == "keep",
        widths=tuple(layout["widths"]) if layout["widths"] else None,
        spreadsheet_text=layout["spreadsheet_text"],
    )


def _all_columns(layout: dict[str, Any]) -> list[str]:
    """The columns of a profile, for a JSON body without any line."""
    return list(dict.fromkeys(names_of(column)[0] for column in chain(used_columns(layout), other_columns(layout))))

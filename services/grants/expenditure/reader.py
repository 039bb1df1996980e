"""A whole file through a profile: header, what is no line, and blocks of parsed lines ready for COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from services.grants.expenditure.cells import shown
from services.grants.expenditure.columns import Columns, names_of, other_columns, used_columns
from services.grants.expenditure.csv_records import MIXED_ENCODINGS, CsvRecords, Dialect
from services.grants.expenditure.headers import Found, find_header, said_once
from services.grants.expenditure.json_records import JSON_LINES, json_header, json_records
from services.grants.expenditure.later_headers import LaterHeaders, places_by
from services.grants.expenditure.mending import MendedFile, layout_of_mended, mended_file, mended_records
from services.grants.expenditure.parsing import LineParser, days_of_file
from services.grants.expenditure.reading import Record, choose_encoding
from services.grants.expenditure.repairs import DECODED_TWICE, LOST, REPAIRED, put_right
from services.grants.expenditure.row_kinds import MAX_FINDINGS, RowKinds, Tally

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
        self._file = file
        self._lines: CsvRecords | None = None
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
            self._lines = lines
            self._records = iter(lines)
            if mended:
                found = Found(Columns(mended.columns, layout), [list(mended.columns)])
                next(self._records, None)
                self._records = mended_records(self._records, len(mended.columns), mended.marks_at)
            else:
                found = find_header(self._records, layout)
                self.said |= said_once(layout, found)
                lines.width = found.columns.width
            self.delimiter = lines.delimiter
            self.tally.not_a_line("before_header", len(found.above) + len(found.skipped) + lines.named_delimiter)
            if file.encoding == "utf-8-sig" and "utf-8" not in layout["encodings"]:
                self.tally.findings.append({"code": "encoding_not_named", "encoding": "utf-8"})
        self.columns = found.columns
        """Where the columns stand by the file's own header; another one among the lines may move them."""
        self._layout = layout
        self._order: list[int | None] | None = None
        self._why_unread: tuple[str, ...] = ()
        self.days = days_of_file(layout, file.covers, file.today)
        self.persons_learnt: set[str] = set()
        """Names of private payees that the file has had so far."""
        self._parser = self._parser_of(self.columns)
        headers = LaterHeaders(layout, found) if found.rows else None
        self._kinds = RowKinds(layout, self.columns, headers, self._parser.valuation, self.tally)

    @property
    def header(self) -> tuple[str, ...]:
        return self.columns.header

    def blocks(self, lines: int = BLOCK_LINES) -> Iterator[str]:
        """Rows for COPY, some thousand at a time; the tally is right whenever a block has been given.

        FileFault at the end where the days of the file as a whole are not what the profile makes of them.
        """
        tally, parser, kinds = self.tally, self._parser, self._kinds
        counts, fill_down = kinds.counts, kinds.fill_down if kinds.fills else None
        rows: list[str] = []
        number = tally.received_lines
        for record in self._records:
            if record[3] is not None:
                record = put_right_record(record)
            is_line = counts(record)
            if kinds.turn is not None:
                self._turn()
                parser = self._parser
            if not is_line:
                continue
            number += 1
            line, cells, fault, notes = record
            if self._why_unread:
                row, pence, rejected = parser.broken(number, line, *self._why_unread)
            elif fault is None:
                if fill_down is not None:
                    fill_down(cells)
                row, pence, rejected = parser.parse(number, line, cells, notes)
                if rejected and kinds.was_header(record):
                    # It was taken for a line, as figures stood where figures are.
                    number -= 1
                    if kinds.turn is not None:
                        self._turn()
                        parser = self._parser
                    continue
            else:
                row, pence, rejected = parser.broken(number, line, fault)
            if notes:
                self._find(line, notes)
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
        """The data records with their numbers, unparsed: for showing the original beside its reasons.

        They stand under the file's first header, whatever the header is under which they were sent.
        """
        for record in self._records:
            right = record if record.notes is None else put_right_record(record)
            is_line = self._kinds.counts(right)
            if self._kinds.turn is not None:
                self._turn()
            if not is_line:
                continue
            if record.fault is None and not self._why_unread:
                self._kinds.fill_down(record.cells)
                if self._kinds.is_header_like(right) and self._parser.parse(0, None, right.cells, None).rejected:
                    self._kinds.was_header(right)
                    if self._kinds.turn is not None:
                        self._turn()
                    continue
            self.tally.received_lines += 1
            yield self.tally.received_lines, self._as_first(record)

    def _as_first(self, record: Record) -> Record:
        if self._order is None or record.fault is not None:
            return record
        cells = record.cells
        return record._replace(
            cells=["" if place is None or place >= len(cells) else cells[place] for place in self._order]
        )

    def _turn(self) -> None:
        """Read on as the header says that was found among the lines."""
        turn, self._kinds.turn = self._kinds.turn, None
        assert turn is not None, "asked for without a header"
        self._order = None if turn.columns is self.columns else places_by(self.columns, turn.columns, turn.names)
        if turn.columns is None:
            self._why_unread = (turn.why, "header_differs")
        else:
            self._why_unread = ()
            self._parser = self._parser_of(turn.columns)
            if self._lines is not None:
                self._lines.width = turn.columns.width
        self._kinds.read_by(turn.columns, self._parser.valuation)
        if len(self.tally.findings) < MAX_FINDINGS:
            self.tally.findings.append(
                {
                    "code": "header_in_another_order" if turn.columns else "header_differs",
                    "line": turn.line,
                    "columns": [shown(name) for name in turn.names],
                    "first_columns": [shown(name) for name in self.header],
                }
            )

    def _parser_of(self, columns: Columns) -> LineParser:
        file = self._file
        return LineParser(
            self._layout,
            columns,
            source=file.source,
            today=file.today,
            uses=file.uses,
            once=self.said,
            persons=file.persons,
            # What is learnt of a file's days and persons is learnt of all of it, under whichever header.
            days=self.days,
            learnt=self.persons_learnt,
        )

    def _find(self, line: int | None, notes: Sequence[str]) -> None:
        """A finding of what was noted of a line's text, so that somebody looks at it."""
        for note in notes:
            if note == REPAIRED:
                self.tally.note(DECODED_TWICE, line, repaired_lines=1)
            elif note in (DECODED_TWICE, LOST, MIXED_ENCODINGS):
                self.tally.note(note, line)


def put_right_record(record: Record) -> Record:
    """The record with its text as it was meant, and what was noted of that."""
    if record.fault is not None:
        return record
    cells, notes = [], list(record.notes or ())
    for cell in record.cells:
        text, found = put_right(cell)
        cells.append(text)
        if found is not None and found not in notes:
            notes.append(found)
    return Record(record.line, cells, None, tuple(notes))


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

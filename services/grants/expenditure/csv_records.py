"""Records of a CSV file, whatever its delimiter, quotes and line ends, with the line on which each begins."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from services.grants.expenditure.quotes import QUOTES_REMOVED, Quotes, without_wraps
from services.grants.expenditure.reading import FileFault, Record, mixed_line, open_bytes

MAX_RECORD_LINES = 200
"""A quoted cell that runs over more lines was never closed; the record is refused and reading goes on behind it."""

MAX_LINE_CHARACTERS = 8 * 1024 * 1024
MAX_CELL_CHARACTERS = 1024 * 1024
SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?|\"sep=(.)\"\r?\n?", re.IGNORECASE)

MIXED_ENCODINGS = "mixed_encodings"
"""The line is in another encoding than most of its file."""
MANGLED_MARK = "\u00ef\u00bb\u00bf"
"""A byte order mark, read as Windows text."""

csv.field_size_limit(MAX_CELL_CHARACTERS)


@dataclass(frozen=True)
class Dialect:
    """How a file divides its text into cells."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    keep_stray_quotes: bool = False
    widths: tuple[int, ...] | None = None
    """Columns of fixed width, in place of a delimiter."""
    spreadsheet_text: bool = False
    """Cells written as a formula of one text, or behind an apostrophe, are that text."""


class CsvRecords:
    """Every record of a file. One with broken quotes comes with a fault; reading goes on at its next line."""

    def __init__(self, path: Path, gzipped: bool, encoding: str, dialect: Dialect) -> None:
        self.named_delimiter = False
        """Whether the first line said what divides cells, as spreadsheets write it; known once a record was given."""
        self.delimiter = dialect.delimiter
        self.width: int | None = None
        """How many cells a record has, once a header was found: tells whether a comma belongs inside a cell."""
        self._path, self._gzipped, self._encoding, self._dialect = path, gzipped, encoding, dialect

    def __iter__(self) -> Iterator[Record]:
        with open_bytes(self._path, self._gzipped) as file:
            encoding, _, other = self._encoding.partition("+")
            if other:
                lines = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
            else:
                lines = io.TextIOWrapper(file, encoding=encoding, newline="")
            dialect = self._dialect
            source = _Lines(lines, other)
            opening = source.peek()
            if match := SEPARATOR_LINE.fullmatch(opening):
                self.named_delimiter = True
                self.delimiter = match[1] or match[2]
                dialect = replace(dialect, delimiter=self.delimiter)
                next(source)
            records = _cut(source, dialect.widths) if dialect.widths else self._divided(source, dialect)
            yield from _plain_texts(records) if dialect.spreadsheet_text else records

    def _divided(self, source: _Lines, dialect: Dialect) -> Iterator[Record]:
        if dialect.quote:
            source.know(Quotes(dialect.quote, dialect.delimiter, dialect.escape))
        reader = csv.reader(
            source,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            escapechar=dialect.escape or None,
            strict=True,
        )
        taken = source.taken
        new = tuple.__new__
        while True:
            taken.clear()
            first = source.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RunsOn) as error:
                source.give_back()
                line = source.as_read(taken[0]).rstrip("\r\n")
                kept = _leniently(line, dialect) if dialect.keep_stray_quotes else None
                notes = source.notes_of(line)
                if kept is None:
                    yield Record(first, [line], _why(error), notes)
                else:
                    yield Record(first, kept, None, notes)
                continue
            if source.odd:
                yield self._odd(first, cells, source, dialect)
            else:
                # Made directly, at half the cost of calling its class.
                yield new(Record, (first, cells, None, None))

    def _odd(self, first: int, cells: list[str], source: _Lines, dialect: Dialect) -> Record:
        """A record with more than ASCII in it, or with marks that may stand around a cell as quotes do."""
        notes = source.notes_of(*cells)
        if dialect.quote:
            bare = without_wraps(cells, dialect.quote, dialect.delimiter, self.width)
            if bare is not None:
                return Record(first, bare, None, (*(notes or ()), QUOTES_REMOVED))
        return Record(first, cells, None, notes)


def _cut(source: _Lines, widths: tuple[int, ...]) -> Iterator[Record]:
    """Records of fixed width: each line cut at the same places, the rest of it in the last column."""
    starts = [sum(widths[:place]) for place in range(len(widths))]
    cuts = [slice(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]
    for line in source:
        source.taken.clear()
        text = line.rstrip("\r\n")
        cells = [text[cut].strip() for cut in cuts] if text.strip() else []
        yield Record(source.number, cells, None, source.notes_of(text))


def _plain_texts(records: Iterator[Record]) -> Iterator[Record]:
    for line, cells, fault, notes in records:
        yield Record(line, [_plain_text(cell) for cell in cells], fault, notes)


def _plain_text(cell: str) -> str:
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1].replace('""', '"')
    return cell[1:] if cell.startswith("'") else cell


class _RunsOn(Exception):
    """A record that goes on for more lines than any real one."""


class _Lines:
    """Physical lines, counted; those of a record that turned out broken can be read again."""

    def __init__(self, lines: io.TextIOBase, other: str) -> None:
        """`other`: the encoding of lines that are not UTF-8, where a file holds some of each."""
        self._lines = lines
        self._next = iter(lambda: lines.readline(MAX_LINE_CHARACTERS), "").__next__
        self._again: list[str] = []
        self._other = other
        self._used_other = False
        self.quotes: Quotes | None = None
        self._quote = "\x00"
        self.taken: list[str] = []
        """The lines of the record at hand, as they stand in the file."""
        self.number = 0
        self.odd = False
        """Whether the record at hand must be looked at again: it holds more than ASCII, or an apostrophe."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._next()
        self.number += 1
        taken = self.taken
        taken.append(line)
        if len(line) >= MAX_LINE_CHARACTERS:
            raise FileFault(
                "line_too_long", "A line holds more than eight million characters; is this a text file?", self.number
            )
        if len(taken) > MAX_RECORD_LINES:
            raise _RunsOn
        if not line.isascii():
            self.odd = True
            line = self._foreign(line, begins=len(taken) == 1)
        elif "'" in line:
            self.odd = self.odd or self.quotes is None or self.quotes.may_wrap(line)
        if self._quote in line and self.quotes is not None:
            return self.quotes.straightened(line, inside=len(taken) > 1)
        return line

    def _foreign(self, line: str, *, begins: bool) -> str:
        if self._other and not line.isascii():
            line, used = mixed_line(line, self._other)
            self._used_other = self._used_other or used
        if begins and line[:1] in ("\ufeff", MANGLED_MARK[0]):
            # Files that were joined bring their byte order marks along.
            line = line.removeprefix(MANGLED_MARK).lstrip("\ufeff")
        return line

    def know(self, quotes: Quotes) -> None:
        self.quotes, self._quote = quotes, quotes.quote

    def as_read(self, line: str) -> str:
        """The first line of a broken record, once more as it was given to be divided."""
        self.odd = self._used_other = False
        line = self._foreign(line, begins=True)
        return line if self.quotes is None else self.quotes.straightened(line, inside=False)

    def notes_of(self, *texts: str) -> tuple[str, ...] | None:
        """What was noted of the record at hand, and nothing of the next."""
        used, self._used_other, self.odd = self._used_other, False, False
        if used:
            return (MIXED_ENCODINGS,)
        return None if all(text.isascii() for text in texts) else ()

    def peek(self) -> str:
        """The first line, which is read again."""
        line = next(self._next_or_nothing(), "")
        if line:
            self._again.append(line)
        return line

    def _next_or_nothing(self) -> Iterator[str]:
        try:
            yield self._next()
        except StopIteration:
            return

    def give_back(self) -> None:
        """All lines of the record but the first."""
        surplus = self.taken[1:]
        self._again += reversed(surplus)
        self.number -= len(surplus)


def _leniently(line: str, dialect: Dialect) -> list[str] | None:
    """A line's cells where a quote ends its cell only before a delimiter or the end. None where one never ends."""
    quote, delimiter = dialect.quote, dialect.delimiter
    cells, place = [], 0
    while True:
        if line.startswith(quote, place):
            end = place + 1
            while True:
                end = line.find(quote, end)
                if end < 0:
                    return None
                behind = end + 1
                if behind == len(line) or line.startswith(delimiter, behind):
                    break
                end = behind
            cells.append(line[place + 1 : end].replace(quote * 2, quote))
            place = end + 1
        else:
            end = line.find(delimiter, place)
            end = len(line) if end < 0 else end
            cells.append(line[place:end])
            place = end
        if place >= len(line):
            return cells
        place += len(delimiter)


def _why(error: Exception) -> str:
    text = str(error)
    if isinstance(error, _RunsOn) or "unexpected end" in text:
        return "A quotation mark opens a cell and never closes; close it, or double a mark that is meant."
    if "field larger" in text:
        return "A cell holds more than a million characters; shorten it."
    return "A quotation mark closes a cell before its end; double a mark that is meant."

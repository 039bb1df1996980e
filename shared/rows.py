"""Rows of a small CSV table that people made: read as its reader would, or refused with the place.

Short rows are blank at their end, as spreadsheets write them; a header may come again, also in another order; names of
columns are compared without case and dividers. What cannot be read as one thing only is a fault, never a guess.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from shared.texts import column_name, hidden_signs

_SPACES = "\t\x0b\x0c \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_HIDDEN = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_GAP = f"[{_SPACES}{_HIDDEN}]"
_ENDS = "".join(chr(code) for code in range(0x10000) if re.match(f"{_GAP}|[\r\n\x1c-\x1f]", chr(code)))
# Every repetition here is over one class of signs, so that no cell makes the search slow.
_OPENING = re.compile(f'(^|[,\r\n]){_GAP}*("[^"]*(?:""[^"]*)*"){_GAP}*(?=[,\r\n]|$)')
"""A cell in quotation marks, with spaces and hidden signs around the marks. A match takes the whole cell, so that what
stands within the marks is never looked at."""

_NOT_ASCII = re.compile("[\u0080-\U0010ffff]{2,}")
_ARCHIVE, _OLD_WORKBOOK, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"


class UnreadableRows(Exception):
    """A file that cannot be read as rows at all; the service answers it with its own refusal."""

    def __init__(self, code: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.detail, self.line = code, detail, line


@dataclass(frozen=True)
class Record:
    """One row: what stands in each column, without the spaces around it. A column it does not reach is blank."""

    number: int
    line: int
    cells: dict[str, str]
    surplus: int
    """How many cells hold something and stand under no column."""
    decoded_twice: dict[str, str]
    """Columns whose text was decoded twice, with what it probably was."""


def read_text(data: bytes) -> str:
    """The file's text: UTF-8, or UTF-16 with its mark. UnreadableRows names the line that is neither."""
    if data.startswith((_ARCHIVE, _OLD_WORKBOOK, _PDF)):
        raise UnreadableRows("not_text", "The file is a workbook, an archive or a PDF, not text; save it as CSV UTF-8.")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide:
            raise UnreadableRows("not_utf8", "The file breaks off within a UTF-16 sign; save it again.") from error
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableRows(
            "not_utf8",
            f"Line {line} is not UTF-8 (byte {data[error.start]:02X}), whatever the others are; save the whole file as"
            " CSV UTF-8 and send it again.",
            line,
        ) from error
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise UnreadableRows("bad_text", f"Line {line} holds a NUL character; save the file as CSV UTF-8.", line)
    return text


def read_rows(
    data: bytes,
    *,
    names: Callable[[str], str | None],
    required: Collection[str],
    check: Callable[[list[str], int], None],
) -> Iterator[Record]:
    """The rows under the header, which may come again further down and then holds for what follows it.

    `names` gives the column that a head of the file means, or None where it means none. `check` refuses a header; it is
    given the columns and the line. UnreadableRows where the file is no CSV.
    """
    # `newline=""` and the reader itself count lines, also within cells.
    reader = csv.reader(io.StringIO(_OPENING.sub(r"\1\2", read_text(data)), newline=""), strict=True)
    try:
        columns = _header(next(reader, []), names)
        check(columns, 1)
        line, number = reader.line_num + 1, 0
        for cells in reader:
            starts_at, line = line, reader.line_num + 1
            if not any(trimmed(cell) for cell in cells):
                continue
            heads = _header(cells, names)
            if set(required) <= set(heads):
                check(heads, starts_at)
                columns = heads
                continue
            number += 1
            yield _record(number, starts_at, columns, cells)
    except csv.Error as error:
        raise UnreadableRows(
            "unreadable_table",
            f"The file is not well-formed CSV at line {reader.line_num} ({error}); check its quotation marks.",
            reader.line_num,
        ) from error


def by_column_name(known: Collection[str]) -> Callable[[str], str | None]:
    """For `names`: columns by their names, without case and dividers."""
    found = {column_name(name): name for name in known}
    return lambda head: found.get(column_name(trimmed(head).strip('"')))


def trimmed(text: str) -> str:
    """The text without spaces and hidden signs at its ends; what stands within stays as it was sent."""
    return text.strip(_ENDS)


def decoded_twice(text: str) -> str | None:
    """What a text was before UTF-8 was read as Windows-1252 and written again: `CafÃ©` was `Café`. Else None."""
    if text.isascii():
        return None
    before = _NOT_ASCII.sub(lambda run: _once(run.group()), text)
    return before if before != text else None


def sign_in_number(text: str) -> str | None:
    """Words for a sign that makes a number unreadable although it looks like one; None where there is none."""
    named = {"\u2212": "MINUS SIGN", "\u2013": "EN DASH", "\u2014": "EM DASH", "\u2010": "HYPHEN", "\u2011": "HYPHEN"}
    found = [f"U+{ord(sign):04X} {named[sign]}" for sign in text if sign in named]
    found += hidden_signs(text)
    return f"It holds {', '.join(dict.fromkeys(found))}." if found else None


def _header(cells: list[str], names: Callable[[str], str | None]) -> list[str]:
    heads = [names(cell) or trimmed(cell) for cell in cells]
    while heads and not heads[-1]:
        heads.pop()
    return heads


def _record(number: int, line: int, columns: list[str], cells: list[str]) -> Record:
    values, twice, surplus = dict.fromkeys(filter(None, columns), ""), {}, 0
    for place, cell in enumerate(cells):
        name = columns[place] if place < len(columns) else ""
        shown = trimmed(cell)
        if not name:
            surplus += bool(shown)
            continue
        values[name] = shown
        before = decoded_twice(cell)
        if before is not None:
            twice[name] = trimmed(before)
    return Record(number, line, values, surplus, twice)


def _once(run: str) -> str:
    """A run of signs as it was, where it is UTF-8 read as Windows-1252, or as Latin-1 where that has no sign."""
    try:
        return b"".join(sign.encode("latin-1" if ord(sign) < 0xA0 else "cp1252") for sign in run).decode()
    except UnicodeError:
        return run

"""Files of errors: the original's cells beside their reasons, to mend in a spreadsheet and send again (§6)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.grants.expenditure.columns import plain_name
from services.grants.expenditure.reading import Record, first_text
from shared.guards import guard

MARKS = ("outcome", "reasons", "record", "line")
"""Columns behind the original's: what became of the line, why, and where it stood.

No line is made of them when they come back; they only say which line of the batch is meant.
"""
APART = "file_"
"""Stands before the name of a column behind where the original has a column of that name."""

DELIMITERS = (",", ";", "\t")
GUARDED = ("=", "+", "@", "\t", "\r", "-")
DIGITS_AT_RISK = re.compile(r"0[0-9]+|[0-9]{12,}")
"""Numbers that are names: a spreadsheet would take their zeros, or round them; as a formula of a text they stay."""
MONTH_FIRST = re.compile(r"^m{1,2}[^a-z]", re.IGNORECASE)
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class MendedFile:
    """How a file of errors came back: its delimiter, and how many of its columns are the original's."""

    delimiter: str
    columns: tuple[str, ...]
    encodings: tuple[str, ...]
    marks_at: int | None = None
    """The place of the columns behind; None where they were taken out."""


class MarkedRecord(Record):
    """A record of a file of errors, with the cells of the columns behind."""

    marks: tuple[str, ...] = ()


def mended_file(path: Path, gzipped: bool, header: Sequence[str], encodings: Sequence[str]) -> MendedFile | None:
    """Whether a file is a file of errors that was mended, by its first record; None where it is one of the source's.

    It is known by the four columns behind, or, where these were taken out, by holding the original's header as its
    first record.
    """
    opening = first_text(path, gzipped)
    wanted = [plain_name(name) for name in header]
    for delimiter in DELIMITERS:
        try:
            first = next(csv.reader(io.StringIO(opening, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [plain_name(name) for name in first]
        while names and not names[-1]:
            names.pop()
        place = _place_of_marks(names, wanted)
        if place is None and names != _without_blank_end(wanted):
            continue
        kept = first[: len(wanted) if place is None else place]
        # Where the columns are still the original's, they keep the names by which the profile knows them.
        if len(kept) >= len(wanted) and all(map(_is_named, kept, wanted)):
            kept = list(header)
        # A spreadsheet may save it as what it was written in, as the machine's own, or as Unicode text.
        tried = ("utf-16", "utf-8", "cp1252", *encodings)
        return MendedFile(delimiter, tuple(kept), tuple(dict.fromkeys(tried)), place)
    return None


def layout_of_mended(layout: dict[str, Any], mended: MendedFile) -> dict[str, Any]:
    """The source's layout as it reads a mended file: no preamble, no totals, nothing to fill down, one header.

    A spreadsheet rewrites days in the way of its country, so these ways are read too, unless the source's own could be
    mistaken for them.
    """
    dates = list(layout["dates"])
    if not any(MONTH_FIRST.match(style) for style in dates):
        dates += [style for style in ("yyyy-mm-dd", "dd/mm/yyyy") if style not in dates]
    nothing: dict[str, Any] = {name: [] for name in ("total_rows", "other_rows", "only_rows", "end_rows", "fill_down")}
    plain = {"delimiter": mended.delimiter, "quote": '"', "escape": "", "stray_quotes": "reject"}
    nothing |= {"widths": None, "spreadsheet_text": False}
    return {**layout, **nothing, **plain, "dates": dates, "encodings": list(mended.encodings)}


def mended_records(records: Iterator[Record], columns: int, marks_at: int | None = None) -> Iterator[Record]:
    """The records as the source would have sent them: the columns behind apart, and without guards."""
    for line, cells, fault, notes in records:
        if fault is not None:
            yield Record(line, cells, fault, notes)
            continue
        if not any(cell.strip() for cell in cells):
            yield Record(line, cells)
            continue
        own = [_own(cell) for cell in cells[:columns]]
        marked = MarkedRecord(line, own + [""] * (columns - len(own)), None, notes)
        if marks_at is not None:
            marked.marks = tuple(cells[marks_at : marks_at + len(MARKS)])
        yield marked


def marks_beside(header: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns behind, none of them one of the original's: programs keep one cell for each name."""
    taken = set(map(plain_name, header))
    names = []
    for mark in MARKS:
        while mark in taken:
            mark = APART + mark
        names.append(mark)
    return tuple(names)


def errors_file(
    header: Sequence[str], rows: Iterable[tuple[list[str], tuple[str, str], int, int | None]], delimiter: str
) -> bytes:
    """A file of errors: the cells of each record, its outcome and reasons, its number and line.

    UTF-8, with a byte order mark where it holds more than ASCII, so that a spreadsheet shows it rightly.
    """
    found = list(rows)
    width = max([len(header), *(len(cells) for cells, *_ in found)])
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter if delimiter in DELIMITERS else ",", lineterminator="\r\n")
    writer.writerow([*map(guard, header), *[""] * (width - len(header)), *marks_beside(header)])
    for cells, (outcome, reasons), number, line in found:
        padded = cells + [""] * (width - len(cells))
        writer.writerow([*map(_written, padded), outcome, guard(reasons), number, "" if line is None else line])
    text = buffer.getvalue()
    return (text if text.isascii() else BYTE_ORDER_MARK + text).encode(errors="replace")


def _written(cell: str) -> str:
    if DIGITS_AT_RISK.fullmatch(cell):
        return f'="{cell}"'
    return guard(cell.replace("\x00", "\ufffd"))


def _own(cell: str) -> str:
    """A cell as the source wrote it, without what keeps a spreadsheet from running or rewriting it."""
    if cell[:1] == "'" and cell[1:2] in GUARDED:
        return cell[1:]
    return cell[2:-1] if cell[:2] == '="' and cell[-1:] == '"' and len(cell) > 2 else cell


def _is_named(name: str, wanted: str) -> bool:
    """Whether a header is this one; a sign that the machine's own encoding hides here may be any."""
    plain = plain_name(name)
    if "\ufffd" not in plain:
        return plain == wanted
    return re.fullmatch(".{1,2}".join(map(re.escape, plain.split("\ufffd"))), wanted) is not None


def _place_of_marks(names: list[str], header: Sequence[str]) -> int | None:
    # Files made before the columns behind kept apart from the original's still come back.
    for marks in (marks_beside(header), MARKS):
        for place in range(len(names) - len(marks), -1, -1):
            if tuple(names[place : place + len(marks)]) == marks:
                return place
    return None


def _without_blank_end(names: list[str]) -> list[str]:
    kept = list(names)
    while kept and not kept[-1]:
        kept.pop()
    return kept

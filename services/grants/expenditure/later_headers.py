"""Headers among the lines of a file: the first one once more, or its columns in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.grants.expenditure.columns import (
    MAX_COLUMNS,
    Columns,
    ColumnsMissing,
    alternatives,
    other_columns,
    plain_name,
)
from services.grants.expenditure.columns import names_of as alternatives_of
from services.grants.expenditure.headers import Found, columns_of, columns_shown, names_of
from services.grants.expenditure.reading import FileFault, Record
from shared.texts import column_name


@dataclass(frozen=True)
class Turn:
    """What a header among the lines means for those behind it."""

    columns: Columns | None
    """Where the columns stand from here on; None where that cannot be known."""
    line: int | None
    names: tuple[str, ...]
    """The header as it stands."""
    why: str = ""
    """Why the lines behind it cannot be read."""


class LaterHeaders:
    """Knows a header among the lines: the first one once more, or its columns in another order."""

    def __init__(self, layout: dict[str, Any], found: Found) -> None:
        self._layout = layout
        self._first = found.columns
        self._now = found.columns
        self._lost = False
        """Whether the last header could not be read."""
        self._rows = [_plain(row) for row in found.rows]
        self._rows_now = self._rows
        self._begun: list[Record] = []
        """Records of a header of several records, up to the last one read."""
        self._between = [_plain(record.cells) for record in found.skipped]
        self._due: list[list[str]] = []
        self._above = [row for record in found.above if any(row := _plain(record.cells))]
        known = {name for row in self._rows for name in row if name}
        if len(self._rows) == 1:
            known |= set(found.columns.header) | {name for name in _all_names(layout) if not name.endswith("*")}
        self._names = frozenset({plain_name(name) for name in known} - {""})
        self._known = frozenset({column_name(name) for name in known} - {""})

    def names(self) -> frozenset[str]:
        return self._names

    @property
    def waiting(self) -> bool:
        """Whether the next record tells how the last one was meant."""
        return bool(self._begun or self._due)

    def kind_of(self, cells: Sequence[str]) -> str | None:
        """What a record is that is part of a header, or one of those that stood around the first; None for a line."""
        if len(cells) > MAX_COLUMNS:
            return None
        names = _plain(cells)
        if self._is_header(names):
            return "repeated_header"
        return "before_header" if self._stands_around(names) else None

    def take(self, record: Record) -> Turn | None:
        """Note such a record. What changes for the lines behind it, or None."""
        names = _plain(record.cells)
        if not self._is_header(names):
            if self._due and names == self._due[0]:
                self._due = self._due[1:]
            return None
        self._begun.append(record)
        if len(self._begun) < len(self._rows):
            return None
        rows, self._begun = self._begun[-len(self._rows) :], []
        self._due = self._between
        return self._read(rows)

    def no_header(self) -> Turn | None:
        """Note that the record behind is a line: a header of several records that broke off says nothing any more."""
        self._due = []
        if not self._begun:
            return None
        begun, self._begun = self._begun, []
        rows = [_plain(record.cells) for record in begun]
        if all(row in self._rows_now for row in rows):
            return None
        return self._unreadable(begun, "it is not whole")

    def _is_header(self, names: list[str]) -> bool:
        filled = [name for name in names if name]
        if not filled:
            return False
        if names in self._rows or names in self._rows_now:
            return True
        if len(self._rows) > 1 and len(self._begun) < len(self._rows) and self._begun:
            # The rest of a header whose upper names were known.
            return not self._known.isdisjoint(map(column_name, filled))
        matches = len(self._known.intersection(map(column_name, filled)))
        return matches > 1 and (2 * matches >= len(filled) or (len(self._rows) == 1 and self._fits(names)))

    def _fits(self, names: list[str]) -> bool:
        try:
            Columns(names, self._layout)
        except ColumnsMissing:
            return False
        return True

    def _stands_around(self, names: list[str]) -> bool:
        if self._due and names == self._due[0]:
            return True
        if names in self._above:
            return True
        return names[:1] == ["sep="] and not any(names[1:])

    def _read(self, rows: list[Record]) -> Turn | None:
        plain = [_plain(row.cells) for row in rows]
        if all(map(_within, plain, self._rows_now)):
            # The same names in the same places, perhaps without some of them: the same header.
            if not self._lost:
                return None
            columns = self._now
        elif plain == self._rows:
            columns = self._first
        elif any(choice["position"] is not None for choice in self._layout["header"]["named"]):
            return self._unreadable(rows, "the profile names columns by their position")
        else:
            try:
                columns = columns_of(rows, self._layout)
            except (ColumnsMissing, FileFault) as fault:
                return self._unreadable(rows, str(fault).rstrip("."))
            self._rows_now = plain
        if plain == self._rows:
            self._rows_now = plain
        self._lost, self._now = False, columns
        return Turn(columns, rows[0].line, columns.header)

    def _unreadable(self, rows: list[Record], why: str) -> Turn:
        self._lost = True
        why = "".join(sign if sign.isprintable() else " " for sign in why)
        names = tuple(names_of(rows, self._layout))
        line = rows[0].line
        return Turn(
            None,
            line,
            names,
            f"In line {line} stands a header that is not the file's first one, and the lines behind it cannot be read"
            f" by it ({why}). The first: {columns_shown(self._first.header)}. In line {line}: {columns_shown(names)}."
            " Send them as a file of their own, or with the columns of the first.",
        )


def places_by(first: Columns, now: Columns | None, names: Sequence[str]) -> list[int | None]:
    """For each column of the first header, where its cell stands in a record under another header."""
    plain = [plain_name(name) for name in (now.header if now else names)]
    places: list[int | None] = []
    for place, name in enumerate(map(plain_name, first.header)):
        if name and plain.count(name) == 1:
            places.append(plain.index(name))
        elif name or not place < len(plain) or plain[place]:
            places.append(None)
        else:
            places.append(place)
    if now is not None:
        for field_name in first.of_field:
            before, after = first.columns_of(field_name), now.columns_of(field_name)
            if len(before) == len(after):
                for old, new in zip(before, after, strict=True):
                    places[old] = new
    return places


def _plain(cells: Sequence[str]) -> list[str]:
    """Names as they are compared, without blank cells at the end."""
    names = [plain_name(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _within(names: list[str], first: list[str]) -> bool:
    return len(names) <= len(first) and all(not name or name == its for name, its in zip(names, first, strict=False))


def _all_names(layout: dict[str, Any]) -> Iterator[str]:
    for source in layout["fields"].values():
        if source:
            yield from alternatives(source)
    for column in other_columns(layout):
        yield from alternatives_of(column)

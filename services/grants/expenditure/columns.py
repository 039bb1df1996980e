"""Finding a profile's columns in a file's header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ColumnFault:
    """A column the profile needs that the header does not hold once."""

    code: str
    detail: str
    column: str


class ColumnsMissing(ValueError):
    """The header does not fit the profile; every fault is listed."""

    def __init__(self, faults: Sequence[ColumnFault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = tuple(faults)


def plain_name(name: str) -> str:
    """A header's name as it is compared: without case, outer spaces and repeated inner ones."""
    return " ".join(name.strip("\ufeff").split()).casefold()


def alternatives(source: dict[str, Any]) -> tuple[str, ...]:
    """The column names of a field's source; none for a constant."""
    column = source.get("column")
    if column is None:
        return ()
    return (column,) if isinstance(column, str) else tuple(column)


class Columns:
    """A header, and where in it the profile's columns stand."""

    def __init__(self, header: Sequence[str], layout: dict[str, Any]) -> None:
        self.header = tuple(header)
        self.width = len(self.header)
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(self.header):
            if plain := plain_name(name):
                self._places.setdefault(plain, []).append(place)
        self._faults: list[ColumnFault] = []
        # A column that is named elsewhere, in the identity for one, may have alternatives as a field's source.
        self._groups: dict[str, tuple[str, ...]] = {}
        self._optional: set[str] = set()
        for source in layout["fields"].values():
            names = alternatives(source) if source else ()
            for name in names:
                self._groups[plain_name(name)] = names
                if source.get("optional"):
                    self._optional.add(plain_name(name))
        self.of_field = {
            field: self._find(alternatives(source))
            for field, source in layout["fields"].items()
            if source and alternatives(source)
        }
        self._other = {name: self._find(self._names(name)) for name in dict.fromkeys(other_columns(layout))}
        self.unnamed_from = max((places[-1] for places in self._places.values()), default=-1) + 1
        if self._faults:
            raise ColumnsMissing(list(dict.fromkeys(self._faults)))

    def place(self, name: str) -> int | None:
        """Where a column that identity, items, totals or assignment name stands; None for an optional one not there."""
        return self._other[name]

    def _names(self, name: str) -> tuple[str, ...]:
        return self._groups.get(plain_name(name), (name,))

    def _find(self, names: tuple[str, ...]) -> int | None:
        found = [place for name in dict.fromkeys(map(plain_name, names)) for place in self._places.get(name, ())]
        shown = " or ".join(names)
        if len(found) == 1:
            return found[0]
        if found:
            self._faults.append(
                ColumnFault("column_ambiguous", f"More than one column is called {shown}; keep one.", names[0])
            )
        elif not any(plain_name(name) in self._optional for name in names):
            self._faults.append(
                ColumnFault(
                    "column_missing", f"The header has no column {shown}; add it, or name it in the profile.", names[0]
                )
            )
        return None


def other_columns(layout: dict[str, Any]) -> Iterable[str]:
    """Columns that a profile names outside its fields."""
    yield from layout["identity"]["columns"]
    yield from layout["item_columns"]
    yield from (rule["column"] for rule in layout["total_rows"])
    yield from (rule["column"] for rule in layout["assignment"]["rules"])


def used_columns(layout: dict[str, Any]) -> tuple[str, ...]:
    """Every column whose content makes up a line, each once, by the first of its names."""
    names = [alternatives(source)[0] for source in layout["fields"].values() if source and alternatives(source)]
    names += list(layout["item_columns"])
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(plain_name(name), name)
    return tuple(seen.values())

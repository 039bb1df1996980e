"""Finding a profile's columns in a file's header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from services.grants.expenditure.line import TEXT_FIELDS
from shared.texts import column_name, folded

MAX_COLUMNS = 2000

Named = str | Sequence[str]
"""A column as a profile names it: its header, or alternatives for a header that changes between files."""


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


@dataclass(frozen=True)
class Derived:
    """A field whose cell is made from others, and stands behind the last column of its record."""

    field: str
    place: int
    source: dict[str, Any]
    columns: tuple[int, ...]


def plain_name(name: str) -> str:
    """A header's name as it is shown in full: without case, outer spaces, repeated inner ones and signs nobody sees.

    Where no header has it, names are compared without dividers as well, so that `trans_no` finds `Trans No`.
    """
    return folded(name)


def names_of(column: Named) -> tuple[str, ...]:
    """The names that a column outside the fields may go by."""
    return (column,) if isinstance(column, str) else tuple(column)


def alternatives(source: dict[str, Any]) -> tuple[str, ...]:
    """The column names of a field's source; none for a constant or what is said once a file."""
    column = source.get("column")
    if column is None:
        return tuple(source.get("join") or source.get("first_of") or ())
    return (column,) if isinstance(column, str) else tuple(column)


def is_derived(field: str, source: dict[str, Any]) -> bool:
    """Whether a field's cell must be made first: from several columns, of a part, by a meaning, from elsewhere."""
    if any(source.get(way) for way in ("join", "first_of", "preamble", "parameter", "part")):
        return True
    if source.get("constant") is not None:
        return False
    return source.get("when_blank") is not None or (bool(source.get("values")) and field not in TEXT_FIELDS)


class Columns:
    """A header, and where in it the profile's columns stand."""

    def __init__(self, header: Sequence[str], layout: dict[str, Any]) -> None:
        self.header = tuple(header)
        self.width = len(self.header)
        self._places: dict[str, list[int]] = {}
        self._loose: dict[str, list[int]] = {}
        for place, name in enumerate(self.header):
            if plain := plain_name(name):
                self._places.setdefault(plain, []).append(place)
                self._loose.setdefault(column_name(name), []).append(place)
        self._faults: list[ColumnFault] = []
        # A column may be named in several places, and have its alternatives in one of them: each is all of them.
        self._groups: dict[str, tuple[str, ...]] = {}
        self._in_place_of: dict[str, tuple[str, ...]] = {}
        self._optional: set[str] = set()
        for source in filter(None, layout["fields"].values()):
            if source.get("column"):
                chosen = self._chosen(source)
                self._group(chosen)
                if source.get("choose") == "first":
                    self._in_place_of |= dict.fromkeys(map(column_name, alternatives(source)), chosen)
            if source.get("optional"):
                self._optional.update(map(column_name, alternatives(source)))
        for column in _columns_with_alternatives(layout):
            self._group(names_of(column))
        self.derived: list[Derived] = []
        self.of_field: dict[str, int | None] = {}
        self._columns_of: dict[str, tuple[int, ...]] = {}
        for field, source in layout["fields"].items():
            if source:
                self._find_field(field, source)
        self._other: dict[tuple[str, ...], int | None] = {}
        for column in dict.fromkeys(map(names_of, (*other_columns(layout), *used_columns(layout)))):
            self._other[column] = self._find(self._names(column))
        self.unnamed_from = max((places[-1] for places in self._places.values()), default=-1) + 1
        if self._faults:
            raise ColumnsMissing(list(dict.fromkeys(self._faults)))

    def place(self, column: Named) -> int | None:
        """Where a column that the profile names stands; None for an optional one not there."""
        return self._other[names_of(column)]

    def columns_of(self, field: str) -> tuple[int, ...]:
        """The file's own columns that a field is read from."""
        return self._columns_of.get(field, ())

    def used(self) -> set[int]:
        """The places of all columns that the profile names."""
        found = {place for places in self._columns_of.values() for place in places}
        return found | {place for place in self._other.values() if place is not None}

    def name_of(self, place: int) -> str:
        """The name of a column, or of those that a derived cell is made from."""
        if place < self.width:
            return self.header[place].strip()
        derived = next(derived for derived in self.derived if derived.place == place)
        names = " + ".join(self.header[column].strip() for column in derived.columns)
        return names or derived.field

    def _find_field(self, field: str, source: dict[str, Any]) -> None:
        names = alternatives(source)
        if source.get("column"):
            names = self._chosen(source)
            found = [self._find(names)]
        else:
            found = [self._find((name,)) for name in names]
        places = tuple(place for place in found if place is not None)
        self._columns_of[field] = places
        if is_derived(field, source):
            if names and not places:
                self.of_field[field] = None
            else:
                place = self.width + len(self.derived)
                self.derived.append(Derived(field, place, source, places))
                self.of_field[field] = place
        elif names:
            self.of_field[field] = found[0]

    def _at(self, name: str) -> list[int]:
        """The places of a header, by its full name, else without dividers; a star at the end begins a header."""
        plain = plain_name(name)
        found = self._places.get(plain) or self._loose.get(column_name(name))
        if found is None and plain.endswith("*"):
            begin = column_name(plain[:-1])
            return [place for known, places in self._loose.items() if known.startswith(begin) for place in places]
        return found or []

    def _chosen(self, source: dict[str, Any]) -> tuple[str, ...]:
        """A field's alternatives; the first of them that stands in the file where the profile says to choose it."""
        names = alternatives(source)
        if source.get("choose") == "first":
            return next(((name,) for name in names if self._at(name)), names)
        return names

    def _group(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._groups.setdefault(column_name(name), names)

    def _names(self, column: tuple[str, ...]) -> tuple[str, ...]:
        """All the names of a column: its own, and those that another mention of it gives."""
        if len(column) == 1 and (chosen := self._in_place_of.get(column_name(column[0]))) is not None:
            return chosen
        return tuple(dict.fromkeys(name for own in column for name in (own, *self._groups.get(column_name(own), ()))))

    def _find(self, names: tuple[str, ...]) -> int | None:
        found = list(dict.fromkeys(place for name in names for place in self._at(name)))
        shown = " or ".join(names)
        if len(found) == 1:
            return found[0]
        if found:
            self._faults.append(
                ColumnFault(
                    "column_ambiguous",
                    f"More than one column is called {shown}; keep one, or name them by header.named.",
                    names[0],
                )
            )
        elif not any(column_name(name) in self._optional for name in names):
            near = get_close_matches(plain_name(names[0]), list(self._places)[:MAX_COLUMNS], 3, 0.6)
            hint = f" Near it: {', '.join(self.header[self._places[name][0]].strip()[:64] for name in near)}."
            detail = f"The header has no column {shown}; add it, or name it in the profile." + (hint if near else "")
            self._faults.append(ColumnFault("column_missing", detail, names[0]))
        return None


def named_columns(header: Sequence[str], named: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The header with the names that a profile gives to columns of its own choice."""
    if not named:
        return tuple(header)
    names, faults = list(header), []
    plain = [plain_name(name) for name in header]
    for choice in named:
        if choice["position"] is not None:
            place = choice["position"] - 1
        else:
            wanted = plain_name(choice["column"])
            same = [place for place, name in enumerate(plain) if name == wanted]
            same = same or [p for p, name in enumerate(header) if column_name(name) == column_name(choice["column"])]
            place = same[choice["occurrence"] - 1] if choice["occurrence"] <= len(same) else len(names)
        if place < len(names):
            names[place] = choice["name"]
        elif not choice["optional"]:
            which = f"column {place + 1}" if choice["position"] else f"{choice['column']} no. {choice['occurrence']}"
            detail = f"The header has {len(names)} columns and no {which}, which the profile calls {choice['name']}."
            faults.append(ColumnFault("column_missing", detail, choice["name"]))
    if faults:
        raise ColumnsMissing(faults)
    return tuple(names)


def _columns_with_alternatives(layout: dict[str, Any]) -> Iterable[Named]:
    """Columns outside the fields that may go by several names."""
    yield from layout["identity"]["columns"]
    yield from layout["item_columns"]


def other_columns(layout: dict[str, Any]) -> Iterable[Named]:
    """Columns that a profile names outside its fields."""
    yield from _columns_with_alternatives(layout)
    for tests in ("total_rows", "other_rows", "only_rows", "end_rows"):
        yield from (test["column"] for test in layout.get(tests, ()) if test["column"] is not None)
    yield from layout.get("fill_down", ())
    yield from (test["column"] for test in layout.get("amounts", {}).get("negative_when", ()))
    for rule in layout["assignment"]["rules"]:
        yield rule["column"]
        yield from (test["column"] for test in rule.get("also", ()))


def used_columns(layout: dict[str, Any]) -> tuple[str, ...]:
    """Every column whose content makes up a line, each once, by the first of its names."""
    names: list[str] = []
    for source in layout["fields"].values():
        found = alternatives(source) if source else ()
        # Of alternatives one stands in a file; of columns that are joined all do.
        names += found[:1] if found and source.get("column") else found
    names += [names_of(column)[0] for column in layout["item_columns"]]
    found_first: dict[str, str] = {}
    for name in names:
        found_first.setdefault(plain_name(name), name)
    return tuple(found_first.values())

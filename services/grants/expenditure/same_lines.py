"""Which line of a file corrects which line of another: one for one, by what the lines themselves hold."""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple
from uuid import UUID

from services.grants.expenditure.columns import Named, names_of
from services.grants.expenditure.mending import MarkedRecord
from services.grants.expenditure.reader import FileReader, FileToRead
from shared.texts import column_name, seen

BY_MARK, BY_KEY, BY_CELLS = range(3)
"""How a line is known again, the surest first: its number in the file of errors, its key, its other cells."""
BEST = ("accepted", "duplicate", "held", "conflict", "rejected")
"""Of several lines that may correct one, the first in this order does."""
NOT_OF_THE_CELLS = frozenset({"agreement_unknown", "workstream_unknown", "batch_rejected", "content_differs"})
"""Reasons that name no column because none is at fault; any other without a column may have shifted them all."""
NUMBER = re.compile(r"([0-9]{1,9})(?:\.0+)?")

Names = dict[tuple[str, int], int]
"""Column (its name, and which of that name) → its place in every compared line, whatever the file's own order."""


class Marks(NamedTuple):
    """What came back behind a line of a file of errors."""

    record: int
    line: int | None
    codes: frozenset[str]


@dataclass
class Line:
    """A line as it is compared: a number for each cell, nought for a blank one."""

    record: int
    cells: array[int]
    key: str | None
    marks: Marks | None
    missing: Sequence[int] = ()
    """Places of cells that it came without."""


@dataclass
class Candidate:
    """A line that waits to be corrected."""

    batch_id: UUID
    record: int
    line: int | None
    outcome: str
    reasons: Sequence[Mapping[str, Any]]
    content: Line
    named: frozenset[int] = frozenset()
    """Places of the cells that its reasons name."""
    free: bool = False
    """Its cells may all have stood in wrong places."""
    taken: bool = False


@dataclass
class Bucket:
    """Candidates that are alike; each is taken once."""

    waiting: deque[Candidate] = field(default_factory=deque)

    def take(self) -> Candidate | None:
        while self.waiting:
            found = self.waiting.popleft()
            if not found.taken:
                found.taken = True
                return found
        return None


class Hit(NamedTuple):
    """A way in which a line may correct one of some candidates."""

    how: int
    at_fault: int
    """How many columns the candidates' reasons name; -1 where the line equals them in every cell."""
    record: int
    bucket: Bucket


def lines_of(file: FileToRead, names: Names, wanted: Collection[int] | None = None) -> Iterator[Line]:
    """The lines of a stored file, or those of these records. Blocking. Raises as reading it at first would."""
    reader = FileReader(file)
    places = _places(_known_header(reader.header, file.mends or ()), names)
    identity = file.layout["identity"]
    keyed = identity["kind"] == "keyed"
    key_places = [reader.columns.place(name) for name in identity["columns"]] if keyed else []
    known: dict[str, int] = {}
    for number, record in reader.records():
        if wanted is not None and number not in wanted:
            continue
        cells = array("q", bytes(8 * len(names)))
        for place, cell in zip(places, record.cells, strict=False):
            if cell:
                found = known.get(cell)
                if found is None:
                    if len(known) > 20_000:
                        known.clear()
                    text = seen(cell)
                    found = known[cell] = (hash(text) or 1) if text else 0
                cells[place] = found
        yield Line(
            number,
            cells,
            _key(record.cells, key_places),
            _marks(record.marks) if isinstance(record, MarkedRecord) else None,
            places[len(record.cells) :],
        )


class Finder:
    """Finds, for a line of a file that corrects, the candidates that it may stand for."""

    def __init__(self, candidates: Iterable[Candidate], names: Names, key_columns: Sequence[Named]) -> None:
        self._marked: dict[int, list[Candidate]] = {}
        self._keyed: dict[str, Bucket] = {}
        self._exact: dict[bytes, Bucket] = {}
        self._around: dict[frozenset[int], dict[bytes, Bucket]] = {}
        key_names = frozenset(
            place for column in key_columns for name in names_of(column) for place in _called(name, names)
        )
        self.candidates = list(candidates)
        for candidate in self.candidates:
            self._add(candidate, names, key_names)

    def hits(self, line: Line) -> Iterator[Hit]:
        """Every way in which this line may correct a candidate."""
        if line.marks is not None:
            for candidate in self._marked.get(line.marks.record, ()):
                if _is_meant(candidate, line):
                    yield Hit(BY_MARK, 0, line.record, Bucket(deque([candidate])))
        if line.key is not None and (bucket := self._keyed.get(line.key)):
            yield Hit(BY_KEY, 0, line.record, bucket)
        whole = _without(line.cells, frozenset())
        if whole and (bucket := self._exact.get(whole)):
            yield Hit(BY_CELLS, -1, line.record, bucket)
        for named, alike in self._around.items():
            rest = _without(line.cells, named)
            if rest and (bucket := alike.get(rest)):
                yield Hit(BY_CELLS, len(named), line.record, bucket)

    def _add(self, candidate: Candidate, names: Names, key_names: frozenset[int]) -> None:
        content = candidate.content
        named: set[int] = set()
        for reason in candidate.reasons:
            code, name = reason["code"], reason.get("column")
            if name:
                # A cell that is made from several columns names them all.
                for part in (name, *name.split(" + ")):
                    named.update(_called(part, names))
            elif code not in NOT_OF_THE_CELLS:
                candidate.free = True
        named.update(content.missing)
        conflicts = candidate.outcome == "conflict"
        # What conflicts may have been sent under a wrong key.
        candidate.named = frozenset(named) | (key_names if conflicts else frozenset())
        self._marked.setdefault(candidate.record, []).append(candidate)
        if content.key is not None:
            self._keyed.setdefault(content.key, Bucket()).waiting.append(candidate)
        whole = _without(content.cells, frozenset())
        if whole:
            self._exact.setdefault(whole, Bucket()).waiting.append(candidate)
        if candidate.named and not conflicts and (rest := _without(content.cells, candidate.named)):
            self._around.setdefault(candidate.named, {}).setdefault(rest, Bucket()).waiting.append(candidate)


def pair(hits: Iterable[Hit], outcomes: Mapping[int, str]) -> list[tuple[Candidate, int]]:
    """(candidate, record of the line that corrects it): each at most once, the surest ways first.

    A line that was in the ledger before it came corrects nothing by the likeness of some of its cells alone.
    """
    rank = {outcome: place for place, outcome in enumerate(BEST)}
    found: list[tuple[Candidate, int]] = []
    used: set[int] = set()

    def order(hit: Hit) -> tuple[int, int, int, int]:
        return hit.how, hit.at_fault, rank[outcomes.get(hit.record, "accepted")], hit.record

    for hit in sorted(hits, key=order):
        if hit.record in used:
            continue
        if hit.how == BY_CELLS and hit.at_fault >= 0 and outcomes.get(hit.record) == "duplicate":
            continue
        candidate = hit.bucket.take()
        if candidate is not None:
            used.add(hit.record)
            found.append((candidate, hit.record))
    return found


def _is_meant(candidate: Candidate, line: Line) -> bool:
    """Whether a line with a candidate's number is that candidate, and no line of another file of errors."""
    marks, own = line.marks, candidate.content
    assert marks is not None, "asked of a line with marks"
    if marks.line is not None and marks.line != candidate.line:
        return False
    if marks.codes and not {reason["code"] for reason in candidate.reasons} <= marks.codes:
        return False
    if candidate.free or (own.key is not None and own.key == line.key):
        return True
    pairs = list(zip_longest(own.cells, line.cells, fillvalue=0))
    others = [pair for place, pair in enumerate(pairs) if place not in candidate.named]
    same = sum(1 for one, other in others if one == other != 0)
    return same > 0 and sum(1 for one, other in others if one != other) <= 1


def _known_header(header: Sequence[str], mends: Sequence[str]) -> list[str]:
    """The header with the names of the file that is corrected, where a spreadsheet saved them in another code page."""
    if len(header) != len(mends):
        return list(header)
    here, there = set(map(column_name, header)), set(map(column_name, mends))
    return [
        known if column_name(name) not in there and column_name(known) not in here else name
        for name, known in zip(header, mends, strict=True)
    ]


def _places(header: Sequence[str], names: Names) -> list[int]:
    """Where the columns of a header stand in every compared line."""
    times: dict[str, int] = {}
    places = []
    for name in map(column_name, header):
        times[name] = times.get(name, 0) + 1
        places.append(names.setdefault((name, times[name]), len(names)))
    return places


def _called(name: str, names: Names) -> Iterator[int]:
    wanted = column_name(name)
    return (place for (plain, _), place in names.items() if plain == wanted)


def _without(cells: array[int], named: frozenset[int]) -> bytes:
    """The cells without those of these places, to be compared as a whole; empty where nothing is left."""
    if named:
        cells = cells[:]
        for place in named:
            if place < len(cells):
                cells[place] = 0
    return cells.tobytes().rstrip(b"\0")


def _key(cells: Sequence[str], places: Sequence[int | None]) -> str | None:
    """The cells that identify a line, where each is there."""
    texts = [seen(cells[place]) if place is not None and place < len(cells) else "" for place in places]
    return "\x1f".join(texts) if texts and all(texts) else None


def _marks(cells: Sequence[str]) -> Marks | None:
    if len(cells) < 3 or not (number := NUMBER.fullmatch(cells[2].strip())):
        return None
    line = NUMBER.fullmatch(cells[3].strip()) if len(cells) > 3 else None
    codes = frozenset(code for part in cells[1].split(" | ") if (code := seen(part).partition(":")[0].lstrip("'")))
    return Marks(int(number[1]), int(line[1]) if line else None, codes)

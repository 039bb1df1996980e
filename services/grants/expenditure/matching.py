"""Tests of cells that a profile states as data, made ready to run on every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.grants.expenditure.cells import folded, folded_ways, is_blank

CACHE_SIZE = 20_000
CellTest = Callable[[str], bool]
RecordTest = Callable[[Sequence[str]], bool]


def cell_test(rule: dict[str, Any]) -> CellTest:
    """Whether a cell passes, compared as it is seen, without case and outer spaces.

    Signs that nobody sees may be read as nothing or as a space: a cell passes if it does so in any of these ways.
    """
    if rule.get("blank") is not None:
        blank = rule["blank"]
        return lambda cell: is_blank(cell) == blank
    if rule.get("equals"):
        given = rule["equals"]
        texts = frozenset(way for text in ((given,) if isinstance(given, str) else given) for way in folded_ways(text))
        return _in_any_way(lambda plain: plain in texts)
    if rule.get("prefix"):
        prefixes = folded_ways(rule["prefix"])
        return _in_any_way(lambda plain: plain.startswith(prefixes))
    parts = folded_ways(rule["contains"])
    return _in_any_way(lambda plain: any(part in plain for part in parts))


def _in_any_way(test: CellTest) -> CellTest:
    """Most columns that are tested hold few different texts, so that what was found of one is kept."""
    known: dict[str, bool] = {}

    def look(cell: str) -> bool:
        found = known.get(cell)
        if found is None:
            if len(known) > CACHE_SIZE:
                known.clear()
            found = known[cell] = test(folded(cell)) if cell.isascii() else any(map(test, folded_ways(cell)))
        return found

    return look


def record_test(rule: dict[str, Any], place: int | None) -> RecordTest:
    """Whether a record passes: its cell in this place, or any cell where the rule names no column.

    A column that an optional field did not find passes nothing.
    """
    test = cell_test(rule)
    if rule.get("column") is None:
        return lambda cells: any(cell and test(cell) for cell in cells)
    if place is None:
        return lambda _: False
    return lambda cells: test(cells[place] if place < len(cells) else "")

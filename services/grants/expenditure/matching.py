"""Tests of cells that a profile states as data, made ready to run on every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from services.grants.expenditure.cells import folded

CellTest = Callable[[str], bool]
RecordTest = Callable[[Sequence[str]], bool]


def cell_test(rule: dict[str, Any]) -> CellTest:
    """Whether a cell passes, compared without case and outer spaces."""
    if rule.get("blank") is not None:
        blank = rule["blank"]
        return lambda cell: (not cell.strip()) == blank
    if rule.get("equals"):
        given = rule["equals"]
        texts = frozenset(map(folded, (given,) if isinstance(given, str) else given))
        return lambda cell: folded(cell) in texts
    if rule.get("prefix"):
        prefix = folded(rule["prefix"])
        return lambda cell: folded(cell).startswith(prefix)
    part = folded(rule["contains"])
    return lambda cell: part in folded(cell)


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

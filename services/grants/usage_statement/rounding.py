"""Whether figures in thousands add up as they are shown, and what is said where they do not (G-40)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.money import rounded_thousands

ROUNDING_NOTE = "figures may not sum because of rounding"
COLUMNS = ("budget_pence", "outturn_pence", "ledger_pence", "variance_pence")


def rounding_note(lines: Sequence[Mapping[str, Any]]) -> str | None:
    """The note, where a heading rounded from its own pence is not the sum of its lines as shown; none is adjusted."""
    by_parent: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["parent_code"] is not None:
            by_parent.setdefault(line["parent_code"], []).append(line)
    add_up = all(
        _sums(line[column], [child[column] for child in by_parent.get(line["code"], ())])
        for line in lines
        for column in COLUMNS
    )
    return None if add_up else ROUNDING_NOTE


def _sums(whole: int | None, parts: Sequence[int | None]) -> bool:
    """Nothing is said of a line without children, nor where a figure is not known, nor where pence do not add up.

    What does not add up in pence has another cause than rounding.
    """
    known = [part for part in parts if part is not None]
    if whole is None or not parts or len(known) < len(parts) or whole != sum(known):
        return True
    return rounded_thousands(whole) == sum(rounded_thousands(part) for part in known)

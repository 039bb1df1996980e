"""Lines of a budget and what they come to: explicit parents, sums computed in one place (G-7, G-8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["leaf", "pass_through", "unallocated", "heading", "total"]
CARRYING: tuple[Kind, ...] = ("leaf", "pass_through", "unallocated")


@dataclass(frozen=True)
class Line:
    """A line as typed: carrying kinds have an amount, headings and the total what is printed beside them, in pence."""

    code: str
    name: str
    kind: Kind
    parent_code: str | None = None
    amount_pence: int | None = None
    stated_pence: int | None = None


@dataclass(frozen=True)
class Sum:
    """What a heading or the total comes to, beside what is printed."""

    code: str
    computed_pence: int
    stated_pence: int | None = None
    children: tuple[str, ...] = ()

    @property
    def difference_pence(self) -> int:
        """Computed less stated; nothing where nothing is printed."""
        return 0 if self.stated_pence is None else self.computed_pence - self.stated_pence


def add_up(lines: Sequence[Line]) -> dict[str, Sum]:
    """Headings and total, by code, in the order given: the one place where totals are computed (G-8).

    The total comes to all carrying lines, whether or not they name it as their parent.
    """
    sums = roll_up(lines, amounts_of(lines))
    return {
        line.code: Sum(line.code, sums[line.code], line.stated_pence, children_of(lines, line.code))
        for line in lines
        if line.kind not in CARRYING
    }


def children_of(lines: Sequence[Line], code: str) -> tuple[str, ...]:
    return tuple(line.code for line in lines if line.parent_code == code)


def roll_up(lines: Sequence[Line], amounts: Mapping[str, int]) -> dict[str, int]:
    """Any amounts of carrying lines, summed to headings and total along explicit parents (G-7)."""
    parents = {line.code: line.parent_code for line in lines}
    sums = {line.code: 0 for line in lines}
    total = next((line.code for line in lines if line.kind == "total"), None)
    for line in lines:
        if line.kind not in CARRYING:
            continue
        amount = amounts.get(line.code, 0)
        sums[line.code] = amount
        above = line.parent_code
        while above is not None and above != total:
            sums[above] += amount
            above = parents[above]
        if total is not None:
            sums[total] += amount
    return sums


def amounts_of(lines: Sequence[Line]) -> dict[str, int]:
    return {line.code: line.amount_pence or 0 for line in lines}

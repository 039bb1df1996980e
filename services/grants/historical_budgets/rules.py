"""How a historical table adds up, and where a printed sum differs: pure functions that compute, find, or refuse."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shared.errors import ErrorItem, Invalid
from shared.money import MAX_PENCE, sterling
from shared.texts import folded

RowKind = Literal[
    "income",
    "total_income",
    "operational",
    "sub_row",
    "total_operational",
    "specific_grants",
    "overhead",
    "total_overheads",
    "total_expenditure",
    "balance",
]
Unit = Literal["gbpm", "gbpk", "gbp"]
Printed = Literal["blank", "dash", "figure"]

PENCE_OF: Mapping[Unit, int] = {"gbpm": 100_000_000, "gbpk": 100_000, "gbp": 100}
DASHES = ("-", "–", "—", "\u2212", "\u2010", "\u2011", "\u2012", "\u2015")
MINUSES = ("-", "\u2212", "\u2010", "\u2011")
"""The minus of a printed page is U+2212; the hyphens look the same. A longer dash before a figure may be another."""

LONGEST = 40
FIGURE = re.compile(r"£?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]{1,8})?")

SUMS: Mapping[RowKind, tuple[RowKind, ...]] = {
    "total_income": ("income",),
    "total_operational": ("operational",),
    "total_overheads": ("overhead",),
    "total_expenditure": ("operational", "specific_grants", "overhead"),
}
"""Which rows a total row comes to; the balance is income less expenditure."""
ONCE: tuple[RowKind, ...] = (*SUMS, "balance")


class UnreadableBudget(Invalid):
    code = "unreadable_table"
    title = "This is not a budget table that can be kept"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell. Blank, dash and zero are kept apart (G-11)."""

    printed: Printed
    text: str = ""
    pence: int = 0


BLANK = Cell("blank")


@dataclass(frozen=True)
class Row:
    """A printed row; `parent` names the row that a sub-row stands beneath. A column left out is blank."""

    line: str
    row_kind: RowKind
    cells: Mapping[str, Cell]
    parent: str | None = None

    def cell(self, column: str) -> Cell:
        return self.cells.get(column, BLANK)


@dataclass(frozen=True)
class Table:
    """Columns in their order; the total column, where there is one, sums the others."""

    columns: tuple[str, ...]
    total_column: str | None
    rows: tuple[Row, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column != self.total_column)


@dataclass(frozen=True)
class Finding:
    """One stated figure that differs from its computed one; nothing is corrected (G-11)."""

    position: int
    line: str
    column: str
    stated_pence: int
    computed_pence: int

    @property
    def difference_pence(self) -> int:
        """Computed less stated."""
        return self.computed_pence - self.stated_pence

    @property
    def detail(self) -> str:
        return (
            f"{self.line}, {self.column}: stated {sterling(self.stated_pence)}, computed "
            f"{sterling(self.computed_pence)}, difference {sterling(self.difference_pence)}."
        )


def read_cell(text: str, unit: Unit) -> Cell:
    """A cell as printed: blank, a dash, or a figure, brackets or a minus for negative. ValueError with the fix."""
    stripped = text.strip()
    if not stripped:
        return BLANK
    if stripped in DASHES:
        return Cell("dash", stripped)
    bracketed = stripped.startswith("(") and stripped.endswith(")")
    minus = stripped.startswith(MINUSES)
    digits = stripped[1:-1] if bracketed else stripped[1:] if minus else stripped
    if len(stripped) > LONGEST or not FIGURE.fullmatch(digits):
        raise ValueError("Write a figure such as 1,234.50, (0.15) or -0.15; a dash or nothing where nothing stands.")
    amount = Decimal(digits.removeprefix("£").replace(",", "")) * PENCE_OF[unit]
    if amount != amount.to_integral_value():
        raise ValueError(f"Give it to the penny; in {unit} it has fewer decimals.")
    if amount > MAX_PENCE:
        raise ValueError("It is larger than any amount that can be kept.")
    negative = bracketed or minus
    return Cell("figure", stripped, -int(amount) if negative else int(amount))


def compute(table: Table) -> dict[tuple[int, str], int]:
    """What each sum comes to, by row and column: only from cells that carry money, never from printed sums (G-8, G-11).

    A row's parts carry. Where sub-rows fill a column they carry in place of their parent; a row with only a total
    carries that. A sum with nothing to add is not computed.
    """
    carried = {(place, column): value for place, column, value in _carried(table)}
    computed: dict[tuple[int, str], int] = {}
    for place, row in enumerate(table.rows):
        for column in table.columns:
            value = _sum_of(table, carried, place, row, column)
            if value is not None:
                computed[place, column] = value
    return computed


def find(table: Table) -> list[Finding]:
    """One finding for each stated figure that differs from its computed one, and none besides (G-11)."""
    return [
        Finding(place, table.rows[place].line, column, table.rows[place].cell(column).pence, value)
        for (place, column), value in compute(table).items()
        if table.rows[place].cell(column).printed != "blank" and table.rows[place].cell(column).pence != value
    ]


def structure_errors(table: Table) -> list[tuple[int, str, ErrorItem]]:
    """What makes a table impossible to add up: (row, field, error). Figures that disagree are no error (G-11)."""
    errors: list[tuple[int, str, ErrorItem]] = []
    seen: set[str] = set()
    parents = [folded(row.line) for row in table.rows if row.row_kind not in ("sub_row", *ONCE)]
    for place, row in enumerate(table.rows):
        if row.row_kind in ONCE:
            if row.row_kind in seen:
                errors.append(
                    (place, "row_kind", _error("repeated_total", f"A table has one {row.row_kind}; see above."))
                )
            seen.add(row.row_kind)
        if row.row_kind == "sub_row" and row.parent is None:
            errors.append((place, "parent", _error("parent_missing", "Name the line that the sub-row stands beneath.")))
        elif row.row_kind == "sub_row" and folded(row.parent or "") not in parents:
            errors.append((place, "parent", _error("unknown_parent", "Name the line of a row of this table.")))
        elif row.row_kind == "sub_row" and parents.count(folded(row.parent or "")) > 1:
            fix = "Several rows have this line; a parent's line stands once."
            errors.append((place, "parent", _error("ambiguous_parent", fix)))
        elif row.row_kind != "sub_row" and row.parent is not None:
            errors.append((place, "parent", _error("not_a_sub_row", "Only a sub_row has a parent; leave it out.")))
    return errors


def _carried(table: Table) -> list[tuple[int, str, int]]:
    """Cells that carry money: (row, column, pence). The total column carries where a row has nothing else."""
    found = []
    for place, row in enumerate(table.rows):
        if row.row_kind in ONCE or row.row_kind == "sub_row":
            continue
        whole = [row, *(child for child in _children(table, row))]
        parts = []
        for column in table.parts:
            below = [child.cell(column).pence for child in whole[1:] if child.cell(column).printed != "blank"]
            if below:
                parts.append((place, column, sum(below)))
            elif row.cell(column).printed != "blank":
                parts.append((place, column, row.cell(column).pence))
        if table.total_column is not None:
            totals = [each.cell(table.total_column) for each in whole]
            below = [cell.pence for cell in totals[1:] if cell.printed != "blank"]
            if parts:
                parts.append((place, table.total_column, sum(pence for _, _, pence in parts)))
            elif below:
                parts.append((place, table.total_column, sum(below)))
            elif totals[0].printed != "blank":
                parts.append((place, table.total_column, totals[0].pence))
        found += parts
    return found


def _sum_of(table: Table, carried: Mapping[tuple[int, str], int], place: int, row: Row, column: str) -> int | None:
    """What a cell comes to, where it is a sum at all."""
    if row.row_kind == "balance":
        income = _of_kinds(table, carried, column, SUMS["total_income"])
        expenditure = _of_kinds(table, carried, column, SUMS["total_expenditure"])
        return None if income is None or expenditure is None else income - expenditure
    if row.row_kind in SUMS:
        return _of_kinds(table, carried, column, SUMS[row.row_kind])
    if column == table.total_column:
        parts = [row.cell(part) for part in table.parts]
        if row.row_kind == "sub_row":
            filled = [cell.pence for cell in parts if cell.printed != "blank"]
            return sum(filled) if filled else None
        is_sum = any((place, part) in carried for part in table.parts)
        is_sum = is_sum or any(child.cell(column).printed != "blank" for child in _children(table, row))
        return carried.get((place, column)) if is_sum else None
    is_sum = any(child.cell(column).printed != "blank" for child in _children(table, row))
    return carried.get((place, column)) if is_sum else None


def _of_kinds(
    table: Table, carried: Mapping[tuple[int, str], int], column: str, kinds: Sequence[RowKind]
) -> int | None:
    amounts = [
        carried[place, column]
        for place, row in enumerate(table.rows)
        if row.row_kind in kinds and (place, column) in carried
    ]
    return sum(amounts) if amounts else None


def _children(table: Table, row: Row) -> list[Row]:
    if row.row_kind == "sub_row":
        return []
    line = folded(row.line)
    return [child for child in table.rows if child.row_kind == "sub_row" and folded(child.parent or "") == line]


def _error(code: str, detail: str) -> ErrorItem:
    return ErrorItem(code=code, detail=detail)

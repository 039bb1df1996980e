"""Read-only selects on historical budgets."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.historical_budgets.rules import Cell, Printed, Row, RowKind, Table
from services.grants.historical_budgets.tables import HistoricalBudget, HistoricalCell, HistoricalRow
from shared.errors import NotFound


async def historical_budget(session: AsyncSession, year_label: str, table_name: str) -> HistoricalBudget | None:
    statement = select(HistoricalBudget).where(
        HistoricalBudget.year == year_label, HistoricalBudget.table_name == table_name
    )
    return (await session.exec(statement)).one_or_none()


async def load_historical_budget(session: AsyncSession, year_label: str, table_name: str) -> HistoricalBudget:
    found = await historical_budget(session, year_label, table_name)
    if found is None:
        raise NotFound(f"No budget table of this name is kept for {year_label}.")
    return found


async def table_of(session: AsyncSession, budget: HistoricalBudget) -> Table:
    """The table as it was printed."""
    cells: dict[int, dict[str, Cell]] = {}
    for cell in await _cells(session, budget.id):
        cells.setdefault(cell.position, {})[cell.column_name] = Cell(cast(Printed, cell.printed), cell.text, cell.pence)
    statement = select(HistoricalRow).where(HistoricalRow.budget_id == budget.id).order_by(col(HistoricalRow.position))
    rows = tuple(
        Row(row.line, cast(RowKind, row.row_kind), cells.get(row.position, {}), row.parent)
        for row in (await session.exec(statement)).all()
    )
    return Table(tuple(budget.columns), budget.total_column, rows)


async def _cells(session: AsyncSession, budget_id: UUID) -> list[HistoricalCell]:
    return list((await session.exec(select(HistoricalCell).where(HistoricalCell.budget_id == budget_id))).all())

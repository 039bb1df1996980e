"""Taking in a historical budget table as printed: load, decide, store."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import col

from services.grants.historical_budgets.queries import historical_budget
from services.grants.historical_budgets.rules import Table, Unit, find
from services.grants.historical_budgets.tables import HistoricalBudget, HistoricalCell, HistoricalRow
from shared.periods import FinancialYear
from shared.work import Work


@dataclass(frozen=True)
class Printing:
    """What a table is called, where it stands, and in which unit it is printed."""

    title: str | None
    source: str | None
    unit: Unit


async def import_historical_budget(
    work: Work, year: FinancialYear, table_name: str, printing: Printing, table: Table
) -> tuple[HistoricalBudget, bool]:
    """Keep a printed table, or replace a mistyped one, which needs If-Match (G-11). Whether it is new comes with it."""
    work.may_write_for_all()
    await work.lock("historical_budget", year.label, table_name)
    standing = await historical_budget(work.session, year.label, table_name)
    address = f"{work.base_url}/v1/historical-budgets/{year.slug}/{table_name}"
    if standing is None:
        budget = HistoricalBudget(
            id=work.new_id(),
            year=year.label,
            table_name=table_name,
            unit=printing.unit,
            columns=list(table.columns),
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
        work.session.add(budget)
    else:
        work.if_match(standing.version, address)
        budget = standing
        for part in (HistoricalCell, HistoricalRow):
            await work.session.exec(delete(part).where(col(part.budget_id) == budget.id))
        budget.version += 1
        budget.modified_at = work.now
    budget.title, budget.source, budget.unit = printing.title, printing.source, printing.unit
    budget.columns, budget.total_column = list(table.columns), table.total_column
    await work.session.flush()
    await _store(work, budget, table)
    work.audit(
        "import_historical_budget",
        budget.id,
        after={"year": year.label, "table": table_name, "rows": len(table.rows), "findings": len(find(table))},
    )
    return budget, standing is None


async def _store(work: Work, budget: HistoricalBudget, table: Table) -> None:
    for position, row in enumerate(table.rows):
        work.session.add(
            HistoricalRow(
                budget_id=budget.id, position=position, line=row.line, row_kind=row.row_kind, parent=row.parent
            )
        )
    await work.session.flush()
    work.session.add_all(
        HistoricalCell(
            budget_id=budget.id,
            position=position,
            column_name=column,
            printed=cell.printed,
            text=cell.text,
            pence=cell.pence,
        )
        for position, row in enumerate(table.rows)
        for column, cell in row.cells.items()
        if cell.printed != "blank"
    )
    await work.session.flush()

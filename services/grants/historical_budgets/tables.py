"""Tables of historical budgets: rows and cells as printed."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import json_field, pence


class HistoricalBudget(Kept, table=True):
    """One printed table of a year's budget; kept as it is, errors included (G-11)."""

    __tablename__ = "historical_budgets"
    __table_args__ = (
        UniqueConstraint("year", "table_name", name="uq_historical_budgets_table"),
        CheckConstraint("unit IN ('gbpm', 'gbpk', 'gbp')", name="unit"),
    )

    id: UUID = Field(primary_key=True)
    year: str = Field(max_length=7)
    table_name: str = Field(max_length=80, description="Name in addresses, such as `group`.")
    title: str | None = Field(default=None, max_length=200)
    source: str | None = Field(default=None, max_length=200)
    unit: str = Field(max_length=4, description="What a printed 1 stands for: gbpm, gbpk or gbp.")
    columns: list[str] = json_field()
    total_column: str | None = Field(default=None, max_length=40)


class HistoricalRow(Grants, table=True):
    """A printed row: what kind it is, and beneath which row it stands where it is a sub-row."""

    __tablename__ = "historical_budget_rows"
    __table_args__ = (
        CheckConstraint("(row_kind = 'sub_row') = (parent IS NOT NULL)", name="only_sub_rows_have_parents"),
    )

    budget_id: UUID = Field(foreign_key="historical_budgets.id", primary_key=True)
    position: int = Field(primary_key=True)
    line: str = Field(max_length=200)
    row_kind: str = Field(max_length=20)
    parent: str | None = Field(default=None, max_length=200)


class HistoricalCell(Grants, table=True):
    """A cell that holds something; a blank cell has no row, a dash is none and not zero (G-11)."""

    __tablename__ = "historical_budget_cells"
    __table_args__ = (
        ForeignKeyConstraint(
            ["budget_id", "position"],
            ["historical_budget_rows.budget_id", "historical_budget_rows.position"],
            name="fk_historical_budget_cells_row",
        ),
        CheckConstraint("printed IN ('dash', 'figure')", name="printed"),
        CheckConstraint("printed = 'figure' OR pence = 0", name="dash_is_nothing"),
    )

    budget_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    column_name: str = Field(primary_key=True, max_length=40)
    printed: str = Field(max_length=10)
    text: str = Field(max_length=40, description="As it was sent.")
    pence: int = pence()

"""Tables of forecasts and their lines."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants
from shared.database import instant, pence


class Forecast(Grants, table=True):
    """What a quarter was expected to cost, as made once; a later forecast stands beside it (G-32)."""

    __tablename__ = "forecasts"
    __table_args__ = (
        UniqueConstraint("agreement_id", "quarter", "number", name="uq_forecasts_number"),
        CheckConstraint("happened_at <= recorded_at", name="not_in_future"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    quarter: str = Field(max_length=10, description="2017-18-q3")
    number: int
    note: str | None = Field(default=None, max_length=2000)
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    created_by: str


class ForecastLine(Grants, table=True):
    """What one carrying line was expected to cost in the quarter."""

    __tablename__ = "forecast_lines"

    forecast_id: UUID = Field(foreign_key="forecasts.id", primary_key=True)
    code: str = Field(primary_key=True, max_length=20)
    name: str = Field(max_length=200)
    position: int
    amount_pence: int = pence()

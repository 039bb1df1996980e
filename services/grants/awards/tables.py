"""The table of pass-through awards."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.grants.base import Kept
from shared.database import pence


class PassThroughAward(Kept, table=True):
    """Grant handed on to a body within one pass-through line (G-22, G-23)."""

    __tablename__ = "pass_through_awards"
    __table_args__ = (
        CheckConstraint("amount_pence > 0", name="amount_positive"),
        CheckConstraint("state IN ('offered')", name="state"),
        CheckConstraint("planned_from <= planned_to", name="planned_ordered"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id", index=True)
    line_id: UUID = Field(description="The pass-through line, the same across budget versions.")
    line_code: str = Field(max_length=20)
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    amount_pence: int = pence()
    awarded_on: date
    planned_from: date | None = None
    planned_to: date | None = None
    title: str = Field(max_length=200)
    description: str = Field(max_length=2000)
    state: str = Field(max_length=20)

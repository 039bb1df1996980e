"""Tables of what was reported: observations, and each file taken in with the outcome of its rows."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from services.deliverables.base import Deliverables
from services.deliverables.programme.tables import NUMBER
from shared.database import instant, json_field


class ResultsImport(Deliverables, table=True):
    """One file of results, kept byte for byte, with what became of every row."""

    __tablename__ = "results_imports"

    id: UUID = Field(primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id", index=True)
    sha256: str = Field(max_length=64, description="Of the file as it was sent.")
    received: int
    created_at: datetime = instant()
    created_by: str = Field(max_length=200)
    outcomes: list[dict[str, Any]] = json_field()


class Observation(Deliverables, table=True):
    """One reported value, or a note without a number, for a target part and a quarter (D-14 to D-20).

    Nothing is updated in place but `state`: a revision is a new row that names the one it revises and why.
    """

    __tablename__ = "observations"
    __table_args__ = (
        Index(
            "uq_observations_accepted",
            "target_part_id",
            "period",
            "instance",
            "kind",
            "statement",
            unique=True,
            postgresql_where=text("state = 'accepted'"),
        ),
        CheckConstraint("state IN ('accepted', 'revised')", name="state"),
        CheckConstraint("bound IN ('exact', 'gt', 'ge', 'lt', 'approx')", name="bound"),
        CheckConstraint("kind IN ('delivered', 'confirmed', 'pipeline')", name="kind"),
        CheckConstraint("statement IN ('in_period', 'stated_total')", name="statement"),
        CheckConstraint("assessment IN ('done', 'partly', 'not_done', 'not_yet_due')", name="assessment"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        CheckConstraint("revision_of IS NULL OR reason IS NOT NULL", name="revision_has_reason"),
    )

    id: UUID = Field(primary_key=True)
    target_part_id: UUID = Field(foreign_key="target_parts.id")
    import_id: UUID | None = Field(default=None, foreign_key="results_imports.id")
    period: str = Field(max_length=10, description="Quarter, 2017-18-q4")
    as_at: date
    instance: str = Field(default="", max_length=200, description="Which one, where a target applies to each.")
    kind: str = Field(max_length=20)
    statement: str = Field(max_length=20)
    value: Decimal | None = Field(default=None, sa_type=NUMBER)
    bound: str = Field(max_length=10)
    unit: str | None = Field(default=None, max_length=40)
    converted_value: Decimal | None = Field(
        default=None, sa_type=NUMBER, description="In the target's unit, by a stated conversion (D-9)."
    )
    conversion_note: str | None = Field(default=None, max_length=1000)
    assessment: str | None = Field(default=None, max_length=20)
    evidence_empty: bool = Field(default=False, description="The source gives no evidence (D-32).")
    occurred_on: date | None = None
    note: str | None = Field(default=None, max_length=4000)
    source: str | None = Field(default=None, max_length=400)
    revision_of: UUID | None = Field(default=None, foreign_key="observations.id")
    reason: str | None = Field(default=None, max_length=1000)
    state: str = Field(max_length=20)
    created_at: datetime = instant()
    created_by: str = Field(max_length=200)

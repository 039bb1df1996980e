"""Tables of colours: the scheme of a year, and every rating that was ever given."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from services.deliverables.base import Deliverables
from shared.database import instant, json_field


class RatingScheme(Deliverables, table=True):
    """What a colour of one agreement year means (D-26)."""

    __tablename__ = "rating_schemes"
    __table_args__ = (
        UniqueConstraint("programme_id", "version", name="uq_rating_schemes_version"),
        CheckConstraint("red_below BETWEEN 0 AND 100", name="red_below_is_a_percentage"),
    )

    id: UUID = Field(primary_key=True)
    programme_id: UUID = Field(foreign_key="programmes.id")
    version: int
    name: str = Field(max_length=80)
    question: str = Field(max_length=400)
    colours: list[str] = json_field()
    red_below: Decimal = Field(sa_type=Numeric(5, 2), description="Percentage under which short is red (D-27).")


class Rating(Deliverables, table=True):
    """One claim about one deliverable and quarter, beside what the numbers said when it was made (D-28).

    `missing` says that the source holds no rating and why. `awaiting_approval` does not count yet. At most one row
    stands for a deliverable and quarter, and at most one waits.
    """

    __tablename__ = "ratings"
    __table_args__ = (
        Index(
            "uq_ratings_standing",
            "deliverable_id",
            "period",
            unique=True,
            postgresql_where=text("state IN ('missing', 'asserted', 'approved')"),
        ),
        Index(
            "uq_ratings_awaiting_approval",
            "deliverable_id",
            "period",
            unique=True,
            postgresql_where=text("state = 'awaiting_approval'"),
        ),
        CheckConstraint(
            "state IN ('missing', 'asserted', 'awaiting_approval', 'approved', 'superseded')", name="state"
        ),
        CheckConstraint("origin IN ('person', 'as_printed')", name="origin"),
        CheckConstraint("asserted IS NOT NULL OR missing_reason IS NOT NULL", name="missing_says_why"),
        CheckConstraint("NOT overridden OR (reason IS NOT NULL AND approver IS NOT NULL)", name="override_explained"),
        CheckConstraint("approver IS NULL OR approver <> author", name="four_eyes"),
    )

    id: UUID = Field(primary_key=True)
    deliverable_id: UUID = Field(foreign_key="deliverables.id")
    scheme_id: UUID = Field(foreign_key="rating_schemes.id")
    period: str = Field(max_length=10)
    asserted: str | None = Field(default=None, max_length=20)
    derived: str | None = Field(default=None, max_length=20)
    derived_complete: bool = False
    missing_reason: str | None = Field(default=None, max_length=80)
    origin: str = Field(max_length=20)
    source: str | None = Field(default=None, max_length=400)
    reason: str | None = Field(default=None, max_length=1000)
    overridden: bool = False
    state: str = Field(max_length=20)
    author: str = Field(max_length=200)
    approver: str | None = Field(default=None, max_length=200)
    created_at: datetime = instant()
    approved_at: datetime | None = instant(nullable=True)

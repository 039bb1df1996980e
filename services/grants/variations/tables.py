"""Tables of variations, what they move, the decisions taken on them, and the thresholds of significance."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import instant, json_field, pence


class Variation(Kept, table=True):
    """A change of the agreement as proposed; nothing of it holds before it is agreed (G-16)."""

    __tablename__ = "variations"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_variations_number"),
        CheckConstraint("kind IN ('allocation', 'target', 'scope', 'deadline', 'drop')", name="kind"),
        CheckConstraint("procedure IN ('department', 'internal')", name="procedure"),
        CheckConstraint("state IN ('draft', 'board', 'submitted', 'agreed', 'refused', 'withdrawn')", name="state"),
        # The department's word stands with its reference, name and day; a second person's with theirs.
        CheckConstraint(
            "state NOT IN ('agreed', 'refused') OR (decided_by IS NOT NULL AND decided_on IS NOT NULL"
            " AND (procedure = 'internal' OR reference IS NOT NULL))",
            name="decided_by_whom",
        ),
        CheckConstraint("state IN ('agreed', 'refused', 'withdrawn') OR decided_on IS NULL", name="undecided"),
        # Only what stays inside a heading, and is not significant, is ours to decide (G-14).
        CheckConstraint("procedure = 'department' OR (is_virement AND NOT significant)", name="internal"),
        Index("ix_variations_agreement_id", "agreement_id", "created_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    kind: str = Field(max_length=20)
    is_virement: bool = Field(default=False, description="Moves budget between lines and leaves the grant as it is.")
    procedure: str = Field(max_length=20, description="department, or internal: on a second person's approval.")
    state: str = Field(default="draft", max_length=20)
    why_department: list[str] = json_field(default=list)
    reason: str = Field(max_length=2000)
    proposed_on: date
    evidence: str | None = Field(default=None, max_length=2000)
    effective_from: date
    significant: bool
    significance_basis: str = Field(max_length=20, description="threshold, or judgement: a named person's.")
    significance_reason: str = Field(max_length=2000)
    significance_by: str = Field(max_length=200)
    grant_pence: int | None = pence(nullable=True)
    in_force_to: date | None = None
    review_by: date | None = None
    changes: list[dict[str, Any]] = json_field(default=list)
    lines: list[dict[str, Any]] | None = json_field(nullable=True)
    """A whole new budget, in place of what is moved."""
    budget_before: int | None = Field(
        default=None, description="Number of the version it was proposed on; once agreed, that it changed."
    )
    budget_after: int | None = Field(default=None, description="Number of the version that it made.")
    decided_by: str | None = Field(default=None, max_length=200)
    decided_on: date | None = None
    reference: str | None = Field(default=None, max_length=400)


class VirementLine(Grants, table=True):
    """What a variation adds to a budget line, or takes from it (G-13)."""

    __tablename__ = "virement_lines"
    __table_args__ = (CheckConstraint("delta_pence <> 0", name="moves_something"),)

    variation_id: UUID = Field(foreign_key="variations.id", primary_key=True)
    code: str = Field(primary_key=True, max_length=20)
    line_id: UUID = Field(description="The line, the same across budget versions.")
    position: int
    delta_pence: int = pence()


class VariationDecision(Grants, table=True):
    """One step of a variation, as a person recorded it; never changed."""

    __tablename__ = "variation_decisions"
    __table_args__ = (
        UniqueConstraint("variation_id", "number", name="uq_variation_decisions_number"),
        CheckConstraint(
            "decision IN ('noted_by_board', 'submit', 'agree', 'refuse', 'withdraw', 'approve')", name="decision"
        ),
    )

    id: UUID = Field(primary_key=True)
    variation_id: UUID = Field(foreign_key="variations.id")
    number: int
    decision: str = Field(max_length=20)
    by_name: str | None = Field(default=None, max_length=200, description="Who decided, as named by who recorded it.")
    decided_on: date
    reference: str | None = Field(default=None, max_length=400)
    reason: str | None = Field(default=None, max_length=2000)
    recorded_at: datetime = instant()
    recorded_by: str


class SignificanceThresholds(Grants, table=True):
    """From where on a change of budget is significant (G-15); a later setting stands beside the earlier ones."""

    __tablename__ = "significance_thresholds"
    __table_args__ = (
        CheckConstraint("share_millipercent BETWEEN 0 AND 100000", name="share"),
        CheckConstraint("absolute_pence >= 0", name="absolute_not_negative"),
    )

    agreement_id: UUID = Field(foreign_key="agreements.id", primary_key=True)
    number: int = Field(primary_key=True)
    share_millipercent: int | None = Field(
        default=None, description="Share of the source line, in thousandths of a per cent."
    )
    absolute_pence: int | None = pence(nullable=True)
    reason: str = Field(max_length=2000)
    set_at: datetime = instant()
    set_by: str

"""This service's copies of what grants told it; READ_MODELS names them, and a replay rebuilds exactly these."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from services.deliverables.base import Deliverables
from services.deliverables.programme import tables as programme
from services.deliverables.ratings import tables as ratings
from services.deliverables.reports import tables as reports
from services.deliverables.results import tables as results
from shared.database import instant, json_field, pence


class Organisation(Deliverables, table=True):
    """Who runs a programme: the name and slug that reports show."""

    __tablename__ = "organisations"

    id: UUID = Field(primary_key=True)
    version: int
    slug: str = Field(max_length=80, index=True)
    name: str = Field(max_length=400)


class BudgetLine(Deliverables, table=True):
    """A line of the indicative budget that carries money, in the latest version that was told."""

    __tablename__ = "budget_lines"

    agreement_id: UUID = Field(primary_key=True)
    code: str = Field(primary_key=True, max_length=80)
    version: int
    position: int
    name: str = Field(max_length=400)
    parent_code: str | None = Field(default=None, max_length=80)
    kind: str = Field(max_length=20)
    amount_pence: int = pence()


class BudgetVersion(Deliverables, table=True):
    """The amounts of one version of the budget and the day it takes effect: a report shows those of its quarter."""

    __tablename__ = "budget_versions"

    agreement_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    effective_from: date
    amounts: dict[str, int] = json_field()
    """Code of the line → amount in pence."""


class SpendStatement(Deliverables, table=True):
    """Spend of a quarter as grants stated it, every carrying line with its zeros (D-41), in the owner's order."""

    __tablename__ = "spend_statements"

    agreement_id: UUID = Field(primary_key=True)
    quarter: str = Field(primary_key=True, max_length=10)
    version: int
    gross_used: bool
    happened_at: datetime = instant()
    lines: list[dict[str, Any]] = json_field()


class Outturn(Deliverables, table=True):
    """The latest outturn of an agreement; a later one supersedes it."""

    __tablename__ = "outturns"

    agreement_id: UUID = Field(primary_key=True)
    outturn_id: UUID
    version: int
    state: str = Field(max_length=20)
    as_at: date
    grant_pence: int = pence()
    spend_pence: int = pence()
    underspend_pence: int = pence()
    own_funds_pence: int = pence()
    happened_at: datetime = instant()
    lines: list[dict[str, Any]] = json_field()


class AgreedVariation(Deliverables, table=True):
    """A variation of the agreement that both parties agreed; targets may change by it (D-11)."""

    __tablename__ = "agreed_variations"

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(index=True)
    kind: str = Field(max_length=20)
    effective_from: date
    reference: str = Field(max_length=400)
    changes: list[dict[str, Any]] | None = json_field(nullable=True)
    """{what, deliverable, before, after}; null where it was told without."""


READ_MODELS = (Organisation, BudgetLine, BudgetVersion, SpendStatement, Outturn, AgreedVariation)

OWN_TABLES = (
    programme.Programme,
    programme.Theme,
    programme.Deliverable,
    programme.TargetPart,
    results.ResultsImport,
    results.Observation,
    ratings.RatingScheme,
    ratings.Rating,
    reports.Report,
    reports.Submission,
    reports.Publication,
    reports.Reopening,
)
"""What people entered here; a replay never touches it."""

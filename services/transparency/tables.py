"""Tables of what other services told us about parties, money and years; and READ_MODELS, what a replay may rebuild."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from services.transparency.contracts import tables as _contracts  # noqa: F401 - the metadata must know every table
from services.transparency.editions import tables as _editions  # noqa: F401 - the metadata must know every table
from services.transparency.obligations import tables as _obligations  # noqa: F401
from services.transparency.pay import tables as _pay  # noqa: F401
from services.transparency.payments.authority import tables as _authority  # noqa: F401
from services.transparency.payments.invoices import tables as _invoices  # noqa: F401
from services.transparency.payments.performance import tables as _performance  # noqa: F401
from services.transparency.people import tables as _people  # noqa: F401
from services.transparency.redactions import tables as _redactions  # noqa: F401
from services.transparency.requests import tables as _requests  # noqa: F401
from services.transparency.search import tables as _search  # noqa: F401
from services.transparency.spending.tables import LedgerBatch, LedgerMonth, SpendLine, SpreadLine
from shared.database import instant, json_field, pence


class Organisation(Transparency, table=True):
    """An organisation as grants registered it; a publisher where `is_publisher`, or where an award makes it one."""

    __tablename__ = "organisations"

    organisation_id: UUID = Field(primary_key=True)
    version: int
    slug: str = Field(unique=True)
    name: str
    name_since: date | None = None
    identifiers: list[dict[str, Any]] = json_field()
    is_publisher: bool
    methodology_scope: str
    registered_at: datetime = instant()


class Methodology(Transparency, table=True):
    """A version of a publisher's choices; every edition cites one. Published before first use, never edited."""

    __tablename__ = "methodologies"
    __table_args__ = (UniqueConstraint("organisation_id", "number"),)

    methodology_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    number: int
    effective_from: date | None = Field(default=None, description="First day of the first period; null is always.")
    parameters: dict[str, Any] = json_field()
    why_changed: str | None = None
    published_at: datetime = instant()


class Agreement(Transparency, table=True):
    """A signed agreement for one year, with its parties."""

    __tablename__ = "agreements"

    agreement_id: UUID = Field(primary_key=True)
    version: int
    year: str
    recipient_id: UUID = Field(index=True)
    lead_parent_id: UUID | None = None
    parties: list[dict[str, Any]] = json_field()
    grant_pence: int = pence()
    in_force_from: date
    in_force_to: date
    signed_on: list[str] = json_field()
    signed_at: datetime = instant()


class AgreementVariation(Transparency, table=True):
    """A change of an agreement that both parties agreed, from the day it takes effect."""

    __tablename__ = "agreement_variations"

    variation_id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(index=True)
    version: int
    kind: str
    effective_from: date
    reference: str
    grant_pence: int | None = pence(nullable=True)
    changes: list[dict[str, Any]] | None = json_field(nullable=True)


class BudgetVersion(Transparency, table=True):
    """A version of an agreement's budget: the carrying lines with their names and headings."""

    __tablename__ = "budget_versions"

    agreement_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    year: str
    effective_from: date
    lines: list[dict[str, Any]] = json_field()


class PassThroughAward(Transparency, table=True):
    """Grant handed on to another body, which then carries duties of its own (T-48)."""

    __tablename__ = "pass_through_awards"

    award_id: UUID = Field(primary_key=True)
    version: int
    agreement_id: UUID
    year: str
    organisation_id: UUID = Field(index=True)
    line_code: str
    amount_pence: int = pence()
    awarded_on: date


class OutturnFigure(Transparency, table=True):
    """An outturn as grants recorded it. A later one stands beside it; none is ever changed."""

    __tablename__ = "outturn_figures"
    __table_args__ = (UniqueConstraint("agreement_id", "version"),)

    outturn_id: UUID = Field(primary_key=True)
    agreement_id: UUID
    version: int
    year: str
    state: str
    as_at: date
    grant_pence: int = pence()
    spend_pence: int = pence()
    underspend_pence: int = pence()
    own_funds_pence: int = pence()
    lines: list[dict[str, Any]] = json_field()
    supersedes: UUID | None = None
    happened_at: datetime = instant()
    recorded_at: datetime = instant()


class QuarterStatement(Transparency, table=True):
    """Spend of a quarter by workstream, as grants stated it; a later statement stands beside it (C.I)."""

    __tablename__ = "quarter_statements"

    agreement_id: UUID = Field(primary_key=True)
    quarter: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    year: str
    lines: list[dict[str, Any]] = json_field()
    gross_used: bool
    happened_at: datetime = instant()
    recorded_at: datetime = instant()


READ_MODELS = (
    SpendLine,
    SpreadLine,
    LedgerMonth,
    LedgerBatch,
    Organisation,
    Agreement,
    AgreementVariation,
    BudgetVersion,
    PassThroughAward,
    OutturnFigure,
    QuarterStatement,
)
"""Tables that hold nothing but other services' facts: no editions, decisions, documents or judgements."""

"""Tables of agreements, their signatures and outturns, and of what the deliverables service told about reports."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import instant, pence


class Agreement(Kept, table=True):
    """One memorandum of understanding for one financial year (G-4). The row that all of the year's changes lock."""

    __tablename__ = "agreements"
    __table_args__ = (
        UniqueConstraint("year", name="uq_agreements_year"),
        CheckConstraint("grant_pence > 0", name="grant_positive"),
        CheckConstraint("in_force_from <= in_force_to", name="in_force_ordered"),
        CheckConstraint("state IN ('draft', 'agreed', 'in_force', 'closing', 'closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_says_when"),
        CheckConstraint("funding_basis IN ('revenue_support_grant_top_slice', 'direct_grant')", name="funding_basis"),
    )

    id: UUID = Field(primary_key=True)
    year: str = Field(max_length=7, description="2017/18")
    funding_basis: str = Field(max_length=40)
    grant_pence: int = pence()
    territory: str = Field(max_length=40)
    in_force_from: date
    in_force_to: date
    review_by: date | None = None
    ggis_reference: str | None = Field(default=None, max_length=80)
    guidance_edition: str | None = Field(default=None, max_length=200)
    senior_responsible_name: str = Field(max_length=200)
    state: str = Field(
        max_length=20,
        description="draft until the second signature, agreed until its first day, in_force; then closing, closed.",
    )
    closing_since: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    closed_by: str | None = None


class Party(Grants, table=True):
    """Who an agreement is between; the name shown is the organisation's name on the document's date (G-5)."""

    __tablename__ = "agreement_parties"
    __table_args__ = (CheckConstraint("role IN ('funder', 'recipient', 'lead_parent')", name="role"),)

    agreement_id: UUID = Field(foreign_key="agreements.id", primary_key=True)
    role: str = Field(primary_key=True, max_length=20)
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)


class Signature(Kept, table=True):
    """One of two dated signatures; whose it is may stay empty until a person knows (G-4)."""

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_signatures_number"),
        UniqueConstraint("agreement_id", "party", name="uq_signatures_party"),
        CheckConstraint("number IN (1, 2)", name="two_signatures"),
        CheckConstraint("party IN ('funder', 'recipient')", name="party"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    party: str | None = Field(default=None, max_length=20)
    signed_on: date


class Outturn(Grants, table=True):
    """The spend of a year as it was known at one time; superseded by the next, never edited (G-34)."""

    __tablename__ = "outturns"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_outturns_number"),
        CheckConstraint("state IN ('forecast', 'provisional', 'final')", name="state"),
        CheckConstraint("spend_pence >= 0", name="spend_not_negative"),
        # The last guard of G-30: what exceeds the grant stands as own funds, to the penny.
        CheckConstraint("own_funds_pence = greatest(spend_pence - grant_pence, 0)", name="within_grant"),
        CheckConstraint("happened_at <= recorded_at", name="not_in_future"),
        # Final means audited (G-34).
        CheckConstraint("(state = 'final') = (audited_on IS NOT NULL)", name="final_is_audited"),
        CheckConstraint("(audited_on IS NULL) = (accounts_reference IS NULL)", name="audit_of_accounts"),
        CheckConstraint("(audited_on IS NULL) = (auditor IS NULL)", name="audit_by_auditor"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    state: str = Field(max_length=20)
    as_at: date
    grant_pence: int = pence()
    spend_pence: int = pence()
    own_funds_pence: int = pence()
    supersedes: UUID | None = Field(default=None, foreign_key="outturns.id", unique=True)
    reason: str | None = Field(default=None, max_length=2000)
    auditor: str | None = Field(default=None, max_length=200)
    accounts_reference: str | None = Field(default=None, max_length=200, description="The audited accounts.")
    audited_on: date | None = None
    happened_at: datetime = instant()
    recorded_at: datetime = instant()
    created_by: str


class OutturnSpend(Grants, table=True):
    """Spend of one carrying line within an outturn."""

    __tablename__ = "outturn_lines"

    outturn_id: UUID = Field(foreign_key="outturns.id", primary_key=True)
    code: str = Field(primary_key=True, max_length=20)
    name: str = Field(max_length=200)
    position: int
    spend_pence: int = pence()


class ReportedQuarter(Grants, table=True):
    """Where a quarter's performance report stands, as the deliverables service last told (G-43)."""

    __tablename__ = "reported_quarters"
    __table_args__ = (
        CheckConstraint("state IN ('submitted', 'reopened', 'published')", name="state"),
        Index("ix_reported_quarters_agreement_id", "agreement_id", "quarter"),
    )

    report_id: UUID = Field(primary_key=True)
    version: int
    agreement_id: UUID
    quarter: str = Field(max_length=10, description="2017-18-q1")
    state: str = Field(max_length=20)
    submitted_at: datetime | None = instant(nullable=True)
    published_at: datetime | None = instant(nullable=True)
    url: str | None = None


READ_MODELS = (ReportedQuarter,)
"""What a replay of other services' events may empty and rebuild."""

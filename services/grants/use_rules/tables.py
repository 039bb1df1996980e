"""Tables of the rule book's versions, of what was declared and decided, and of the yearly declaration of G-21."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants
from shared.database import instant, json_field


class UseRuleBook(Grants, table=True):
    """One version of the rules of permitted use; a later one stands beside it, never in its place."""

    __tablename__ = "use_rule_books"

    number: int = Field(primary_key=True, ge=1)
    book: dict[str, Any] = json_field()
    reason: str = Field(max_length=2000)
    created_at: datetime = instant()
    created_by: str


class UseDeclaration(Grants, table=True):
    """What was declared of an entry, a held line or an award, how it was judged, and who decided (G-19).

    The latest number of a subject counts; earlier ones stay. `codes` is empty where none was declared, and null where
    a decision was taken on something undeclared.
    """

    __tablename__ = "use_declarations"
    __table_args__ = (
        UniqueConstraint("subject_id", "subject_kind", "number", name="uq_use_declarations_number"),
        CheckConstraint("subject_kind IN ('entry', 'held_line', 'award')", name="subject_kind"),
        CheckConstraint("outcome IN ('allowed', 'refused', 'decision_required')", name="outcome"),
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_when"),
        # A decision says why, and settles it.
        CheckConstraint(
            "decided_by IS NULL OR (reason IS NOT NULL AND outcome <> 'decision_required')", name="decided"
        ),
        Index("ix_use_declarations_agreement_id", "agreement_id", "outcome"),
    )

    id: UUID = Field(primary_key=True)
    subject_kind: str = Field(max_length=10)
    subject_id: UUID
    number: int
    agreement_id: UUID | None = Field(default=None, foreign_key="agreements.id")
    codes: list[str] | None = Field(default=None, sa_type=ARRAY(Text), nullable=True)
    exception: str | None = Field(default=None, max_length=80)
    outcome: str = Field(max_length=20)
    rule_code: str = Field(max_length=40)
    paragraph: str = Field(max_length=80)
    detail: str = Field(max_length=2000)
    rules_version: int
    reason: str | None = Field(default=None, max_length=2000)
    declared_at: datetime = instant()
    declared_by: str
    decided_at: datetime | None = instant(nullable=True)
    decided_by: str | None = None


class GuidanceEdition(Grants, table=True):
    """An edition of the guidance on public money, and the principles it lists (G-21)."""

    __tablename__ = "guidance_editions"

    name: str = Field(primary_key=True, max_length=200)
    published_on: date | None = None
    principles: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = instant()
    created_by: str


class PublicMoneyDeclaration(Grants, table=True):
    """That a year's use followed the principles, as the edition its agreement cites lists them (G-21)."""

    __tablename__ = "public_money_declarations"
    __table_args__ = (UniqueConstraint("agreement_id", "number", name="uq_public_money_declarations_number"),)

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    edition: str = Field(max_length=200)
    principles: list[str] = Field(sa_type=ARRAY(Text))
    signatory_name: str = Field(max_length=200)
    signatory_role: str = Field(max_length=200)
    statement: str = Field(max_length=2000)
    declared_on: date
    recorded_at: datetime = instant()
    created_by: str

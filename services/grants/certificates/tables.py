"""The table of certificates."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.grants.base import Kept
from shared.database import instant, json_field


class Certificate(Kept, table=True):
    """The figures of a year under one fingerprint, and who signed them; superseded by the next, never edited (G-37)."""

    __tablename__ = "certificates"
    __table_args__ = (
        UniqueConstraint("agreement_id", "number", name="uq_certificates_number"),
        CheckConstraint("state IN ('draft', 'signed', 'superseded')", name="state"),
        CheckConstraint("state <> 'signed' OR signed_on IS NOT NULL", name="signed_says_when"),
        CheckConstraint("(signed_on IS NULL) = (signatory_name IS NULL)", name="signed_says_who"),
        CheckConstraint("(signed_on IS NULL) = (signatory_role IS NULL)", name="signed_says_role"),
        CheckConstraint("(state = 'superseded') = (superseded_at IS NOT NULL)", name="superseded_says_when"),
        Index("uq_certificates_standing", "agreement_id", unique=True, postgresql_where=text("state <> 'superseded'")),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id")
    number: int
    outturn_id: UUID = Field(foreign_key="outturns.id")
    state: str = Field(max_length=20)
    figures: dict[str, Any] = json_field()
    figures_sha256: str = Field(max_length=64)
    wording_version: str = Field(max_length=20)
    signatory_name: str | None = Field(default=None, max_length=200)
    signatory_role: str | None = Field(default=None, max_length=200)
    signed_on: date | None = None
    signed_by: str | None = Field(default=None, description="Subject of the token that signed it.")
    superseded_at: datetime | None = instant(nullable=True)
    superseded_reason: str | None = Field(default=None, max_length=200)

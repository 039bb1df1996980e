"""Table of the day from which a publisher is a contracting authority."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.transparency.base import Transparency
from shared.database import instant


class ContractingAuthority(Transparency, table=True):
    """The day as it stands; earlier ones are in the audit log. No row is the same as no day."""

    __tablename__ = "contracting_authorities"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version_counts"),
        CheckConstraint("length(reason) >= 3", name="reason_given"),
    )

    organisation_id: UUID = Field(primary_key=True)
    version: int = 1
    contracting_authority_from: date | None = Field(default=None, description="Null: it is none.")
    reason: str = Field(description="Why the day was set or changed; never public.")
    set_by: str
    set_at: datetime = instant()

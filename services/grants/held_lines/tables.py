"""The table of decisions on held lines. Held lines themselves stand with the batches that brought them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from services.grants.base import Grants
from shared.database import instant


class HeldDecision(Grants, table=True):
    """What a person decided on a held line, once and for all; the line itself stays as it was held.

    `accepted` and `outside` made an entry: within the agreement, or outside any. `duplicate` and `refused` made none.
    """

    __tablename__ = "held_decisions"
    __table_args__ = (
        UniqueConstraint("held_line_id", name="uq_held_decisions_held_line_id"),
        UniqueConstraint("entry_id", name="uq_held_decisions_entry_id"),
        CheckConstraint("decision IN ('accepted', 'outside', 'duplicate', 'refused')", name="decision"),
        CheckConstraint(
            "(decision IN ('accepted', 'outside')) = (entry_id IS NOT NULL)", name="acceptance_makes_entry"
        ),
        CheckConstraint("(entry_id IS NULL) = (entry_batch_id IS NULL)", name="entry_has_batch"),
    )

    id: UUID = Field(primary_key=True)
    held_line_id: UUID = Field(foreign_key="held_lines.id")
    batch_id: UUID = Field(foreign_key="expenditure_batches.id", index=True, description="The batch that brought it.")
    decision: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    use_exception: str | None = Field(default=None, sa_type=Text)
    entry_id: UUID | None = Field(default=None, foreign_key="ledger_entries.entry_id")
    entry_batch_id: UUID | None = Field(default=None, foreign_key="expenditure_batches.id")
    duplicate_of: UUID | None = Field(default=None, foreign_key="ledger_entries.entry_id")
    decided_at: datetime = instant()
    decided_by: str
    decided_by_name: str = ""

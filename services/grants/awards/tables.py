"""Tables of pass-through awards and of the duties that their bodies acknowledged."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Text
from sqlmodel import Field

from services.grants.base import Grants, Kept
from shared.database import instant, pence


class PassThroughAward(Kept, table=True):
    """Grant handed on to a body within one pass-through line (G-22, G-23)."""

    __tablename__ = "pass_through_awards"
    __table_args__ = (
        CheckConstraint("amount_pence > 0", name="amount_positive"),
        CheckConstraint("state IN ('offered', 'terms_acknowledged', 'payable', 'completed', 'ended')", name="state"),
        CheckConstraint(
            "use_outcome IN ('undeclared', 'allowed', 'refused', 'decision_required')",
            name="use_outcome",
        ),
        # What its use leaves open is settled before anything is paid.
        CheckConstraint("state NOT IN ('payable', 'completed') OR use_outcome = 'allowed'", name="payable_is_allowed"),
        CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name="end_has_reason"),
        CheckConstraint("planned_from <= planned_to", name="planned_ordered"),
    )

    id: UUID = Field(primary_key=True)
    agreement_id: UUID = Field(foreign_key="agreements.id", index=True)
    line_id: UUID = Field(description="The pass-through line, the same across budget versions.")
    line_code: str = Field(max_length=20)
    organisation_id: UUID = Field(foreign_key="organisations.id", index=True)
    amount_pence: int = pence()
    awarded_on: date
    planned_from: date | None = None
    planned_to: date | None = None
    title: str = Field(max_length=200)
    description: str = Field(max_length=2000)
    state: str = Field(max_length=20)
    end_reason: str | None = Field(default=None, max_length=2000)
    use_outcome: str = Field(max_length=20, description="Of the latest declaration of its use (G-19).")


class FlowDown(Grants, table=True):
    """A duty of the memorandum that the body acknowledged, once (G-22)."""

    __tablename__ = "award_flow_downs"

    award_id: UUID = Field(foreign_key="pass_through_awards.id", primary_key=True)
    duty: str = Field(primary_key=True, max_length=40)
    acknowledged_by: str = Field(max_length=200, description="Who acknowledged it for the body.")
    acknowledged_on: date
    recorded_at: datetime = instant()
    created_by: str


class AwardTextClearance(Grants, table=True):
    """A named person's word that what an award's texts seem to hold may be published: the texts as they were read."""

    __tablename__ = "award_text_clearances"
    __table_args__ = (CheckConstraint("cardinality(codes) > 0", name="says_what"),)

    id: UUID = Field(primary_key=True)
    award_id: UUID = Field(foreign_key="pass_through_awards.id", index=True)
    codes: list[str] = Field(sa_type=ARRAY(Text), description="Kinds of personal details that may be published.")
    texts_sha256: str = Field(max_length=64, description="Of title and description as they were read.")
    reason: str = Field(max_length=2000)
    cleared_at: datetime = instant()
    cleared_by: str
    cleared_by_name: str = Field(default="", max_length=200)

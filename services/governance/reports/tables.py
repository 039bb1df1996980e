"""Tables of open papers; a closed one is kept elsewhere, see the folder `closed` (B-15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from services.governance.base import Governance, Kept
from shared.database import instant, json_field


class Report(Kept, table=True):
    """An open paper under an item."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("agenda_item_id", "position"),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'changes_requested', 'approved', 'in_pack', 'withdrawn')", name="state"
        ),
    )

    agenda_item_id: UUID = Field(foreign_key="agenda_items.id", index=True)
    position: int
    title: str
    purpose_text: str | None = None
    purpose_categories: list[Any] = json_field(default=list)
    summary: str | None = None
    recommendations: list[Any] = json_field(default=list)
    action: str | None = None
    contact_officers: list[Any] = json_field(default=list)
    lead_member: str | None = None
    background: str | None = None
    financial_implications: str | None = None
    wales_implications: str | None = None
    next_steps: str | None = None
    other_sections: list[Any] = json_field(default=list)
    section_order: list[Any] = json_field(default=list)
    appendices: list[Any] = json_field(default=list)
    background_papers: list[Any] = json_field(default=list)
    programme_relevant: bool = True
    not_relevant_reason: str | None = None
    workstreams: list[Any] = json_field(default=list)
    state: str = "draft"
    late: bool = False
    supplement_no: int | None = None
    source: str | None = None
    paper_offer_id: UUID | None = None
    editors: list[str] = json_field(default=list)
    """Everyone who entered or changed it, in order; none of them approves it (domain section 3)."""
    published_at: datetime | None = instant(nullable=True)


class SignOff(Governance, table=True):
    """Who said what of which version of a report."""

    __tablename__ = "sign_offs"

    id: UUID = Field(primary_key=True)
    report_id: UUID = Field(foreign_key="reports.id", index=True)
    report_version: int
    by: str
    outcome: str
    comment: str | None = None
    at: datetime = instant()

"""Answers about held lines and what was decided on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from services.grants.expenditure.names import WITHHELD, withheld
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.tables import HeldLine
from services.grants.held_lines.tables import HeldDecision
from shared.http import Shape

HeldState = Literal["waiting", "accepted", "outside", "duplicate", "refused"]


class HeldReason(Shape):
    code: str
    detail: str = Field(description="What is wrong and what to do.")
    column: str | None = None
    rule: str | None = Field(default=None, description="Rule of use that the line raises (G-18).")
    paragraph: str | None = Field(default=None, description="Where the rule stands.")


class DecisionShape(Shape):
    """What a person decided on a held line, once."""

    id: UUID
    decision: HeldState
    reason: str | None = Field(description="Left out for private payees unless the token is of finance.")
    use_exception: str | None
    entry_id: UUID | None = Field(description="The entry it became.")
    entry_batch_id: UUID | None = Field(description="The act by hand that holds the entry.")
    duplicate_of: UUID | None = Field(description="The entry it repeats.")
    decided_at: datetime
    decided_by: str


class HeldShape(Shape):
    """A line that a person must decide on, or has decided on."""

    id: UUID
    organisation: str
    source: str
    batch_id: UUID
    record: int
    line: int | None
    amount_pence: int
    state: HeldState
    reasons: list[HeldReason]
    entry: dict[str, Any] = Field(description="The line as it would enter the ledger.")
    held_at: datetime
    decision: DecisionShape | None


class DecidedShape(Shape):
    """Held lines of one batch, decided in one act."""

    decision: HeldState
    lines: int
    pence: int
    entry_batch_id: UUID | None = Field(description="The act by hand that holds the entries; null where none was made.")


def held_shape(line: HeldLine, organisation: str, decision: HeldDecision | None, *, names: bool) -> HeldShape:
    """Without `names`, what tells who a private payee is stays out."""
    own = {
        name: getattr(line, name)
        for name in ("id", "source", "batch_id", "record", "line", "amount_pence", "reasons", "held_at")
    }
    entry = dict(line.entry)
    shown = names or entry.get("party_kind") in PUBLIC_KINDS
    if not shown:
        kind, flags = entry.get("party_kind"), entry.get("flags") or ()
        kept_back = [field for field in WITHHELD if withheld(kind, flags, field)]
        entry |= {
            name: None
            for name in ("party_name", "company_number", "charity_number", "reason", *kept_back)
            if name in entry
        }
    told = DecisionShape.model_validate(decision) if decision is not None else None
    if told is not None and not shown:
        told = told.model_copy(update={"reason": None})
    state = decision.decision if decision is not None else "waiting"
    return HeldShape.model_validate(
        {**own, "organisation": organisation, "state": state, "entry": entry, "decision": told}
    )

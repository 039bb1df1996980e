"""Decisions on profiles and batches: pure, given what must be known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.grants.expenditure.columns import alternatives, plain_name, used_columns
from services.grants.expenditure.faults import IdentityFixed
from shared.events.grants import ExpenditureBatchCompleted, MonthTotal
from shared.periods import FinancialYear


def fix_identity(layout: dict[str, Any], before: dict[str, Any] | None, *, lines_exist: bool) -> dict[str, Any]:
    """The layout with its identity spelled out. Refused where lines exist that were identified otherwise (§6).

    A counted identity that names no columns takes those of the version before, else every column the layout uses: a
    later column then changes nothing about lines that are stored.
    """
    identity = layout["identity"]
    if identity["kind"] == "counted" and not identity["columns"]:
        same = before is not None and before["identity"]["kind"] == "counted"
        columns = before["identity"]["columns"] if same and before else list(used_columns(layout))
        identity = {"kind": "counted", "columns": columns}
    if lines_exist and before is not None and _plain(identity) != _plain(before["identity"]):
        named = ", ".join(before["identity"]["columns"])
        raise IdentityFixed(
            f"Lines of this source are stored and identified as {before['identity']['kind']} by {named}; keep that"
            " identity, or begin a profile with another name.",
            pointer="/identity",
        )
    return {**layout, "identity": identity}


def _plain(identity: dict[str, Any]) -> tuple[str, list[str]]:
    return identity["kind"], sorted(plain_name(name) for name in identity["columns"])


STORED_AS = {
    "amount": "net_pence", "vat": "vat_pence", "recoverable_vat": "recoverable_vat_pence",
    "irrecoverable_vat": "irrecoverable_vat_pence", "input_date": "payment_date", "gross": None, "party_key": None,
}  # fmt: skip


def compared_fields(layout: dict[str, Any]) -> tuple[str, ...]:
    """Stored fields in which a line sent again may differ: those that come from its columns."""
    fields = [
        stored
        for field, source in layout["fields"].items()
        if source and alternatives(source) and (stored := STORED_AS.get(field, field)) is not None
    ]
    if layout["item_columns"]:
        fields.append("item_id")
    return tuple(dict.fromkeys(fields))


@dataclass(frozen=True)
class Placement:
    """A stretch of days and the quarter its lines are posted to (G-26, G-29)."""

    from_day: date
    to_day: date
    post_to: str | None
    late_for: str | None


def place_quarters(year: FinancialYear, locked: Iterable[str]) -> tuple[Placement, ...]:
    """Each quarter of a year posts to itself, a locked one to the first open quarter, marked late_for (G-29).

    Quarters after it come first: a cost does not stand before it arose unless nothing later is open. With none open at
    all post_to is None and the line is held.
    """
    shut = set(locked)
    placements = []
    for place, quarter in enumerate(year.quarters):
        in_order = (*year.quarters[place:], *year.quarters[:place])
        post_to = next((candidate.slug for candidate in in_order if candidate.slug not in shut), None)
        late = quarter.slug if post_to not in (quarter.slug, None) else None
        placements.append(Placement(quarter.start, quarter.end, post_to, late))
    return tuple(placements)


@dataclass(frozen=True)
class Taken:
    """What of a batch entered the ledger."""

    batch_id: UUID
    organisation_id: UUID
    source: str
    event_count: int
    months: Sequence[tuple[str, int, int]]


def complete_batch(taken: Taken) -> ExpenditureBatchCompleted | None:
    """The fact that a batch is in the ledger whole; none where no line entered it: nothing changed for any reader."""
    if not taken.months:
        return None
    return ExpenditureBatchCompleted(
        batch_id=taken.batch_id,
        version=taken.event_count + 1,
        organisation_id=taken.organisation_id,
        source=taken.source,
        event_count=taken.event_count,
        lines=sum(lines for _, lines, _ in taken.months),
        pence=sum(pence for _, _, pence in taken.months),
        months=tuple(MonthTotal(month=month, lines=lines, pence=pence) for month, lines, pence in taken.months),
    )


def over_budget(spent: dict[str, int], budget: dict[str, int], year: str) -> list[dict[str, Any]]:
    """A finding for each carrying line whose entries exceed its budget: flagged, not refused (G-30)."""
    return [
        {"code": "over_budget", "year": year, "line_code": code, "spend_pence": pence, "budget_pence": budget[code]}
        for code, pence in sorted(spent.items())
        if code in budget and pence > budget[code]
    ]

"""Reports: how they move from draft to pack."""

from __future__ import annotations

from shared.errors import Conflict

REPORT_MOVES = frozenset(
    {
        ("draft", "submitted"),
        ("changes_requested", "submitted"),
        ("submitted", "changes_requested"),
        ("submitted", "approved"),
        ("approved", "in_pack"),
        ("draft", "withdrawn"),
        ("submitted", "withdrawn"),
        ("changes_requested", "withdrawn"),
        ("approved", "withdrawn"),
        ("in_pack", "withdrawn"),
    }
)


class ReportMoveNotAllowed(Conflict):
    code = "move_not_allowed"
    title = "The report's present state does not allow this"


class ClosedItemHasNoOpenPapers(Conflict):
    code = "closed_item"
    title = "A Part 2 item has no open papers"


def check_report_move(state: str, to: str) -> None:
    if (state, to) not in REPORT_MOVES:
        raise ReportMoveNotAllowed(f"The report is {state}; it cannot become {to}.", extra={"state": state})

"""Reports: how they move from draft to pack."""

from __future__ import annotations

from shared.errors import Conflict

REPORT_MOVES: dict[tuple[str, str], bool] = {
    ("draft", "submitted"): True,
    ("changes_requested", "submitted"): True,
    ("submitted", "changes_requested"): True,
    ("submitted", "approved"): True,
    ("approved", "in_pack"): True,
    ("draft", "withdrawn"): True,
    ("submitted", "withdrawn"): True,
    ("changes_requested", "withdrawn"): True,
    ("approved", "withdrawn"): True,
    ("in_pack", "withdrawn"): True,
}


class ReportMoveNotAllowed(Conflict):
    code = "move_not_allowed"
    title = "The report's present state does not allow this"


class ClosedItemHasNoOpenPapers(Conflict):
    code = "closed_item"
    title = "A Part 2 item has no open papers"


def check_report_move(state: str, to: str) -> None:
    if (state, to) not in REPORT_MOVES:
        raise ReportMoveNotAllowed(f"The report is {state}; it cannot become {to}.", extra={"state": state})

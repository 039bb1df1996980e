"""Paper offers: what may become of one (domain section 6)."""

from __future__ import annotations

from datetime import datetime

from shared.errors import Conflict, Invalid

UNTAKEN = ("offered", "waiting", "moved")


class OfferMoveNotAllowed(Conflict):
    code = "move_not_allowed"
    title = "The offer's present state does not allow this"


def check_decision(state: str, decision: str, reason: str | None, *, has_item: bool, has_meeting: bool) -> None:
    """An untaken offer is taken under an item, declined with a reason, or moved to a meeting."""
    if state not in UNTAKEN:
        raise OfferMoveNotAllowed(f"The offer is {state} already.", extra={"state": state})
    if decision == "decline" and not (reason or "").strip():
        raise Invalid("Say why it is declined.", pointer="/reason")
    if decision == "take" and not has_item:
        raise Invalid("Name the agenda item the report goes under.", pointer="/agenda_item")
    if decision == "move" and not has_meeting:
        raise Invalid("Name the meeting it moves to.", pointer="/meeting")


def pounds(pence: int) -> str:
    """£20,986,000.00, for titles people read."""
    sign = "-" if pence < 0 else ""
    return f"{sign}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def replaces(version: int, happened_at: datetime, known_version: int, known_happened_at: datetime) -> bool:
    """Whether a fact is newer than the one an offer was made of; an older one arriving late changes nothing."""
    return (version, happened_at) > (known_version, known_happened_at)

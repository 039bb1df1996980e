"""Importing this fills the register with every owner's events."""

from shared.events import deliverables, governance, grants, transparency
from shared.events.base import REGISTER, Event

OWNERS = {
    "grants": grants,
    "deliverables": deliverables,
    "transparency": transparency,
    "governance": governance,
}

__all__ = ["OWNERS", "REGISTER", "Event"]

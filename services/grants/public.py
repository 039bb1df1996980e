"""What of an agreement anyone may read, and what only officers do until both parties have agreed to it."""

from __future__ import annotations

from services.grants.budget.queries import load_budget
from services.grants.budget.tables import BudgetVersion
from services.grants.queries import load_agreement
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.work import Work

OFFICERS = ("grants:read", "grants:manager", "grants:finance", "grants:cfo", "grants:approver")
"""Whoever has one of these scopes also sees drafts, and versions of a budget that are not in effect."""


async def load_shown(work: Work, key: str) -> Agreement:
    """An agreement as `load_agreement`; what is only drafted is nobody's to read but officers'."""
    agreement = await load_agreement(work.session, key)
    if agreement.state == "draft" and not is_officer(work):
        raise NotFound("There is no agreement with this id or for this year.")
    return agreement


async def load_shown_budget(work: Work, agreement: Agreement, number: int) -> BudgetVersion:
    """A version by its number; one that never took effect only for officers."""
    version = await load_budget(work.session, agreement.id, number)
    if not shows(work, version):
        raise NotFound("The budget has no version of this number.")
    return version


def shows(work: Work, version: BudgetVersion) -> bool:
    return version.approved_at is not None or is_officer(work)


def is_officer(work: Work) -> bool:
    return work.actor.may(*OFFICERS)

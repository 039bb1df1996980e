"""What of an agreement anyone may read, and what only officers do until both parties have agreed to it."""

from __future__ import annotations

from typing import TypeVar

from services.grants.budget.queries import load_budget
from services.grants.budget.tables import BudgetVersion
from services.grants.queries import load_agreement
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.http import Shape
from shared.personal_details import REDACTED, find
from shared.work import Work

Answer = TypeVar("Answer", bound=Shape)

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


def shown(work: Work, answer: Answer, *texts: str) -> Answer:
    """An answer that anyone may read, without texts that seem to hold personal details (T-24); officers see them."""
    if is_officer(work):
        return answer
    held_back = {name: REDACTED for name in texts if (text := getattr(answer, name)) and find(text)}
    return answer.model_copy(update=held_back) if held_back else answer


def is_officer(work: Work) -> bool:
    return work.actor.may(*OFFICERS)

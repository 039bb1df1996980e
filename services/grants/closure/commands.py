"""Closing a year: load, decide, store."""

from __future__ import annotations

from services.grants.agreements.commands import keep_version
from services.grants.closure.queries import closing_position
from services.grants.closure.rules import Step
from services.grants.closure.rules import begin_closing as decide_beginning
from services.grants.closure.rules import close_year as decide_closing
from services.grants.commands import load_agreement_to_change, touch
from services.grants.tables import Agreement
from shared.periods import london_date
from shared.work import Work


async def close_year(work: Work, agreement_key: str, step: Step) -> Agreement:
    """Say that a year is being closed, or close it; from then on it is read-only (G-38).

    Held lines of the year may still come in later; they stay held, as every quarter is locked.
    """
    agreement = await load_agreement_to_change(work, agreement_key)
    position = await closing_position(work.session, agreement)
    today = london_date(work.now)
    if step == "closing":
        decide_beginning(position, today)
    else:
        decide_closing(position, today)
    before = {"state": agreement.state}
    agreement.closing_since = agreement.closing_since or work.now
    agreement.state = step
    if step == "closed":
        agreement.closed_at, agreement.closed_by = work.now, work.actor.sub
    touch(work, agreement)
    keep_version(work, agreement, "close_year", {"state": step}, before=before, effective_from=today)
    work.audit("close_year", agreement.id, before=before, after={"state": step})
    return agreement

"""Stamps: a change raises version and stamp of the record and all its parents, in one transaction (B-41)."""

from __future__ import annotations

from services.governance.base import Kept
from shared.work import Work


async def raise_stamps(work: Work, *rows: Kept) -> None:
    """Raise these and no others; flushed, so that an event may carry the new version."""
    for row in rows:
        row.touch(work.now)
        work.session.add(row)
    await work.session.flush()

"""Keeping a publication with the policy and verdict of its day (B-5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.governance.meetings.tables import Meeting, Publication
from shared.work import Work


async def keep_publication(
    work: Work,
    meeting: Meeting,
    *,
    scope: str,
    subject_id: UUID,
    number: int,
    happened_at: datetime,
    stated: bool,
    withheld: list[dict[str, Any]],
    url: str,
    sha256: str,
    state: str | None = None,
    policy: dict[str, Any] | None = None,
    readings: list[Any] | None = None,
    verdict: dict[str, Any] | None = None,
) -> None:
    """Keep what was published, when, and how it stood; it is never recomputed."""
    work.session.add(
        Publication(
            id=work.new_id(),
            meeting_id=meeting.id,
            scope=scope,
            subject_id=subject_id,
            number=number,
            state=state,
            happened_at=happened_at,
            recorded_at=work.now,
            stated=stated,
            policy=policy or {},
            readings=readings or [],
            verdict=verdict or {},
            withheld=withheld,
            url=url,
            sha256=sha256,
            published_by=work.actor.sub,
        )
    )
    await work.session.flush()

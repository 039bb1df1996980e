"""Packs: what may go out, and the fact it makes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.governance.deadlines.rules import PapersVerdict
from services.governance.meetings.rules import MeetingKey
from shared.errors import Conflict
from shared.events.governance import PapersPublished
from shared.values import PapersScope


class ReportsNotApproved(Conflict):
    code = "reports_not_approved"
    title = "Reports without approval cannot go out"


class MainPackPublished(Conflict):
    code = "main_pack_published"
    title = "The main pack is out; later papers are supplements"


def publish_papers(
    key: MeetingKey,
    *,
    scope: PapersScope,
    supplement_no: int | None,
    unapproved: Sequence[str],
    verdict: PapersVerdict,
    withheld: int,
    url: str,
    sha256: str,
    happened_at: datetime,
) -> PapersPublished:
    """Papers go out once every report in them is approved; each scope has its own clock (B-6)."""
    if unapproved:
        raise ReportsNotApproved(
            f"Approve or withdraw first: {', '.join(unapproved)}.", extra={"reports": list(unapproved)}
        )
    return PapersPublished(
        meeting_id=key.meeting_id,
        version=key.version,
        organisation_id=key.organisation_id,
        scope=scope,
        supplement_no=supplement_no,
        happened_at=happened_at,
        clear_days_given=verdict.clear_days_given,
        clear_working_days_given=verdict.clear_working_days_given,
        met_literal=verdict.met_literal,
        met_policy=verdict.met_policy,
        readings=verdict.readings,
        withheld_count=withheld,
        url=url,
        sha256=sha256,
    )

"""Minutes: owners, gaps, publishing, approval with amendments, and how actions move (B-33 to B-38)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.governance.deadlines.rules import MinutesVerdict
from services.governance.meetings.rules import MeetingKey
from shared.errors import Conflict, ErrorItem, Invalid
from shared.events.governance import (
    MinutesApproved,
    MinutesPublished,
)

NOTED = re.compile(r"\b(noted|agreed|endorsed|approved)\b", re.IGNORECASE)


class MeetingNotHeld(Conflict):
    code = "meeting_not_held"
    title = "Only a held meeting has minutes"


class MinutesExist(Conflict):
    code = "minutes_exist"
    title = "The meeting has minutes"


class MinutesMoveNotAllowed(Conflict):
    code = "move_not_allowed"
    title = "The minutes' present state does not allow this"


class ApprovalAtWrongMeeting(Conflict):
    code = "approval_at_wrong_meeting"
    title = "These minutes cannot be approved at that meeting"


def number_gaps(numbers: Sequence[str | None]) -> tuple[str, ...]:
    """Numbers missing between printed ones: 1, 2, 4 → 3. They are kept as they are, never renumbered (B-33)."""
    printed = [int(match[0]) for number in numbers if number and (match := re.match(r"[0-9]{1,4}", number))]
    gaps: list[str] = []
    for before, after in itertools.pairwise(printed):
        gaps += [str(number) for number in range(before + 1, min(after, before + 100))]
    return tuple(gaps)


def is_decision_without_heading(text: str | None, decisions: int, *, approval: bool) -> bool:
    """Prose that notes or agrees where no decision is printed: kept as text, with a finding (B-36)."""
    return not decisions and not approval and bool(text and NOTED.search(text))


def check_minute_item(part: int, closed_matter: int, summary: str | None, at: str) -> list[ErrorItem]:
    """A Part 2 item shows number, title and public summary; the rest goes by the closed surface (B-15, B-20)."""
    faults = []
    if part == 2 and closed_matter:
        faults.append(
            ErrorItem(
                code="closed_item",
                detail="Send text, decisions and actions of Part 2 to /v1/closed/agenda-items/{item}/minutes.",
                pointer=at,
            )
        )
    if part == 1 and summary is not None:
        faults.append(
            ErrorItem(
                code="summary_of_open_item",
                detail="Only a Part 2 item has a public summary.",
                pointer=f"{at}/public_summary",
            )
        )
    return faults


def publish_minutes(
    key: MeetingKey,
    *,
    minutes_version: int,
    state: str,
    approved: bool,
    verdict: MinutesVerdict,
    withheld: int,
    url: str,
    sha256: str,
    happened_at: datetime,
    held_at: datetime,
) -> MinutesPublished:
    """Minutes go out as a labelled draft once, and as approved by an Approval alone (domain section 3)."""
    if not approved and state != "draft":
        raise MinutesMoveNotAllowed(f"The minutes are {state}; only a draft is published.", extra={"state": state})
    if happened_at < held_at:
        raise Invalid("Minutes come out after their meeting; correct happened_at.", pointer="/happened_at")
    return MinutesPublished(
        meeting_id=key.meeting_id,
        version=key.version,
        organisation_id=key.organisation_id,
        minutes_version=minutes_version,
        state="approved" if approved else "published_draft",
        happened_at=happened_at,
        due_on=verdict.due_on,
        met=verdict.met,
        readings=verdict.readings,
        withheld_count=withheld,
        url=url,
        sha256=sha256,
    )


def check_numbers(numbers: Sequence[int], at: str) -> list[ErrorItem]:
    """Entries of one register under one item are told apart by their number."""
    return [
        ErrorItem(
            code="number_twice", detail="Two entries bear this number; number them apart.", pointer=f"{at}/{index}/n"
        )
        for index, number in enumerate(numbers)
        if number in numbers[:index]
    ]


@dataclass(frozen=True)
class ApprovingMeeting:
    id: UUID
    board_id: UUID
    state: str
    start: datetime


def approve_minutes(
    key: MeetingKey,
    *,
    state: str,
    minutes_version: int,
    minuted: ApprovingMeeting,
    approving: ApprovingMeeting,
    same_meeting_allowed: bool,
    amendments: int,
    happened_at: datetime,
) -> MinutesApproved:
    """A later held meeting of the same board approves a published draft (B-35)."""
    if state != "published_draft":
        raise MinutesMoveNotAllowed(f"The minutes are {state}; a published draft is approved.", extra={"state": state})
    if approving.board_id != minuted.board_id:
        raise ApprovalAtWrongMeeting("That meeting is another board's; name one of this board.", pointer="/meeting")
    if approving.state != "held":
        raise ApprovalAtWrongMeeting(f"That meeting is {approving.state}; a held one approves.", pointer="/meeting")
    if approving.id == minuted.id and not same_meeting_allowed:
        raise ApprovalAtWrongMeeting("The board's rules want a later meeting to approve.", pointer="/meeting")
    if approving.id != minuted.id and approving.start <= minuted.start:
        raise ApprovalAtWrongMeeting("That meeting was earlier; name a later one.", pointer="/meeting")
    if happened_at < approving.start:
        raise Invalid("The approval lies before its meeting; correct happened_at.", pointer="/happened_at")
    return MinutesApproved(
        meeting_id=key.meeting_id,
        version=key.version,
        organisation_id=key.organisation_id,
        minutes_version=minutes_version,
        approving_meeting_id=approving.id,
        amendments=amendments,
        happened_at=happened_at,
    )


def amend(content: Mapping[str, Any], amendments: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The content with each `old` text replaced by `new`, and every amendment listed. The given content stays as it is.

    An amendment without `old` is only listed. An `old` that is not in the minutes is refused.
    """
    amended = deepcopy(dict(content))
    faults = []
    for index, amendment in enumerate(amendments):
        if not amendment.get("old"):
            continue
        amended, found = _replace(amended, amendment["old"], amendment["new"])
        if not found:
            faults.append(
                ErrorItem(
                    code="text_not_found",
                    detail="The minutes hold no such text; copy it as they have it, or leave `old` out.",
                    pointer=f"/amendments/{index}/old",
                )
            )
    if faults:
        raise Invalid("An amendment does not fit the minutes; see errors.", errors=faults)
    amended["amendments"] = [*content.get("amendments", []), *(dict(a) for a in amendments)]
    return amended


def _replace(value: Any, old: str, new: str) -> tuple[Any, bool]:
    if isinstance(value, str):
        return value.replace(old, new), old in value
    if isinstance(value, list):
        pairs = [_replace(item, old, new) for item in value]
        return [item for item, _ in pairs], any(found for _, found in pairs)
    if isinstance(value, dict):
        done = {key: _replace(item, old, new) for key, item in value.items() if key not in ("id", "amendments")}
        kept = {key: item for key, item in value.items() if key in ("id", "amendments")}
        return {key: item for key, (item, _) in done.items()} | kept, any(found for _, found in done.values())
    return value, False

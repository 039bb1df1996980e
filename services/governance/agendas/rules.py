"""Agendas: order and pages, what a restriction needs, late business, sign-off, and the facts of publishing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.governance.meetings.rules import MeetingKey
from shared.errors import Conflict, ErrorItem, Invalid
from shared.events.governance import AgendaPublished

ENGLISH_REGIME = "LGA 1972 Sch. 12A"
SCHEDULE_12A = {
    "1": "Information about an individual",
    "2": "Information likely to reveal the identity of an individual",
    "3": "Financial or business affairs of a person, the authority included",
    "4": "Consultations or negotiations on labour relations",
    "5": "Legal professional privilege",
    "6": "A notice, order or direction the authority proposes to make",
    "7": "Prevention, investigation or prosecution of crime",
}
"""England's descriptions of exempt information, Local Government Act 1972 Schedule 12A (B-18)."""


class UrgencyRequired(Conflict):
    code = "urgency_required"
    title = "A late item needs a reason and the chair's agreement"


class AgendaClosed(Conflict):
    code = "agenda_closed"
    title = "The meeting is over or cancelled; its agenda stands as it is"


class AgendaExists(Conflict):
    code = "agenda_exists"
    title = "The meeting has an agenda"


class AgendaNotPublished(Conflict):
    code = "agenda_not_published"
    title = "The agenda is not published"


class AgendaUnchanged(Conflict):
    code = "agenda_unchanged"
    title = "The agenda is the one already published"


class ReasonRequired(Invalid):
    code = "reason_required"
    title = "A reason is needed"


class NothingToPublish(Conflict):
    code = "nothing_to_publish"
    title = "There is nothing new to publish"


@dataclass(frozen=True)
class RestrictionFacts:
    kind: str
    code: str | None
    regime: str | None
    reason: str | None
    public_interest_note: str | None


@dataclass(frozen=True)
class ItemFacts:
    """What the rules must know of an item as it is entered."""

    order: int
    number: str | None
    part: int
    kind: str
    page_from: int | None
    page_to: int | None
    restriction: RestrictionFacts | None
    reports: int


def check_items(items: Sequence[ItemFacts], *, imported: bool) -> None:
    """Order runs from 0 without gaps; pages neither overlap nor leave a gap (B-18, B-33, B-34)."""
    faults: list[ErrorItem] = []
    for index, item in enumerate(items):
        at = f"/items/{index}"
        if item.order != index:
            faults.append(
                _fault("order_gap", f"Order runs 0, 1, 2 … in the order sent; this is {index}.", f"{at}/order")
            )
        faults += check_item(item, at, imported=imported)
    faults += _page_faults([(item.page_from, item.page_to) for item in items])
    if faults:
        raise Invalid("The agenda cannot be taken as it stands; see errors.", errors=faults)


def check_item(item: ItemFacts, at: str, *, imported: bool) -> list[ErrorItem]:
    """Faults of one item on its own."""
    faults: list[ErrorItem] = []
    if item.kind == "timetable" and item.number is not None:
        faults.append(_fault("timetable_number", "A timetable row has no number (B-33).", f"{at}/number"))
    if item.page_to is not None and (item.page_from is None or item.page_to < item.page_from):
        faults.append(_fault("pages", "The last page lies before the first; correct one.", f"{at}/page_to"))
    if item.part == 1 and item.restriction is not None:
        faults.append(_fault("restriction_on_open_item", "Only a Part 2 item is restricted.", f"{at}/restriction"))
    if item.part == 2:
        if item.reports:
            faults.append(
                _fault(
                    "closed_item", "Send papers of a Part 2 item to /v1/closed; leave them out here.", f"{at}/reports"
                )
            )
        faults += _restriction_faults(item.restriction, at, imported=imported)
    return faults


def _restriction_faults(restriction: RestrictionFacts | None, at: str, *, imported: bool) -> list[ErrorItem]:
    """B-18: kind, code, regime and reason; for exempt also why the public interest lies in closing."""
    if imported:
        # What a source does not print is a finding of the import, not a reason to open the item.
        return []
    if restriction is None:
        return [
            _fault(
                "restriction_required", "A Part 2 item needs a restriction with code and reason.", f"{at}/restriction"
            )
        ]
    needed = {"code": restriction.code, "regime": restriction.regime, "reason": restriction.reason}
    if restriction.kind == "exempt":
        needed["public_interest_note"] = restriction.public_interest_note
        if restriction.regime == ENGLISH_REGIME and restriction.code and restriction.code not in SCHEDULE_12A:
            return [_fault("unknown_code", "Use a code of /v1/restriction-codes, 1 to 7.", f"{at}/restriction/code")]
    return [
        _fault("restriction_incomplete", f"A restriction needs {name}.", f"{at}/restriction/{name}")
        for name, value in needed.items()
        if not (value or "").strip()
    ]


def check_change(fields: Mapping[str, Any]) -> None:
    """An item keeps a title and a word on its relevance."""
    for name, shown in (("public_title", "title"), ("programme_relevant", "programme_relevant")):
        if name in fields and fields[name] is None:
            raise Invalid(f"{shown} cannot be empty; leave it out to keep it.", pointer=f"/{shown}")


def check_pages(pages: Sequence[tuple[int | None, int | None]]) -> None:
    """The pages of a changed agenda still follow one another (B-34)."""
    faults = _page_faults(pages)
    if faults:
        raise Invalid("The pages no longer follow one another; see errors.", errors=faults)


def _page_faults(pages: Sequence[tuple[int | None, int | None]]) -> list[ErrorItem]:
    faults: list[ErrorItem] = []
    before: tuple[int, int | None] | None = None
    for index, (first, last) in enumerate(pages):
        if first is None:
            continue
        at = f"/items/{index}/page_from"
        if before is not None and before[1] is None:
            # Start pages only, as in some printed agendas: they must still rise.
            if first < before[0]:
                faults.append(_fault("pages_overlap", "Pages run backwards.", at))
        elif before is not None and before[1] is not None and first != before[1] + 1:
            word = "overlap" if first <= before[1] else "leave a gap"
            faults.append(_fault("pages_not_contiguous", f"Pages {word} after {before[1]}.", at))
        before = (first, last)
    return faults


def check_late(*, main_pack_out: bool, urgency_reason: str | None, agreed: bool) -> None:
    """An item added after the main pack needs a reason and the chair's agreement (B-11)."""
    if main_pack_out and not ((urgency_reason or "").strip() and agreed):
        raise UrgencyRequired(
            "The main pack is out. Give urgency_reason and urgency_agreement, which the chair makes at "
            "/v1/meetings/{meeting}/urgency-agreements.",
            pointer="/urgency_agreement",
        )


def publish_agenda(
    key: MeetingKey, *, number: int, reason: str | None, changed: bool, parts: Sequence[int], happened_at: datetime
) -> AgendaPublished:
    """A first version, or a changed one with its reason (domain section 3)."""
    if not parts:
        raise NothingToPublish("The agenda has no items; add some first.")
    if number > 1:
        if not changed:
            raise AgendaUnchanged("Nothing changed since the last version; there is nothing to publish.")
        if not (reason or "").strip():
            raise ReasonRequired("Say why the published agenda changes.", pointer="/reason_for_change")
    return AgendaPublished(
        meeting_id=key.meeting_id,
        version=key.version,
        organisation_id=key.organisation_id,
        agenda_version=number,
        public_items=sum(1 for part in parts if part == 1),
        closed_items=sum(1 for part in parts if part == 2),
        happened_at=happened_at,
    )


def _fault(code: str, detail: str, pointer: str) -> ErrorItem:
    return ErrorItem(code=code, detail=detail, pointer=pointer)

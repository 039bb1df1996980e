"""What can be done to agendas and papers: draft, add late business, sign off, publish versions and packs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.governance.agendas.documents import REPORT_FIELDS, agenda_document, fingerprint, withheld_list
from services.governance.agendas.queries import Agenda, agenda_of, find_item, latest_version
from services.governance.agendas.rules import (
    AgendaExists,
    ItemFacts,
    RestrictionFacts,
    check_change,
    check_item,
    check_items,
    check_late,
    check_pages,
    publish_agenda,
)
from services.governance.agendas.standing import open_meeting
from services.governance.agendas.tables import AgendaItem, AgendaVersion, Restriction, UrgencyAgreement
from services.governance.boards.tables import Board
from services.governance.closed.commands import keep_closed_snapshot
from services.governance.findings.noting import note_finding
from services.governance.meetings.publishing import keep_publication
from services.governance.meetings.queries import local_day, main_pack_of, meeting_key
from services.governance.meetings.stamps import raise_stamps
from services.governance.meetings.tables import Meeting
from services.governance.reports.commands import keep_report
from services.governance.reports.tables import Report, SignOff
from shared.errors import Invalid, NotAllowed
from shared.events.base import canonical_json
from shared.work import Work


async def draft_agenda(
    work: Work, meeting_id: UUID, items: Sequence[Mapping[str, Any]], source: str | None
) -> tuple[Meeting, bool]:
    """Enter a meeting's agenda. The same agenda again adds nothing (B-44).

    With `source` it is an import of a published one: reports count as approved there, and a closed item may lack its
    reason, which becomes a finding (B-18).

    Returns the meeting, and whether anything was added.
    """
    meeting, board = await open_meeting(work, meeting_id)
    check_items([_facts(item) for item in items], imported=source is not None)
    _check_may_import(work, source)
    current = await agenda_of(work.session, meeting_id)
    if current.items:
        if _same_items(current, items):
            return meeting, False
        raise AgendaExists(
            "Change it item by item, or replace the draft with PUT while it is not published.",
            extra={"agenda_state": meeting.agenda_state},
        )
    await _add_items(work, meeting, board, items, source)
    work.audit("draft_agenda", meeting.id, after={"items": len(items), "source": source})
    return meeting, True


async def replace_draft(work: Work, meeting_id: UUID, items: Sequence[Mapping[str, Any]]) -> Meeting:
    """Replace a draft agenda as a whole, before its first publication."""
    meeting, board = await open_meeting(work, meeting_id)
    work.if_match(meeting.version, f"{work.base_url}/v1/meetings/{meeting.id}")
    if meeting.agenda_state == "published":
        raise AgendaExists("It is published; change it item by item and publish the next version.")
    check_items([_facts(item) for item in items], imported=False)
    current = await agenda_of(work.session, meeting_id)
    signed = [report.title for report in current.open_reports if report.state not in ("draft", "changes_requested")]
    if signed:
        raise AgendaExists(f"Reports are under way ({', '.join(signed)}); change the agenda item by item.")
    ids = [item.id for item in current.items]
    if ids:
        reports = select(Report.id).where(col(Report.agenda_item_id).in_(ids))
        await work.session.exec(delete(SignOff).where(col(SignOff.report_id).in_(reports)))
        await work.session.exec(delete(Report).where(col(Report.agenda_item_id).in_(ids)))
        await work.session.exec(delete(Restriction).where(col(Restriction.agenda_item_id).in_(ids)))
        await work.session.exec(delete(AgendaItem).where(col(AgendaItem.id).in_(ids)))
    await _add_items(work, meeting, board, items, None)
    work.audit("replace_draft", meeting.id, after={"items": len(items)})
    return meeting


async def agree_urgency(work: Work, meeting_id: UUID, title: str, reason: str) -> UrgencyAgreement:
    """The chair agrees that a late item is urgent (B-11)."""
    meeting, _board = await open_meeting(work, meeting_id)
    agreement = UrgencyAgreement(
        id=work.new_id(),
        meeting_id=meeting.id,
        title=title,
        reason=reason,
        agreed_by=work.actor.sub,
        agreed_at=work.now,
    )
    work.session.add(agreement)
    work.audit("agree_urgency", meeting.id, after={"agreement": agreement.id}, reason=reason)
    return agreement


async def add_item(work: Work, meeting_id: UUID, item: Mapping[str, Any], urgency_agreement: UUID | None) -> AgendaItem:
    """Add an item at the end; after the main pack is out it is late business and joins a supplement (B-11)."""
    meeting, board = await open_meeting(work, meeting_id)
    current = await agenda_of(work.session, meeting_id)
    facts = _facts({**item, "order": len(current.items)})
    faults = check_item(facts, "", imported=False)
    if faults:
        raise Invalid("The item cannot be taken as it stands; see errors.", errors=faults)
    late = await main_pack_of(work.session, meeting_id) is not None
    agreement = None
    if urgency_agreement is not None:
        agreement = (
            await work.session.exec(
                select(UrgencyAgreement).where(
                    UrgencyAgreement.id == urgency_agreement, UrgencyAgreement.meeting_id == meeting_id
                )
            )
        ).one_or_none()
    reason = item.get("urgency_reason") or (agreement.reason if agreement else None)
    check_late(main_pack_out=late, urgency_reason=reason, agreed=agreement is not None)
    made = await _add_item(
        work,
        meeting,
        board,
        {**item, "order": len(current.items), "urgency_reason": reason},
        source=None,
        late=late,
        agreement_id=agreement.id if agreement else None,
    )
    await raise_stamps(work, meeting)
    work.audit("add_item", made.id, after={"late": late}, reason=reason)
    return made


async def change_item(work: Work, item_id: UUID, changes: Mapping[str, Any]) -> AgendaItem:
    """Change an item's open fields. Published versions stay as they went out (B-32)."""
    item = await find_item(work.session, item_id)
    meeting, _ = await open_meeting(work, item.meeting_id)
    await work.session.refresh(item)
    work.if_match(item.version, f"{work.base_url}/v1/meetings/{meeting.id}/agenda/draft")
    fields = {"public_title" if name == "title" else "public_note" if name == "note" else name: value
              for name, value in changes.items()}  # fmt: skip
    check_change(fields)
    before = {name: getattr(item, name) for name in fields}
    for name, value in fields.items():
        setattr(item, name, value)
    if not item.programme_relevant and not item.not_relevant_reason:
        raise Invalid("Say why the item is not relevant to the programme.", pointer="/not_relevant_reason")
    current = await agenda_of(work.session, meeting.id)
    check_pages([(i.page_from, i.page_to) for i in current.items])
    await raise_stamps(work, item, meeting)
    work.audit("change_item", item.id, before=before, after=fields)
    return item


async def publish_agenda_version(
    work: Work, meeting_id: UUID, reason: str | None, stated: datetime | None
) -> AgendaVersion:
    """Publish the agenda as it stands: an immutable version with its public and closed snapshots (B-32)."""
    happened_at = work.happened_at(stated)
    meeting, board = await open_meeting(work, meeting_id)
    agenda = await agenda_of(work.session, meeting_id)
    latest = await latest_version(work.session, meeting_id)
    document = agenda_document(meeting, board, agenda.items, agenda.reports, agenda.restrictions)
    number = latest.number + 1 if latest else 1
    await raise_stamps(work, meeting)
    event = publish_agenda(
        meeting_key(meeting, board),
        number=number,
        reason=reason,
        changed=latest is None or latest.snapshot != document,
        parts=[item.part for item in agenda.items if item.kind != "timetable"],
        happened_at=happened_at,
    )
    version = AgendaVersion(
        id=work.new_id(),
        meeting_id=meeting.id,
        number=number,
        snapshot=document,
        sha256=fingerprint(document),
        reason_for_change=reason,
        published_at=happened_at,
        recorded_at=work.now,
        published_by=work.actor.sub,
    )
    meeting.agenda_state = "published"
    work.session.add_all([version, meeting])
    await work.session.flush()
    await keep_closed_snapshot(work, meeting.id, number)
    await keep_publication(
        work,
        meeting,
        scope="agenda",
        subject_id=version.id,
        number=number,
        happened_at=happened_at,
        stated=stated is not None,
        withheld=withheld_list(agenda.items, agenda.restrictions),
        url=f"{work.base_url}/v1/meetings/{meeting.id}/agenda/publications/{number}",
        sha256=version.sha256,
    )
    await work.record(event)
    work.audit("publish_agenda_version", meeting.id, after={"number": number}, reason=reason)
    return version


async def _add_items(
    work: Work, meeting: Meeting, board: Board, items: Sequence[Mapping[str, Any]], source: str | None
) -> None:
    for item in items:
        await _add_item(work, meeting, board, item, source=source, late=False, agreement_id=None)
    meeting.agenda_state = "draft"
    if source and not meeting.source:
        meeting.source = source
    await raise_stamps(work, meeting)


async def _add_item(
    work: Work,
    meeting: Meeting,
    board: Board,
    item: Mapping[str, Any],
    *,
    source: str | None,
    late: bool,
    agreement_id: UUID | None,
) -> AgendaItem:
    made = AgendaItem(
        id=work.new_id(),
        meeting_id=meeting.id,
        position=item["order"],
        number=item["number"],
        public_title=item["title"],
        public_note=item["note"],
        part=item["part"],
        kind=item["kind"],
        start=item["start"],
        end=item["end"],
        page_from=item["page_from"],
        page_to=item["page_to"],
        programme_relevant=item["programme_relevant"],
        not_relevant_reason=item["not_relevant_reason"],
        urgency_reason=item.get("urgency_reason"),
        urgency_agreement_id=agreement_id,
        late=late,
        # Recording is allowed in the open and barred in Part 2 (B-21).
        recording_allowed=item["part"] == 1,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(made)
    await work.session.flush()
    if item["part"] == 2:
        await _restrict(work, meeting, board, made, item["restriction"], source)
    for fields in item["reports"]:
        state = "approved" if source else "draft"
        await keep_report(work, made, fields, state=state, source=source, late=late)
    return made


async def _restrict(
    work: Work,
    meeting: Meeting,
    board: Board,
    item: AgendaItem,
    restriction: Mapping[str, Any] | None,
    source: str | None,
) -> None:
    given = dict(restriction or {"kind": "confidential"})
    work.session.add(
        Restriction(
            id=work.new_id(),
            agenda_item_id=item.id,
            decided_by=work.actor.sub,
            decided_at=work.now,
            **given,
        )
    )
    if source and not (given.get("code") and given.get("reason")):
        await note_finding(
            work,
            batch=source,
            place=f"agenda of {local_day(meeting).isoformat()}, item {item.number or item.position}",
            kind="restriction_reason_missing",
            source_value=item.public_title,
            same=(str(meeting.id), str(item.position)),
            board_id=board.id,
            meeting_id=meeting.id,
        )


def _check_may_import(work: Work, source: str | None) -> None:
    if source is not None and not work.actor.may("governance:history"):
        raise NotAllowed(
            "An agenda with `source` is taken as already published; that needs governance:history.", pointer="/source"
        )


def _facts(item: Mapping[str, Any]) -> ItemFacts:
    restriction = item["restriction"]
    return ItemFacts(
        order=item["order"],
        number=item["number"],
        part=item["part"],
        kind=item["kind"],
        page_from=item["page_from"],
        page_to=item["page_to"],
        restriction=RestrictionFacts(
            restriction["kind"],
            restriction["code"],
            restriction["regime"],
            restriction["reason"],
            restriction["public_interest_note"],
        )
        if restriction
        else None,
        reports=len(item["reports"]),
    )


def _same_items(current: Agenda, items: Sequence[Mapping[str, Any]]) -> bool:
    def kept(item: AgendaItem) -> tuple[Any, ...]:
        reports = [canonical_json({n: getattr(r, n) for n in REPORT_FIELDS}) for r in current.reports.get(item.id, [])]
        return (
            item.position,
            item.number,
            item.public_title,
            item.public_note,
            item.part,
            item.kind,
            item.start,
            item.end,
            item.page_from,
            item.page_to,
            reports,
        )

    def sent(item: Mapping[str, Any]) -> tuple[Any, ...]:
        reports = [canonical_json({n: r[n] for n in REPORT_FIELDS}) for r in item["reports"]]
        names = ("order", "number", "title", "note", "part", "kind", "start", "end", "page_from", "page_to")
        return (*(item[name] for name in names), reports)

    return [kept(item) for item in current.items] == [sent(item) for item in items]

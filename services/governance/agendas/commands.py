"""What can be done to agendas and papers: draft, add late business, sign off, publish versions and packs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.governance.agendas.documents import (
    REPORT_FIELDS,
    agenda_document,
    fingerprint,
    pack_document,
    page_map,
    withheld_list,
)
from services.governance.agendas.queries import Agenda, agenda_of, find_item, find_report, latest_version, packs_of
from services.governance.agendas.rules import (
    AgendaClosed,
    AgendaExists,
    AgendaNotPublished,
    ClosedItemHasNoOpenPapers,
    ItemFacts,
    MainPackPublished,
    MeetingKey,
    NothingToPublish,
    RestrictionFacts,
    check_item,
    check_items,
    check_late,
    check_report_move,
    publish_agenda,
    publish_papers,
)
from services.governance.agendas.tables import (
    AgendaItem,
    AgendaVersion,
    Pack,
    Report,
    Restriction,
    SignOff,
    UrgencyAgreement,
)
from services.governance.boards.tables import Board
from services.governance.closed.commands import keep_closed_snapshot
from services.governance.deadlines.rules import judge_papers
from services.governance.findings.noting import note_finding
from services.governance.meetings.queries import find_meeting, local_day, main_pack_of, policy_for
from services.governance.meetings.tables import Meeting, Publication
from shared.errors import Invalid, NotAllowed
from shared.events.base import canonical_json
from shared.values import PapersScope
from shared.work import Work, four_eyes


async def draft_agenda(
    work: Work, meeting_id: UUID, items: Sequence[Mapping[str, Any]], source: str | None
) -> tuple[Meeting, bool]:
    """Enter a meeting's agenda. The same agenda again adds nothing (B-44).

    With `source` it is an import of a published one: reports count as approved there, and a closed item may lack its
    reason, which becomes a finding (B-18).

    Returns the meeting, and whether anything was added.
    """
    meeting, board = await _open_meeting(work, meeting_id)
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
    meeting, board = await _open_meeting(work, meeting_id)
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
    meeting, _board = await _open_meeting(work, meeting_id)
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
    meeting, board = await _open_meeting(work, meeting_id)
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
    await _touch(work, meeting)
    work.audit("add_item", made.id, after={"late": late}, reason=reason)
    return made


async def add_report(work: Work, item_id: UUID, fields: Mapping[str, Any]) -> Report:
    """Add an open report under a Part 1 item. After the main pack it follows as a supplement (B-12)."""
    item = await find_item(work.session, item_id)
    meeting, _ = await _open_meeting(work, item.meeting_id)
    if item.part == 2:
        raise ClosedItemHasNoOpenPapers("Send it to /v1/closed/agenda-items/{item}/reports.")
    late = item.late or await main_pack_of(work.session, meeting.id) is not None
    report = await _add_report(work, item, fields, state="draft", source=None, late=late)
    await _touch(work, meeting, item)
    work.audit("add_report", report.id, after={"item": item.id})
    return report


async def change_report(work: Work, report_id: UUID, changes: Mapping[str, Any]) -> Report:
    """Edit a report; an edit after approval sends it back to sign-off and out of packs (domain section 3)."""
    report, item = await find_report(work.session, report_id, lock=True)
    meeting, _ = await _open_meeting(work, item.meeting_id)
    work.if_match(report.version, f"{work.base_url}/v1/reports/{report.id}")
    if report.state in ("withdrawn", "in_pack"):
        check_report_move(report.state, "submitted")
    for name, value in changes.items():
        setattr(report, name, value)
    if report.state == "approved":
        report.state = "submitted"
    report.touch(work.now)
    work.session.add(report)
    await _touch(work, meeting, item)
    work.audit("change_report", report.id, after={"fields": sorted(changes), "state": report.state})
    return report


async def sign_off(work: Work, report_id: UUID, outcome: str, role: str, comment: str | None) -> Report:
    """Submit a report, approve it, ask for changes, or withdraw it. Nobody approves their own (domain section 3)."""
    report, item = await find_report(work.session, report_id, lock=True)
    meeting, _ = await _open_meeting(work, item.meeting_id)
    check_report_move(report.state, outcome)
    if outcome == "approved":
        four_eyes(work.actor, report.created_by)
    report.state = outcome
    report.touch(work.now)
    work.session.add_all(
        [
            report,
            SignOff(
                id=work.new_id(),
                report_id=report.id,
                report_version=report.version,
                by=work.actor.sub,
                outcome=outcome,
                comment=comment,
                at=work.now,
            ),
        ]
    )
    await _touch(work, meeting, item)
    work.audit("sign_off", report.id, after={"state": outcome, "role": role}, reason=comment)
    return report


async def publish_agenda_version(
    work: Work, meeting_id: UUID, reason: str | None, stated: datetime | None
) -> AgendaVersion:
    """Publish the agenda as it stands: an immutable version with its public and closed snapshots (B-32)."""
    happened_at = work.happened_at(stated)
    meeting, board = await _open_meeting(work, meeting_id)
    agenda = await agenda_of(work.session, meeting_id)
    latest = await latest_version(work.session, meeting_id)
    document = agenda_document(meeting, board, agenda.items, agenda.reports, agenda.restrictions)
    number = latest.number + 1 if latest else 1
    await _touch(work, meeting)
    event = publish_agenda(
        _key(meeting, board),
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
    await _publication(
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


async def publish_pack(work: Work, meeting_id: UUID, scope: str, stated: datetime | None) -> Pack:
    """Publish the main pack, or what came late as the next supplement, judged by its own clock (B-3, B-6, B-13)."""
    happened_at = work.happened_at(stated)
    # Papers of a meeting that was held may still be entered: a late publication is a fact, and judged as late.
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if await latest_version(work.session, meeting_id) is None:
        raise AgendaNotPublished("Publish the agenda first; the pack is made of what it lists.")
    agenda = await agenda_of(work.session, meeting_id)
    main = await main_pack_of(work.session, meeting_id)
    if scope == "main_pack":
        if main is not None:
            raise MainPackPublished("Publish what came later as a supplement.")
        items, reports, number = list(agenda.items), agenda.reports, 0
    else:
        if main is None:
            raise NothingToPublish("Publish the main pack first; a supplement adds to it.")
        items, reports = _late_matter(agenda)
        number = max(pack.supplement_no for pack in await packs_of(work.session, meeting_id)) + 1
        if not items:
            raise NothingToPublish("No item or report was added since the last publication.")
    going_out = [report for own in reports.values() for report in own]
    for report in going_out:
        if report.state == "approved":
            report.state, report.supplement_no = "in_pack", number or None
            work.session.add(report)
    for item in items:
        if number and item.late and item.supplement_no is None:
            item.supplement_no = number
            work.session.add(item)
    document = pack_document(meeting, board, scope, number or None, items, reports, agenda.restrictions)
    policy, days = await policy_for(work.session, meeting)
    verdict = judge_papers(happened_at, local_day(meeting), policy.notice, days)
    withheld = withheld_list(items, agenda.restrictions)
    pack_id = work.new_id()
    url = f"{work.base_url}/v1/packs/{pack_id}"
    await _touch(work, meeting)
    event = publish_papers(
        _key(meeting, board),
        scope=PapersScope(scope),
        supplement_no=number or None,
        unapproved=[report.title for report in going_out if report.state != "in_pack"],
        verdict=verdict,
        withheld=len(withheld),
        url=url,
        sha256=fingerprint(document),
        happened_at=happened_at,
    )
    pack = Pack(
        id=pack_id,
        meeting_id=meeting.id,
        scope=scope,
        supplement_no=number,
        document=document,
        page_map=page_map(items),
        sha256=event.sha256,
        published_at=happened_at,
        recorded_at=work.now,
    )
    work.session.add(pack)
    await _publication(
        work,
        meeting,
        scope=scope,
        subject_id=pack.id,
        number=number,
        happened_at=happened_at,
        stated=stated is not None,
        withheld=withheld,
        url=url,
        sha256=pack.sha256,
        policy=policy.snapshot(),
        readings=[reading.model_dump(mode="json") for reading in verdict.readings],
        verdict={
            "clear_days_given": verdict.clear_days_given,
            "clear_working_days_given": verdict.clear_working_days_given,
            "met_literal": verdict.met_literal,
            "met_policy": verdict.met_policy,
            "counting": verdict.counting,
        },
    )
    await work.record(event)
    work.audit("publish_pack", pack.id, after={"scope": scope, "number": number})
    return pack


def _late_matter(agenda: Agenda) -> tuple[list[AgendaItem], dict[UUID, list[Report]]]:
    """Late items not yet in a supplement, and late reports under any item."""
    reports = {
        item.id: [r for r in agenda.reports.get(item.id, []) if r.late and r.supplement_no is None]
        for item in agenda.items
    }
    items = [i for i in agenda.items if (i.late and i.supplement_no is None) or reports[i.id]]
    return items, {item.id: reports[item.id] for item in items}


async def _add_items(
    work: Work, meeting: Meeting, board: Board, items: Sequence[Mapping[str, Any]], source: str | None
) -> None:
    for item in items:
        await _add_item(work, meeting, board, item, source=source, late=False, agreement_id=None)
    meeting.agenda_state = "draft"
    if source and not meeting.source:
        meeting.source = source
    await _touch(work, meeting)


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
        await _add_report(work, made, fields, state=state, source=source, late=late)
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


async def _add_report(
    work: Work, item: AgendaItem, fields: Mapping[str, Any], *, state: str, source: str | None, late: bool
) -> Report:
    taken = (await work.session.exec(select(Report.position).where(Report.agenda_item_id == item.id))).all()
    report = Report(
        id=work.new_id(),
        agenda_item_id=item.id,
        position=max(taken, default=-1) + 1,
        state=state,
        source=source,
        late=late,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **fields,
    )
    work.session.add(report)
    await work.session.flush()
    return report


async def _publication(
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
    policy: dict[str, Any] | None = None,
    readings: list[Any] | None = None,
    verdict: dict[str, Any] | None = None,
) -> None:
    work.session.add(
        Publication(
            id=work.new_id(),
            meeting_id=meeting.id,
            scope=scope,
            subject_id=subject_id,
            number=number,
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


async def _open_meeting(work: Work, meeting_id: UUID) -> tuple[Meeting, Board]:
    """The meeting, locked, where its agenda may still change."""
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if meeting.agenda_state == "closed":
        raise AgendaClosed(f"The meeting is {meeting.state}.", extra={"state": meeting.state})
    return meeting, board


async def _touch(work: Work, meeting: Meeting, item: AgendaItem | None = None) -> None:
    """A change raises the stamps of all parents (B-41)."""
    meeting.touch(work.now)
    work.session.add(meeting)
    if item is not None:
        item.touch(work.now)
        work.session.add(item)
    await work.session.flush()


def _key(meeting: Meeting, board: Board) -> MeetingKey:
    return MeetingKey(meeting.id, meeting.version, board.organisation_id)


def _check_may_import(work: Work, source: str | None) -> None:
    if source is not None and not work.actor.may("governance:history"):
        raise NotAllowed("An agenda with `source` is taken as already published; that needs governance:history.")


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

"""What can be done to minutes: enter, publish, approve; and to actions: report progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.governance.agendas.documents import fingerprint, meeting_face, restriction_face
from services.governance.agendas.tables import AgendaItem, Restriction
from services.governance.boards.tables import Board
from services.governance.deadlines.rules import judge_minutes
from services.governance.findings.noting import note_finding
from services.governance.meetings.queries import find_meeting, local_day, next_meeting, policy_for
from services.governance.meetings.tables import Meeting, Publication
from services.governance.minutes.queries import find_action, latest_of, public_document
from services.governance.minutes.rules import (
    ApprovingMeeting,
    MeetingNotHeld,
    MinutesExist,
    MinutesKey,
    MinutesMoveNotAllowed,
    Owner,
    amend,
    approve_minutes,
    assign_action,
    check_declaration,
    check_minute_item,
    is_decision_without_heading,
    number_gaps,
    owner_of,
    progress_action,
    publish_minutes,
    record_decision,
)
from services.governance.minutes.tables import (
    Action,
    ActionProgress,
    Approval,
    Decision,
    Declaration,
    MinuteItem,
    Minutes,
    NoteAttendance,
)
from services.governance.people.queries import known_people
from services.governance.people.rules import KnownPerson, match_name
from shared.errors import Invalid, NotFound
from shared.events.base import Event
from shared.work import Work

ActionState = Literal["open", "in_progress", "done", "carried", "dropped"]


async def enter_minutes(work: Work, meeting_id: UUID, note: Mapping[str, Any]) -> tuple[Minutes, bool]:
    """Enter a note as draft minutes. The same note again adds nothing (B-44). Returns them, and if they are new."""
    meeting, board = await _held_meeting(work, meeting_id)
    _check(note)
    sha256 = fingerprint(note)
    latest = await latest_of(work.session, meeting_id, lock=True)
    if latest is not None:
        first = (
            await work.session.exec(select(Minutes).where(Minutes.meeting_id == meeting_id, Minutes.number == 1))
        ).one()
        if first.source_sha256 == sha256:
            return latest, False
        raise MinutesExist(
            f"They are {latest.state}; change a draft with PUT, and published minutes by an approval with amendments.",
            extra={"state": latest.state},
        )
    minutes = Minutes(
        id=work.new_id(),
        meeting_id=meeting.id,
        number=1,
        state="draft",
        content={},
        source=note.get("source"),
        source_sha256=sha256,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    await _fill(work, meeting, board, minutes, note)
    work.audit("enter_minutes", meeting.id, after={"sha256": sha256, "items": len(note["items"])})
    return minutes, True


async def replace_minutes(work: Work, meeting_id: UUID, note: Mapping[str, Any]) -> Minutes:
    """Replace draft minutes as a whole; nothing of a draft was public, so nothing remains of it."""
    meeting, board = await _held_meeting(work, meeting_id)
    minutes = await latest_of(work.session, meeting_id, lock=True)
    if minutes is None:
        raise NotFound("The meeting has no minutes; enter them with POST.")
    work.if_match(minutes.version, f"{work.base_url}/v1/meetings/{meeting_id}/minutes/draft")
    if minutes.state != "draft":
        raise MinutesMoveNotAllowed(
            f"The minutes are {minutes.state}; only a draft is replaced.", extra={"state": minutes.state}
        )
    _check(note)
    for table, column in (
        (Decision, Decision.meeting_id),
        (Action, Action.meeting_id),
        (MinuteItem, MinuteItem.meeting_id),
        (Declaration, Declaration.meeting_id),
        (NoteAttendance, NoteAttendance.meeting_id),
    ):
        await work.session.exec(delete(table).where(col(column) == meeting_id))
    minutes.source_sha256 = fingerprint(note)
    minutes.touch(work.now)
    await _fill(work, meeting, board, minutes, note)
    work.audit("replace_minutes", meeting.id, after={"items": len(note["items"])})
    return minutes


async def publish_draft(work: Work, meeting_id: UUID, stated: datetime | None) -> Minutes:
    """Publish draft minutes, labelled; decisions and actions become public with them (B-8, B-35)."""
    happened_at = work.happened_at(stated)
    meeting, board = await _held_meeting(work, meeting_id)
    minutes = await latest_of(work.session, meeting_id, lock=True)
    if minutes is None:
        raise NotFound("The meeting has no minutes; enter them first.")
    await _publish(work, meeting, board, minutes, happened_at, stated is not None, approved=False)
    minutes.state = "published_draft"
    minutes.published_at = happened_at
    minutes.touch(work.now)
    work.session.add(minutes)
    await _announce_registers(work, meeting, board, happened_at)
    work.audit("publish_draft", meeting.id, after={"version": minutes.number})
    return minutes


async def approve(
    work: Work,
    meeting_id: UUID,
    *,
    approving_id: UUID,
    item: str,
    outcome: str,
    amendments: Sequence[Mapping[str, Any]],
    signed_by: str | None,
    stated: datetime | None,
) -> Minutes:
    """A later meeting approves; amendments make a new version, the old one stays readable as superseded (B-35)."""
    happened_at = work.happened_at(stated)
    meeting, board = await _held_meeting(work, meeting_id)
    approving, _ = await find_meeting(work.session, approving_id)
    minutes = await latest_of(work.session, meeting_id, lock=True)
    if minutes is None:
        raise NotFound("The meeting has no minutes.")
    policy, _ = await policy_for(work.session, approving)
    number = minutes.number + 1 if amendments else minutes.number
    await _touch(work, meeting)
    event = approve_minutes(
        _key(meeting, board),
        state=minutes.state,
        minutes_version=number,
        minuted=ApprovingMeeting(meeting.id, meeting.board_id, meeting.state, meeting.start),
        approving=ApprovingMeeting(approving.id, approving.board_id, approving.state, approving.start),
        same_meeting_allowed=policy.approve_at_same_meeting,
        amendments=len(amendments),
        happened_at=happened_at,
    )
    approved = minutes
    if amendments:
        approved = Minutes(
            id=work.new_id(),
            meeting_id=meeting.id,
            number=number,
            state="draft",
            content=amend(minutes.content, amendments),
            source=minutes.source,
            source_sha256=minutes.source_sha256,
            created_at=work.now,
            modified_at=work.now,
            created_by=work.actor.sub,
        )
        minutes.state = "superseded"
        minutes.touch(work.now)
        work.session.add(minutes)
    approved.state = "approved"
    approved.approved_at = happened_at
    approved.published_at = approved.published_at or happened_at
    if not amendments:
        approved.touch(work.now)
    work.session.add(approved)
    await work.session.flush()
    work.session.add(
        Approval(
            id=work.new_id(),
            meeting_id=meeting.id,
            minutes_id=approved.id,
            approving_meeting_id=approving.id,
            item=item,
            outcome=outcome,
            amendments=[dict(amendment) for amendment in amendments],
            signed_by=signed_by,
            happened_at=happened_at,
            recorded_at=work.now,
        )
    )
    await work.record(event)
    await _publish(work, meeting, board, approved, happened_at, stated is not None, approved=True)
    work.audit("approve_minutes", meeting.id, after={"version": number, "amendments": len(amendments), "item": item})
    return approved


async def add_progress(
    work: Work,
    action_id: UUID,
    *,
    to: ActionState,
    text: str,
    carried_to: UUID | None,
    stated: datetime | None,
) -> Action:
    """Report what became of an action or commitment (B-38)."""
    happened_at = work.happened_at(stated)
    action = await find_action(work.session, action_id)
    meeting, board = await find_meeting(work.session, action.meeting_id, lock=True)
    action = await find_action(work.session, action_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if carried_to is not None:
        other, _ = await find_meeting(work.session, carried_to)
        if other.board_id != board.id or other.start <= meeting.start or other.state == "cancelled":
            raise Invalid("Carry it to a later meeting of the same board that takes place.", pointer="/carried_to")
    action.touch(work.now)
    event = progress_action(
        _key(meeting, board),
        action_id=action.id,
        version=action.version,
        state=action.state,
        to=to,
        carried_to=carried_to,
        reason=text,
        is_clerk=work.actor.may("governance:clerk"),
    )
    action.state = to
    if carried_to is not None:
        action.carried_to_meeting_id = action.due_meeting_id = carried_to
    work.session.add_all(
        [
            action,
            ActionProgress(
                id=work.new_id(),
                action_id=action.id,
                text=text,
                state=to,
                carried_to_meeting_id=carried_to,
                by=work.actor.sub,
                happened_at=happened_at,
                recorded_at=work.now,
            ),
        ]
    )
    await _touch_item(work, action.minute_item_id)
    await _touch(work, meeting)
    await work.record(event)
    work.audit("add_progress", action.id, after={"state": to})
    return action


async def declare(work: Work, meeting_id: UUID, fields: Mapping[str, Any]) -> Declaration:
    """Enter a declaration of interest (B-30)."""
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    faults = check_declaration(fields["sensitive"], fields["nature"], "")
    if faults:
        raise Invalid("The declaration cannot be taken as it stands; see errors.", errors=faults)
    declaration = await _declaration(work, meeting, fields, await known_people(work.session))
    await _touch(work, meeting)
    work.audit("declare", declaration.id, after={"type": declaration.type, "sensitive": declaration.sensitive})
    return declaration


async def settle_note_name(work: Work, printed: str, person_id: UUID) -> None:
    """A person confirmed whom a printed name means: notes and declarations that wait for it follow (B-43)."""
    for row in (
        await work.session.exec(
            select(NoteAttendance).where(
                NoteAttendance.name_printed == printed,
                col(NoteAttendance.person_id).is_(None),
                NoteAttendance.part != "officer",
            )
        )
    ).all():
        row.person_id = person_id
        work.session.add(row)
    for declaration in (
        await work.session.exec(
            select(Declaration).where(Declaration.person_printed == printed, col(Declaration.person_id).is_(None))
        )
    ).all():
        declaration.person_id = person_id
        declaration.touch(work.now)
        work.session.add(declaration)
    await work.session.flush()


async def _fill(work: Work, meeting: Meeting, board: Board, minutes: Minutes, note: Mapping[str, Any]) -> None:
    """Write a note's rows, its public content and its findings."""
    batch = note.get("source") or f"note of {local_day(meeting).isoformat()}"
    known = await known_people(work.session)
    minutes.content = {
        "attendance": note["attendance"],
        "declarations": [
            {
                name: d[name]
                for name in ("person", "items", "type", "nature", "sensitive", "action_taken", "dispensation")
            }
            for d in note["declarations"]
        ],
        "items": [],
        "amendments": [],
    }
    work.session.add(minutes)
    await work.session.flush()
    await _attendance(work, meeting, board, batch, note["attendance"], known)
    for declared in note["declarations"]:
        await _declaration(work, meeting, declared, known)
        if declared["action_taken"] == "not_recorded":
            await _note(work, meeting, board, batch, "declaration_action_missing", "declarations", declared["person"])
    following = await next_meeting(work.session, board.id, meeting.start)
    agenda = {
        item.number: item
        for item in (await work.session.exec(select(AgendaItem).where(AgendaItem.meeting_id == meeting.id))).all()
        if item.number
    }
    shown = []
    for position, item in enumerate(note["items"]):
        listed = agenda.get(item["number"]) if item["number"] else None
        row = await _minute_item(work, meeting, position, item, listed)
        actions = await _registers(work, meeting, board, row, item, following, known)
        shown.append(
            {name: item[name] for name in ("number", "title", "part", "introduced_by", "guests", "points", "text")}
            | {
                "id": str(row.id),
                "order": position,
                "public": row.part == 1,
                "public_summary": row.public_summary,
                "urgency_reason": row.urgency_reason,
                "programme_relevant": row.programme_relevant,
                "decisions": item["decisions"],
                "actions": [a for a in actions if a["kind"] == "action"],
                "commitments": [a for a in actions if a["kind"] == "commitment"],
                "approval": item["approval"],
            }
        )
        if is_decision_without_heading(item["text"], len(item["decisions"]), approval=item["approval"] is not None):
            place = f"item {item['number'] or position}"
            await _note(work, meeting, board, batch, "decision_without_heading", place, item["text"])
    gaps = number_gaps([item["number"] for item in note["items"]])
    if gaps:
        await _note(work, meeting, board, batch, "number_gap", "item numbers", "; ".join(gaps))
    minutes.content = minutes.content | {"items": shown}
    work.session.add(minutes)
    await _touch(work, meeting)


async def _minute_item(
    work: Work, meeting: Meeting, position: int, item: Mapping[str, Any], listed: AgendaItem | None
) -> MinuteItem:
    row = MinuteItem(
        id=work.new_id(),
        meeting_id=meeting.id,
        agenda_item_id=listed.id if listed else None,
        position=position,
        number=item["number"],
        title=item["title"],
        part=item["part"],
        programme_relevant=listed.programme_relevant if listed else True,
        introduced_by=item["introduced_by"],
        guests=item["guests"],
        points=item["points"],
        text=item["text"],
        public_summary=item["public_summary"],
        # The reason for urgency stands in the minutes, as the Act asks (B-11).
        urgency_reason=listed.urgency_reason if listed else None,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def _registers(
    work: Work,
    meeting: Meeting,
    board: Board,
    row: MinuteItem,
    item: Mapping[str, Any],
    following: Meeting | None,
    known: Sequence[KnownPerson],
) -> list[dict[str, Any]]:
    """Decisions, actions and commitments of an item, each in its own register (B-36, B-38)."""
    kept: dict[str, Any] = {"created_at": work.now, "modified_at": work.now, "created_by": work.actor.sub}
    for decision in item["decisions"]:
        work.session.add(
            Decision(
                id=work.new_id(), minute_item_id=row.id, meeting_id=meeting.id, board_id=board.id, **decision, **kept
            )
        )
    shown = []
    listed = [("action", a) for a in item["actions"]] + [("commitment", c) for c in item["commitments"]]
    for kind, entry in listed:
        owner = owner_of(entry.get("owner_printed"), entry.get("owner_person"))
        person = match_name(entry["owner_person"], known).person_id if entry.get("owner_person") else None
        next_due = entry.get("due") == "next meeting" and following is not None
        action = Action(
            id=work.new_id(),
            minute_item_id=row.id,
            meeting_id=meeting.id,
            board_id=board.id,
            n=entry["n"],
            kind=kind,
            text=entry["text"],
            owner_kind=owner.kind,
            owner_text=entry.get("owner_person") or entry.get("owner_printed"),
            owner_person_id=person,
            owner_missing=owner.missing,
            due_date=date.fromisoformat(entry["due_date"]) if entry.get("due_date") else None,
            due_meeting_id=following.id if next_due and following else None,
            due_text=entry.get("due"),
            **kept,
        )
        work.session.add(action)
        shown.append(
            {
                "id": str(action.id),
                "n": action.n,
                "kind": kind,
                "text": action.text,
                "owner": action.owner_text,
                "owner_missing": action.owner_missing,
                "due": action.due_date.isoformat() if action.due_date else action.due_text,
            }
        )
    await work.session.flush()
    return shown


async def _attendance(
    work: Work, meeting: Meeting, board: Board, batch: str, attendance: Mapping[str, Any], known: Sequence[KnownPerson]
) -> None:
    """Names of the note as printed; what is known is attached, what is near is proposed (B-43)."""
    rows = [("present", p["name"], p["role"], p["authority"]) for p in attendance["present"]]
    rows += [("present", name, None, None) for name in attendance["names_printed"]]
    rows += [("apologies", p["name"], p["role"], p["authority"]) for p in attendance["apologies"]]
    rows += [("in_attendance", p["name"], p["role"], p["authority"]) for p in attendance["in_attendance"]]
    rows += [("officer", name, None, group["body"]) for group in attendance["officers"] for name in group["names"]]
    for position, (part, name, role, authority) in enumerate(rows):
        person_id = None
        if part != "officer":
            match = match_name(name, known)
            person_id = match.person_id
            if person_id is None and match.proposals:
                await note_finding(
                    work,
                    batch=batch,
                    place=f"attendance of {local_day(meeting).isoformat()}",
                    kind=match.proposals[0].kind,
                    source_value=name,
                    same=("name", name),
                    board_id=board.id,
                    meeting_id=meeting.id,
                    proposal={"persons": [{"person_id": str(p.person_id), "name": p.name} for p in match.proposals]},
                )
            elif person_id is None and part != "in_attendance":
                await _note(work, meeting, board, batch, "name_unknown", "attendance", name)
        work.session.add(
            NoteAttendance(
                id=work.new_id(),
                meeting_id=meeting.id,
                position=position,
                part=part,
                name_printed=name,
                role_printed=role,
                authority_printed=authority,
                person_id=person_id,
            )
        )
    await work.session.flush()


async def _declaration(
    work: Work, meeting: Meeting, fields: Mapping[str, Any], known: Sequence[KnownPerson]
) -> Declaration:
    declaration = Declaration(
        id=work.new_id(),
        meeting_id=meeting.id,
        person_id=match_name(fields["person"], known).person_id,
        person_printed=fields["person"],
        items=fields["items"],
        type=fields["type"],
        nature=fields["nature"],
        sensitive=fields["sensitive"],
        action_taken=fields["action_taken"],
        dispensation=fields["dispensation"],
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(declaration)
    await work.session.flush()
    return declaration


async def _publish(
    work: Work, meeting: Meeting, board: Board, minutes: Minutes, happened_at: datetime, stated: bool, *, approved: bool
) -> None:
    policy, days = await policy_for(work.session, meeting)
    document = public_document(minutes, meeting_face(meeting, board), named=policy.named_attendance_public)
    withheld = await _withheld(work, meeting)
    verdict = judge_minutes(
        happened_at,
        local_day(meeting),
        policy.notice,
        days,
        is_draft=not approved,
        draft_satisfies=policy.draft_minutes_satisfy,
    )
    await _touch(work, meeting)
    url = f"{work.base_url}/v1/meetings/{meeting.id}/minutes/versions/{minutes.number}"
    event = publish_minutes(
        _key(meeting, board),
        minutes_version=minutes.number,
        state=minutes.state,
        approved=approved,
        verdict=verdict,
        withheld=len(withheld),
        url=url,
        sha256=fingerprint(document),
        happened_at=happened_at,
        held_at=meeting.start,
    )
    work.session.add(
        Publication(
            id=work.new_id(),
            meeting_id=meeting.id,
            scope="minutes",
            subject_id=minutes.id,
            number=minutes.number,
            state=event.state,
            happened_at=happened_at,
            recorded_at=work.now,
            stated=stated,
            policy=policy.snapshot(),
            readings=[reading.model_dump(mode="json") for reading in verdict.readings],
            verdict={"due_on": verdict.due_on.isoformat(), "met": verdict.met},
            withheld=withheld,
            url=url,
            sha256=event.sha256,
            published_by=work.actor.sub,
        )
    )
    await work.session.flush()
    await work.record(event)


async def _withheld(work: Work, meeting: Meeting) -> list[dict[str, Any]]:
    """Part 2 items of the minutes, listed with the code and reason of their restriction (B-7)."""
    rows = (
        await work.session.exec(
            select(MinuteItem, Restriction)
            .join(Restriction, col(Restriction.agenda_item_id) == MinuteItem.agenda_item_id, isouter=True)
            .where(MinuteItem.meeting_id == meeting.id, MinuteItem.part == 2)
            .order_by(col(MinuteItem.position))
        )
    ).all()
    return [{"number": item.number, "title": item.title} | restriction_face(restriction) for item, restriction in rows]


async def _announce_registers(work: Work, meeting: Meeting, board: Board, happened_at: datetime) -> None:
    """Public decisions and actions become facts when their minutes are published, not before."""
    key = _key(meeting, board)
    items = {
        item.id: item
        for item in (await work.session.exec(select(MinuteItem).where(MinuteItem.meeting_id == meeting.id))).all()
    }
    events: list[Event] = []
    decisions = (
        await work.session.exec(
            select(Decision)
            .where(Decision.meeting_id == meeting.id)
            .order_by(col(Decision.created_at), col(Decision.id))
        )
    ).all()
    for decision in decisions:
        item = items[decision.minute_item_id]
        decision.published_at = happened_at
        work.session.add(decision)
        events.append(
            record_decision(
                key,
                decision_id=decision.id,
                item=item.number,
                category=decision.category,
                programme_relevant=board.under_grant_duty and item.programme_relevant,
            )
        )
    actions = (
        await work.session.exec(
            select(Action).where(Action.meeting_id == meeting.id).order_by(col(Action.created_at), col(Action.id))
        )
    ).all()
    for action in actions:
        action.published_at = happened_at
        work.session.add(action)
        events.append(
            assign_action(
                key,
                action_id=action.id,
                version=action.version,
                kind=action.kind,  # type: ignore[arg-type]
                owner=Owner(action.owner_kind, action.owner_missing),  # type: ignore[arg-type]
                due_date=action.due_date,
                due_meeting_id=action.due_meeting_id,
            )
        )
    await work.session.flush()
    await work.record(*events)


async def _held_meeting(work: Work, meeting_id: UUID) -> tuple[Meeting, Board]:
    meeting, board = await find_meeting(work.session, meeting_id, lock=True)
    work.may_write_for(board.organisation_slug)
    if meeting.state != "held":
        raise MeetingNotHeld(
            f"The meeting is {meeting.state}; record it as held first.", extra={"state": meeting.state}
        )
    return meeting, board


def _check(note: Mapping[str, Any]) -> None:
    faults = []
    for index, item in enumerate(note["items"]):
        closed_matter = len(item["decisions"]) + len(item["actions"]) + len(item["commitments"]) + bool(item["text"])
        faults += check_minute_item(item["part"], closed_matter, item["public_summary"], f"/items/{index}")
    for index, declared in enumerate(note["declarations"]):
        faults += check_declaration(declared["sensitive"], declared["nature"], f"/declarations/{index}")
    if faults:
        raise Invalid("The minutes cannot be taken as they stand; see errors.", errors=faults)


async def _note(work: Work, meeting: Meeting, board: Board, batch: str, kind: str, place: str, value: str) -> None:
    await note_finding(
        work,
        batch=batch,
        place=f"note of {local_day(meeting).isoformat()}, {place}",
        kind=kind,
        source_value=value,
        same=(str(meeting.id), place, value),
        board_id=board.id,
        meeting_id=meeting.id,
    )


async def _touch(work: Work, meeting: Meeting) -> None:
    meeting.touch(work.now)
    work.session.add(meeting)
    await work.session.flush()


async def _touch_item(work: Work, minute_item_id: UUID) -> None:
    item = (await work.session.exec(select(MinuteItem).where(MinuteItem.id == minute_item_id))).one()
    item.touch(work.now)
    work.session.add(item)


def _key(meeting: Meeting, board: Board) -> MinutesKey:
    return MinutesKey(meeting.id, meeting.version, board.organisation_id)

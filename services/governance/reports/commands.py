"""What can be done to an open report: add, change, sign off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.governance.agendas.queries import find_item
from services.governance.agendas.standing import open_meeting
from services.governance.agendas.tables import AgendaItem
from services.governance.meetings.queries import main_pack_of
from services.governance.meetings.stamps import raise_stamps
from services.governance.reports.queries import find_report
from services.governance.reports.rules import ClosedItemHasNoOpenPapers, check_report_move
from services.governance.reports.tables import Report, SignOff
from shared.work import Work, four_eyes


async def add_report(work: Work, item_id: UUID, fields: Mapping[str, Any]) -> Report:
    """Add an open report under a Part 1 item. After the main pack it follows as a supplement (B-12)."""
    item = await find_item(work.session, item_id)
    meeting, _ = await open_meeting(work, item.meeting_id)
    if item.part == 2:
        raise ClosedItemHasNoOpenPapers("Send it to /v1/closed/agenda-items/{item}/reports.")
    late = item.late or await main_pack_of(work.session, meeting.id) is not None
    report = await keep_report(work, item, fields, state="draft", source=None, late=late)
    await raise_stamps(work, meeting, item)
    work.audit("add_report", report.id, after={"item": item.id})
    return report


async def change_report(work: Work, report_id: UUID, changes: Mapping[str, Any]) -> Report:
    """Edit a report; an edit after approval sends it back to sign-off and out of packs (domain section 3)."""
    report, item = await find_report(work.session, report_id, lock=True)
    meeting, _ = await open_meeting(work, item.meeting_id)
    work.if_match(report.version, f"{work.base_url}/v1/reports/{report.id}")
    if report.state in ("withdrawn", "in_pack"):
        check_report_move(report.state, "submitted")
    for name, value in changes.items():
        setattr(report, name, value)
    if report.state == "approved":
        report.state = "submitted"
    if work.actor.sub not in report.editors:
        report.editors = [*report.editors, work.actor.sub]
    report.touch(work.now)
    work.session.add(report)
    await raise_stamps(work, meeting, item)
    work.audit("change_report", report.id, after={"fields": sorted(changes), "state": report.state})
    return report


async def sign_off(work: Work, report_id: UUID, outcome: str, role: str, comment: str | None) -> Report:
    """Submit a report, approve it, ask for changes, or withdraw it. Nobody approves their own (domain section 3)."""
    report, item = await find_report(work.session, report_id, lock=True)
    meeting, _ = await open_meeting(work, item.meeting_id)
    check_report_move(report.state, outcome)
    if outcome == "approved":
        for editor in report.editors:
            four_eyes(work.actor, editor)
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
    await raise_stamps(work, meeting, item)
    work.audit("sign_off", report.id, after={"state": outcome, "role": role}, reason=comment)
    return report


async def keep_report(
    work: Work, item: AgendaItem, fields: Mapping[str, Any], *, state: str, source: str | None, late: bool
) -> Report:
    """Store a report as the item's last."""
    taken = (await work.session.exec(select(Report.position).where(Report.agenda_item_id == item.id))).all()
    report = Report(
        id=work.new_id(),
        agenda_item_id=item.id,
        position=max(taken, default=-1) + 1,
        state=state,
        source=source,
        late=late,
        editors=[work.actor.sub],
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **fields,
    )
    work.session.add(report)
    await work.session.flush()
    return report

"""Publishing papers: the main pack, or what came late as the next supplement."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.governance.agendas.documents import fingerprint, withheld_list
from services.governance.agendas.queries import Agenda, agenda_of, latest_version
from services.governance.agendas.rules import (
    AgendaNotPublished,
    NothingToPublish,
)
from services.governance.agendas.tables import AgendaItem
from services.governance.deadlines.rules import judge_papers
from services.governance.meetings.publishing import keep_publication
from services.governance.meetings.queries import find_meeting, local_day, main_pack_of, meeting_key, policy_for
from services.governance.meetings.stamps import raise_stamps
from services.governance.packs.documents import pack_document, page_map
from services.governance.packs.queries import packs_of
from services.governance.packs.rules import MainPackPublished, publish_papers
from services.governance.packs.tables import Pack
from services.governance.reports.tables import Report
from shared.values import PapersScope
from shared.work import Work


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
            report.state, report.supplement_no, report.published_at = "in_pack", number or None, happened_at
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
    await raise_stamps(work, meeting)
    event = publish_papers(
        meeting_key(meeting, board),
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
    await keep_publication(
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

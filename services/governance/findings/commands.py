"""What a person does with a finding: accept what is proposed, or dismiss it (B-43 to B-45)."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlmodel import select

from services.governance.boards.queries import get_board
from services.governance.findings.noting import NAME_KINDS
from services.governance.findings.tables import ImportFinding
from services.governance.minutes.notes import settle_note_name
from services.governance.people.commands import add_alias, person_as_printed
from services.governance.registers.commands import attach_column, attach_person
from shared.errors import Conflict, Invalid, NotFound
from shared.work import Work

ALIAS_KIND = {"name_variant": "spelling", "scan_fault": "spelling", "title_variant": "title"}


class FindingResolved(Conflict):
    code = "finding_resolved"
    title = "Somebody resolved it already"


async def resolve_finding(
    work: Work,
    finding_id: UUID,
    outcome: Literal["accepted", "dismissed"],
    *,
    person_id: UUID | None = None,
    meeting_id: UUID | None = None,
) -> ImportFinding:
    """Accept or dismiss. The source value stays as it is; what was chosen is kept beside it (B-44).

    A name: accepted, the printed text becomes an alias and what waits for it attaches; dismissed, it is a person of
    their own. Either way it is settled for every board, so a token limited to some organisations may not. A column's
    date: accepted, its cells attach to the meeting; dismissed, they stay unattached. Of other kinds the outcome alone
    is kept.
    """
    finding = (
        await work.session.exec(select(ImportFinding).where(ImportFinding.id == finding_id).with_for_update())
    ).one_or_none()
    if finding is None:
        raise NotFound("No finding has this id.")
    settles_a_name = finding.kind in NAME_KINDS or (finding.kind, outcome) == ("name_unknown", "accepted")
    if finding.board_id is None or settles_a_name:
        work.may_write_for_all()
    else:
        board = await get_board(work.session, finding.board_id)
        work.may_write_for(board.organisation_slug)
    if finding.state != "open":
        raise FindingResolved(f"It was {finding.state}.", extra={"state": finding.state})
    chosen: dict[str, Any] | None = None
    if finding.kind in NAME_KINDS:
        chosen = await _resolve_name(work, finding, outcome, person_id)
    elif finding.kind == "name_unknown" and outcome == "accepted":
        if person_id is None:
            raise Invalid("Name the person it means, or dismiss it.", pointer="/person_id")
        chosen = await _resolve_name(work, finding, outcome, person_id)
    elif finding.kind in ("date_mismatch", "meeting_ambiguous", "future_column") and outcome == "accepted":
        chosen = await _resolve_column(work, finding, meeting_id)
    finding.state = outcome
    finding.chosen_value = chosen
    finding.resolved_by = work.actor.sub
    finding.resolved_at = work.now
    finding.touch(work.now)
    work.session.add(finding)
    work.audit("resolve_finding", finding.id, after={"outcome": outcome, "kind": finding.kind, "chosen": chosen})
    return finding


async def _resolve_name(
    work: Work, finding: ImportFinding, outcome: str, person_id: UUID | None
) -> dict[str, Any] | None:
    printed = finding.source_value
    await work.lock("persons")
    if outcome == "accepted":
        proposed = [UUID(p["person_id"]) for p in (finding.proposal or {}).get("persons", [])]
        if person_id is None:
            if len(proposed) != 1:
                raise Invalid("Several persons fit; name one.", pointer="/person_id")
            person_id = proposed[0]
        await add_alias(work, person_id, printed, ALIAS_KIND.get(finding.kind, "spelling"), f"finding {finding.id}")
    else:
        person_id = (await person_as_printed(work, printed)).id
    await attach_person(work, printed, person_id)
    await settle_note_name(work, printed, person_id)
    return {"person_id": str(person_id)}


async def _resolve_column(work: Work, finding: ImportFinding, meeting_id: UUID | None) -> dict[str, Any]:
    proposal = finding.proposal or {}
    if meeting_id is None:
        meetings = [UUID(m["meeting_id"]) for m in proposal.get("meetings", [])]
        if len(meetings) != 1:
            raise Invalid("Name the meeting this column stands for.", pointer="/meeting_id")
        meeting_id = meetings[0]
    assert finding.board_id is not None
    await attach_column(work, finding.board_id, proposal["year"], date.fromisoformat(proposal["column"]), meeting_id)
    return {"meeting_id": str(meeting_id)}

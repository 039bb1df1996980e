"""What can be done to boards, rule sets and closed days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.boards.queries import find_board, find_organisation
from services.governance.boards.rules import (
    BoardExists,
    ClosedDayExists,
    OrganisationUnknown,
    Validity,
    check_rule_set,
    check_year_start,
)
from services.governance.boards.tables import Authority, Board, ClosedDay, PoliticalGroup, RuleSet
from services.governance.meetings.commands import recompute_readings
from shared.errors import Invalid, NotFound
from shared.texts import folded
from shared.work import Work


async def create_board(work: Work, slug: str, organisation: str, fields: Mapping[str, Any], year_start: str) -> Board:
    """A board of an organisation that grants has announced."""
    owner = await find_organisation(work.session, organisation)
    if owner is None:
        raise OrganisationUnknown(
            "Register the organisation with the grants service; its event brings it here. If you did, try again.",
            pointer="/organisation",
        )
    work.may_write_for(owner.slug)
    await work.lock("board", slug)
    known = (await work.session.exec(select(Board).where(Board.slug == slug))).one_or_none()
    if known is not None:
        raise BoardExists(
            "Use the board that is there, or choose another slug.",
            pointer="/slug",
            extra={"board": f"{work.base_url}/v1/boards/{known.slug}"},
        )
    month, day = _month_day(year_start)
    board = Board(
        id=work.new_id(),
        slug=slug,
        organisation_id=owner.organisation_id,
        organisation_slug=owner.slug,
        meeting_year_month=month,
        meeting_year_day=day,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **fields,
    )
    work.session.add(board)
    work.audit("create_board", board.id, after={"slug": slug, "organisation": organisation, **fields})
    return board


async def change_board(work: Work, reference: str, changes: Mapping[str, Any], year_start: str | None) -> Board:
    """Change what a board is called, who clerks it, whether the duty binds it, and when its year starts."""
    board = await find_board(work.session, reference, lock=True)
    work.may_write_for(board.organisation_slug)
    work.if_match(board.version, f"{work.base_url}/v1/boards/{board.slug}")
    before = {name: getattr(board, name) for name in changes}
    for name, value in changes.items():
        setattr(board, name, value)
    if year_start is not None:
        board.meeting_year_month, board.meeting_year_day = _month_day(year_start)
    board.touch(work.now)
    work.session.add(board)
    work.audit("change_board", board.id, before=before, after=dict(changes))
    return board


async def add_rule_set(work: Work, reference: str, fields: Mapping[str, Any]) -> RuleSet:
    """Put rules in force from a day; deadlines of meetings not yet held follow them (B-5)."""
    board = await find_board(work.session, reference, lock=True)
    work.may_write_for(board.organisation_slug)
    others = (await work.session.exec(select(RuleSet).where(RuleSet.board_id == board.id))).all()
    check_rule_set(
        Validity(fields["valid_from"], fields["valid_to"]), [Validity(o.valid_from, o.valid_to) for o in others]
    )
    rules = RuleSet(
        id=work.new_id(),
        board_id=board.id,
        created_at=work.now,
        modified_at=work.now,
        created_by=work.actor.sub,
        **fields,
    )
    work.session.add(rules)
    await work.session.flush()
    await recompute_readings(work, board_id=board.id)
    work.audit("add_rule_set", rules.id, after=dict(fields))
    return rules


async def end_rule_set(work: Work, rule_set_id: UUID, valid_to: date) -> RuleSet:
    """Let a rule set end on a day, so that another may follow."""
    rules = (await work.session.exec(select(RuleSet).where(RuleSet.id == rule_set_id).with_for_update())).one_or_none()
    if rules is None:
        raise NotFound("No rule set has this id.")
    board = await find_board(work.session, str(rules.board_id), lock=True)
    work.may_write_for(board.organisation_slug)
    work.if_match(rules.version, f"{work.base_url}/v1/rule-sets/{rules.id}")
    others = (await work.session.exec(select(RuleSet).where(RuleSet.board_id == board.id))).all()
    check_rule_set(
        Validity(rules.valid_from, valid_to),
        [Validity(o.valid_from, o.valid_to) for o in others if o.id != rules.id],
    )
    before = rules.valid_to
    rules.valid_to = valid_to
    rules.touch(work.now)
    work.session.add(rules)
    await work.session.flush()
    await recompute_readings(work, board_id=board.id)
    work.audit("end_rule_set", rules.id, before={"valid_to": before}, after={"valid_to": valid_to})
    return rules


async def add_closed_day(work: Work, day: date, name: str, effect: str, source: str) -> ClosedDay:
    """Add or take away a holiday; deadlines of meetings not yet held follow, recorded verdicts stand (B-5)."""
    await work.lock("closed-day", day.isoformat())
    known = (await work.session.exec(select(ClosedDay).where(ClosedDay.day == day))).one_or_none()
    if known is not None:
        raise ClosedDayExists(f"{day.isoformat()} is listed as: {known.name} ({known.effect}).", pointer="/day")
    closed = ClosedDay(
        id=work.new_id(),
        day=day,
        name=name,
        effect=effect,
        source=source,
        entered_by=work.actor.sub,
        entered_at=work.now,
    )
    work.session.add(closed)
    await work.session.flush()
    await recompute_readings(work)
    work.audit("add_closed_day", closed.id, after={"day": day, "name": name, "effect": effect})
    return closed


async def settle_group(session: AsyncSession, work: Work, printed: str) -> PoliticalGroup:
    """The group of a printed name, by its one spelling, capitals aside; made where it is new."""
    await work.lock("group", folded(printed))
    groups = (await session.exec(select(PoliticalGroup))).all()
    for group in groups:
        if folded(printed) == folded(group.name):
            return group
    group = PoliticalGroup(id=work.new_id(), name=printed)
    session.add(group)
    await session.flush()
    return group


async def settle_authority(session: AsyncSession, work: Work, printed: str) -> Authority:
    """The authority of a printed name; made where it is new."""
    await work.lock("authority", folded(printed))
    for known in (await session.exec(select(Authority).order_by(col(Authority.name)))).all():
        if folded(printed) == folded(known.name):
            return known
    found = Authority(id=work.new_id(), name=printed)
    session.add(found)
    await session.flush()
    return found


def _month_day(text: str) -> tuple[int, int]:
    try:
        month, day = (int(part) for part in text.split("-"))
    except ValueError as error:
        raise Invalid("Write month and day as 09-01.", pointer="/meeting_year_start") from error
    check_year_start(month, day)
    return month, day

"""Reads of boards, their rule sets by date, groups, and the local copy of organisations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.governance.attendance.rules import QuorumRule
from services.governance.boards.tables import Authority, Board, ClosedDay, Organisation, PoliticalGroup, RuleSet
from services.governance.deadlines.calendars import office_days
from services.governance.deadlines.rules import NoticeRule, OfficeDays
from shared.errors import NotFound


@dataclass(frozen=True)
class Policy:
    """The rules in force for a board on a day; what a rule set leaves out is the memorandum's own duty (B-3)."""

    notice: NoticeRule = field(default_factory=NoticeRule)
    weekdays: str = "1111100"
    calendar: str = "GB-ENG"
    draft_minutes_satisfy: bool = True
    approve_at_same_meeting: bool = False
    restriction_regime: str = "LGA 1972 Sch. 12A"
    duty_scope: str = "relevant"
    publish_percentages: bool = True
    named_attendance_public: bool = False
    quorum: QuorumRule | None = None
    source: str = "no rule set in force: three clear working days"

    def snapshot(self) -> dict[str, Any]:
        """What a publication keeps of the policy it was judged by (B-5)."""
        return {
            "notice_days": self.notice.notice_days,
            "notice_basis": self.notice.notice_basis,
            "minutes_months": self.notice.minutes_months,
            "weekday_mask": self.weekdays,
            "holiday_calendar": self.calendar,
            "draft_minutes_satisfy": self.draft_minutes_satisfy,
            "source": self.source,
        }


async def find_board(session: AsyncSession, reference: str, *, lock: bool = False) -> Board:
    """A board by slug or id; NotFound otherwise."""
    try:
        where = Board.id == UUID(reference)
    except ValueError:
        where = Board.slug == reference
    statement = select(Board).where(where)
    board = (await session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    if board is None:
        raise NotFound("No board has this slug or id.")
    return board


async def get_board(session: AsyncSession, board_id: UUID) -> Board:
    return (await session.exec(select(Board).where(Board.id == board_id))).one()


async def policy_on(session: AsyncSession, board_id: UUID, day: date) -> Policy:
    """The policy in force on a day."""
    rules = (
        await session.exec(
            select(RuleSet).where(
                RuleSet.board_id == board_id,
                RuleSet.valid_from <= day,
                or_(col(RuleSet.valid_to).is_(None), col(RuleSet.valid_to) >= day),
            )
        )
    ).one_or_none()
    return Policy() if rules is None else policy_of(rules)


def policy_of(rules: RuleSet) -> Policy:
    quorum = None
    if rules.quorum_numerator is not None and rules.quorum_denominator is not None:
        quorum = QuorumRule(
            rules.quorum_numerator,
            rules.quorum_denominator,
            rules.quorum_min_groups,
            tuple(rules.voting_capacities) or ("full_member",),
            rules.remote_counts,
        )
    return Policy(
        notice=NoticeRule(rules.notice_days, rules.notice_basis, rules.minutes_months),  # type: ignore[arg-type]
        weekdays=rules.weekday_mask,
        calendar=rules.holiday_calendar,
        draft_minutes_satisfy=rules.draft_minutes_satisfy,
        approve_at_same_meeting=rules.approve_at_same_meeting,
        restriction_regime=rules.restriction_regime,
        duty_scope=rules.duty_scope,
        publish_percentages=rules.publish_percentages,
        named_attendance_public=rules.named_attendance_public,
        quorum=quorum,
        source=rules.source,
    )


async def office_days_for(session: AsyncSession, policy: Policy, around: date) -> OfficeDays:
    """Office days under a policy around a day, with the service's closed days (B-5)."""
    closed = (await session.exec(select(ClosedDay))).all()
    return office_days(policy.weekdays, policy.calendar, [(c.day, c.name, c.effect) for c in closed], around)


async def find_organisation(session: AsyncSession, slug: str) -> Organisation | None:
    return (await session.exec(select(Organisation).where(Organisation.slug == slug))).one_or_none()


async def group_names(session: AsyncSession) -> dict[UUID, str]:
    return {group.id: group.name for group in (await session.exec(select(PoliticalGroup))).all()}


async def authority_names(session: AsyncSession) -> dict[UUID, str]:
    return {authority.id: authority.name for authority in (await session.exec(select(Authority))).all()}

"""Deadline readings for papers and minutes with their arithmetic, and the judging of a publication (B-2 to B-8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from shared.events.governance import DeadlineReading, ReadingMet
from shared.periods import add_months, london_date

NoticeBasis = Literal["calendar", "clear", "clear_working"]

POLICY_READING: dict[str, str] = {
    "calendar": "literal_deadline",
    "clear": "clear_deadline",
    "clear_working": "strict_latest",
}
"""Which reading a board judges itself by, for each basis of notice (B-3)."""


@dataclass(frozen=True)
class OfficeDays:
    """Which days are worked: a weekday mask (Monday first) and closed days by name (B-5).

    `closed` holds bank holidays and days added by a ClosedDay, less the days one removed.
    """

    weekdays: str = "1111100"
    closed: Mapping[date, str] = field(default_factory=dict)

    def why_not(self, day: date) -> str | None:
        """Why a day is not worked, in words; None for an office day."""
        if self.weekdays[day.weekday()] != "1":
            return f"{day:%A}, not an office day"
        if day in self.closed:
            return self.closed[day]
        return None

    def is_office_day(self, day: date) -> bool:
        return self.why_not(day) is None

    def last_on_or_before(self, day: date) -> date:
        while not self.is_office_day(day):
            day -= timedelta(days=1)
        return day


@dataclass(frozen=True)
class NoticeRule:
    """What a board's rule set says of notice: data, never code (B-3, B-10)."""

    notice_days: int = 3
    notice_basis: NoticeBasis = "clear_working"
    minutes_months: int = 1


def paper_readings(meeting_day: date, rule: NoticeRule, days: OfficeDays) -> tuple[DeadlineReading, ...]:
    """All four readings of the papers' deadline for a meeting on that London day (B-2).

    `strict_latest` may be a weekend: it gives as many clear working days as the office day before it, which is
    `office_target`.
    """
    n = rule.notice_days
    literal = meeting_day - timedelta(days=n)
    clear = meeting_day - timedelta(days=n + 1)
    strict, strict_text = _last_day_leaving(n, meeting_day, days)
    office = days.last_on_or_before(strict)
    policy = POLICY_READING[rule.notice_basis]

    def reading(name: str, due_on: date, arithmetic: str) -> DeadlineReading:
        return DeadlineReading(
            name=name, subject="papers", due_on=due_on, arithmetic=arithmetic, is_policy=name == policy
        )

    return (
        reading("literal_deadline", literal, f"{_day(meeting_day)} less {n} days is {_day(literal)}."),
        reading(
            "clear_deadline",
            clear,
            f"{_clear_days_text(clear, meeting_day)} {_day(clear)} is the last day that leaves {n} clear days.",
        ),
        reading("strict_latest", strict, strict_text),
        reading(
            "office_target",
            office,
            _back_to_office(
                strict, office, days, f"{_day(strict)} is the last day that leaves enough clear working days"
            ),
        ),
    )


def minutes_readings(meeting_day: date, rule: NoticeRule, days: OfficeDays) -> tuple[DeadlineReading, ...]:
    """When minutes are due, and the office day to aim for; a weekend does not extend the deadline (B-8)."""
    due = add_months(meeting_day, rule.minutes_months)
    target = days.last_on_or_before(due)
    months = "one month" if rule.minutes_months == 1 else f"{rule.minutes_months} months"
    clamped = "" if due.day == meeting_day.day else f"; that month has no day {meeting_day.day}, so its last day counts"
    return (
        DeadlineReading(
            name="minutes_due",
            subject="minutes",
            due_on=due,
            arithmetic=f"The same day number {months} after {_day(meeting_day)} is {_day(due)}{clamped}.",
            is_policy=True,
        ),
        DeadlineReading(
            name="minutes_target",
            subject="minutes",
            due_on=target,
            arithmetic=_back_to_office(due, target, days, f"Due {_day(due)}"),
        ),
    )


def all_readings(meeting_day: date, rule: NoticeRule, days: OfficeDays) -> tuple[DeadlineReading, ...]:
    return paper_readings(meeting_day, rule, days) + minutes_readings(meeting_day, rule, days)


@dataclass(frozen=True)
class PapersVerdict:
    """How a publication of papers stands, by days given and reading by reading (B-3)."""

    clear_days_given: int
    clear_working_days_given: int
    met_literal: bool
    met_policy: bool
    readings: tuple[ReadingMet, ...]
    counting: str


def judge_papers(happened_at: datetime, meeting_day: date, rule: NoticeRule, days: OfficeDays) -> PapersVerdict:
    """Judge one publication by the days it left. The day of publication ends at London midnight (B-3, B-4)."""
    published = london_date(happened_at)
    clear = max(0, (meeting_day - published).days - 1)
    counted = [day for day in _between(published, meeting_day) if days.is_office_day(day)]
    given = {"calendar": (meeting_day - published).days, "clear": clear, "clear_working": len(counted)}
    readings = paper_readings(meeting_day, rule, days)
    by_name = {reading.name: reading.due_on for reading in readings}
    return PapersVerdict(
        clear_days_given=clear,
        clear_working_days_given=len(counted),
        met_literal=published <= by_name["literal_deadline"],
        met_policy=given[rule.notice_basis] >= rule.notice_days,
        readings=tuple(
            ReadingMet(name=reading.name, due_on=reading.due_on, met=published <= reading.due_on)
            for reading in readings
        ),
        counting=_counting(published, meeting_day, days),
    )


@dataclass(frozen=True)
class MinutesVerdict:
    due_on: date
    met: bool
    readings: tuple[ReadingMet, ...]


def judge_minutes(
    happened_at: datetime,
    meeting_day: date,
    rule: NoticeRule,
    days: OfficeDays,
    *,
    is_draft: bool,
    draft_satisfies: bool,
) -> MinutesVerdict:
    """Judge a publication of minutes; a labelled draft counts while the rule set lets it (B-8)."""
    published = london_date(happened_at)
    counts = draft_satisfies or not is_draft
    readings = minutes_readings(meeting_day, rule, days)
    due = readings[0].due_on
    return MinutesVerdict(
        due_on=due,
        met=counts and published <= due,
        readings=tuple(
            ReadingMet(name=reading.name, due_on=reading.due_on, met=counts and published <= reading.due_on)
            for reading in readings
        ),
    )


@dataclass(frozen=True)
class Standing:
    """What alerts must know of a meeting: its deadlines, and what is out already (B-9)."""

    state: str
    day: date
    office_target: date
    minutes_target: date
    papers_out: bool
    minutes_out: bool
    minutes_approved: bool
    next_held: date | None


@dataclass(frozen=True)
class Alert:
    code: str
    due_on: date
    detail: str


NEAR_OFFICE_DAYS = 2
DECISIONS_OFFICE_DAYS = 7


def alerts(meeting: Standing, today: date, days: OfficeDays) -> tuple[Alert, ...]:
    """What is near its day or past it (B-9)."""
    found = []
    if not meeting.papers_out and meeting.state == "scheduled":
        if today > meeting.office_target:
            found.append(Alert("papers_target_passed", meeting.office_target, "The papers are not out."))
        elif meeting.office_target <= office_days_after(today, NEAR_OFFICE_DAYS, days):
            found.append(Alert("papers_target_near", meeting.office_target, "The papers are to go out."))
    if meeting.state != "held":
        return tuple(found)
    decisions_due = office_days_after(meeting.day, DECISIONS_OFFICE_DAYS, days)
    if not meeting.minutes_out and today > decisions_due:
        found.append(Alert("decisions_not_out", decisions_due, "No decisions of the meeting are out."))
    if not meeting.minutes_out and today > meeting.minutes_target:
        found.append(Alert("minutes_target_passed", meeting.minutes_target, "The minutes are not out."))
    if meeting.next_held is not None and not meeting.minutes_approved:
        found.append(
            Alert("minutes_not_approved", meeting.next_held, "The next meeting was held and did not approve them.")
        )
    return tuple(found)


def office_days_after(start: date, count: int, days: OfficeDays) -> date:
    """The day that is `count` office days after `start` (B-9)."""
    day = start
    while count:
        day += timedelta(days=1)
        if days.is_office_day(day):
            count -= 1
    return day


def _last_day_leaving(wanted: int, meeting_day: date, days: OfficeDays) -> tuple[date, str]:
    """Walk back from the meeting until enough office days lie between, telling each day counted or skipped."""
    told: list[str] = []
    counted = 0
    day = meeting_day - timedelta(days=1)
    while counted < wanted:
        reason = days.why_not(day)
        if reason is None:
            counted += 1
            told.append(f"{_day(day)} counts as {counted}")
        else:
            told.append(f"{_day(day)} skipped ({reason})")
        day -= timedelta(days=1)
    ending = f"{_day(day)} is the last day that leaves {wanted} clear working days."
    return day, f"Back from {_day(meeting_day)}: {'; '.join(told)}. {ending}"


def _back_to_office(start: date, found: date, days: OfficeDays, opening: str) -> str:
    skipped = []
    day = start
    while day != found:
        skipped.append(f"{_day(day)} skipped ({days.why_not(day)})")
        day -= timedelta(days=1)
    middle = f"; {'; '.join(skipped)}" if skipped else ""
    return f"{opening}{middle}; the last office day on or before it is {_day(found)}."


def _counting(published: date, meeting_day: date, days: OfficeDays) -> str:
    told = []
    counted = 0
    for day in _between(published, meeting_day):
        reason = days.why_not(day)
        counted += reason is None
        told.append(f"{_day(day)} counts as {counted}" if reason is None else f"{_day(day)} skipped ({reason})")
    return f"Published {_day(published)}: {'; '.join(told) or 'no day lies between'}; meeting {_day(meeting_day)}."


def _clear_days_text(first: date, meeting_day: date) -> str:
    between = "; ".join(f"{_day(day)} counts as {n}" for n, day in enumerate(_between(first, meeting_day), start=1))
    return f"Between the day of publication and {_day(meeting_day)}: {between}."


def _between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range(1, max(1, min((last - first).days, 400)))]


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"

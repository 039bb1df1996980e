"""When duties fall due, how each day is found, what a publication is worth. Pure: days and instants in, values out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.errors import Conflict, ErrorItem, Invalid
from shared.periods import FinancialYear, Quarter, add_months, end_of_day, london_date

DUE_SOON_DAYS = 10

NO_DAY_STATED = "No day is stated for it, so it is neither in time nor late until something meets it."

ENTERED_LATE = (
    "It was entered here after its day and met by what was published here since; that says nothing of when the body "
    "first published."
)
OPEN_STATES = frozenset({"upcoming", "due_soon"})
STATE_WORDS = {
    "upcoming": "due in more than ten days",
    "due_soon": "due within ten days",
    "met": "met on or before its day, or met where no day is stated",
    "met_late": "met after its day",
    "missed": "its day is over and nothing has met it",
    "not_judged": "nobody here could watch for it, or it has no day; the reason says which",
    "not_applicable": "lifted, with the reason, by two people or because its meeting is off",
}
"""Each state in plain words, for people who read the calendar."""
JUDGED_STATES = frozenset({"met", "missed", "met_late"})


@dataclass(frozen=True)
class Reading:
    """One way to read a deadline: its name, the day, and how it was found."""

    name: str
    due_on: date
    arithmetic: str
    alarms: bool = True
    """Whether the alarm may stand on it; a mere target never alarms."""


@dataclass(frozen=True)
class Verdict:
    """What a publication makes of an obligation."""

    state: str
    days_late: int
    readings_met: Mapping[str, bool]


class ObligationJudged(Conflict):
    code = "obligation_judged"
    title = "The obligation has been judged"


class NothingProposed(Conflict):
    code = "nothing_proposed"
    title = "Nobody has proposed this"


class PersonalDetails(Invalid):
    code = "personal_details_in_text"
    title = "A text seems to hold a personal detail"


# Deadlines ------------------------------------------------------------------------------------------------------


def month_after_quarter(quarter: Quarter) -> tuple[Reading, ...]:
    """One month after the quarter, in two readings: the same day number one month on, and that month's end (T-43)."""
    ends = quarter.end
    strict = add_months(ends, 1)
    practice = _month_end(strict)
    return (
        Reading(
            "corresponding_date",
            strict,
            f"{quarter.label} ends on {_day(ends)}; the same day number one month on is {_day(strict)}.",
        ),
        Reading(
            "month_end",
            practice,
            f"{quarter.label} ends on {_day(ends)}; the month after it ends on {_day(practice)}.",
        ),
    )


def month_after_year(year: FinancialYear) -> tuple[Reading, ...]:
    """The same two readings, counted from 31 March."""
    return month_after_quarter(year.quarters[3])


def first_report(year: FinancialYear) -> tuple[Reading, ...]:
    """The first report has a reading of its own beside the month: item J says July (T-46)."""
    named = date(year.starts_in, 7, 31)
    july = Reading("item_j", named, f"Item J asks for the first report in July; July ends on {_day(named)}.")
    return (*month_after_quarter(year.quarters[0]), july)


def by_end_of(year: FinancialYear, month: int, wording: str) -> tuple[Reading, ...]:
    """A duty with a named month ends with that month's last day (T-46)."""
    first = date(year.starts_in if month >= 4 else year.starts_in + 1, month, 1)
    due = _month_end(first)
    return (Reading("named_day", due, f"{wording}: the last day is {_day(due)}."),)


def month_after_signature(signed_on: Sequence[date]) -> tuple[Reading, ...]:
    """No date is stated for the memorandum; our own target is one month after the last signature (Annex C item K)."""
    last = max(signed_on)
    due = add_months(last, 1)
    text = f"The last signature is of {_day(last)}; our target is the same day number one month on, {_day(due)}."
    return (Reading("target", due, text),)


def thirty_days_beginning_with(day: date) -> date:
    """Thirty days of which this day is the first: 29 days on (T-44)."""
    return day + timedelta(days=29)


def alarm(readings: Sequence[Reading]) -> Reading | None:
    """The earliest reading that may alarm (T-42). None where no day is stated."""
    alarming = [reading for reading in readings if reading.alarms]
    return min(alarming, key=lambda reading: reading.due_on, default=None)


def reminder(due_on: date, is_working_day: Callable[[date], bool]) -> date:
    """The last working day before the day itself; no deadline moves for a weekend (T-42)."""
    day = due_on - timedelta(days=1)
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


# States ---------------------------------------------------------------------------------------------------------


def first_state(alarm_on: date | None, now: datetime, *, without_day: str = NO_DAY_STATED) -> tuple[str, str | None]:
    """The state in which an obligation begins, and why where it is not judged: one created after its day was never
    watched, and one without a day can be neither in time nor late."""
    if alarm_on is None:
        return "not_judged", without_day
    if now >= end_of_day(alarm_on):
        return "not_judged", (
            f"It was entered here on {_day(london_date(now))}, after its day, {_day(alarm_on)}; nobody here could "
            "watch for it."
        )
    return _waiting(alarm_on, now), None


def next_state(state: str, alarm_on: date | None, now: datetime) -> str:
    """The state at this moment. Only waiting obligations move by time: a day ends at London midnight (T-42)."""
    if state not in OPEN_STATES:
        return state
    if alarm_on is not None and now >= end_of_day(alarm_on):
        return "missed"
    return _waiting(alarm_on, now)


def judge(readings: Sequence[Reading], published_at: datetime) -> Verdict:
    """Each reading against the London day of publication; lateness counts from the alarm's day (T-42, T-48)."""
    published_on = london_date(published_at)
    met = {reading.name: published_on <= reading.due_on for reading in readings}
    watched = alarm(readings)
    days_late = max(0, (published_on - watched.due_on).days) if watched else 0
    return Verdict("met_late" if days_late else "met", days_late, met)


def judge_as_stated(
    readings: Sequence[Reading], published_at: datetime, in_time: bool, readings_met: Mapping[str, bool]
) -> Verdict:
    """A verdict that came with its event is kept, never recomputed (T-45)."""
    if in_time:
        return Verdict("met", 0, readings_met)
    days_late = judge(readings, published_at).days_late
    # Working days may put a pack late although its day lies before the alarm's; late is late by one day at least.
    return Verdict("met_late", max(1, days_late), readings_met)


def entered_after_its_day(alarm_on: date | None, created_at: datetime) -> bool:
    """Whether a duty was entered here when its day was over, so that nobody here could have watched for it."""
    return alarm_on is not None and created_at >= end_of_day(alarm_on)


def lateness_is_known(alarm_on: date | None, created_at: datetime, met_at: datetime | None, *, stated: bool) -> bool:
    """Not where a duty was entered after its day and met only by what was published here since then: that counts as
    late because it was entered late, and says nothing of when the body first published it. A stated time says it."""
    if not entered_after_its_day(alarm_on, created_at):
        return True
    return met_at is not None and (stated or met_at < created_at)


@dataclass(frozen=True)
class Entered:
    """What a calendar's notes are made of, of one duty."""

    entered_on: date
    after_its_day: bool
    met_on: date | None
    lateness_known: bool


def notes(duties: Sequence[Entered]) -> list[str]:
    """What a reader must know before the states: which duties were entered after their day, and what that means."""
    after = [duty for duty in duties if duty.after_its_day]
    if not after:
        return []
    were = "was" if len(after) == 1 else "were"
    found = [
        f"Of these {len(duties)} duties {len(after)} {were} entered here after the day had passed, "
        f"{_between([duty.entered_on for duty in after])}; nobody here could watch for that."
    ]
    met_on = [duty.met_on for duty in after if duty.met_on is not None and not duty.lateness_known]
    if met_on:
        found.append(
            f"{len(met_on)} of them {_are(len(met_on))} met by files that were entered and published here "
            f"{_between(met_on)}, with no earlier time stated. Such a duty counts as late because it was entered "
            "then; that does not say when the body first published."
        )
    open_still = sum(duty.met_on is None for duty in after)
    if open_still:
        found.append(
            f"{open_still} of them {_are(open_still)} not assessed: nothing that meets them has been entered here."
        )
    return found


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _between(days: Sequence[date]) -> str:
    first, last = min(days), max(days)
    return f"on {_day(first)}" if first == last else f"between {_day(first)} and {_day(last)}"


def may_move(state: str, *, by_hand: bool) -> bool:
    """Whether a newer source may still move an obligation's days: not once judged, nor where people lifted it."""
    return state not in JUDGED_STATES and not by_hand


def horizon(now: datetime) -> date:
    """The last alarm day that can matter at this moment: whatever lies further ahead is neither soon nor missed."""
    return london_date(now) + timedelta(days=DUE_SOON_DAYS)


def refuse_personal(texts: Mapping[str, Sequence[str]]) -> None:
    """Texts that become public and what they seem to hold, by their place; none of it is repeated."""
    errors = [
        ErrorItem(
            code=PersonalDetails.code,
            detail=f"This text seems to hold {' and '.join(kinds)}; it is public, so leave that out.",
            pointer=pointer,
        )
        for pointer, kinds in texts.items()
        if kinds
    ]
    if errors:
        raise PersonalDetails(errors[0].detail, errors=errors)


def refuse_exemption(state: str) -> None:
    """A duty that was judged, or is already lifted, cannot be lifted (T-48)."""
    if state in JUDGED_STATES or state == "not_applicable":
        raise ObligationJudged(f"The obligation is {state}; an assessment once recorded stays.")


def _waiting(alarm_on: date | None, now: datetime) -> str:
    if alarm_on is not None and (alarm_on - london_date(now)).days <= DUE_SOON_DAYS:
        return "due_soon"
    return "upcoming"


def _month_end(day: date) -> date:
    first = day.replace(day=1)
    return add_months(first, 1) - timedelta(days=1)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"

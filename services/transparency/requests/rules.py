"""What may be done with a request and when, and what its answer must give. Pure: facts in, refusals and events out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.transparency.requests import clock, grounds
from services.transparency.requests import refusals as no
from services.transparency.requests.clock import DayOff, WorkingDays
from shared.errors import Refusal
from shared.events.transparency import RequestAnswered
from shared.periods import london_date
from shared.texts import folded_ways

Outcome = Literal["full", "part", "refused", "not_held"]
CLOCK_RUNS = ("received", "open", "extended")
"""States in which the days count."""
REVIEW_DAYS = 40
"""Working days after the answer in which a review can be asked for."""


@dataclass(frozen=True)
class Standing:
    """What a decision about a request must know of it."""

    state: str
    received_on: date
    clock_from: date
    due_on: date | None
    last_step_at: datetime
    extra_days: int = 0
    answered_on: date | None = None
    answered_by: str | None = None
    review_by: date | None = None
    review_asked_on: date | None = None


@dataclass(frozen=True)
class Names:
    """Who asked, for looking whether a text names them."""

    name: str
    contact: str

    def stand_in(self, text: str) -> bool:
        """The contact, or every word of the name in whatever order, as a reader sees them."""
        for way in folded_ways(text):
            words = set("".join(sign if sign.isalnum() else " " for sign in way).split())
            for known in folded_ways(self.name):
                parts = "".join(sign if sign.isalnum() else " " for sign in known).split()
                if parts and all(part in words for part in parts):
                    return True
            if any(len(known) > 3 and known in way for known in folded_ways(self.contact)):
                return True
        return False


def refuse_future(received_on: date, today: date) -> None:
    if received_on > today:
        raise no.ReceivedInFuture(
            f"received_on is {received_on.isoformat()}, which is after today; give the day on which it came in.",
            pointer="/received_on",
        )


def open_request(standing: Standing) -> None:
    """Somebody takes the request on; nothing about its clock changes."""
    if standing.state != "received":
        raise no.RequestNotOpen(f"The request is {standing.state}; only one that is received can be opened.")


def ask_clarification(standing: Standing, at: datetime) -> None:
    """A question to the requester stops the clock, while there is time left (section 3)."""
    if standing.state not in ("received", "open"):
        raise no.RequestNotOpen(
            f"The request is {standing.state}; a question can be asked while it is received or open."
        )
    in_order(standing, at)
    _refuse_run_out(standing, at, "a question")


def reply_to_clarification(standing: Standing, at: datetime) -> None:
    """The reply starts the clock again from its first day."""
    if standing.state != "clarifying":
        raise no.NothingWasAsked(
            f"The request is {standing.state}, so no question about it is open; a reply can be recorded after one."
        )
    in_order(standing, at)


def extend(
    standing: Standing, exemption: grounds.Exemption | None, working_days: int, allowed: int, at: datetime
) -> None:
    """More time, once, for weighing the public interest and for nothing else (section 3)."""
    if standing.state == "extended":
        raise no.AlreadyExtended("The time for this request was extended once; it cannot be extended again.")
    if standing.state not in ("received", "open"):
        raise no.RequestNotOpen(f"The request is {standing.state}; the time of an open one can be extended.")
    faults: list[Refusal] = []
    if exemption is None or not exemption.claimable:
        faults.append(grounds.unknown("/exemption"))
    elif not exemption.needs_public_interest:
        faults.append(
            no.NotForBalancing(
                f"{exemption.code} ({exemption.section}) involves no weighing of the public interest, so it extends "
                "nothing; answer by the due day.",
                pointer="/exemption",
            )
        )
    if working_days > allowed:
        faults.append(
            no.ExtensionTooLong(
                f"{working_days} working days are asked for; at most {allowed} more can be taken.",
                pointer="/working_days",
            )
        )
    no.raise_together(faults)
    in_order(standing, at)
    _refuse_run_out(standing, at, "an extension")


def answer(
    standing: Standing,
    *,
    request_id: UUID,
    version: int,
    organisation_id: UUID,
    publisher: str,
    reference: str,
    outcome: Outcome,
    at: datetime,
    calendar: WorkingDays,
) -> RequestAnswered:
    """The answer, with the working days it took and by how many it is late (T-47)."""
    if standing.state not in CLOCK_RUNS or standing.due_on is None:
        what = "record the reply to the question first" if standing.state == "clarifying" else "it has been answered"
        raise no.RequestNotOpen(f"The request is {standing.state}; {what}.")
    in_order(standing, at)
    answered_on = london_date(at)
    return RequestAnswered(
        request_id=request_id,
        version=version,
        organisation_id=organisation_id,
        publisher=publisher,
        reference=reference,
        outcome=outcome,
        received_on=standing.received_on,
        due_on=standing.due_on,
        answered_on=answered_on,
        working_days=clock.between(standing.clock_from, answered_on, calendar),
        working_days_late=clock.between(standing.due_on, answered_on, calendar),
    )


def ask_review(standing: Standing, asked_on: date, today: date) -> None:
    """A review can be asked for within forty working days of the answer, once; a closed request included."""
    if standing.answered_on is None or standing.review_by is None:
        raise no.RequestNotAnswered(f"The request is {standing.state}; a review can be asked for after the answer.")
    if standing.review_asked_on is not None:
        raise no.ReviewAlreadyAsked(
            f"A review was asked for on {standing.review_asked_on.isoformat()}; there is one review."
        )
    if asked_on < standing.answered_on or asked_on > today:
        raise no.OutOfOrder(
            f"asked_on is {asked_on.isoformat()}; give a day from the answer on {standing.answered_on.isoformat()} "
            "up to today.",
            pointer="/asked_on",
        )
    if asked_on > standing.review_by:
        raise no.ReviewAskedTooLate(
            f"The review was asked for on {asked_on.isoformat()}; the {REVIEW_DAYS} working days after the answer "
            f"ended on {standing.review_by.isoformat()}.",
            pointer="/asked_on",
        )


def decide_review(standing: Standing, result: str, outcome: str | None, at: datetime) -> None:
    """Uphold the answer, or give another; who may decide is checked by four eyes."""
    if standing.state != "review":
        raise no.NoReviewAsked(f"The request is {standing.state}; a review is decided after it was asked for.")
    if (result == "changed") != (outcome is not None):
        need = "say the new outcome" if result == "changed" else "leave outcome out"
        raise no.ReviewWithoutResult(f"The result is {result}; {need}.", pointer="/outcome")
    in_order(standing, at)


def clear_subject(kinds: Sequence[str], because: str | None) -> None:
    """A subject that seems to hold a personal detail is published only when a person says why it may stand (T-24)."""
    if kinds and because is None:
        raise no.SubjectNeedsClearing(
            f"The subject seems to hold {' and '.join(kinds)}; word it differently, or say in cleared_because why it "
            "may be published as it stands.",
            pointer="/published_subject",
        )


def refuse_texts(
    texts: Mapping[str, str | None], names: Names | None, found: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Texts that others read may not name who asked, nor hold personal details; none of it is repeated here."""
    faults: list[Refusal] = []
    for pointer, text in texts.items():
        if text is not None and names is not None and names.stand_in(text):
            faults.append(
                no.NamesRequester("This text names the person who asked; leave the name out.", pointer=pointer)
            )
        kinds = (found or {}).get(pointer, ())
        if kinds:
            faults.append(
                no.PersonalDetails(
                    f"This text seems to hold {' and '.join(kinds)}; others read it, so leave that out.",
                    pointer=pointer,
                )
            )
    no.raise_together(faults)


def erase_requester(standing: Standing, *, letters_name_them: bool, letters_too: bool) -> None:
    """Who asked is kept until the answer and its review are done; afterwards nothing left may still name them."""
    if standing.state != "closed":
        raise no.RequestOpen(
            f"The request is {standing.state}; whom to write to is needed until it is closed, and erased afterwards."
        )
    if letters_name_them and not letters_too:
        raise no.TextNamesRequester(
            "The letters of this request name the person; send letters_too as true to erase their words as well.",
            pointer="/letters_too",
        )


def decide_day(day: date, nations: Sequence[str], change: str, off: DayOff | None) -> None:
    """A decision on a day must change the list, and only a bank holiday can be decided (T-47)."""
    fixed = clock.always_off(day)
    if fixed or day.weekday() >= 5:
        raise no.NeverWorked(
            f"{day.isoformat()} is {fixed or f'a {day:%A}'}, on which nobody works in any case; leave it as it is.",
            pointer="/date",
        )
    has = set(off.nations) if off else set()
    same = set(nations) <= has if change == "added" else not set(nations) & has
    if same:
        is_or_not = "is" if change == "added" else "is not"
        raise no.DayAsDecided(
            f"{day.isoformat()} {is_or_not} a bank holiday in {', '.join(nations)} already; nothing would change.",
            pointer="/date",
        )


def in_order(standing: Standing, at: datetime) -> None:
    """Steps follow each other: none is earlier than the one before."""
    if at < standing.last_step_at:
        raise no.OutOfOrder(
            f"happened_at is {at:%Y-%m-%dT%H:%M:%SZ}, which is earlier than the step before, at "
            f"{standing.last_step_at:%Y-%m-%dT%H:%M:%SZ}; give a later time.",
            pointer="/happened_at",
        )


def _refuse_run_out(standing: Standing, at: datetime, what: str) -> None:
    if standing.due_on is not None and london_date(at) > standing.due_on:
        raise no.ClockRunOut(
            f"The answer was due on {standing.due_on.isoformat()}; {what} comes too late to change that. Answer now."
        )

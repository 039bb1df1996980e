"""What may be decided about the money a year leaves: pure functions that refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.grants.faults import FutureDate, YearClosed, raise_together
from shared.errors import Conflict, Refusal
from shared.money import sterling
from shared.periods import FinancialYear

Treatment = Literal["retain", "return", "carry_forward", "net_off"]

TO_ANOTHER_YEAR = frozenset({"carry_forward", "net_off"})


class OutturnMissing(Conflict):
    code = "outturn_missing"
    title = "The year has no outturn"


class TreatmentOverUnderspend(Conflict):
    """Treatments sum to the underspend of the latest outturn, not more (G-36)."""

    code = "treatment_over_underspend"
    title = "More is treated than is left"


class DecidedBeforeYear(Conflict):
    code = "before_year"
    title = "The day lies before the year"


class SettledBeforeDecided(Conflict):
    code = "before_decision"
    title = "The day lies before the decision"


class ApprovalMissing(Conflict):
    """Only what the body keeps needs no word of the department (G-36)."""

    code = "approval_missing"
    title = "The department's approval is not named"


class FollowingAgreementMissing(Conflict):
    code = "following_agreement_missing"
    title = "It is not said to which year the money goes"


class FollowingAgreementNotNeeded(Conflict):
    code = "following_agreement_not_needed"
    title = "The money goes to no other year"


class NotTheFollowingYear(Conflict):
    code = "not_following_year"
    title = "The agreement is not that of the following year"


class OverFollowingGrant(Conflict):
    """What is received stays within what is receivable (G-24)."""

    code = "over_following_grant"
    title = "More is netted off than is still to come"


class TreatmentNotDecided(Conflict):
    """undecided > decided > settled."""

    code = "treatment_not_decided"
    title = "The treatment does not stand as decided"


@dataclass(frozen=True)
class Following:
    """The agreement that money moves to."""

    year: FinancialYear
    grant_pence: int
    netted_off_pence: int
    received_pence: int
    closed: bool


@dataclass(frozen=True)
class UnderspendPosition:
    """A year's underspend by its latest outturn, None without one, and what standing decisions speak for, in pence."""

    year: FinancialYear
    underspend_pence: int | None
    treated_pence: int

    @property
    def undecided_pence(self) -> int:
        """What no decision speaks for; negative where a later outturn left less than was decided on."""
        return (self.underspend_pence or 0) - self.treated_pence


@dataclass(frozen=True)
class Decision:
    """What a person decides about part of an underspend; `following` where money goes to another year."""

    treatment: Treatment
    amount_pence: int
    decided_on: date
    following: Following | None = None
    approved_by: str | None = None
    approval_reference: str | None = None


def treat_underspend(position: UnderspendPosition, decision: Decision, *, today: date) -> None:
    """Refuse what G-36 does not allow, all faults at once; nothing where the decision may stand."""
    if position.underspend_pence is None:
        raise OutturnMissing("Record the outturn of the year first; it says what is left.")
    faults: list[Refusal] = []
    if decision.amount_pence > max(position.undecided_pence, 0):
        faults.append(
            TreatmentOverUnderspend(
                f"{sterling(max(position.undecided_pence, 0))} of the underspend is undecided; treat at most that, or "
                "withdraw an earlier treatment first.",
                pointer="/amount_pence",
            )
        )
    if decision.treatment != "retain":
        given = {"approved_by": decision.approved_by, "approval_reference": decision.approval_reference}
        faults.extend(
            ApprovalMissing(
                f"Give {name} of the department's decision; only `retain` goes without.", pointer=f"/{name}"
            )
            for name, value in given.items()
            if value is None
        )
    if decision.decided_on > today:
        faults.append(FutureDate(f"Give a day not after {today.isoformat()}.", pointer="/decided_on"))
    if decision.decided_on < position.year.start:
        fix = f"{position.year.label} began on {position.year.start.isoformat()}; give that day or a later one."
        faults.append(DecidedBeforeYear(fix, pointer="/decided_on"))
    raise_together([*faults, *_following_faults(position.year, decision)])


def settle_treatment(
    position: UnderspendPosition, state: str, decided_on: date, settled_on: date, *, today: date
) -> None:
    """A decided treatment is settled once, on a day from the decision on, while no more is treated than is left."""
    if state != "decided":
        raise TreatmentNotDecided(f"The treatment is {state}; only a decided one is settled.")
    if position.undecided_pence < 0:
        raise TreatmentOverUnderspend(
            f"{sterling(-position.undecided_pence)} more is treated than the latest outturn leaves; withdraw a "
            "treatment and record what is left, then settle that."
        )
    if settled_on > today:
        raise FutureDate(f"Give a day not after {today.isoformat()}.", pointer="/settled_on")
    if settled_on < decided_on:
        raise SettledBeforeDecided(
            f"Give a day not before the decision on {decided_on.isoformat()}.", pointer="/settled_on"
        )


def withdraw_treatment(state: str) -> None:
    if state == "withdrawn":
        raise TreatmentNotDecided("The treatment was withdrawn before; record a new one.")


def _following_faults(year: FinancialYear, decision: Decision) -> list[Refusal]:
    pointer = "/following_agreement"
    following, expected = decision.following, year.next()
    if decision.treatment not in TO_ANOTHER_YEAR:
        if following is None:
            return []
        return [FollowingAgreementNotNeeded(f"Leave it out for `{decision.treatment}`.", pointer=pointer)]
    if following is None:
        return [FollowingAgreementMissing(f"Name the agreement of {expected.label}.", pointer=pointer)]
    if following.year != expected:
        return [NotTheFollowingYear(f"Name the agreement of {expected.label}.", pointer=pointer)]
    if following.closed:
        return [
            YearClosed(f"{expected.label} is closed and takes nothing on; retain or return the money.", pointer=pointer)
        ]
    left_pence = max(following.grant_pence - following.netted_off_pence - following.received_pence, 0)
    if decision.treatment == "net_off" and decision.amount_pence > left_pence:
        return [
            OverFollowingGrant(
                f"{sterling(left_pence)} of the grant of {expected.label} is neither received nor netted off; net off "
                "at most that, and return the rest.",
                pointer="/amount_pence",
            )
        ]
    return []

"""What may be asked for, received and paid out: pure functions that refuse or return what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.grants.awards.life import OVER, AwardStanding, payable_faults
from services.grants.faults import not_after, raise_together
from shared.errors import Conflict, Invalid, Refusal
from shared.money import sterling

Basis = Literal["arrears", "in_advance_of_need_approved", "single_lump", "unknown"]
NeedResult = Literal["passed", "excess", "not_possible"]


class PaymentOutOfOrder(Conflict):
    code = "payment_out_of_order"
    title = "The payment cannot move there from where it stands"


class OverReceivable(Conflict):
    """What is received never exceeds the grant less what is netted off (G-24, G-36)."""

    code = "over_receivable"
    title = "More than is receivable"


class OverRequest(Conflict):
    code = "over_request"
    title = "More than was asked for"


class ExcessUnapproved(Conflict):
    """Money that the need test does not bear out is taken with the chief finance officer's reason only (G-25)."""

    code = "excess_unapproved"
    title = "The need test is not passed"


class ExcessNotThere(Conflict):
    code = "no_excess"
    title = "There is no excess to approve"


class OverAward(Conflict):
    """Payments out stay within the award (G-23)."""

    code = "payment_over_award"
    title = "Payments exceed the award"


class AwardNotPayable(Conflict):
    code = "award_not_payable"
    title = "The award is not payable"


class AwardNamedWrongly(Invalid):
    code = "award_of_direction"
    title = "Only a payment out names an award"


class UnknownAward(Invalid):
    code = "unknown_award"
    title = "The agreement has no such award"


class TakenBackTooMuch(Conflict):
    code = "taken_back_too_much"
    title = "More is taken back than moved"


class PartReasonMissing(Conflict):
    code = "reason_missing"
    title = "Taking back a part needs a reason"


class ZeroAmount(Invalid):
    code = "zero_amount"
    title = "Nothing moved"


class BeforeAward(Conflict):
    code = "before_award"
    title = "The day lies before the award"


@dataclass(frozen=True)
class NeedTerms:
    """The terms of the need test on the day of the request, in pence (G-25); None where it is not possible."""

    requested_on: date
    forecast_quarter: str
    received_pence: int
    accrued_pence: int
    held_pence: int
    forecast_pence: int | None
    need_pence: int | None
    asked_pence: int
    excess_pence: int | None
    result: NeedResult


def need_test(
    *,
    requested_on: date,
    forecast_quarter: str,
    received_pence: int,
    accrued_pence: int,
    forecast_pence: int | None,
    asked_pence: int,
) -> NeedTerms:
    """Is the money asked for needed before the next payment (G-25)?

    Held = received to date less accrued spend to date. Need = the next quarter's forecast less held. Excess = asked
    less need, where positive. Without a forecast the test is not possible, which is not passed.
    """
    held_pence = received_pence - accrued_pence
    need_pence = None if forecast_pence is None else forecast_pence - held_pence
    excess_pence = None if need_pence is None else max(asked_pence - need_pence, 0)
    result: NeedResult = "not_possible" if excess_pence is None else "excess" if excess_pence else "passed"
    return NeedTerms(
        requested_on=requested_on,
        forecast_quarter=forecast_quarter,
        received_pence=received_pence,
        accrued_pence=accrued_pence,
        held_pence=held_pence,
        forecast_pence=forecast_pence,
        need_pence=need_pence,
        asked_pence=asked_pence,
        excess_pence=excess_pence,
        result=result,
    )


@dataclass(frozen=True)
class Receivable:
    """What may still come in: receivable is the grant less what is netted off; requested and planned are open."""

    receivable_pence: int
    received_pence: int
    requested_pence: int
    planned_pence: int = 0

    @property
    def left_pence(self) -> int:
        return self.receivable_pence - self.received_pence


def plan_payment(direction: str, award: AwardStanding | None, planned_pence: int, amount_pence: int) -> None:
    """Decide on a planned payment: out within its award with what else is planned of it, in without one (G-23)."""
    if (direction == "out") != (award is not None):
        fix = "Name the award that is paid." if direction == "out" else "Leave the award out of a payment in."
        raise AwardNamedWrongly(fix, pointer="/award")
    if award is None:
        return
    if award.state in OVER:
        raise AwardNotPayable(f"The award is {award.state}.", pointer="/award")
    if planned_pence + amount_pence > award.amount_pence:
        left = sterling(award.amount_pence - planned_pence)
        raise OverAward(f"{left} of the award is left to plan; reduce the payment.", pointer="/requested_pence")


def plan_receipt(amount_pence: int, standing: Receivable) -> None:
    """Decide on a planned payment in (G-24): with what is planned and asked for it stays within what is receivable."""
    room_pence = standing.left_pence - standing.requested_pence - standing.planned_pence
    if amount_pence > room_pence:
        raise OverReceivable(
            f"Receivable is {sterling(standing.receivable_pence)}, of which {sterling(standing.received_pence)} is "
            f"received, {sterling(standing.requested_pence)} asked for and {sterling(standing.planned_pence)} planned: "
            f"{sterling(max(room_pence, 0))} is left. Plan at most that, or withdraw an earlier plan first.",
            pointer="/requested_pence",
        )


def request_payment(state: str, direction: str, asked_pence: int, standing: Receivable) -> None:
    """Decide on a request (G-24): what is received and asked for stays within what is receivable."""
    if direction != "in" or state != "planned":
        raise PaymentOutOfOrder(f"The payment is {state}; only a planned payment in is requested.")
    room_pence = standing.left_pence - standing.requested_pence
    if asked_pence > room_pence:
        raise OverReceivable(
            f"Receivable is {sterling(standing.receivable_pence)}, of which {sterling(standing.received_pence)} is "
            f"received and {sterling(standing.requested_pence)} asked for: {sterling(max(room_pence, 0))} is left. "
            "Plan a smaller payment.",
        )


def approve_excess(state: str, result: NeedResult | None, approved: bool) -> None:
    """Decide on the chief finance officer's reason for an excess, or for a test that was not possible (G-25)."""
    if state != "requested" or result is None:
        raise PaymentOutOfOrder(f"The payment is {state}; the reason is given for one that is requested.")
    if result == "passed" or approved:
        raise ExcessNotThere("The need test is passed." if result == "passed" else "The reason is given already.")


@dataclass(frozen=True)
class Part:
    """Money that moved, as it is told."""

    paid_on: date
    paid_pence: int
    reason: str | None


@dataclass(frozen=True)
class PartPosition:
    """What a part must know of its payment: what was asked, and what has moved of it."""

    state: str
    requested_pence: int
    moved_pence: int
    result: NeedResult | None = None
    excess_pence: int | None = None
    excess_approved: bool = False


def receive_part(position: PartPosition, part: Part, standing: Receivable, *, today: date) -> str:
    """Decide on money that came in (G-24, G-25); returns the payment's state: received once all of it is here."""
    faults = _part_faults(position, part, ("requested", "received"), today)
    if part.paid_pence > 0:
        if position.result != "passed" and not position.excess_approved:
            why = (
                "No forecast bears the need out"
                if position.result == "not_possible"
                else f"{sterling(position.excess_pence or 0)} is more than is needed before the next payment"
            )
            faults.append(ExcessUnapproved(f"{why}; the chief finance officer gives the reason first."))
        if part.paid_pence > standing.left_pence:
            at_most = sterling(max(standing.left_pence, 0))
            faults.append(
                OverReceivable(
                    f"Receivable is {sterling(standing.receivable_pence)}, received "
                    f"{sterling(standing.received_pence)}; at most {at_most} may come in.",
                    pointer="/paid_pence",
                )
            )
    raise_together(faults)
    return "received" if position.moved_pence + part.paid_pence == position.requested_pence else "requested"


def pay_part(position: PartPosition, part: Part, award: AwardStanding, *, awarded_on: date, today: date) -> str:
    """Decide on money that goes out (G-22, G-23): the award is payable, its duties were acknowledged by that day."""
    faults = _part_faults(position, part, ("planned", "part_paid", "paid"), today)
    if part.paid_pence > 0:
        faults.extend(payable_faults(award, None, on=part.paid_on))
        if award.state != "payable" and not faults:
            faults.append(AwardNotPayable(f"The award is {award.state}; make it payable first."))
        if part.paid_on < awarded_on:
            faults.append(
                BeforeAward(f"The award was made on {awarded_on.isoformat()}; give a later day.", pointer="/paid_on")
            )
        if award.paid_pence + part.paid_pence > award.amount_pence:
            left = sterling(award.amount_pence - award.paid_pence)
            faults.append(OverAward(f"{left} of the award is left; reduce the payment.", pointer="/paid_pence"))
    raise_together(faults)
    moved_pence = position.moved_pence + part.paid_pence
    if moved_pence == position.requested_pence:
        return "paid"
    return "part_paid" if moved_pence else "planned"


def refuse_payment(state: str, moved_pence: int, refused_on: date, *, today: date) -> None:
    """Decide on the department's refusal of a request."""
    not_after(refused_on, today, "/refused_on")
    if state != "requested" or moved_pence:
        what = "part of it has been received" if moved_pence else f"it is {state}"
        raise PaymentOutOfOrder(f"Only a requested payment is refused; {what}.")


def withdraw_payment(state: str, moved_pence: int) -> None:
    """Decide on taking back a plan or a request: nothing of it has moved."""
    if state not in ("planned", "requested") or moved_pence:
        raise PaymentOutOfOrder(f"The payment is {state}; only one of which nothing has moved is withdrawn.")


def _part_faults(position: PartPosition, part: Part, states: Sequence[str], today: date) -> list[Refusal]:
    not_after(part.paid_on, today, "/paid_on")
    if part.paid_pence == 0:
        raise ZeroAmount("Give the amount that moved; a negative one takes back what was noted.", pointer="/paid_pence")
    if position.state not in states:
        fix = "request it first" if position.state == "planned" else "plan another one"
        raise PaymentOutOfOrder(f"The payment is {position.state}; {fix}.")
    faults: list[Refusal] = []
    if part.paid_pence < 0 and not part.reason:
        faults.append(PartReasonMissing("Say in reason why it is taken back.", pointer="/reason"))
    after_pence = position.moved_pence + part.paid_pence
    if after_pence < 0:
        moved = sterling(position.moved_pence)
        faults.append(TakenBackTooMuch(f"{moved} has moved; take back no more.", pointer="/paid_pence"))
    if after_pence > position.requested_pence:
        left = sterling(position.requested_pence - position.moved_pence)
        faults.append(
            OverRequest(f"{left} of the payment is left; plan another payment for more.", pointer="/paid_pence")
        )
    return faults

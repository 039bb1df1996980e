"""The life of an award, offered > terms_acknowledged > payable > completed or ended: pure functions that refuse."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.grants.awards.duties import DUTIES, DUTY_OF
from services.grants.faults import FutureDate, raise_together
from services.grants.use_rules.faults import DecisionRequired, UseRefused, UseUndeclared
from shared.errors import Conflict, Invalid, Refusal
from shared.money import sterling

Target = Literal["payable", "completed", "ended"]
OVER = ("completed", "ended")


class FlowDownMissing(Conflict):
    """Every duty is acknowledged before the first payment (G-22)."""

    code = "flow_down_missing"
    title = "Duties are not acknowledged"


class UnknownDuty(Invalid):
    code = "unknown_duty"
    title = "No duty has this code"


class AcknowledgedAlready(Conflict):
    code = "acknowledged_already"
    title = "The duty is acknowledged already"


class AwardOver(Conflict):
    code = "award_over"
    title = "The award is over"


class AwardOutOfOrder(Conflict):
    code = "award_out_of_order"
    title = "The award cannot move there from where it stands"


class AwardNotPaid(Conflict):
    code = "award_not_paid"
    title = "The award is not paid in full"


class EndReasonMissing(Conflict):
    code = "reason_missing"
    title = "Ending an award needs a reason"


@dataclass(frozen=True)
class AwardStanding:
    """Where an award stands: the body's name, its duties with the day each was acknowledged, what is paid of it."""

    body: str
    state: str
    use_outcome: str
    use_detail: str
    acknowledged: Mapping[str, date]
    amount_pence: int
    paid_pence: int


def missing_duties(acknowledged: Collection[str]) -> list[str]:
    """Codes of the duties that are not acknowledged, in the order of the memorandum."""
    return [duty.code for duty in DUTIES if duty.code not in acknowledged]


def acknowledge(award: AwardStanding, duties: Sequence[str], on: date, *, today: date) -> str:
    """Decide on an acknowledgement (G-22); returns the state that follows: the last duty moves the award on."""
    faults: list[Refusal] = []
    if on > today:
        faults.append(FutureDate(f"Give a day not after {today.isoformat()}.", pointer="/acknowledged_on"))
    for index, code in enumerate(duties):
        if code not in DUTY_OF:
            faults.append(UnknownDuty(f"Use one of {', '.join(DUTY_OF)}.", pointer=f"/duties/{index}"))
        elif code in award.acknowledged:
            faults.append(
                AcknowledgedAlready(
                    f"{code} was acknowledged on {award.acknowledged[code].isoformat()}; leave it out.",
                    pointer=f"/duties/{index}",
                )
            )
        elif code in duties[:index]:
            faults.append(
                AcknowledgedAlready("The duty stands above already; give it once.", pointer=f"/duties/{index}")
            )
    if award.state in OVER:
        faults.append(_over(award))
    raise_together(faults)
    if award.state == "offered" and not missing_duties({*award.acknowledged, *duties}):
        return "terms_acknowledged"
    return award.state


def move_award(award: AwardStanding, to: Target, reason: str | None) -> None:
    """Decide on the next state: payable once all duties and the use are settled, completed once paid, or ended."""
    faults: list[Refusal] = []
    if award.state in OVER:
        raise _over(award)
    if to == "ended":
        if not reason:
            faults.append(EndReasonMissing("Say in reason why the award ends.", pointer="/reason"))
    elif to == "payable":
        if award.state == "payable":
            faults.append(AwardOutOfOrder("The award is payable already.", pointer="/to"))
        faults.extend(payable_faults(award, "/to"))
    elif award.state != "payable":
        faults.append(AwardOutOfOrder(f"The award is {award.state}; make it payable and pay it first.", pointer="/to"))
    elif award.paid_pence != award.amount_pence:
        left = sterling(award.amount_pence - award.paid_pence)
        faults.append(AwardNotPaid(f"{left} is not paid; pay it, or end the award with the reason.", pointer="/to"))
    raise_together(faults)


def declare_use(state: str) -> None:
    """What a payable award is for is settled; an award that is over is for nothing more."""
    if state not in ("offered", "terms_acknowledged"):
        raise AwardOutOfOrder(f"The award is {state}; its use was settled before. End it and make another one.")


def payable_faults(award: AwardStanding, pointer: str | None, *, on: date | None = None) -> list[Refusal]:
    """What stands between an award and a payment on a day: its duties and its use (G-19, G-22)."""
    faults: list[Refusal] = []
    acknowledged = {code for code, day in award.acknowledged.items() if on is None or day <= on}
    missing = missing_duties(acknowledged)
    if missing:
        late = on is not None and not missing_duties(award.acknowledged)
        when = f" on or before {on.isoformat()}" if on and late else ""
        faults.append(
            FlowDownMissing(
                f"Duties {', '.join(missing)} not acknowledged by {award.body}{when}; record that first.",
                pointer=pointer,
                extra={"duties": missing},
            )
        )
    if award.use_outcome == "undeclared":
        faults.append(UseUndeclared("Declare the codes that the award raises, or none.", pointer=pointer))
    elif award.use_outcome == "decision_required":
        faults.append(DecisionRequired(award.use_detail, pointer=pointer))
    elif award.use_outcome == "refused":
        faults.append(UseRefused(award.use_detail, pointer=pointer))
    return faults


def _over(award: AwardStanding) -> AwardOver:
    return AwardOver(f"The award is {award.state}; make another one.")

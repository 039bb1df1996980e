"""What may be handed on to another body: a pure function that refuses or returns the fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.grants.faults import NoBudget, WrongTerritory, no_budget, not_after, raise_together
from services.grants.rules import AgreementNotSigned
from services.grants.use_rules.faults import refused_use
from services.grants.use_rules.rules import Judgement
from services.grants.use_rules.territory import outside_territory
from shared.errors import Conflict, Invalid, Refusal
from shared.events.grants import PassThroughAwarded
from shared.money import sterling
from shared.periods import FinancialYear


class NotPassThrough(Invalid):
    """Only a line meant for it is handed on (G-8)."""

    code = "not_pass_through"
    title = "The line is not passed through"


class AwardOverLine(Conflict):
    """Awards stay within their line (G-23)."""

    code = "award_over_line"
    title = "Awards exceed the line"


class AwardToParty(Conflict):
    code = "award_to_party"
    title = "A party of the agreement receives no pass-through"


class OutsideYear(Conflict):
    code = "outside_year"
    title = "The day is not in the agreement's year"


class PlannedBackwards(Invalid):
    code = "planned_backwards"
    title = "The planned end lies before the start"


@dataclass(frozen=True)
class LineSpan:
    """A line while one budget is in effect: its amount, and what is awarded of it by the end of that time, in pence."""

    since: date
    amount_pence: int
    awarded_pence: int

    @property
    def left_pence(self) -> int:
        return max(self.amount_pence - self.awarded_pence, 0)


@dataclass(frozen=True)
class AwardPosition:
    """What an award must know: its line in the budget of its day and in each one in effect later, in their order.

    `spans` is empty where the budget of the day has no such pass-through line; where there is no budget on that day,
    they begin with the nearest day that has one. `budget_from` is the day of the first budget, None without any;
    `budget_awaiting` the number of a version that only lacks approval. `gss` is the GSS code of the body that receives
    it, where it has one.
    """

    agreement_id: UUID
    year: FinancialYear
    signed: bool
    territory: str
    gss: str | None
    organisation_id: UUID
    spans: Sequence[LineSpan]
    recipient_is_party: bool
    budget_from: date | None
    budget_awaiting: int | None = None


@dataclass(frozen=True)
class Award:
    """What is asked for."""

    line_code: str
    amount_pence: int
    awarded_on: date
    planned_from: date | None = None
    planned_to: date | None = None


def award_pass_through(
    position: AwardPosition, award: Award, use: Judgement, *, award_id: UUID, today: date
) -> PassThroughAwarded:
    """Decide on an award (G-6, G-19, G-22, G-23) under a signed agreement.

    To another body of the territory, within its line, on a day of the year that is not in the future, for a use that
    is not refused. A use that needs a decision does not stop the offer, but every payment of it.
    """
    not_after(award.awarded_on, today, "/awarded_on")
    faults: list[Refusal] = []
    if not position.signed:
        faults.append(AgreementNotSigned("Both parties sign before grant is handed on; note the signatures first."))
    if position.gss and (outside := outside_territory(position.territory, position.gss)):
        faults.append(WrongTerritory(outside, pointer="/organisation"))
    if use.outcome == "refused":
        faults.append(refused_use(use))
    faults.extend(_day_faults(position, award.awarded_on))
    if award.planned_from and award.planned_to and award.planned_to < award.planned_from:
        faults.append(PlannedBackwards("Give an end that is not before the start.", pointer="/planned_to"))
    if position.recipient_is_party:
        faults.append(AwardToParty("Name the body that receives the grant handed on.", pointer="/organisation"))
    if position.budget_from is None:
        fix = "Set the budget of the year first; it says which lines are passed through."
        faults.append(no_budget(fix, position.budget_awaiting, "/line_code"))
    elif not position.spans:
        faults.append(
            NotPassThrough("Give the code of a pass-through line of the budget of that day.", pointer="/line_code")
        )
    elif award.amount_pence > (least := min(position.spans, key=lambda span: span.left_pence)).left_pence:
        # An award outlives the budget of its day: budget that moves away later is no longer there to be awarded.
        later = "" if least is position.spans[0] else f" in the budget from {least.since.isoformat()} on"
        faults.append(
            AwardOverLine(
                f"{award.line_code} has {sterling(least.left_pence)} left to award{later}; reduce the award or move "
                "budget.",
                pointer="/amount_pence",
            )
        )
    raise_together(faults)
    return PassThroughAwarded(
        award_id=award_id,
        version=1,
        agreement_id=position.agreement_id,
        year=position.year.label,
        organisation_id=position.organisation_id,
        line_code=award.line_code,
        amount_pence=award.amount_pence,
        awarded_on=award.awarded_on,
    )


def _day_faults(position: AwardPosition, awarded_on: date) -> list[Refusal]:
    year, budget_from = position.year, position.budget_from
    if not year.start <= awarded_on <= year.end:
        fix = f"Give a day from {year.start.isoformat()} to {year.end.isoformat()}."
        return [OutsideYear(fix, pointer="/awarded_on")]
    if budget_from is not None and awarded_on < budget_from:
        fix = f"The first budget takes effect on {budget_from.isoformat()}; give that day or a later one."
        return [NoBudget(fix, pointer="/awarded_on")]
    return []

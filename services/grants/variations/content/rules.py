"""What a variation says, and what could not take effect as things stand: pure functions that refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from services.grants.budget.lines import Line
from services.grants.budget.rules import check_lines
from services.grants.faults import no_budget, raise_together
from services.grants.variations.content.faults import (
    AgreementNotSigned,
    BudgetMovedOn,
    ContentMissing,
    EarlierThanBudget,
    EarlierThanTerm,
    GrantBelowReceived,
    LineBelowAwards,
    NothingChanges,
    NotOfThisKind,
    OutsideYear,
    PeriodReported,
)
from services.grants.variations.virements.rules import Move, Thresholds, move_lines
from shared.errors import ErrorItem, Refusal
from shared.money import sterling
from shared.periods import FinancialYear, Quarter

VariationKind = Literal["allocation", "target", "scope", "deadline", "drop"]


@dataclass(frozen=True)
class Change:
    """What changes in words: a deliverable by its reference, or another clause, as it was and as it will be."""

    what: str | None = None
    deliverable: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Content:
    """What a variation would change. An allocation has moves or whole new lines, and the grant where that changes."""

    kind: VariationKind
    effective_from: date
    moves: tuple[Move, ...] | None = None
    lines: tuple[Line, ...] | None = None
    grant_pence: int | None = None
    in_force_to: date | None = None
    review_by: date | None = None
    changes: tuple[Change, ...] = ()
    is_virement: bool = False


@dataclass(frozen=True)
class VariationPosition:
    """What a variation must know: the agreement's terms, the lines of its budget, and which quarters are reported.

    `awarded` is what is awarded on a line, by code, in pence; `budget` is the number of the version in effect.
    `spoken_for_pence` of the grant is received or netted off already. `varied_from` is the latest day from which a
    variation set a term, by name.
    """

    agreement_id: UUID
    year: FinancialYear
    signed: bool
    grant_pence: int
    in_force_from: date
    in_force_to: date
    review_by: date | None
    lines: tuple[Line, ...] = ()
    budget: int | None = None
    budget_from: date | None = None
    budget_awaiting: int | None = None
    awarded: Mapping[str, int] = field(default_factory=dict)
    spoken_for_pence: int = 0
    varied_from: Mapping[str, date] = field(default_factory=dict)
    reported: tuple[Quarter, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)


def check_variation(position: VariationPosition, content: Content) -> list[Line] | None:
    """Refuse what could not take effect as things stand; the lines of the budget it would make, where it changes that.

    Asked when it is proposed; `check_again` when it is agreed, since the budget may have moved on in between.
    """
    if not position.signed:
        raise AgreementNotSigned("The agreement awaits its second signature; until then change the draft itself.")
    faults = _content_faults(content)
    lines_after: list[Line] | None = None
    # What contradicts itself says nothing about lines; a wrong day does not hide what is wrong with them.
    if content.kind == "allocation" and not faults:
        lines_after, found = _lines_after(position, content)
        faults.extend(found or _award_faults(position, lines_after or ()))
        faults.extend(_grant_faults(position, content.grant_pence))
    faults.extend(_day_faults(position, content))
    raise_together(faults)
    return lines_after


def _lines_after(position: VariationPosition, content: Content) -> tuple[list[Line] | None, list[Refusal]]:
    """The lines that an allocation makes, and all faults of them."""
    grant_pence = content.grant_pence if content.grant_pence is not None else position.grant_pence
    if not position.lines:
        fix = "Set the budget of the year first; a variation changes it."
        return None, [no_budget(fix, position.budget_awaiting, "")]
    if content.moves is not None:
        return move_lines(position.lines, content.moves, net_pence=grant_pence - position.grant_pence)
    lines = list(content.lines or ())
    try:
        check_lines(grant_pence, lines)
    except Refusal as refusal:
        return None, [refusal]
    return lines, []


def _award_faults(position: VariationPosition, lines_after: Sequence[Line]) -> list[Refusal]:
    """Lines that are lowered beneath what is awarded; one that is over-awarded already stops no other line's change."""
    before = {line.code: line.amount_pence or 0 for line in position.lines}
    held = {line.code: line.amount_pence or 0 for line in lines_after}
    return [
        LineBelowAwards(
            f"{sterling(awarded_pence)} of {code} is awarded; leave at least that, or end an award first.",
            pointer="/lines",
        )
        for code, awarded_pence in position.awarded.items()
        if held.get(code, 0) < min(awarded_pence, before.get(code, 0))
    ]


@dataclass(frozen=True)
class ProposedOn:
    """The budget version on which a variation was proposed, and the grant that it divides."""

    number: int
    grant_pence: int


def check_again(position: VariationPosition, content: Content, base: ProposedOn | None) -> list[Line] | None:
    """As `check_variation`, once it is to take effect: what was agreed since it was proposed stays agreed (G-16).

    What lines gain and lose is applied to the budget as it stands now. Whole new lines, or a new grant, were proposed
    on a budget that may not stand any more: BudgetMovedOn. No fault has a place, as the proposal is not in the request.
    """
    anew = "withdraw this and propose it anew."
    if base is not None and content.lines is not None and position.budget != base.number:
        raise BudgetMovedOn(
            f"Version {position.budget} of the budget took effect since this was proposed, all lines of version "
            f"{base.number} being given; {anew}",
            extra={"proposed_on": base.number, "in_effect": position.budget},
        )
    if base is not None and content.grant_pence is not None and position.grant_pence != base.grant_pence:
        raise BudgetMovedOn(
            f"The grant was changed from {sterling(base.grant_pence)} to {sterling(position.grant_pence)} since this "
            f"was proposed; {anew}",
            extra={"proposed_on": base.number, "in_effect": position.budget},
        )
    try:
        return check_variation(position, content)
    except Refusal as refusal:
        kind = type(refusal) if refusal.status == 409 else BudgetMovedOn
        fix = "What was proposed is not edited: withdraw it and propose it anew."
        errors = [
            ErrorItem(code=error.code if refusal.status == 409 else kind.code, detail=f"{error.detail} {fix}")
            for error in refusal.errors
        ]
        raise kind(f"{refusal.detail} {fix}", errors=errors, extra=refusal.extra) from refusal


def _grant_faults(position: VariationPosition, grant_pence: int | None) -> list[Refusal]:
    if grant_pence is None:
        return []
    if grant_pence == position.grant_pence:
        return [NothingChanges("This is the grant already; leave it out.", pointer="/grant_pence")]
    if grant_pence >= position.spoken_for_pence:
        return []
    return [
        GrantBelowReceived(
            f"{sterling(position.spoken_for_pence)} of the grant is received or netted off; lower it to no less, or "
            "first note what is paid back, as a negative part of the payment.",
            pointer="/grant_pence",
        )
    ]


def _content_faults(content: Content) -> list[Refusal]:
    faults: list[Refusal] = []
    allocation = content.kind == "allocation"
    if allocation:
        given = [content.moves is not None, content.lines is not None]
        if sum(given) != 1:
            faults.append(ContentMissing("Give either virement or lines: where the money goes.", pointer="/virement"))
        if content.changes:
            faults.append(NotOfThisKind("An allocation is told by its lines; leave changes out.", pointer="/changes"))
    else:
        money = {"virement": content.moves, "lines": content.lines, "grant_pence": content.grant_pence}
        faults.extend(
            NotOfThisKind("Only an allocation changes money; leave it out, or propose one.", pointer=f"/{name}")
            for name, value in money.items()
            if value is not None
        )
    if content.kind != "deadline":
        days = {"in_force_to": content.in_force_to, "review_by": content.review_by}
        faults.extend(
            NotOfThisKind("Only a deadline changes a day; leave it out, or propose one.", pointer=f"/{name}")
            for name, value in days.items()
            if value is not None
        )
    days_given = content.in_force_to is not None or content.review_by is not None
    if not allocation and not content.changes and not days_given:
        faults.append(ContentMissing("Name what changes, as it was and as it will be.", pointer="/changes"))
    for index, change in enumerate(content.changes):
        faults.extend(_change_faults(content.kind, change, f"/changes/{index}"))
    return faults


def _change_faults(kind: VariationKind, change: Change, place: str) -> list[Refusal]:
    faults: list[Refusal] = []
    if kind in ("target", "drop") and not change.deliverable:
        faults.append(ContentMissing("Give the reference of the deliverable.", pointer=f"{place}/deliverable"))
    elif not change.deliverable and not change.what:
        faults.append(ContentMissing("Give a deliverable, or say in what which clause it is.", pointer=f"{place}/what"))
    if kind == "drop" and change.after is not None:
        faults.append(NotOfThisKind("What is dropped has nothing after it.", pointer=f"{place}/after"))
    if kind != "drop" and not change.after:
        faults.append(ContentMissing("Say how it will be.", pointer=f"{place}/after"))
    elif kind != "drop" and change.before == change.after:
        faults.append(NothingChanges("It stands so already; leave it out.", pointer=f"{place}/after"))
    return faults


def _day_faults(position: VariationPosition, content: Content) -> list[Refusal]:
    faults: list[Refusal] = []
    start, end = position.in_force_from, position.year.end
    days = {
        "effective_from": content.effective_from,
        "in_force_to": content.in_force_to,
        "review_by": content.review_by,
    }
    for name, day in days.items():
        if day is not None and not start <= day <= end:
            faults.append(OutsideYear(f"Give a day from {start.isoformat()} to {end.isoformat()}.", pointer=f"/{name}"))
    last = max((quarter.end for quarter in position.reported), default=None)
    if last is not None and content.effective_from <= last:
        way_on = (
            f"give a day from {(last + timedelta(days=1)).isoformat()} on"
            if last < end
            else f"{position.year.label} is not changed any more, so agree it for {position.year.next().label}"
        )
        faults.append(
            PeriodReported(
                f"The report of {Quarter.of(last).label} has been submitted; {way_on}.", pointer="/effective_from"
            )
        )
    for name in ("in_force_to", "review_by"):
        since = position.varied_from.get(name)
        if days[name] is not None and since is not None and content.effective_from < since:
            faults.append(
                EarlierThanTerm(
                    f"{name} was changed from {since.isoformat()} on; give a day not before it.",
                    pointer="/effective_from",
                )
            )
    budget_from = position.budget_from if content.kind == "allocation" else None
    if budget_from is not None and content.effective_from < budget_from:
        faults.append(
            EarlierThanBudget(
                f"A budget takes effect on {budget_from.isoformat()}; give a day not before it.",
                pointer="/effective_from",
            )
        )
    return faults

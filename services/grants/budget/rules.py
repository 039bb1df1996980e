"""What an indicative budget must be, and who makes it effective: pure functions that refuse or return the fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.grants.budget.lines import CARRYING, Kind, Line, Sum, add_up, amounts_of, roll_up
from services.grants.faults import raise_together
from shared.errors import Conflict, Invalid, Refusal
from shared.events.grants import BudgetLine, BudgetSet
from shared.money import sterling
from shared.periods import FinancialYear

BudgetState = Literal["balanced", "effective", "superseded", "withdrawn"]
"""Balanced awaits a second person; superseded was effective, and still tells what stood before its follower's day."""


class HeadingMismatch(Conflict):
    """A heading's lines do not sum to what is printed beside it (G-9)."""

    code = "heading_mismatch"
    title = "A heading does not add up"


class BudgetOverGrant(Conflict):
    """More than the grant is refused (G-10)."""

    code = "budget_over_grant"
    title = "Lines exceed the grant"


class BudgetUnderGrant(Conflict):
    """Less than the grant needs an unallocated line for the rest (G-10)."""

    code = "budget_under_grant"
    title = "Lines do not reach the grant"


class BudgetNotAgreed(Conflict):
    """The budget of a signed agreement changes by variation or virement, not by typing it anew (G-12, G-16)."""

    code = "not_agreed"
    title = "The signed budget stands"


class NotAwaitingApproval(Conflict):
    """Only what is balanced is approved, and once (G-12)."""

    code = "not_awaiting_approval"
    title = "The version awaits no approval"


class OutsideYear(Conflict):
    code = "outside_year"
    title = "The day is not in the agreement's year"


class RepeatedCode(Invalid):
    code = "repeated_code"
    title = "A code stands more than once"


class UnknownParent(Invalid):
    code = "unknown_parent"
    title = "There is no such heading"


class ParentCarriesMoney(Invalid):
    """Only headings and the total have lines beneath them (G-8)."""

    code = "parent_carries_money"
    title = "A line that carries money has no lines beneath it"


class ParentCircle(Invalid):
    code = "parent_circle"
    title = "Parents run in a circle"


class SeveralTotals(Invalid):
    code = "several_totals"
    title = "A budget has at most one total"


class AmountOfSum(Invalid):
    """Headings and the total never carry money of their own (G-8)."""

    code = "amount_of_sum"
    title = "A sum carries no money of its own"


class AmountMissing(Invalid):
    code = "amount_missing"
    title = "A line that carries money needs its amount"


@dataclass(frozen=True)
class BudgetPosition:
    """What a budget must know: its agreement, and whether a version took effect before, whichever its day."""

    agreement_id: UUID
    year: FinancialYear
    grant_pence: int
    signed: bool
    has_effective: bool = False


def set_budget(
    position: BudgetPosition,
    lines: Sequence[Line],
    *,
    effective_from: date,
    undecided: Sequence[tuple[int, str]] = (),
) -> None:
    """Refuse what no version of the indicative budget can be (G-7 to G-10, G-12).

    Faults of the structure come first and together; then every heading and the grant are checked and all that does not
    add up comes together, since a wrong parent leaves the total unchanged. `undecided` are variations by number and
    state.
    """
    refuse_where_agreed(position, undecided)
    faults: list[Refusal] = []
    if not position.year.start <= effective_from <= position.year.end:
        faults.append(
            OutsideYear(
                f"Give a day from {position.year.start.isoformat()} to {position.year.end.isoformat()}.",
                pointer="/effective_from",
            )
        )
    try:
        check_lines(position.grant_pence, lines)
    except Refusal as refusal:
        faults.append(refusal)
    raise_together(faults)


def refuse_where_agreed(position: BudgetPosition, undecided: Sequence[tuple[int, str]] = ()) -> None:
    """The budget of a signed agreement is not typed anew (G-16)."""
    if not (position.signed and position.has_effective):
        return
    if undecided:
        waiting = "; ".join(f"Variation {number} is {state}" for number, state in undecided)
        raise BudgetNotAgreed(f"{waiting}; the budget stays as it is until that is agreed.")
    raise BudgetNotAgreed("The agreement is signed; its budget changes by an agreed variation or virement.")


def check_lines(grant_pence: int, lines: Sequence[Line]) -> None:
    """Refuse lines that make no budget of this grant: the structure first, then what does not add up (G-8 to G-10)."""
    raise_together(_structure_faults(lines))
    raise_together(_balance_faults(grant_pence, lines))


def approve_budget(
    position: BudgetPosition, lines: Sequence[Line], *, number: int, state: str, effective_from: date
) -> BudgetSet:
    """Decide on the approval of a balanced version; that its maker is another person is checked beside this (G-12)."""
    if state != "balanced":
        raise NotAwaitingApproval(f"Version {number} is {state}; set a new one and have that approved.")
    refuse_where_agreed(position)
    check_lines(position.grant_pence, lines)
    return budget_set(position.agreement_id, position.year, lines, number=number, effective_from=effective_from)


def withdraw_budget(*, number: int, state: str) -> None:
    """Only a version that awaits approval is withdrawn; one that took effect stays (G-12)."""
    if state != "balanced":
        raise NotAwaitingApproval(f"Version {number} is {state}; only one that awaits approval is withdrawn.")


def budget_set(
    agreement_id: UUID, year: FinancialYear, lines: Sequence[Line], *, number: int, effective_from: date
) -> BudgetSet:
    """The fact of a version that takes effect: the lines that carry money (G-8)."""
    return BudgetSet(
        agreement_id=agreement_id,
        version=number,
        year=year.label,
        effective_from=effective_from,
        lines=tuple(
            BudgetLine(
                code=line.code,
                name=line.name,
                parent_code=line.parent_code,
                kind=line.kind,
                amount_pence=line.amount_pence or 0,
            )
            for line in lines
            if line.kind in ("leaf", "pass_through", "unallocated")
        ),
    )


def _structure_faults(lines: Sequence[Line]) -> list[Refusal]:
    faults: list[Refusal] = []
    kinds: dict[str, Kind] = {}
    for index, line in enumerate(lines):
        if line.code in kinds:
            faults.append(RepeatedCode("A code stands once in a version.", pointer=f"/lines/{index}/code"))
        elif line.kind == "total" and "total" in kinds.values():
            faults.append(SeveralTotals("Leave one total.", pointer=f"/lines/{index}/kind"))
        kinds.setdefault(line.code, line.kind)
        if line.kind in CARRYING and line.amount_pence is None:
            faults.append(AmountMissing("Give amount_pence, even if 0.", pointer=f"/lines/{index}/amount_pence"))
        if line.kind in CARRYING and line.stated_pence is not None:
            faults.append(AmountOfSum("Only sums have stated_pence.", pointer=f"/lines/{index}/stated_pence"))
        if line.kind not in CARRYING and line.amount_pence is not None:
            faults.append(
                AmountOfSum("A printed sub-total goes to stated_pence.", pointer=f"/lines/{index}/amount_pence")
            )
    for index, line in enumerate(lines):
        pointer = f"/lines/{index}/parent_code"
        if line.parent_code is None:
            continue
        if line.kind == "total":
            faults.append(UnknownParent("Nothing stands above the total.", pointer=pointer))
        elif line.parent_code not in kinds:
            faults.append(UnknownParent("Name the code of a heading or of the total.", pointer=pointer))
        elif kinds[line.parent_code] in CARRYING:
            faults.append(ParentCarriesMoney("Name a heading or the total.", pointer=pointer))
        elif _runs_in_circle(lines, line.code):
            faults.append(ParentCircle("No heading stands beneath itself.", pointer=pointer))
    return faults


def _runs_in_circle(lines: Sequence[Line], code: str) -> bool:
    parents = {line.code: line.parent_code for line in lines}
    above = parents[code]
    for _ in lines:
        if above is None or above == code:
            break
        above = parents.get(above)
    return above == code


def _balance_faults(grant_pence: int, lines: Sequence[Line]) -> list[Refusal]:
    faults: list[Refusal] = []
    sums = add_up(lines)
    for index, line in enumerate(lines):
        found = sums.get(line.code)
        if found is None or found.difference_pence == 0:
            continue
        if line.kind == "total" and found.stated_pence == grant_pence:
            # Said below, against the grant.
            continue
        faults.append(_mismatch(line, found, lines, index))
    carried_pence = sum(line.amount_pence or 0 for line in lines)
    if carried_pence > grant_pence:
        faults.append(
            BudgetOverGrant(
                f"Lines sum to {sterling(carried_pence)}, the grant is {sterling(grant_pence)}: "
                f"over by {sterling(carried_pence - grant_pence)}; reduce a line.",
                pointer="/lines",
                extra=_figures(carried_pence, grant_pence),
            )
        )
    if carried_pence < grant_pence:
        rest = sterling(grant_pence - carried_pence)
        kept = any(line.kind == "unallocated" for line in lines)
        fix = f"raise the unallocated line by {rest}" if kept else f"add a line of kind unallocated with {rest}"
        faults.append(
            BudgetUnderGrant(
                f"Lines sum to {sterling(carried_pence)}, the grant is {sterling(grant_pence)}: {rest} short; {fix}.",
                pointer="/lines",
                extra=_figures(carried_pence, grant_pence),
            )
        )
    return faults


def _mismatch(line: Line, found: Sum, lines: Sequence[Line], index: int) -> HeadingMismatch:
    """Both figures, the difference, and the one child that equals it: probably the line with the wrong parent (G-9)."""
    stated_pence, gap_pence = found.stated_pence or 0, found.difference_pence
    own = {code: amount for code, amount in roll_up(lines, amounts_of(lines)).items() if code in found.children}
    equal = [code for code, amount in own.items() if amount == abs(gap_pence)]
    suspect = f"; {equal[0]} equals the difference" if len(equal) == 1 else ""
    return HeadingMismatch(
        f"{line.code} {line.name}: lines sum to {sterling(found.computed_pence)}, stated {sterling(stated_pence)}, "
        f"difference {sterling(gap_pence)}{suspect}; check the parents of {line.code}.",
        pointer=f"/lines/{index}/stated_pence",
        extra=_figures(found.computed_pence, stated_pence) | ({"child": equal[0]} if len(equal) == 1 else {}),
    )


def _figures(computed_pence: int, expected_pence: int) -> dict[str, int]:
    return {
        "computed_pence": computed_pence,
        "expected_pence": expected_pence,
        "difference_pence": computed_pence - expected_pence,
    }

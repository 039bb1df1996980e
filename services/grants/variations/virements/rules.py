"""What may be moved between budget lines, who decides it, and whether it is significant: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.grants.budget.lines import CARRYING, Line, add_up
from services.grants.faults import RepeatedLine, UnknownLine
from shared.errors import Conflict, Invalid, Refusal
from shared.money import percent, sterling

Procedure = Literal["department", "internal"]
Basis = Literal["threshold", "judgement"]


class VirementUnbalanced(Conflict):
    """What is moved sums to zero (G-13)."""

    code = "virement_unbalanced"
    title = "The virement does not balance"


class LineBelowZero(Conflict):
    code = "line_below_zero"
    title = "A line would fall below zero"


class DecisionRequired(Conflict):
    """Where the agreement is silent, a named person says so; there is no silent default (G-15)."""

    code = "decision_required"
    title = "A person must decide"


class SignificantByThreshold(Conflict):
    code = "significant_by_threshold"
    title = "The thresholds make this significant"


class NothingMoved(Invalid):
    code = "nothing_moved"
    title = "The line would stay as it is"


@dataclass(frozen=True)
class Move:
    """What a line gains, or loses where negative, in pence."""

    code: str
    delta_pence: int


@dataclass(frozen=True)
class Thresholds:
    """Both may be unset; the share is of the source line, in thousandths of a per cent (G-15)."""

    share_millipercent: int | None = None
    absolute_pence: int | None = None


@dataclass(frozen=True)
class Judgement:
    """A named person's word on significance, with the reason."""

    significant: bool
    reason: str
    by: str


@dataclass(frozen=True)
class Significance:
    significant: bool
    basis: Basis
    reason: str
    by: str


def move_lines(
    lines: Sequence[Line], moves: Sequence[Move], *, net_pence: int = 0, pointer: str = "/lines"
) -> tuple[list[Line], list[Refusal]]:
    """The lines after the moves, and all faults of the moves (G-13).

    They sum to `net_pence` – zero, or the change of the grant –, name carrying lines, each once, and leave none below
    zero. A sub-total printed in the earlier version is kept where it still holds.
    """
    carrying = {line.code: line for line in lines if line.kind in CARRYING}
    faults: list[Refusal] = []
    seen: set[str] = set()
    for index, move in enumerate(moves):
        place = f"{pointer}/{index}"
        if move.code not in carrying:
            faults.append(
                UnknownLine(
                    "No line that carries money has this code; use the codes of the budget in effect.",
                    pointer=f"{place}/line_code",
                )
            )
        elif move.code in seen:
            faults.append(RepeatedLine("The line stands above already; give it once.", pointer=f"{place}/line_code"))
        elif move.delta_pence == 0:
            faults.append(NothingMoved("Give an amount, or leave the line out.", pointer=f"{place}/delta_pence"))
        elif (carrying[move.code].amount_pence or 0) + move.delta_pence < 0:
            held = sterling(carrying[move.code].amount_pence or 0)
            faults.append(
                LineBelowZero(
                    f"{move.code} holds {held}; take no more than that from it.", pointer=f"{place}/delta_pence"
                )
            )
        seen.add(move.code)
    net = sum(move.delta_pence for move in moves)
    if net != net_pence:
        wanted = "must be 0" if net_pence == 0 else f"must be {sterling(net_pence)}, the change of the grant"
        faults.append(
            VirementUnbalanced(
                f"Net is {sterling(net)}, {wanted}; correct a line by {sterling(net_pence - net)}.",
                pointer=pointer,
                extra={"net_pence": net, "expected_pence": net_pence},
            )
        )
    if faults:
        return list(lines), faults
    deltas = {move.code: move.delta_pence for move in moves}
    moved = [
        replace(line, amount_pence=(line.amount_pence or 0) + deltas[line.code]) if line.code in deltas else line
        for line in lines
    ]
    sums = add_up(moved)
    return [
        replace(line, stated_pence=None) if line.code in sums and sums[line.code].difference_pence else line
        for line in moved
    ], []


def why_department(lines: Sequence[Line], moves: Sequence[Move], *, grant_changes: bool = False) -> list[str]:
    """Why a change of budget is the department's to agree, whatever its size; empty inside one heading (G-14)."""
    reasons = []
    by_code = {line.code: line for line in lines}
    kinds = {line.code: line.kind for line in lines}
    moved = [by_code[move.code] for move in moves if move.code in by_code]
    if len({line.parent_code for line in moved}) > 1:
        reasons.append("it crosses headings")
    passed = [line.code for line in moved if line.kind == "pass_through"]
    if passed:
        reasons.append(f"it touches pass-through: {', '.join(passed)}")
    alone = [
        line.code
        for line in moved
        if line.kind != "pass_through" and (line.parent_code is None or kinds.get(line.parent_code) == "total")
    ]
    if alone:
        reasons.append(f"it touches lines that stand alone: {', '.join(alone)}")
    if grant_changes:
        reasons.append("it changes the grant")
    return reasons


def judge_significance(
    thresholds: Thresholds, lines: Sequence[Line], moves: Sequence[Move] | None, judged: Judgement | None
) -> Significance:
    """Whether a change is significant (G-15).

    Above a threshold it is. Below both it is not, unless a person judges it so. While a threshold is unset, and for
    what thresholds do not measure (no moves), a named person decides, with a reason; DecisionRequired without.
    """
    above = above_threshold(thresholds, lines, moves) if moves is not None else None
    if above is not None:
        if judged is not None and not judged.significant:
            raise SignificantByThreshold(f"Significant: {above}. Leave the judgement out.", pointer="/significance")
        return Significance(True, "threshold", above, "thresholds")
    if judged is not None:
        return Significance(judged.significant, "judgement", judged.reason, judged.by)
    if moves is None:
        raise DecisionRequired(
            "No threshold measures this; say in significance whether it is significant and why.",
            pointer="/significance",
        )
    if thresholds.share_millipercent is None or thresholds.absolute_pence is None:
        raise DecisionRequired(
            "No threshold is set; say in significance whether this is significant and why."
            if thresholds == Thresholds()
            else "One threshold is not set; say in significance whether this is significant and why.",
            pointer="/significance",
        )
    return Significance(False, "threshold", "it stays within both thresholds", "thresholds")


def share_of_source(amount_pence: int, delta_pence: int) -> str | None:
    """The share of a line that is moved away, three decimals, half up (G-13, G-35); None for a line that gains."""
    return percent(-delta_pence, amount_pence) if delta_pence < 0 else None


def above_threshold(thresholds: Thresholds, lines: Sequence[Line], moves: Sequence[Move]) -> str | None:
    """Which threshold is passed, in words."""
    held = {line.code: line.amount_pence or 0 for line in lines}
    share, absolute = thresholds.share_millipercent, thresholds.absolute_pence
    for move in moves:
        # Compared as whole numbers, so that no rounding decides.
        if share is not None and move.delta_pence < 0 and -move.delta_pence * 100_000 > share * held.get(move.code, 0):
            source_pence = held.get(move.code, 0)
            limit = f"{share // 1000}.{share % 1000:03d} %"
            moved = sterling(-move.delta_pence)
            return f"{moved} of the {sterling(source_pence)} on {move.code} is moved, more than {limit}"
    moved_pence = sum(-move.delta_pence for move in moves if move.delta_pence < 0)
    if absolute is not None and moved_pence > absolute:
        return f"{sterling(moved_pence)} is moved, more than {sterling(absolute)}"
    return None

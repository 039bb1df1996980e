"""What may be stated for a quarter, and who locks it when: pure functions that refuse or return the fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.grants.expenditure.rules import first_open_quarter
from services.grants.faults import earlier_than_forerunner, line_faults, no_budget, raise_together
from shared.errors import Conflict, Refusal
from shared.events.grants import LineSpend, QuarterSpendStated
from shared.money import sterling
from shared.periods import Quarter

PeriodState = Literal["open", "locked"]


class PeriodLocked(Conflict):
    """A locked quarter takes no more figures; the answer names the way on (G-29)."""

    code = "period_locked"
    title = "The quarter is locked"


class PeriodOpen(Conflict):
    code = "period_open"
    title = "The quarter is open"


class FutureActual(Conflict):
    """No actual lies in the future (G-32)."""

    code = "future_actual"
    title = "The quarter is not over"


class ZeroUnconfirmed(Conflict):
    """Zero is a figure, and is confirmed as such (G-31)."""

    code = "zero_unconfirmed"
    title = "A zero is not confirmed"


class NegativeUnexplained(Conflict):
    """A line's quarter may come out negative, and is shown with the reason (G-28)."""

    code = "negative_unexplained"
    title = "A negative figure needs its reason"


class RestatementReasonMissing(Conflict):
    code = "reason_missing"
    title = "Stating a quarter anew needs a reason"


class YearToDateMissing(Conflict):
    code = "year_to_date_missing"
    title = "The year to date cannot be computed"


class YearToDateDiffers(Conflict):
    code = "year_to_date_differs"
    title = "The year to date does not follow from the quarters"


@dataclass(frozen=True)
class StatingPosition:
    """What stating a quarter must know.

    `lines` are the carrying lines of the budget in effect at the quarter's end, code → name. `before` holds each line's
    year to date of the quarter before; it is empty in Q1, and None where that quarter was not stated. `ledger` is what
    the ledger holds for the quarter, `ledger_to_date` for the year up to its end, code → pence.
    """

    agreement_id: UUID
    quarter: Quarter
    lines: Mapping[str, str]
    before: Mapping[str, int] | None
    newest: int = 0
    newest_happened_at: datetime | None = None
    lock_reason: str | None = None
    open_quarters: tuple[str, ...] = field(default=())
    gross_used: bool = False
    ledger: Mapping[str, int] = field(default_factory=dict)
    ledger_to_date: Mapping[str, int] = field(default_factory=dict)
    budget_awaiting: int | None = None


@dataclass(frozen=True)
class StatedLine:
    """A person's figure for one line, in pence; the year to date may be left to be computed."""

    code: str
    quarter_pence: int
    year_to_date_pence: int | None = None
    zero_confirmed: bool = False
    reason: str | None = None


def state_quarter(
    position: StatingPosition,
    lines: Sequence[StatedLine],
    *,
    happened_at: datetime,
    today: date,
    reason: str | None = None,
) -> QuarterSpendStated:
    """Decide on the spend stated for a quarter (G-31): a figure for every carrying line, zeros confirmed.

    The year to date is that of the quarter before and this quarter. Where the quarter before was not stated, as Q1 need
    not be, it is given with the figures. Stating it anew needs a reason. All faults come at once.
    """
    quarter = position.quarter
    if position.lock_reason is not None:
        raise PeriodLocked(
            f"{quarter.label} locked: {position.lock_reason}; {way_on(quarter, position.open_quarters)}.",
            parameter="quarter",
        )
    if today < quarter.end:
        raise FutureActual(
            f"{quarter.label} ends on {quarter.end.isoformat()}; state its spend then.", parameter="quarter"
        )
    if not position.lines:
        fix = "Set the budget of the year first; its carrying lines are what is stated."
        raise no_budget(fix, position.budget_awaiting, "/lines")
    faults = line_faults(position.lines, [line.code for line in lines], missing_what=f"Q{quarter.number} ")
    faults.extend(_restatement_faults(position, happened_at, reason))
    for index, line in enumerate(lines):
        faults.extend(_figure_faults(position, line, index))
    raise_together(faults)
    stated = {line.code: line for line in lines}
    return QuarterSpendStated(
        agreement_id=position.agreement_id,
        version=position.newest + 1,
        year=quarter.year.label,
        quarter=quarter.slug,
        lines=tuple(
            LineSpend(
                code=code,
                name=name,
                quarter_pence=stated[code].quarter_pence,
                year_to_date_pence=_year_to_date(position, stated[code]),
            )
            for code, name in position.lines.items()
        ),
        gross_used=position.gross_used,
        happened_at=happened_at,
    )


def way_on(quarter: Quarter, open_quarters: Sequence[str]) -> str:
    """What to do about a locked quarter (G-29): the quarter that takes its late lines is the one named."""
    taken = first_open_quarter(quarter, open_quarters)
    if taken is None:
        return "no quarter is open; the chief finance officer may reopen one"
    return f"post a correction in {Quarter.parse(taken).label}"


def lock_quarter(quarter: Quarter, lock_reason: str | None) -> None:
    """The chief finance officer's own act; once (G-29)."""
    if lock_reason is not None:
        raise PeriodLocked(
            f"{quarter.label} was locked before: {lock_reason}; reopen it first to lock it for another reason."
        )


def reopen_quarter(quarter: Quarter, lock_reason: str | None) -> None:
    if lock_reason is None:
        raise PeriodOpen(f"{quarter.label} is open already; nothing needs to be done.")


def _restatement_faults(position: StatingPosition, happened_at: datetime, reason: str | None) -> list[Refusal]:
    faults: list[Refusal] = []
    if position.newest and not reason:
        faults.append(
            RestatementReasonMissing(
                f"{position.quarter.label} is stated already; say in reason why it is stated anew.", pointer="/reason"
            )
        )
    if position.newest_happened_at is not None and happened_at < position.newest_happened_at:
        faults.append(earlier_than_forerunner("statement"))
    return faults


def stale_year_to_date(before: Mapping[str, int], quarter_pence: int, year_to_date_pence: int, code: str) -> int:
    """By how much a line's stated year to date is off what the quarters stated by now come to, in pence (G-31)."""
    return year_to_date_pence - (before.get(code, 0) + quarter_pence)


def _figure_faults(position: StatingPosition, line: StatedLine, index: int) -> list[Refusal]:
    faults: list[Refusal] = []
    if line.quarter_pence == 0 and not line.zero_confirmed:
        faults.append(
            ZeroUnconfirmed(
                f"Say zero_confirmed for {line.code}, or give its figure.", pointer=f"/lines/{index}/zero_confirmed"
            )
        )
    if line.quarter_pence < 0 <= position.ledger.get(line.code, 0) and not line.reason:
        faults.append(
            NegativeUnexplained(
                f"The quarter of {line.code} is negative and the ledger's is not; say why in reason, or post the "
                "credit note first.",
                pointer=f"/lines/{index}/reason",
            )
        )
    pointer = f"/lines/{index}/year_to_date_pence"
    if position.before is None:
        if line.year_to_date_pence is None:
            faults.append(
                YearToDateMissing(
                    f"The quarter before was not stated; give the year to date of {line.code}, all of the year's "
                    f"quarters in it: the ledger holds {sterling(position.ledger_to_date.get(line.code, 0))}.",
                    pointer=pointer,
                )
            )
        return faults
    follows_pence = position.before.get(line.code, 0) + line.quarter_pence
    if line.year_to_date_pence not in (None, follows_pence):
        faults.append(
            YearToDateDiffers(
                f"{line.code}: the quarters stated so far come to {sterling(follows_pence)}; "
                "leave the year to date out, or state the earlier quarter anew.",
                pointer=pointer,
            )
        )
    return faults


def _year_to_date(position: StatingPosition, line: StatedLine) -> int:
    if line.year_to_date_pence is not None:
        return line.year_to_date_pence
    return (position.before or {}).get(line.code, 0) + line.quarter_pence

"""What may be recorded as the outturn of a year: a pure function that refuses or returns the fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.grants.faults import (
    FutureDate,
    earlier_than_forerunner,
    line_faults,
    no_budget,
    raise_together,
)
from shared.errors import Conflict, NotAllowed, Refusal
from shared.events.grants import OutturnLine, OutturnRecorded
from shared.money import sterling
from shared.periods import FinancialYear
from shared.values import OutturnState


class OutturnExceedsGrant(Conflict):
    """Spend above the grant is refused unless the excess stands as own funds (G-30)."""

    code = "over_grant"
    title = "Spend exceeds the grant"


class OutturnLinesDiffer(Conflict):
    code = "lines_differ"
    title = "The lines do not sum to the spend"


class OutturnOutOfOrder(Conflict):
    """forecast > provisional > final; a state never goes back (G-34)."""

    code = "outturn_out_of_order"
    title = "A later state already stands"


class OutturnReasonMissing(Conflict):
    code = "reason_missing"
    title = "Superseding in the same state needs a reason"


class OutturnTooEarly(Conflict):
    code = "year_not_over"
    title = "The year is not over"


class AuditedAccountsMissing(Conflict):
    """A final outturn rests on audited accounts (G-34)."""

    code = "audited_accounts_missing"
    title = "A final outturn rests on audited accounts"


class AuditedBeforeFinal(Conflict):
    code = "audited_but_not_final"
    title = "Only a final outturn is audited"


class FinalOutturnNeedsCfo(NotAllowed):
    code = "cfo_needed"


class AgreementNotSigned(Conflict):
    code = "not_signed"
    title = "The agreement is not signed"


@dataclass(frozen=True)
class OutturnPosition:
    """What recording an outturn must know: the agreement, its carrying lines (code → name) and the last outturn."""

    agreement_id: UUID
    year: FinancialYear
    signed: bool
    grant_pence: int
    lines: Mapping[str, str]
    latest_id: UUID | None = None
    latest_number: int = 0
    latest_state: OutturnState | None = None
    latest_happened_at: datetime | None = None
    budget_awaiting: int | None = None


@dataclass(frozen=True)
class OutturnFigures:
    """What a person claims; `lines` are (code, spend in pence), none where spend is known as a total only."""

    state: OutturnState
    as_at: date
    spend_pence: int
    own_funds_pence: int = 0
    lines: tuple[tuple[str, int], ...] = ()
    reason: str | None = None
    auditor: str | None = None
    accounts_reference: str | None = None
    audited_on: date | None = None


def record_outturn(
    position: OutturnPosition,
    figures: OutturnFigures,
    *,
    outturn_id: UUID,
    happened_at: datetime,
    today: date,
    by_cfo: bool,
) -> OutturnRecorded:
    """Decide on an outturn of a year (G-30, G-34).

    It supersedes the latest and never goes back in state; `final` is the chief finance officer's and rests on audited
    accounts. Spend above the grant is refused unless exactly the excess stands as own funds. Lines, where given, name
    every carrying line and sum to the spend. All faults of the figures come at once. `today` is the London day on which
    it happened.
    """
    if not position.signed:
        raise AgreementNotSigned("The agreement awaits its second signature; record that first.")
    if figures.state == OutturnState.FINAL and not by_cfo:
        raise FinalOutturnNeedsCfo("A final outturn is recorded by the chief finance officer (scope grants:cfo).")
    faults = [
        *_state_faults(position, figures),
        *_day_faults(position.year, figures, today),
        *_line_faults(position, figures),
        *_grant_faults(position, figures),
        *_audit_faults(position.year, figures, today),
    ]
    if position.latest_happened_at is not None and happened_at < position.latest_happened_at:
        faults.append(earlier_than_forerunner("outturn"))
    raise_together(faults)
    return OutturnRecorded(
        agreement_id=position.agreement_id,
        version=position.latest_number + 1,
        outturn_id=outturn_id,
        year=position.year.label,
        state=figures.state,
        as_at=figures.as_at,
        grant_pence=position.grant_pence,
        spend_pence=figures.spend_pence,
        underspend_pence=underspend(position.grant_pence, figures.spend_pence),
        own_funds_pence=figures.own_funds_pence,
        lines=tuple(
            OutturnLine(code=code, name=name, spend_pence=dict(figures.lines)[code])
            for code, name in position.lines.items()
            if figures.lines
        ),
        supersedes=position.latest_id,
        happened_at=happened_at,
    )


def underspend(grant_pence: int, spend_pence: int) -> int:
    """Grant less spend; nothing is left where own funds bear an excess (G-30)."""
    return max(grant_pence - spend_pence, 0)


def _state_faults(position: OutturnPosition, figures: OutturnFigures) -> list[Refusal]:
    if position.latest_state is None:
        return []
    order = list(OutturnState)
    if order.index(figures.state) < order.index(position.latest_state):
        return [
            OutturnOutOfOrder(
                f"A {position.latest_state} outturn stands; record a {position.latest_state} or later one.",
                pointer="/state",
            )
        ]
    if figures.state == position.latest_state and not figures.reason:
        return [
            OutturnReasonMissing(
                f"A {figures.state} outturn stands; say in reason why this one supersedes it.", pointer="/reason"
            )
        ]
    return []


def _day_faults(year: FinancialYear, figures: OutturnFigures, today: date) -> list[Refusal]:
    if figures.as_at > today:
        return [FutureDate(f"Give a day not after {today.isoformat()}.", pointer="/as_at")]
    if figures.as_at < year.start:
        return [OutturnTooEarly(f"The year begins on {year.start.isoformat()}.", pointer="/as_at")]
    if figures.state != OutturnState.FORECAST and figures.as_at < year.end:
        return [
            OutturnTooEarly(
                f"Until {year.end.isoformat()} record a forecast; spend of the whole year is not known before.",
                pointer="/as_at",
            )
        ]
    return []


def final_due_on(year: FinancialYear) -> date:
    """Audited accounts are due by the end of the July after the year (G-34)."""
    return date(year.end.year, 7, 31)


def _audit_faults(year: FinancialYear, figures: OutturnFigures, today: date) -> list[Refusal]:
    given = {
        "auditor": figures.auditor,
        "accounts_reference": figures.accounts_reference,
        "audited_on": figures.audited_on,
    }
    if figures.state != OutturnState.FINAL:
        return [
            AuditedBeforeFinal("Leave it out, or record the outturn as final.", pointer=f"/{name}")
            for name, value in given.items()
            if value is not None
        ]
    faults: list[Refusal] = [
        AuditedAccountsMissing(
            "Name auditor, accounts_reference and audited_on of the audited accounts; until then record a provisional "
            "outturn.",
            pointer=f"/{name}",
        )
        for name, value in given.items()
        if value is None
    ]
    if figures.audited_on is not None:
        if figures.audited_on > today:
            faults.append(FutureDate(f"Give a day not after {today.isoformat()}.", pointer="/audited_on"))
        if figures.audited_on <= year.end:
            faults.append(
                OutturnTooEarly(
                    f"Accounts of the year are audited after {year.end.isoformat()}.", pointer="/audited_on"
                )
            )
    return faults


def _line_faults(position: OutturnPosition, figures: OutturnFigures) -> list[Refusal]:
    if not figures.lines:
        return []
    if not position.lines:
        fix = "Set the budget of the year first, or leave the lines out."
        return [no_budget(fix, position.budget_awaiting, "/lines")]
    faults = line_faults(position.lines, [code for code, _ in figures.lines])
    total = sum(spend_pence for _, spend_pence in figures.lines)
    if not faults and total != figures.spend_pence:
        faults.append(
            OutturnLinesDiffer(
                f"Lines sum to {sterling(total)}, spend is {sterling(figures.spend_pence)}, "
                f"difference {sterling(total - figures.spend_pence)}; correct the lines or the total.",
                pointer="/spend_pence",
            )
        )
    return faults


def _grant_faults(position: OutturnPosition, figures: OutturnFigures) -> list[Refusal]:
    excess = max(figures.spend_pence - position.grant_pence, 0)
    if figures.own_funds_pence == excess:
        return []
    if excess:
        fix = f"Spend exceeds the grant by {sterling(excess)}; record exactly that in own_funds_pence."
    else:
        fix = "Spend is within the grant, so own_funds_pence is 0."
    return [OutturnExceedsGrant(fix, pointer="/own_funds_pence")]

"""What stands open in a year, and when it may be closed: pure functions that refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.grants.certificates.rules import OutturnNotFinal, outdated
from services.grants.faults import raise_together
from shared.errors import Conflict, Refusal
from shared.money import sterling
from shared.periods import FinancialYear, Quarter

Step = Literal["closing", "closed"]


class CertificateMissing(Conflict):
    code = "certificate_missing"
    title = "The year is not certified"


class TreatmentUndecided(Conflict):
    """No year closes without a decision on all that it leaves (G-36, G-38)."""

    code = "treatment_undecided"
    title = "It is not decided what becomes of the underspend"


class VariationUndecided(Conflict):
    code = "variation_undecided"
    title = "A variation is undecided"


class PeriodStillOpen(Conflict):
    code = "period_open"
    title = "A quarter is open"


class ReportNotPublished(Conflict):
    """The report of the fourth quarter carries the unaudited spend of the year (G-38)."""

    code = "report_not_published"
    title = "The report of the fourth quarter is not published"


class HeldLinesUndecided(Conflict):
    code = "held_lines_undecided"
    title = "Lines meant for the year wait for a person"


class YearNotOver(Conflict):
    code = "year_not_over"
    title = "The year is not over"


class ClosingBegun(Conflict):
    code = "closing_begun"
    title = "The year is being closed already"


@dataclass(frozen=True)
class ClosingPosition:
    """Where a year stands: what closing it must know.

    `outturn_grant_pence` is the grant that the outturn was recorded on. `certificate_holds`: today's figures are those
    of the certificate. `undecided_pence` is None without an outturn. `report_state` is where the fourth quarter's
    report stands, None where none is known. `held_lines` are lines meant for the year, by the code for which they wait.
    """

    year: FinancialYear
    state: str
    grant_pence: int
    outturn_state: str | None
    outturn_grant_pence: int | None
    certificate_state: str | None
    certificate_holds: bool
    undecided_pence: int | None
    undecided_variations: Sequence[str]
    open_quarters: Sequence[Quarter]
    report_state: str | None
    held_lines: Mapping[str, int]


def begin_closing(position: ClosingPosition, today: date) -> None:
    """A year that is over may be being closed: what stands open is then worked off."""
    if position.state == "closing":
        raise ClosingBegun("The year is being closed; close it once nothing stands open.", pointer="/state")
    _refuse_early(position, today)


def close_year(position: ClosingPosition, today: date) -> None:
    """Refuse to close a year while anything stands open, all of it listed at once (G-38)."""
    _refuse_early(position, today)
    raise_together(standing_open(position))


def standing_open(position: ClosingPosition) -> list[Refusal]:
    """Everything that keeps a year from being closed, each with what to do about it."""
    year = position.year
    faults: list[Refusal] = []
    if position.outturn_state != "final":
        what = f"is {position.outturn_state}" if position.outturn_state else "is missing"
        faults.append(
            OutturnNotFinal(f"The outturn of {year.label} {what}; record the final one, from audited accounts.")
        )
    faults.extend(outdated(position.grant_pence, position.outturn_grant_pence))
    if position.certificate_state != "signed":
        next_step = "sign the draft" if position.certificate_state == "draft" else "draft and sign one"
        faults.append(CertificateMissing(f"No signed certificate covers the latest outturn; {next_step}."))
    elif not position.certificate_holds:
        faults.append(
            CertificateMissing(
                "Figures have changed since the certificate was signed; record a new outturn and certify that."
            )
        )
    if position.undecided_pence is None:
        faults.append(
            TreatmentUndecided("What the year leaves is not known; record its outturn, then treat what it leaves.")
        )
    elif position.undecided_pence > 0:
        faults.append(
            TreatmentUndecided(
                f"{sterling(position.undecided_pence)} of the underspend is undecided; retain it, return it, carry it "
                "forward or net it off."
            )
        )
    elif position.undecided_pence < 0:
        faults.append(
            TreatmentUndecided(
                f"{sterling(-position.undecided_pence)} more is treated than the latest outturn leaves; withdraw a "
                "treatment and record what is left."
            )
        )
    faults.extend(
        VariationUndecided(f"Variation {name} is undecided; record its decision, or withdraw it.")
        for name in position.undecided_variations
    )
    faults.extend(
        PeriodStillOpen(f"{quarter.label} is open; lock it, with a reason.") for quarter in position.open_quarters
    )
    if position.report_state != "published":
        faults.append(
            ReportNotPublished(
                f"The report of {year.quarters[3].label} {_report_stands(position.report_state)}; publish it."
            )
        )
    faults.extend(
        HeldLinesUndecided(f"{lines} lines meant for the year wait for a person ({code}); decide on each.")
        for code, lines in sorted(position.held_lines.items())
    )
    return faults


def _refuse_early(position: ClosingPosition, today: date) -> None:
    if position.state in ("draft", "agreed") or today <= position.year.end:
        raise YearNotOver(f"{position.year.label} ends on {position.year.end.isoformat()}; close it after that day.")


def _report_stands(state: str | None) -> str:
    return "was not submitted" if state is None else f"is {state} and not published"

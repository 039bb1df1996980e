"""How the years of the grant stand side by side: pure functions over what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from services.grants.faults import BadYearLabel, FutureDate, raise_together, year_of
from shared.errors import Conflict, Invalid, Refusal
from shared.periods import FinancialYear

WHOLE_GRANT = "whole grant"
"""Scope of an agreement's grant, as documents that print the same figure call it."""

SpendState = Literal["unstated", "forecast", "provisional", "final"]


class RepeatedYear(Invalid):
    code = "repeated_year"
    title = "A year and scope stand more than once"


class ClaimBackwards(Invalid):
    code = "claim_backwards"
    title = "The later year does not follow the earlier"


class ClaimWithdrawn(Conflict):
    code = "claim_withdrawn"
    title = "The claim was withdrawn before"


class SpendStateWithoutSpend(Conflict):
    code = "spend_state_without_spend"
    title = "A state of spend needs the spend"


@dataclass(frozen=True)
class YearFigure:
    """What is known of one year and scope; None is not known, never zero.

    `outturn_grant_pence` is the grant that the agreement's outturn was recorded on.
    """

    year: FinancialYear
    scope: str | None
    funding_basis: str
    grant_pence: int | None
    state: str
    source: str | None = None
    note: str | None = None
    spend_pence: int | None = None
    spend_state: SpendState | None = None
    spend_reported_on: date | None = None
    outturn_grant_pence: int | None = None
    agreement_id: UUID | None = None
    change_pence: int | None = None

    @property
    def outturn_outdated(self) -> bool:
        """Whether the grant was changed since: what is left of it is then not known before a new outturn (G-36)."""
        return self.outturn_grant_pence is not None and self.outturn_grant_pence != self.grant_pence


def check_rows(rows: Sequence[tuple[str, YearFigure | None]], today: date) -> None:
    """Faults of imported rows, all at once; a row whose year cannot be read comes with None."""
    faults: list[Refusal] = []
    seen: set[tuple[FinancialYear, str | None]] = set()
    for index, (label, row) in enumerate(rows):
        if row is None:
            try:
                year_of(label, pointer=f"/rows/{index}/year")
            except BadYearLabel as fault:
                faults.append(fault)
            continue
        if (row.year, row.scope) in seen:
            faults.append(RepeatedYear("Give each year and scope once.", pointer=f"/rows/{index}/year"))
        seen.add((row.year, row.scope))
        if row.spend_pence is None and (row.spend_state is not None or row.spend_reported_on is not None):
            faults.append(
                SpendStateWithoutSpend(
                    "Give spend_pence, or leave its state out.", pointer=f"/rows/{index}/spend_state"
                )
            )
        if row.spend_reported_on is not None and row.spend_reported_on > today:
            faults.append(
                FutureDate(f"Give a day not after {today.isoformat()}.", pointer=f"/rows/{index}/spend_reported_on")
            )
    raise_together(faults)


def check_claim(from_year: FinancialYear, to_year: FinancialYear, claimed_on: date | None, today: date) -> None:
    """Refuse a claim over no years or from the future; what it says is the claimant's, and is not judged."""
    faults: list[Refusal] = []
    if to_year <= from_year:
        faults.append(ClaimBackwards(f"Give a year after {from_year.label}.", pointer="/to_year"))
    if claimed_on is not None and claimed_on > today:
        faults.append(FutureDate(f"Give a day not after {today.isoformat()}.", pointer="/claimed_on"))
    raise_together(faults)


def withdraw_claim(withdrawn: bool) -> None:
    if withdrawn:
        raise ClaimWithdrawn("It stands no longer; record the right claim as a new one.")


def side_by_side(documents: Sequence[YearFigure], agreements: Sequence[YearFigure]) -> list[YearFigure]:
    """All years in order, an agreement's own figures before a document's of the same year and scope.

    A year between the first and the last of which nothing is known stands there with nulls. The cash change is given
    where the year before is known in the same scope; figures of other scopes are not comparable.
    """
    printed = {(figure.year, figure.scope): figure for figure in documents}
    agreed_years = {figure.year for figure in agreements}
    figures = [_beside(figure, printed.pop((figure.year, figure.scope), None)) for figure in agreements]
    # A row that only says a year is unknown gives way to an agreement of that year.
    figures += [row for row in printed.values() if row.grant_pence is not None or row.year not in agreed_years]
    if not figures:
        return []
    known_years = {figure.year for figure in figures}
    first, last = min(known_years).starts_in, max(known_years).starts_in
    figures += [
        YearFigure(FinancialYear(starts_in), None, funding_basis_of(FinancialYear(starts_in)), None, "unknown")
        for starts_in in range(first, last + 1)
        if FinancialYear(starts_in) not in known_years
    ]
    grants = {(figure.year, figure.scope): figure.grant_pence for figure in figures}
    figures.sort(
        key=lambda figure: (figure.year, figure.scope != WHOLE_GRANT, -(figure.grant_pence or 0), figure.scope or "")
    )
    return [replace(figure, change_pence=_change(figure, grants)) for figure in figures]


def funding_basis_of(year: FinancialYear) -> str:
    """Off the top of revenue support grant until 2015/16, paid directly since."""
    return "direct_grant" if year.starts_in >= 2016 else "revenue_support_grant_top_slice"


def _beside(agreed: YearFigure, document: YearFigure | None) -> YearFigure:
    """An agreement's figures with the document's source beside them, and its spend where no outturn is recorded."""
    if document is None:
        return agreed
    figure = replace(agreed, source=document.source, note=document.note)
    if figure.spend_pence is not None:
        return figure
    return replace(
        figure,
        spend_pence=document.spend_pence,
        spend_state=document.spend_state,
        spend_reported_on=document.spend_reported_on,
    )


def _change(figure: YearFigure, grants: dict[tuple[FinancialYear, str | None], int | None]) -> int | None:
    before = grants.get((FinancialYear(figure.year.starts_in - 1), figure.scope))
    if before is None or figure.grant_pence is None or figure.scope is None:
        return None
    return figure.grant_pence - before

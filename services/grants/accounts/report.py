"""Putting management accounts together: what the day, the view and the quarter asked for select, and how it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

from services.grants.accounts.figures import (
    ROUNDING_NOTE,
    Figures,
    Sources,
    account,
    adds_up,
    quarters_without_forecast,
)
from services.grants.accounts.queries import Negative, negatives
from services.grants.accounts.shapes import (
    AccountLine,
    Because,
    InThousands,
    LateEntries,
    ManagementAccounts,
    OutsideLine,
    StatementBrief,
)
from services.grants.budget.lines import CARRYING, Line
from services.grants.budget.queries import as_typed
from services.grants.budget.tables import BudgetVersion
from services.grants.faults import year_of
from services.grants.forecasts.queries import forecasts_of
from services.grants.periods.queries import Cell, View, latest_statement, ledger_cells, statement_lines
from services.grants.periods.rules import FutureActual
from services.grants.queries import budget_as_at, budget_lines, names_on, parties
from services.grants.tables import Agreement
from shared.errors import NotFound
from shared.money import percent, thousands
from shared.periods import Quarter, end_of_day, london_date
from shared.work import Work

SHOWN = ("budget", "actual", "year_to_date", "forecast", "full_year", "variance", "full_year_variance")
"""The figures a table in thousands shows, each of which may not sum because of rounding."""


@dataclass(frozen=True)
class Asked:
    """What a reader asks for: a quarter, or a day in it, or neither; a view; as known by an instant."""

    quarter: Quarter | None
    as_at: date | None
    known_by: datetime | None
    view: View

    def day_and_quarter(self, agreement: Agreement, today: date) -> tuple[date, Quarter]:
        """The day of the accounts and their quarter. FutureActual for what lies ahead (G-32).

        Without a day it is the quarter's last, or today where that has not come; without a quarter, the day's own.
        """
        year = year_of(agreement.year)
        if self.as_at is not None and self.as_at > today:
            raise FutureActual(f"No actual lies in the future; give a day not after {today}.", parameter="as_at")
        latest = self.as_at or today
        quarter = self.quarter or Quarter.of(min(max(latest, year.start), year.end))
        if quarter.start > latest:
            raise FutureActual(
                f"{quarter.label} begins on {quarter.start.isoformat()}, after {latest.isoformat()}; "
                "ask for a quarter that has begun.",
                parameter="quarter" if self.quarter else "as_at",
            )
        return self.as_at or min(quarter.end, today), quarter


async def load_budget_of_day(
    work: Work, agreement: Agreement, day: date, known_by: datetime | None
) -> tuple[BudgetVersion, list[Line]]:
    """The budget in effect on the day, as far as it was approved by then; NotFound where none was."""
    version = await budget_as_at(work.session, agreement.id, day, known_by=known_by)
    if version is None:
        raise NotFound(f"No approved budget was in effect on {day.isoformat()}; ask for a later day.")
    return version, as_typed(await budget_lines(work.session, version.id))


async def management_accounts(work: Work, agreement: Agreement, asked: Asked, *, names: bool) -> ManagementAccounts:
    """The accounts of a quarter (G-33); with `names` also the reasons that may name a private payee."""
    session, view = work.session, asked.view
    day, quarter = asked.day_and_quarter(agreement, london_date(work.now))
    version, lines = await load_budget_of_day(work, agreement, day, asked.known_by)
    made_before = end_of_day(asked.as_at) if asked.as_at else None
    running = day < quarter.end
    cells = await ledger_cells(
        session, agreement.id, view=view, known_by=asked.known_by, until=day if running else None
    )
    forecasts = await forecasts_of(session, agreement.id, known_by=asked.known_by, as_at=made_before)
    statement = None
    if view == "accruals":
        statement = await latest_statement(session, agreement.id, quarter, known_by=asked.known_by, as_at=made_before)
    sources = Sources(
        lines=lines,
        quarter=quarter,
        running=running,
        cells=cells,
        forecasts={slug: each.pence for slug, each in forecasts.items()},
        forecast_applies=view == "accruals",
        stated={
            line.code: (line.quarter_pence, line.year_to_date_pence)
            for line in await statement_lines(session, statement.id)
        }
        if statement
        else None,
    )
    figures = account(sources)
    because = await negatives(
        session,
        agreement.id,
        [(line.code, quarter) for line in lines if line.kind in CARRYING and figures[line.code].actual < 0],
        view=view,
        known_by=asked.known_by,
        sees_names=names,
    )
    missing = quarters_without_forecast(sources)
    year_over = quarter.number == 4 and not running
    known = {line.code for line in lines}
    own = [cell for cell in cells if cell.own]
    to_date = [cell for cell in own if cell.quarter.year == quarter.year and cell.quarter <= quarter]
    rounded = any(not adds_up(lines, figures, attrgetter(name)) for name in SHOWN)
    shown = ManagementAccounts(
        agreement_id=agreement.id,
        year=agreement.year,
        recipient=await _recipient(work, agreement, day),
        quarter=quarter.slug,
        view=view,
        as_at=day,
        running=running,
        budget_version=version.number,
        gross_used=any(cell.gross_used for cell in to_date),
        forecast_state="accruals_only"
        if view == "cash"
        else "year_over"
        if year_over
        else "not_possible"
        if missing
        else "complete",
        not_forecast=missing if view == "accruals" else [],
        statement=StatementBrief.model_validate(statement) if statement else None,
        lines=[_line(line, figures[line.code], because.get((line.code, quarter), [])) for line in lines],
        note=ROUNDING_NOTE if rounded else None,
        notes=[],
        without_line_pence=sum(cell.pence for cell in to_date if cell.code not in known),
        without_line=_outside(to_date, quarter, known),
        late=_late(to_date),
        other_bodies_pence=sum(
            cell.pence
            for cell in cells
            if not cell.own and cell.quarter.year == quarter.year and cell.quarter <= quarter
        ),
        paid_outside_year_pence=sum(cell.pence for cell in own if cell.quarter.year != quarter.year),
        recoverable_vat_unknown=view == "cash" and any(cell.vat_unknown for cell in to_date),
        day_assumed_entries=sum(cell.day_assumed for cell in to_date),
    )
    return shown.model_copy(update={"notes": _notes(shown)})


def _line(line: Line, found: Figures, because: Sequence[Negative]) -> AccountLine:
    full_year_variance = found.full_year_variance
    return AccountLine(
        code=line.code,
        name=line.name,
        parent_code=line.parent_code,
        kind=line.kind,
        budget_pence=found.budget,
        actual_pence=found.actual,
        year_to_date_pence=found.year_to_date,
        forecast_pence=found.forecast,
        full_year_pence=found.full_year,
        variance_pence=found.variance,
        variance_percent=percent(found.variance, found.budget),
        full_year_variance_pence=full_year_variance,
        full_year_variance_percent=None if full_year_variance is None else percent(full_year_variance, found.budget),
        over_budget=found.year_to_date > found.budget,
        forecast_over_budget=None if full_year_variance is None else full_year_variance < 0,
        gross_used=found.gross_used,
        stated_pence=found.stated,
        stated_year_to_date_pence=found.stated_year_to_date,
        stated_difference_pence=None if found.stated is None else found.stated - found.actual,
        negative_because=[Because.model_validate(each) for each in because],
        in_thousands=InThousands(
            **{name: None if (pence := getattr(found, name)) is None else thousands(pence) for name in SHOWN}
        ),
    )


def _outside(cells: Sequence[Cell], quarter: Quarter, known: set[str]) -> list[OutsideLine]:
    codes = sorted({cell.code for cell in cells} - known)
    return [
        OutsideLine(
            code=code,
            actual_pence=sum(cell.pence for cell in cells if cell.code == code and cell.quarter == quarter),
            year_to_date_pence=sum(cell.pence for cell in cells if cell.code == code),
        )
        for code in codes
    ]


def _late(cells: Sequence[Cell]) -> list[LateEntries]:
    late = [
        LateEntries(
            code=cell.code,
            late_for=cell.late_for,
            accounting_quarter=cell.quarter.slug,
            entries=cell.entries,
            pence=cell.pence,
        )
        for cell in cells
        if cell.late_for is not None
    ]
    return sorted(late, key=lambda each: (each.accounting_quarter, each.code, each.late_for))


def _notes(accounts: ManagementAccounts) -> list[str]:
    """What a reader of the table must know, in sentences."""
    told: Mapping[str, bool] = {
        f"{ROUNDING_NOTE[0].upper()}{ROUNDING_NOTE[1:]}.": accounts.note is not None,
        "Some figures hold VAT that cannot be separated, so the gross amount is used.": accounts.gross_used,
        "The quarter is not over: its actual is what came until the day of these accounts.": accounts.running,
        f"The full year cannot be forecast: no forecast of {_labels(accounts.not_forecast)}.": (
            accounts.forecast_state == "not_possible"
        ),
        "Payments are shown in full, VAT that can be recovered included; forecasts are of cost, not of payments.": (
            accounts.view == "cash"
        ),
        "Some sources give amounts without the VAT that can be recovered; of those more was paid than is shown.": (
            accounts.recoverable_vat_unknown
        ),
        "Entries that came after their quarter was locked count in the first quarter that was open.": bool(
            accounts.late
        ),
        "Some entries name a code that this budget does not have; no line or total holds them.": bool(
            accounts.without_line
        ),
        "Spend of bodies that receive pass-through is shown at their awards and in no figure here.": (
            accounts.other_bodies_pence != 0
        ),
        f"Of {accounts.day_assumed_entries} entries no {'service' if accounts.view == 'accruals' else 'payment'} date "
        "is known; another of their dates stands in.": accounts.day_assumed_entries > 0,
    }
    return [sentence for sentence, applies in told.items() if applies]


def _labels(slugs: Sequence[str]) -> str:
    return ", ".join(Quarter.parse(slug).label for slug in slugs)


async def _recipient(work: Work, agreement: Agreement, day: date) -> str | None:
    found = [
        organisation.id
        for party, organisation in await parties(work.session, agreement.id)
        if party.role == "recipient"
    ]
    names = await names_on(work.session, found, day)
    return next((name.name for name in names.values()), None)

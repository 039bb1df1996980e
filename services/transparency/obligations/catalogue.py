"""What the memorandum asks for in a year, read from the reference table, and which of it each publisher owes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from services.transparency.obligations import rules
from services.transparency.obligations.rules import Reading
from shared.periods import FinancialYear, Quarter

TABLE = Path(__file__).parent.parent / "data" / "obligations_2017_18.csv"

OWED_BY_PARENT = ("ACCOUNTS", "LETTER-APR", "LETTER-NOV", "CONTRACTS", "SPEND", "CARDS", "ORGCHART", "PAYMULTIPLE")
"""Annex C names the parent body beside the recipient in items B to H; item D names it alone."""

PARENT_ALONE = frozenset({"LETTER-APR", "LETTER-NOV"})

PASSED_ON = ("SPEND", "CARDS", "CONTRACTS")
"""What a body that grant is passed to publishes itself (paragraphs 10, 17, 29 and 30, T-48)."""

OWED_BY_RECIPIENT = (
    "ACCOUNTS",
    "LETTER-APR",
    "LETTER-NOV",
    "CONTRACTS",
    "SPEND",
    "CARDS",
    "ORGCHART",
    "PAYMULTIPLE",
    "SENIORPAY",
    "VCSEGRANTS",
    "REPORT",
    "REPORT-SPEND",
    "REPORT-YEAR",
    "MEMORANDUM",
    "MGMT-ACCOUNTS",
    "BUSINESS-PLAN",
)


@dataclass(frozen=True)
class Duty:
    """A row of the reference table."""

    code: str
    what: str
    kind: str
    source: str
    met_by: str

    @property
    def met_by_document(self) -> str | None:
        """Kind of the document that meets it, where a document does."""
        kind, _, name = self.met_by.partition(" ")
        return name if kind == "document" else None


@dataclass(frozen=True)
class Due:
    """A duty that falls due for one subject."""

    duty: Duty
    subject: str
    period: str
    readings: tuple[Reading, ...]


@cache
def duties() -> dict[str, Duty]:
    """The reference table by code."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Duty(row["code"], row["what"], row["kind"], row["source"], row["met_by"])
            for row in csv.DictReader(file)
        }


def document_duties() -> dict[str, str]:
    """Code → kind of document, for the duties that a document meets."""
    return {code: duty.met_by_document for code, duty in duties().items() if duty.met_by_document}


def owed_by_recipient(year: FinancialYear, signed_on: Sequence[date], *, has_parent: bool) -> list[Due]:
    """The year's obligations of the body that receives the grant. With a parent, the letters are the parent's."""
    codes = [code for code in OWED_BY_RECIPIENT if not (has_parent and code in PARENT_ALONE)]
    return [due for code in codes for due in _due(code, year, signed_on)]


def owed_by_parent(year: FinancialYear) -> list[Due]:
    """The year's obligations of the lead parent body."""
    return [due for code in OWED_BY_PARENT for due in _due(code, year, ())]


def owed_by_pass_through(year: FinancialYear, awarded_on: date) -> list[Due]:
    """The obligations of a body that grant was passed to: quarters that had ended before the award are not its."""
    return [due for code in PASSED_ON for due in _due(code, year, ()) if Quarter.parse(due.subject).end >= awarded_on]


def of_meeting(code: str) -> Duty:
    """`PAPERS` or `MINUTES`, whose days come with the meeting (T-45)."""
    return duties()[code]


def _due(code: str, year: FinancialYear, signed_on: Sequence[date]) -> Iterator[Due]:
    duty = duties()[code]
    match code:
        case "CONTRACTS" | "SPEND" | "CARDS":
            for quarter in year.quarters:
                yield Due(duty, quarter.slug, quarter.label, rules.month_after_quarter(quarter))
        case "REPORT":
            for quarter in year.quarters:
                readings = rules.first_report(year) if quarter.number == 1 else rules.month_after_quarter(quarter)
                yield Due(duty, quarter.slug, quarter.label, readings)
        case "REPORT-SPEND":
            # Paragraph 25 asks for spend by workstream from the second quarter on.
            for quarter in year.quarters[1:]:
                yield Due(duty, quarter.slug, quarter.label, rules.month_after_quarter(quarter))
        case "REPORT-YEAR" | "SENIORPAY" | "VCSEGRANTS":
            yield _yearly(duty, year, rules.month_after_year(year))
        case "ACCOUNTS":
            yield _yearly(duty, year, rules.by_end_of(year, 7, "By the end of July"))
        case "ORGCHART" | "PAYMULTIPLE":
            yield _yearly(duty, year, rules.by_end_of(year, 7, "By 31 July"))
        case "LETTER-APR":
            yield _yearly(duty, year, rules.by_end_of(year, 4, "In April"))
        case "LETTER-NOV":
            yield _yearly(duty, year, rules.by_end_of(year, 11, "In November"))
        case "MEMORANDUM":
            yield _yearly(duty, year, rules.month_after_signature(signed_on) if signed_on else ())
        case _:
            yield _yearly(duty, year, ())


def _yearly(duty: Duty, year: FinancialYear, readings: tuple[Reading, ...]) -> Due:
    return Due(duty, year.slug, year.label, readings)

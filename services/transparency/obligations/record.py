"""The publication record as rows: each duty in each reading of its day, with what became of it (T-48)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.transparency import queries as publishers
from services.transparency.obligations import queries
from services.transparency.obligations.tables import Obligation
from services.transparency.tables import Organisation
from shared.periods import london_date

COLUMNS = (
    "OrganisationLabel",
    "OrganisationURI",
    "Obligation",
    "PeriodOrMeeting",
    "Source",
    "Reading",
    "Arithmetic",
    "DueOn",
    "PublishedOn",
    "State",
    "DaysLate",
    "URL",
    "EnteredOn",
    "LatenessKnown",
)
"""Those of the `publication_record` profile, then when a duty was entered and whether its lateness is known."""


@dataclass(frozen=True)
class RecordRow:
    """One reading of one duty; a duty without a stated day has one row with empty days."""

    obligation: Obligation
    reading: str
    due_on: date | None
    cells: tuple[Any, ...]


def rows(found: Sequence[tuple[Obligation, Organisation | None]], base_url: str) -> list[RecordRow]:
    result = []
    for obligation, organisation in found:
        readings: list[dict[str, Any] | None] = [*obligation.readings] or [None]
        result += [_row(obligation, organisation, reading, base_url) for reading in readings]
    return result


def _row(
    obligation: Obligation, organisation: Organisation | None, reading: dict[str, Any] | None, base_url: str
) -> RecordRow:
    entered = queries.entered(obligation)
    name = reading["name"] if reading else "no day stated"
    due_on = date.fromisoformat(reading["due_on"]) if reading else None
    uri = (
        publishers.public_uri(organisation.identifiers, f"{base_url}/v1/publishers/{organisation.slug}")
        if organisation
        else None
    )
    cells = (
        organisation.name if organisation else str(obligation.organisation_id),
        uri,
        obligation.code,
        obligation.period,
        obligation.source,
        name,
        reading["arithmetic"] if reading else "The memorandum states no day.",
        _day(due_on),
        _day(london_date(obligation.met_at)) if obligation.met_at else None,
        obligation.state,
        obligation.days_late,
        obligation.url,
        _day(entered.entered_on),
        str(entered.lateness_known).lower(),
    )
    return RecordRow(obligation, name, due_on, cells)


def _day(day: date | None) -> str | None:
    return f"{day:%d/%m/%Y}" if day else None

"""The requests of a year as a dataset: every request received in it, in the columns of its profile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from services.transparency.drafts import Asked, Draft, DraftRow
from services.transparency.requests import queries
from services.transparency.requests.exemptions import exemptions
from services.transparency.requests.tables import InformationRequest
from shared.events.base import canonical_json
from shared.periods import FinancialYear
from shared.work import Work

COLUMNS = (
    "Reference",
    "OrganisationLabel",
    "ReceivedOn",
    "Subject",
    "DueOn",
    "AnsweredOn",
    "WorkingDaysTaken",
    "Outcome",
    "Exemptions",
    "DisclosureURL",
)
"""Headers of the `requests` profile."""
NOT_STATED = "Not stated"


async def draft(work: Work, asked: Asked) -> Draft:
    """A year's requests by day of receipt. A subject that nobody has cleared is not stated; the row stays, so that the
    record of answers in time is whole. Nothing of the person who asked is read."""
    period = asked.period
    year = period if isinstance(period, FinancialYear) else period.year
    found = await queries.of_year(work.session, asked.organisation_id, year)
    rows = [row_of(request, asked.organisation_name) for request in found if request.due_on is not None]
    stopped = len(found) - len(rows)
    not_cleared = sum(row.cells["Subject"] == NOT_STATED for row in rows)
    notes = []
    if not_cleared:
        notes.append(f"{_requests(not_cleared)} shown without a subject, because nobody has cleared its words yet.")
    if stopped:
        notes.append(
            f"{_requests(stopped)} left out for now: a question was put to the person who asked, so no day is due."
        )
    late = sum(bool(request.working_days_late) for request in found)
    return Draft(
        rows=rows,
        mark=hashlib.sha256(canonical_json([[row.row_id, dict(row.cells)] for row in rows] + notes)).hexdigest(),
        notes=notes,
        details={
            "received": len(found),
            "answered": sum(request.answered_on is not None for request in found),
            "answered_late": late,
        },
    )


def row_of(request: InformationRequest, organisation_name: str) -> DraftRow:
    assert request.due_on is not None
    return DraftRow(row_id=request.request_id.hex, cells=cells(request, organisation_name), record=record(request))


def cells(request: InformationRequest, organisation_name: str) -> Mapping[str, str]:
    """The row as the CSV shows it, empty cells left out."""
    shown = {
        "Reference": request.reference,
        "OrganisationLabel": organisation_name,
        "ReceivedOn": _day(request.received_on),
        "Subject": request.published_subject or NOT_STATED,
        "DueOn": _day(request.due_on),
        "AnsweredOn": _day(request.answered_on),
        "WorkingDaysTaken": "" if request.working_days is None else str(request.working_days),
        "Outcome": outcome_now(request) or "",
        "Exemptions": "|".join(_section(code) for code in exemptions_now(request)),
        "DisclosureURL": request.disclosure_url or "",
    }
    return {header: text for header, text in shown.items() if text}


def record(request: InformationRequest) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "reference": request.reference,
        "received_on": request.received_on.isoformat(),
        "subject": request.published_subject,
        "due_on": request.due_on.isoformat() if request.due_on else None,
        "answered_on": request.answered_on.isoformat() if request.answered_on else None,
        "working_days": request.working_days,
        "working_days_late": request.working_days_late,
        "outcome": outcome_now(request),
        "exemptions": exemptions_now(request),
        "disclosure_url": request.disclosure_url,
    }


def outcome_now(request: InformationRequest) -> str | None:
    """As answered, or as the review changed it."""
    return request.review_outcome or request.outcome


def exemptions_now(request: InformationRequest) -> list[str]:
    return request.review_exemptions if request.review_outcome else request.exemptions


def _section(code: str) -> str:
    return exemptions()[code].section


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _requests(number: int) -> str:
    return "1 request is" if number == 1 else f"{number} requests are"

"""Documents and the publication record of a year as datasets, in the columns of their profiles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid5

from sqlmodel import col

from services.transparency.drafts import Asked, Draft, DraftRow, Period
from services.transparency.obligations import documents, queries, record
from services.transparency.obligations.tables import Document, WithheldPart
from shared.events.base import canonical_json
from shared.periods import FinancialYear, start_of_day
from shared.work import Work

KINDS = ("accounts", "board_papers", "minutes", "performance_report", "memorandum")
"""Kinds of the `documents` profile; letters and what is shared with the department are not published."""
STATES = ("published", "approved", "draft", "superseded")
"""Of documents that are or were public; a labelled draft of minutes is public too."""
RECORD_COLUMNS = record.COLUMNS[: record.COLUMNS.index("EnteredOn")]


async def draft_documents(work: Work, asked: Asked) -> Draft:
    """Documents published in the year, every version of each, by day."""
    year = _year(asked.period)
    first, after = start_of_day(year.start), start_of_day(year.next().start)
    statement = documents.documents(asked.organisation_id).where(
        col(Document.kind).in_(KINDS),
        col(Document.state).in_(STATES),
        col(Document.happened_at) >= first,
        col(Document.happened_at) < after,
    )
    found = (await work.session.exec(statement.order_by(col(Document.happened_at), col(Document.document_id)))).all()
    parts = await documents.withheld_from(work.session, [row.document_id for row in found])
    whole = [row for row in found if row.url and row.sha256]
    notes = []
    if len(whole) < len(found):
        notes.append(
            f"{len(found) - len(whole)} of {len(found)} documents are left out: no address, or no fingerprint of the "
            "file, is recorded for them."
        )
    rows = [_document(row, parts.get(row.document_id, ()), asked) for row in whole]
    return Draft(rows=rows, mark=_mark(rows, notes), notes=notes)


async def draft_record(work: Work, asked: Asked) -> Draft:
    """Each duty of the year in each reading of its day, and what became of it."""
    found = await queries.calendar_of(work.session, asked.organisation_id, _year(asked.period).slug)
    rows, without_day = [], 0
    for row in record.rows(found, work.base_url):
        if row.due_on is None:
            without_day += 1
            continue
        texts = {head: "" if cell is None else str(cell) for head, cell in zip(RECORD_COLUMNS, row.cells, strict=False)}
        texts |= {"OrganisationLabel": asked.organisation_name, "OrganisationURI": asked.organisation_uri}
        obligation = row.obligation
        rows.append(
            DraftRow(
                row_id=uuid5(obligation.obligation_id, row.reading).hex,
                cells=_filled(texts),
                record={
                    "obligation_id": str(obligation.obligation_id),
                    "code": obligation.code,
                    "period": obligation.period,
                    "source": obligation.source,
                    "reading": row.reading,
                    "due_on": row.due_on.isoformat(),
                    "state": obligation.state,
                    "state_reason": obligation.state_reason,
                    "met_at": obligation.met_at.isoformat() if obligation.met_at else None,
                    "days_late": obligation.days_late,
                    "url": obligation.url,
                },
            )
        )
    notes = []
    if without_day:
        notes.append(f"{without_day} duties are left out because no day is stated for them.")
    return Draft(rows=rows, mark=_mark(rows, notes), notes=notes)


def _document(document: Document, parts: Sequence[WithheldPart], asked: Asked) -> DraftRow:
    published = f"{document.happened_at:%Y-%m-%dT%H:%M:%SZ}"
    reasons = list(dict.fromkeys(part.reason_code for part in parts))
    texts = {
        "OrganisationLabel": asked.organisation_name,
        "OrganisationURI": asked.organisation_uri,
        "Kind": document.kind,
        "Title": document.title,
        "PeriodOrMeeting": document.period,
        "Version": str(document.version),
        "PublishedAt": published,
        "WithheldParts": str(document.withheld_count),
        "WithheldReason": "|".join(reasons),
        "URL": document.url or "",
        "SHA256": document.sha256 or "",
    }
    return DraftRow(
        row_id=document.document_id.hex,
        cells=_filled(texts),
        record={
            "kind": document.kind,
            "code": document.code,
            "title": document.title,
            "period": document.period,
            "version": document.version,
            "change_note": document.change_note,
            "state": document.state,
            "published_at": published,
            "withheld": [
                {"what": part.what, "reason_code": part.reason_code, "exemption": part.exemption} for part in parts
            ],
            "withheld_count": document.withheld_count,
            "url": document.url,
            "sha256": document.sha256,
        },
    )


def _year(period: Period) -> FinancialYear:
    return period if isinstance(period, FinancialYear) else period.year


def _filled(texts: Mapping[str, str]) -> dict[str, str]:
    return {head: cell for head, cell in texts.items() if cell}


def _mark(rows: Sequence[DraftRow], notes: Sequence[str]) -> str:
    content: list[Any] = [[row.row_id, dict(row.cells), dict(row.record)] for row in rows]
    return hashlib.sha256(canonical_json([content, list(notes)])).hexdigest()

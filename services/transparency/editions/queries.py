"""Read-only selects about editions, and the metadata that stands beside each file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions import rules
from services.transparency.editions.tables import Dataset, Edition, EditionFile, Finding, RowDecision
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.files import StoredFile
from shared.money import percent
from shared.periods import FinancialYear, Quarter

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
PUBLIC_STATES = ("published", "superseded")

GROSS_NOTE = "VAT could not be separated in some rows; their gross amount is shown and the VAT cell is empty."
SILENT_NOTE = (
    "No row qualified among the lines that the ledger holds, and its owner does not say that every month is whole. "
    "This is not a nil return and does not meet the duty to publish the quarter."
)

WAITING_NOTE = (
    "Not whole yet: {months}. Of files that are meant to cover days of it, {lines} were rejected, conflict with others "
    "or are held, and are neither corrected, decided nor given up."
)


async def editions_of(session: AsyncSession, dataset_id: UUID, period: str) -> list[Edition]:
    """All editions of a period, the first one first."""
    found = await session.exec(
        select(Edition)
        .where(col(Edition.dataset_id) == dataset_id, col(Edition.period) == period)
        .order_by(col(Edition.number))
    )
    return list(found.all())


async def dataset_of(session: AsyncSession, organisation: Organisation, kind: str) -> Dataset:
    found = await session.exec(
        select(Dataset).where(col(Dataset.organisation_id) == organisation.organisation_id, col(Dataset.kind) == kind)
    )
    dataset = found.one_or_none()
    if dataset is None:
        raise NotFound(f"{organisation.name} has not published any {kind}.")
    return dataset


async def edition_in_force(session: AsyncSession, dataset_id: UUID, period: str, as_at: datetime | None) -> Edition:
    """The edition that a reader saw at that instant; the newest published one without it."""
    statement = select(Edition).where(
        col(Edition.dataset_id) == dataset_id, col(Edition.period) == period, col(Edition.state).in_(PUBLIC_STATES)
    )
    if as_at is not None:
        statement = statement.where(col(Edition.published_at) <= as_at)
    edition = (await session.exec(statement.order_by(col(Edition.number).desc()).limit(1))).first()
    if edition is None:
        raise NotFound("No edition of this period was published by then.")
    return edition


async def edition(session: AsyncSession, dataset_id: UUID, period: str, number: int, *, drafts: bool) -> Edition:
    """One edition; those not yet public only where `drafts`."""
    statement = select(Edition).where(
        col(Edition.dataset_id) == dataset_id, col(Edition.period) == period, col(Edition.number) == number
    )
    if not drafts:
        statement = statement.where(col(Edition.state).in_(PUBLIC_STATES))
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise NotFound(f"There is no edition {number} of this period.")
    return found


async def files_of(session: AsyncSession, edition_id: UUID) -> list[EditionFile]:
    found = await session.exec(
        select(EditionFile).where(col(EditionFile.edition_id) == edition_id).order_by(col(EditionFile.name))
    )
    return list(found.all())


async def findings_of(session: AsyncSession, edition_id: UUID) -> list[Finding]:
    found = await session.exec(
        select(Finding)
        .where(col(Finding.edition_id) == edition_id)
        .order_by(col(Finding.code), col(Finding.finding_id))
        .limit(500)
    )
    return list(found.all())


async def open_findings(session: AsyncSession, edition_id: UUID) -> int:
    """How many findings no person has resolved."""
    found = await session.exec(
        select(func.count())
        .select_from(Finding)
        .where(col(Finding.edition_id) == edition_id, col(Finding.resolved_by).is_(None))
    )
    return found.one()


async def year_is_out(session: AsyncSession, dataset_id: UUID, year: FinancialYear) -> bool:
    """Whether every quarter of the year has an edition in force that has rows or is a nil return (T-51)."""
    found = await session.exec(
        select(func.count())
        .select_from(Edition)
        .where(
            col(Edition.dataset_id) == dataset_id,
            col(Edition.state) == "published",
            (col(Edition.row_count) > 0) | col(Edition.nil_return),
            col(Edition.period).in_([quarter.slug for quarter in year.quarters]),
        )
    )
    return found.one() == len(year.quarters)


async def published_rows(session: AsyncSession, row_id: str) -> list[tuple[RowDecision, Edition, Organisation]]:
    """Where a row stands in public, the newest edition first; one decision for each ledger line under it."""
    found = await session.exec(
        select(RowDecision, Edition, Organisation)
        .join(Edition, col(Edition.edition_id) == col(RowDecision.edition_id))
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(Organisation, col(Organisation.organisation_id) == col(Dataset.organisation_id))
        .where(
            col(RowDecision.row_id) == row_id,
            col(RowDecision.inclusion).is_not(None),
            col(Edition.state).in_(PUBLIC_STATES),
        )
        .order_by(col(Edition.period).desc(), col(Edition.number).desc(), col(RowDecision.entry_id))
    )
    return list(found.all())


async def redactions(
    connection: psycopg.AsyncConnection[Any], edition_id: UUID, total_pence: int
) -> list[dict[str, Any]]:
    """Rows with withheld text by reason: number, value and share of the published value (T-20, T-23)."""
    cursor = await connection.execute(
        """
        SELECT reason_code, row_count, value_pence FROM redaction_totals
        WHERE edition_id = %(edition)s ORDER BY reason_code
        """,
        {"edition": edition_id},
    )
    return [
        {"reason": reason, "rows": rows, "pence": pence, "share_percent": percent(abs(pence), abs(total_pence), 1)}
        async for reason, rows, pence in cursor
    ]


def file_url(base_url: str, slug: str, edition: Edition, name: str) -> str:
    """The permanent address of a file of an edition."""
    return f"{base_url}/open/{slug}/spend/{edition.period}/v{edition.number}/{name}"


def about(edition: Edition, organisation: Organisation, base_url: str) -> dict[str, Any]:
    """What names an edition, in every file but the CSV."""
    return {
        "publisher": organisation.slug,
        "publisher_name": organisation.name,
        "dataset": "spend",
        "period": edition.period,
        "period_start": Quarter.parse(edition.period).start.isoformat(),
        "period_end": Quarter.parse(edition.period).end.isoformat(),
        "edition": edition.number,
        "url": file_url(base_url, organisation.slug, edition, "spend.csv"),
        "licence": LICENCE,
    }


def edition_metadata(
    edition: Edition,
    about: Mapping[str, Any],
    *,
    parameters: Mapping[str, Any],
    redactions: list[dict[str, Any]],
    files: Mapping[str, StoredFile],
    built_at: datetime,
) -> bytes:
    """The edition's account of itself: method, counts, hash, reconciliation, coverage, what readers must know."""
    content = {
        **about,
        "change_kind": edition.change_kind,
        "change_note": edition.change_note,
        "changes": edition.changes,
        "previous_edition": edition.predecessor,
        "methodology": {"number": edition.methodology, "parameters": parameters},
        "nil_return": edition.nil_return,
        "meets_duty": rules.meets_duty(rows=edition.row_count, nil_return=edition.nil_return),
        "coverage": edition.coverage,
        "missing_months": edition.missing_months,
        "waiting_months": waiting_months(edition),
        "unsettled_lines": edition.reconciliation.get("unsettled_lines", 0),
        "rows": edition.row_count,
        "lines": edition.line_count,
        "total_pence": edition.total_pence,
        "gross_rows": edition.gross_rows,
        "notes": _notes(edition),
        "guarded_cells": edition.guarded_cells,
        "warnings": edition.warnings,
        "redactions": redactions,
        "reconciliation": edition.reconciliation,
        "built_at": f"{built_at:%Y-%m-%dT%H:%M:%SZ}",
        "sha256": edition.sha256,
        "files": {
            name: {"sha256": stored.sha256, "bytes": stored.size, "media_type": stored.media_type}
            for name, stored in files.items()
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _notes(edition: Edition) -> list[str]:
    notes = [GROSS_NOTE] if edition.gross_rows else []
    if not rules.meets_duty(rows=edition.row_count, nil_return=edition.nil_return):
        notes.append(SILENT_NOTE)
    if months := waiting_months(edition):
        lines = edition.reconciliation.get("unsettled_lines", 0)
        notes.append(WAITING_NOTE.format(months=", ".join(months), lines=f"{lines} line{'s' * (lines != 1)}"))
    return notes


def waiting_months(edition: Edition) -> list[str]:
    """Months of which files wait for corrections or decisions (T-59)."""
    return [month["month"] for month in edition.reconciliation.get("months", ()) if month.get("waits")]

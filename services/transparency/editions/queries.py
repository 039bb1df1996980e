"""Read-only selects about editions, and the metadata that stands beside each file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from pydantic_core import to_jsonable_python
from sqlalchemy import tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions import rules
from services.transparency.editions.differences import CHANGES_FILE
from services.transparency.editions.files import LICENCE
from services.transparency.editions.kinds import Kind
from services.transparency.editions.tables import (
    Dataset,
    Edition,
    EditionFile,
    Finding,
    RowDecision,
    Withdrawal,
    WithdrawnEdition,
)
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.files import StoredFile
from shared.money import percent
from shared.periods import FinancialYear, london_date

PUBLIC_STATES = ("published", "superseded")
KEPT_STATES = (*PUBLIC_STATES, "suspended")
"""States of an edition whose bytes are still here."""
KNOWN_STATES = (*PUBLIC_STATES, "suspended", "withdrawn")
"""States of an edition that was published once; its number is taken for ever."""

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


async def in_force(session: AsyncSession, dataset_id: UUID) -> list[Edition]:
    """The edition in force of each period, the newest period first."""
    found = await session.exec(
        select(Edition)
        .where(col(Edition.dataset_id) == dataset_id, col(Edition.state) == "published")
        .order_by(col(Edition.period).desc())
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
    """The edition that a reader saw at that instant; the newest published one without it.

    It may be suspended or withdrawn by now; `refuse_unreadable` says so.
    """
    statement = select(Edition).where(
        col(Edition.dataset_id) == dataset_id, col(Edition.period) == period, col(Edition.state).in_(KNOWN_STATES)
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
        statement = statement.where(col(Edition.state).in_(KNOWN_STATES))
    found = (await session.exec(statement)).one_or_none()
    if found is None:
        raise NotFound(f"There is no edition {number} of this period.")
    return found


async def refuse_unreadable(session: AsyncSession, edition: Edition) -> None:
    """Refuse what cannot be read: 403 while it is suspended, 410 with its tombstone once it is withdrawn (T-52)."""
    if edition.state == "suspended":
        raise rules.EditionSuspended(
            f"Edition {edition.number} of {edition.period} is suspended while it is examined; it comes back or is "
            "withdrawn. Read the list of editions again later."
        )
    if edition.state == "withdrawn":
        stone = (await tombstones(session, [edition.edition_id]))[edition.edition_id]
        instead = f" Edition {stone['replaced_by']} takes its place." if stone["replaced_by"] else ""
        raise rules.EditionWithdrawn(
            f"Edition {edition.number} of {edition.period} was withdrawn on "
            f"{london_date(stone['withdrawn_at']).isoformat()} ({stone['reason_class'].replace('_', ' ')}); its files "
            f"are gone for good.{instead}",
            extra={"tombstone": to_jsonable_python(stone)},
        )


async def refuse_lost_changes(session: AsyncSession, edition: Edition, name: str) -> None:
    """Refuse the list of changes of an edition while the one before, which it quotes, is suspended or gone (T-52)."""
    if name != CHANGES_FILE or edition.predecessor is None:
        return
    before = await session.exec(
        select(Edition).where(
            col(Edition.dataset_id) == edition.dataset_id,
            col(Edition.period) == edition.period,
            col(Edition.number) == edition.predecessor,
            col(Edition.state).in_(("suspended", "withdrawn")),
        )
    )
    found = before.first()
    if found is not None and found.state == "suspended":
        raise rules.EditionSuspended(
            f"The list of changes quotes edition {edition.predecessor}, which is suspended while it is examined."
        )
    if found is not None:
        raise rules.EditionWithdrawn(
            f"The list of changes showed text of edition {edition.predecessor}, which was withdrawn."
        )


async def tombstones(session: AsyncSession, edition_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What is left of those of these editions that were withdrawn: when, why, what replaces them (T-52)."""
    later = aliased(Edition)
    replaced_by = (
        select(func.max(later.number))
        .where(
            later.dataset_id == Edition.dataset_id,
            later.period == Edition.period,
            later.number > Edition.number,
            later.state.in_(PUBLIC_STATES),  # type: ignore[attr-defined]
        )
        .scalar_subquery()
    )
    found = await session.exec(
        select(WithdrawnEdition, Withdrawal, replaced_by)
        .join(Withdrawal, col(Withdrawal.withdrawal_id) == col(WithdrawnEdition.withdrawal_id))
        .join(Edition, col(Edition.edition_id) == col(WithdrawnEdition.edition_id))
        .where(col(WithdrawnEdition.edition_id).in_(edition_ids), col(Withdrawal.state) == "withdrawn")
    )
    return {
        edition.edition_id: {
            "withdrawn_at": withdrawal.decided_at,
            "reason_class": withdrawal.reason_class,
            "replaced_by": instead,
        }
        for edition, withdrawal, instead in found.all()
    }


async def replacements(
    session: AsyncSession, places: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], list[int]]:
    """Numbers of the editions that can be read, by publisher, dataset and period."""
    found = await session.exec(
        select(Organisation.slug, Dataset.kind, Edition.period, Edition.number)
        .join(Dataset, col(Dataset.organisation_id) == col(Organisation.organisation_id))
        .join(Edition, col(Edition.dataset_id) == col(Dataset.dataset_id))
        .where(
            tuple_(col(Organisation.slug), col(Dataset.kind), col(Edition.period)).in_(places),
            col(Edition.state).in_(PUBLIC_STATES),
        )
    )
    numbers: dict[tuple[str, str, str], list[int]] = {place: [] for place in places}
    for slug, kind, period, number in found.all():
        numbers[slug, kind, period].append(number)
    return numbers


async def editions_of_withdrawal(session: AsyncSession, withdrawal_id: UUID) -> list[dict[str, Any]]:
    """Dataset, period, number and state of the editions that a withdrawal is about."""
    found = await session.exec(
        select(Dataset.kind, Edition.period, Edition.number, Edition.state)
        .join(Edition, col(Edition.dataset_id) == col(Dataset.dataset_id))
        .join(WithdrawnEdition, col(WithdrawnEdition.edition_id) == col(Edition.edition_id))
        .where(col(WithdrawnEdition.withdrawal_id) == withdrawal_id)
        .order_by(col(Dataset.kind), col(Edition.period), col(Edition.number))
    )
    return [
        {"dataset": kind, "period": period, "edition": number, "state": state}
        for kind, period, number, state in found.all()
    ]


async def files_of(session: AsyncSession, edition_id: UUID) -> list[EditionFile]:
    found = await session.exec(
        select(EditionFile).where(col(EditionFile.edition_id) == edition_id).order_by(col(EditionFile.name))
    )
    return list(found.all())


async def file_of(session: AsyncSession, edition_id: UUID, name: str) -> EditionFile | None:
    """One file of an edition; None where it has none of that name, or its bytes were withdrawn."""
    return await session.get(EditionFile, (edition_id, name))


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


def address(base_url: str, slug: str, dataset: str, edition: Edition) -> str:
    """Where the files of an edition are, for ever; with a slash at the end."""
    return f"{base_url}/open/{slug}/{dataset}/{edition.period}/v{edition.number}/"


def file_url(base_url: str, slug: str, dataset: str, edition: Edition, name: str | None = None) -> str:
    """The permanent address of a file of an edition; of its CSV without a name."""
    return address(base_url, slug, dataset, edition) + (name or f"{dataset}.csv")


def about(edition: Edition, organisation: Organisation, kind: Kind, base_url: str) -> dict[str, Any]:
    """What names an edition, in every file but the CSV."""
    period = kind.period(edition.period)
    return {
        "publisher": organisation.slug,
        "publisher_name": organisation.name,
        "dataset": kind.name,
        "period": edition.period,
        "period_start": period.start.isoformat(),
        "period_end": period.end.isoformat(),
        "edition": edition.number,
        "url": file_url(base_url, organisation.slug, kind.name, edition),
        "licence": LICENCE,
    }


def edition_metadata(
    edition: Edition,
    about: Mapping[str, Any],
    *,
    parameters: Mapping[str, Any],
    redactions: Sequence[Mapping[str, Any]],
    files: Mapping[str, StoredFile],
    built_at: datetime,
) -> bytes:
    """The edition's account of itself: method, counts, hash, reconciliation, coverage, what readers must know."""
    details = {name: value for name, value in edition.details.items() if name != "notes"}
    content = {
        **about,
        "change_kind": edition.change_kind,
        "change_note": edition.change_note,
        "changes": edition.changes,
        "previous_edition": edition.predecessor,
        "methodology": {"number": edition.methodology, "parameters": parameters},
        "nil_return": edition.nil_return,
        "meets_duty": meets_duty(edition),
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
        "redactions": list(redactions),
        "reconciliation": edition.reconciliation,
        "quality": edition.quality,
        **details,
        "built_at": f"{built_at:%Y-%m-%dT%H:%M:%SZ}",
        "sha256": edition.sha256,
        "files": {
            name: {"sha256": stored.sha256, "bytes": stored.size, "media_type": stored.media_type}
            for name, stored in files.items()
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def _notes(edition: Edition) -> list[str]:
    notes = [*edition.details.get("notes", ()), *([GROSS_NOTE] if edition.gross_rows else [])]
    if not meets_duty(edition):
        notes.append(SILENT_NOTE)
    if months := waiting_months(edition):
        lines = edition.reconciliation.get("unsettled_lines", 0)
        notes.append(WAITING_NOTE.format(months=", ".join(months), lines=f"{lines} line{'s' * (lines != 1)}"))
    return notes


def meets_duty(edition: Edition) -> bool:
    """Whether publishing it meets the duties of its period (T-51, T-59)."""
    return rules.meets_duty(rows=edition.row_count, nil_return=edition.nil_return, missing=edition.missing_months)


def waiting_months(edition: Edition) -> list[str]:
    """Months of which files wait for corrections or decisions (T-59)."""
    return [month["month"] for month in edition.reconciliation.get("months", ()) if month.get("waits")]

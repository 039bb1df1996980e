"""Read-only selects on profiles, batches, their lines and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import CompoundSelect, Text, any_, case, cast, literal, null, type_coerce, union_all
from sqlalchemy import select as columns_of
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.grants.expenditure.mending import errors_file
from services.grants.expenditure.profile import complete
from services.grants.expenditure.reader import FileReader, FileToRead
from services.grants.expenditure.tables import (
    BatchLine,
    ExpenditureBatch,
    LedgerEntry,
    SourceProfile,
    UnidentifiedLine,
)
from services.grants.expenditure.valuation import NET_COMPUTED
from services.grants.organisations.tables import Organisation


async def latest_profile(session: AsyncSession, name: str) -> SourceProfile | None:
    statement = (
        select(SourceProfile).where(SourceProfile.name == name).order_by(col(SourceProfile.version).desc()).limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def profile_version(session: AsyncSession, name: str, version: int) -> SourceProfile:
    return await session.get_one(SourceProfile, (name, version))


async def profile_versions(session: AsyncSession, name: str) -> dict[int, SourceProfile]:
    """Every version of a profile, by its number."""
    found = await session.exec(select(SourceProfile).where(SourceProfile.name == name))
    return {profile.version: profile for profile in found.all()}


async def lines_exist(session: AsyncSession, source: str) -> bool:
    """Whether any line of this source is stored, in the ledger or held."""
    batches = select(ExpenditureBatch.id).where(
        ExpenditureBatch.source == source,
        col(ExpenditureBatch.dry_run).is_(False),
        (col(ExpenditureBatch.accepted_lines) + col(ExpenditureBatch.held_lines) > 0)
        | col(ExpenditureBatch.state).in_(("received", "processing")),
    )
    return (await session.exec(batches.limit(1))).first() is not None


async def sent_elsewhere(session: AsyncSession, batch: ExpenditureBatch) -> ExpenditureBatch | None:
    """The first batch that took in the same bytes for the same organisation through another profile."""
    statement = _same_bytes(batch).where(ExpenditureBatch.source != batch.source)
    return (await session.exec(statement.order_by(col(ExpenditureBatch.created_at)).limit(1))).first()


async def sent_here(session: AsyncSession, batch: ExpenditureBatch) -> bool:
    """Whether an earlier batch of the same source took in the same bytes."""
    statement = _same_bytes(batch).where(ExpenditureBatch.source == batch.source)
    return (await session.exec(statement.limit(1))).first() is not None


def _same_bytes(batch: ExpenditureBatch) -> SelectOfScalar[ExpenditureBatch]:
    taken = (
        col(ExpenditureBatch.accepted_lines) + col(ExpenditureBatch.duplicate_lines) + col(ExpenditureBatch.held_lines)
    )
    return select(ExpenditureBatch).where(
        ExpenditureBatch.content_sha256 == batch.content_sha256,
        ExpenditureBatch.organisation_id == batch.organisation_id,
        ExpenditureBatch.id != batch.id,
        ExpenditureBatch.state == "completed",
        col(ExpenditureBatch.dry_run).is_(False),
        taken > 0,
    )


async def batch_of(
    session: AsyncSession, batch_id: UUID, organisations: frozenset[str] | None
) -> tuple[ExpenditureBatch, str] | None:
    """A batch and its organisation's slug; none where the caller is limited to other organisations."""
    statement = (
        select(ExpenditureBatch, Organisation.slug)
        .join(Organisation, col(Organisation.id) == col(ExpenditureBatch.organisation_id))
        .where(ExpenditureBatch.id == batch_id)
    )
    row = (await session.exec(statement)).one_or_none()
    if row is None or (organisations is not None and row[1] not in organisations):
        return None
    return row[0], row[1]


def unidentified_lines(organisations: frozenset[str] | None) -> Any:
    """(unidentified line, source, slug), within what the caller may see."""
    statement: Any = (
        select(UnidentifiedLine, ExpenditureBatch.source, Organisation.slug)
        .join(ExpenditureBatch, col(ExpenditureBatch.id) == col(UnidentifiedLine.batch_id))
        .join(Organisation, col(Organisation.id) == col(ExpenditureBatch.organisation_id))
    )
    if organisations is not None:
        statement = statement.where(col(Organisation.slug).in_(organisations))
    return statement


AMOUNT = case(
    (
        literal(NET_COMPUTED, Text) == any_(col(LedgerEntry.flags)),
        col(LedgerEntry.net_pence) + func.coalesce(col(LedgerEntry.vat_pence), 0),
    ),
    (col(LedgerEntry.vat_pence).is_not(None), col(LedgerEntry.net_pence)),
    else_=col(LedgerEntry.eligible_pence),
)
"""The amount as the source gave it: gross where the net was computed, net where the VAT stood beside it, else what is
eligible."""


def batch_lines(batch_id: UUID, outcomes: Sequence[str] | None = None) -> Any:
    """Every line of a batch with its outcome: accepted ones from the ledger, the others from their own table."""
    accepted: Any = columns_of(
        col(LedgerEntry.record),
        col(LedgerEntry.line),
        literal("accepted", Text).label("outcome"),
        type_coerce(AMOUNT, LedgerEntry.__table__.c.net_pence.type).label("amount_pence"),  # type: ignore[attr-defined]
        col(LedgerEntry.line_key),
        col(LedgerEntry.entry_id),
        cast(null(), JSONB).label("reasons"),
        col(LedgerEntry.flags),
    ).where(col(LedgerEntry.batch_id) == batch_id)
    others: Any = columns_of(
        col(BatchLine.record),
        col(BatchLine.line),
        col(BatchLine.outcome),
        col(BatchLine.amount_pence),
        col(BatchLine.line_key),
        col(BatchLine.entry_id),
        col(BatchLine.reasons),
        cast(null(), LedgerEntry.__table__.c.flags.type).label("flags"),  # type: ignore[attr-defined]
    ).where(col(BatchLine.batch_id) == batch_id)
    both: CompoundSelect[Any] = union_all(accepted, others)
    lines = both.subquery()
    if outcomes is None:
        return lines, columns_of(lines)
    return lines, columns_of(lines).where(lines.c.outcome.in_(outcomes))


ERROR_OUTCOMES = ("rejected", "conflict")


async def errors_by_record(session: AsyncSession, batch_id: UUID) -> dict[int, tuple[str, str]]:
    """Record → (outcome, its reasons as one text), for every line that a person must look at itself."""
    statement = select(BatchLine.record, BatchLine.outcome, BatchLine.reasons).where(
        BatchLine.batch_id == batch_id, col(BatchLine.outcome).in_(ERROR_OUTCOMES)
    )
    found: dict[int, tuple[str, str]] = {}
    for record, outcome, reasons in (await session.exec(statement)).all():
        # Of a batch that was refused as a whole every line comes back, also those without a fault of their own: what
        # is mended and sent again is then the whole of it.
        found[record] = (outcome, " | ".join(_sentence(reason) for reason in reasons or []))
    return found


def _sentence(reason: dict[str, Any]) -> str:
    column = f"{reason['column']}: " if reason.get("column") else ""
    return f"{reason['code']}: {column}{reason['detail']}"


def errors_csv(
    batch: ExpenditureBatch,
    layout: dict[str, Any],
    path: Path,
    errors: dict[int, tuple[str, str]],
    mends: Sequence[str] | None,
) -> bytes:
    """The cells of the lines named as they were sent, with outcome, reasons and place behind them. Blocking."""
    file = FileToRead(
        path=str(path),
        media_type=batch.media_type or "text/csv",
        gzipped=batch.gzipped,
        encoding=batch.encoding or "utf-8",
        layout=complete(layout),
        source=batch.source,
        today="9999-12-31",
        said=batch.said,
        mends=mends,
    )
    reader = FileReader(file)
    found = [
        (record.cells, errors[number], number, record.line) for number, record in reader.records() if number in errors
    ]
    return errors_file(reader.header, found, reader.delimiter)

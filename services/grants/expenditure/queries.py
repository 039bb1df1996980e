"""Read-only selects on profiles, batches, their lines and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CompoundSelect,
    DateTime,
    Text,
    Uuid,
    any_,
    case,
    cast,
    column,
    literal,
    null,
    table,
    true,
    type_coerce,
    union_all,
)
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
    HeldLine,
    LedgerEntry,
    LineSettlement,
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


SETTLEMENT = ("how", "by_batch", "by_record", "reason", "settled_at", "settled_by")
"""What a line shows of its settlement."""

_decisions = table(
    "held_decisions",
    *(column(name, type_) for name, type_ in (("id", Uuid()), ("held_line_id", Uuid()), ("reason", Text()))),
    column("decided_at", DateTime(timezone=True)),
    column("decided_by", Text()),
)
"""Decisions on held lines belong to another room."""


def batch_lines(batch_id: UUID, outcomes: Sequence[str] | None = None, *, unsettled: bool | None = None) -> Any:
    """Every line of a batch with its outcome, and what settled it.

    Accepted lines come from the ledger, the others from their own table.
    """
    accepted: Any = columns_of(
        col(LedgerEntry.record),
        col(LedgerEntry.line),
        literal("accepted", Text).label("outcome"),
        type_coerce(AMOUNT, LedgerEntry.__table__.c.net_pence.type).label("amount_pence"),  # type: ignore[attr-defined]
        col(LedgerEntry.line_key),
        col(LedgerEntry.entry_id),
        cast(null(), JSONB).label("reasons"),
        col(LedgerEntry.flags),
        true().label("settled"),
        *(cast(null(), LineSettlement.__table__.c[name].type).label(name) for name in SETTLEMENT),  # type: ignore[attr-defined]
    ).where(col(LedgerEntry.batch_id) == batch_id)
    # A line that repeats a held one is settled with it.
    held = case(
        (
            col(BatchLine.outcome) == "held",
            columns_of(col(HeldLine.id))
            .where(
                col(HeldLine.batch_id) == col(BatchLine.batch_id),
                col(HeldLine.record) == col(BatchLine.record),
            )
            .scalar_subquery(),
        ),
        (_first_reason("code") == "held_before", cast(_first_reason("held_line"), Uuid())),
    )
    given = [col(getattr(LineSettlement, name)) for name in SETTLEMENT]
    decided = _decisions.c
    told = (decided.reason, decided.decided_at, decided.decided_by)
    settlement = (
        case((decided.id.is_not(None), literal("decided", Text)), else_=given[0]),
        *given[1:3],
        *(func.coalesce(a, b) for a, b in zip(given[3:], told, strict=True)),
    )
    others: Any = columns_of(
        col(BatchLine.record),
        col(BatchLine.line),
        col(BatchLine.outcome),
        col(BatchLine.amount_pence),
        col(BatchLine.line_key),
        col(BatchLine.entry_id),
        col(BatchLine.reasons),
        cast(null(), LedgerEntry.__table__.c.flags.type).label("flags"),  # type: ignore[attr-defined]
        case(
            (col(BatchLine.outcome).in_(ERROR_OUTCOMES), col(LineSettlement.how).is_not(None)),
            (held.is_not(None), decided.id.is_not(None)),
            else_=true(),
        ).label("settled"),
        *(part.label(name) for part, name in zip(settlement, SETTLEMENT, strict=True)),
    )
    others = (
        others.select_from(BatchLine)
        .outerjoin(
            LineSettlement,
            (col(LineSettlement.batch_id) == col(BatchLine.batch_id))
            & (col(LineSettlement.record) == col(BatchLine.record)),
        )
        .outerjoin(_decisions, decided.held_line_id == held)
        .where(col(BatchLine.batch_id) == batch_id)
    )
    both: CompoundSelect[Any] = union_all(accepted, others)
    lines = both.subquery()
    wanted = columns_of(lines)
    if outcomes is not None:
        wanted = wanted.where(lines.c.outcome.in_(outcomes))
    if unsettled is not None:
        wanted = wanted.where(lines.c.settled != unsettled)
    return lines, wanted


def _first_reason(member: str) -> Any:
    return col(BatchLine.reasons)[0][member].astext


async def months_of(session: AsyncSession, batch_id: UUID) -> list[tuple[str, int, int]]:
    """(payment month, lines, eligible pence) of a batch's entries."""
    month = func.to_char(col(LedgerEntry.payment_date), "YYYY-MM")
    statement = (
        select(month, func.count(), func.sum(LedgerEntry.eligible_pence))
        .where(LedgerEntry.batch_id == batch_id)
        .group_by(month)
        .order_by(month)
    )
    return [(name, lines, int(pence)) for name, lines, pence in (await session.exec(statement)).all()]


ERROR_OUTCOMES = ("rejected", "conflict")


async def errors_by_record(
    session: AsyncSession, batch_id: UUID, *, unsettled: bool | None = None
) -> dict[int, tuple[str, str]]:
    """Record → (outcome, its reasons as one text), for every line that a person must look at itself."""
    statement = select(BatchLine.record, BatchLine.outcome, BatchLine.reasons).where(
        BatchLine.batch_id == batch_id, col(BatchLine.outcome).in_(ERROR_OUTCOMES)
    )
    if unsettled is not None:
        settled = select(LineSettlement.record).where(LineSettlement.batch_id == batch_id)
        within = col(BatchLine.record).in_(settled)
        statement = statement.where(~within if unsettled else within)
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
    reader = FileReader(stored_file(batch, layout, path, mends))
    found = [
        (record.cells, errors[number], number, record.line) for number, record in reader.records() if number in errors
    ]
    return errors_file(reader.header, found, reader.delimiter)


def stored_file(batch: ExpenditureBatch, layout: dict[str, Any], path: Path, mends: Sequence[str] | None) -> FileToRead:
    """A batch's file as it is read once more: for its cells alone, which no day and no rule of use changes."""
    return FileToRead(
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

"""One function per thing a person can do here: define a source's layout, send a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from services.grants import queries as grants
from services.grants.expenditure.columns import ColumnsMissing
from services.grants.expenditure.faults import NotCorrectable, UnreadableFile
from services.grants.expenditure.loading import load
from services.grants.expenditure.profile import SourceProfile as ProfileBody
from services.grants.expenditure.queries import latest_profile, lines_exist
from services.grants.expenditure.reader import FileReader, FileToRead, Tally
from services.grants.expenditure.reading import FileFault, choose_encoding
from services.grants.expenditure.rules import DaysCovered, days_covered, fix_identity
from services.grants.expenditure.tables import ExpenditureBatch, SourceProfile
from shared.errors import ErrorItem, NotFound, UnsupportedMediaType
from shared.http import Upload
from shared.periods import london_date
from shared.work import Work

ANSWERED_AT_ONCE_LINES = 1000
MEDIA_TYPES = ("text/csv", "application/json")
WAITING = "expenditure_waiting"
"""PostgreSQL channel on which the worker hears of batches."""


async def define_profile(work: Work, body: ProfileBody) -> SourceProfile:
    """A new version of a source's layout; the first makes the source."""
    await work.lock("source-profile", body.name)
    before = await latest_profile(work.session, body.name)
    layout = body.model_dump(mode="json", exclude={"name"})
    exist = before is not None and await lines_exist(work.session, body.name)
    profile = SourceProfile(
        name=body.name,
        version=before.version + 1 if before else 1,
        layout=fix_identity(layout, before.layout if before else None, lines_exist=exist),
        created_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(profile)
    await work.session.flush()
    work.audit("define_source_profile", f"{profile.name} v{profile.version}", after={"layout": profile.layout})
    return profile


@dataclass(frozen=True)
class Look:
    """A first look into a file: how it is read, and its rows where they are few."""

    encoding: str
    header: tuple[str, ...]
    rows: str
    tally: Tally | None


async def submit_batch(
    work: Work,
    upload: Upload,
    *,
    organisation: str,
    profile: str,
    on_error: str,
    corrects: UUID | None,
    covers: tuple[date | None, date | None] = (None, None),
) -> ExpenditureBatch:
    """Take a file in at once where it is short; else leave it to the worker. A file that cannot be read is refused."""
    work.may_write_for(organisation)
    owner = await grants.organisation_by_slug(work.session, organisation)
    if owner is None:
        raise NotFound("No organisation has this slug; register it first.", parameter="organisation")
    layout = await latest_profile(work.session, profile)
    if layout is None:
        raise NotFound("No source profile has this name; create it first.", parameter="profile")
    days = days_covered(*covers, london_date(work.now))
    if corrects is not None:
        mended = await _check_correction(work, corrects, owner.id, profile)
        if days is None and mended.covers_from and mended.covers_to:
            # What mends a file makes it whole, so it speaks for the same days.
            days = DaysCovered(mended.covers_from, mended.covers_to)
    gzipped = _check_media(upload)
    file = FileToRead(
        path=str(upload.path),
        media_type=upload.media_type,
        gzipped=gzipped,
        encoding="utf-8",
        layout=layout.layout,
        source=profile,
        today=london_date(work.now).isoformat(),
    )
    seen = await asyncio.to_thread(_look, file)
    batch = ExpenditureBatch(
        id=work.new_id(),
        organisation_id=owner.id,
        source=profile,
        profile_version=layout.version,
        state="received",
        on_error=on_error,
        corrects=corrects,
        covers_from=days.first if days else None,
        covers_to=days.last if days else None,
        file_sha256=upload.sha256,
        size_bytes=upload.size,
        media_type=upload.media_type,
        gzipped=gzipped,
        encoding=seen.encoding,
        header=[_storable(name) for name in seen.header],
        created_at=work.now,
        created_by=work.actor.sub,
        created_by_name=work.actor.name or "",
    )
    work.session.add(batch)
    await work.session.flush()
    if seen.tally is None:
        connection = await work.session.connection()
        await connection.execute(text(f"NOTIFY {WAITING}"))
        work.audit("submit_expenditure", batch.id, after={"sha256": batch.file_sha256, "state": "received"})
        return batch
    tally = seen.tally
    batch.started_at = work.now
    try:
        await load(work, batch, layout.layout, _only(seen.rows), lambda: tally)
    except FileFault as fault:
        raise _refused(fault) from fault
    return batch


async def _check_correction(work: Work, corrects: UUID, organisation_id: UUID, source: str) -> ExpenditureBatch:
    statement = select(ExpenditureBatch).where(col(ExpenditureBatch.id) == corrects)
    target = (await work.session.exec(statement)).one_or_none()
    if target is None or target.organisation_id != organisation_id:
        raise NotFound("The organisation has no batch of this id.", parameter="corrects")
    if target.source != source:
        raise NotCorrectable("That batch came through another profile; use the same.", parameter="corrects")
    if target.state not in ("completed", "failed"):
        raise NotCorrectable("That batch is still being taken in; wait until it is completed.", parameter="corrects")
    return target


def _check_media(upload: Upload) -> bool:
    """Whether the body is compressed. UnsupportedMediaType for what is not taken."""
    if upload.media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType("Send the file as text/csv, or lines as application/json; name it in Content-Type.")
    encoding = (upload.content_encoding or "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise UnsupportedMediaType("Content-Encoding may be gzip, or be left out.")
    return encoding == "gzip"


def _look(file: FileToRead) -> Look:
    """Read the header and the first lines; of a short file that is all. Blocking: runs in a thread."""
    try:
        encoding = "utf-8"
        if file.media_type == "text/csv":
            encoding = choose_encoding(Path(file.path), file.gzipped, tuple(file.layout["encodings"]))
        reader = FileReader(FileToRead(**{**file.as_json(), "encoding": encoding}))
        blocks = reader.blocks(ANSWERED_AT_ONCE_LINES)
        rows = next(blocks, "")
        more = next(blocks, None) is not None
    except FileFault as fault:
        raise _refused(fault) from fault
    except ColumnsMissing as fault:
        errors = [ErrorItem(code=item.code, detail=item.detail, column=item.column[:64]) for item in fault.faults]
        raise UnreadableFile(
            "The header does not hold the columns the profile needs; see errors. Is the delimiter the profile's?",
            errors=errors,
        ) from fault
    return Look(encoding, reader.header, rows, None if more else reader.tally)


def _storable(name: str) -> str:
    """A header's name as the database can hold it: JSON may name a column by half a character, or by NUL."""
    return name.encode(errors="replace").decode().replace("\x00", "")


async def _only(rows: str) -> AsyncIterator[bytes]:
    if rows:
        yield rows.encode()


def _refused(fault: FileFault) -> UnreadableFile:
    return UnreadableFile(fault.detail, errors=[ErrorItem(code=fault.code, detail=fault.detail, line=fault.line)])

"""Reading stored files again for the identity of their lines: when a layout changes, and when an upgrade changes it.

The original is kept byte for byte, so what a layout makes of a stored line can always be asked again.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlmodel import col, select

from services.grants.expenditure.columns import ColumnsMissing, alternatives, names_of, plain_name
from services.grants.expenditure.identity import AMOUNTS, DAYS
from services.grants.expenditure.parse_client import ParsingProcess
from services.grants.expenditure.profile import complete
from services.grants.expenditure.queries import profile_version
from services.grants.expenditure.reader import FileReader, FileToRead, encoding_of
from services.grants.expenditure.reading import FileFault
from services.grants.expenditure.staging import copy_slice, open_staging
from services.grants.expenditure.tables import ExpenditureBatch
from shared.database import raw_connection
from shared.service import Runtime
from shared.work import Work

SHORT_FILE_LINES = 2000
"""A file of no more lines is read beside the event loop; a longer one by a process of its own."""

HOW_A_FILE_IS_DIVIDED = (
    "encodings", "delimiter", "quote", "escape", "stray_quotes", "widths", "spreadsheet_text", "header", "fill_down",
    "surplus_cells", "missing_cells", "dates", "amounts",
)  # fmt: skip


@dataclass(frozen=True)
class StoredLine:
    """A stored line that a layout would take for another."""

    batch_id: UUID
    record: int
    line: int | None
    sent_at: str


def identity_part(layout: dict[str, Any]) -> dict[str, Any]:
    """What of a layout can change the identity of a line: layouts that agree in it need no comparing."""
    fields = {name: source for name, source in layout["fields"].items() if source}
    valued = {name: source for name, source in fields.items() if name in (*DAYS, *AMOUNTS)}
    names = {name: [plain_name(own) for own in alternatives(source)] for name, source in fields.items()}
    identity = layout["identity"]
    return {
        **{name: layout[name] for name in HOW_A_FILE_IS_DIVIDED},
        "identity": (identity["kind"], [[plain_name(own) for own in names_of(named)] for named in identity["columns"]]),
        "fields": {name: valued.get(name) or names[name] for name in fields},
    }


def changed_part(layout: dict[str, Any], before: dict[str, Any]) -> str | None:
    """Pointer to the first part of a layout that can change identities; None where no part does."""
    now, then = identity_part(layout), identity_part(before)
    if now["identity"] != then["identity"]:
        return "/identity"
    for name in HOW_A_FILE_IS_DIVIDED:
        if now[name] != then[name]:
            return f"/{name}"
    return next(
        (
            f"/fields/{name}"
            for name in {**now["fields"], **then["fields"]}
            if now["fields"].get(name) != then["fields"].get(name)
        ),
        None,
    )


async def line_identified_otherwise(work: Work, source: str, layout: dict[str, Any]) -> StoredLine | None:
    """A stored line of this source that the layout would take for another line; None where there is none.

    A file that the layout cannot read at all, or a line that it rejects, is refused when it is sent again, and so
    doubles nothing.
    """
    connection = await raw_connection(work.session)
    await open_staging(connection)
    keyed = layout["identity"]["kind"] == "keyed"
    for batch in await _stored_files(work, source):
        try:
            async for _ in _staged(work, connection, batch, layout):
                found = await (
                    await connection.execute(cast(Any, _OTHERWISE), {"batch": batch.id, "keyed": keyed})
                ).fetchone()
                if found is not None:
                    return StoredLine(batch.id, found[0], found[1], batch.created_at.date().isoformat())
        except (FileFault, ColumnsMissing, OSError):
            continue
        finally:
            await connection.execute("TRUNCATE incoming")
    await connection.execute("DROP TABLE incoming")
    return None


# A record is found again by its line of the file; JSON has none, there its number counts.
_STORED = """
    SELECT record, line, line_key, fingerprint FROM ledger_entries WHERE batch_id = %(batch)s
    UNION ALL SELECT record, line, line_key, fingerprint FROM held_lines WHERE batch_id = %(batch)s
"""
_OTHERWISE = f"""
SELECT stored.record, stored.line FROM incoming i JOIN ({_STORED}) stored
    ON CASE WHEN i.line IS NULL THEN i.record = stored.record ELSE i.line = stored.line END
WHERE i.reasons IS NULL AND CASE WHEN %(keyed)s THEN i.line_key <> stored.line_key
        ELSE i.fingerprint <> stored.fingerprint END
    AND NOT EXISTS (SELECT FROM unidentified_lines u WHERE u.batch_id = %(batch)s AND u.record = stored.record)
ORDER BY stored.record LIMIT 1
"""


async def identify_again(work: Work, source: str, organisation_id: UUID | None = None) -> None:
    """Give the stored lines of a source the identity of this version of the service; each file is read once for it.

    Lines whose identity the original does not tell keep the one they had, and are named in `unidentified_lines`.
    """
    wanted = select(ExpenditureBatch.organisation_id).where(
        ExpenditureBatch.source == source, col(ExpenditureBatch.identified).is_(False)
    )
    if organisation_id is not None:
        wanted = wanted.where(ExpenditureBatch.organisation_id == organisation_id)
    for owner in sorted(set((await work.session.exec(wanted)).all())):
        await work.lock("expenditure", str(owner), source)
        await _identify_source(work, source, owner)


async def identify_stored_lines(runtime: Runtime) -> None:
    """After an upgrade: every source whose lines carry the identity of an earlier version, one after another."""
    while True:
        async with runtime.work() as work:
            statement = select(ExpenditureBatch.source, ExpenditureBatch.organisation_id).where(
                col(ExpenditureBatch.identified).is_(False)
            )
            found = (await work.session.exec(statement.limit(1))).first()
            if found is None:
                return
            await identify_again(work, *found)


async def _identify_source(work: Work, source: str, owner: UUID) -> None:
    batches = await _stored_files(work, source, owner)
    if all(batch.identified for batch in batches):
        return
    connection = await raw_connection(work.session)
    await open_staging(connection)
    await connection.execute(_CREATE_REREAD)
    for number, batch in enumerate(batches):
        assert batch.profile_version is not None, "a file's batch has a profile"
        layout = complete((await profile_version(work.session, source, batch.profile_version)).layout)
        keyed = layout["identity"]["kind"] == "keyed"
        failure = None
        try:
            async with connection.transaction():
                async for _ in _staged(work, connection, batch, layout):
                    await connection.execute(_KEEP_REREAD, (batch.id,))
        except (FileFault, ColumnsMissing, OSError) as fault:
            why = "it is not there" if isinstance(fault, OSError) else str(fault)[:300].rstrip(".")
            failure = f"The original cannot be read again ({why}); compare before its file is sent again."
        await connection.execute(_NOTE_FILE, (batch.id, number, failure))
    known = {"organisation": owner, "source": source, "now": work.now}
    await connection.execute("ANALYZE reread")
    await connection.execute(cast(Any, _ORIGINS), known)
    await connection.execute(cast(Any, _NUMBER_KEYED if keyed else _NUMBER_COUNTED))
    for statement in _MOVE:
        await connection.execute(cast(Any, statement), known)
    await connection.execute(cast(Any, _NAME_UNKNOWN), known)
    for batch in batches:
        batch.identified = True
        if batch.content_sha256 is None:
            with suppress(OSError, EOFError, zlib.error):
                batch.content_sha256 = await content_hash(work.files.path(batch.file_sha256 or ""), batch.gzipped)
        work.session.add(batch)
    await work.session.flush()
    work.audit("identify_lines_again", source, after={"organisation": owner, "files": len(batches)})
    await connection.execute("DROP TABLE incoming, reread, reread_files, origins")


_CREATE_REREAD = """
CREATE TEMP TABLE reread (
    batch_id uuid, record bigint, reasons jsonb, line_key text COLLATE "C", fingerprint uuid, loose_key text COLLATE "C"
) ON COMMIT DROP;
CREATE TEMP TABLE reread_files (batch_id uuid, number int, failure text) ON COMMIT DROP
"""
_KEEP_REREAD = """
INSERT INTO reread SELECT %s, record, reasons, line_key, fingerprint, loose_key FROM incoming
"""
_NOTE_FILE = "INSERT INTO reread_files VALUES (%s, %s, %s)"

# Where a line came in: an accepted held line stands in the ledger too, under the same key, and came in with its file.
_ORIGINS = """
CREATE TEMP TABLE origins ON COMMIT DROP AS
SELECT s.line_key AS old_key, s.batch_id, s.record, s.line, f.number, f.failure, r.reasons,
    s.fingerprint AS old_fingerprint, CASE WHEN r.reasons IS NULL THEN r.fingerprint END AS new_fingerprint,
    CASE WHEN r.reasons IS NULL THEN r.line_key END AS new_key, r.loose_key, NULL::text COLLATE "C" AS final,
    false AS clashes
FROM (
    SELECT line_key, batch_id, record, line, fingerprint FROM held_lines
    WHERE organisation_id = %(organisation)s AND source = %(source)s
    UNION ALL SELECT line_key, batch_id, record, line, fingerprint FROM ledger_entries
    WHERE organisation_id = %(organisation)s AND source = %(source)s
) s JOIN reread_files f USING (batch_id) LEFT JOIN reread r USING (batch_id, record)
"""
_NUMBER_COUNTED = """
WITH numbered AS (
    SELECT old_key, replace(coalesce(new_fingerprint, old_fingerprint)::text, '-', '') AS content,
        row_number() OVER (PARTITION BY coalesce(new_fingerprint, old_fingerprint) ORDER BY number, record) AS n
    FROM origins
)
UPDATE origins SET final = content || '#' || n FROM numbered WHERE numbered.old_key = origins.old_key
"""
_NUMBER_KEYED = """
WITH numbered AS (
    SELECT old_key, new_key IS NOT NULL AND (
            row_number() OVER (PARTITION BY new_key ORDER BY number, record) > 1
            OR EXISTS (SELECT FROM origins kept WHERE kept.new_key IS NULL AND kept.old_key = origins.new_key)
        ) AS clashes
    FROM origins
)
UPDATE origins SET clashes = numbered.clashes,
    final = CASE WHEN numbered.clashes THEN origins.old_key ELSE coalesce(origins.new_key, origins.old_key) END
FROM numbered WHERE numbered.old_key = origins.old_key
"""
# In two steps, since a key may be another line's until that one has moved.
_MOVE = tuple(
    statement
    for table in ("ledger_entries", "held_lines")
    for statement in (
        f"""
UPDATE {table} t SET line_key = '?' || t.line_key FROM origins o
WHERE t.organisation_id = %(organisation)s AND t.source = %(source)s AND t.line_key = o.old_key AND o.final <> o.old_key
""",
        f"""
UPDATE {table} t SET line_key = o.final, fingerprint = coalesce(o.new_fingerprint, t.fingerprint),
    loose_key = CASE WHEN o.new_fingerprint IS NOT NULL THEN o.loose_key END
FROM origins o
WHERE t.organisation_id = %(organisation)s AND t.source = %(source)s
    AND t.line_key = CASE WHEN o.final <> o.old_key THEN '?' || o.old_key ELSE o.old_key END
    AND (o.final <> o.old_key OR t.fingerprint IS DISTINCT FROM coalesce(o.new_fingerprint, t.fingerprint)
        OR t.loose_key IS DISTINCT FROM o.loose_key)
""",
    )
)
_NAME_UNKNOWN = """
INSERT INTO unidentified_lines (batch_id, record, line, why, detail, found_at)
SELECT batch_id, record, line,
    CASE WHEN clashes THEN 'same_key' WHEN failure IS NOT NULL THEN 'original_unreadable' ELSE 'line_unreadable' END,
    CASE WHEN clashes THEN 'Another stored line has the same key; they may be one payment entered twice. Compare them, '
            'and reverse one where they are.'
        WHEN failure IS NOT NULL THEN failure
        ELSE 'Its cells no longer tell which line it is (' || coalesce(reasons -> 0 ->> 'detail', 'no such record')
            || '); compare before its file is sent again.' END, %(now)s
FROM origins WHERE clashes OR new_fingerprint IS NULL
ON CONFLICT DO NOTHING
"""


async def content_hash(path: Path, gzipped: bool) -> str:
    """SHA-256 of a stored file's unpacked bytes. Raises as `gzip` does for what is no whole gzip file."""

    def hashed() -> str:
        with gzip.open(path, "rb") if gzipped else path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return await asyncio.to_thread(hashed)


async def _stored_files(work: Work, source: str, owner: UUID | None = None) -> Sequence[ExpenditureBatch]:
    """Files of which lines are stored, in the order in which they were sent."""
    statement = (
        select(ExpenditureBatch)
        .where(
            ExpenditureBatch.source == source,
            ExpenditureBatch.kind == "file",
            col(ExpenditureBatch.dry_run).is_(False),
            col(ExpenditureBatch.accepted_lines) + col(ExpenditureBatch.held_lines) > 0,
        )
        .order_by(col(ExpenditureBatch.created_at), col(ExpenditureBatch.id))
    )
    if owner is not None:
        statement = statement.where(ExpenditureBatch.organisation_id == owner)
    return (await work.session.exec(statement)).all()


async def _staged(
    work: Work, connection: psycopg.AsyncConnection[Any], batch: ExpenditureBatch, layout: dict[str, Any]
) -> AsyncIterator[None]:
    """Stage a stored file's lines as the layout reads them, slice by slice. Raises FileFault or ColumnsMissing."""
    assert batch.file_sha256, "a file's batch has a file"
    corrected = await work.session.get(ExpenditureBatch, batch.corrects) if batch.corrects else None
    file = FileToRead(
        path=str(work.files.path(batch.file_sha256)),
        media_type=batch.media_type or "text/csv",
        gzipped=batch.gzipped,
        encoding=batch.encoding or "utf-8",
        layout=layout,
        source=batch.source,
        today="9999-12-31",
        said=batch.said,
        mends=corrected.header if corrected else None,
    )
    blocks = _blocks(file, short=batch.received_lines <= SHORT_FILE_LINES)
    while await copy_slice(connection, blocks, 5):
        yield


async def _blocks(file: FileToRead, *, short: bool) -> AsyncIterator[bytes]:
    file = replace(file, encoding=await asyncio.to_thread(encoding_of, file))
    if short:

        def whole() -> list[str]:
            return list(FileReader(file).blocks())

        for block in await asyncio.to_thread(whole):
            yield block.encode()
        return
    async for content in ParsingProcess(file, lambda _: None).blocks():
        yield content

"""The files of an edition that every kind of dataset has: schema, digests, what changed, metadata."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, select

from services.transparency.editions import differences, files, queries
from services.transparency.editions.row_lines import DIGESTS_FILE
from services.transparency.editions.subject import Subject, methodology_of
from services.transparency.editions.tables import Edition, EditionFile
from services.transparency.methodology import completed
from shared.files import StoredFile
from shared.work import Work

SCHEMA_FILE, METADATA_FILE = "schema.json", "edition.json"


def new_salt() -> str:
    """A secret for the digests of one edition's rows."""
    return secrets.token_hex(32)


async def keep_files(
    work: Work,
    subject: Subject,
    edition: Edition,
    built: Mapping[str, StoredFile],
    *,
    redactions: Sequence[Mapping[str, Any]],
    comparisons: Sequence[tuple[Edition, differences.Comparison]],
) -> None:
    """Add schema, changes and metadata to the built CSV and JSON, and name them all.

    `comparisons` are with the earlier editions whose bytes are still here, the newest first.
    """
    kind = subject.kind
    built = dict(built)
    built[SCHEMA_FILE] = await work.store_file(files.table_schema(kind.name), files.SCHEMA_TYPE)
    built[f"{kind.csv_file}-metadata.json"] = await work.store_file(
        files.csvw_metadata(kind.name, kind.csv_file, subject.dataset.title), files.CSVW_TYPE
    )
    edition.newly_withheld = {
        str(earlier.number): found.newly_withheld for earlier, found in comparisons if found.newly_withheld
    }
    if edition.newly_withheld:
        edition.change_kind = "redaction"
    # What a suspended edition shows is quoted nowhere.
    before = comparisons[0][0] if comparisons else None
    if before is not None and before.number == edition.predecessor and before.state in queries.PUBLIC_STATES:
        changes = differences.as_csv(comparisons[0][1].changes, reason=edition.change_note or "", changed_at=work.now)
        built[differences.CHANGES_FILE] = await work.store_file(changes, files.CSV_TYPE)
    edition.sha256 = built[kind.csv_file].sha256
    methodology = await methodology_of(work, subject)
    metadata = queries.edition_metadata(
        edition,
        queries.about(edition, subject.organisation, kind, work.base_url),
        parameters=completed(methodology.parameters),
        redactions=redactions,
        files=built,
        built_at=work.now,
    )
    built[METADATA_FILE] = await work.store_file(metadata, files.JSON_TYPE)
    await drop_files(
        work, col(EditionFile.edition_id) == edition.edition_id, keep={each.sha256 for each in built.values()}
    )
    for name, stored in built.items():
        work.session.add(
            EditionFile(
                edition_id=edition.edition_id,
                name=name,
                media_type=stored.media_type,
                sha256=stored.sha256,
                size=stored.size,
            )
        )


async def drop_files(work: Work, doomed: ColumnElement[bool], *, keep: Collection[str] = ()) -> None:
    """Give up these files of editions; bytes that no other edition has, and that are not kept, are deleted."""
    gone = set((await work.session.exec(select(EditionFile.sha256).where(doomed))).all()) - set(keep)
    await work.session.exec(delete(EditionFile).where(doomed))
    await work.session.flush()
    shared = await work.session.exec(select(EditionFile.sha256).where(col(EditionFile.sha256).in_(gone)))
    for sha256 in sorted(gone - set(shared.all())):
        await work.forget_file(sha256)


async def reopen(work: Work, edition: Edition) -> None:
    """Back to a draft without files: it is to be checked again before anybody approves it."""
    edition.state, edition.sha256, edition.salt = "draft", None, None
    edition.version += 1
    edition.modified_at = work.now
    await drop_files(work, col(EditionFile.edition_id) == edition.edition_id)


async def compare(
    work: Work,
    subject: Subject,
    earlier: Edition,
    after: StoredFile,
    rows: Mapping[str, differences.Kind],
) -> differences.Comparison | None:
    """What differs from an earlier edition; None where its rows cannot be read any more."""
    before = await queries.file_of(work.session, earlier.edition_id, subject.kind.json_file)
    if before is None:
        return None
    return await asyncio.to_thread(
        differences.compare, work.files.path(before.sha256), work.files.path(after.sha256), rows
    )


__all__ = ["DIGESTS_FILE", "METADATA_FILE", "SCHEMA_FILE", "compare", "drop_files", "keep_files", "new_salt", "reopen"]

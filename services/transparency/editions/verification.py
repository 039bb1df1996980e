"""Whether an edition is still the one that was approved, by the digests that the audit chain holds (T-52)."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import select

from services.transparency.editions import queries, row_lines
from services.transparency.editions.kinds import Kind
from services.transparency.editions.tables import Edition
from shared.work import Work


@dataclass(frozen=True)
class Verified:
    """What was compared, and how it came out."""

    rows_sha256: str | None
    audit_entry: int | None
    digests: Literal["match", "differ"]
    rows: Literal["match", "differ", "erased"]


async def verify(work: Work, edition: Edition, kind: Kind) -> Verified:
    """Compare the kept digests with the audited hash, and the rows, where they are still there, with the digests.

    Editions of releases before this one were approved without digests; of them nothing can be said but `differ` with no
    audit entry.
    """
    table = work.runtime.tables.audit.entries
    connection = await work.session.connection()
    audited = (
        await connection.execute(
            select(table.c.seq, table.c.after)
            .where(table.c.action == "approve_edition", table.c.subject == str(edition.edition_id))
            .order_by(table.c.seq.desc())
            .limit(1)
        )
    ).one_or_none()
    expected = (audited.after or {}).get("rows_sha256") if audited is not None else None
    kept = await queries.file_of(work.session, edition.edition_id, row_lines.DIGESTS_FILE)
    there = kept is not None and await asyncio.to_thread(_hash_of, work.files.path(kept.sha256)) == expected
    digests: Literal["match", "differ"] = "match" if expected is not None and there else "differ"
    seq = audited.seq if audited is not None and expected is not None else None
    if edition.salt is None:
        return Verified(expected, seq, digests, "erased" if edition.state == "withdrawn" else "differ")
    rows = await queries.file_of(work.session, edition.edition_id, kind.json_file)
    found = (
        await asyncio.to_thread(row_lines.digests_hash, work.files.path(rows.sha256), edition.salt) if rows else None
    )
    return Verified(expected, seq, digests, "match" if found == expected else "differ")


def _hash_of(path: Path) -> str | None:
    """The hash of the bytes as they are on disk now; None where there are none."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

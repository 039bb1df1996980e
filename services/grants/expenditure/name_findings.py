"""Names of private payees against the texts of an organisation's public rows: what is known before a file is read, and
what a batch brings to light (T-63)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import scalar_row
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure.names import WITHHELD
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.persons import PRIVATE_KINDS, PersonNames, texts_naming
from shared.database import raw_connection
from shared.work import Work

PUBLISHED_BEFORE = "name_published_before"
MOST_NAMED = 500
CHUNK = 5_000

_KINDS = ", ".join(f"'{kind}'" for kind in PRIVATE_KINDS)
_PUBLIC = ", ".join(f"'{kind}'" for kind in PUBLIC_KINDS)
_SEARCHED = ", ".join(f"('{flag}', e.{field})" for field, flag in WITHHELD.items())
_OF_LEDGER = f"""
SELECT DISTINCT party_name FROM ledger_entries
WHERE organisation_id = ANY(%(organisations)s) AND party_kind IN ({_KINDS}) AND NOT source_redacted
    AND party_name IS NOT NULL
"""
_OF_HELD = f"""
SELECT DISTINCT entry ->> 'party_name' FROM held_lines
WHERE organisation_id = ANY(%(organisations)s) AND entry ->> 'party_kind' IN ({_KINDS})
    AND entry ->> 'source_redacted' IS DISTINCT FROM 'true' AND entry ->> 'party_name' IS NOT NULL
"""
_NEW = f"""
SELECT DISTINCT party_name FROM ledger_entries n
WHERE batch_id = %(batch)s AND party_kind IN ({_KINDS}) AND NOT source_redacted AND party_name IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM ledger_entries o
        WHERE o.organisation_id = n.organisation_id AND o.party_name = n.party_name AND o.party_kind IN ({_KINDS})
            AND NOT o.source_redacted AND o.batch_id <> n.batch_id)
"""
# Only texts of two words or more can hold a name.
_TEXTS = f"""
SELECT DISTINCT words FROM ledger_entries e CROSS JOIN LATERAL (VALUES {_SEARCHED}) AS shown (flag, words)
WHERE e.organisation_id = %(organisation)s AND e.party_kind IN ({_PUBLIC}) AND words ~ '.[^[:alnum:]]+.'
"""
_ROWS = f"""
SELECT e.entry_id, e.batch_id = %(batch)s AS own, e.party_name, words
FROM ledger_entries e CROSS JOIN LATERAL (VALUES {_SEARCHED}) AS shown (flag, words)
WHERE e.organisation_id = %(organisation)s AND e.party_kind IN ({_PUBLIC}) AND words = ANY(%(texts)s)
    AND NOT shown.flag = ANY(e.flags) AND e.reverses IS NULL
    AND NOT EXISTS (SELECT FROM ledger_entries r WHERE r.reverses = e.entry_id)
ORDER BY 1
"""


class NamesLater(Exception):
    """A file names private payees behind public rows whose texts hold their names: it is read again, knowing them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("names of private payees stand in earlier rows of the file")
        self.names = tuple(names)


async def private_names(session: AsyncSession, organisations: Iterable[UUID]) -> list[str]:
    """Names of persons that these organisations paid; they never leave this service."""
    connection = await raw_connection(session)
    found: set[str] = set()
    async with connection.cursor(row_factory=scalar_row) as cursor:
        for statement in (_OF_LEDGER, _OF_HELD):
            await cursor.execute(statement, {"organisations": list(organisations)})
            found.update(await cursor.fetchall())
    return sorted(found)


async def look_back(
    work: Work, batch_id: UUID, organisation_id: UUID, *, known: Collection[str] | None = None
) -> list[dict[str, Any]]:
    """Public rows whose texts name a person that this batch is the first to hold back: a finding for a person.

    Raises NamesLater where rows of the batch itself are among them and its reader did not know the names; `known`
    is what it knew, None where nothing can be read again.
    """
    connection = await raw_connection(work.session)
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_NEW, {"batch": batch_id})
        names = await cursor.fetchall()
    if not names:
        return []
    given = {"organisation": organisation_id, "batch": batch_id}
    finder, texts = PersonNames(names), list[str]()
    async with connection.cursor("texts_of_public_rows", row_factory=scalar_row) as stream:
        await stream.execute(_TEXTS, given)
        while some := await stream.fetchmany(CHUNK):
            texts += await asyncio.to_thread(texts_naming, finder, some)
    if not texts:
        return []
    met = await (await connection.execute(_ROWS, {**given, "texts": texts})).fetchall()
    rows = dict.fromkeys((entry_id, own) for entry_id, own, payee, words in met if finder.stand_in(words, payee))
    if known is not None and any(own for _, own in rows) and not set(names) <= set(known):
        raise NamesLater([*known, *names])
    if not rows:
        return []
    return [
        {
            "code": PUBLISHED_BEFORE,
            "lines": len(rows),
            "entries": [str(entry_id) for entry_id, _ in list(rows)[:MOST_NAMED]],
            "detail": "This batch holds a private payee whose name stands in a text of these entries, which have left"
            " already. Correct them, so that the name is withheld, and have their published rows withdrawn.",
        }
    ]


async def open_name_findings(session: AsyncSession) -> list[tuple[UUID, Any, int]]:
    """Batches whose finding still names entries that stand: batch, when it was completed, how many entries."""
    statement = text(
        f"""
        SELECT b.id, b.completed_at, count(DISTINCT e.entry_id)
        FROM expenditure_batches b CROSS JOIN LATERAL jsonb_array_elements(b.findings) f
        CROSS JOIN LATERAL jsonb_array_elements_text(f -> 'entries') named
        JOIN ledger_entries e ON e.entry_id = named::uuid
        WHERE b.findings @> '[{{"code": "{PUBLISHED_BEFORE}"}}]' AND f ->> 'code' = '{PUBLISHED_BEFORE}'
            AND NOT EXISTS (SELECT FROM ledger_entries r WHERE r.reverses = e.entry_id)
        GROUP BY b.id, b.completed_at ORDER BY b.completed_at, b.id
        """
    )
    rows = (await (await session.connection()).execute(statement)).all()
    return [(batch_id, since, entries) for batch_id, since, entries in rows]

"""What the search reads, kept beside the editions: rows and totals of an edition come and go with its publication."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from services.transparency.editions.cells import JSON_MEMBERS, NOT_STATED, ROWS, Frame
from services.transparency.editions.selection import prefer_sets
from services.transparency.search.folding import sql_document, sql_texts, sql_words
from shared.database import raw_connection
from shared.work import Work

Connection = psycopg.AsyncConnection[Any]

STEP_ROWS = 50_000
"""About how many rows one tick brings into the search of a database that was filled before there was one."""

LARGE_LINES = 50_000
"""From so many lines on, a look at the whole ledger is faster than a look-up of each line."""

FOLDED_LENGTH = 200

AT_SOURCE = "Redacted at source"

_HIDDEN = (
    "(redaction_reason IS NOT NULL AND (starts_with(beneficiary, 'REDACTED ') OR redaction_reason = 'SOURCE_REDACTED'))"
)

# A hidden payee has no key, so that neither a filter nor a total can put two of its rows together (T-19, T-60).
PAYEE_KEY = f"""CASE WHEN {_HIDDEN} OR beneficiary = '{NOT_STATED}' THEN NULL
    ELSE COALESCE(beneficiary_id, 'N-' || upper(substr(md5({sql_words("beneficiary")}), 1, 12))) END"""

PAYEE_LABEL = f"CASE WHEN redaction_reason = 'SOURCE_REDACTED' THEN '{AT_SOURCE}' ELSE beneficiary END"
"""Name of a payee in totals. All hidden rows of a reason stand under one text, whatever the ledger system wrote."""

_STORED = ", ".join(JSON_MEMBERS)
_SHOWN = ", ".join("vat_pence" if name == "irrecoverable_vat_pence" else name for name in JSON_MEMBERS)

# The inner select is worked out once for each row because it numbers the rows; without it the database would work out
# each published text again wherever it is mentioned.
ADD_ROWS = f"""
INSERT INTO spend_rows (edition_id, organisation_id, period, place, payee_key, unit_key, category_key, contract_key,
    document, {_STORED})
SELECT {{edition}}, {{organisation}}, {{period}}, place, {PAYEE_KEY},
    hashtext(unit), hashtext(category), hashtext(contract_ref), {sql_document("texts")}, {_SHOWN}
FROM (
    SELECT published.*, {sql_texts("beneficiary", "purpose", "category", "unit")} AS texts,
        row_number() OVER (ORDER BY payment_date, transaction_number, line_number, row_id) AS place
    FROM ({ROWS}) AS published
) AS numbered
"""

# The words of many rows go into their index fastest in one portion. Until they are sorted in, each search would read
# the portion from end to end; one more row, while the portion may only be small, makes the database do it now.
SORT_WORDS = """
WITH taken AS (DELETE FROM spend_rows WHERE edition_id = %(edition)s AND place = 1 RETURNING *)
INSERT INTO spend_rows SELECT * FROM taken
"""

# One pass over the edition's rows makes the totals of every dimension.
ADD_TOTALS = f"""
INSERT INTO spend_totals (edition_id, dimension, key, digest, label, folded, rows, total_pence)
SELECT %(edition)s, dimension, COALESCE(key, ''), left(md5(label), 16), label,
    CASE WHEN key IS NOT NULL OR dimension <> 'payee' THEN left({sql_words("label")}, {FOLDED_LENGTH}) END,
    rows, total_pence
FROM (
    SELECT
        CASE grouping(payee, category, unit, month, contract_ref)
            WHEN 31 THEN 'all' WHEN 15 THEN 'payee' WHEN 23 THEN 'category' WHEN 27 THEN 'unit' WHEN 29 THEN 'month'
            ELSE 'contract' END AS dimension,
        payee_key AS key,
        COALESCE(payee, category, unit, month, contract_ref, '') AS label,
        count(*)::int AS rows, COALESCE(sum(amount_pence), 0)::bigint AS total_pence
    FROM (
        SELECT payee_key, {PAYEE_LABEL} AS payee, category, unit, to_char(payment_date, 'YYYY-MM') AS month,
            contract_ref, amount_pence
        FROM spend_rows WHERE edition_id = %(edition)s
    ) AS shown
    GROUP BY GROUPING SETS ((), (payee_key, payee), (category), (unit), (month), (contract_ref))
) AS grouped
WHERE dimension <> 'contract' OR label <> ''
"""

LINES = "SELECT count(*) FROM row_decisions WHERE edition_id = %(edition)s"

UNSEARCHED = """
SELECT edition.edition_id, edition.period, edition.row_count, organisation.organisation_id, organisation.name
FROM editions edition
JOIN datasets dataset ON dataset.dataset_id = edition.dataset_id AND dataset.kind = 'spend'
JOIN organisations organisation ON organisation.organisation_id = dataset.organisation_id
WHERE edition.state IN ('published', 'superseded')
    AND NOT EXISTS (
        SELECT FROM spend_totals total WHERE total.edition_id = edition.edition_id AND total.dimension = 'all')
ORDER BY edition.state, edition.period DESC, edition.number DESC
LIMIT 20
FOR UPDATE OF edition SKIP LOCKED
"""


async def add_edition(connection: Connection, frame: Frame, *, organisation_id: UUID, period: str) -> int:
    """Bring an edition's rows into the search, in the transaction that makes them public. Returns how many.

    Doing it again gives the same rows, which is also how a lifted suspension brings them back.
    """
    await remove_edition(connection, frame.edition_id)
    lines = await connection.execute(LINES, {"edition": frame.edition_id})
    if ((await lines.fetchone()) or (0,))[0] > LARGE_LINES:
        await prefer_sets(connection)
    await connection.execute("SET LOCAL gin_pending_list_limit = '1GB'")
    values = {
        "edition": sql.Literal(frame.edition_id),
        "key": sql.Literal(frame.reference_key),
        "organisation": sql.Literal(organisation_id),
        "period": sql.Literal(period),
    }
    added = await connection.execute(sql.SQL(ADD_ROWS).format(**values))
    await connection.execute("SET LOCAL gin_pending_list_limit = '64kB'")
    await connection.execute(SORT_WORDS, {"edition": frame.edition_id})
    await connection.execute(ADD_TOTALS, {"edition": frame.edition_id})
    return added.rowcount


async def remove_edition(connection: Connection, edition_id: UUID) -> None:
    """Take an edition out of the search: it was withdrawn or suspended (T-52)."""
    for table in ("spend_rows", "spend_totals"):
        await connection.execute(
            sql.SQL("DELETE FROM {} WHERE edition_id = %s").format(sql.Identifier(table)), [edition_id]
        )


async def backfill(work: Work, *, rows: int = STEP_ROWS) -> int:
    """Bring public editions into the search that are not there yet, until about so many rows are done.

    Returns how many editions. For databases with editions that were published before there was a search.
    """
    connection = await raw_connection(work.session)
    waiting = await (await connection.execute(UNSEARCHED)).fetchall()
    done = 0
    for edition_id, period, row_count, organisation_id, name in waiting:
        if done and row_count > rows:
            break
        frame = Frame(edition_id, name, "", "", work.settings.reference_key)
        await add_edition(connection, frame, organisation_id=organisation_id, period=period)
        rows -= row_count
        done += 1
    return done

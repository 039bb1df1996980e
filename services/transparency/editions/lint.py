"""Text of a row about to be published that looks like a way to reach, pay or identify a person (T-24)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from shared.personal_details import PATTERNS, SUSPICIOUS, sql_folded

_EXPRESSIONS = ",\n    ".join(
    f"('{code}', '{pattern.replace(chr(39), chr(39) * 2)}')" for code, pattern in PATTERNS.items()
)

# Each published text is looked at by itself, as a reader sees it: signs that nobody sees hide nothing. The purpose of
# a hidden payee is replaced, so it is looked at only where the source's own redaction stands and its purpose with it;
# unit and category are shown on every row. A finding is named by row, pattern and text: what a person said of one text
# is not said of another that comes in its place.
LINT = f"""
WITH shown AS (
    SELECT decision.row_id, decision.entry_id, shown.field, shown.words, plain.words AS plain_words
    FROM row_decisions decision
    JOIN spend_lines line USING (entry_id)
    CROSS JOIN LATERAL (VALUES
        ('purpose', CASE WHEN line.party_kind NOT IN ('individual', 'staff') OR line.source_redacted
            THEN line.purpose END),
        ('category', line.category),
        ('unit', line.unit)
    ) AS shown (field, words)
    CROSS JOIN LATERAL (SELECT {sql_folded("shown.words")} AS words) AS plain
    WHERE decision.edition_id = %(edition)s AND decision.inclusion IS NOT NULL AND plain.words ~ '{SUSPICIOUS}'
)
INSERT INTO findings (edition_id, finding_id, entry_id, row_id, code, field, resolved_by, resolved_at, reason)
SELECT %(edition)s, named.finding_id, shown.entry_id, shown.row_id, pattern.code, shown.field,
    known.resolved_by, known.resolved_at, known.reason
FROM shown
JOIN (VALUES
    {_EXPRESSIONS}
) AS pattern (code, expression) ON shown.plain_words ~ pattern.expression
CROSS JOIN LATERAL (
    SELECT md5(concat_ws('|', shown.row_id, pattern.code, shown.field, shown.words))::uuid AS finding_id
) AS named
LEFT JOIN LATERAL (
    SELECT resolved_by, resolved_at, reason FROM findings earlier
    WHERE earlier.finding_id = named.finding_id AND earlier.resolved_by IS NOT NULL
    LIMIT 1
) AS known ON true
ON CONFLICT DO NOTHING
"""


async def find(connection: psycopg.AsyncConnection[Any], edition_id: UUID) -> None:
    """Look at the edition's texts anew; what a person resolved stays resolved, here and from earlier editions."""
    values = {"edition": edition_id}
    await connection.execute("DELETE FROM findings WHERE edition_id = %(edition)s AND resolved_by IS NULL", values)
    await connection.execute(LINT, values)

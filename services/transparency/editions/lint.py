"""Text of a row about to be published that looks like a way to reach, pay or identify a person (T-24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from services.transparency.editions.cells import HIDDEN, PAYEE_HIDDEN, PAYEE_WITHHELD, WITHHELD
from services.transparency.redactions.effects import Part
from shared.personal_details import PATTERNS, SUSPICIOUS, sql_folded

_START, _END = "(?<![0-9a-z])", "(?![0-9a-z])"
_INITIAL, _NAME = "(?:[a-z][.]? ?)?", "[a-z][a-z'-]+"
_NO_PERSON = (
    "office|teams|excel|word|sql|azure|windows|dynamics|project|power|outlook|access|visio|exchange|surface|365|"
    "services?|fees?|development|training|indemnity|standards|body|bodies|subs|subscriptions?|memberships?|advice|"
    "support|costs?|grants?|account|review|street|st|road"
)
"""What follows a shortened title where it is none: `MS Office`, `Prof fees`, `Rev costs`, `Station Dr Road`."""
_FIRM = "ltd|limited|plc|llp|cic|council|trust|services?|university|college|school|hospital|association|bank"
NAMES = {
    "person_name_in_text": (
        f"{_START}(?:mr|mrs|miss|mx|messrs)[.]? {_INITIAL}{_NAME}"
        f"|{_START}(?:ms|dr|prof|professor|rev|revd|sir|dame)[.]? (?!(?:{_NO_PERSON}){_END}){_INITIAL}{_NAME}"
        f"|{_START}c/o (?!.*{_START}(?:{_FIRM}){_END})(?:[a-z][.]? ?|{_NAME} ){{1,3}}{_NAME}"
    ),
}
"""A title before a name, or somebody in whose care a thing is sent; names are looked for in texts, never in payees."""
TITLES = f"{_START}(?:mr|mrs|miss|mx|messrs|ms|dr|prof|professor|rev|revd|sir|dame|c/o){_END}"
"""What every text holds in which one of NAMES can be found."""

PART = "withheld_name_in_text"
"""The surname of a withheld person, without the rest of the name; the whole name is replaced (T-63)."""
RESIDUAL = "residual_id"
"""A number of a hidden payee in a text that is shown."""

_EXPRESSIONS = ",\n    ".join(
    f"('{code}', '{pattern.replace(chr(39), chr(39) * 2)}')" for code, pattern in {**PATTERNS, **NAMES}.items()
)

# What a person said of a text holds for the same text in later editions. A finding is named by row, pattern and text:
# what was said of one text is not said of another that comes in its place.
_INSERT = """
INSERT INTO findings (edition_id, finding_id, entry_id, row_id, code, field, resolved_by, resolved_at, reason)
SELECT %(edition)s, named.finding_id, found.entry_id, found.row_id, found.code, found.field,
    known.resolved_by, known.resolved_at, known.reason
FROM found
CROSS JOIN LATERAL (
    SELECT md5(concat_ws('|', found.row_id, found.code, found.field, found.words))::uuid AS finding_id
) AS named
LEFT JOIN LATERAL (
    SELECT resolved_by, resolved_at, reason FROM findings earlier
    WHERE earlier.finding_id = named.finding_id AND earlier.resolved_by IS NOT NULL
    LIMIT 1
) AS known ON true
ON CONFLICT DO NOTHING
"""

_SHOWN = f"""
SELECT decision.row_id, decision.entry_id, shown.field, shown.words
FROM row_decisions decision
JOIN spend_lines line USING (entry_id)
{WITHHELD}
CROSS JOIN LATERAL (VALUES
    ('purpose', CASE WHEN line.party_kind NOT IN ('individual', 'staff') OR line.source_redacted
        THEN line.purpose END),
    ('category', line.category),
    ('unit', line.unit)
) AS shown (field, words)
WHERE decision.edition_id = %(edition)s AND decision.inclusion IS NOT NULL AND shown.words IS NOT NULL
    AND (withheld.entry_id IS NULL OR shown.field <> ALL(withheld.fields || withheld.named))
"""

# Each published text is looked at by itself, as a reader sees it: signs that nobody sees hide nothing. The purpose of
# a hidden payee is replaced, so it is looked at only where the source's own redaction stands and its purpose with it;
# unit and category are shown on every row. What is withheld is not looked at. Many rows share a text, and looking is
# what takes time: so each text is looked at once, and the rows that show it are found afterwards.
LINT = f"""
WITH suspicious AS MATERIALIZED (
    SELECT plain.words, pattern.code
    FROM (
        SELECT text.words, {sql_folded("text.words")} AS folded
        FROM (SELECT DISTINCT words FROM ({_SHOWN}) AS shown) AS text OFFSET 0
    ) AS plain
    JOIN (VALUES
        {_EXPRESSIONS}
    ) AS pattern (code, expression) ON plain.folded ~ pattern.expression
    WHERE plain.folded ~ '{SUSPICIOUS}|{TITLES}'
), found AS (
    SELECT shown.row_id, shown.entry_id, suspicious.code, shown.field, shown.words
    FROM ({_SHOWN}) AS shown JOIN suspicious USING (words)
)
{_INSERT}
"""

# The cells for numbers are empty where a payee is hidden; the same number in a text beside them would say who it is.
RESIDUE = f"""
WITH found AS (
    SELECT decision.row_id, decision.entry_id, '{RESIDUAL}' AS code, shown.field, shown.words
    FROM row_decisions decision
    JOIN spend_lines line USING (entry_id)
    {WITHHELD}
    CROSS JOIN LATERAL (VALUES
        ('purpose', CASE WHEN line.source_redacted AND NOT {PAYEE_WITHHELD} THEN line.purpose END),
        ('category', line.category), ('unit', line.unit)
    ) AS shown (field, words)
    WHERE decision.edition_id = %(edition)s AND decision.inclusion IS NOT NULL
        AND ({HIDDEN} OR line.source_redacted OR withheld.entry_id IS NOT NULL) AND {PAYEE_HIDDEN}
        AND EXISTS (
            SELECT FROM (VALUES (line.company_number), (line.charity_number), (line.contract_ref)) AS id (number)
            WHERE length(number) >= 4 AND strpos(lower(shown.words), lower(number)) > 0)
        AND (withheld.entry_id IS NULL OR shown.field <> ALL(withheld.fields || withheld.named))
)
{_INSERT}
"""

PARTS = f"""
WITH found AS (
    SELECT * FROM unnest(%(entries)s::uuid[], %(rows)s::text[], %(codes)s::text[], %(fields)s::text[],
        %(words)s::text[]) AS found (entry_id, row_id, code, field, words)
)
{_INSERT}
"""


async def find(connection: psycopg.AsyncConnection[Any], edition_id: UUID, parts: Sequence[Part] = ()) -> None:
    """Look at the edition's texts again; what a person resolved stays resolved, here and from earlier editions.

    `parts` are texts that hold the surname of a withheld person, each once. Whoever knows of more that a person must
    look at, such as units of few posts, hands it over the same way.
    """
    values = {"edition": edition_id}
    await connection.execute("DELETE FROM findings WHERE edition_id = %(edition)s AND resolved_by IS NULL", values)
    await connection.execute(LINT, values)
    await connection.execute(RESIDUE, values)
    if parts:
        await connection.execute(
            PARTS,
            {
                **values,
                "entries": [part.entry_id for part in parts],
                "rows": [part.row_id for part in parts],
                "codes": [PART] * len(parts),
                "fields": [part.field for part in parts],
                "words": [part.words for part in parts],
            },
        )

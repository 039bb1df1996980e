"""What is counted of an edition of spend when it is checked, for its quality card (T-58)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg import sql

from services.transparency.editions import cells, rules

# A number is checked where it has the form of its register and stands beside the name: the cell is empty otherwise.
# A payee counts once, by its public id; whose name is withheld has none and does not count.
FIGURES = f"""
WITH published AS ({cells.ROWS}), organisations AS (
    SELECT DISTINCT decision.row_id FROM row_decisions decision JOIN spend_lines line USING (entry_id)
    WHERE decision.edition_id = {{edition}} AND decision.inclusion IS NOT NULL AND line.party_kind = 'organisation'
), payees AS (
    SELECT COALESCE(beneficiary_id, beneficiary) AS payee,
        bool_or(company_number IS NOT NULL OR charity_number IS NOT NULL) AS checked
    FROM published JOIN organisations USING (row_id)
    WHERE beneficiary_id IS NOT NULL OR redaction_reason IS NULL
    GROUP BY 1
)
SELECT count(*) AS rows, COALESCE(sum(amount_pence), 0)::bigint AS total_pence,
    COALESCE(sum(amount_pence) FILTER (WHERE contract_ref IS NOT NULL), 0)::bigint AS contract_linked_pence,
    (SELECT count(*) FROM payees) AS organisation_payees,
    (SELECT count(*) FROM payees WHERE checked) AS checked_payees,
    count(*) FILTER (WHERE redaction_reason IS NOT NULL) AS redacted_rows,
    COALESCE(sum(amount_pence) FILTER (WHERE redaction_reason IS NOT NULL), 0)::bigint AS redacted_pence,
    count(*) FILTER (WHERE late_addition) AS late_rows,
    COALESCE(sum(amount_pence) FILTER (WHERE late_addition), 0)::bigint AS late_pence
FROM published
"""


@dataclass(frozen=True)
class Share:
    """A figure that is a part of a whole; both are counted when an edition is checked."""

    name: str
    label: str
    part: str
    whole: str
    unit: Literal["rows", "pence", "payees"]
    filters: Mapping[str, str]
    """Of the search, under which its rows are found."""


SHARES = (
    Share(
        "contract_linked_value",
        "Share of value linked to a contract",
        "contract_linked_pence",
        "total_pence",
        "pence",
        {"has_contract": "true"},
    ),
    Share(
        "checked_payees",
        "Share of organisation payees with a checked company or charity number",
        "checked_payees",
        "organisation_payees",
        "payees",
        {"has_number": "true"},
    ),
    Share(
        "redacted_rows",
        "Share of rows in which text is withheld",
        "redacted_rows",
        "rows",
        "rows",
        {"redaction": "true"},
    ),
    Share(
        "redacted_value",
        "Share of value in rows in which text is withheld",
        "redacted_pence",
        "total_pence",
        "pence",
        {"redaction": "true"},
    ),
    Share("late_rows", "Share of rows added late", "late_rows", "rows", "rows", {"late": "true"}),
    Share("late_value", "Share of value added late", "late_pence", "total_pence", "pence", {"late": "true"}),
)


async def spend_figures(connection: psycopg.AsyncConnection[Any], frame: cells.Frame) -> dict[str, Any]:
    """What an edition's rows say of its quality: each share with the counts behind it (T-58)."""
    query = sql.SQL(FIGURES).format(edition=sql.Literal(frame.edition_id), key=sql.Literal(frame.reference_key))
    cursor = await connection.execute(query)
    row = await cursor.fetchone()
    assert row is not None
    assert cursor.description is not None
    counts = dict(zip((column.name for column in cursor.description), row, strict=True))
    return counts | {f"{each.name}_percent": rules.share(counts[each.part], counts[each.whole]) for each in SHARES}

"""The owner's ledger of a period: its fingerprint, its account against what was decided, which months are whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from services.transparency.editions.rules import Amount, Month, Reconciliation, months_of
from shared.periods import Quarter

Connection = psycopg.AsyncConnection[Any]


async def ledger_mark(connection: Connection, organisation_id: UUID, quarter: Quarter) -> str:
    """A fingerprint of what the period's rows are decided from.

    It changes when the owner states more of the period or speaks for more of its days, when a line of the period is
    reversed, and when an item of the period gets a line in another quarter, because the whole item is tested (T-2).

    It reads a row for each batch, each reversal and each line paid apart from its item, never all lines, so that a
    public read may ask for it.
    """
    cursor = await connection.execute(
        """
        SELECT concat_ws('/', count(*), COALESCE(sum(lines), 0), COALESCE(sum(pence), 0), (
            SELECT count(*) FROM spend_lines reversal JOIN spend_lines line ON line.entry_id = reversal.reverses
            WHERE reversal.reverses IS NOT NULL AND line.organisation_id = %(organisation)s
                AND line.payment_date BETWEEN %(start)s AND %(end)s), (
            SELECT concat(count(*), ':', COALESCE(sum(pence), 0)) FROM spread_lines
            WHERE organisation_id = %(organisation)s AND quarter_start = %(start)s), (
            SELECT 'covers ' || NULLIF(range_agg(daterange(covers_from, covers_to, '[]'))
                * datemultirange(daterange(%(start)s, %(end)s, '[]')), '{}')::text
            FROM ledger_batches WHERE organisation_id = %(organisation)s AND covers_from IS NOT NULL))
        FROM ledger_months WHERE organisation_id = %(organisation)s AND month = ANY(%(months)s)
        """,
        _period(organisation_id, quarter),
    )
    row = await cursor.fetchone()
    return str(row[0]) if row else ""


async def reconcile(
    connection: Connection, edition_id: UUID, organisation_id: UUID, quarter: Quarter
) -> Reconciliation:
    """The period's ledger as its owner states it, as it arrived, and as it was decided."""
    values = {"edition": edition_id, **_period(organisation_id, quarter)}
    totals: dict[str, Amount] = {}
    cursor = await connection.execute(
        """
        SELECT COALESCE(exclusion, '') AS code, count(*), sum(amount_pence)::bigint FROM row_decisions
        WHERE edition_id = %(edition)s GROUP BY 1 ORDER BY 1
        """,
        values,
    )
    async for code, lines, amount in cursor:
        totals[code] = Amount(lines, amount)
    # Compared batch by batch and month by month, so that two faults cannot cancel out.
    cursor = await connection.execute(
        """
        WITH stated AS (
            SELECT batch_id, month, lines, pence FROM ledger_months
            WHERE organisation_id = %(organisation)s AND month = ANY(%(months)s)
        ), received AS (
            SELECT batch_id, to_char(payment_date, 'YYYY-MM') AS month, count(*) AS lines,
                sum(eligible_pence)::bigint AS pence
            FROM spend_lines
            WHERE organisation_id = %(organisation)s AND payment_date BETWEEN %(start)s AND %(end)s
            GROUP BY 1, 2
        )
        SELECT COALESCE(sum(stated.lines), 0)::bigint, COALESCE(sum(stated.pence), 0)::bigint,
            COALESCE(sum(received.lines), 0)::bigint, COALESCE(sum(received.pence), 0)::bigint,
            count(DISTINCT batch_id) FILTER (
                WHERE (COALESCE(stated.lines, 0), COALESCE(stated.pence, 0))
                IS DISTINCT FROM (COALESCE(received.lines, 0), COALESCE(received.pence, 0)))
        FROM stated FULL JOIN received USING (batch_id, month)
        """,
        values,
    )
    row = await cursor.fetchone()
    assert row is not None
    return Reconciliation(
        stated=Amount(row[0], row[1]),
        received=Amount(row[2], row[3]),
        published=totals.pop("", Amount()),
        excluded=totals,
        incomplete_batches=row[4],
    )


# Only lines that came in a file can be a month's own. What a person enters, corrects, reverses or lets in says nothing
# of what else was paid in the month; it stands for itself only where the owner states the days of no file of the
# quarter.
MONTHS = """
WITH wanted AS (
    SELECT to_char(first, 'YYYY-MM') AS month, daterange(first::date, (first + interval '1 month')::date) AS days
    FROM generate_series(%(start)s::timestamp, %(end)s::timestamp, interval '1 month') AS first
), spoken_for AS (
    SELECT COALESCE(range_agg(daterange(covers_from, covers_to, '[]')), '{}') AS days
    FROM ledger_batches WHERE organisation_id = %(organisation)s AND covers_from IS NOT NULL
), held AS (
    SELECT month, sum(lines)::bigint AS lines, sum(pence)::bigint AS pence FROM ledger_months
    WHERE organisation_id = %(organisation)s AND month = ANY(%(months)s) GROUP BY 1
), silent AS (
    SELECT to_char(line.payment_date, 'YYYY-MM') AS month, count(*) AS lines
    FROM spend_lines line JOIN ledger_batches batch USING (batch_id)
    WHERE line.organisation_id = %(organisation)s AND line.payment_date BETWEEN %(start)s AND %(end)s
        AND batch.covers_from IS NULL AND line.reverses IS NULL AND line.replaces IS NULL
        AND NOT (batch.by_hand AND EXISTS (
            SELECT FROM ledger_batches file WHERE file.organisation_id = %(organisation)s
                AND daterange(file.covers_from, file.covers_to, '[]') && daterange(%(start)s, %(end)s, '[]')
                AND file.covers_from IS NOT NULL))
    GROUP BY 1
)
SELECT wanted.month, COALESCE(held.lines, 0), COALESCE(held.pence, 0), COALESCE(silent.lines, 0), COALESCE((
        SELECT sum(upper(stretch) - lower(stretch))
        FROM unnest(spoken_for.days * datemultirange(wanted.days)) AS stretch), 0)
FROM wanted CROSS JOIN spoken_for LEFT JOIN held USING (month) LEFT JOIN silent USING (month) ORDER BY 1
"""


async def stated_months(connection: Connection, organisation_id: UUID, quarter: Quarter) -> list[tuple[Month, int]]:
    """Each month of the quarter with the days its owner speaks for, and the pence its owner states."""
    cursor = await connection.execute(MONTHS, _period(organisation_id, quarter))
    return [
        (Month(month, lines=lines, days_stated=days, lines_of_silent_batches=silent), pence)
        async for month, lines, pence, silent, days in cursor
    ]


def _period(organisation_id: UUID, quarter: Quarter) -> dict[str, Any]:
    return {
        "organisation": organisation_id,
        "start": quarter.start,
        "end": quarter.end,
        "months": months_of(quarter),
    }

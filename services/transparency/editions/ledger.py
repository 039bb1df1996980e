"""The owner's ledger of a period: its fingerprint, its account against what was decided, which months are whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from services.transparency.editions.rules import Amount, Month, Outstanding, Reconciliation, months_of
from shared.periods import Quarter

Connection = psycopg.AsyncConnection[Any]

# The files of a publisher that are not finished, each with the days of which nobody may say that they are whole. An
# announced file without days may hold lines of any. One that is here, states no days and has unsettled lines waits from
# the month of its first line to that of its last; where none was accepted, nobody knows of which days it is.
UNFINISHED = """
SELECT batch.batch_id, batch.version, batch.unsettled_lines, batch.completed_at IS NULL AS on_its_way,
    CASE WHEN batch.waits_from IS NOT NULL THEN daterange(batch.waits_from, batch.waits_to, '[]')
        WHEN batch.completed_at IS NULL THEN daterange(NULL, NULL)
        ELSE (
            SELECT CASE WHEN min(month) IS NOT NULL THEN daterange(
                to_date(min(month), 'YYYY-MM'), (to_date(max(month), 'YYYY-MM') + interval '1 month')::date) END
            FROM ledger_months WHERE ledger_months.batch_id = batch.batch_id)
    END AS days
FROM ledger_batches batch
WHERE batch.organisation_id = %(organisation)s
    AND (batch.completed_at IS NULL OR batch.waits_from IS NOT NULL OR batch.unsettled_lines > 0)
"""


async def ledger_mark(connection: Connection, organisation_id: UUID, quarter: Quarter) -> str:
    """A fingerprint of what the period's rows are decided from.

    It changes when the owner states more of the period or covers more of its days, when a file that touches them waits
    or is settled, when a line of the period is reversed, and when an item of the period gets a line in another quarter,
    because the whole item is tested (T-2). What is only announced does not change it.

    It reads a row for each batch, each reversal and each line paid apart from its item, never all lines, so that a
    public read may ask for it.
    """
    cursor = await connection.execute(
        f"""
        SELECT concat_ws('/', count(*), COALESCE(sum(lines), 0), COALESCE(sum(pence), 0), (
            SELECT count(*) FROM spend_lines reversal JOIN spend_lines line ON line.entry_id = reversal.reverses
            WHERE reversal.reverses IS NOT NULL AND line.organisation_id = %(organisation)s
                AND line.payment_date BETWEEN %(start)s AND %(end)s), (
            SELECT concat(count(*), ':', COALESCE(sum(pence), 0)) FROM spread_lines
            WHERE organisation_id = %(organisation)s AND quarter_start = %(start)s), (
            SELECT 'covers ' || NULLIF(range_agg(daterange(covers_from, covers_to, '[]'))
                * datemultirange(daterange(%(start)s, %(end)s, '[]')), '{{}}')::text
            FROM ledger_batches WHERE organisation_id = %(organisation)s AND covers_from IS NOT NULL), (
            SELECT 'waits ' || md5(string_agg(
                concat_ws(':', batch_id, version, unsettled_lines, days), ' ' ORDER BY batch_id))
            FROM ({UNFINISHED}) AS file
            WHERE NOT on_its_way AND days && daterange(%(start)s, %(end)s, '[]')))
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
MONTHS = f"""
WITH wanted AS (
    SELECT to_char(first, 'YYYY-MM') AS month, daterange(first::date, (first + interval '1 month')::date) AS days
    FROM generate_series(%(start)s::timestamp, %(end)s::timestamp, interval '1 month') AS first
), spoken_for AS (
    SELECT COALESCE(range_agg(daterange(covers_from, covers_to, '[]')), '{{}}') AS days
    FROM ledger_batches WHERE organisation_id = %(organisation)s AND covers_from IS NOT NULL
), held AS (
    SELECT month, sum(lines)::bigint AS lines, sum(pence)::bigint AS pence FROM ledger_months
    WHERE organisation_id = %(organisation)s AND month = ANY(%(months)s) GROUP BY 1
), silent AS (
    SELECT to_char(line.payment_date, 'YYYY-MM') AS month, count(*) AS lines
    FROM spend_lines line JOIN ledger_batches batch USING (batch_id)
    WHERE line.organisation_id = %(organisation)s AND line.payment_date BETWEEN %(start)s AND %(end)s
        AND batch.covers_from IS NULL AND batch.waits_from IS NULL AND batch.completed_at IS NOT NULL
        AND line.reverses IS NULL AND line.replaces IS NULL
        AND NOT (batch.by_hand AND EXISTS (
            SELECT FROM ledger_batches file WHERE file.organisation_id = %(organisation)s
                AND (daterange(file.covers_from, file.covers_to, '[]') && daterange(%(start)s, %(end)s, '[]')
                        AND file.covers_from IS NOT NULL
                    OR daterange(file.waits_from, file.waits_to, '[]') && daterange(%(start)s, %(end)s, '[]')
                        AND file.waits_from IS NOT NULL)))
    GROUP BY 1
), waiting AS (
    SELECT wanted.month, count(*) AS files, sum(file.unsettled_lines)::bigint AS lines
    FROM wanted JOIN ({UNFINISHED}) AS file ON file.days && wanted.days GROUP BY 1
)
SELECT wanted.month, COALESCE(held.lines, 0), COALESCE(held.pence, 0), COALESCE(silent.lines, 0), COALESCE((
        SELECT sum(upper(stretch) - lower(stretch))
        FROM unnest(spoken_for.days * datemultirange(wanted.days)) AS stretch), 0),
    COALESCE(waiting.files, 0), COALESCE(waiting.lines, 0)
FROM wanted CROSS JOIN spoken_for LEFT JOIN held USING (month) LEFT JOIN silent USING (month)
    LEFT JOIN waiting USING (month) ORDER BY 1
"""


async def stated_months(connection: Connection, organisation_id: UUID, quarter: Quarter) -> list[tuple[Month, int]]:
    """Each month of the quarter with the days its owner covers, what of it waits, and the pence its owner states."""
    cursor = await connection.execute(MONTHS, _period(organisation_id, quarter))
    return [
        (
            Month(
                month,
                lines=lines,
                days_stated=days,
                lines_of_silent_batches=silent,
                files_waiting=files,
                unsettled_lines=unsettled,
            ),
            pence,
        )
        async for month, lines, pence, silent, days, files, unsettled in cursor
    ]


async def outstanding(connection: Connection, organisation_id: UUID, quarter: Quarter) -> Outstanding:
    """What of the publisher's files may still bring lines of the quarter (T-59)."""
    cursor = await connection.execute(
        f"""
        SELECT count(*) FILTER (WHERE on_its_way), count(*) FILTER (WHERE NOT on_its_way),
            COALESCE(sum(unsettled_lines) FILTER (WHERE NOT on_its_way), 0)::bigint
        FROM ({UNFINISHED}) AS file WHERE days IS NULL OR days && daterange(%(start)s, %(end)s, '[]')
        """,
        _period(organisation_id, quarter),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Outstanding(files_on_their_way=row[0], files_waiting=row[1], unsettled_lines=row[2])


def _period(organisation_id: UUID, quarter: Quarter) -> dict[str, Any]:
    return {
        "organisation": organisation_id,
        "start": quarter.start,
        "end": quarter.end,
        "months": months_of(quarter),
    }

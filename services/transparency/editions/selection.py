"""Which ledger lines of a period are published and why, decided for all of them in one statement (T-1 to T-17)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from services.transparency.editions import lint
from services.transparency.editions.cells import HIDDEN, REASON, WITHHELD
from services.transparency.editions.rules import Changes
from services.transparency.redactions import effects
from shared.periods import Quarter
from shared.personal_details import sql_folded

REASONS = Path(__file__).parent.parent / "data" / "exclusion_reasons.csv"

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True)
class Selection:
    """What a selection is made by: whose lines, of which period, under which choices, for which edition."""

    edition_id: UUID
    organisation_id: UUID
    quarter: Quarter
    parameters: dict[str, Any]
    reference_key: str
    first_edition_id: UUID | None
    """The period's first edition; a row that is not in it is a late addition (T-50)."""

    @property
    def values(self) -> dict[str, Any]:
        return {
            "edition": self.edition_id,
            "organisation": self.organisation_id,
            "start": self.quarter.start,
            "end": self.quarter.end,
            "programme": self.parameters["scope"] == "programme",
            "threshold": self.parameters["threshold_pence"],
            "gross": self.parameters["selection_basis"] == "gross",
            "linked": self.parameters.get("linked_credits") == "include",
            # Without a threshold every purchase is shown, and none is at or below a sum less than nothing (T-9).
            "card_threshold": -1 if (least := self.parameters.get("card_threshold_pence")) is None else least,
            "classes": list(excluded_classes()),
            "key": self.reference_key,
            "first": self.first_edition_id,
        }


@cache
def excluded_classes() -> tuple[str, ...]:
    """Codes that a line's ledger class brings about; the class carries the code in lower case."""
    with REASONS.open(encoding="utf-8", newline="") as file:
        return tuple(
            row["code"]
            for row in csv.DictReader(file)
            if row["dataset"] == "spend" and row["evidence"] in ("ledger class", "both ledger sides")
        )


def _class(column: str) -> str:
    """A class as it is compared: without case and signs that nobody sees. Nearly all are plain already."""
    plain = f"octet_length({column}) = length({column})"
    return f"CASE WHEN {plain} THEN lower({column}) ELSE btrim({sql_folded(column)}) END"


# A line is superseded when it reverses another or is reversed: original and reversal sum to zero, and the newest full
# entry stands alone. An item is an invoice or credit note; for staff expenses it is a person's calendar month (T-8),
# without what that person bought with a card: such a purchase is an item of its own, shown at any value (T-9).
# Its total takes in every live line, of other periods and other programmes too, because the whole item is tested (T-2).
# A smaller credit is shown where the item it names is one that is published, in whatever period (T-7).
#
# The total is a window over the publisher's lines, and what belongs to single lines is looked up line by line: joins
# here would rest on estimates that are far off for a table just filled, and a wrong one takes all memory.
DECIDE = f"""
WITH tested AS (
    SELECT entry_id, payment_date, source,
        line.reverses IS NOT NULL
            OR EXISTS (SELECT FROM spend_lines reversal WHERE reversal.reverses = line.entry_id) AS superseded,
        CASE WHEN line.replaces IS NULL THEN line.kind ELSE COALESCE(
            (SELECT root.kind FROM spend_lines root WHERE root.entry_id = line.replaces), line.kind) END AS item_kind,
        CASE WHEN line.replaces IS NULL THEN line.line_no ELSE COALESCE(
            (SELECT root.line_no FROM spend_lines root WHERE root.entry_id = line.replaces), line.line_no)
            END AS public_line,
        item_id, party_key,
        card <> 'none' OR ({_class("ledger_class")} = 'grant' AND COALESCE(vcse, false)) AS shown_singly,
        CASE WHEN %(gross)s AND line.amount_basis = 'net'
            THEN line.net_pence + COALESCE(line.vat_pence, 0) ELSE line.eligible_pence END AS tested_pence
    FROM spend_lines line
    WHERE line.organisation_id = %(organisation)s
), itemised AS (
    SELECT *, CASE WHEN item_kind = 'staff_expense' AND NOT shown_singly
        THEN 'month ' || COALESCE(party_key, item_id) || to_char(payment_date, ' YYYY-MM') ELSE item_id END AS item
    FROM tested
), totalled AS (
    SELECT entry_id, superseded, item_kind, item, tested_pence, payment_date, shown_singly, public_line,
        COALESCE(sum(tested_pence) FILTER (WHERE NOT superseded) OVER (PARTITION BY source, item), 0)::bigint
            AS item_pence
    FROM itemised
), period AS (
    SELECT line.*, superseded, item_kind, item, tested_pence, item_pence, shown_singly, public_line
    FROM totalled JOIN spend_lines line USING (entry_id)
    WHERE totalled.payment_date BETWEEN %(start)s AND %(end)s
), linking AS (
    SELECT *, %(linked)s AND credit_of IS NOT NULL AND item_pence < 0 AND COALESCE((
        SELECT sum(CASE WHEN %(gross)s AND named.amount_basis = 'net'
            THEN named.net_pence + COALESCE(named.vat_pence, 0) ELSE named.eligible_pence END)
        FROM spend_lines named
        WHERE named.organisation_id = %(organisation)s AND named.source = period.source
            AND named.item_id = period.credit_of AND named.reverses IS NULL
            AND NOT EXISTS (SELECT FROM spend_lines reversal WHERE reversal.reverses = named.entry_id)
            AND NOT (%(programme)s AND named.agreement_id IS NULL)
            AND upper({_class("named.ledger_class")}) = ANY(%(classes)s) IS NOT TRUE), 0) > %(threshold)s AS linked
    FROM period
), decided AS (
    SELECT *,
        CASE
            WHEN superseded THEN 'SUPERSEDED_LINE'
            WHEN %(programme)s AND agreement_id IS NULL THEN 'NOT_PROGRAMME'
            WHEN upper({_class("ledger_class")}) = ANY(%(classes)s) THEN upper({_class("ledger_class")})
            WHEN card <> 'none' AND abs(tested_pence) <= %(card_threshold)s THEN 'BELOW_THRESHOLD'
            WHEN shown_singly THEN NULL
            WHEN abs(item_pence) <= %(threshold)s AND NOT linked THEN 'BELOW_THRESHOLD'
        END AS exclusion
    FROM linking
)
INSERT INTO row_decisions (
    edition_id, entry_id, row_id, inclusion, exclusion, item_total_pence, amount_pence, transaction_number, line_number,
    late_addition, content)
SELECT %(edition)s, entry_id, public_row, reason, exclusion, abs(item_pence), eligible_pence, reference,
    CASE WHEN reason = 'EXPENSE_MONTH' THEN 1 ELSE public_line END,
    %(first)s::uuid IS NOT NULL AND reason IS NOT NULL AND NOT EXISTS (
        SELECT FROM row_decisions earlier
        WHERE earlier.edition_id = %(first)s AND earlier.row_id = public_row),
    md5(ROW(reason, party_kind, party_name, party_key, company_number, charity_number, vcse, unit, category, purpose,
        card, contract_ref, payment_date, date_basis, eligible_pence, irrecoverable_vat_pence, amount_basis,
        agreement_id, line_code, decision_ref, source_redacted)::text)
FROM (
    SELECT *,
        CASE WHEN reason = 'EXPENSE_MONTH' THEN md5(organisation_id::text || source || item) ELSE row_id END
            AS public_row,
        'TR-' || upper(substr(encode(sha256(convert_to(
            concat_ws('|', %(key)s::text, organisation_id, source, item), 'UTF8')), 'hex'), 1, 16)) AS reference
    FROM (
        SELECT *, CASE
            WHEN exclusion IS NOT NULL THEN NULL
            WHEN card <> 'none' THEN 'CARD'
            WHEN {_class("ledger_class")} = 'grant' AND vcse THEN 'VCSE_GRANT'
            WHEN item_kind = 'staff_expense' THEN 'EXPENSE_MONTH'
            WHEN abs(item_pence) <= %(threshold)s THEN 'LINKED_CREDIT'
            WHEN abs(tested_pence) <= %(threshold)s THEN 'PART_OF_ITEM'
            WHEN item_pence < 0 THEN 'CREDIT_OVER_THRESHOLD'
            ELSE 'OVER_THRESHOLD' END AS reason
        FROM decided
    ) AS reasoned
) AS named
"""

# (TransactionNumber, LineNumber) is the public key (T-12). Where a ledger gives two lines of one item the same number,
# the one seen first keeps it and the others follow behind the item's last. That no key stands twice is checked again
# before a file is built, because any other way to a clash would end in public.
RENUMBER = """
WITH clashing AS (
    SELECT transaction_number FROM row_decisions
    WHERE edition_id = %(edition)s AND inclusion IS NOT NULL AND inclusion <> 'EXPENSE_MONTH'
    GROUP BY transaction_number, line_number HAVING count(*) > 1
), ranked AS (
    SELECT decision.entry_id,
        row_number() OVER (
            PARTITION BY transaction_number, line_number ORDER BY line.first_seen_at, decision.entry_id) AS place,
        max(line_number) OVER (PARTITION BY transaction_number) AS last,
        transaction_number, line.first_seen_at
    FROM row_decisions decision JOIN spend_lines line USING (entry_id)
    WHERE decision.edition_id = %(edition)s AND inclusion IS NOT NULL
        AND transaction_number IN (SELECT transaction_number FROM clashing)
), moved AS (
    SELECT entry_id,
        last + row_number() OVER (PARTITION BY transaction_number ORDER BY first_seen_at, entry_id) AS line_number
    FROM ranked WHERE place > 1
)
UPDATE row_decisions SET line_number = moved.line_number
FROM moved WHERE row_decisions.edition_id = %(edition)s AND row_decisions.entry_id = moved.entry_id
"""

# Several ledger lines stand under one row of staff expenses; every other published line is a row.
CLASHES = """
SELECT transaction_number || ' line ' || line_number FROM row_decisions
WHERE edition_id = %(edition)s AND inclusion IS NOT NULL
GROUP BY transaction_number, line_number
HAVING count(DISTINCT CASE WHEN inclusion = 'EXPENSE_MONTH' THEN row_id ELSE entry_id::text END) > 1
ORDER BY 1 LIMIT 10
"""


# Counted once, when the lines are decided: the edition's own account and the public ledger of redactions say the same.
TOTALS = f"""
INSERT INTO redaction_totals (edition_id, reason_code, row_count, value_pence)
SELECT decision.edition_id, {REASON}, count(DISTINCT decision.row_id), sum(decision.amount_pence)::bigint
FROM row_decisions decision
JOIN (SELECT entry_id, party_kind, source_redacted FROM spend_lines) line USING (entry_id)
{WITHHELD}
WHERE decision.edition_id = %(edition)s AND decision.inclusion IS NOT NULL
    AND ({HIDDEN} OR line.source_redacted OR withheld.entry_id IS NOT NULL)
GROUP BY 1, 2
"""


async def prefer_sets(connection: Connection) -> None:
    """Join whole sets for the rest of the transaction.

    The planner knows nothing of how many rows these statements' own parts hold, and of a table just filled it knows
    little; guessing a handful, it would compare each line with each. The right choice is never that here.
    """
    await connection.execute("SET LOCAL enable_nestloop = off")
    await connection.execute("SET LOCAL work_mem = '64MB'")


async def select_rows(connection: Connection, selection: Selection) -> None:
    """Decide every line of the period anew: one inclusion or one exclusion reason each (T-15)."""
    values = selection.values
    await connection.execute("DELETE FROM row_decisions WHERE edition_id = %(edition)s", values)
    await connection.execute(DECIDE, values)
    await connection.execute(RENUMBER, values)
    parts = await effects.apply(connection, selection.edition_id, selection.organisation_id)
    await connection.execute("DELETE FROM redaction_totals WHERE edition_id = %(edition)s", values)
    await connection.execute(TOTALS, values)
    await lint.find(connection, selection.edition_id, parts)


async def clashing_keys(connection: Connection, edition_id: UUID) -> list[str]:
    """Keys that more than one row of the edition would carry, ten at most (T-12)."""
    cursor = await connection.execute(CLASHES, {"edition": edition_id})
    return [key for (key,) in await cursor.fetchall()]


async def changes_since(connection: Connection, edition_id: UUID, predecessor_id: UUID) -> Changes:
    """Rows added, removed and changed against the edition in force, by the digest of what each shows."""
    cursor = await connection.execute(
        """
        WITH rows AS (
            SELECT edition_id, row_id, string_agg(content, '' ORDER BY entry_id) AS content FROM row_decisions
            WHERE edition_id IN (%(edition)s, %(predecessor)s) AND inclusion IS NOT NULL GROUP BY 1, 2
        ), new AS (SELECT * FROM rows WHERE edition_id = %(edition)s),
           old AS (SELECT * FROM rows WHERE edition_id = %(predecessor)s)
        SELECT count(*) FILTER (WHERE old.row_id IS NULL), count(*) FILTER (WHERE new.row_id IS NULL),
            count(*) FILTER (WHERE old.content <> new.content)
        FROM new FULL JOIN old ON old.row_id = new.row_id
        """,
        {"edition": edition_id, "predecessor": predecessor_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return Changes(added=row[0], removed=row[1], changed=row[2])

"""What ledger facts of the grants service become here: spend lines, and the totals their owner states."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete
from uuid_utils import UUID, uuid5

from services.transparency.spending.tables import LedgerBatch, LedgerMonth
from shared.database import raw_connection
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureBatchReceived, ExpenditureRecorded, LedgerLine
from shared.inbox import Reacting

ROWS = UUID("5d8b1f0e-6c1d-5a57-9d43-1b3a5a6a7c11")
"""Namespace of public row ids."""

COLUMNS = (
    "entry_id",
    "row_id",
    "root_id",
    "organisation_id",
    "batch_id",
    "source",
    "line_key",
    "item_id",
    "line_no",
    "kind",
    "ledger_class",
    "party_key",
    "party_kind",
    "party_name",
    "company_number",
    "charity_number",
    "vcse",
    "unit",
    "category",
    "purpose",
    "card",
    "contract_ref",
    "invoice_date",
    "payment_date",
    "date_basis",
    "net_pence",
    "vat_pence",
    "irrecoverable_vat_pence",
    "amount_basis",
    "eligible_pence",
    "agreement_id",
    "line_code",
    "reverses",
    "replaces",
    "decision_ref",
    "credit_of",
    "source_redacted",
    "withheld_texts",
    "first_seen_at",
)

WITHHELD = {f"name_in_{text}": text for text in ("purpose", "category", "unit", "contract_ref", "decision_ref")}
"""Flag of a line whose text stays with the ledger's owner, because it names a private payee → the text (T-63)."""

# The lines of each item that just got one, each beside the other quarters that hold lines of the item. Staff expenses
# are left out: their item is a month, which no quarter divides (T-8). The inner select stays fenced by OFFSET, so that
# each item is looked up by its index whatever the planner believes of a table that is being filled.
SPREAD = """
WITH alike AS (
    SELECT line.* FROM unnest(%(items)s::text[]) AS wanted (item_id)
    CROSS JOIN LATERAL (
        SELECT entry_id, item_id, eligible_pence, date_trunc('quarter', payment_date::timestamp)::date AS quarter
        FROM spend_lines
        WHERE organisation_id = %(organisation)s AND source = %(source)s AND item_id = wanted.item_id
            AND NOT (kind = 'staff_expense' AND card = 'none')
        OFFSET 0
    ) AS line
)
INSERT INTO spread_lines (entry_id, quarter_start, organisation_id, pence)
SELECT alike.entry_id, other.quarter, %(organisation)s, alike.eligible_pence
FROM alike JOIN (SELECT DISTINCT item_id, quarter FROM alike) AS other
    ON other.item_id = alike.item_id AND other.quarter <> alike.quarter
ON CONFLICT DO NOTHING
"""

COPY_LINES = f"COPY spend_lines ({', '.join(COLUMNS)}) FROM STDIN"


async def expect_lines(event: ExpenditureBatchReceived, reacting: Reacting) -> None:
    """Know that lines are on their way, and of which days, until the owner says that the batch is complete (T-59)."""
    days = {"waits_from": event.covers_from, "waits_to": event.covers_to}
    if None in days.values():
        days = dict.fromkeys(days)
    batch = insert(LedgerBatch).values(**_on_its_way(event), **days)
    # Where lines came first, the days are added; where the owner has said more by now, nothing is left to announce.
    await reacting.session.exec(
        batch.on_conflict_do_update(
            index_elements=["batch_id"],
            set_=days,
            where=col(LedgerBatch.completed_at).is_(None),
        )
    )


async def record_spend(event: ExpenditureRecorded, reacting: Reacting) -> None:
    """Keep the lines, by COPY. An entry never changes, so one already here stays as it is (T-54).

    COPY knows no ON CONFLICT, so what is here already is asked first. Nobody else can add the same entries meanwhile:
    events of one batch come one after the other, and each is applied once.
    """
    lines = {line.entry_id: line for line in event.lines}
    connection = await raw_connection(reacting.session)
    # Two batches may hold lines of one item; whichever comes second must see the first.
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"spend of {event.organisation_id}"]
    )
    known = await connection.execute("SELECT entry_id FROM spend_lines WHERE entry_id = ANY(%s)", [list(lines)])
    for (entry_id,) in await known.fetchall():
        del lines[entry_id]
    async with connection.cursor() as cursor, cursor.copy(COPY_LINES) as copy:
        for line in lines.values():
            await copy.write_row(_cells(line, event, reacting.occurred_at))
    await connection.execute(
        SPREAD,
        {
            "items": sorted({line.item_id for line in lines.values()}),
            "organisation": event.organisation_id,
            "source": event.source,
        },
        prepare=False,
    )
    batch = insert(LedgerBatch).values(**_on_its_way(event))
    await reacting.session.exec(batch.on_conflict_do_nothing())


def _on_its_way(event: ExpenditureBatchReceived | ExpenditureRecorded) -> dict[str, Any]:
    """A batch of which nobody has yet said how much it holds."""
    return {
        "batch_id": event.batch_id,
        "version": 0,
        "organisation_id": event.organisation_id,
        "source": event.source,
        "lines": 0,
        "pence": 0,
        "unsettled_lines": 0,
        "by_hand": False,
    }


def _cells(line: LedgerLine, event: ExpenditureRecorded, seen_at: datetime) -> tuple[Any, ...]:
    party = line.party
    return (
        line.entry_id,
        public_row_id(line),
        line.replaces or line.entry_id,
        event.organisation_id,
        event.batch_id,
        event.source,
        line.line_key,
        line.item_id,
        line.line_no,
        line.kind.value,
        line.ledger_class,
        party.key,
        party.kind.value,
        party.name,
        party.company_number,
        party.charity_number,
        party.vcse,
        line.unit,
        line.category,
        line.purpose,
        line.card.value,
        line.contract_ref,
        line.invoice_date,
        line.payment_date,
        line.date_basis.value,
        line.net_pence,
        line.vat_pence,
        line.irrecoverable_vat_pence,
        line.amount_basis.value,
        line.eligible_pence,
        line.agreement_id,
        line.line_code,
        line.reverses,
        line.replaces,
        line.decision_ref,
        line.credit_of,
        line.source_redacted,
        [WITHHELD[flag] for flag in line.flags if flag in WITHHELD] or None,
        seen_at,
    )


def public_row_id(line: LedgerLine) -> str:
    """UUIDv5 of the root entry, so that a correction shows under the row it corrects, and a replay finds the same."""
    return uuid5(ROWS, str(line.replaces or line.entry_id)).hex


async def state_ledger(event: ExpenditureBatchCompleted, reacting: Reacting) -> None:
    """Keep what the owner's ledger holds of this batch, by payment month (T-14), and what of it waits (T-59).

    It may come before the lines, and comes again, with a higher version, when lines of the file are settled.
    """
    values = {
        "version": event.version,
        "organisation_id": event.organisation_id,
        "source": event.source,
        "lines": event.lines,
        "pence": event.pence,
        "covers_from": event.covers_from,
        "covers_to": event.covers_to,
        "waits_from": event.waits_from,
        "waits_to": event.waits_to,
        "unsettled_lines": event.unsettled_lines,
        "by_hand": event.by_hand,
        "completed_at": reacting.occurred_at,
    }
    batch = insert(LedgerBatch).values(batch_id=event.batch_id, **values)
    newer = col(LedgerBatch.version) < event.version
    written = await reacting.session.exec(
        batch.on_conflict_do_update(index_elements=["batch_id"], set_=values, where=newer).returning(
            col(LedgerBatch.batch_id)
        )
    )
    if written.first() is None:
        return
    await reacting.session.exec(delete(LedgerMonth).where(col(LedgerMonth.batch_id) == event.batch_id))
    if event.months:
        await reacting.session.exec(
            insert(LedgerMonth).values(
                [
                    {
                        "batch_id": event.batch_id,
                        "month": month.month,
                        "organisation_id": event.organisation_id,
                        "lines": month.lines,
                        "pence": month.pence,
                    }
                    for month in event.months
                ]
            )
        )

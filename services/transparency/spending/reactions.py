"""What ledger facts of the grants service become here: spend lines, and the totals their owner states."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete
from uuid_utils import UUID, uuid5

from services.transparency.spending.tables import LedgerBatch, LedgerMonth
from shared.events.grants import ExpenditureBatchCompleted, ExpenditureRecorded, LedgerLine
from shared.inbox import Reacting

ROWS = UUID("5d8b1f0e-6c1d-5a57-9d43-1b3a5a6a7c11")
"""Namespace of public row ids."""

# The whole event goes to the database as one JSON text and one array of row ids: a statement with a parameter for each
# cell would spend most of its time on binding them.
RECORD_LINES = text("""
INSERT INTO spend_lines (
    entry_id, row_id, root_id, organisation_id, batch_id, source, line_key, item_id, line_no, kind, ledger_class,
    party_key, party_kind, party_name, company_number, charity_number, vcse, unit, category, purpose, card,
    contract_ref, payment_date, date_basis, net_pence, vat_pence, irrecoverable_vat_pence, amount_basis, eligible_pence,
    agreement_id, line_code, reverses, replaces, decision_ref, source_redacted, first_seen_at)
SELECT
    line.entry_id, (CAST(:row_ids AS text[]))[line.position], COALESCE(line.replaces, line.entry_id), :organisation_id,
    :batch_id, :source, line.line_key, line.item_id, line.line_no, line.kind, line.ledger_class,
    line.party ->> 'key', line.party ->> 'kind', line.party ->> 'name', line.party ->> 'company_number',
    line.party ->> 'charity_number', (line.party ->> 'vcse')::boolean, line.unit, line.category, line.purpose,
    line.card, line.contract_ref, line.payment_date, line.date_basis, line.net_pence, line.vat_pence,
    line.irrecoverable_vat_pence, line.amount_basis,
    line.eligible_pence, line.agreement_id, line.line_code, line.reverses, line.replaces,
    line.decision_ref, line.source_redacted, :first_seen_at
FROM ROWS FROM (
    json_to_recordset(CAST(:event AS json) -> 'lines') AS (
        entry_id uuid, line_key text, item_id text, line_no integer, kind text, ledger_class text, party json,
        unit text, category text, purpose text, card text, contract_ref text, payment_date date, date_basis text,
        net_pence bigint, vat_pence bigint, irrecoverable_vat_pence bigint,
        amount_basis text, eligible_pence bigint, agreement_id uuid,
        line_code text, reverses uuid, replaces uuid, decision_ref text, source_redacted boolean)
) WITH ORDINALITY AS line (
    entry_id, line_key, item_id, line_no, kind, ledger_class, party, unit, category, purpose, card, contract_ref,
    payment_date, date_basis, net_pence, vat_pence, irrecoverable_vat_pence, amount_basis, eligible_pence, agreement_id,
    line_code, reverses, replaces, decision_ref, source_redacted, position)
ON CONFLICT DO NOTHING
""")


async def record_spend(event: ExpenditureRecorded, reacting: Reacting) -> None:
    """Keep the lines, in one statement. An entry never changes, so one already here stays as it is (T-54)."""
    connection = await reacting.session.connection()
    await connection.execute(
        RECORD_LINES,
        {
            "event": event.model_dump_json(include={"lines"}),
            "row_ids": [public_row_id(line) for line in event.lines],
            "organisation_id": event.organisation_id,
            "batch_id": event.batch_id,
            "source": event.source,
            "first_seen_at": reacting.occurred_at,
        },
    )


def public_row_id(line: LedgerLine) -> str:
    """UUIDv5 of the root entry, so that a correction shows under the row it corrects, and a replay finds the same."""
    return uuid5(ROWS, str(line.replaces or line.entry_id)).hex


async def state_ledger(event: ExpenditureBatchCompleted, reacting: Reacting) -> None:
    """Keep what the owner's ledger holds of this batch, by payment month (T-14). It may come before the lines."""
    values = {
        "version": event.version,
        "organisation_id": event.organisation_id,
        "source": event.source,
        "lines": event.lines,
        "pence": event.pence,
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

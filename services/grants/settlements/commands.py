"""Giving up lines of a file that will not be corrected: load, decide, store, record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, func, select

from services.grants.expenditure.queries import batch_of
from services.grants.expenditure.settlement import restate
from services.grants.expenditure.tables import BatchLine, ExpenditureBatch, LineSettlement
from services.grants.settlements.rules import FileFacts, LineFacts, give_up, may_give_up, some_wait
from shared.auth import four_eyes
from shared.errors import NotFound
from shared.work import Work

# All in one statement: a file of a million lines may have been refused.
_GIVE_UP = """
WITH given_up AS (
    INSERT INTO line_settlements (batch_id, record, how, reason, settled_at, settled_by, settled_by_name)
    SELECT l.batch_id, l.record, 'given_up', :reason, :now, :person, :name
    FROM expenditure_batch_lines l
    WHERE l.batch_id = :batch AND l.outcome IN ('rejected', 'conflict') {chosen}
        AND NOT EXISTS (SELECT FROM line_settlements s WHERE s.batch_id = l.batch_id AND s.record = l.record)
    RETURNING record
)
SELECT count(*) AS lines, coalesce(sum(l.amount_pence), 0)::bigint AS pence
FROM given_up JOIN expenditure_batch_lines l ON l.batch_id = :batch AND l.record = given_up.record
"""


@dataclass(frozen=True)
class GivenUp:
    """How many lines were given up, their amounts where these can be read, and the file they belong to."""

    batch: ExpenditureBatch
    lines: int
    pence: int


async def settle_lines(work: Work, batch_id: UUID, records: Sequence[int] | None, reason: str) -> GivenUp:
    """Give up these lines of a file, or all that wait to be corrected, with a reason. Not by who sent the file."""
    found = await batch_of(work.session, batch_id, work.actor.organisations)
    if found is None:
        raise NotFound("There is no batch of this id that you may see.")
    batch, _ = found
    four_eyes(work.actor, batch.created_by, detail="Who sent the file may not give up its lines; another person must.")
    # Files of one source are taken in one at a time; none settles the same lines meanwhile.
    await work.lock("expenditure", str(batch.organisation_id), batch.source)
    statement = select(ExpenditureBatch).where(ExpenditureBatch.id == batch_id).with_for_update(key_share=True)
    batch = (await work.session.exec(statement.execution_options(populate_existing=True))).one()
    may_give_up(FileFacts(batch.kind, batch.state, batch.dry_run))
    if records is not None:
        give_up(records, await _facts(work, batch_id, records), batch.received_lines)
    given: dict[str, Any] = {
        "batch": batch_id,
        "reason": reason,
        "now": work.now,
        "person": work.actor.sub,
        "name": work.actor.name or "",
    }
    if records is not None:
        given["records"] = list(records)
    chosen = "AND l.record = ANY(:records)" if records is not None else ""
    connection = await work.session.connection()
    row = (await connection.execute(text(_GIVE_UP.format(chosen=chosen)), given)).one()
    if records is None:
        some_wait(row.lines, batch.held_lines - sum(batch.held_decided.values()))
    await restate(work, {batch_id})
    work.audit(
        "give_up_lines",
        batch_id,
        after={
            "records": list(records) if records is not None else "all",
            "lines": row.lines,
            "pence": row.pence,
            "unsettled": batch.unsettled_lines,
        },
        reason=reason,
    )
    return GivenUp(batch, row.lines, row.pence)


async def _facts(work: Work, batch_id: UUID, records: Sequence[int]) -> dict[int, LineFacts]:
    statement = (
        select(BatchLine.record, BatchLine.outcome, func.max(LineSettlement.how))
        .outerjoin(
            LineSettlement,
            (col(LineSettlement.batch_id) == col(BatchLine.batch_id))
            & (col(LineSettlement.record) == col(BatchLine.record)),
        )
        .where(BatchLine.batch_id == batch_id, col(BatchLine.record).in_(records))
        .group_by(col(BatchLine.record), col(BatchLine.outcome))
    )
    rows = (await work.session.exec(statement)).all()
    return {record: LineFacts(outcome, how) for record, outcome, how in rows}

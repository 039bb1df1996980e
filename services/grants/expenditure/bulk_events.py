"""ExpenditureRecorded for a whole batch, written by the database from the ledger's rows.

Building a model a line would cost more than all the rest of a load. The text made here is the canonical JSON of the
declared event, byte for byte; a test reads it back through the model and compares.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from services.grants.expenditure.merge import id_prefix
from services.grants.expenditure.names import NAME_IN_KEY, PURPOSELESS_KINDS, WITHHELD
from services.grants.expenditure.tables import ExpenditureBatch
from shared import outbox
from shared.database import raw_connection
from shared.events.grants import MAX_BYTES_PER_EVENT, MAX_LINES_PER_EVENT, ExpenditureRecorded
from shared.work import Work

ENVELOPE_BYTES = 1024
FIXED_LINE_BYTES = 1290
"""More than a line takes without its texts: the names of its members, ids, dates, amounts. A test compares."""

TEXTS = (
    "line_key", "category", "contract_ref", "decision_ref", "ledger_class", "company_number", "charity_number",
    "party_name", "purpose", "unit",
)  # fmt: skip
BY_HAND_TEXTS = (*TEXTS, "reason")
LEAST_WEIGHT = -(-MAX_BYTES_PER_EVENT // (MAX_LINES_PER_EVENT - 1))
LARGEST_LINE_BYTES = 52 * 1024
BUDGET_BYTES = MAX_BYTES_PER_EVENT - ENVELOPE_BYTES - LARGEST_LINE_BYTES
"""The line that reaches over this still fits."""

assert FIXED_LINE_BYTES >= LEAST_WEIGHT, "an event full of the shortest lines would hold more than its number of lines"

PUBLIC = "party_kind IN ('organisation', 'sole_trader')"


def _text(column: str) -> str:
    return f"coalesce(to_json({column})::text, 'null')"


def _bare(column: str) -> str:
    return f"coalesce({column}::text, 'null')"


def _quoted(column: str) -> str:
    return f"""coalesce('"' || {column} || '"', 'null')"""


_PARTY = (
    ("charity_number", f"CASE WHEN {PUBLIC} THEN {_text('charity_number')} ELSE 'null' END"),
    ("company_number", f"CASE WHEN {PUBLIC} THEN {_text('company_number')} ELSE 'null' END"),
    ("key", _quoted("party_key")),
    ("kind", _quoted("party_kind")),
    # Names of individuals, staff and payees of unknown kind never leave this service.
    ("name", f"CASE WHEN {PUBLIC} THEN {_text('party_name')} ELSE 'null' END"),
    ("vcse", _bare("vcse")),
)


def _unless_named(column: str) -> str:
    """A text that names a private payee does not leave; lines of public payees carry no such flag."""
    held_back = f"'{WITHHELD[column]}' = ANY(flags)"
    if column == "purpose":
        kinds = ", ".join(f"'{kind}'" for kind in PURPOSELESS_KINDS)
        held_back = f"party_kind IN ({kinds}) OR {held_back}"
    return f"CASE WHEN {held_back} THEN 'null' ELSE {_text(column)} END"


def _object(members: tuple[tuple[str, str], ...]) -> str:
    parts = []
    for place, (name, value) in enumerate(members):
        parts += [("'{" if place == 0 else "',") + f"""\"{name}\":'""", value]
    return f"concat({', '.join([*parts, _CLOSE])})"


_CLOSE = "'}'"

_LINE = (
    ("accounting_quarter", _quoted("accounting_quarter")),
    ("agreement_id", _quoted("agreement_id")),
    ("amount_basis", _quoted("amount_basis")),
    ("card", _quoted("card")),
    ("category", _unless_named("category")),
    ("contract_ref", _unless_named("contract_ref")),
    ("credit_of", _quoted("credit_of")),
    ("date_basis", _quoted("date_basis")),
    ("decision_ref", _unless_named("decision_ref")),
    ("eligible_pence", _bare("eligible_pence")),
    ("entry_id", _quoted("entry_id")),
    ("flags", "array_to_json(flags)::text"),
    ("invoice_date", _quoted("invoice_date")),
    ("irrecoverable_vat_pence", _bare("irrecoverable_vat_pence")),
    ("item_id", _quoted("item_id")),
    ("kind", _quoted("kind")),
    ("late_for", _quoted("late_for")),
    ("ledger_class", _unless_named("ledger_class")),
    ("line_code", _text("line_code")),
    # The entry's id tells one line from another as well, and cannot be guessed back as a hash of a name can.
    ("line_key", f"CASE WHEN '{NAME_IN_KEY}' = ANY(flags) THEN {_quoted('entry_id')} ELSE {_text('line_key')} END"),
    ("line_no", _bare("line_no")),
    ("net_pence", _bare("net_pence")),
    ("party", _object(_PARTY)),
    ("payment_date", _quoted("payment_date")),
    ("purpose", _unless_named("purpose")),
    # Written by a person who saw the payee's name.
    ("reason", f"CASE WHEN {PUBLIC} THEN {_text('reason')} ELSE 'null' END"),
    ("recoverable_vat_pence", _bare("recoverable_vat_pence")),
    ("replaces", _quoted("replaces")),
    ("reverses", _quoted("reverses")),
    ("service_date", _quoted("service_date")),
    ("source_redacted", _bare("source_redacted")),
    ("unit", _unless_named("unit")),
    ("vat_pence", _bare("vat_pence")),
)
"""Members of a line in the order of canonical JSON."""


# Texts were freed of control characters on their way in, so JSON writes each of their bytes with two at most. A few
# small columns therefore say where one event must end and the next begin, before any text is put together.
def _record(texts: tuple[str, ...], key: str, lines: str) -> str:
    """The statement that writes the events of these lines, their texts and flags in columns of `i`."""
    sizes = " + ".join(f"coalesce(octet_length({name}), 0)" for name in texts if name != "line_key")
    weight = f"{FIXED_LINE_BYTES} + 40 * cardinality(i.flags) + 2 * ({sizes} + octet_length({key}))"
    return f"""
WITH weighed AS (
    SELECT i.record, {weight} AS weight, sum({weight}) OVER (ORDER BY i.record) AS through
    FROM {lines}
), stretches AS (
    SELECT min(record) AS first, max(record) AS last
    FROM (SELECT record, div(through - weight, {BUDGET_BYTES}) AS stretch FROM weighed) shared GROUP BY stretch
), numbered AS MATERIALIZED (
    SELECT first, last, %(before)s + row_number() OVER (ORDER BY first) AS version FROM stretches
), identified AS (
    SELECT first, last, version, (%(prefix)s || lpad(to_hex(version), 8, '0'))::uuid AS event_id FROM numbered
)
INSERT INTO outbox (event_id, type, key, headers, payload, occurred_at)
SELECT event_id, %(type)s, %(batch)s, %(headers)s || jsonb_build_object('ce_id', event_id::text),
    %(head)s || bodies || %(tail)s || version || '}}', %(now)s
FROM identified CROSS JOIN LATERAL (
    SELECT string_agg({_object(_LINE)}, ',' ORDER BY record) AS bodies FROM ledger_entries
    WHERE batch_id = %(batch)s AND record BETWEEN identified.first AND identified.last
) lines ORDER BY version
"""


_OF_SLICE = _record(TEXTS, "j.line_key", "incoming i JOIN judged j ON j.record = i.record WHERE j.outcome = 'accepted'")
_OF_BATCH = _record(BY_HAND_TEXTS, "i.line_key", "ledger_entries i WHERE i.batch_id = %(batch)s")


class LineEvents:
    """Writes the events of a batch's entries into the outbox, slice after slice, and counts them."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        *,
        batch_id: UUID,
        organisation_id: UUID,
        source: str,
        events_id: UUID,
        headers: dict[str, str],
        now: datetime,
    ) -> None:
        self._connection = connection
        self.count = 0
        self._known = {
            "batch": batch_id,
            "prefix": id_prefix(events_id),
            "type": ExpenditureRecorded.type(),
            "headers": Jsonb(headers),
            "head": f'{{"batch_id":"{batch_id}","lines":[',
            "tail": f'],"organisation_id":"{organisation_id}","source":"{source}","version":',
            "now": now,
        }

    @classmethod
    async def of(cls, work: Work, batch: ExpenditureBatch) -> LineEvents:
        """The events of a batch, written by the person and for the request at hand."""
        events_id = work.new_id()
        return cls(
            await raw_connection(work.session),
            batch_id=batch.id,
            organisation_id=batch.organisation_id,
            source=batch.source,
            events_id=events_id,
            headers=outbox.headers_for(
                ExpenditureRecorded,
                batch.id,
                event_id=events_id,
                occurred_at=work.now,
                actor_sub=work.actor.sub,
                correlation_id=work.request_id,
            ),
            now=work.now,
        )

    async def record_slice(self) -> None:
        """The events of the lines in `incoming` that were accepted."""
        await self._run(_OF_SLICE)

    async def record_batch(self) -> None:
        """The events of all the batch's entries at once: of an act by hand, which has no slices."""
        await self._run(_OF_BATCH)

    async def _run(self, statement: str) -> None:
        cursor = await self._connection.execute(cast(Any, statement), {**self._known, "before": self.count})
        self.count += cursor.rowcount

"""Taking in what the finance team knows of invoices beside the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.transparency import queries as publishers
from services.transparency.payments.invoices import queries, rules
from services.transparency.payments.invoices.queries import Key
from services.transparency.payments.invoices.tables import InvoiceStatement
from shared.database import raw_connection
from shared.errors import ErrorItem
from shared.periods import london_date
from shared.work import Work


@dataclass(frozen=True)
class Taken:
    """What became of one row."""

    row: rules.Row
    transaction_number: str
    outcome: rules.Outcome


async def state_invoices(work: Work, publisher: str, sent: Sequence[rules.Sent], sha256: str) -> list[Taken]:
    """State day of receipt, dispute and incompleteness of invoices; all rows or none (T-62).

    A later statement supersedes an earlier one, which is kept. The same file again changes nothing (T-54).
    """
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    organisation_id = organisation.organisation_id
    await work.lock("invoice statements", str(organisation_id))
    reading = rules.read(sent, london_date(work.now))
    connection = await raw_connection(work.session)
    references = {row.reference for row in reading.rows}
    keys = await queries.keys_of(connection, organisation_id, references, work.settings.reference_key)
    items = await queries.items_named(connection, organisation_id, set(keys.values()), programme=False)
    current = await queries.current_statements(work.session, organisation_id, set(keys.values()))
    errors, taken, seen = list(reading.errors), [], set[Key]()
    for row in reading.rows:
        key = keys.get(row.reference)
        if key is None or key not in items:
            errors.append(rules.unknown(row))
            continue
        if key in seen:
            errors.append(rules.named_twice(row))
            continue
        seen.add(key)
        other = rules.refuse_other_items(row, rules.not_an_invoice(items[key].item))
        before = current.get(key)
        decided = other or rules.decide(row, _said(before))
        if isinstance(decided, ErrorItem):
            errors.append(decided)
            continue
        number = queries.reference_of(organisation_id, key, work.settings.reference_key)
        taken.append(Taken(row, number, decided))
        if decided != "unchanged":
            work.session.add(
                InvoiceStatement(
                    statement_id=work.new_id(),
                    organisation_id=organisation_id,
                    source=key[0],
                    item_id=key[1],
                    number=before.number + 1 if before else 1,
                    received_on=row.said.received_on,
                    disputed=row.said.disputed,
                    incomplete=row.said.incomplete,
                    reason=row.said.reason,
                    file_sha256=sha256,
                    stated_by=work.actor.sub,
                    stated_at=work.now,
                )
            )
    rules.refuse_errors(errors, len(sent))
    await work.session.flush()
    # The reasons stay out of the audit log: they may name people.
    work.audit("state_invoices", organisation_id, after={"file_sha256": sha256, **outcomes(taken)})
    return taken


def outcomes(taken: Sequence[Taken]) -> dict[str, int]:
    """How many rows had each outcome, zeros included."""
    counts = Counter(row.outcome for row in taken)
    return {"stated": counts["stated"], "changed": counts["changed"], "unchanged": counts["unchanged"]}


def _said(statement: InvoiceStatement | None) -> rules.Said | None:
    if statement is None:
        return None
    return rules.Said(statement.received_on, statement.disputed, statement.incomplete, statement.reason)

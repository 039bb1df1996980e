"""Read-only selects about items of the ledger as invoices, and what was stated of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.transparency.editions.selection import excluded_classes
from services.transparency.payments.invoices.rules import Item
from services.transparency.payments.invoices.tables import InvoiceStatement
from services.transparency.payments.ledger import class_of, live, with_vat

Connection = psycopg.AsyncConnection[Any]
Key = tuple[str, str]
"""Source and item_id: what an item is named by within one publisher."""


@dataclass(frozen=True)
class LedgerItem:
    """An item with the days and the row that its statement and its figures need."""

    key: Key
    item: Item
    row_id: str
    first_paid: date
    last_paid: date
    invoice_date: date | None
    payment_day_stated: bool


# The first line gives the row that a finding names. An item whose lines are of several kinds is what its first line is;
# a class that is left out of spend, a card or a person in any line makes the whole item no invoice of a supplier.
ITEMS = f"""
SELECT line.source, line.item_id,
    (array_agg(CASE WHEN line.replaces IS NULL THEN line.kind ELSE COALESCE(
        (SELECT root.kind FROM spend_lines root WHERE root.entry_id = line.replaces), line.kind) END
        ORDER BY line.line_no, line.entry_id))[1],
    sum({with_vat("line")})::bigint,
    NOT %(programme)s OR bool_or(line.agreement_id IS NOT NULL),
    min(CASE WHEN upper({class_of("line")}) = ANY(%(classes)s) THEN upper({class_of("line")}) END),
    bool_or(COALESCE({class_of("line")} = 'grant', false)),
    bool_or(line.card <> 'none'),
    bool_or(line.party_kind IN ('individual', 'staff')),
    (array_agg(line.row_id ORDER BY line.line_no, line.entry_id))[1],
    min(line.payment_date), max(line.payment_date), max(line.invoice_date),
    bool_and(line.date_basis = 'payment')
FROM (WANTED) AS wanted
CROSS JOIN LATERAL (
    SELECT * FROM spend_lines
    WHERE organisation_id = %(organisation)s AND source = wanted.source AND item_id = wanted.item_id OFFSET 0
) AS line
WHERE {live("line")}
GROUP BY line.source, line.item_id
"""

PAID = """
SELECT DISTINCT source, item_id FROM spend_lines
WHERE organisation_id = %(organisation)s AND payment_date BETWEEN %(start)s AND %(end)s
"""

NAMED = "SELECT unnest(%(sources)s::text[]) AS source, unnest(%(items)s::text[]) AS item_id"

REFERENCES = """
SELECT source, item_id, 'TR-' || upper(substr(encode(sha256(convert_to(
    concat_ws('|', %(key)s::text, organisation_id, source, item_id), 'UTF8')), 'hex'), 1, 16)) AS reference
FROM (
    SELECT DISTINCT organisation_id, source, item_id FROM spend_lines WHERE organisation_id = %(organisation)s
) AS item
"""
"""TransactionNumber of every item, as the spend edition mints it (T-12)."""


async def items_paid(
    connection: Connection, organisation_id: UUID, start: date, end: date, *, programme: bool
) -> list[LedgerItem]:
    """Every item of which a line was paid within these days, with its lines of other days."""
    return await _items(connection, PAID, organisation_id, {"start": start, "end": end}, programme=programme)


async def items_named(
    connection: Connection, organisation_id: UUID, keys: Collection[Key], *, programme: bool
) -> dict[Key, LedgerItem]:
    """These items; one whose every line was cancelled is not among them."""
    named = {"sources": [source for source, _ in keys], "items": [item for _, item in keys]}
    found = await _items(connection, NAMED, organisation_id, named, programme=programme)
    return {item.key: item for item in found}


async def keys_of(
    connection: Connection, organisation_id: UUID, references: Collection[str], reference_key: str
) -> dict[str, Key]:
    """TransactionNumber or RowID, as published → the item."""
    values = {"organisation": organisation_id, "key": reference_key, "wanted": list(references)}
    cursor = await connection.execute(
        f"""
        SELECT reference, source, item_id FROM ({REFERENCES}) AS minted WHERE reference = ANY(%(wanted)s)
        UNION ALL
        SELECT DISTINCT row_id, source, item_id FROM spend_lines
        WHERE organisation_id = %(organisation)s AND row_id = ANY(%(wanted)s)
        """,
        values,
    )
    return {reference: (source, item) for reference, source, item in await cursor.fetchall()}


async def superseded_lines(connection: Connection, organisation_id: UUID, start: date, end: date) -> int:
    """Lines of these days that cancel another or are cancelled."""
    cursor = await connection.execute(
        f"""
        SELECT count(*) FROM spend_lines line
        WHERE organisation_id = %(organisation)s AND payment_date BETWEEN %(start)s AND %(end)s AND NOT {live("line")}
        """,
        {"organisation": organisation_id, "start": start, "end": end},
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def current_statements(
    session: AsyncSession, organisation_id: UUID, keys: Collection[Key]
) -> dict[Key, InvoiceStatement]:
    """What stands of each of these invoices: the newest statement."""
    # By item alone: very many pairs are a condition too deep for the database.
    found = await session.exec(
        select(InvoiceStatement)
        .where(
            col(InvoiceStatement.organisation_id) == organisation_id,
            col(InvoiceStatement.item_id).in_({item_id for _, item_id in keys}),
        )
        .order_by(col(InvoiceStatement.number))
    )
    return {(statement.source, statement.item_id): statement for statement in found.all()}


async def stated_items(session: AsyncSession, organisation_id: UUID) -> dict[Key, InvoiceStatement]:
    """What stands of every invoice of the publisher."""
    found = await session.exec(
        select(InvoiceStatement)
        .where(col(InvoiceStatement.organisation_id) == organisation_id)
        .order_by(col(InvoiceStatement.number))
    )
    return {(statement.source, statement.item_id): statement for statement in found.all()}


def statements(organisation_id: UUID) -> SelectOfScalar[InvoiceStatement]:
    """Every statement of the publisher, superseded ones too, each beside the number of the newest."""
    newest: Any = func.max(col(InvoiceStatement.number)).over(
        partition_by=(col(InvoiceStatement.source), col(InvoiceStatement.item_id))
    )
    statement: Any = (
        select(InvoiceStatement)
        .add_columns(newest.label("newest"))
        .where(col(InvoiceStatement.organisation_id) == organisation_id)
    )
    return statement  # type: ignore[no-any-return]


def reference_of(organisation_id: UUID, key: Key, reference_key: str) -> str:
    """The item's TransactionNumber, as the spend edition mints it (T-12)."""
    words = "|".join((reference_key, str(organisation_id), *key))
    return f"TR-{hashlib.sha256(words.encode()).hexdigest()[:16].upper()}"


async def _items(
    connection: Connection,
    wanted: str,
    organisation_id: UUID,
    values: Mapping[str, Any],
    *,
    programme: bool,
) -> list[LedgerItem]:
    cursor = await connection.execute(
        ITEMS.replace("WANTED", wanted),
        {**values, "organisation": organisation_id, "programme": programme, "classes": list(excluded_classes())},
    )
    return [
        LedgerItem(
            key=(source, item_id),
            item=Item(kind, total, in_scope, excluded, grant, card, person),
            row_id=row_id,
            first_paid=first,
            last_paid=last,
            invoice_date=invoice_date,
            payment_day_stated=stated,
        )
        async for (
            source, item_id, kind, total, in_scope, excluded, grant, card, person, row_id, first, last, invoice_date,
            stated,
        ) in cursor
    ]  # fmt: skip

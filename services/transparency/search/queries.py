"""Selects of the search: a page of rows, the totals of all that match, and names that begin as asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from services.transparency.base import Transparency
from services.transparency.editions.cells import JSON_MEMBERS
from services.transparency.search.filters import Looked
from services.transparency.search.folding import words
from services.transparency.search.index import FOLDED_LENGTH, PAYEE_LABEL
from services.transparency.search.tables import SpendRow
from shared.database import raw_connection
from shared.work import Work

Order = Literal["newest", "amount"]
Row = dict[str, Any]

SORT: dict[Order, str] = {"newest": "payment_date", "amount": "amount_pence"}
_TABLE = Transparency.metadata.tables[str(SpendRow.__tablename__)]
COLUMNS: dict[Order, tuple[Any, ...]] = {
    order: (_TABLE.c[name], _TABLE.c.edition_id, _TABLE.c.place) for order, name in SORT.items()
}
"""What a page's cursor holds, by order; all three descend."""

LOOK_FIRST = 10_000
"""So many rows are looked through in the page's order before an index of the filters is asked."""

DIMENSIONS = ("payee", "category", "unit", "month", "contract")

SHOWN = ", ".join(("edition_id", "place", "payee_key", *JSON_MEMBERS))


@dataclass(frozen=True)
class Group:
    key: str | None
    label: str
    rows: int
    total_pence: int


@dataclass(frozen=True)
class Totals:
    rows: int
    total_pence: int
    groups: dict[str, list[Group]]
    """By dimension, the largest amount first."""
    sizes: dict[str, int]
    """How many groups each dimension has."""


async def page(work: Work, looked: Looked, order: Order, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """So many rows and one more, where there is one, from behind the sort values of `after`.

    A common word fills a page from the first rows of the order, a rare one is found at once by its index; neither way
    is good for the other, and the database cannot tell which is which for a text that was common only some years ago.
    So the first rows are looked through, and only where they do not fill the page the index is asked for all matches.
    """
    connection = await raw_connection(work.session)
    sort = SORT[order]
    descending = f"{sort} DESC, edition_id DESC, place DESC"
    values = {**looked.values, "limit": limit + 1, "look_first": LOOK_FIRST}
    behind = ""
    if after is not None:
        values |= dict(zip(("after_sort", "after_edition", "after_place"), after, strict=True))
        behind = f" AND ({sort}, edition_id, place) < (%(after_sort)s, %(after_edition)s, %(after_place)s)"
    scope = " AND ".join(looked.in_scope) + behind
    if not looked.conditions:
        return await _rows(
            connection, f"SELECT {SHOWN} FROM spend_rows WHERE {scope} ORDER BY {descending} LIMIT %(limit)s", values
        )
    conditions = " AND ".join(looked.conditions)
    first = await _rows(
        connection,
        f"""
        SELECT {SHOWN} FROM (
            SELECT * FROM spend_rows WHERE {scope} ORDER BY {descending} LIMIT %(look_first)s
        ) AS spend_rows
        WHERE {conditions} ORDER BY {descending} LIMIT %(limit)s
        """,
        values,
    )
    if len(first) > limit:
        return first
    return await _rows(
        connection,
        f"""
        WITH found AS MATERIALIZED (
            SELECT edition_id, place, {sort} FROM spend_rows WHERE {scope} AND {conditions}
        ), page AS MATERIALIZED (
            SELECT edition_id, place FROM found ORDER BY {descending} LIMIT %(limit)s
        )
        SELECT {SHOWN} FROM page JOIN spend_rows USING (edition_id, place) ORDER BY {descending}
        """,
        values,
    )


async def totals(work: Work, looked: Looked, top: int, *, whole: bool) -> Totals:
    """Rows and amounts of all that match, by each dimension.

    `whole`: every row of the editions matches, so that the totals kept for each edition answer.
    """
    connection = await raw_connection(work.session)
    # The sums of a search over all rows are worth more memory than a page, and less than compiling a plan.
    await connection.execute("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)")
    source = _KEPT if whole else _COUNTED.format(where=looked.where, label=PAYEE_LABEL)
    found = await (
        await connection.execute(f"{source} {_TOP}", {**looked.values, "top": top}, prepare=False)
    ).fetchall()
    groups: dict[str, list[Group]] = {name: [] for name in DIMENSIONS}
    sizes = dict.fromkeys(DIMENSIONS, 0)
    rows, pence = 0, 0
    for dimension, key, label, number, amount, size in found:
        if dimension == "all":
            rows, pence = int(number), int(amount)
        else:
            groups[dimension].append(Group(key, label, int(number), int(amount)))
            sizes[dimension] = size
    return Totals(rows, pence, groups, sizes)


async def count(work: Work, looked: Looked, *, whole: bool) -> tuple[int, int]:
    """How many rows match, and their sum."""
    connection = await raw_connection(work.session)
    query = (
        "SELECT COALESCE(sum(rows), 0)::bigint, COALESCE(sum(total_pence), 0) FROM spend_totals"
        " WHERE dimension = 'all' AND edition_id = ANY(%(editions)s)"
        if whole
        else f"SELECT count(*), COALESCE(sum(amount_pence), 0) FROM spend_rows WHERE {looked.where}"
    )
    row = await (await connection.execute(query, looked.values, prepare=False)).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


async def names(work: Work, scope: Sequence[UUID], text: str, limit: int) -> list[Group]:
    """Published payee names that begin so, the most often paid first. No name of a hidden payee is kept."""
    connection = await raw_connection(work.session)
    (folded,) = await words(connection, [text])
    if not folded:
        return []
    found = await connection.execute(
        """
        SELECT max(key), label, sum(rows)::bigint, sum(total_pence) FROM spend_totals
        WHERE dimension = 'payee' AND folded LIKE %(folded)s AND edition_id = ANY(%(editions)s)
        GROUP BY label ORDER BY 3 DESC, label LIMIT %(limit)s
        """,
        {"folded": folded[:FOLDED_LENGTH] + "%", "editions": list(scope), "limit": limit},
        prepare=False,
    )
    return [Group(key, label, int(rows), int(pence)) for key, label, rows, pence in await found.fetchall()]


async def _rows(connection: psycopg.AsyncConnection[Any], query: str, values: dict[str, Any]) -> list[Row]:
    # A prepared statement would in time be planned without its values, and for other words than those asked for.
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, values, prepare=False)
        return await cursor.fetchall()


# Of a payee that was paid under several names, the last in the alphabet stands for it.
_KEPT = """
WITH grouped AS MATERIALIZED (
    SELECT dimension, NULLIF(key, '') AS key, max(label) AS label, sum(rows) AS rows, sum(total_pence) AS total_pence
    FROM spend_totals
    WHERE edition_id = ANY(%(editions)s)
    GROUP BY dimension, key, CASE WHEN key = '' THEN label END
)
"""

_COUNTED = """
WITH grouped AS MATERIALIZED (
    SELECT
        CASE grouping(payee_key, hidden, category, unit, month, contract_ref)
            WHEN 63 THEN 'all' WHEN 15 THEN 'payee' WHEN 55 THEN 'category' WHEN 59 THEN 'unit' WHEN 61 THEN 'month'
            ELSE 'contract' END AS dimension,
        payee_key AS key,
        CASE grouping(payee_key, hidden, category, unit, month, contract_ref) WHEN 63 THEN '' WHEN 15 THEN max(payee)
            ELSE COALESCE(category, unit, to_char(month, 'YYYY-MM'), contract_ref) END AS label,
        count(*) AS rows, COALESCE(sum(amount_pence), 0) AS total_pence
    FROM (
        SELECT payee_key, {label} AS payee, CASE WHEN payee_key IS NULL THEN {label} END AS hidden, category, unit,
            date_trunc('month', payment_date::timestamp)::date AS month, contract_ref, amount_pence
        FROM spend_rows WHERE {where}
    ) AS matching
    GROUP BY GROUPING SETS ((), (payee_key, hidden), (category), (unit), (month), (contract_ref))
)
"""

_LARGEST = """
SELECT * FROM (
    SELECT dimension, key, label, rows, total_pence,
        (SELECT count(*) FROM grouped WHERE dimension = '{name}' AND label IS NOT NULL) AS size
    FROM grouped WHERE dimension = '{name}' AND label IS NOT NULL ORDER BY {order} LIMIT {limit}
) AS {name}_groups
"""

_TOP = " UNION ALL ".join(
    _LARGEST.format(
        name=name,
        order="label" if name == "month" else "total_pence DESC, label, key",
        limit="ALL" if name == "month" else "%(top)s",
    )
    for name in ("all", *DIMENSIONS)
)

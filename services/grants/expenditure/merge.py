"""Set-based merge of a batch's staged lines: outcomes, ledger entries, held lines, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, scalar_row
from psycopg.types.json import Jsonb

from services.grants.expenditure import merge_sql as sql

OUTCOMES = ("accepted", "duplicate", "conflict", "rejected", "held")


@dataclass(frozen=True)
class Slot:
    """Where lines of one assignment rule and one stretch of days are posted; `post_to` is None with no quarter open."""

    rule: int
    agreement_id: UUID
    line_code: str
    from_day: date
    to_day: date
    post_to: str | None
    late_for: str | None


@dataclass(frozen=True)
class RuleFault:
    """Why lines of an assignment rule cannot be taken."""

    rule: int
    code: str
    detail: str


@dataclass(frozen=True)
class MergeInput:
    """What the merge must know beside the staged lines."""

    batch_id: UUID
    organisation_id: UUID
    source: str
    keyed: bool
    corrects: UUID | None
    compared: tuple[str, ...]
    now: datetime
    reject_all: bool
    slots: Sequence[Slot]
    rule_faults: Sequence[RuleFault]


@dataclass(frozen=True)
class Account:
    """What became of a batch's lines: outcome → (lines, pence)."""

    lines: dict[str, int]
    pence: dict[str, int]
    flags: dict[str, int]


def id_prefix(batch_id: UUID) -> str:
    """The first 24 digits of the ids of a batch's entries: time-ordered like every id here, and the same each time.

    The record's number fills the rest, so that a load that starts again gives every line the same id.
    """
    digits = blake2b(batch_id.bytes, digest_size=8).hexdigest()
    return f"{batch_id.hex[:12]}7{digits[:3]}8{digits[3:10]}"


async def merge(connection: psycopg.AsyncConnection[Any], given: MergeInput) -> Account:
    """Judge every staged line and store what follows. The caller holds the lock of organisation and source."""
    known = {
        "batch": given.batch_id,
        "organisation": given.organisation_id,
        "source": given.source,
        "corrects": given.corrects,
        "now": given.now,
        "prefix": id_prefix(given.batch_id),
        "compared": list(given.compared),
    }
    # Temporary tables larger than the default would be sorted on disk.
    await connection.execute("SET LOCAL work_mem = '64MB'")
    await _stage_assignment(connection, given)
    if given.keyed:
        await _run(connection, sql.JUDGE_KEYED, known)
        await _run(connection, sql.NAME_DIFFERENCES, known)
    else:
        await _run(connection, sql.JUDGE_CORRECTION if given.corrects else sql.JUDGE_COUNTED, known)
    if given.reject_all and await _value(connection, sql.ANY_REJECTED, known):
        await _run(connection, sql.REJECT_ALL, known)
    await connection.execute("ANALYZE judged")
    await _run(connection, sql.INSERT_ENTRIES, known)
    await _run(connection, sql.INSERT_HELD, known)
    await _run(connection, sql.INSERT_REJECTED, known)
    await _run(connection, sql.INSERT_OTHERS, known)
    return await _account(connection)


async def _account(connection: psycopg.AsyncConnection[Any]) -> Account:
    lines, pence = dict.fromkeys(OUTCOMES, 0), dict.fromkeys(OUTCOMES, 0)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(cast(Any, sql.COUNT))
        for row in await cursor.fetchall():
            lines[row["outcome"]] += row["lines"]
            pence[row["outcome"]] += int(row["pence"])
        await cursor.execute(cast(Any, sql.COUNT_FLAGS))
        flags = {row["flag"]: row["lines"] for row in await cursor.fetchall()}
    return Account(lines, pence, flags)


async def _stage_assignment(connection: psycopg.AsyncConnection[Any], given: MergeInput) -> None:
    await connection.execute(
        "CREATE TEMP TABLE slots (rule int, agreement_id uuid, line_code text, from_day date, to_day date,"
        " post_to text, late_for text) ON COMMIT DROP"
    )
    await connection.execute("CREATE TEMP TABLE rule_faults (rule int, reasons jsonb) ON COMMIT DROP")
    async with connection.cursor() as cursor:
        if given.slots:
            await cursor.executemany(
                "INSERT INTO slots VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    (s.rule, s.agreement_id, s.line_code, s.from_day, s.to_day, s.post_to, s.late_for)
                    for s in given.slots
                ],
            )
        if given.rule_faults:
            await cursor.executemany(
                "INSERT INTO rule_faults VALUES (%s, %s)",
                [(f.rule, Jsonb([{"code": f.code, "detail": f.detail, "column": None}])) for f in given.rule_faults],
            )
    await connection.execute("ANALYZE slots, rule_faults")


async def _run(connection: psycopg.AsyncConnection[Any], statement: str, known: dict[str, Any]) -> None:
    await connection.execute(cast(Any, statement), known)


async def _value(connection: psycopg.AsyncConnection[Any], statement: str, known: dict[str, Any]) -> Any:
    async with connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(cast(Any, statement), known)
        return await cursor.fetchone()

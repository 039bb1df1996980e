"""Set-based merge of staged lines: outcomes, ledger entries, held lines, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    closed: bool = False
    """The agreement's year is closed, so that no quarter will open again."""


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
    compared: Mapping[int, tuple[str, ...]]
    """Fields in which a line may differ from a stored one, by the version of the profile that read the stored one."""
    version: int
    now: datetime
    reject_all: bool
    slots: Sequence[Slot]
    rule_faults: Sequence[RuleFault]
    refused: str | None = None
    """Why no line at all may enter, whatever it holds."""
    same_bytes: bool = False
    """An earlier batch of this source was this very file."""
    sent_before: str | None = None
    """Why every line waits for a person: these bytes came in under another source."""


OTHERS_REJECTED = "Nothing is wrong with this line; others were rejected and on_error is reject_batch."


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


class Merge:
    """The merge of one batch, slice by slice: while one slice is merged, the next is being parsed.

    The caller holds the lock of organisation and source from the first slice to the end of the transaction.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], given: MergeInput) -> None:
        self._connection = connection
        self._given = given
        self.account = Account(dict.fromkeys(OUTCOMES, 0), dict.fromkeys(OUTCOMES, 0), {})
        self._known = {
            "batch": given.batch_id,
            "organisation": given.organisation_id,
            "source": given.source,
            "corrects": given.corrects,
            "now": given.now,
            "prefix": id_prefix(given.batch_id),
            "compared": Jsonb({str(version): list(fields) for version, fields in given.compared.items()}),
            "version": str(given.version),
            "because": given.refused or OTHERS_REJECTED,
            "same_bytes": given.same_bytes,
            "sent_before": given.sent_before,
        }

    async def open(self) -> None:
        """Set up what outlasts a slice."""
        # A slice is sorted in memory.
        await self._connection.execute("SET LOCAL work_mem = '64MB'")
        await self._run(sql.CREATE_JUDGED)
        await self._run(sql.CREATE_SEEN)
        await _stage_assignment(self._connection, self._given)

    async def take(self) -> int:
        """Judge every line in `incoming`, store what follows, add it to the account. How many were accepted."""
        await self._run("TRUNCATE judged")
        alike = await self._asks(sql.ANY_ALIKE)
        if self._given.keyed:
            await self._run(sql.JUDGE_KEYED_ALIKE if alike else sql.JUDGE_KEYED)
            await self._run(sql.NAME_DIFFERENCES)
        else:
            counted = sql.JUDGE_COUNTED_ALIKE if alike else sql.JUDGE_COUNTED
            await self._run(sql.JUDGE_CORRECTION if self._given.corrects else counted)
            await self._run(sql.REMEMBER_SEEN)
        if self._given.sent_before:
            await self._run(sql.HOLD_ALL)
        if self._given.refused:
            await self._run(sql.REJECT_ALL)
        elif self._given.reject_all:
            await self._reject_all()
        await self._run(sql.INSERT_ENTRIES)
        await self._run(sql.INSERT_HELD)
        await self._run(sql.INSERT_REJECTED)
        await self._run(sql.INSERT_OTHERS)
        return await self._count()

    async def _reject_all(self) -> None:
        if await self._asks(sql.ANY_REJECTED):
            await self._run(sql.REJECT_ALL)

    async def _asks(self, statement: str) -> bool:
        async with self._connection.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(cast(Any, statement), self._known if "%(" in statement else None)
            return bool(await cursor.fetchone())

    async def _count(self) -> int:
        accepted = 0
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(cast(Any, sql.COUNT))
            for row in await cursor.fetchall():
                self.account.lines[row["outcome"]] += row["lines"]
                self.account.pence[row["outcome"]] += int(row["pence"])
                accepted += row["lines"] if row["outcome"] == "accepted" else 0
            await cursor.execute(cast(Any, sql.COUNT_FLAGS))
            for row in await cursor.fetchall():
                self.account.flags[row["flag"]] = self.account.flags.get(row["flag"], 0) + row["lines"]
        return accepted

    async def _run(self, statement: str) -> None:
        await self._connection.execute(cast(Any, statement), self._known if "%(" in statement else None)


async def _stage_assignment(connection: psycopg.AsyncConnection[Any], given: MergeInput) -> None:
    await connection.execute(
        "CREATE TEMP TABLE slots (rule int, agreement_id uuid, line_code text, from_day date, to_day date,"
        " post_to text, late_for text, closed boolean) ON COMMIT DROP"
    )
    await connection.execute("CREATE TEMP TABLE rule_faults (rule int, reasons jsonb) ON COMMIT DROP")
    async with connection.cursor() as cursor:
        if given.slots:
            await cursor.executemany(
                "INSERT INTO slots VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (s.rule, s.agreement_id, s.line_code, s.from_day, s.to_day, s.post_to, s.late_for, s.closed)
                    for s in given.slots
                ],
            )
        if given.rule_faults:
            await cursor.executemany(
                "INSERT INTO rule_faults VALUES (%s, %s)",
                [(f.rule, Jsonb([{"code": f.code, "detail": f.detail, "column": None}])) for f in given.rule_faults],
            )
    await connection.execute("ANALYZE slots, rule_faults")

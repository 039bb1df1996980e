"""Replay: the copies of other services' facts are rebuilt the same, and nothing else is touched or told again."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.transparency.tables import READ_MODELS
from shared.inbox import references_into, replay
from tests.harness import Postgres, Running, TestClock, run_services
from tests.transparency.facts import (
    PARTNER,
    announced,
    at,
    awarded,
    batch,
    completed,
    covering,
    line,
    meeting,
    minutes,
    outturn,
    papers,
    quarter_stated,
    registered,
    report_published,
    signed,
)

PLATFORM = {"inbox", "inbox_offset", "inbox_parked"}


async def contents(transparency: Running) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the inbox's own, in a stable order."""
    found = {}
    async with transparency.session() as session:
        connection = await session.connection()
        for table in transparency.service.metadata.sorted_tables:
            if table.name not in PLATFORM:
                rows = (await connection.execute(select(table))).all()
                found[table.name] = sorted(tuple(map(repr, row)) for row in rows)
    return found


async def test_replay_ends_with_the_same_rows_and_tells_nothing_again(
    postgres: Postgres, tmp_path: Path, clock: TestClock
) -> None:
    """Design section 4: READ_MODELS are deleted and refilled, editions and judgements stay, no event is recorded."""
    clock.set(at("2018-06-01T12:00"))
    original = line(120_000, item="i-1")
    reversal = line(-120_000, item="i-1", kind="reversal", reverses=original.entry_id)
    correction = line(102_000, item="i-1", kind="correction", replaces=original.entry_id)
    facts = {
        "grants": [
            registered(),
            registered(PARTNER, "partner"),
            signed(),
            awarded(),
            *batch(original, line(70_000), covers=("2017-04-01", "2017-05-31")),
            covering("2017-06-01", "2017-06-30"),
            *batch(reversal, correction),
            announced(UUID(int=700), ("2017-07-01", "2017-07-31")),
            completed(UUID(int=701), waits=("2017-08-01", "2017-08-31"), unsettled=2),
            *batch(line(45_000, item="i-1", line_no=2, paid="2017-07-20")),
            quarter_stated(),
            outturn(),
            outturn(version=2, spend_pence=2_098_125_000, state="final"),
        ],
        "deliverables": [report_published()],
        "governance": [meeting(), papers(), minutes()],
    }
    async with run_services(
        ["grants", "deliverables", "transparency", "governance"], postgres, tmp_path, clock
    ) as running:
        transparency = running["transparency"]
        for owner, events in facts.items():
            async with running[owner].runtime.work() as work:
                await work.record(*events)
            await running[owner].runtime.relay.drain()
        assert await transparency.runtime.consumer.drain() == sum(map(len, facts.values()))
        before = await contents(transparency)
        assert (len(before["spend_lines"]), len(before["spread_lines"])) == (5, 4)
        assert before["obligations"]
        # Which days batches speak for is rebuilt too (T-51).
        assert sum("datetime.date(2017, 6, 30)" in row for row in before["ledger_batches"]) == 1
        # So is what is on its way, and what waits (T-59).
        assert sum("datetime.date(2017, 7, 31)" in row and "None" in row for row in before["ledger_batches"]) == 1
        assert sum("datetime.date(2017, 8, 31)" in row for row in before["ledger_batches"]) == 1
        runtime = transparency.runtime
        done = await replay(
            runtime.database.session,
            "transparency",
            transparency.service.reactions,
            READ_MODELS,
            runtime.bus,
            new_id=runtime.new_id,
        )
        assert done == sum(map(len, facts.values()))
        assert await contents(transparency) == before


def test_nothing_kept_refers_to_a_row_that_a_replay_deletes() -> None:
    assert references_into(READ_MODELS) == []

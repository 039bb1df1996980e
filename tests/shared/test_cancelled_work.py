"""Work that is cancelled in the middle of a command, as when a service stops: its connection is thrown away."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from shared.database import raw_connection
from tests.harness import Running


async def test_work_cancelled_at_any_moment_ends_as_cancelled_and_leaves_the_pool_usable(transparency: Running) -> None:
    database = transparency.runtime.database
    reached = 0

    async def copy() -> None:
        nonlocal reached
        async with database.session() as session:
            connection = await raw_connection(session)
            await connection.execute("CREATE TEMPORARY TABLE kept (number bigint, words text) ON COMMIT DROP")
            async with connection.cursor() as cursor, cursor.copy("COPY kept FROM STDIN") as rows:
                for number in range(1_000_000):
                    reached = number
                    await rows.write_row((number, "words " * 50))

    for moment in range(1, 25):
        working = asyncio.create_task(copy())
        await asyncio.sleep(moment * 0.004)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
    assert reached > 0
    async with database.session() as session:
        answered = await (await session.connection()).execute(text("SELECT 1"))
        assert answered.scalar_one() == 1
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_connection_in_the_middle_of_a_command_is_thrown_away_when_its_work_is_cancelled(
    transparency: Running,
) -> None:
    """No rollback can be sent through it: that would raise in place of the cancellation, and leak the connection."""
    database = transparency.runtime.database

    async def asking() -> None:
        async with database.session() as session:
            connection = await raw_connection(session)
            connection.pgconn.send_query(b"SELECT pg_sleep(30)")
            await asyncio.sleep(30)

    working = asyncio.create_task(asking())
    await asyncio.sleep(0.2)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]

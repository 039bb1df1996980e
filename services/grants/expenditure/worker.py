"""The worker that takes in long files: claims a batch, shows progress, survives restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select, update

from services.grants.expenditure.commands import WAITING
from services.grants.expenditure.loading import load, uses_of
from services.grants.expenditure.name_findings import NamesLater, private_names
from services.grants.expenditure.parse_client import ParsingProcess
from services.grants.expenditure.profile import complete
from services.grants.expenditure.queries import profile_version
from services.grants.expenditure.reader import FileToRead
from services.grants.expenditure.reading import FileFault
from services.grants.expenditure.row_kinds import Tally
from services.grants.expenditure.settlement import fail_batch
from services.grants.expenditure.tables import ExpenditureBatch
from shared.auth import Actor
from shared.periods import london_date
from shared.service import Runtime
from shared.work import lock_key

MAX_ATTEMPTS = 3
POLL_SECONDS = 5.0
PROGRESS_SECONDS = 0.5
RETRY_SECONDS = 2.0

_NEXT = """
SELECT id FROM expenditure_batches WHERE state IN ('received', 'processing') ORDER BY created_at, id
"""
_CLAIM = """
UPDATE expenditure_batches SET state = 'processing', attempts = attempts + 1, started_at = %s, lines_read = 0,
    version = version + 1
WHERE id = %s AND state IN ('received', 'processing') RETURNING attempts
"""


async def take_in_batches(runtime: Runtime) -> None:
    """Work off waiting batches until cancelled; woken by a submission, looking every few seconds all the same."""
    async with await _connect(runtime) as connection:
        await connection.execute(f"LISTEN {WAITING}")
        while True:
            if not await _take_one(runtime, connection):
                async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                    pass


async def take_in_waiting(runtime: Runtime) -> int:
    """Work off what waits now and return how many batches that were. For tests and commands."""
    done = 0
    async with await _connect(runtime) as connection:
        while await _take_one(runtime, connection):
            done += 1
    return done


async def _connect(runtime: Runtime) -> psycopg.AsyncConnection[Any]:
    """A connection whose session locks say which batches this process works on; with it they are gone."""
    url = make_url(runtime.database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await psycopg.AsyncConnection.connect(
        url, autocommit=True, application_name="outturn expenditure worker", connect_timeout=5
    )


async def _take_one(runtime: Runtime, connection: psycopg.AsyncConnection[Any]) -> bool:
    """Claim the oldest batch nobody works on, and take it in. False where there is none."""
    cursor = await connection.execute(_NEXT)
    for (batch_id,) in await cursor.fetchall():
        key = lock_key("expenditure-batch", str(batch_id))
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))).fetchone()
        if not (row and row[0]):
            continue
        try:
            claimed = await (await connection.execute(_CLAIM, (runtime.clock(), batch_id))).fetchone()
            if claimed is None:
                # It was finished between the look and the lock.
                continue
            await _take_in(runtime, batch_id, attempts=claimed[0])
            return True
        finally:
            with suppress(psycopg.Error):
                await connection.execute("SELECT pg_advisory_unlock(%s)", (key,))
    return False


async def _take_in(runtime: Runtime, batch_id: UUID, *, attempts: int) -> None:
    log = structlog.get_logger(service=runtime.service.name, task="expenditure", batch=str(batch_id))
    progress = _Progress()
    reporting = asyncio.create_task(_report(runtime, batch_id, progress))
    try:
        try:
            await _load(runtime, batch_id, progress)
        except NamesLater as later:
            await _load(runtime, batch_id, progress, later.names)
    except FileFault as fault:
        await _fail(runtime, batch_id, {"code": fault.code, "detail": fault.detail, "line": fault.line})
    except (psycopg.OperationalError, OperationalError, OSError):
        # The database or the disk is away: that is nobody's fault and no attempt; the worker starts again.
        raise
    except Exception as error:
        log.warning(
            "batch could not be taken in", error=type(error).__name__, detail=str(error)[:500], attempts=attempts
        )
        if attempts >= MAX_ATTEMPTS:
            await _fail(
                runtime,
                batch_id,
                {"code": "internal_error", "detail": "The batch failed several times; the operators have its log."},
            )
        else:
            await asyncio.sleep(RETRY_SECONDS)
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting


async def _load(runtime: Runtime, batch_id: UUID, progress: _Progress, persons: Sequence[str] = ()) -> None:
    async with runtime.database.session() as session:
        batch = (await session.exec(select(ExpenditureBatch).where(ExpenditureBatch.id == batch_id))).one()
    actor = Actor(
        sub=batch.created_by,
        name=batch.created_by_name,
        scopes=frozenset(),
        organisations=frozenset(),
        client_only=True,
    )
    async with runtime.work(actor) as work:
        batch = (await work.session.exec(select(ExpenditureBatch).where(ExpenditureBatch.id == batch_id))).one()
        assert batch.profile_version is not None, "a file's batch has a profile"
        assert batch.file_sha256, "a file's batch has a file"
        assert batch.media_type, "a file's batch says what it is"
        assert batch.encoding, "a file's batch was read once"
        layout = complete((await profile_version(work.session, batch.source, batch.profile_version)).layout)
        mended = await work.session.get(ExpenditureBatch, batch.corrects) if batch.corrects else None
        persons = sorted({*persons, *await private_names(work.session, [batch.organisation_id])})
        parsing = ParsingProcess(
            FileToRead(
                path=str(runtime.files.path(batch.file_sha256)),
                media_type=batch.media_type,
                gzipped=batch.gzipped,
                encoding=batch.encoding,
                layout=layout,
                source=batch.source,
                # What was the future when the file was handed in does not become the past while it waits.
                today=london_date(batch.created_at).isoformat(),
                uses=await uses_of(work, layout),
                said=batch.said,
                mends=mended.header if mended else None,
                persons=persons,
                covers=_stated(batch, mended),
            ),
            progress.note,
        )
        await load(work, batch, layout, parsing.blocks(), parsing.result, persons=persons)


def _stated(batch: ExpenditureBatch, mended: ExpenditureBatch | None) -> tuple[str, str] | None:
    """The days that were said with the file. Those of the file that it corrects are inherited and not compared."""
    if batch.covers_from is None or batch.covers_to is None:
        return None
    if mended is not None and (mended.covers_from, mended.covers_to) == (batch.covers_from, batch.covers_to):
        return None
    return batch.covers_from.isoformat(), batch.covers_to.isoformat()


@dataclass
class _Progress:
    lines_read: int = 0

    def note(self, tally: Tally) -> None:
        self.lines_read = tally.received_lines


async def _report(runtime: Runtime, batch_id: UUID, progress: _Progress) -> None:
    """Show how far reading is, on a connection of its own: the load's transaction is not seen until it commits."""
    shown = 0
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        if progress.lines_read != shown:
            shown = progress.lines_read
            with suppress(Exception):
                async with runtime.database.session() as session:
                    await session.exec(
                        update(ExpenditureBatch)
                        .where(col(ExpenditureBatch.id) == batch_id, col(ExpenditureBatch.state) == "processing")
                        .values(lines_read=shown)
                    )
                    await session.commit()


async def _fail(runtime: Runtime, batch_id: UUID, failure: dict[str, Any]) -> None:
    async with runtime.work() as work:
        statement = select(ExpenditureBatch).where(ExpenditureBatch.id == batch_id).with_for_update()
        batch = (await work.session.exec(statement)).one()
        batch.state, batch.failure, batch.completed_at = "failed", failure, work.now
        batch.version += 1
        work.session.add(batch)
        await work.session.flush()
        if not batch.dry_run:
            await fail_batch(work, batch)
        work.audit("fail_expenditure", batch_id, after={"failure": failure})

"""What settles lines that did not enter the ledger: corrected one for one, decided, given up; and who hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.grants.expenditure import same_lines
from services.grants.expenditure.columns import ColumnsMissing
from services.grants.expenditure.queries import ERROR_OUTCOMES, months_of, profile_version, stored_file
from services.grants.expenditure.reader import FileToRead
from services.grants.expenditure.reading import FileFault
from services.grants.expenditure.rules import (
    DaysCovered,
    Link,
    Taken,
    chain_settled,
    complete_batch,
    hull,
    unsettled_behind,
)
from services.grants.expenditure.same_lines import Candidate, Finder, Hit, Line
from services.grants.expenditure.tables import BatchLine, ExpenditureBatch, HeldLine, LineSettlement
from shared.work import Work

T = TypeVar("T")
By = tuple[UUID, int]
"""The line that settles another: its batch and its record."""

# Every batch that a batch corrects or is corrected by, however far away.
_CHAIN = text("""
WITH RECURSIVE up AS (
    SELECT id, corrects FROM expenditure_batches WHERE id = ANY(:ids)
    UNION SELECT b.id, b.corrects FROM expenditure_batches b JOIN up ON b.id = up.corrects
), chain AS (
    SELECT id FROM up
    UNION SELECT b.id FROM expenditure_batches b JOIN chain ON b.corrects = chain.id WHERE NOT b.dry_run
)
SELECT id FROM chain
""")
_CORRECTING = text("""
WITH RECURSIVE correcting AS (
    SELECT id FROM expenditure_batches WHERE corrects = :id AND NOT dry_run
    UNION SELECT b.id FROM expenditure_batches b JOIN correcting ON b.corrects = correcting.id WHERE NOT b.dry_run
)
SELECT b.id FROM expenditure_batches b JOIN correcting USING (id) WHERE b.unsettled_lines > 0 ORDER BY b.id
""")
# A line that repeats a held one waits for the same decision.
_UNSETTLED = text("""
SELECT l.batch_id, count(*) AS lines, coalesce(sum(l.amount_pence), 0)::bigint AS pence
FROM expenditure_batch_lines l
WHERE l.batch_id = ANY(:ids) AND CASE
    WHEN l.outcome IN ('rejected', 'conflict') THEN NOT EXISTS (
        SELECT FROM line_settlements s WHERE s.batch_id = l.batch_id AND s.record = l.record)
    WHEN l.outcome = 'held' THEN NOT EXISTS (
        SELECT FROM held_lines h JOIN held_decisions d ON d.held_line_id = h.id
        WHERE h.batch_id = l.batch_id AND h.record = l.record)
    WHEN l.reasons -> 0 ->> 'code' = 'held_before' THEN NOT EXISTS (
        SELECT FROM held_decisions d WHERE d.held_line_id = (l.reasons -> 0 ->> 'held_line')::uuid)
    ELSE false END
GROUP BY l.batch_id
""")
_REPEATING = text("""
SELECT DISTINCT l.batch_id FROM expenditure_batch_lines l JOIN expenditure_batches b ON b.id = l.batch_id
WHERE l.outcome = 'duplicate' AND l.reasons IS NOT NULL AND l.line_key = ANY(:keys)
    AND b.organisation_id = :organisation AND b.source = :source
""")
_UPGRADED = text("""
SELECT id FROM expenditure_batches
WHERE unsettled_lines > 0 AND stated_unsettled = 0 AND state = 'completed' ORDER BY id LIMIT 100
""")
ROWS = 5_000


async def settle_batch(work: Work, batch: ExpenditureBatch, months: Sequence[tuple[str, int, int]]) -> int:
    """Of a batch just taken in or refused: settle what it corrects, count what is open, record what readers hear.

    Returns how many lines it settled. The caller holds the lock of organisation and source.
    """
    if batch.state != "completed":
        await _record(work, batch, Taken(batch.id, batch.organisation_id, batch.source, 0, [], announced=_told(batch)))
        return 0
    settled: set[UUID] = set()
    lines = 0
    if batch.corrects is not None:
        pairs = await _corrected(work, batch)
        settled, lines = {candidate.batch_id for candidate, _ in pairs}, len(pairs)
    await restate(work, {batch.id, *settled}, fresh=batch, months=months)
    return lines


async def fail_batch(work: Work, batch: ExpenditureBatch) -> None:
    """Who heard that the file was handed in hears that nothing of it comes."""
    await settle_batch(work, batch, [])


async def restate(
    work: Work,
    changed: Collection[UUID],
    *,
    fresh: ExpenditureBatch | None = None,
    months: Sequence[tuple[str, int, int]] = (),
) -> None:
    """Count again what of these batches is unsettled, and record once for each batch of their chains what changed.

    Their rows are locked first, which waits for whoever settles lines of the same chain.
    """
    session = work.session
    if fresh is not None and fresh.corrects is None:
        # Nothing can correct it yet.
        chain = {fresh.id: fresh}
    else:
        chain = await _locked_chain(session, changed)
    taken_up = {
        link.id for batch in chain.values() if batch.state == "completed" for link in _refused_before(batch, chain)
    }
    counted = [batch_id for batch_id in {*changed, *taken_up} if _may_wait(chain[batch_id], taken_up)]
    if fresh is not None and len(counted) == 1 and not _may_hold_any(fresh):
        counted = []
    found = await _count(session, counted) if counted else {}
    for batch_id in counted:
        batch = chain[batch_id]
        lines, pence = found.get(batch_id, (0, 0))
        if (batch.unsettled_lines, batch.unsettled_pence) != (lines, pence):
            batch.unsettled_lines, batch.unsettled_pence = lines, pence
            batch.version += 1
            session.add(batch)
    links = {batch.id: Link(batch.corrects, batch.state == "failed", batch.unsettled_lines) for batch in chain.values()}
    await session.flush()
    # What waits is heard before what no longer does, so that no reader sees a gap between the two.
    for batch in sorted(chain.values(), key=lambda one: (one is not fresh, one.id)):
        if batch.state != "completed":
            continue
        unsettled = unsettled_behind(batch.id, links)
        # What was said once of days whose lines were all settled stands; lines that came later wait by themselves.
        settled = batch.covers_stated or chain_settled(batch.id, links)
        covers = _days(batch)
        speaks = covers is not None and settled and not unsettled
        if batch is not fresh and (unsettled, speaks) == (batch.stated_unsettled, batch.covers_stated):
            continue
        taken = Taken(
            batch.id,
            batch.organisation_id,
            batch.source,
            batch.event_count,
            months if batch is fresh else await months_of(session, batch.id),
            covers=covers,
            waits=hull([_waiting(batch), *(_waiting(one) for one in _refused_before(batch, chain))]),
            unsettled=unsettled,
            chain_settled=settled,
            announced=batch is fresh and _told(batch),
            stated=batch.completed_version,
        )
        await _record(work, batch, taken)


async def decided(work: Work, lines: Sequence[HeldLine]) -> None:
    """Held lines of one batch were decided: their batch, and those that repeat them, may be settled now."""
    first = lines[0]
    affected = {first.batch_id}
    for part in _parts(sorted({line.line_key for line in lines})):
        known = {"keys": list(part), "organisation": first.organisation_id, "source": first.source}
        rows = await (await work.session.connection()).execute(_REPEATING, known)
        affected.update(row.batch_id for row in rows)
    await restate(work, affected)


async def state_upgraded(work: Work) -> None:
    """Say what is unsettled of batches that were taken in before it was counted; for the tick, safe to repeat."""
    rows = await (await work.session.connection()).execute(_UPGRADED)
    for (batch_id,) in rows.all():
        await restate(work, {batch_id})


# ---------------------------------------------------------------------- what is stated


async def _record(work: Work, batch: ExpenditureBatch, taken: Taken) -> None:
    event = complete_batch(taken)
    if event is None:
        return
    batch.completed_version = event.version
    batch.stated_unsettled, batch.covers_stated = event.unsettled_lines, event.covers_from is not None
    work.session.add(batch)
    await work.session.flush()
    await work.record(event)


def _told(batch: ExpenditureBatch) -> bool:
    """A file that the worker takes in was announced when it was handed in."""
    return batch.attempts > 0


def _days(batch: ExpenditureBatch) -> DaysCovered | None:
    if batch.covers_from is None or batch.covers_to is None:
        return None
    return DaysCovered(batch.covers_from, batch.covers_to)


def _waiting(batch: ExpenditureBatch) -> DaysCovered | None:
    """The days that wait for its lines."""
    if batch.waits_from is None or batch.waits_to is None:
        return _days(batch)
    return DaysCovered(batch.waits_from, batch.waits_to)


def _refused_before(batch: ExpenditureBatch, chain: Mapping[UUID, ExpenditureBatch]) -> Iterable[ExpenditureBatch]:
    """The files refused whole in whose place a batch came."""
    while batch.corrects is not None and (batch := chain[batch.corrects]).state == "failed":
        yield batch


def _may_wait(batch: ExpenditureBatch, taken_up: Collection[UUID]) -> bool:
    """A file refused whole counts against nothing until another comes in its place."""
    if batch.kind != "file" or batch.dry_run:
        return False
    return batch.state == "completed" or batch.id in taken_up


def _may_hold_any(batch: ExpenditureBatch) -> bool:
    return bool(batch.rejected_lines or batch.conflict_lines or batch.held_lines or batch.duplicate_lines)


async def _count(session: AsyncSession, batch_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    rows = await (await session.connection()).execute(_UNSETTLED, {"ids": list(batch_ids)})
    return {row.batch_id: (row.lines, row.pence) for row in rows}


async def _locked_chain(session: AsyncSession, batch_ids: Collection[UUID]) -> dict[UUID, ExpenditureBatch]:
    """The chains of these batches, locked in one order whoever asks. A new correction may name them meanwhile."""
    rows = await (await session.connection()).execute(_CHAIN, {"ids": list(batch_ids)})
    statement = (
        select(ExpenditureBatch)
        .where(col(ExpenditureBatch.id).in_([row.id for row in rows]))
        .order_by(col(ExpenditureBatch.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {batch.id: batch for batch in (await session.exec(statement)).all()}


# ---------------------------------------------------------------------- what corrects what


Level = tuple[Sequence[ExpenditureBatch], dict[UUID, list[BatchLine]]]
"""A batch that is corrected with those that corrected it before, and their lines that wait."""


async def _corrected(work: Work, batch: ExpenditureBatch) -> list[tuple[Candidate, By]]:
    """Settle the lines that this batch's lines correct, each by one. Stores both, and the days that wait for them.

    A file that was refused whole stands between the batch and what it was to correct itself: a line then settles its
    own there, and through it the line which that one was to correct.
    """
    session = work.session
    levels: list[Level] = []
    passed: set[UUID] = {batch.id}
    target = await session.get_one(ExpenditureBatch, batch.corrects)
    while True:
        batches, waiting = await _waiting_lines(session, target, passed)
        passed |= {one.id for one in batches}
        levels.append((batches, waiting))
        if target.state != "failed" or target.corrects is None:
            break
        target = await session.get_one(ExpenditureBatch, target.corrects)
    pairs: list[tuple[Candidate, By]] = []
    if any(waiting for _, waiting in levels):
        files = {one.id: await _file(work, one) for batches, _ in levels for one in batches}
        own = await _file(work, batch)
        finders, hits = await asyncio.to_thread(_compare, own, levels, files)
        outcomes = await _outcomes(session, batch.id, {hit.record for found in hits for hit in found})
        pairs = _through(batch.id, [batches[0].id for batches, _ in levels], finders, hits, outcomes)
        await _store(work, pairs)
    of_batch = {one.id: one for batches, _ in levels for one in batches}
    waits = hull([_days(batch), *(_waiting(of_batch[found]) for found in {one.batch_id for one, _ in pairs})])
    if waits is not None and waits != _days(batch):
        batch.waits_from, batch.waits_to = waits.first, waits.last
        session.add(batch)
    return pairs


async def _waiting_lines(session: AsyncSession, target: ExpenditureBatch, passed: Collection[UUID]) -> Level:
    rows = await (await session.connection()).execute(_CORRECTING, {"id": target.id})
    ids = [target.id, *(row.id for row in rows if row.id not in passed)]
    batches = [await session.get_one(ExpenditureBatch, batch_id) for batch_id in ids]
    settled = select(LineSettlement.record).where(
        LineSettlement.batch_id == BatchLine.batch_id, LineSettlement.record == BatchLine.record
    )
    statement = (
        select(BatchLine)
        .where(col(BatchLine.batch_id).in_(ids), col(BatchLine.outcome).in_(ERROR_OUTCOMES), ~settled.exists())
        .order_by(col(BatchLine.record))
    )
    waiting: dict[UUID, list[BatchLine]] = {}
    for line in (await session.exec(statement)).all():
        waiting.setdefault(line.batch_id, []).append(line)
    return batches, waiting


async def _file(work: Work, batch: ExpenditureBatch) -> FileToRead:
    assert batch.profile_version is not None, "only files are corrected, by files"
    assert batch.file_sha256 is not None, "a file's batch has a file"
    profile = await profile_version(work.session, batch.source, batch.profile_version)
    before = await work.session.get(ExpenditureBatch, batch.corrects) if batch.corrects else None
    return stored_file(batch, profile.layout, work.files.path(batch.file_sha256), before.header if before else None)


def _compare(
    own: FileToRead,
    levels: Sequence[Level],
    files: Mapping[UUID, FileToRead],
) -> tuple[list[Finder], list[list[Hit]]]:
    """Read the files once more, and find for each level which lines may correct which. Blocking."""
    names: same_lines.Names = {}
    read: list[list[Candidate]] = []
    for batches, waiting in levels:
        candidates: list[Candidate] = []
        for one in batches:
            lines = {line.record: line for line in waiting.get(one.id, ())}
            if lines:
                candidates += _candidates(one.id, files[one.id], lines, names)
        read.append(candidates)
    keys = own.layout["identity"]["columns"] if own.layout["identity"]["kind"] == "keyed" else []
    # The columns of the correcting file may be others; they are known once it is read.
    lines_sent = same_lines.lines_of(own, names)
    first = next(lines_sent, None)
    finders = [Finder(candidates, names, keys) for candidates in read]
    hits: list[list[Hit]] = [[] for _ in finders]
    while first is not None:
        for place, finder in enumerate(finders):
            # Numbers of a file of errors are those of the batch that is corrected, and of no other.
            line = first if place == 0 else _unmarked(first)
            hits[place] += finder.hits(line)
        first = next(lines_sent, None)
    return finders, hits


def _candidates(
    batch_id: UUID, file: FileToRead, lines: Mapping[int, BatchLine], names: same_lines.Names
) -> list[Candidate]:
    try:
        return [
            Candidate(batch_id, found.record, line.line, line.outcome, line.reasons or [], found)
            for found in same_lines.lines_of(file, names, lines)
            if (line := lines.get(found.record)) is not None
        ]
    except (FileFault, ColumnsMissing, FileNotFoundError):
        # What cannot be compared stays unsettled; a person may give it up.
        return []


def _unmarked(line: Line) -> Line:
    return Line(line.record, line.cells, line.key, None, line.missing)


def _through(
    batch_id: UUID,
    targets: Sequence[UUID],
    finders: Sequence[Finder],
    hits: Sequence[list[Hit]],
    outcomes: Mapping[int, str],
) -> list[tuple[Candidate, By]]:
    """Pairs of all levels. A line that settled one of a refused file goes on through it, and not beside it."""
    pairs: list[tuple[Candidate, By]] = []
    at: dict[int, tuple[By, Line]] = {}
    for place, (target, finder) in enumerate(zip(targets, finders, strict=True)):
        found = [hit for hit in hits[place] if hit.record not in at]
        for record, (_, line) in at.items():
            found += [hit._replace(record=record) for hit in finder.hits(line)]
        at = {record: (by, _unmarked(line)) for record, (by, line) in at.items()}
        for candidate, record in same_lines.pair(found, outcomes):
            pairs.append((candidate, at[record][0] if record in at else (batch_id, record)))
            line = candidate.content
            by = candidate.batch_id, candidate.record
            at[record] = by, line if candidate.batch_id == target else _unmarked(line)
    return pairs


async def _outcomes(session: AsyncSession, batch_id: UUID, records: Collection[int]) -> dict[int, str]:
    """Record → outcome, of those that were not accepted."""
    found: dict[int, str] = {}
    for part in _parts(sorted(records)):
        statement = select(BatchLine.record, BatchLine.outcome).where(
            BatchLine.batch_id == batch_id, col(BatchLine.record).in_(part)
        )
        found |= dict((await session.exec(statement)).all())
    return found


async def _store(work: Work, pairs: Sequence[tuple[Candidate, By]]) -> None:
    for part in _parts(pairs):
        work.session.add_all(
            LineSettlement(
                batch_id=candidate.batch_id,
                record=candidate.record,
                how="corrected",
                by_batch=by_batch,
                by_record=by_record,
                settled_at=work.now,
                settled_by=work.actor.sub,
                settled_by_name=work.actor.name or "",
            )
            for candidate, (by_batch, by_record) in part
        )
        await work.session.flush()


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """No statement names more things than this at a time."""
    return (items[start : start + ROWS] for start in range(0, len(items), ROWS))

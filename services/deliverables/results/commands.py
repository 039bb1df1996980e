"""What a person does with results: send a table of them, or one of them; every row gets an outcome."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from uuid import UUID

from services.deliverables.programme.commands import lock_programme
from services.deliverables.programme.queries import load_book, load_scheme
from services.deliverables.programme.tables import Programme
from services.deliverables.ratings.commands import Printed, rate_as_printed
from services.deliverables.ratings.queries import load_observations
from services.deliverables.results.desk import Answer, Desk, Outcome, check_colours, item_of, take_in
from services.deliverables.results.queries import locked_quarters
from services.deliverables.results.rows import Row, read_table
from services.deliverables.results.rules import Kind, Statement
from services.deliverables.results.tables import Observation, ResultsImport
from shared.periods import FinancialYear
from shared.work import Work


async def take_in_results(
    work: Work, year: FinancialYear, path: Path, sha256: str, *, as_at: date | None, kind: Kind, statement: Statement
) -> ResultsImport:
    """Take in a table of results and printed ratings; good rows are stored, every row has an outcome (D-14 to D-20).

    The same rows again change nothing. Another value for what is known needs a reason, which makes it a revision.
    """
    programme = await lock_programme(work, year)
    rows = read_table(await asyncio.to_thread(path.read_bytes), year, as_at=as_at, kind=kind, statement=statement)
    record = ResultsImport(
        id=work.new_id(),
        programme_id=programme.id,
        sha256=sha256,
        received=len(rows),
        created_at=work.now,
        created_by=work.actor.sub,
        outcomes=[],
    )
    work.session.add(record)
    await work.session.flush()
    desk = await _desk(work, programme, record.id)
    check_colours(desk, rows)
    answers = [await take_in(work, desk, row) for row in rows]
    await _rate(work, desk, answers)
    record.outcomes = [answer.as_dict() for answer in answers]
    counts = Counter(str(answer.outcome) for answer in answers)
    work.audit("take_in_results", programme.id, after={"file": sha256, "received": len(rows), "outcomes": dict(counts)})
    return record


async def report_result(work: Work, programme: Programme, row: Row) -> Answer:
    """Take in one result, by the same rules as a row of a table."""
    desk = await _desk(work, programme, None)
    answer = await take_in(work, desk, row)
    work.audit("report_result", programme.id, after={"ref": row.ref, "part": row.part, "outcome": answer.outcome})
    return answer


async def _desk(work: Work, programme: Programme, import_id: UUID | None) -> Desk:
    book = await load_book(work.session, programme)
    _, scheme = await load_scheme(work.session, programme)
    accepted: dict[UUID, list[Observation]] = defaultdict(list)
    known: dict[UUID, list[Observation]] = defaultdict(list)
    for observation in await load_observations(work.session, book, revised=True):
        known[observation.target_part_id].append(observation)
        if observation.state == "accepted":
            accepted[observation.target_part_id].append(observation)
    locked = await locked_quarters(work.session, programme)
    return Desk(programme, book, scheme, locked, accepted, known, import_id)


async def _rate(work: Work, desk: Desk, answers: Sequence[Answer]) -> None:
    """Keep the printed ratings: one for each reference and quarter of which a row came in (D-30)."""
    printed: dict[tuple[str, str], Printed] = {}
    for answer in answers:
        row = answer.row
        if answer.outcome is Outcome.REJECTED or (row.colour is None and row.missing_reason is None):
            continue
        assert row.period is not None
        rating = Printed(row.colour, row.missing_reason, row.source, row.reason)
        printed.setdefault((row.ref, row.period.slug), rating)
    faults = await rate_as_printed(work, desk.programme, printed)
    for answer in answers:
        key = (answer.row.ref, answer.row.period.slug if answer.row.period else "")
        if key in faults and answer.outcome is not Outcome.REJECTED:
            code, detail = faults[key]
            answer.items.append(item_of(answer.row, code, "rag_as_printed", detail))

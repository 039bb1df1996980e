"""What people do with pay runs: make one, approve it as a second person, run it again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.transparency import queries as publishers
from services.transparency.methodology import completed
from services.transparency.pay import queries, rules
from services.transparency.pay.reader import read_pay_list
from services.transparency.pay.tables import PayRerun, PayRun, PayRunEntry
from services.transparency.people import queries as people
from services.transparency.people.rules import NoStaffList
from services.transparency.people.staff import Staff
from services.transparency.tables import Organisation
from shared.periods import FinancialYear
from shared.work import Work, four_eyes


async def make_pay_run(work: Work, publisher: str, day: date, further_factors: Sequence[str]) -> PayRun:
    """Make an anonymous pay list of a pay date from its staff list, and work out the multiple."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    staff_list = await people.newest_list(work.session, organisation.organisation_id, day)
    if staff_list is None:
        raise NoStaffList(
            f"No staff list of {publisher} is as at {day.isoformat()}; import one at /v1/posts/imports, or send the "
            "pay list to /v1/pay-runs/imports."
        )
    rows = await people.staff_of(work.session, staff_list.list_id)
    return await _make(work, organisation, day, rows, further_factors, staff_list.list_id)


async def import_pay_list(
    work: Work, publisher: str, day: date, *, path: Path, media_type: str, sha256: str, further_factors: Sequence[str]
) -> PayRun:
    """The same from anonymous pay entries that were sent."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    rows = await asyncio.to_thread(read_pay_list, await asyncio.to_thread(path.read_bytes), media_type)
    await work.forget_file(sha256)
    return await _make(work, organisation, day, rows, further_factors, None)


async def approve_pay_run(work: Work, pay_run_id: UUID) -> PayRun:
    """Approve a run that another person made; only an approved one is published."""
    run, organisation = await queries.pay_run(work, pay_run_id, lock=True)
    work.may_write_for(organisation.slug)
    differing = await _differing(work, run)
    rules.refuse_approval(run.state, same=not differing)
    four_eyes(work.actor, run.made_by, code="four_eyes")
    run.state, run.approved_by, run.approved_at = "approved", work.actor.sub, work.now
    run.row_version += 1
    work.audit("approve_pay_run", pay_run_id, before={"state": "made"}, after={"state": "approved"})
    return run


async def rerun_pay_run(work: Work, pay_run_id: UUID) -> PayRerun:
    """Work out a run again from its restricted list: the same figures, or which differ."""
    run, organisation = await queries.pay_run(work, pay_run_id)
    work.may_write_for(organisation.slug)
    differing = await _differing(work, run)
    rerun = PayRerun(
        rerun_id=work.new_id(),
        pay_run_id=pay_run_id,
        same=not differing,
        differs_in=differing,
        run_by=work.actor.sub,
        run_at=work.now,
    )
    work.session.add(rerun)
    work.audit("rerun_pay_run", pay_run_id, after={"same": rerun.same, "differs_in": differing})
    return rerun


async def _make(
    work: Work,
    organisation: Organisation,
    day: date,
    rows: Sequence[Staff],
    further_factors: Sequence[str],
    list_id: UUID | None,
) -> PayRun:
    methodology = await people.methodology_of(work.session, organisation.organisation_id, FinancialYear.of(day))
    method = queries.method_of(completed(methodology.parameters))
    found = rules.pay_list(rows, day, method)
    figures = queries.figures_of(found.entries)
    shown = rules.multiple(found.entries, method.basis)
    await work.lock("pay run", str(organisation.organisation_id))
    newest = await queries.newest_run(work.session, organisation.organisation_id, day)
    run = PayRun(
        pay_run_id=work.new_id(),
        organisation_id=organisation.organisation_id,
        pay_date=day,
        version=newest.version + 1 if newest else 1,
        state="made",
        source="pay_list" if list_id is None else "staff_list",
        list_id=list_id,
        methodology=methodology.number,
        population=method.population,
        basis=method.basis,
        agency_in_population=method.agency_in_population,
        further_factors=sorted(set(further_factors)),
        employees=shown.n,
        highest_pence=shown.highest_pence,
        median_pence=shown.median_pence,
        ratio_hundredths=shown.ratio,
        figures=figures,
        left_out=dict(found.left_out),
        entries_sha256=queries.digest(found.entries),
        made_by=work.actor.sub,
        made_at=work.now,
    )
    work.session.add(run)
    await work.session.flush()
    entries: list[dict[str, Any]] = [
        {"pay_run_id": run.pay_run_id, "number": number, **asdict(entry)}
        for number, entry in enumerate(found.entries, start=1)
    ]
    await work.session.exec(insert(PayRunEntry), params=entries)
    work.audit(
        "make_pay_run",
        run.pay_run_id,
        after={"publisher": organisation.slug, "pay_date": day, "version": run.version, "employees": run.employees},
    )
    return run


async def _differing(work: Work, run: PayRun) -> list[str]:
    """What of a run its restricted list does not make any more; nothing where it is whole."""
    entries = await queries.entries_of(work.session, run.pay_run_id)
    differing = [] if queries.digest(entries) == run.entries_sha256 else ["entries"]
    try:
        figures = queries.figures_of(entries)
    except rules.NobodyCounts:
        return [*differing, "employees"]
    before, after = run.figures[run.basis], figures[run.basis]
    return [*differing, *(name for name in after if before.get(name) != after[name])]

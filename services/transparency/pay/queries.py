"""Read-only selects about pay runs, and their figures as they are stored and shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency import queries as publishers
from services.transparency.pay.rules import BASES, Method, Multiple, NoSuchPayRun, PayEntry, multiple, two_places
from services.transparency.pay.tables import PayRun, PayRunEntry
from services.transparency.people.queries import newest_list
from services.transparency.tables import Organisation
from shared.work import Work

ENTRY_FIELDS = {field.name for field in fields(PayEntry)}


async def pay_run(work: Work, pay_run_id: UUID, *, lock: bool = False) -> tuple[PayRun, Organisation]:
    """A run of a publisher that the token may see."""
    statement = select(PayRun).where(col(PayRun.pay_run_id) == pay_run_id)
    found = (await work.session.exec(statement.with_for_update() if lock else statement)).one_or_none()
    organisation = await publishers.organisation(work.session, found.organisation_id) if found else None
    if found is None or organisation is None or not publishers.may_see(work, organisation.slug):
        raise NoSuchPayRun("There is no such pay run; /v1/pay-runs lists those of a publisher.")
    return found, organisation


async def entries_of(session: AsyncSession, pay_run_id: UUID) -> list[PayEntry]:
    """The restricted list of a run, in its order."""
    found = await session.exec(
        select(PayRunEntry).where(col(PayRunEntry.pay_run_id) == pay_run_id).order_by(col(PayRunEntry.number))
    )
    return [PayEntry(**entry.model_dump(include=ENTRY_FIELDS)) for entry in found.all()]


async def newest_run(
    session: AsyncSession, organisation_id: UUID, pay_date: date, *, approved: bool = False
) -> PayRun | None:
    statement = select(PayRun).where(col(PayRun.organisation_id) == organisation_id, col(PayRun.pay_date) == pay_date)
    if approved:
        statement = statement.where(col(PayRun.state) == "approved")
    return (await session.exec(statement.order_by(col(PayRun.version).desc()).limit(1))).first()


def method_of(parameters: Mapping[str, Any]) -> Method:
    """What a methodology says about the pay multiple."""
    return Method(
        population=parameters["pay_population"],
        basis=parameters["pay_basis"],
        agency_in_population=parameters["agency_in_population"],
    )


def figures_of(entries: Sequence[PayEntry]) -> dict[str, Any]:
    """The figures of every basis, as JSON."""
    return {basis: as_figures(multiple(entries, basis)) for basis in BASES}


def as_figures(found: Multiple) -> dict[str, Any]:
    return {
        "employees": found.n,
        "highest_pence": found.highest_pence,
        "median_pence": found.median_pence,
        "ratio": two_places(found.ratio),
        "median_ranks": list(found.median_ranks),
        "mean_pence": found.mean_pence,
        "mean_ratio": found.ratio_to(found.mean_pence),
        "lowest_pence": found.lowest_pence,
        "lowest_ratio": found.ratio_to(found.lowest_pence),
    }


def digest(entries: Sequence[PayEntry]) -> str:
    """Fingerprint of a restricted list."""
    return hashlib.sha256(json.dumps([asdict(entry) for entry in entries], sort_keys=True).encode()).hexdigest()


async def list_changed_since(session: AsyncSession, run: PayRun) -> bool:
    """Whether the staff list that a run was made from has a newer version."""
    if run.list_id is None:
        return False
    newest = await newest_list(session, run.organisation_id, run.pay_date)
    return newest is not None and newest.list_id != run.list_id

"""One function per thing a person can do here: define a source's layout, send a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from services.grants import queries as grants
from services.grants.expenditure.faults import ControlTotalMismatch, LinesRejected, NotCorrectable, PeriodNeeded
from services.grants.expenditure.identities import (
    changed_part,
    content_hash,
    identify_again,
    line_identified_otherwise,
)
from services.grants.expenditure.loading import load, uses_of
from services.grants.expenditure.name_findings import private_names
from services.grants.expenditure.profile import SourceProfile as ProfileBody
from services.grants.expenditure.profile import complete
from services.grants.expenditure.queries import latest_profile, lines_exist
from services.grants.expenditure.reader import FileToRead
from services.grants.expenditure.reading import FileFault
from services.grants.expenditure.receiving import look, media_of, refused
from services.grants.expenditure.rules import (
    DaysCovered,
    announce_batch,
    days_covered,
    fix_identity,
    last_day_of,
    refuse_other_identity,
)
from services.grants.expenditure.tables import ExpenditureBatch, SourceProfile
from shared.errors import NotFound
from shared.http import Upload
from shared.periods import london_date
from shared.work import Work

WAITING = "expenditure_waiting"
"""PostgreSQL channel on which the worker hears of batches."""


async def define_profile(work: Work, body: ProfileBody) -> SourceProfile:
    """A new version of a source's layout; the first makes the source."""
    await work.lock("source-profile", body.name)
    before = await latest_profile(work.session, body.name)
    layout = body.model_dump(mode="json", exclude={"name"})
    exist = before is not None and await lines_exist(work.session, body.name)
    layout = fix_identity(layout, before.layout if before else None, lines_exist=exist)
    if before is not None and exist:
        await _keep_identities(work, body.name, layout, complete(before.layout))
    profile = SourceProfile(
        name=body.name,
        version=before.version + 1 if before else 1,
        layout=layout,
        created_at=work.now,
        created_by=work.actor.sub,
    )
    work.session.add(profile)
    await work.session.flush()
    work.audit("define_source_profile", f"{profile.name} v{profile.version}", after={"layout": profile.layout})
    return profile


async def _keep_identities(work: Work, source: str, layout: dict[str, Any], before: dict[str, Any]) -> None:
    """Refuse a layout that takes any stored line for another; where it may, every stored file is read through it."""
    pointer = changed_part(layout, before)
    if pointer is None:
        return
    await identify_again(work, source)
    found = await line_identified_otherwise(work, source, layout)
    if found is not None:
        refuse_other_identity(
            pointer, batch_id=found.batch_id, sent_on=found.sent_at, record=found.record, line=found.line
        )


@dataclass(frozen=True)
class Submission:
    """What goes with a file: whose it is, how it is laid out, and what is to become of it."""

    organisation: str
    profile: str
    on_error: str = "quarantine"
    corrects: UUID | None = None
    covers: tuple[date | None, date | None] = (None, None)
    dry_run: bool = False
    expected_lines: int | None = None
    expected_total_pence: int | None = None
    period: str | None = None

    @property
    def covers_as_stated(self) -> tuple[str, str] | None:
        """The days that this request states: what is inherited from a file that is corrected says nothing about it."""
        first, last = self.covers
        return (first.isoformat(), last.isoformat()) if first and last else None


async def submit_batch(work: Work, upload: Upload, given: Submission) -> ExpenditureBatch:
    """Take a file in at once where it is short; else leave it to the worker. A file that cannot be read is refused."""
    work.may_write_for(given.organisation)
    owner = await grants.organisation_by_slug(work.session, given.organisation)
    if owner is None:
        raise NotFound("No organisation has this slug; register it first.", parameter="organisation")
    profile = await latest_profile(work.session, given.profile)
    if profile is None:
        raise NotFound("No source profile has this name; create it first.", parameter="profile")
    days = days_covered(*given.covers, london_date(work.now))
    mended = await _check_correction(work, given, owner.id)
    if mended is not None and days is None:
        # What corrects a file makes it whole, so it covers the same days.
        days = await _days_of(work, mended)
    media_type, gzipped = media_of(upload)
    layout = complete(profile.layout)
    seen = await asyncio.to_thread(
        look,
        FileToRead(
            path=str(upload.path),
            media_type=media_type,
            gzipped=gzipped,
            encoding="utf-8",
            layout=layout,
            source=given.profile,
            today=london_date(work.now).isoformat(),
            uses=await uses_of(work, layout),
            said=said_of(layout, given.period, mended),
            mends=mended.header if mended else None,
            persons=await private_names(work.session, [owner.id]),
            covers=given.covers_as_stated,
        ),
    )
    batch = ExpenditureBatch(
        id=work.new_id(),
        organisation_id=owner.id,
        source=given.profile,
        profile_version=profile.version,
        state="received",
        on_error=given.on_error,
        corrects=given.corrects,
        covers_from=days.first if days else None,
        covers_to=days.last if days else None,
        dry_run=given.dry_run,
        expected_lines=given.expected_lines,
        expected_total_pence=given.expected_total_pence,
        period=given.period or (mended.period if mended else None),
        said={name: _storable(text) for name, text in seen.said.items()},
        file_sha256=upload.sha256,
        content_sha256=await content_hash(upload.path, gzipped) if gzipped else upload.sha256,
        size_bytes=upload.size,
        media_type=media_type,
        gzipped=gzipped,
        encoding=seen.encoding,
        header=[_storable(name) for name in seen.header],
        created_at=work.now,
        created_by=work.actor.sub,
        created_by_name=work.actor.name or "",
    )
    work.session.add(batch)
    await work.session.flush()
    if seen.tally is None:
        connection = await work.session.connection()
        await connection.execute(text(f"NOTIFY {WAITING}"))
        if not batch.dry_run:
            await work.record(announce_batch(batch.id, owner.id, batch.source, days))
        work.audit("submit_expenditure", batch.id, after={"sha256": batch.file_sha256, "state": "received"})
        return batch
    tally = seen.tally
    batch.started_at = work.now
    try:
        await load(work, batch, layout, _only(seen.rows), lambda: tally)
    except FileFault as fault:
        raise refused(fault) from fault
    await _refuse_failed(work, batch)
    return batch


async def _refuse_failed(work: Work, batch: ExpenditureBatch) -> None:
    """The refusal of a file of which nothing was taken in. The failed batch and its original are kept.

    Committed here and not at the edge: what is refused rolls back, and this batch is to stay as the proof of it.
    """
    if batch.state != "failed" or batch.failure is None:
        return
    failure = batch.failure
    href = f"{work.base_url}/v1/expenditure-batches/{batch.id}"
    figures = {name: value for name, value in failure.items() if name not in ("code", "detail")}
    await work.commit()
    told: dict[str, Any] = {
        "extra": {**figures, "batch": href},
        "headers": {"Link": f'<{href}>; rel="related"'},
    }
    if failure["code"] == ControlTotalMismatch.code:
        parameter = "expected_lines" if "expected_lines" in figures else "expected_total_pence"
        raise ControlTotalMismatch(failure["detail"], parameter=parameter, **told)
    raise LinesRejected(failure["detail"], parameter="on_error", **told)


async def _check_correction(work: Work, given: Submission, organisation_id: UUID) -> ExpenditureBatch | None:
    if given.corrects is None:
        return None
    statement = select(ExpenditureBatch).where(col(ExpenditureBatch.id) == given.corrects)
    target = (await work.session.exec(statement)).one_or_none()
    if target is None or target.organisation_id != organisation_id:
        raise NotFound("The organisation has no batch of this id.", parameter="corrects")
    if target.kind != "file":
        raise NotCorrectable("That batch is an act by hand; no file mends it, a correction does.", parameter="corrects")
    if target.source != given.profile:
        raise NotCorrectable("That batch came through another profile; use the same.", parameter="corrects")
    if target.dry_run:
        raise NotCorrectable("That batch was a trial; send its file mended, without corrects.", parameter="corrects")
    if target.state not in ("completed", "failed"):
        raise NotCorrectable("That batch is still being taken in; wait until it is completed.", parameter="corrects")
    return target


async def _days_of(work: Work, corrected: ExpenditureBatch) -> DaysCovered | None:
    """The days of the file that is corrected; past files of which no line is known, for nothing can settle those."""
    while corrected.state == "failed" and not corrected.received_lines:
        if corrected.corrects is None:
            return None
        corrected = await work.session.get_one(ExpenditureBatch, corrected.corrects)
    if corrected.covers_from is None or corrected.covers_to is None:
        return None
    return DaysCovered(corrected.covers_from, corrected.covers_to)


def said_of(layout: dict[str, Any], period: str | None, mended: ExpenditureBatch | None) -> dict[str, str]:
    """What is said once a file, by field: by the parameter, or by the file whose errors this one mends."""
    said = dict(mended.said) if mended else {}
    fields = [name for name, source in layout["fields"].items() if source and source["parameter"] == "period"]
    if period is not None and not fields:
        raise PeriodNeeded("The profile reads no field from the period; leave it out.", parameter="period")
    if period is not None:
        said |= dict.fromkeys(fields, last_day_of(period).isoformat())
    elif any(name not in said for name in fields):
        raise PeriodNeeded(
            "The file holds no day, so say what it is for: period=2017-04, 2017-18-q1, 2017-18 or a day.",
            parameter="period",
        )
    return said


def _storable(name: str) -> str:
    """A header's name as the database can hold it: JSON may name a column by half a character, or by NUL."""
    return name.encode(errors="replace").decode().replace("\x00", "")


async def _only(rows: str) -> AsyncIterator[bytes]:
    if rows:
        yield rows.encode()

"""Routes of source profiles, expenditure batches, the ledger and held lines."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from starlette.responses import FileResponse

from services.grants.expenditure import commands, queries
from services.grants.expenditure.json_records import JSON_LINES
from services.grants.expenditure.names import SEES_NAMES
from services.grants.expenditure.shapes import (
    BatchShape,
    LineShape,
    UnidentifiedShape,
    batch_shape,
    line_shape,
    unidentified_shape,
)
from services.grants.expenditure.sheets import sheet
from services.grants.expenditure.tables import ExpenditureBatch, UnidentifiedLine
from services.grants.organisations.tables import Organisation
from shared.errors import NotFound
from shared.fields import Day
from shared.http import UPLOAD, Reads, ReceivedFile, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_response, wants_csv
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["expenditure"])

READERS = ("grants:finance", "grants:manager", "grants:cfo", "grants:approver", "grants:read")

Definer = Annotated[Work, Writes("grants:finance", "grants:manager")]
Submitter = Annotated[Work, Writes("expenditure:submit")]
BatchReader = Annotated[Work, Reads("expenditure:submit", *READERS)]
FileReader = Annotated[Work, Reads("expenditure:submit", *SEES_NAMES)]
"""What was sent holds every name: it goes to who sends for that organisation, and to those who see names."""
ENDINGS = {"application/json": "json", "text/plain": "txt", "text/tab-separated-values": "tsv"} | dict.fromkeys(
    JSON_LINES, "jsonl"
)
LedgerReader = Annotated[Work, Reads(*READERS)]
Unsettled = Annotated[
    bool | None, Query(description="Only lines that are still to be corrected, decided or given up; or only others.")
]
Outcome = Literal["accepted", "duplicate", "conflict", "rejected", "held"]


@router.post(
    "/v1/expenditure-batches",
    status_code=201,
    openapi_extra={
        **UPLOAD,
        "requestBody": {
            "required": True,
            "description": "The export as its system wrote it: CSV of any layout, JSON, or JSON Lines with one object a"
            " line. `Content-Encoding: gzip` is taken, and a file sent as `application/gzip`.",
            "content": {
                "text/csv": {"schema": {"type": "string", "format": "binary"}},
                "application/x-ndjson": {"schema": {"type": "string", "format": "binary"}},
                "application/gzip": {"schema": {"type": "string", "format": "binary"}},
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["lines"],
                        "properties": {"lines": {"type": "array", "items": {"type": "object"}}},
                    }
                },
            },
        },
    },
    responses={202: {"model": BatchShape, "description": "More than 1,000 lines: taken in by and by; ask again."}},
)
async def submit_expenditure_batch(
    work: Submitter,
    response: Response,
    upload: ReceivedFile,
    organisation: Annotated[Slug, Query(description="Slug of the publisher whose ledger it is.")],
    profile: Annotated[Slug, Query(description="Name of the source profile.")],
    on_error: Annotated[
        Literal["quarantine", "reject_batch"],
        Query(
            description="What a rejected line does to the others: nothing, or it keeps all of them out (409, the batch"
            " is kept as failed). A line in conflict with what is stored stays out alone."
        ),
    ] = "quarantine",
    corrects: Annotated[
        UUID | None,
        Query(
            description="Batch whose rejected lines and conflicts this file corrects. Each of its lines settles at most"
            " one of them, known again by the `record` of the returned errors.csv, by its key, or by the cells that had"
            " no fault."
        ),
    ] = None,
    covers_from: Annotated[
        Day | None,
        Query(
            description="First day of payment that the file is meant to cover. State both days: only then can what is "
            "published say that a month is complete, and a file without lines that nothing was paid. Rejected lines "
            "and conflicts count against it until each is corrected one for one or given up, held ones until decided."
            " The days in the file are compared with them: it is refused where none lies inside, or nearly all would if"
            " day and month were exchanged, the year were another, or day numbers were those of 1904; some days outside"
            " are a finding."
        ),
    ] = None,
    covers_to: Annotated[Day | None, Query(description="Last day of payment that the file is meant to cover.")] = None,
    dry_run: Annotated[
        bool, Query(description="Try the file: the whole account is answered, and no line, held line or event is kept.")
    ] = False,
    expected_lines: Annotated[
        int | None,
        Query(ge=0, le=2**31 - 1, description="Lines that the file should hold; another number refuses it whole."),
    ] = None,
    expected_total_pence: Annotated[
        int | None,
        Query(ge=-(10**15), le=10**15, description="Sum of the amounts that the file should hold, in pence."),
    ] = None,
    period: Annotated[
        str | None,
        Query(
            max_length=10,
            pattern=r"^[0-9]{4}[-/][0-9q-]{1,7}$",
            description="What a file without days is for, where the profile says so: a day, a month `2017-04`, a"
            " quarter `2017-18-q1` or a year `2017/18`.",
        ),
    ] = None,
) -> BatchShape:
    """Take in a finance export. Up to 1,000 lines are answered at once, with what became of each.

    Every line gets one outcome: accepted, duplicate, conflict, rejected or held; in lines and in pence they add up to
    what was received. `errors.csv` gives the rejected ones back with their reasons, to mend and send with `corrects`.
    """
    batch = await commands.submit_batch(
        work,
        upload,
        commands.Submission(
            organisation=organisation,
            profile=profile,
            on_error=on_error,
            corrects=corrects,
            covers=(covers_from, covers_to),
            dry_run=dry_run,
            expected_lines=expected_lines,
            expected_total_pence=expected_total_pence,
            period=period,
        ),
    )
    if batch.state == "received":
        response.status_code = 202
    work.headers["Location"] = f"{work.base_url}/v1/expenditure-batches/{batch.id}"
    return batch_shape(batch, organisation, work.base_url)


@router.get("/v1/expenditure-batches")
async def list_expenditure_batches(
    work: BatchReader,
    paging: Paging,
    organisation: Slug | None = None,
    profile: Slug | None = None,
    kind: Annotated[
        Literal["file", "entry", "reversal", "correction", "decision"] | None,
        Query(description="A file, or an act by hand."),
    ] = None,
    state: Literal["received", "processing", "completed", "failed"] | None = None,
    sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Hash of the original.")] = None,
    unsettled: Annotated[
        bool | None, Query(description="Files with lines that are still to be corrected, decided or given up.")
    ] = None,
) -> Page[BatchShape]:
    """Batches in the order in which they were sent."""
    statement: Any = select(ExpenditureBatch, Organisation.slug).join(
        Organisation, col(Organisation.id) == col(ExpenditureBatch.organisation_id)
    )
    if work.actor.organisations is not None:
        statement = statement.where(col(Organisation.slug).in_(work.actor.organisations))
    if organisation is not None:
        statement = statement.where(Organisation.slug == organisation)
    if profile is not None:
        statement = statement.where(ExpenditureBatch.source == profile)
    if kind is not None:
        statement = statement.where(ExpenditureBatch.kind == kind)
    if state is not None:
        statement = statement.where(ExpenditureBatch.state == state)
    if sha256 is not None:
        statement = statement.where(ExpenditureBatch.file_sha256 == sha256)
    if unsettled is not None:
        waiting = col(ExpenditureBatch.unsettled_lines) > 0
        statement = statement.where(waiting if unsettled else ~waiting)
    return await paginate(
        work,
        statement,
        order=(ExpenditureBatch.id,),
        paging=paging,
        shape=lambda row: batch_shape(row[0], row[1], work.base_url),
    )


@router.get("/v1/expenditure-batches/{batch_id}")
async def read_expenditure_batch(work: BatchReader, batch_id: UUID) -> BatchShape:
    """A batch, its progress, and the account of its lines."""
    batch, slug = await _batch(work, batch_id)
    work.etag(f"{batch.version}-{batch.lines_read}")
    return batch_shape(batch, slug, work.base_url)


@router.get("/v1/expenditure-batches/{batch_id}/lines.csv", include_in_schema=False, response_model=Page[LineShape])
@router.get("/v1/expenditure-batches/{batch_id}/lines", response_model=Page[LineShape])
async def list_batch_lines(
    work: BatchReader,
    request: Request,
    paging: Paging,
    batch_id: UUID,
    outcome: Outcome | None = None,
    unsettled: Unsettled = None,
) -> Page[LineShape] | Response:
    """Every line of a batch with its outcome, in the order of the file; CSV in pounds by `.csv` or `Accept`."""
    await _batch(work, batch_id)
    lines, statement = queries.batch_lines(batch_id, (outcome,) if outcome else None, unsettled=unsettled)
    # Who sends for the organisation knows the names in its file.
    names = _sees_names(work) or work.actor.may("expenditure:submit")
    page = await paginate(
        work, statement, order=(lines.c.record,), paging=paging, shape=lambda row: line_shape(row, names=names)
    )
    if not wants_csv(request):
        return page
    return csv_response(sheet(LineShape, page.items), f"lines-{batch_id}.csv")


@router.get("/v1/expenditure-batches/{batch_id}/errors")
async def list_batch_errors(
    work: FileReader, paging: Paging, batch_id: UUID, unsettled: Unsettled = None
) -> Page[LineShape]:
    """Rejected lines and conflicts, each with every reason, and what settled it."""
    await _batch(work, batch_id)
    lines, statement = queries.batch_lines(batch_id, queries.ERROR_OUTCOMES, unsettled=unsettled)
    return await paginate(
        work, statement, order=(lines.c.record,), paging=paging, shape=lambda row: line_shape(row, names=True)
    )


@router.get("/v1/expenditure-batches/{batch_id}/errors.csv", response_class=Response)
async def download_batch_errors(work: FileReader, batch_id: UUID, unsettled: Unsettled = None) -> Response:
    """The same lines as they were sent, with their reasons: correct them and send the file with `corrects`.

    The columns of the original, then `outcome`, `reasons`, `record` and `line`. Leave these as they are: when they come
    back, they say which line each one corrects.

    UTF-8, with a byte order mark where it holds more than ASCII; divided by commas, or by semicolons or tabs where the
    original is. Numbers that a spreadsheet would rewrite, such as `0001`, stand as `="0001"`, which is read back as
    what it was. Blank cells that the profile fills down are filled. A file of JSON comes as CSV with a column a name.
    """
    batch, sha256 = await _file_batch(work, batch_id)
    assert batch.profile_version is not None
    profile = await queries.profile_version(work.session, batch.source, batch.profile_version)
    errors = await queries.errors_by_record(work.session, batch.id, unsettled=unsettled)
    path = work.files.path(sha256)
    mended = await work.session.get(ExpenditureBatch, batch.corrects) if batch.corrects else None
    mends = mended.header if mended else None
    data = await asyncio.to_thread(queries.errors_csv, batch, profile.layout, path, errors, mends)
    return csv_response(data, f"errors-{batch.id}.csv")


@router.get("/v1/expenditure-batches/{batch_id}/original", response_class=Response)
async def download_batch_original(work: FileReader, batch_id: UUID) -> Response:
    """The file, byte for byte as it was sent."""
    batch, sha256 = await _file_batch(work, batch_id)
    work.etag(sha256)
    assert batch.media_type is not None
    ending = ENDINGS.get(batch.media_type, "csv") + (".gz" if batch.gzipped else "")
    return FileResponse(
        work.files.path(sha256),
        media_type="application/gzip" if batch.gzipped else batch.media_type,
        filename=f"{batch.id}.{ending}",
    )


@router.get("/v1/unidentified-lines")
async def list_unidentified_lines(
    work: LedgerReader, paging: Paging, organisation: Slug | None = None, profile: Slug | None = None
) -> Page[UnidentifiedShape]:
    """Stored lines whose identity an upgrade could not tell from their originals, each with what to do.

    They keep the identity they had. Compare before a file that holds them is sent again: it may count them as new.
    """
    statement = queries.unidentified_lines(work.actor.organisations)
    if organisation is not None:
        statement = statement.where(Organisation.slug == organisation)
    if profile is not None:
        statement = statement.where(ExpenditureBatch.source == profile)
    return await paginate(
        work,
        statement,
        order=(UnidentifiedLine.batch_id, UnidentifiedLine.record),
        paging=paging,
        shape=lambda row: unidentified_shape(row[0], row[1], row[2], work.base_url),
    )


async def _batch(work: Work, batch_id: UUID) -> tuple[ExpenditureBatch, str]:
    found = await queries.batch_of(work.session, batch_id, work.actor.organisations)
    if found is None:
        raise NotFound("There is no batch of this id that you may see.")
    return found


async def _file_batch(work: Work, batch_id: UUID) -> tuple[ExpenditureBatch, str]:
    batch, _ = await _batch(work, batch_id)
    if batch.file_sha256 is None:
        raise NotFound("The batch is an act by hand and has no file; see its lines.")
    return batch, batch.file_sha256


def _sees_names(work: Work) -> bool:
    return work.actor.may(*SEES_NAMES)

"""Routes of source profiles, expenditure batches, the ledger and held lines."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlmodel import col, select
from starlette.responses import FileResponse

from services.grants import queries as grants
from services.grants.expenditure import commands, queries
from services.grants.expenditure.profile import SourceProfile as ProfileBody
from services.grants.expenditure.shapes import (
    BatchShape,
    EntryShape,
    HeldShape,
    LineShape,
    ProfileShape,
    batch_shape,
    entry_shape,
    held_shape,
    line_shape,
)
from services.grants.expenditure.sheets import sheet
from services.grants.expenditure.tables import ExpenditureBatch, HeldLine, LedgerEntry, SourceProfile
from services.grants.faults import year_of
from services.grants.organisations.tables import Organisation
from shared.errors import NotFound
from shared.http import UPLOAD, Reads, ReceivedFile, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import Quarter
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.values import QuarterSlug, Slug
from shared.work import Work

router = Routes(tags=["expenditure"])

READERS = ("grants:finance", "grants:manager", "grants:cfo", "grants:approver", "grants:read")
SEES_NAMES = ("grants:finance", "grants:cfo")
"""Scopes that see the names of individuals, staff and payees of unknown kind."""

Definer = Annotated[Work, Writes("grants:finance", "grants:manager")]
Submitter = Annotated[Work, Writes("expenditure:submit")]
BatchReader = Annotated[Work, Reads("expenditure:submit", *READERS)]
FileReader = Annotated[Work, Reads("expenditure:submit", *SEES_NAMES)]
"""What was sent holds every name: it goes to who sends for that organisation, and to those who see names."""
LedgerReader = Annotated[Work, Reads(*READERS)]
Outcome = Literal["accepted", "duplicate", "conflict", "rejected", "held"]


@router.post("/v1/source-profiles", status_code=201)
async def define_source_profile(work: Definer, body: ProfileBody) -> ProfileShape:
    """Describe a source's layout, or its next version. A new layout needs no code."""
    profile = await commands.define_profile(work, body)
    work.etag(profile.version)
    work.headers["Location"] = f"{work.base_url}/v1/source-profiles/{profile.name}"
    return ProfileShape.model_validate(profile)


@router.get("/v1/source-profiles")
async def list_source_profiles(work: BatchReader, paging: Paging, name: Slug | None = None) -> Page[ProfileShape]:
    """Every version of every profile, in the order of names."""
    statement = select(SourceProfile)
    if name is not None:
        statement = statement.where(SourceProfile.name == name)
    return await paginate(
        work,
        statement,
        order=(SourceProfile.name, SourceProfile.version),
        paging=paging,
        shape=ProfileShape.model_validate,
    )


@router.get("/v1/source-profiles/{name}")
async def read_source_profile(
    work: BatchReader, name: str, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> ProfileShape:
    """A profile's latest version, or the one named."""
    if version is None:
        profile = await queries.latest_profile(work.session, name)
    else:
        profile = await work.session.get(SourceProfile, (name, version))
    if profile is None:
        raise NotFound("There is no such profile or version; see the list.")
    work.etag(profile.version)
    return ProfileShape.model_validate(profile)


@router.post(
    "/v1/expenditure-batches",
    status_code=201,
    openapi_extra={
        **UPLOAD,
        "requestBody": {
            "required": True,
            "description": "The export as its system wrote it; `Content-Encoding: gzip` is taken.",
            "content": {
                "text/csv": {"schema": {"type": "string", "format": "binary"}},
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
        Literal["quarantine", "reject_batch"], Query(description="What a faulty line does to the others.")
    ] = "quarantine",
    corrects: Annotated[UUID | None, Query(description="Batch whose rejected lines this file mends.")] = None,
    covers_from: Annotated[
        date | None,
        Query(
            description="First day of payment that the file is meant to cover. State both days: only then can what is "
            "published say that a month is complete, and a file without lines that nothing was paid."
        ),
    ] = None,
    covers_to: Annotated[date | None, Query(description="Last day of payment that the file is meant to cover.")] = None,
) -> BatchShape:
    """Take in a finance export. Up to 1,000 lines are answered at once, with what became of each."""
    batch = await commands.submit_batch(
        work,
        upload,
        organisation=organisation,
        profile=profile,
        on_error=on_error,
        corrects=corrects,
        covers=(covers_from, covers_to),
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
    state: Literal["received", "processing", "completed", "failed"] | None = None,
    sha256: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$", description="Hash of the original.")] = None,
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
    if state is not None:
        statement = statement.where(ExpenditureBatch.state == state)
    if sha256 is not None:
        statement = statement.where(ExpenditureBatch.file_sha256 == sha256)
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
    work: BatchReader, request: Request, paging: Paging, batch_id: UUID, outcome: Outcome | None = None
) -> Page[LineShape] | Response:
    """Every line of a batch with its outcome, in the order of the file; CSV in pounds by `.csv` or `Accept`."""
    await _batch(work, batch_id)
    lines, statement = queries.batch_lines(batch_id, (outcome,) if outcome else None)
    # Who sends for the organisation knows the names in its file.
    names = _sees_names(work) or work.actor.may("expenditure:submit")
    page = await paginate(
        work, statement, order=(lines.c.record,), paging=paging, shape=lambda row: line_shape(row, names=names)
    )
    if not wants_csv(request):
        return page
    return csv_response(sheet(LineShape, page.items), f"lines-{batch_id}.csv")


@router.get("/v1/expenditure-batches/{batch_id}/errors")
async def list_batch_errors(work: FileReader, paging: Paging, batch_id: UUID) -> Page[LineShape]:
    """Rejected lines and conflicts, each with every reason."""
    await _batch(work, batch_id)
    lines, statement = queries.batch_lines(batch_id, queries.ERROR_OUTCOMES)
    return await paginate(
        work, statement, order=(lines.c.record,), paging=paging, shape=lambda row: line_shape(row, names=True)
    )


@router.get("/v1/expenditure-batches/{batch_id}/errors.csv", response_class=Response)
async def download_batch_errors(work: FileReader, batch_id: UUID) -> Response:
    """The same lines as they were sent, with their reasons: mend them and send the file with `corrects`."""
    batch, _ = await _batch(work, batch_id)
    profile = await queries.profile_version(work.session, batch.source, batch.profile_version)
    errors = await queries.errors_by_record(work.session, batch.id)
    path = work.files.path(batch.file_sha256)
    data = await asyncio.to_thread(_errors_csv, batch, profile.layout, path, errors)
    return csv_response(data, f"errors-{batch.id}.csv")


@router.get("/v1/expenditure-batches/{batch_id}/original", response_class=Response)
async def download_batch_original(work: FileReader, batch_id: UUID) -> Response:
    """The file, byte for byte as it was sent."""
    batch, _ = await _batch(work, batch_id)
    work.etag(batch.file_sha256)
    ending = {"text/csv": "csv", "application/json": "json"}[batch.media_type] + (".gz" if batch.gzipped else "")
    return FileResponse(
        work.files.path(batch.file_sha256),
        media_type="application/gzip" if batch.gzipped else batch.media_type,
        filename=f"{batch.id}.{ending}",
    )


@router.get("/v1/expenditure-lines.csv", include_in_schema=False, response_model=Page[EntryShape])
@router.get("/v1/expenditure-lines", response_model=Page[EntryShape])
async def list_expenditure_lines(
    work: LedgerReader,
    request: Request,
    paging: Paging,
    organisation: Slug | None = None,
    batch: UUID | None = None,
    agreement: Annotated[str | None, Query(max_length=7, description="Financial year, `2017-18`.")] = None,
    line_code: Annotated[str | None, Query(max_length=20)] = None,
    quarter: Annotated[QuarterSlug | None, Query(description="Accounting quarter (accruals).")] = None,
    paid_from: date | None = None,
    paid_to: date | None = None,
    supplier: Annotated[str | None, Query(max_length=200, description="Part of a public payee's name.")] = None,
) -> Page[EntryShape] | Response:
    """The ledger, by payment date; CSV in pounds by `.csv` or `Accept`, `Link` naming the next page."""
    agreement_id = None
    if agreement is not None:
        found = await grants.agreement_of_year(work.session, year_of(agreement, parameter="agreement").label)
        if found is None:
            raise NotFound("There is no agreement for this year.", parameter="agreement")
        agreement_id = found.id
    statement = queries.ledger(
        organisations=work.actor.organisations, organisation=organisation, agreement_id=agreement_id, batch_id=batch
    )
    if line_code is not None:
        statement = statement.where(LedgerEntry.line_code == line_code)
    if quarter is not None:
        statement = statement.where(LedgerEntry.accounting_quarter == Quarter.parse(quarter).slug)
    if paid_from is not None:
        statement = statement.where(LedgerEntry.payment_date >= paid_from)
    if paid_to is not None:
        statement = statement.where(LedgerEntry.payment_date <= paid_to)
    if supplier is not None:
        # A search by name must not find out private payees for those who do not see their names.
        statement = statement.where(col(LedgerEntry.party_name).icontains(supplier, autoescape=True))
        if not _sees_names(work):
            statement = statement.where(col(LedgerEntry.party_kind).in_(("organisation", "sole_trader")))
    page = await paginate(
        work,
        statement,
        order=(LedgerEntry.payment_date, LedgerEntry.entry_id),
        paging=paging,
        shape=lambda row: entry_shape(row[0], row[1], names=_sees_names(work)),
    )
    return page if not wants_csv(request) else csv_response(sheet(EntryShape, page.items), "expenditure-lines.csv")


@router.get("/v1/expenditure-lines/{entry_id}")
async def read_expenditure_line(work: LedgerReader, entry_id: UUID) -> EntryShape:
    """One entry. Entries never change."""
    statement = queries.ledger(organisations=work.actor.organisations).where(LedgerEntry.entry_id == entry_id)
    row = (await work.session.exec(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no entry of this id that you may see.")
    work.etag(str(entry_id))
    return entry_shape(row[0], row[1], names=_sees_names(work))


@router.get("/v1/held-lines")
async def list_held_lines(
    work: LedgerReader, paging: Paging, organisation: Slug | None = None, batch: UUID | None = None
) -> Page[HeldShape]:
    """Lines that wait for a person, oldest first."""
    statement = queries.held(work.actor.organisations)
    if organisation is not None:
        statement = statement.where(Organisation.slug == organisation)
    if batch is not None:
        statement = statement.where(HeldLine.batch_id == batch)
    return await paginate(
        work,
        statement,
        order=(HeldLine.id,),
        paging=paging,
        shape=lambda row: held_shape(row[0], row[1], names=_sees_names(work)),
    )


async def _batch(work: Work, batch_id: UUID) -> tuple[ExpenditureBatch, str]:
    found = await queries.batch_of(work.session, batch_id, work.actor.organisations)
    if found is None:
        raise NotFound("There is no batch of this id that you may see.")
    return found


def _sees_names(work: Work) -> bool:
    return work.actor.may(*SEES_NAMES)


def _errors_csv(
    batch: ExpenditureBatch, layout: dict[str, object], path: Path, errors: dict[int, tuple[str, str]]
) -> bytes:
    header, rows = queries.original_beside_reasons(batch, layout, path, errors)
    return csv_bytes(header, rows)[0]

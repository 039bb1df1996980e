"""Routes of spend datasets and their editions, the public files, and the reason behind each row."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field
from sqlmodel import col, select
from starlette.responses import FileResponse, RedirectResponse

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.editions import commands, content, explain, queries, rules
from services.transparency.editions.tables import Dataset, Edition, EditionFile, Finding
from services.transparency.tables import Organisation
from shared.database import raw_connection
from shared.errors import NotFound
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import Quarter
from shared.work import Work

router = Routes(tags=["datasets"])
public_files = Routes(tags=["files"])

Period = Annotated[str, Path(pattern=r"^[0-9]{4}-[0-9]{2}-q[1-4]$", description="Quarter, `2017-18-q1`.")]


def _canonical(number: object) -> object:
    """An edition has one address: `v1`, never `v01` or `v+1`."""
    if isinstance(number, str) and not re.fullmatch("[1-9][0-9]*", number):
        raise ValueError("an edition's number is written in digits, without leading zeros")
    return number


Number = Annotated[
    int, Field(ge=1, le=100_000), BeforeValidator(_canonical), Path(description="Number of the edition.")
]
Preparing = Annotated[Work, Writes("transparency:preparer")]
Approving = Annotated[Work, Writes("transparency:approver")]
INSIDE = ("transparency:preparer", "transparency:approver", "transparency:auditor", "transparency:ops")

IMMUTABLE = "public, max-age=31536000, immutable"


class DraftBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{}, {"change_note": "Two invoices of June arrived in August."}]}
    )

    nil_return: bool = Field(
        default=False,
        strict=True,
        description="You state that there was nothing to report, where the ledger does not say so (T-51).",
    )
    change_note: str | None = Field(
        default=None, min_length=1, max_length=2000, description="What changed; needed from the second edition on."
    )


class ApprovalBody(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"sha256": "0" * 64}]})

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Hash of the file you approve, as the check gave it.")


class ResolutionBody(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The address is a service's, not a person's."}]}
    )

    reason: str = Field(min_length=3, max_length=2000, description="Why this text may be published as it stands.")


class FileShape(Shape):
    name: str
    url: str
    media_type: str
    sha256: str
    bytes: int


class FindingShape(Shape):
    finding_id: UUID
    code: str
    field: str = Field(description="Text it stands in: `purpose`, `category` or `unit`.")
    row_id: str
    resolved_by: str | None
    resolved_at: datetime | None
    reason: str | None


class EditionShape(Shape):
    edition_id: UUID
    publisher: str
    dataset: str = "spend"
    period: str
    edition: int
    state: str
    methodology: int
    change_kind: str
    change_note: str | None
    changes: dict[str, int]
    previous_edition: int | None
    nil_return: bool = Field(description="No row qualified, and every month is spoken for (T-51).")
    meets_duty: bool = Field(description="It has rows or is a nil return; any other file without rows meets no duty.")
    coverage: str = Field(
        description="`complete`: the batches of the owner's ledger cover every day of the quarter, all their lines are "
        "settled and have arrived, or a person stated nil. `partial`: months are missing. `not_stated`: none is "
        "missing, and files of it wait for corrections, or batches that cover no day hold lines of it."
    )
    missing_months: list[str] = Field(
        description="Months without lines, or with none but such as strayed into files that cover other days."
    )
    waiting_months: list[str] = Field(
        default=[],
        description="Months that a file is meant to cover whose lines are not all settled: some were rejected, "
        "conflict with others or are held. They are not missing, and not whole until those lines are corrected, "
        "decided or given up.",
    )
    unsettled_lines: int = Field(
        default=0, description="Lines of files that may belong to the quarter and are not settled."
    )
    rows: int
    lines: int
    total_pence: int
    gross_rows: int
    guarded_cells: int
    warnings: dict[str, int]
    reconciliation: dict[str, Any] = Field(
        description="Ledger, published and excluded lines (T-14); `months` says what the ledger holds of each month, "
        "whether the month is `stated`, `missing` or `not_stated`, and whether files of it wait, with how many lines."
    )
    sha256: str | None
    published_at: datetime | None
    url: str | None
    files: list[FileShape]


class DraftShape(EditionShape):
    drafted_by: str
    drafted_at: datetime
    changed_by: list[str] = Field(description="Who drafted, checked or resolved a finding; none of them approves it.")
    checked_by: str | None
    checked_at: datetime | None
    approved_by: str | None
    open_findings: int
    findings: list[FindingShape]


class DatasetShape(EditionShape):
    editions: list[int]
    ledger_changed_since: bool = Field(description="The owner's ledger of the period has moved since this edition.")


class EditionList(Shape):
    publisher: str
    dataset: str = "spend"
    period: str
    items: list[EditionShape]


@router.get("/v1/datasets")
async def list_datasets(
    work: PublicWork,
    paging: Paging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher.")] = None,
    kind: Annotated[str | None, Query(max_length=40, description="Dataset, such as `spend`.")] = None,
    period: Annotated[str | None, Query(max_length=20, description="Period, such as `2017-18-q1`.")] = None,
) -> Page[EditionShape]:
    """The edition in force of every dataset and period."""
    statement: Any = (
        select(Edition, Organisation)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(Organisation, col(Organisation.organisation_id) == col(Dataset.organisation_id))
        .where(col(Edition.state) == "published")
    )
    if publisher is not None:
        statement = statement.where(col(Organisation.slug) == publisher)
    if kind is not None:
        statement = statement.where(col(Dataset.kind) == kind)
    if period is not None:
        statement = statement.where(col(Edition.period) == period)
    return await paginate(
        work,
        statement,
        order=(Organisation.slug, Edition.period, Edition.edition_id),
        paging=paging,
        shape=lambda row: _shape(row[0], row[1].slug, work.base_url),
    )


@router.get("/v1/datasets/{publisher}/spend/{period}")
async def read_dataset(
    work: PublicWork,
    publisher: PublisherSlug,
    period: Period,
    as_at: Annotated[AwareDatetime | None, Query(description="The edition in force at this instant.")] = None,
) -> DatasetShape:
    """The edition of a quarter in force, or that which was in force at an instant (T-49)."""
    organisation, dataset, quarter = await _dataset(work, publisher, period)
    edition = await queries.edition_in_force(work.session, dataset.dataset_id, quarter.slug, as_at)
    editions = await queries.editions_of(work.session, dataset.dataset_id, quarter.slug)
    moved = await explain.ledger_moved(await raw_connection(work.session), organisation, quarter, edition)
    work.etag(f"{edition.edition_id}-{edition.version}-{int(moved)}")
    return DatasetShape(
        **_shape(
            edition, publisher, work.base_url, await queries.files_of(work.session, edition.edition_id)
        ).model_dump(),
        editions=[other.number for other in editions if other.state in queries.PUBLIC_STATES],
        ledger_changed_since=moved,
    )


@router.get("/v1/datasets/{publisher}/spend/{period}/editions")
async def list_editions(work: PublicWork, publisher: PublisherSlug, period: Period) -> EditionList:
    """Every edition of a quarter; those in preparation only for the people who prepare them."""
    _, dataset, quarter = await _dataset(work, publisher, period)
    editions = await queries.editions_of(work.session, dataset.dataset_id, quarter.slug)
    inside = work.actor.may(*INSIDE)
    return EditionList(
        publisher=publisher,
        period=quarter.slug,
        items=[
            _shape(edition, publisher, work.base_url)
            for edition in editions
            if inside or edition.state in queries.PUBLIC_STATES
        ],
    )


@router.get("/v1/datasets/{publisher}/spend/{period}/editions/{n}")
async def read_edition(work: PublicWork, publisher: PublisherSlug, period: Period, n: Number) -> EditionShape:
    """One edition that is or was public."""
    _, dataset, quarter = await _dataset(work, publisher, period)
    edition = await queries.edition(work.session, dataset.dataset_id, quarter.slug, n, drafts=False)
    work.etag(f"{edition.edition_id}-{edition.version}")
    return _shape(edition, publisher, work.base_url, await queries.files_of(work.session, edition.edition_id))


@router.get("/v1/datasets/{publisher}/spend/{period}/drafts/{n}")
async def read_draft(
    work: Annotated[Work, Reads(*INSIDE)], publisher: PublisherSlug, period: Period, n: Number
) -> DraftShape:
    """One edition with the people and findings behind it, in any state."""
    _, dataset, quarter = await _dataset(work, publisher, period)
    edition = await queries.edition(work.session, dataset.dataset_id, quarter.slug, n, drafts=True)
    return await _draft(work, edition, publisher)


@router.post("/v1/datasets/{publisher}/spend/{period}/editions", status_code=201)
async def draft_edition(work: Preparing, publisher: PublisherSlug, period: Period, body: DraftBody) -> DraftShape:
    """Draft a quarter's next edition: rows selected, each other line excluded with its reason, ledger reconciled."""
    edition = await commands.draft_edition(
        work, publisher, _quarter(period), nil_return=body.nil_return, change_note=body.change_note
    )
    work.headers["Location"] = _href(work, publisher, edition)
    return await _draft(work, edition, publisher)


@router.post("/v1/datasets/{publisher}/spend/{period}/editions/{n}/checks", status_code=201)
async def check_edition(work: Preparing, publisher: PublisherSlug, period: Period, n: Number) -> DraftShape:
    """Freeze the content and build its files; the answer holds the hash that the approver approves."""
    return await _draft(work, await commands.check_edition(work, publisher, _quarter(period), n), publisher)


@router.post("/v1/datasets/{publisher}/spend/{period}/editions/{n}/approvals", status_code=201)
async def approve_edition(
    work: Approving, publisher: PublisherSlug, period: Period, n: Number, body: ApprovalBody
) -> DraftShape:
    """Publish a checked edition. Refused for everyone who drafted or changed it, and for any other content."""
    edition = await commands.approve_edition(work, publisher, _quarter(period), n, body.sha256)
    work.headers["Location"] = queries.file_url(work.base_url, publisher, edition, content.CSV_FILE)
    return await _draft(work, edition, publisher)


@router.post("/v1/datasets/{publisher}/spend/{period}/editions/{n}/findings/{finding_id}/resolutions", status_code=201)
async def resolve_finding(
    work: Preparing, publisher: PublisherSlug, period: Period, n: Number, finding_id: UUID, body: ResolutionBody
) -> FindingShape:
    """Say why text that looks personal may stand (T-24)."""
    finding = await commands.resolve_finding(work, publisher, _quarter(period), n, finding_id, body.reason)
    return FindingShape.model_validate(finding)


@router.delete("/v1/datasets/{publisher}/spend/{period}/editions/{n}", status_code=204)
async def discard_edition(work: Preparing, publisher: PublisherSlug, period: Period, n: Number) -> None:
    """Delete an edition in preparation. What is published stays for ever (T-53)."""
    href = f"{work.base_url}/v1/datasets/{publisher}/spend/{period}/drafts/{n}"
    await commands.discard_edition(work, publisher, _quarter(period), n, href)


@router.get("/v1/rows/{row_id}")
async def read_row(
    work: PublicWork, row_id: Annotated[str, Path(pattern=r"^[a-z0-9]{16,40}$", description="RowID of the file.")]
) -> explain.RowExplained:
    """Why a row is in its file: the reason, the total that was tested, the threshold and its basis (T-15)."""
    return await explain.row(work.session, row_id, work.base_url)


@public_files.get("/open/{publisher}/spend/{period}/latest.csv", response_class=RedirectResponse, status_code=307)
async def read_latest_file(work: PublicWork, publisher: PublisherSlug, period: Period) -> Response:
    """Where the newest file of a quarter is."""
    _, dataset, quarter = await _dataset(work, publisher, period)
    edition = await queries.edition_in_force(work.session, dataset.dataset_id, quarter.slug, None)
    url = queries.file_url(work.base_url, publisher, edition, content.CSV_FILE)
    return RedirectResponse(url, 307, headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})


@public_files.get("/open/{publisher}/spend/{period}/v{n}/{file}", response_class=FileResponse)
async def read_file(
    work: PublicWork,
    publisher: PublisherSlug,
    period: Period,
    n: Number,
    file: Annotated[str, Path(max_length=40, description="`spend.csv`, `spend.json`, `edition.json`, `schema.json`.")],
) -> Response:
    """A file of an edition: the same bytes for ever, named by their hash."""
    _, dataset, quarter = await _dataset(work, publisher, period)
    edition = await queries.edition(work.session, dataset.dataset_id, quarter.slug, n, drafts=False)
    for stored in await queries.files_of(work.session, edition.edition_id):
        if stored.name == file:
            work.etag(stored.sha256)
            return FileResponse(
                work.files.path(stored.sha256),
                media_type=stored.media_type,
                headers={
                    "ETag": f'"{stored.sha256}"',
                    "Cache-Control": IMMUTABLE,
                    "Access-Control-Allow-Origin": "*",
                    "Content-Disposition": f'inline; filename="{publisher}-spend-{period}-v{n}-{file}"',
                },
            )
    raise NotFound(f"Edition {n} has no file of this name; its files are listed at {_href(work, publisher, edition)}.")


async def _dataset(work: Work, publisher: str, period: str) -> tuple[Organisation, Dataset, Quarter]:
    organisation = await publishers.publisher(work.session, publisher)
    return organisation, await queries.dataset_of(work.session, organisation, "spend"), _quarter(period)


def _quarter(period: str) -> Quarter:
    try:
        return Quarter.parse(period)
    except ValueError as error:
        raise NotFound(f"There is no such period: {error}.", parameter="period") from error


def _href(work: Work, publisher: str, edition: Edition) -> str:
    return f"{work.base_url}/v1/datasets/{publisher}/spend/{edition.period}/editions/{edition.number}"


def _shape(edition: Edition, publisher: str, base_url: str, files: list[EditionFile] | None = None) -> EditionShape:
    public = edition.state in queries.PUBLIC_STATES
    return EditionShape(
        **edition.model_dump(
            include={
                "edition_id",
                "period",
                "state",
                "methodology",
                "change_kind",
                "change_note",
                "changes",
                "nil_return",
                "coverage",
                "missing_months",
                "total_pence",
                "gross_rows",
                "guarded_cells",
                "warnings",
                "reconciliation",
                "sha256",
                "published_at",
            }
        ),
        publisher=publisher,
        edition=edition.number,
        previous_edition=edition.predecessor,
        meets_duty=rules.meets_duty(rows=edition.row_count, nil_return=edition.nil_return),
        waiting_months=queries.waiting_months(edition),
        unsettled_lines=edition.reconciliation.get("unsettled_lines", 0),
        rows=edition.row_count,
        lines=edition.line_count,
        url=queries.file_url(base_url, publisher, edition, content.CSV_FILE) if public else None,
        files=[
            FileShape(
                name=file.name,
                url=queries.file_url(base_url, publisher, edition, file.name),
                media_type=file.media_type,
                sha256=file.sha256,
                bytes=file.size,
            )
            for file in files or ()
        ],
    )


async def _draft(work: Work, edition: Edition, publisher: str) -> DraftShape:
    work.etag(edition.version)
    findings: list[Finding] = await queries.findings_of(work.session, edition.edition_id)
    files = await queries.files_of(work.session, edition.edition_id)
    return DraftShape(
        **_shape(edition, publisher, work.base_url, files).model_dump(),
        drafted_by=edition.drafted_by,
        drafted_at=edition.drafted_at,
        changed_by=edition.changed_by,
        checked_by=edition.checked_by,
        checked_at=edition.checked_at,
        approved_by=edition.approved_by,
        open_findings=await queries.open_findings(work.session, edition.edition_id),
        findings=[FindingShape.model_validate(finding) for finding in findings],
    )

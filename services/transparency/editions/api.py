"""Routes of datasets and their editions, the public files, and the reason behind each row."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field
from sqlmodel import col, select
from starlette.responses import FileResponse, RedirectResponse

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.editions import commands, differences, explain, queries, rules, verification
from services.transparency.editions.kinds import SPEND, kind_of
from services.transparency.editions.subject import Subject
from services.transparency.editions.tables import Dataset, Edition, EditionFile, Finding
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.http import Body, PublicWork, Reads, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["datasets"])
public_files = Routes(tags=["files"])

DatasetName = Annotated[
    str, Path(pattern=r"^[a-z_]+$", max_length=40, description="Dataset, such as `spend` or `contracts`.")
]
Period = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{4}-[0-9]{2}(-q[1-4]|-h[12])?$",
        description="Quarter, `2017-18-q1`; for yearly datasets the year, `2017-18`; half-yearly ones, `2017-18-h1`.",
    ),
]


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
    fault_found_on: date | None = Field(
        default=None, description="Day on which the fault was found that this edition corrects; counted to its release."
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
    field: str = Field(description="Text it stands in, such as `purpose`, `category` or `unit`.")
    row_id: str
    resolved_by: str | None
    resolved_at: datetime | None
    reason: str | None


class Tombstone(Shape):
    withdrawn_at: datetime
    reason_class: Literal["personal_data", "court_order", "unlawful"]
    replaced_by: int | None = Field(description="Edition that takes its place; null while there is none.")


class EditionShape(Shape):
    edition_id: UUID
    publisher: str
    dataset: str
    period: str
    edition: int
    state: Literal["draft", "checked", "published", "superseded", "suspended", "withdrawn"] = Field(
        description="`draft` and `checked` are in preparation; `published` is in force, `superseded` still readable; "
        "of `suspended` and `withdrawn` ones nothing can be read, the latter for good."
    )
    methodology: int
    change_kind: str
    change_note: str | None
    changes: dict[str, int]
    previous_edition: int | None
    nil_return: bool = Field(description="No row qualified, and every month is spoken for (T-51).")
    meets_duty: bool = Field(
        description="It has rows or is a nil return, and not every month of its period is missing; any other file "
        "meets no duty."
    )
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
    details: dict[str, Any] = Field(
        description="What this kind of dataset says beside its rows, such as a method card; `left_out` counts what was "
        "left out, by reason."
    )
    quality: dict[str, Any] = Field(description="Figures of the quality card that come from the rows (T-58).")
    fault_found_on: date | None = Field(description="Day on which the fault was found that it corrects.")
    tombstone: Tombstone | None = Field(default=None, description="Of a withdrawn edition: what is left of it.")
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
    ledger_changed_since: bool | None = Field(
        description="What the edition was made of, the owner's ledger or a register kept here, has moved since. Of a "
        "register it is looked up for those who prepare editions alone, else null."
    )


class ChangeShape(Shape):
    row_id: str
    change: Literal["added", "removed", "changed"]
    field: str | None = Field(description="Field that differs, as in the JSON file; null where the row came or went.")
    old: Any = Field(description="Value in the earlier edition; null also where it is withheld now.")
    new: Any
    reason: str | None = Field(description="Change note of the later edition.")
    at: datetime | None = Field(description="When the later edition was published.")


class DiffShape(Shape):
    publisher: str
    dataset: str
    period: str
    earlier: int
    later: int
    change_kind: str
    entries: int = Field(description="Entries in all; `items` holds the first ones, up to `limit`.")
    items: list[ChangeShape]
    links: dict[str, str]


class VerificationShape(Shape):
    publisher: str
    dataset: str
    period: str
    edition: int
    state: str
    rows_sha256: str | None = Field(description="Hash of the file of row digests, as the audit chain holds it.")
    audit_entry: int | None = Field(description="Number of that entry in the audit chain.")
    digests: Literal["match", "differ"] = Field(description="Whether the kept digests are those that were audited.")
    rows: Literal["match", "differ", "erased"] = Field(
        description="Whether the rows are those that were digested; `erased` where they and their salt are gone."
    )


class DatasetIndex(Shape):
    publisher: str
    dataset: str
    title: str
    cadence: Literal["quarter", "half", "year"] = Field(description="How often it is published.")
    items: list[EditionShape] = Field(description="The edition in force of each period, the newest first.")
    links: dict[str, str]


class EditionList(Shape):
    publisher: str
    dataset: str
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
        select(Edition, Organisation, Dataset)
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
        order=(Organisation.slug, Dataset.kind, Edition.period, Edition.edition_id),
        paging=paging,
        shape=lambda row: _shape(row[0], row[1].slug, row[2].kind, work.base_url),
    )


@router.get("/v1/datasets/{publisher}/{dataset}")
async def list_periods(work: PublicWork, publisher: PublisherSlug, dataset: DatasetName) -> DatasetIndex:
    """One dataset of a publisher: the edition in force of each period."""
    kind = kind_of(dataset)
    organisation = await publishers.publisher(work.session, publisher)
    found = await queries.dataset_of(work.session, organisation, dataset)
    editions = await queries.in_force(work.session, found.dataset_id)
    base = f"{work.base_url}/v1/datasets/{publisher}/{dataset}"
    work.etag(f"{found.dataset_id}-{found.version}")
    return DatasetIndex(
        publisher=publisher,
        dataset=dataset,
        title=found.title,
        cadence=kind.cadence,
        items=[_shape(edition, publisher, dataset, work.base_url) for edition in editions],
        links={"page": f"{base}.html", "dictionary": f"{work.base_url}/v1/data-dictionary/{dataset}"},
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}")
async def read_dataset(
    work: PublicWork,
    publisher: PublisherSlug,
    dataset: DatasetName,
    period: Period,
    as_at: Annotated[AwareDatetime | None, Query(description="The edition in force at this instant.")] = None,
) -> DatasetShape:
    """The edition of a period in force, or that which was in force at an instant (T-49)."""
    at = await _place(work, publisher, dataset, period)
    edition = await queries.edition_in_force(work.session, at.dataset.dataset_id, at.period.slug, as_at)
    await queries.refuse_unreadable(work.session, edition)
    editions = await queries.editions_of(work.session, at.dataset.dataset_id, at.period.slug)
    asked = at.kind == SPEND or work.actor.may(*INSIDE)
    moved = await commands.source_moved(work, at, edition, inside=work.actor.may(*INSIDE)) if asked else None
    work.etag(f"{edition.edition_id}-{edition.version}-{moved}")
    return DatasetShape(
        **_shape(
            edition, publisher, dataset, work.base_url, await queries.files_of(work.session, edition.edition_id)
        ).model_dump(),
        editions=[other.number for other in editions if other.state in queries.KNOWN_STATES],
        ledger_changed_since=moved,
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/editions")
async def list_editions(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period
) -> EditionList:
    """Every edition of a period, withdrawn ones with their tombstones; those in preparation for their makers alone."""
    at = await _place(work, publisher, dataset, period)
    editions = await queries.editions_of(work.session, at.dataset.dataset_id, at.period.slug)
    stones = await queries.tombstones(work.session, [edition.edition_id for edition in editions])
    inside = _is_inside(work, publisher)
    return EditionList(
        publisher=publisher,
        dataset=dataset,
        period=at.period.slug,
        items=[
            _shape(edition, publisher, dataset, work.base_url, tombstone=stones.get(edition.edition_id))
            for edition in editions
            if inside or edition.state in queries.KNOWN_STATES
        ],
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}")
async def read_edition(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> EditionShape:
    """One edition that is or was public."""
    at = await _place(work, publisher, dataset, period)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=False)
    await queries.refuse_unreadable(work.session, edition)
    work.etag(f"{edition.edition_id}-{edition.version}")
    return _shape(edition, publisher, dataset, work.base_url, await queries.files_of(work.session, edition.edition_id))


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/verification")
async def verify_edition(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> VerificationShape:
    """Whether the edition's rows are those whose digests the audit chain holds, also after a withdrawal (T-52)."""
    at = await _place(work, publisher, dataset, period)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=False)
    found = await verification.verify(work, edition, at.kind)
    return VerificationShape(
        publisher=publisher,
        dataset=dataset,
        period=at.period.slug,
        edition=n,
        state=edition.state,
        rows_sha256=found.rows_sha256,
        audit_entry=found.audit_entry,
        digests=found.digests,
        rows=found.rows,
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/diff", responses={200: {"content": {"text/csv": {}}}})
@router.get("/v1/datasets/{publisher}/{dataset}/{period}/diff.csv", include_in_schema=False, name="read_diff_csv")
async def read_diff(
    work: PublicWork,
    request: Request,
    publisher: PublisherSlug,
    dataset: DatasetName,
    period: Period,
    earlier: Annotated[int, Query(alias="from", ge=1, le=100_000, description="Number of the earlier edition.")],
    later: Annotated[int, Query(alias="to", ge=1, le=100_000, description="Number of the later edition.")],
    limit: Annotated[int, Query(ge=1, le=5_000, description="Entries to show; the CSV holds all.")] = 500,
) -> Any:
    """What differs between two editions: row, field, old and new value, reason and time (T-49).

    Those who approve compare a checked draft with the edition in force before they publish it.
    """
    at = await _place(work, publisher, dataset, period)
    inside = _is_inside(work, publisher)
    before = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, earlier, drafts=False)
    after = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, later, drafts=inside)
    rules.refuse_order(earlier, later)
    for edition in (before, after):
        await queries.refuse_unreadable(work.session, edition)
    changes = await commands.compare_editions(work, at, before, after)
    work.etag(f"{before.edition_id}-{after.edition_id}-{after.version}-{limit}")
    if wants_csv(request):
        at_last = after.published_at or work.now
        data = differences.as_csv(changes, reason=after.change_note or "", changed_at=at_last)
        return csv_response(data, f"{publisher}-{dataset}-{period}-v{earlier}-v{later}.csv")
    return DiffShape(
        publisher=publisher,
        dataset=dataset,
        period=at.period.slug,
        earlier=earlier,
        later=later,
        change_kind=after.change_kind,
        entries=len(changes),
        items=[
            ChangeShape(
                row_id=change.row_id,
                change=change.change,
                field=change.field,
                old=change.old,
                new=change.new,
                reason=after.change_note,
                at=after.published_at,
            )
            for change in changes[:limit]
        ],
        links={"csv": f"{work.base_url}/v1/datasets/{publisher}/{dataset}/{period}/diff.csv?from={earlier}&to={later}"},
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/drafts/{n}")
async def read_draft(
    work: Annotated[Work, Reads(*INSIDE)], publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> DraftShape:
    """One edition with the people and findings behind it, in any state."""
    await publishers.seen(work, publisher)
    at = await _place(work, publisher, dataset, period)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=True)
    return await _draft(work, edition, publisher, dataset)


@router.post("/v1/datasets/{publisher}/{dataset}/{period}/editions", status_code=201)
async def draft_edition(
    work: Preparing, publisher: PublisherSlug, dataset: DatasetName, period: Period, body: DraftBody
) -> DraftShape:
    """Draft a period's next edition: rows selected, what is left out with its reason, the ledger reconciled."""
    kind = kind_of(dataset)
    edition = await commands.draft_edition(
        work,
        publisher,
        kind,
        kind.period(period),
        nil_return=body.nil_return,
        change_note=body.change_note,
        fault_found_on=body.fault_found_on,
    )
    work.headers["Location"] = _href(work, publisher, dataset, edition)
    return await _draft(work, edition, publisher, dataset)


@router.post("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/checks", status_code=201)
async def check_edition(
    work: Preparing, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> DraftShape:
    """Freeze the content and build its files; the answer holds the hash that the approver approves."""
    kind = kind_of(dataset)
    edition = await commands.check_edition(work, publisher, kind, kind.period(period), n)
    return await _draft(work, edition, publisher, dataset)


@router.post("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/approvals", status_code=201)
async def approve_edition(
    work: Approving, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number, body: ApprovalBody
) -> DraftShape:
    """Publish a checked edition. Refused for everyone who drafted or changed it, and for any other content."""
    kind = kind_of(dataset)
    edition = await commands.approve_edition(work, publisher, kind, kind.period(period), n, body.sha256)
    work.headers["Location"] = queries.file_url(work.base_url, publisher, dataset, edition)
    return await _draft(work, edition, publisher, dataset)


@router.post(
    "/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/findings/{finding_id}/resolutions", status_code=201
)
async def resolve_finding(
    work: Preparing,
    publisher: PublisherSlug,
    dataset: DatasetName,
    period: Period,
    n: Number,
    finding_id: UUID,
    body: ResolutionBody,
) -> FindingShape:
    """Say why text that looks personal may stand (T-24)."""
    kind = kind_of(dataset)
    finding = await commands.resolve_finding(work, publisher, kind, kind.period(period), n, finding_id, body.reason)
    return FindingShape.model_validate(finding)


@router.delete("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}", status_code=204)
async def discard_edition(
    work: Preparing, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> None:
    """Delete an edition in preparation. What is published stays for ever (T-53)."""
    kind = kind_of(dataset)
    href = f"{work.base_url}/v1/datasets/{publisher}/{dataset}/{period}/drafts/{n}"
    await commands.discard_edition(work, publisher, kind, kind.period(period), n, href)


@router.get("/v1/rows/{row_id}")
async def read_row(
    work: PublicWork, row_id: Annotated[str, Path(pattern=r"^[a-z0-9]{16,40}$", description="RowID of the file.")]
) -> explain.RowExplained:
    """Why a row is in its file: the reason, the total that was tested, the threshold and its basis (T-15)."""
    return await explain.row(work.session, row_id, work.base_url)


@public_files.get("/open/{publisher}/{dataset}/{period}/latest.csv", response_class=RedirectResponse, status_code=307)
async def read_latest_file(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period
) -> Response:
    """Where the newest file of a period is."""
    at = await _place(work, publisher, dataset, period)
    edition = await queries.edition_in_force(work.session, at.dataset.dataset_id, at.period.slug, None)
    await queries.refuse_unreadable(work.session, edition)
    url = queries.file_url(work.base_url, publisher, dataset, edition)
    return RedirectResponse(url, 307, headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})


@public_files.get("/open/{publisher}/{dataset}/{period}/v{n}/{file}", response_class=FileResponse)
async def read_file(
    work: PublicWork,
    publisher: PublisherSlug,
    dataset: DatasetName,
    period: Period,
    n: Number,
    file: Annotated[
        str, Path(max_length=60, description="Such as `spend.csv`, `spend.json`, `edition.json`, `changes.csv`.")
    ],
) -> Response:
    """A file of an edition: the same bytes for ever, named by their hash; 410 where they were withdrawn.

    Those who prepare and approve editions read the files of a checked draft here too, before it is published.
    """
    at = await _place(work, publisher, dataset, period)
    inside = _is_inside(work, publisher)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=inside)
    await queries.refuse_unreadable(work.session, edition)
    await queries.refuse_lost_changes(work.session, edition, file)
    stored = await queries.file_of(work.session, edition.edition_id, file)
    if stored is None:
        raise NotFound(
            f"Edition {n} has no file of this name; its files are listed at {_href(work, publisher, dataset, edition)}."
        )
    work.etag(stored.sha256)
    return FileResponse(
        work.files.path(stored.sha256),
        media_type=stored.media_type,
        headers={
            "ETag": f'"{stored.sha256}"',
            "Cache-Control": IMMUTABLE if edition.state in queries.PUBLIC_STATES else "private, no-store",
            "Access-Control-Allow-Origin": "*",
            "Content-Disposition": f'inline; filename="{publisher}-{dataset}-{period}-v{n}-{file}"',
        },
    )


def _is_inside(work: Work, publisher: str) -> bool:
    """Whether the reader prepares, approves or audits editions of this publisher."""
    return publishers.may_see(work, publisher) and work.actor.may(*INSIDE)


async def _place(work: Work, publisher: str, dataset: str, period: str) -> Subject:
    """What an address names; NotFound for whatever of it is not there."""
    kind = kind_of(dataset)
    organisation = await publishers.publisher(work.session, publisher)
    found = await queries.dataset_of(work.session, organisation, dataset)
    return Subject(organisation, found, kind, kind.period(period))


def _href(work: Work, publisher: str, dataset: str, edition: Edition) -> str:
    return f"{work.base_url}/v1/datasets/{publisher}/{dataset}/{edition.period}/editions/{edition.number}"


def _shape(
    edition: Edition,
    publisher: str,
    dataset: str,
    base_url: str,
    files: list[EditionFile] | None = None,
    *,
    tombstone: dict[str, Any] | None = None,
) -> EditionShape:
    public = edition.state in queries.PUBLIC_STATES
    if edition.state == "suspended":
        # Nobody knows yet whether what it says of itself may be read.
        edition = Edition(
            **edition.model_dump(exclude={"change_note", "details", "warnings", "quality", "changes"}),
            change_note=None,
            details={},
            warnings={},
            quality={},
            changes={},
        )
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
                "details",
                "quality",
                "fault_found_on",
                "published_at",
            }
        ),
        publisher=publisher,
        dataset=dataset,
        sha256=edition.sha256 if edition.state not in ("suspended", "withdrawn") else None,
        tombstone=Tombstone(**tombstone) if tombstone else None,
        edition=edition.number,
        previous_edition=edition.predecessor,
        meets_duty=queries.meets_duty(edition),
        waiting_months=queries.waiting_months(edition),
        unsettled_lines=edition.reconciliation.get("unsettled_lines", 0),
        rows=edition.row_count,
        lines=edition.line_count,
        url=queries.file_url(base_url, publisher, dataset, edition) if public else None,
        files=[
            FileShape(
                name=file.name,
                url=queries.file_url(base_url, publisher, dataset, edition, file.name),
                media_type=file.media_type,
                sha256=file.sha256,
                bytes=file.size,
            )
            for file in files or ()
        ],
    )


async def _draft(work: Work, edition: Edition, publisher: str, dataset: str) -> DraftShape:
    work.etag(edition.version)
    findings: list[Finding] = await queries.findings_of(work.session, edition.edition_id)
    files = await queries.files_of(work.session, edition.edition_id)
    return DraftShape(
        **_shape(edition, publisher, dataset, work.base_url, files).model_dump(),
        drafted_by=edition.drafted_by,
        drafted_at=edition.drafted_at,
        changed_by=edition.changed_by,
        checked_by=edition.checked_by,
        checked_at=edition.checked_at,
        approved_by=edition.approved_by,
        open_findings=await queries.open_findings(work.session, edition.edition_id),
        findings=[FindingShape.model_validate(finding) for finding in findings],
    )

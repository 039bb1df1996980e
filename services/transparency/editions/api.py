"""Routes of datasets and their editions, and the reason behind each row."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import AwareDatetime, ConfigDict, Field
from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.editions import commands, differences, explain, queries, rules, verification
from services.transparency.editions.addresses import INSIDE, DatasetName, Number, Period, href_of, is_inside, place
from services.transparency.editions.kinds import SPEND, kind_of
from services.transparency.editions.shapes import (
    ChangeShape,
    DatasetIndex,
    DatasetShape,
    DiffShape,
    DraftShape,
    EditionList,
    EditionShape,
    FindingShape,
    VerificationShape,
    draft_shape,
    edition_shape,
)
from services.transparency.editions.tables import Dataset, Edition
from services.transparency.tables import Organisation
from shared.http import Body, PublicWork, Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.tabular import csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["datasets"])

Preparing = Annotated[Work, Writes("transparency:preparer")]
Approving = Annotated[Work, Writes("transparency:approver")]


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
        shape=lambda row: edition_shape(row[0], row[1].slug, row[2].kind, work.base_url),
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
        items=[edition_shape(edition, publisher, dataset, work.base_url) for edition in editions],
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
    at = await place(work, publisher, dataset, period)
    edition = await queries.edition_in_force(work.session, at.dataset.dataset_id, at.period.slug, as_at)
    await queries.refuse_unreadable(work.session, edition)
    editions = await queries.editions_of(work.session, at.dataset.dataset_id, at.period.slug)
    asked = at.kind == SPEND or work.actor.may(*INSIDE)
    moved = await commands.source_moved(work, at, edition, inside=work.actor.may(*INSIDE)) if asked else None
    work.etag(f"{edition.edition_id}-{edition.version}-{moved}")
    return DatasetShape(
        **edition_shape(
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
    at = await place(work, publisher, dataset, period)
    editions = await queries.editions_of(work.session, at.dataset.dataset_id, at.period.slug)
    stones = await queries.tombstones(work.session, [edition.edition_id for edition in editions])
    inside = is_inside(work, publisher)
    return EditionList(
        publisher=publisher,
        dataset=dataset,
        period=at.period.slug,
        items=[
            edition_shape(edition, publisher, dataset, work.base_url, tombstone=stones.get(edition.edition_id))
            for edition in editions
            if inside or edition.state in queries.KNOWN_STATES
        ],
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}")
async def read_edition(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> EditionShape:
    """One edition that is or was public."""
    at = await place(work, publisher, dataset, period)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=False)
    await queries.refuse_unreadable(work.session, edition)
    work.etag(f"{edition.edition_id}-{edition.version}")
    return edition_shape(
        edition, publisher, dataset, work.base_url, await queries.files_of(work.session, edition.edition_id)
    )


@router.get("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/verification")
async def verify_edition(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> VerificationShape:
    """Whether the edition's rows are those whose digests the audit chain holds, also after a withdrawal (T-52)."""
    at = await place(work, publisher, dataset, period)
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
    at = await place(work, publisher, dataset, period)
    inside = is_inside(work, publisher)
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
    at = await place(work, publisher, dataset, period)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=True)
    return await draft_shape(work, edition, publisher, dataset)


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
    work.headers["Location"] = href_of(work, publisher, dataset, edition)
    return await draft_shape(work, edition, publisher, dataset)


@router.post("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/checks", status_code=201)
async def check_edition(
    work: Preparing, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number
) -> DraftShape:
    """Freeze the content and build its files; the answer holds the hash that the approver approves."""
    kind = kind_of(dataset)
    edition = await commands.check_edition(work, publisher, kind, kind.period(period), n)
    return await draft_shape(work, edition, publisher, dataset)


@router.post("/v1/datasets/{publisher}/{dataset}/{period}/editions/{n}/approvals", status_code=201)
async def approve_edition(
    work: Approving, publisher: PublisherSlug, dataset: DatasetName, period: Period, n: Number, body: ApprovalBody
) -> DraftShape:
    """Publish a checked edition. Refused for everyone who drafted or changed it, and for any other content."""
    kind = kind_of(dataset)
    edition = await commands.approve_edition(work, publisher, kind, kind.period(period), n, body.sha256)
    work.headers["Location"] = queries.file_url(work.base_url, publisher, dataset, edition)
    return await draft_shape(work, edition, publisher, dataset)


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

"""What the API answers about editions, and how an edition becomes such an answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from services.transparency.editions import queries
from services.transparency.editions.tables import Edition, EditionFile, Finding
from shared.http import Shape
from shared.work import Work


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


def edition_shape(
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


async def draft_shape(work: Work, edition: Edition, publisher: str, dataset: str) -> DraftShape:
    work.etag(edition.version)
    findings: list[Finding] = await queries.findings_of(work.session, edition.edition_id)
    files = await queries.files_of(work.session, edition.edition_id)
    return DraftShape(
        **edition_shape(edition, publisher, dataset, work.base_url, files).model_dump(),
        drafted_by=edition.drafted_by,
        drafted_at=edition.drafted_at,
        changed_by=edition.changed_by,
        checked_by=edition.checked_by,
        checked_at=edition.checked_at,
        approved_by=edition.approved_by,
        open_findings=await queries.open_findings(work.session, edition.edition_id),
        findings=[FindingShape.model_validate(finding) for finding in findings],
    )

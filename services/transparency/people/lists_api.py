"""Routes of those inside: staff lists coming in, their restricted rows, objections, small units."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query, Response
from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.people import commands, queries
from services.transparency.people.shapes import (
    DecisionBody,
    ImportShape,
    ObjectionBody,
    ObjectionDetail,
    ObjectionShape,
    SmallUnitBody,
    SmallUnitDetail,
    SmallUnitShape,
    StaffEntryShape,
    StaffListShape,
)
from services.transparency.people.tables import PostObjection, SmallUnitDecision, StaffEntry, StaffList
from shared.errors import TooLarge, UnsupportedMediaType
from shared.fields import Day
from shared.http import UPLOAD, Reads, ReceivedFile, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["people"])

LIMIT_BYTES = 20 * 1024 * 1024
Preparing = Annotated[Work, Writes("transparency:preparer")]
Protecting = Annotated[Work, Writes("transparency:dpl")]
Restricted = Annotated[Work, Reads("transparency:finance", "transparency:dpl", "transparency:auditor")]
"""Staff lists are personal data: read by these three alone."""
PostNumber = Annotated[str, Path(max_length=40, description="Number of the post.")]
Publisher = Annotated[Slug, Query(description="Slug of a publisher.")]

LIST_BODY: dict[str, Any] = {
    **UPLOAD,
    "requestBody": {
        "required": True,
        "description": "The staff list as CSV with the columns publisher, post_id, person_id, reports_to, level, "
        "job_title, grade, grade_max, unit, service, employment_type, is_employee, programme_staff, fte, "
        "base_salary_fte, start_date, end_date, months_paid, leave_on_date, basic_pay_paid, regular_allowances, bonus, "
        "bonus_detail, benefits_in_kind, benefits_detail, loss_of_office, employer_pension, vacancy, shared_with, "
        "holder_name, consent_to_name, objection, contact, responsibilities, own_budget; or as JSON with these names. "
        "Columns remark and pension_value_change are read over and not kept.",
        "content": {
            "text/csv": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["posts"],
                    "properties": {"posts": {"type": "array", "items": {"type": "object"}}},
                }
            },
        },
    },
}


@router.post("/v1/posts/imports", status_code=201, openapi_extra=LIST_BODY)
async def import_posts(
    work: Preparing,
    response: Response,
    upload: ReceivedFile,
    publisher: Publisher,
    applicable_date: Annotated[Day, Query(description="Day that the list is as at, such as `2018-03-31`.")],
    on_error: Annotated[
        Literal["refuse_whole", "row_by_row"],
        Query(description="What an error does: the whole list is refused with every reason, or only that row is."),
    ] = "refuse_whole",
    rows_of: Annotated[
        Slug | None, Query(description="Value of the column publisher to take, where it is not the slug.")
    ] = None,
) -> ImportShape:
    """Take in the staff list of a publisher as at a day, as the next version of that list.

    Rows that name another publisher are left aside. The same list again changes nothing. What the file holds is
    personal data: finance, data protection and audit read it, and it is published only as the rules allow.
    """
    if (upload.content_encoding or "identity") != "identity":
        raise UnsupportedMediaType("Send the list without compression.")
    if upload.size > LIMIT_BYTES:
        raise TooLarge(f"A staff list holds at most {LIMIT_BYTES // 1024 // 1024} MiB.")
    imported = await commands.import_posts(
        work,
        publisher,
        applicable_date,
        path=upload.path,
        media_type=upload.media_type,
        sha256=upload.sha256,
        rows_of=rows_of,
        whole=on_error == "refuse_whole",
    )
    staff_list = imported.staff_list
    work.headers["Location"] = f"{work.base_url}/v1/posts/imports/{staff_list.list_id}"
    if not imported.changed:
        response.status_code = 200
    return ImportShape(
        **_list(staff_list, publisher).model_dump(),
        changed=imported.changed,
        rows_of_others=imported.rows.of_others,
        objections_raised=imported.objections,
        errors=[*imported.rows.errors, *imported.rows.orphaned],
    )


@router.get("/v1/posts/imports")
async def list_staff_lists(work: Restricted, paging: Paging, publisher: Publisher) -> Page[StaffListShape]:
    """The versions of a publisher's staff lists, newest day first; nothing personal."""
    organisation = await publishers.seen(work, publisher)
    return await paginate(
        work,
        select(StaffList).where(col(StaffList.organisation_id) == organisation.organisation_id),
        order=(StaffList.applicable_date, StaffList.version, StaffList.list_id),
        paging=paging,
        shape=lambda row: _list(row, publisher),
        descending=True,
    )


@router.get("/v1/posts/imports/{list_id}")
async def read_staff_list(work: Restricted, list_id: UUID) -> StaffListShape:
    """One version of a staff list."""
    staff_list, organisation = await queries.staff_list(work, list_id)
    work.etag(staff_list.version)
    return _list(staff_list, organisation.slug)


@router.get("/v1/posts/imports/{list_id}/entries")
async def list_staff_entries(work: Restricted, paging: Paging, list_id: UUID) -> Page[StaffEntryShape]:
    """The rows of a staff list. Personal data."""
    staff_list, _ = await queries.staff_list(work, list_id)
    return await paginate(
        work,
        select(StaffEntry).where(col(StaffEntry.list_id) == staff_list.list_id),
        order=(StaffEntry.number,),
        paging=paging,
        shape=_entry,
    )


@router.post("/v1/posts/small-units", status_code=201)
async def settle_small_unit(work: Protecting, body: SmallUnitBody) -> SmallUnitShape:
    """Decide what a small unit with a withheld post shows, so that nobody can find out about that post."""
    settled = await commands.settle_small_unit(
        work, body.publisher, body.applicable_date, body.unit, body.decision, body.public_interest
    )
    return _unit(settled, body.publisher)


@router.get("/v1/posts/small-units")
async def list_small_units(work: Restricted, paging: Paging, publisher: Publisher) -> Page[SmallUnitDetail]:
    """What was decided about small units of a publisher."""
    organisation = await publishers.seen(work, publisher)
    return await paginate(
        work,
        select(SmallUnitDecision).where(col(SmallUnitDecision.organisation_id) == organisation.organisation_id),
        order=(SmallUnitDecision.decided_at, SmallUnitDecision.decision_id),
        paging=paging,
        shape=lambda row: SmallUnitDetail(**_unit(row, publisher).model_dump(), public_interest=row.public_interest),
    )


@router.get("/v1/posts/objections")
async def list_objections(work: Restricted, paging: Paging, publisher: Publisher) -> Page[ObjectionDetail]:
    """Objections to publication with their reasons and review days. Restricted."""
    organisation = await publishers.seen(work, publisher)
    return await paginate(
        work,
        select(PostObjection).where(col(PostObjection.organisation_id) == organisation.organisation_id),
        order=(PostObjection.raised_at, PostObjection.objection_id),
        paging=paging,
        shape=ObjectionDetail.model_validate,
    )


@router.post("/v1/posts/{publisher}/{post_id}/objections", status_code=201)
async def raise_objection(
    work: Protecting, publisher: PublisherSlug, post_id: PostNumber, body: ObjectionBody
) -> ObjectionShape:
    """Note that the holder of a post objects to its publication; another person decides."""
    objection = await commands.raise_objection(work, publisher, post_id, body.reason)
    work.etag(objection.version)
    return ObjectionShape.model_validate(objection)


@router.post("/v1/posts/{publisher}/{post_id}/objections/{objection_id}/decisions", status_code=201)
async def decide_objection(
    work: Protecting, publisher: PublisherSlug, post_id: PostNumber, objection_id: UUID, body: DecisionBody
) -> ObjectionShape:
    """Uphold or refuse an objection, or lift an upheld one. An upheld post has no row; only the number is published."""
    objection = await commands.decide_objection(work, publisher, post_id, objection_id, body.decision, body.reason)
    work.etag(objection.version)
    return ObjectionShape.model_validate(objection)


def _list(row: StaffList, publisher: str) -> StaffListShape:
    return StaffListShape(
        list_id=row.list_id,
        publisher=publisher,
        applicable_date=row.applicable_date,
        version=row.version,
        rows=row.row_count,
        posts=row.post_count,
        rejected_rows=row.rejected_rows,
        imported_by=row.imported_by,
        imported_at=row.imported_at,
    )


def _entry(row: StaffEntry) -> StaffEntryShape:
    shown = row.model_dump(include=set(StaffEntryShape.model_fields))
    return StaffEntryShape(**{**shown, "fte": None if row.fte is None else f"{row.fte:.2f}"})


def _unit(row: SmallUnitDecision, publisher: str) -> SmallUnitShape:
    return SmallUnitShape(publisher=publisher, **row.model_dump(include=set(SmallUnitShape.model_fields)))

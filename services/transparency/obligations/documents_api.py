"""Routes of documents: reports, papers, minutes, accounts, letters, the memorandum, each in all its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, ConfigDict, Field
from sqlmodel import col

from services.transparency import queries as publishers
from services.transparency.obligations import documents
from services.transparency.obligations.api import HTTPS, Publisher, publisher_id
from services.transparency.obligations.document_rules import Withheld
from services.transparency.obligations.tables import Document, WithheldPart
from services.transparency.tables import Organisation
from shared.http import Body, PublicWork, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.values import Slug
from shared.work import Work

router = Routes(tags=["obligations"])


class WithheldBody(Body):
    what: str = Field(min_length=3, max_length=500, description="Which part readers do not get. Public.")
    reason_code: str = Field(max_length=40, description="Reason to withhold, such as `LEGAL_PRIVILEGE`.")
    prejudice: str | None = Field(default=None, max_length=5000, description="Specific harm. Not published.")
    public_interest: str | None = Field(default=None, max_length=5000, description="The weighing. Not published.")


class DocumentBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "publisher": "improvement-agency",
                    "code": "MEMORANDUM",
                    "period": "2017-18",
                    "title": "Memorandum of understanding 2017/18",
                    "url": "https://example.org/memorandum.pdf",
                    "happened_at": "2017-05-12T09:00:00Z",
                }
            ]
        }
    )

    publisher: Slug
    code: str = Field(max_length=40, description="Duty it meets, such as `ACCOUNTS` or `MEMORANDUM`.")
    period: str = Field(max_length=80, description="Year it is about, `2017-18`.")
    title: str = Field(min_length=3, max_length=300)
    url: str | None = Field(default=None, pattern=HTTPS, max_length=2000, description="Where it can be read.")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    change_note: str | None = Field(
        default=None, min_length=3, max_length=2000, description="What changed; needed from the second version on."
    )
    withheld: list[WithheldBody] = Field(default=[], max_length=100, description="Parts that readers do not get.")
    happened_at: AwareDatetime | None = Field(
        default=None, description="When it was published or sent; now without it, earlier with transparency:history."
    )


class WithheldShape(Shape):
    what: str
    reason_code: str
    exemption: str


class DocumentShape(Shape):
    document_id: UUID
    publisher: str | None
    code: str = Field(description="Duty it is about.")
    kind: str
    title: str
    period: str
    meeting_id: UUID | None
    version: int
    change_note: str | None = Field(description="What changed since the version before.")
    state: str
    url: str | None
    sha256: str | None
    withheld_count: int
    withheld: list[WithheldShape] = Field(
        description="Parts that readers do not get; of papers and minutes only their number is known here."
    )
    happened_at: datetime
    stated: bool
    recorded_at: datetime


class DocumentDetail(DocumentShape):
    versions: list[int] = Field(description="Every version there is; `?version=` reads one.")
    is_latest: bool


@router.post("/v1/documents", status_code=201)
async def publish_document(
    work: Annotated[Work, Writes("transparency:preparer")], body: DocumentBody
) -> DocumentDetail:
    """Record a document as published, sent or shared; it meets the duty of its code. A second one of the same code and
    period is the next version and says what changed."""
    document = await documents.publish_document(
        work,
        body.publisher,
        code=body.code,
        period=body.period,
        title=body.title,
        url=body.url,
        sha256=body.sha256,
        change_note=body.change_note,
        withheld=[
            Withheld(part.what, part.reason_code, part.prejudice, part.public_interest) for part in body.withheld
        ],
        happened_at=body.happened_at,
    )
    work.headers["Location"] = f"{work.base_url}/v1/documents/{document.document_id}"
    return await _detail(work, document.document_id, None)


@router.get("/v1/documents")
async def list_documents(
    work: PublicWork,
    paging: Paging,
    publisher: Publisher = None,
    kind: Annotated[str | None, Query(max_length=40, description="Kind, such as `accounts`.")] = None,
    code: Annotated[str | None, Query(max_length=40, description="Duty it is about, such as `LETTER-NOV`.")] = None,
    period: Annotated[str | None, Query(max_length=80, description="Year, quarter or meeting.")] = None,
) -> Page[DocumentShape]:
    """Documents known here in all their versions: reports, papers, minutes, accounts, letters, the memorandum."""
    organisation_id = await publisher_id(work, publisher)
    statement = documents.documents(organisation_id, kind=kind, code=code, period=period).add_columns(Organisation)
    statement = statement.outerjoin(Organisation, col(Organisation.organisation_id) == col(Document.organisation_id))
    page = await paginate(
        work,
        statement,
        order=(Document.happened_at, Document.document_id),
        paging=paging,
        shape=lambda row: (row[0], row[1].slug if row[1] else None),
    )
    parts = await documents.withheld_from(work.session, [found.document_id for found, _ in page.items])
    return Page(
        items=[DocumentShape(**_fields(found, slug, parts)) for found, slug in page.items],
        links=page.links,
    )


@router.get("/v1/documents/{document_id}")
async def read_document(
    work: PublicWork,
    document_id: UUID,
    version: Annotated[int | None, Query(ge=1, le=100_000, description="Another version of the same document.")] = None,
) -> DocumentDetail:
    """One document; an earlier version stays readable by its number."""
    return await _detail(work, document_id, version)


async def _detail(work: Work, document_id: UUID, version: int | None) -> DocumentDetail:
    found, versions = await documents.document(work.session, document_id, version)
    organisation = await publishers.organisation(work.session, found.organisation_id)
    parts = await documents.withheld_from(work.session, [found.document_id])
    work.etag(f"{found.version}-{found.state}-{versions[-1]}")
    return DocumentDetail(
        **_fields(found, organisation.slug if organisation else None, parts),
        versions=versions,
        is_latest=found.version == versions[-1],
    )


def _fields(found: Document, publisher: str | None, parts: dict[UUID, list[WithheldPart]]) -> dict[str, object]:
    return {
        **found.model_dump(exclude={"organisation_id", "created_by", "series"}),
        "publisher": publisher,
        "code": found.code,
        "withheld": [WithheldShape.model_validate(part) for part in parts.get(found.document_id, ())],
    }

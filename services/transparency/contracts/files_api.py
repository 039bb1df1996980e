"""Routes of contract files: imports, profiles of their layout, and the register as Open Contracting data."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query
from pydantic import Field
from sqlmodel import col, select
from starlette.responses import Response

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.contracts import commands, imports, ocds_extension, publication
from services.transparency.contracts.reading import CSV_TYPES, JSON_LINES_TYPES, MAX_BYTES
from services.transparency.contracts.rules import PREFIX
from services.transparency.contracts.tables import ContractImport, ContractProfile, OpenContractingPrefix
from services.transparency.tables import Organisation
from shared.errors import ErrorItem, NotFound, TooLarge, UnsupportedMediaType
from shared.fields import example
from shared.http import UPLOAD, Body, PublicWork, Reads, ReceivedFile, Routes, Shape, Writes
from shared.pagination import Page, Paging, paginate
from shared.work import Work

router = Routes(tags=["contracts"])
public_files = Routes(tags=["files"])

INSIDE = ("transparency:preparer", "transparency:approver", "transparency:auditor", "transparency:ops")
PublisherQuery = Annotated[str, Query(max_length=80, description="Slug of the publisher.")]
OnError = Literal["row_by_row", "refuse_whole"]
ProfileName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class RecordShape(Shape):
    record: int = Field(description="Record of the file, counted from 1.")
    line: int = Field(description="Line of the file on which it starts.")
    reference: str
    version: int | None
    outcome: str = Field(description="`accepted`, `duplicate` (registered already), `conflict` or `rejected`.")
    reasons: list[ErrorItem] = Field(description="What stands against it, or is worth knowing about it.")


class ImportShape(Shape):
    """What became of a file. `received` is the sum of the outcomes."""

    import_id: UUID
    publisher: str
    profile: str
    profile_version: int
    on_error: str
    sha256: str
    received: int
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    records: list[RecordShape]
    created_at: datetime


class LayoutBody(Body):
    columns: Annotated[dict[Text, Text], Field(min_length=1, max_length=100)] = Field(
        description="Head of a column → field of the contract, such as `Contract Ref` → `reference`."
    )
    ignored: Annotated[list[Text], Field(max_length=100)] = Field(default=[], description="Columns nobody reads.")
    constants: dict[Text, Text] = Field(default={}, description="Field → what every record says.")
    date_format: Literal["yyyy-mm-dd", "dd/mm/yyyy", "dd.mm.yyyy", "dd-mm-yyyy"] = "yyyy-mm-dd"
    signed_as: Literal["instant", "day"] = Field(
        default="instant", description="`instant` with a time zone, or `day`, which then begins in London."
    )
    thousands_mark: bool = Field(default=False, description="Amounts may be written 1,234.50.")
    pound_sign: bool = Field(default=False, description="Amounts may begin with £.")
    value_includes_vat: bool = Field(default=False, description="The value already holds the irrecoverable VAT.")
    contacts_are_roles: bool = Field(
        default=False, description="Contacts of these files are desks and roles, never persons, so they are public."
    )
    publisher_names: Annotated[list[Text], Field(max_length=20)] = Field(
        default=[], description="What the column of the publisher calls it, beside its slug."
    )
    on_error: OnError = Field(default="row_by_row", description="What an import does that does not say.")


class ProfileBody(LayoutBody):
    model_config = example(
        publisher="improvement-agency",
        name="procurement-system",
        columns={
            "Contract Ref": "reference",
            "Signed": "signed_at",
            "Title": "title",
            "Supplier": "supplier_name",
            "Value": "value",
            "Irrecoverable VAT": "irrecoverable_vat",
            "Start": "start_date",
            "End": "end_date",
            "Route": "process",
        },
        constants={
            "kind": "new",
            "status": "active",
            "contract_type": "Single award contract",
            "value_basis": "total",
            "vcse": "No",
        },
        date_format="dd/mm/yyyy",
        signed_as="day",
        thousands_mark=True,
    )

    publisher: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    name: ProfileName


class ProfileShape(Shape):
    publisher: str
    name: str
    version: int
    layout: dict[str, Any]
    created_at: datetime


class PrefixBody(Body):
    model_config = example(prefix="ocds-ab12cd")

    prefix: Annotated[str, Field(pattern=PREFIX, description="`ocds-` and six small letters or digits.")]


class PrefixShape(Shape):
    publisher: str
    prefix: str
    set_at: datetime


@router.post("/v1/contracts/imports", status_code=201, openapi_extra=UPLOAD)
async def import_contracts(
    work: Annotated[Work, Writes("transparency:preparer")],
    publisher: PublisherQuery,
    upload: ReceivedFile,
    profile: Annotated[str | None, Query(max_length=80, description="Layout; the standard one without it.")] = None,
    on_error: Annotated[
        OnError | None, Query(description="Take in the good records, or none where one is bad; as the profile says.")
    ] = None,
) -> ImportShape:
    """Take in contracts and their versions, as CSV or JSON lines; every record has an outcome with every reason."""
    if upload.media_type not in (*CSV_TYPES, *JSON_LINES_TYPES):
        raise UnsupportedMediaType("Send the contracts as text/csv or application/x-ndjson, or as the file of a form.")
    if (upload.content_encoding or "identity") != "identity":
        raise UnsupportedMediaType("Send the file without compression.")
    if upload.size > MAX_BYTES:
        raise TooLarge(f"The file is larger than {MAX_BYTES // 1024 // 1024} MiB; send it in several.")
    row = await imports.import_contracts(
        work, publisher, upload.path, upload.sha256, upload.media_type, profile=profile, on_error=on_error
    )
    work.headers["Location"] = f"{work.base_url}/v1/contract-imports/{row.import_id}"
    return _import(row, publisher)


@router.get("/v1/contract-imports/{import_id}")
async def read_contract_import(work: Annotated[Work, Reads(*INSIDE)], import_id: UUID) -> ImportShape:
    """What became of a file of contracts, record by record."""
    row = await imports.find_import(work, import_id)
    organisation = await publishers.organisation(work.session, row.organisation_id)
    work.etag(1)
    return _import(row, organisation.slug if organisation else "")


@router.post("/v1/contract-profiles", status_code=201)
async def create_contract_profile(
    work: Annotated[Work, Writes("transparency:preparer")], body: ProfileBody
) -> ProfileShape:
    """Keep the layout of a source's files; the same name again is its next version."""
    layout = body.model_dump(exclude={"publisher", "name"})
    row = await commands.create_profile(work, body.publisher, body.name, layout)
    return _profile(row, body.publisher)


@router.get("/v1/contract-profiles")
async def list_contract_profiles(
    work: PublicWork,
    paging: Paging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher.")] = None,
) -> Page[ProfileShape]:
    """Layouts of contract files, every version."""
    statement: Any = select(ContractProfile, Organisation).join(
        Organisation, col(Organisation.organisation_id) == col(ContractProfile.organisation_id)
    )
    if publisher is not None:
        organisation = await publishers.publisher(work.session, publisher)
        statement = statement.where(col(ContractProfile.organisation_id) == organisation.organisation_id)
    return await paginate(
        work,
        statement,
        order=(Organisation.slug, ContractProfile.name, ContractProfile.version),
        paging=paging,
        shape=lambda row: _profile(row[0], row[1].slug),
    )


@router.get("/v1/publishers/{publisher}/open-contracting-prefix")
async def read_open_contracting_prefix(work: PublicWork, publisher: PublisherSlug) -> PrefixShape:
    """The prefix with which the publisher's process ids begin."""
    organisation = await publishers.publisher(work.session, publisher)
    row = await work.session.get(OpenContractingPrefix, organisation.organisation_id)
    if row is None:
        raise NotFound(f"{publisher} has no Open Contracting prefix.")
    work.etag(1)
    return PrefixShape(publisher=publisher, prefix=row.prefix, set_at=row.set_at)


@router.put("/v1/publishers/{publisher}/open-contracting-prefix")
async def set_open_contracting_prefix(
    work: Annotated[Work, Writes("transparency:approver")], publisher: PublisherSlug, body: PrefixBody
) -> PrefixShape:
    """Set the prefix that was registered for the publisher. It is set once: published ids begin with it."""
    row = await commands.set_prefix(work, publisher, body.prefix)
    work.etag(1)
    return PrefixShape(publisher=publisher, prefix=row.prefix, set_at=row.set_at)


@router.get("/v1/contracts/ocds.json", response_model=dict[str, Any])
async def export_contracts_ocds(work: PublicWork, publisher: PublisherQuery) -> Response:
    """The publisher's whole register as an Open Contracting release package: a release for each version."""
    organisation = await publishers.publisher(work.session, publisher)
    data = await publication.register_package(work, organisation)
    work.etag(hashlib.sha256(data).hexdigest()[:20])
    return Response(data, media_type="application/json", headers={"Access-Control-Allow-Origin": "*"})


@public_files.get("/open/ocds-extension/{file}", response_model=dict[str, Any])
async def read_ocds_extension(
    work: PublicWork,
    file: Annotated[str, Path(max_length=40, description="`extension.json` or `release-schema.json`.")],
) -> dict[str, Any]:
    """The declaration of the fields that the exports have beside the standard's own."""
    found = ocds_extension.extension_files(publication.extension_address(work.base_url))
    if file not in found:
        raise NotFound(f"The extension has no file {file[:40]}; its files are {', '.join(found)}.")
    content: dict[str, Any] = found[file]
    return content


def _import(row: ContractImport, publisher: str) -> ImportShape:
    return ImportShape(
        **row.model_dump(include=set(ImportShape.model_fields) - {"records", "publisher"}),
        publisher=publisher,
        records=[RecordShape.model_validate(outcome) for outcome in row.outcomes],
    )


def _profile(row: ContractProfile, publisher: str) -> ProfileShape:
    return ProfileShape(publisher=publisher, **row.model_dump(include={"name", "version", "layout", "created_at"}))

"""Routes of the register: the list, one contract with its versions and spend, a new contract, its next version."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Path, Query, Request
from pydantic import AfterValidator
from sqlmodel import col, func, or_
from starlette.responses import Response

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.contracts import commands, links, queries, rules, showing, withheld
from services.transparency.contracts import spend as spending
from services.transparency.contracts.queries import Registered
from services.transparency.contracts.rules import REFERENCE, Statement
from services.transparency.contracts.shapes import (
    AreaShape,
    ContractBody,
    ContractDetail,
    ContractShape,
    GroundShape,
    NotedShape,
    SpendShape,
    Status,
    TermsBody,
    VersionBody,
    VersionShape,
)
from services.transparency.contracts.tables import Contract, ContractVersion
from services.transparency.tables import Organisation
from shared.http import PublicWork, Routes, Writes
from shared.money import pounds
from shared.pagination import ChangedPaging, Page, paginate
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["contracts"])

ReferencePath = Annotated[
    str,
    Path(
        pattern=REFERENCE.replace("/", "~"),
        description="Reference of the contract; a slash in it is written `~` here, as `C-2017~9`.",
    ),
    AfterValidator(lambda text: text.replace("~", "/")),
]
Preparing = Annotated[Work, Writes("transparency:preparer")]
NOT_IN_CSV = ("areas", "findings")


@router.get("/v1/contracts", response_model=Page[ContractShape], responses={200: {"content": {"text/csv": {}}}})
@router.get("/v1/contracts.csv", include_in_schema=False, name="list_contracts_csv", response_model=None)
async def list_contracts(
    work: PublicWork,
    request: Request,
    paging: ChangedPaging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher.")] = None,
    status: Annotated[Status | None, Query(description="Status of the current version.")] = None,
    supplier: Annotated[
        str | None, Query(min_length=2, max_length=200, description="Part of the supplier's name, or its number.")
    ] = None,
    grant_ref: Annotated[str | None, Query(max_length=80, description="Agreement or budget line it is on.")] = None,
    decision_ref: Annotated[str | None, Query(max_length=80, description="Board decision behind it.")] = None,
) -> Any:
    """The full current register: every contract in its current version. CSV holds the page asked for."""
    statement = queries.register()
    if publisher is not None:
        organisation = await publishers.publisher(work.session, publisher)
        statement = statement.where(col(Contract.organisation_id) == organisation.organisation_id)
    if status is not None:
        statement = statement.where(col(ContractVersion.status) == status)
    if supplier is not None:
        named = or_(
            func.lower(col(ContractVersion.supplier_name)).contains(supplier.lower(), autoescape=True),
            col(ContractVersion.company_number) == supplier,
            col(ContractVersion.charity_number) == supplier,
        )
        found = await withheld.found_by(work.session, col(ContractVersion.supplier_name), named)
        statement = statement.where(withheld.supplier_shown(), found)
    for column, text in ((ContractVersion.grant_ref, grant_ref), (ContractVersion.decision_ref, decision_ref)):
        if text is not None:
            statement = statement.where(await withheld.found_by(work.session, col(column), col(column) == text))
    page: Page[Any] = await paginate(
        work,
        statement,
        order=(Organisation.slug, Contract.reference, Contract.contract_id),
        paging=paging,
        shape=lambda row: row,
        changed=col(Contract.modified_at),
    )
    items = await shapes_of(work, [(row[0], row[1], row[2]) for row in page.items])
    if wants_csv(request):
        return _csv(items)
    return Page[ContractShape](items=items, links=page.links)


@router.get("/v1/contracts/{publisher}/{reference}")
async def read_contract(work: PublicWork, publisher: PublisherSlug, reference: ReferencePath) -> ContractDetail:
    """One contract: every version, what it stands on, and the payments that name it."""
    organisation = await publishers.publisher(work.session, publisher)
    return await detail_of(work, organisation, reference)


@router.post("/v1/contracts", status_code=201)
async def register_contract(work: Preparing, body: ContractBody) -> ContractDetail:
    """Enter a signed contract in the publisher's register."""
    said = Statement(kind="new", **_values(body, exclude={"publisher", "reference"}))
    found = await commands.register_contract(
        work, body.publisher, body.reference, said, texts_cleared=body.texts_cleared
    )
    work.headers["Location"] = _url(work, body.publisher, found.contract.reference)
    return await detail_of(work, await publishers.publisher(work.session, body.publisher), body.reference)


@router.post("/v1/contracts/{publisher}/{reference}/versions", status_code=201)
async def change_contract(
    work: Preparing, publisher: PublisherSlug, reference: ReferencePath, body: VersionBody
) -> ContractDetail:
    """Enter an extension, variation, correction or termination as the contract's next version."""
    await commands.change_contract(
        work,
        publisher,
        reference,
        _values(body, exclude={"after_version"}, unset=True),
        after_version=body.after_version,
        texts_cleared=body.texts_cleared,
    )
    work.headers["Location"] = _url(work, publisher, reference)
    return await detail_of(work, await publishers.publisher(work.session, publisher), reference)


def _values(body: TermsBody, *, exclude: set[str], unset: bool = False) -> dict[str, Any]:
    """The body as fields of a statement."""
    values = body.model_dump(exclude={*exclude, "contact", "areas", "texts_cleared"}, exclude_unset=unset)
    if not unset or "areas" in body.model_fields_set:
        values["areas"] = tuple((area.label, area.uri) for area in body.areas)
    if not unset or "contact" in body.model_fields_set:
        contact = body.contact
        values["contact_name"] = contact.name if contact else None
        values["contact_email"] = contact.email if contact else None
        values["contact_is_role"] = bool(contact and (contact.name or contact.email) and contact.is_role)
    return values


async def detail_of(work: Work, organisation: Organisation, reference: str) -> ContractDetail:
    """One contract with everything that is public of it."""
    contract = await queries.contract(work.session, organisation.organisation_id, reference)
    versions = (await queries.versions(work.session, organisation.organisation_id, [reference]))[reference]
    current = versions[-1]
    spend = await spending.spend_of(work.session, organisation.organisation_id, reference, current.names)
    shown = showing.public(current)
    ground = await links.ground_of(work.session, organisation.organisation_id, shown.grant_ref)
    prefix = await queries.prefix_of(work.session, organisation.organisation_id)
    found = ContractDetail(
        **_shape(work, organisation, current, prefix, spend.pence if spend.lines else None).model_dump(),
        spend=SpendShape.model_validate(spend),
        grant=GroundShape.model_validate(ground) if ground else None,
        call_offs=await links.call_offs(work.session, organisation.organisation_id, reference),
        versions=[_version(version) for version in versions],
        links=_links(work, organisation, shown, ground),
    )
    work.etag(contract.version, hashlib.sha256(found.model_dump_json().encode()).hexdigest()[:16])
    return found


def _links(
    work: Work, organisation: Organisation, shown: showing.Public, ground: links.Ground | None
) -> dict[str, str]:
    base = f"{work.base_url}/v1"
    addresses = {"publisher": f"{base}/publishers/{organisation.slug}"}
    if ground and ground.recipient:
        addresses["agreement"] = f"{base}/publishers/{ground.recipient}"
    same = f"{base}/contracts?publisher={organisation.slug}"
    if shown.grant_ref:
        addresses["same_grant"] = f"{same}&grant_ref={quote(shown.grant_ref, safe='')}"
    if shown.decision_ref:
        addresses["same_decision"] = f"{same}&decision_ref={quote(shown.decision_ref, safe='')}"
    if shown.framework_ref:
        addresses["framework"] = _url(work, organisation.slug, shown.framework_ref)
    return addresses


async def shapes_of(work: Work, rows: list[tuple[Contract, ContractVersion, Organisation]]) -> list[ContractShape]:
    """Contracts of several publishers as the register shows them."""
    contacts = await queries.role_contacts(work.session, [(row.contract_id, row.version) for row, _, _ in rows])
    prefixes: dict[UUID, str | None] = {}
    held: dict[UUID, withheld.Withholding] = {}
    spend: dict[UUID, dict[str, int]] = {}
    for publisher in {row.organisation_id for row, _, _ in rows}:
        prefixes[publisher] = await queries.prefix_of(work.session, publisher)
        held[publisher] = await withheld.withholding(work.session, publisher)
        references = [row.reference for row, _, _ in rows if row.organisation_id == publisher]
        spend[publisher] = await spending.spend_totals(work.session, publisher, references, held[publisher].names)
    items = []
    for row, version, organisation in rows:
        publisher = row.organisation_id
        contact = contacts.get((row.contract_id, row.version))
        found = queries.registered(row, version, contact, held[publisher])
        items.append(_shape(work, organisation, found, prefixes[publisher], spend[publisher].get(row.reference)))
    return items


def _shape(
    work: Work, organisation: Organisation, found: Registered, prefix: str | None, spend_pence: int | None
) -> ContractShape:
    reference = found.contract.reference
    version = _version(found)
    findings = list(version.findings)
    today = london_date(work.now)
    for noted in (rules.overspent(found.said, spend_pence or 0, today), rules.behind_its_days(found.said, today)):
        if noted is not None:
            findings.append(NotedShape.model_validate(noted))
    return ContractShape(
        **version.model_dump(exclude={"findings"}),
        findings=findings,
        publisher=organisation.slug,
        reference=reference,
        open_contracting_id=showing.ocid_of(prefix, reference),
        cumulative_spend_pence=spend_pence,
        row_id=found.contract.row_id,
        url=_url(work, organisation.slug, reference),
        modified_at=found.contract.modified_at,
    )


def _version(found: Registered) -> VersionShape:
    shown = showing.public(found)
    values = {name: getattr(shown, name) for name in VersionShape.model_fields if hasattr(shown, name)}
    return VersionShape(
        **{
            **values,
            "signed_on": london_date(shown.signed_at),
            "areas": [AreaShape(label=label, uri=uri) for label, uri in shown.areas],
            "findings": [NotedShape.model_validate(noted) for noted in shown.findings],
        }
    )


def _csv(items: list[ContractShape]) -> Response:
    names = [name for name in ContractShape.model_fields if name not in NOT_IN_CSV]
    heads = [name.removesuffix("_pence") for name in names]
    rows = [
        [
            *(_cell(name, getattr(item, name)) for name in names),
            "|".join(area.label for area in item.areas),
            "|".join(noted.code for noted in item.findings),
        ]
        for item in items
    ]
    data, _ = csv_bytes([*heads, "areas", "findings"], rows)
    return csv_response(data, "contracts.csv")


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return pounds(value) if name.endswith("_pence") and value is not None else value


def _url(work: Work, publisher: str, reference: str) -> str:
    return f"{work.base_url}/v1/contracts/{publisher}/{quote(reference.replace('/', '~'), safe='~')}"

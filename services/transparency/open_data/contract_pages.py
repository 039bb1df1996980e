"""Pages for people about contracts: a publisher's register, and one contract with its versions and payments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import HTMLResponse

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.contracts import api as contracts
from services.transparency.contracts import queries
from services.transparency.contracts.tables import Contract
from services.transparency.open_data.rendering import page
from services.transparency.tables import Organisation
from shared.http import PublicWork, Routes
from shared.pagination import Paging, paginate

router = Routes(tags=["pages"], include_in_schema=False)


@router.get("/v1/contracts.html", name="list_contracts_page")
async def list_contracts_page(
    work: PublicWork,
    paging: Paging,
    publisher: Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")] = None,
) -> HTMLResponse:
    """The register of contracts in their current versions, with what was paid under each."""
    statement = queries.register()
    organisation: Organisation | None = None
    if publisher is not None:
        organisation = await publishers.publisher(work.session, publisher)
        statement = statement.where(Contract.organisation_id == organisation.organisation_id)
    found = await paginate(
        work,
        statement,
        order=(Organisation.slug, Contract.reference, Contract.contract_id),
        paging=paging,
        shape=lambda row: row,
    )
    lines = await contracts.shapes_of(work, found.items)
    return page(work, "contracts.html", lines=lines, organisation=organisation, following=found.links.next)


@router.get("/v1/contracts/{publisher}/{reference}.html", name="read_contract_page")
async def read_contract_page(
    work: PublicWork, publisher: PublisherSlug, reference: contracts.ReferencePath
) -> HTMLResponse:
    """One contract: what it says, every version, and what was paid under it month by month."""
    organisation = await publishers.publisher(work.session, publisher)
    contract = await contracts.detail_of(work, organisation, reference)
    return page(work, "contract.html", organisation=organisation, contract=contract)

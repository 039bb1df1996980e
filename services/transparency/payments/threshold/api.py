"""Route that finds the published payments over £30,000 of a publisher's quarter."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import RedirectResponse, Response

from services.transparency import queries as publishers
from services.transparency.editions import queries as editions
from services.transparency.payments.authority.duties import authority_of
from services.transparency.payments.authority.rules import refuse_outside
from services.transparency.payments.threshold.draft import DATASET, WHAT
from shared.errors import Invalid, NotFound
from shared.http import PublicWork, Routes
from shared.periods import Quarter
from shared.tabular import wants_csv
from shared.values import Slug

router = Routes(tags=["payments"])


@router.get("/v1/payments-over-threshold", response_class=RedirectResponse, status_code=307)
@router.get("/v1/payments-over-threshold.csv", include_in_schema=False, name="find_payments_over_threshold_csv")
async def find_payments_over_threshold(
    work: PublicWork,
    request: Request,
    publisher: Annotated[Slug, Query(description="Slug of the publisher.")],
    period: Annotated[str, Query(max_length=20, description="Quarter, such as `2017-18-q1`.")],
) -> Response:
    """Where the edition in force is: payments over £30,000, VAT included, under one contract; JSON, or CSV by `Accept`.

    409 where the publisher is no contracting authority in that quarter; 404 where nothing is published of it.
    """
    try:
        quarter = Quarter.parse(period)
    except ValueError as error:
        raise Invalid(f"{period[:20]} is no quarter: {error}.", parameter="period") from error
    organisation = await publishers.publisher(work.session, publisher)
    authority = await authority_of(work.session, organisation.organisation_id)
    try:
        dataset = await editions.dataset_of(work.session, organisation, DATASET)
        edition = await editions.edition_in_force(work.session, dataset.dataset_id, quarter.slug, None)
    except NotFound as absent:
        refuse_outside(publisher, WHAT, quarter, authority.contracting_authority_from if authority else None)
        raise NotFound(
            f"No edition of {DATASET} for {quarter.label} is published; /v1/obligations?publisher={publisher} says by "
            "when it is due.",
            parameter="period",
        ) from absent
    await editions.refuse_unreadable(work.session, edition)
    name = f"{DATASET}.csv" if wants_csv(request) else f"{DATASET}.json"
    url = editions.file_url(work.base_url, publisher, DATASET, edition, name)
    headers = {"Cache-Control": "no-cache", "Vary": "Accept", "Access-Control-Allow-Origin": "*"}
    return RedirectResponse(url, 307, headers=headers)

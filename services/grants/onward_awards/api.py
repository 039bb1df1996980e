"""Routes of the 360Giving export of onward awards, and of what was left out of it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from services.grants.faults import year_of
from services.grants.onward_awards.queries import onward_awards
from services.grants.onward_awards.rules import OnwardAward, grant_of, left_out, package
from services.grants.shapes import AsAt, Year, content_tag
from shared.errors import NotFound
from shared.http import PublicWork, Routes, Shape
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response
from shared.work import Work

router = Routes(tags=["onward awards"])

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
ForYear = Annotated[Year | None, Query(description="Awards of one financial year, `2017/18` or `2017-18`.")]
CSV_COLUMNS = (
    "Identifier",
    "Title",
    "Description",
    "Currency",
    "Amount Awarded",
    "Amount Disbursed",
    "Award Date",
    "Planned Dates:Start Date",
    "Planned Dates:End Date",
    "Recipient Org:Identifier",
    "Recipient Org:Name",
    "Recipient Org:Charity Number",
    "Recipient Org:Company Number",
    "Funding Org:Identifier",
    "Funding Org:Name",
    "Grant Programme:Code",
    "Grant Programme:Title",
    "Last modified",
)


class LeftOutShape(Shape):
    award_id: UUID
    year: str
    organisation: str = Field(description="Slug of the body that received it.")
    code: str
    detail: str = Field(description="Why it is left out, and what would bring it in.")


class OnwardShape(Shape):
    award_id: UUID
    year: str
    organisation: str
    grant_id: str = Field(description="Its id in the export.")


class OnwardAwards(Shape):
    """What the export holds, and what it leaves out with the reason."""

    exported_on: date
    items: list[OnwardShape]
    left_out: list[LeftOutShape]


@router.get("/v1/onward-awards")
async def list_onward_awards(work: PublicWork, year: ForYear = None, as_at: AsAt = None) -> OnwardAwards:
    """Which awards the 360Giving export holds, and which it leaves out and why."""
    on = as_at or london_date(work.now)
    awards = await _awards(work, year, on)
    kept, reasons = _sorted(awards, on)
    shape = OnwardAwards(
        exported_on=on,
        items=[
            OnwardShape(
                award_id=award.award_id,
                year=award.year,
                organisation=award.recipient.slug,
                grant_id=grant_of(award, work.settings.threesixtygiving_prefix)["id"],
            )
            for award in kept
        ],
        left_out=reasons,
    )
    work.etag(content_tag(shape))
    return shape


@router.get("/v1/onward-awards/360giving.json", response_model=dict[str, Any])
async def export_360giving(work: PublicWork, year: ForYear = None, as_at: AsAt = None) -> Response:
    """Onward awards as a 360Giving 1.4 package; those without an organisation id are left out, the others go."""
    on = as_at or london_date(work.now)
    kept = await _kept(work, year, on)
    found = package(
        kept,
        prefix=work.settings.threesixtygiving_prefix,
        exported_on=on,
        address=f"{work.base_url}/v1/onward-awards/360giving.json",
        licence=LICENCE,
    )
    data = json.dumps(found, ensure_ascii=False, indent=1).encode()
    work.etag(hashlib.sha256(data).hexdigest()[:20])
    return Response(data, media_type="application/json")


@router.get("/v1/onward-awards/360giving.csv")
async def export_360giving_csv(work: PublicWork, year: ForYear = None, as_at: AsAt = None) -> Response:
    """The same awards as a table, with the column titles of 360Giving."""
    on = as_at or london_date(work.now)
    kept = await _kept(work, year, on)
    data, _ = csv_bytes(
        CSV_COLUMNS, (_csv_row(grant_of(award, work.settings.threesixtygiving_prefix)) for award in kept)
    )
    work.etag(hashlib.sha256(data).hexdigest()[:20])
    return csv_response(data, "360giving.csv")


async def _awards(work: Work, year: str | None, on: date) -> list[OnwardAward]:
    label = year_of(year, parameter="year").label if year is not None else None
    return await onward_awards(work.session, year=label, on=on)


async def _kept(work: Work, year: str | None, on: date) -> list[OnwardAward]:
    kept, reasons = _sorted(await _awards(work, year, on), on)
    if not kept:
        why = f"{len(reasons)} left out; see /v1/onward-awards for why." if reasons else "None has been made."
        raise NotFound(f"There is no award to export, and a package without one is not valid. {why}")
    return kept


def _sorted(awards: list[OnwardAward], on: date) -> tuple[list[OnwardAward], list[LeftOutShape]]:
    kept, reasons = [], []
    for award in awards:
        reason = left_out(award, on)
        if reason is None:
            kept.append(award)
        else:
            reasons.append(LeftOutShape.model_validate(reason))
    return kept, reasons


def _csv_row(grant: dict[str, Any]) -> tuple[object, ...]:
    (recipient,), (funder,), (programme,) = (
        grant["recipientOrganization"],
        grant["fundingOrganization"],
        grant["grantProgramme"],
    )
    planned = grant.get("plannedDates", [{}])[0]
    return (
        *(grant["id"], grant["title"], grant["description"], grant["currency"]),
        *(f"{grant['amountAwarded']:.2f}", f"{grant['amountDisbursed']:.2f}", grant["awardDate"]),
        *(planned.get("startDate"), planned.get("endDate")),
        *(recipient["id"], recipient["name"], recipient.get("charityNumber"), recipient.get("companyNumber")),
        *(funder["id"], funder["name"], programme["code"], programme["title"], grant["dateModified"]),
    )

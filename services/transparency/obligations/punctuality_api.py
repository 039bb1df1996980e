"""Routes of the public record of punctuality: a line for each publisher and year, a page for each publisher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from pydantic import Field
from starlette.responses import HTMLResponse

from services.transparency.obligations import punctuality, queries
from services.transparency.obligations.api import TEMPLATES, Publisher, Year, publisher_id, wants_html, year_of
from services.transparency.obligations.tables import Obligation
from services.transparency.tables import Organisation
from shared.http import PublicWork, Routes, Shape
from shared.pagination import Paging, page_of
from shared.tabular import csv_bytes, csv_response, wants_csv

router = Routes(tags=["obligations"])


class LateDuty(Shape):
    obligation_id: UUID
    code: str
    period: str
    state: str
    days_late: int | None = Field(description="Days after the alarm's day; null where it was missed.")
    href: str


class PunctualityShape(Shape):
    publisher: str
    name: str
    year: str
    duties: int
    on_time: int
    late: int = Field(description="Met after the day, by `days_late_total` days together.")
    late_unknown: int = Field(
        description="Met late because they were entered here after their day, which says nothing of when the body "
        "first published."
    )
    missed: int
    not_judged: int = Field(description="Entered after their day, or without a day, and not met.")
    waiting: int = Field(description="Not due yet.")
    not_applicable: int
    on_time_percent: str | None = Field(description="On time, of those on time, late and missed; null without any.")
    days_late_total: int
    days_late_longest: int
    late_duties: list[LateDuty] = Field(description="Each late or missed duty, by its day.")
    links: dict[str, str] = Field(description="The duties behind the figures.")


COLUMNS = tuple(name for name in PunctualityShape.model_fields if name not in ("late_duties", "links"))


@router.get("/v1/obligations/punctuality", responses={200: {"content": {"text/csv": {}, "text/html": {}}}})
@router.get("/v1/obligations/punctuality.csv", include_in_schema=False, name="read_punctuality_csv")
@router.get("/v1/obligations/punctuality.html", include_in_schema=False, name="read_punctuality_html")
async def read_punctuality(
    work: PublicWork,
    request: Request,
    paging: Paging,
    publisher: Publisher = None,
    year: Year = None,
) -> Any:
    """On time, late, missed and not judged, for each publisher and year; also as CSV and as a page (T-48)."""
    found = await queries.calendar_of(work.session, await publisher_id(work, publisher), year_of(year))
    grouped: dict[tuple[str, str], tuple[Organisation, list[Obligation]]] = {}
    for obligation, organisation in found:
        if organisation is not None:
            key = (organisation.slug, obligation.year)
            grouped.setdefault(key, (organisation, []))[1].append(obligation)
    records = [_shape(organisation, duties, work.base_url) for _, (organisation, duties) in sorted(grouped.items())]
    if wants_csv(request):
        data, _ = csv_bytes(COLUMNS, [[getattr(record, name) for name in COLUMNS] for record in records])
        return csv_response(data, f"punctuality-{publisher or 'all'}-{year or 'all'}.csv")
    if wants_html(request):
        name = records[0].name if publisher and records else publisher
        page = TEMPLATES.get_template("punctuality.html").render(records=records, name=name, base=work.base_url)
        return HTMLResponse(page, headers={"Vary": "Accept"})
    return page_of(work, records, key=lambda record: (record.publisher, record.year), paging=paging)


def _shape(organisation: Organisation, duties: Sequence[Obligation], base_url: str) -> PunctualityShape:
    judged = {duty.obligation_id: queries.entered(duty).lateness_known for duty in duties}
    sums = punctuality.add_up(
        [punctuality.Judged(duty.state, duty.days_late, judged[duty.obligation_id]) for duty in duties]
    )
    late = [
        duty for duty in duties if duty.state == "missed" or (duty.state == "met_late" and judged[duty.obligation_id])
    ]
    query = urlencode({"publisher": organisation.slug, "year": duties[0].year})
    return PunctualityShape(
        publisher=organisation.slug,
        name=organisation.name,
        year=duties[0].year,
        **vars(sums),
        late_duties=[
            LateDuty(
                **duty.model_dump(include={"obligation_id", "code", "period", "state", "days_late"}),
                href=f"{base_url}/v1/obligations/{duty.obligation_id}",
            )
            for duty in late
        ],
        links={
            **{
                state: f"{base_url}/v1/obligations?{query}&state={state}"
                for state in ("met", "met_late", "missed", "not_judged")
            },
            "calendar": f"{base_url}/v1/obligations/compliance.html?{query}",
        },
    )

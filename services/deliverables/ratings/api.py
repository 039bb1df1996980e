"""Routes of deliverables as they stand: list, one, its ratings, and the summary of a year."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from sqlmodel import col, select
from starlette.responses import Response

from services.deliverables.programme.queries import find_deliverable, find_programme
from services.deliverables.programme.tables import Deliverable, Programme, Theme
from services.deliverables.ratings.commands import approve_rating, rate
from services.deliverables.ratings.queries import Standings, latest_period, load_standings
from services.deliverables.ratings.shapes import (
    CountOut,
    DeliverableOut,
    RatingOut,
    SummaryOut,
    deliverable_out,
    rating_out,
    summary_out,
)
from services.deliverables.ratings.tables import Rating
from services.deliverables.shapes import QuarterText, Ref, YearPath, content_tag, example
from shared.errors import Invalid
from shared.http import Body, PublicWork, Reads, Routes, Writes
from shared.pagination import Page, Paging, paginate
from shared.periods import FinancialYear, Quarter
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["deliverables"])

READERS = (
    "deliverables:read",
    "deliverables:lead",
    "deliverables:officer",
    "deliverables:approver",
    "deliverables:director",
)

Period = Annotated[
    QuarterText | None, Query(description="Quarter at whose end to look; the last one with a rating or result.")
]
Counting = Annotated[
    Literal["explained", "printed"],
    Query(
        description="`explained` (D-28): a colour that differs from complete numbers counts once a second person "
        "approved its reason. `printed`: ratings count as the source prints them."
    ),
]

DELIVERABLE_COLUMNS = (
    "ref",
    "printed_ref",
    "theme",
    "title",
    "row_kind",
    "reporting_row",
    "agreed",
    "split_of",
    "follows",
    "period",
    "derived",
    "derived_complete",
    "headline_percent",
    "rating",
    "rating_state",
    "rating_origin",
    "missing_reason",
    "overridden",
    "override_unexplained",
    "awaiting_approval",
    "evidence_empty",
)


@router.get("/v1/programmes/{year}/deliverables", response_model=Page[DeliverableOut])
@router.get("/v1/programmes/{year}/deliverables.csv", name="list_deliverables_csv", response_model=None)
async def list_deliverables(
    request: Request,
    work: PublicWork,
    year: YearPath,
    paging: Paging,
    period: Period = None,
    ref: Annotated[Ref | None, Query(description="One reference, such as `E1`.")] = None,
    theme: Annotated[str | None, Query(max_length=20)] = None,
    rating: Annotated[str | None, Query(max_length=20, description="A colour, or `missing`.")] = None,
) -> Page[DeliverableOut] | Response:
    """The year's deliverables in the agreement's order, each with targets, results, derived and claimed rating."""
    programme = await find_programme(work.session, FinancialYear.parse(year))
    standings = await load_standings(work.session, programme, await _period(work, programme, period))
    wanted = [
        item
        for item in standings.items
        if (ref is None or item.deliverable.ref == ref)
        and (theme is None or item.theme == theme)
        and (rating is None or (item.rated.colour or "missing") == rating)
    ]
    drafts = work.actor.may(*READERS)
    if wants_csv(request):
        shapes = [deliverable_out(item, standings, work.base_url, drafts=drafts) for item in wanted]
        return _csv(shapes, f"deliverables-{year}.csv")
    statement = (
        select(Deliverable)
        .join(Theme, col(Theme.id) == Deliverable.theme_id)
        .where(col(Deliverable.id).in_([item.deliverable.id for item in wanted]))
    )
    return await paginate(
        work,
        statement,
        order=(col(Deliverable.position), col(Deliverable.id)),
        paging=paging,
        shape=lambda row: deliverable_out(standings.of(row.ref), standings, work.base_url, drafts=drafts),
    )


@router.get("/v1/programmes/{year}/summary", response_model=SummaryOut)
@router.get("/v1/programmes/{year}/summary.csv", name="get_summary_csv", response_model=None)
async def get_summary(
    request: Request, work: PublicWork, year: YearPath, period: Period = None, counting: Counting = "explained"
) -> SummaryOut | Response:
    """Ratings of the year by theme and overall; missing is a state of its own, never green and never zero (D-29)."""
    programme = await find_programme(work.session, FinancialYear.parse(year))
    standings = await load_standings(work.session, programme, await _period(work, programme, period))
    summary = summary_out(standings, counting, drafts=work.actor.may(*READERS))
    if not wants_csv(request):
        work.etag(content_tag(summary))
        return summary
    colours = list(summary.rows.colours)
    header = ("theme", "counted", "total", *colours, "missing", "overrides", "overrides_unexplained")
    counts: list[tuple[str, str, CountOut]] = []
    for theme in summary.themes:
        counts += [(theme.code, "rows", theme.rows), (theme.code, "agreed", theme.agreed)]
    counts += [("all", "rows", summary.rows), ("all", "agreed", summary.agreed)]
    data, _ = csv_bytes(
        header,
        (
            (code, what, c.total, *c.colours.values(), c.missing, c.overrides, c.overrides_unexplained)
            for code, what, c in counts
        ),
    )
    return csv_response(data, f"summary-{summary.period}.csv")


@router.get("/v1/deliverables/{deliverable_id}")
async def get_deliverable(
    work: Annotated[Work, Reads(*READERS)], deliverable_id: UUID, period: Period = None
) -> DeliverableOut:
    """One deliverable at a quarter: its parts through the quarters, its position in the year, its rating."""
    deliverable, programme = await find_deliverable(work.session, deliverable_id)
    standings = await load_standings(work.session, programme, await _period(work, programme, period))
    answer = deliverable_out(standings.of(deliverable.ref), standings, work.base_url, drafts=True)
    work.etag(content_tag(answer))
    return answer


class RatingIn(Body):
    """A claimed colour. One that differs from complete numbers needs a reason, then waits for a second person."""

    model_config = example(period="2017-18-q4", colour="green", reason="The last £0.7m was counted in May.")

    period: QuarterText
    colour: str = Field(max_length=64, description="A word of the year's scheme, in any case.")
    reason: str | None = Field(default=None, min_length=1, max_length=1000)


@router.post("/v1/deliverables/{deliverable_id}/ratings", status_code=201)
async def rate_deliverable(
    work: Annotated[Work, Writes("deliverables:lead", "deliverables:officer")], deliverable_id: UUID, body: RatingIn
) -> RatingOut:
    """Claim a rating. It counts at once where it matches the numbers, or where they give no complete colour (D-28)."""
    reason = body.reason.strip() if body.reason else None
    rating = await rate(work, deliverable_id, Quarter.parse(body.period), body.colour, reason or None)
    return await _rating(work, rating)


@router.get("/v1/deliverables/{deliverable_id}/ratings")
async def list_ratings(
    work: Annotated[Work, Reads(*READERS)], deliverable_id: UUID, paging: Paging, period: Period = None
) -> Page[RatingOut]:
    """Every rating that was ever claimed for a deliverable, the last one first."""
    deliverable, _ = await find_deliverable(work.session, deliverable_id)
    statement = select(Rating).where(Rating.deliverable_id == deliverable.id)
    if period is not None:
        statement = statement.where(Rating.period == period)
    return await paginate(
        work,
        statement,
        order=(col(Rating.created_at), col(Rating.id)),
        paging=paging,
        shape=lambda row: rating_out(row, deliverable.ref),
        descending=True,
    )


@router.post("/v1/deliverables/{deliverable_id}/ratings/{rating_id}/approvals", status_code=201)
async def approve_override(
    work: Annotated[Work, Writes("deliverables:approver")], deliverable_id: UUID, rating_id: UUID
) -> RatingOut:
    """Approve a claim that differs from the numbers; another person than the one who made it must (D-28)."""
    return await _rating(work, await approve_rating(work, deliverable_id, rating_id))


async def _rating(work: Work, rating: Rating) -> RatingOut:
    deliverable, _ = await find_deliverable(work.session, rating.deliverable_id)
    work.headers["Location"] = f"{work.base_url}/v1/deliverables/{deliverable.id}/ratings"
    return rating_out(rating, deliverable.ref)


async def _period(work: Work, programme: Programme, text: str | None) -> Quarter:
    if text is None:
        return await latest_period(work.session, programme)
    period = Quarter.parse(text)
    if period.year.label != programme.year:
        raise Invalid(f"{period.label} is not in {programme.year}; choose one of its quarters.", parameter="period")
    return period


def _csv(shapes: list[DeliverableOut], filename: str) -> Response:
    rows = []
    for shape in shapes:
        flat = {
            **shape.model_dump(exclude={"derived", "parts"}),
            "derived": shape.derived.colour,
            "derived_complete": shape.derived.complete,
            "headline_percent": shape.derived.headline_percent,
        }
        rows.append([_cell(flat[name]) for name in DELIVERABLE_COLUMNS])
    return csv_response(csv_bytes(DELIVERABLE_COLUMNS, rows)[0], filename)


def _cell(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value


__all__ = ["READERS", "Standings", "router"]

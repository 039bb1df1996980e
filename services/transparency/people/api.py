"""Public routes of posts and the organisation chart, drawn from the edition in force; a preview for those inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import Path, Query, Request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse, Response

from services.transparency import queries as publishers
from services.transparency.api import PublisherSlug
from services.transparency.people import queries
from services.transparency.people.chart_file import chart_content
from services.transparency.people.picture import chart_svg, facts
from services.transparency.people.publication import CHART_JSON
from services.transparency.people.published import NotPublished, published_file
from services.transparency.people.shapes import ChartShape, PostShape, TreeShape
from services.transparency.people.structure import Choices, structure
from shared.errors import NotFound
from shared.fields import Day
from shared.http import PublicWork, Reads, Routes
from shared.money import pounds
from shared.pagination import Page, Paging, page_of
from shared.periods import FinancialYear
from shared.tabular import csv_bytes, csv_response, wants_csv
from shared.work import Work

router = Routes(tags=["people"])

TEMPLATES = Environment(
    loader=FileSystemLoader(FilePath(__file__).parent), autoescape=select_autoescape(), trim_blocks=True
)
ChartDay = Annotated[Day, Path(description="Day that the chart is as at, `2018-03-31`.")]
INSIDE = (
    "transparency:preparer", "transparency:approver", "transparency:finance", "transparency:dpl",
    "transparency:auditor",
)  # fmt: skip
DATASET = "organisation_structure"

POST_COLUMNS = (
    "publisher", "applicable_date", "post_id", "reports_to", "level", "job_title", "names", "grade", "unit", "service",
    "employment_type", "fte", "salary_bands", "maximum_salary", "vacancy", "holders", "shared_with", "contacts",
    "responsibilities", "budget", "employees",
)  # fmt: skip
EDGE_COLUMNS = (
    "publisher",
    "applicable_date",
    "senior_post_id",
    "senior_job_title",
    "junior_post_id",
    "junior_job_title",
)


@router.get("/v1/posts", responses={200: {"content": {"text/csv": {}}}})
@router.get("/v1/posts.csv", include_in_schema=False, name="list_posts_csv")
async def list_posts(
    work: PublicWork,
    request: Request,
    paging: Paging,
    publisher: Annotated[str, Query(max_length=80, description="Slug of a publisher.")],
    applicable_date: Annotated[
        Day | None, Query(description="Day that the chart is as at; the newest published chart without it.")
    ] = None,
) -> Any:
    """Posts of a published organisation chart, as it was published; also as CSV."""
    content, _ = await _published(work, publisher, applicable_date)
    if wants_csv(request):
        return _posts_csv(content, f"posts-{publisher}-{content['applicable_date']}.csv")
    shapes = [PostShape(**_about(content), **post) for post in content["posts"]]
    page: Page[PostShape] = page_of(work, shapes, key=lambda post: (post.post_id,), paging=paging)
    return page


@router.get("/v1/organisation-chart/{publisher}/{day}.csv", include_in_schema=False, name="read_chart_csv")
@router.get("/v1/organisation-chart/{publisher}/{day}/posts.csv", name="read_chart_posts")
async def read_chart_posts(work: PublicWork, publisher: PublisherSlug, day: ChartDay) -> Response:
    """The posts of a published chart as CSV, one row a post."""
    content, _ = await _published(work, publisher, day)
    return _posts_csv(content, f"posts-{publisher}-{day}.csv")


@router.get("/v1/organisation-chart/{publisher}/{day}/edges.csv")
async def read_chart_edges(work: PublicWork, publisher: PublisherSlug, day: ChartDay) -> Response:
    """The reporting lines of a published chart as CSV: senior post and junior post, one row a line."""
    content, _ = await _published(work, publisher, day)
    titles = {post["post_id"]: post["job_title"] for post in content["posts"]}
    rows = [
        (content["publisher"], content["applicable_date"], above, titles[above], post["post_id"], post["job_title"])
        for post in content["posts"]
        if (above := post["reports_to"])
    ]
    return csv_response(csv_bytes(EDGE_COLUMNS, rows)[0], f"edges-{publisher}-{day}.csv")


@router.get("/v1/organisation-chart/{publisher}/{day}.svg", responses={200: {"content": {"image/svg+xml": {}}}})
async def read_chart_picture(work: PublicWork, publisher: PublisherSlug, day: ChartDay) -> Response:
    """The chart as a picture; each box leads to the post's entry on the page, and a text says what is drawn."""
    content, _ = await _published(work, publisher, day)
    return Response(chart_svg(content, f"{_chart(work, publisher, day)}.html"), media_type="image/svg+xml")


@router.get("/v1/organisation-chart/{publisher}/{day}.html", responses={200: {"content": {"text/html": {}}}})
async def read_chart_page(work: PublicWork, publisher: PublisherSlug, day: ChartDay) -> HTMLResponse:
    """The chart as a page: the picture, and the same as a list with every detail."""
    content, edition = await _published(work, publisher, day)
    return HTMLResponse(
        TEMPLATES.get_template("chart.html").render(
            chart=_shape(work, content, edition), svg=chart_svg(content, ""), facts=_facts
        )
    )


@router.get("/v1/organisation-chart/{publisher}/{day}/preview")
async def preview_chart(work: Annotated[Work, Reads(*INSIDE)], publisher: PublisherSlug, day: ChartDay) -> ChartShape:
    """The chart as the newest staff list of the day would be published now; for those who prepare it."""
    organisation = await publishers.seen(work, publisher)
    staff_list = await queries.newest_list(work.session, organisation.organisation_id, day)
    if staff_list is None:
        raise NotFound(f"There is no staff list of {publisher} as at {day}; import one at /v1/posts/imports.")
    upheld = await queries.objections(work.session, organisation.organisation_id, ["raised", "upheld"])
    chart = structure(
        await queries.staff_of(work.session, staff_list.list_id),
        day,
        Choices.of(await queries.parameters_of(work.session, organisation.organisation_id, FinancialYear.of(day))),
        publisher=publisher,
        withheld={objection.post_id for objection in upheld},
        decided=await queries.unit_decisions(work.session, organisation.organisation_id, day),
    )
    notes = ["A preview: nothing of it is published. Posts with an objection that waits are left out as if upheld."]
    return _shape(work, chart_content(chart, publisher, organisation.name, notes), None)


@router.get("/v1/organisation-chart/{publisher}/{day}")
async def read_chart(work: PublicWork, publisher: PublisherSlug, day: ChartDay) -> ChartShape:
    """The organisation chart that was published for the year of a day, as a tree with levels."""
    content, edition = await _published(work, publisher, day)
    return _shape(work, content, edition)


async def _published(work: Work, publisher: str, day: date | None) -> tuple[dict[str, Any], int]:
    """The chart of the edition in force, which is as at this day."""
    period = FinancialYear.of(day).slug if day else None
    content, organisation, edition = await published_file(work, publisher, DATASET, CHART_JSON, period)
    if day is not None and content["applicable_date"] != day.isoformat():
        raise NotPublished(
            f"The chart that {organisation.name} published for {period} is as at {content['applicable_date']}, not "
            f"{day.isoformat()}; ask for that day."
        )
    work.etag(f"{edition.edition_id}-{edition.number}")
    return content, edition.number


def _shape(work: Work, content: Mapping[str, Any], edition: int | None) -> ChartShape:
    about = _about(content)
    address = _chart(work, content["publisher"], content["applicable_date"])
    shapes: dict[str, TreeShape] = {}
    tops: list[TreeShape] = []
    for post in content["posts"]:
        shape = TreeShape(**about, **post, reports=[])
        shapes[shape.post_id] = shape
        (shapes[shape.reports_to].reports if shape.reports_to else tops).append(shape)
    return ChartShape(
        **about,
        organisation=content["organisation"],
        edition=edition,
        posts=len(shapes),
        posts_withheld=content["posts_withheld"],
        left_out=content["left_out"],
        notes=content["notes"],
        tree=tops,
        links={
            "page": f"{address}.html",
            "picture": f"{address}.svg",
            "posts": f"{address}/posts.csv",
            "edges": f"{address}/edges.csv",
        },
    )


def _facts(post: TreeShape) -> list[str]:
    return facts(post.model_dump(exclude={"reports"}))


def _about(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"publisher": content["publisher"], "applicable_date": content["applicable_date"]}


def _chart(work: Work, publisher: str, day: date | str) -> str:
    return f"{work.base_url}/v1/organisation-chart/{publisher}/{day}"


def _posts_csv(content: Mapping[str, Any], filename: str) -> Response:
    return csv_response(csv_bytes(POST_COLUMNS, _post_rows(content))[0], filename)


def _post_rows(content: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    for post in content["posts"]:
        amounts = {
            column: None if post[f"{column}_pence"] is None else pounds(post[f"{column}_pence"])
            for column in ("maximum_salary", "budget")
        }
        joined = {column: "|".join(post[column]) for column in ("names", "salary_bands", "contacts")}
        shown = {**_about(content), **post, **amounts, **joined, "vacancy": str(post["vacancy"]).lower()}
        yield tuple(shown[column] for column in POST_COLUMNS)

"""Routes of the quality cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field

from services.transparency import queries as publishers
from services.transparency.editions.kinds import kind_of
from services.transparency.editions.tables import Dataset, Edition
from services.transparency.open_data import cards, queries, rules
from services.transparency.open_data.queries import Published
from services.transparency.open_data.rendering import page, wants_html
from services.transparency.tables import Organisation
from shared.http import PublicWork, Routes, Shape
from shared.pagination import Page, Paging, paginate
from shared.periods import london_date
from shared.tabular import csv_bytes, csv_response, wants_csv

router = Routes(tags=["quality"])

Publisher = Annotated[str | None, Query(max_length=80, description="Slug of a publisher; all without it.")]


class FigureShape(Shape):
    name: str
    label: str
    unit: Literal["yes_no", "days", "pence", "percent"]
    value: bool | int | str | None = Field(
        description="Null where it is not known. Shares are text with one decimal; null too where credits make a part "
        "larger than its whole."
    )
    part: int | None = Field(description="What was counted or added up.")
    whole: int | None = Field(description="Out of how much.")
    counted_in: str | None = Field(description="What part and whole count, such as `rows` or `pence`.")
    rows: str | None = Field(description="Address of what the figure is made of.")


class CardShape(Shape):
    publisher: str
    publisher_name: str
    year: str
    dataset: str | None = Field(description="Null on a year's card of all datasets.")
    period: str | None
    edition: int | None
    editions: int = Field(description="Editions in force that are counted.")
    figures: list[FigureShape]


class QualityPage(Page[CardShape]):
    years: list[CardShape] = Field(description="The card of each publisher's year, on the first page.")


@router.get("/v1/quality", responses={200: {"content": {"text/csv": {}, "text/html": {}}}}, response_model=QualityPage)
@router.get("/v1/quality.csv", include_in_schema=False, name="read_quality_csv")
@router.get("/v1/quality.html", include_in_schema=False, name="read_quality_html")
async def read_quality(
    work: PublicWork,
    request: Request,
    paging: Paging,
    publisher: Publisher = None,
    dataset: Annotated[str | None, Query(max_length=40, description="Dataset, such as `spend`.")] = None,
    year: Annotated[str | None, Query(max_length=10, description="Financial year, `2017-18`.")] = None,
) -> Any:
    """The quality card of each edition and of each publisher's year (T-58).

    Each figure has what it counts, and the address of the rows that it is made of.
    """
    if publisher is not None:
        await publishers.publisher(work.session, publisher)
    kind = kind_of(dataset).name if dataset is not None else None
    asked_year = rules.year_of(year) if year is not None else None
    listed: Page[Any] = await paginate(
        work,
        queries.editions_statement(publisher=publisher, kind=kind, year=asked_year),
        order=(Organisation.slug, Dataset.kind, Edition.period, Edition.number, Edition.edition_id),
        paging=paging,
        shape=lambda row: Published(*row),
    )
    today = london_date(work.now)
    found = await cards.edition_cards(work.session, listed.items, base_url=work.base_url, today=today)
    years = (
        await cards.year_cards(
            work.session, base_url=work.base_url, today=today, publisher=publisher, kind=kind, year=asked_year
        )
        if paging.cursor is None
        else []
    )
    answer = QualityPage(
        items=[CardShape.model_validate(card) for card in found],
        links=listed.links,
        years=[CardShape.model_validate(card) for card in years],
    )
    if wants_csv(request):
        data, _ = csv_bytes(QUALITY_COLUMNS, _figures([*answer.years, *answer.items]))
        return csv_response(data, f"quality-{publisher or 'all'}.csv")
    if wants_html(request):
        return page(work, "quality.html", quality=answer, publisher=publisher, dataset=dataset, year=year)
    return answer


QUALITY_COLUMNS = (
    "publisher",
    "year",
    "dataset",
    "period",
    "edition",
    "figure",
    "value",
    "unit",
    "part",
    "whole",
    "counted_in",
    "rows",
)


def _figures(cards: Sequence[CardShape]) -> Iterable[tuple[Any, ...]]:
    """One row for each figure of each card; a year's card has no period."""
    for card in cards:
        for figure in card.figures:
            yield (
                card.publisher,
                card.year,
                card.dataset,
                card.period,
                card.edition,
                figure.name,
                str(figure.value).lower() if isinstance(figure.value, bool) else figure.value,
                figure.unit,
                figure.part,
                figure.whole,
                figure.counted_in,
                figure.rows,
            )

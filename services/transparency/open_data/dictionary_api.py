"""Routes of the data dictionary."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import Field
from starlette.responses import Response

from services.transparency.open_data import dictionary
from services.transparency.open_data.answers import as_csv
from services.transparency.open_data.rendering import page, wants_html
from shared.http import PublicWork, Routes, Shape
from shared.tabular import wants_csv

router = Routes(tags=["data dictionary"])


class ColumnShape(Shape):
    dataset: str
    position: int = Field(description="Place in the file, from 1.")
    header: str
    type: str
    meaning: str
    required: bool = Field(description="Never an empty cell.")
    unique: bool
    pattern: str | None = Field(description="Regular expression that each value matches.")
    enum: list[str] | None = Field(description="The only values.")
    references: str | None = Field(description="Dataset and column in which the value stands too.")
    note: str | None
    sector_column: bool = Field(description="A column of the sector's schema; own columns follow those.")
    deviation: str | None = Field(
        description="How it departs from the sector's schema, and why; null where it does not."
    )


class DictionaryEntry(Shape):
    dataset: str
    columns: int
    deviations: int
    key: list[str] = Field(description="Columns that name a row.")
    follows_sector_schema: bool
    url: str


class DictionaryShape(Shape):
    missing_values: str = Field(description="What an empty cell means, and what does not mean a missing value.")
    datasets: list[DictionaryEntry]
    deviations: list[ColumnShape]
    links: dict[str, str]


class DatasetDictionary(Shape):
    dataset: str
    key: list[str]
    missing_values: str
    columns: list[ColumnShape]
    links: dict[str, str]


@router.get(
    "/v1/data-dictionary",
    responses={200: {"content": {"text/csv": {}, "text/html": {}}}},
    response_model=DictionaryShape,
)
@router.get("/v1/data-dictionary.csv", include_in_schema=False, name="read_data_dictionary_csv")
@router.get("/v1/data-dictionary.html", include_in_schema=False, name="read_data_dictionary_html")
async def read_data_dictionary(work: PublicWork, request: Request) -> Any:
    """Every dataset with its columns counted, and every departure from the sector's schemas with the reason.

    As CSV: every column of every dataset.
    """
    columns = [ColumnShape.model_validate(column) for column in dictionary.all_columns()]
    if wants_csv(request):
        return as_csv(columns, ColumnShape, "data-dictionary.csv")
    base = f"{work.base_url}/v1/data-dictionary"
    answer = DictionaryShape(
        missing_values=dictionary.NULLS,
        datasets=[_entry(dataset, base) for dataset in dictionary.datasets()],
        deviations=[column for column in columns if column.deviation],
        links={"csv": f"{base}.csv", "deviations": f"{base}/deviations.csv"},
    )
    if wants_html(request):
        return page(work, "data_dictionary.html", dictionary=answer)
    return answer


@router.get("/v1/data-dictionary/deviations.csv", include_in_schema=False)
async def read_deviations(work: PublicWork) -> Response:
    """Every departure from the sector's schemas, as CSV."""
    columns = [ColumnShape.model_validate(column) for column in dictionary.deviations()]
    return as_csv(columns, ColumnShape, "deviations.csv")


# Decorators apply from below: the addresses with an extension are known before the one that would swallow them.
@router.get(
    "/v1/data-dictionary/{dataset}",
    responses={200: {"content": {"text/csv": {}, "text/html": {}}}},
    response_model=DatasetDictionary,
)
@router.get("/v1/data-dictionary/{dataset}.csv", include_in_schema=False, name="read_dataset_dictionary_csv")
@router.get("/v1/data-dictionary/{dataset}.html", include_in_schema=False, name="read_dataset_dictionary_html")
async def read_dataset_dictionary(
    work: PublicWork,
    request: Request,
    dataset: Annotated[str, Path(pattern=r"^[a-z_]+$", max_length=40, description="Dataset, such as `spend`.")],
) -> Any:
    """Every column of one dataset: type, constraint, and how it departs from the sector's schema."""
    columns = [ColumnShape.model_validate(column) for column in dictionary.columns(dataset)]
    if wants_csv(request):
        return as_csv(columns, ColumnShape, f"data-dictionary-{dataset}.csv")
    base = f"{work.base_url}/v1/data-dictionary"
    answer = DatasetDictionary(
        dataset=dataset,
        key=dictionary.key_of(dataset),
        missing_values=dictionary.NULLS,
        columns=columns,
        links={"csv": f"{base}/{dataset}.csv", "all": base},
    )
    if wants_html(request):
        return page(work, "dataset_dictionary.html", dictionary=answer)
    return answer


def _entry(dataset: str, base: str) -> DictionaryEntry:
    columns = dictionary.columns(dataset)
    return DictionaryEntry(
        dataset=dataset,
        columns=len(columns),
        deviations=sum(column.deviation is not None for column in columns),
        key=dictionary.key_of(dataset),
        follows_sector_schema=dataset in dictionary.SECTOR_DATASETS,
        url=f"{base}/{dataset}",
    )

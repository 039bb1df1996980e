"""Routes of the public files of editions: the same bytes for ever, or why they are gone."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from starlette.responses import FileResponse, RedirectResponse

from services.transparency.api import PublisherSlug
from services.transparency.editions import queries
from services.transparency.editions.addresses import DatasetName, Number, Period, href_of, is_inside, place
from shared.errors import NotFound
from shared.http import PublicWork, Routes

public_files = Routes(tags=["files"])

IMMUTABLE = "public, max-age=31536000, immutable"


@public_files.get("/open/{publisher}/{dataset}/{period}/latest.csv", response_class=RedirectResponse, status_code=307)
async def read_latest_file(
    work: PublicWork, publisher: PublisherSlug, dataset: DatasetName, period: Period
) -> Response:
    """Where the newest file of a period is."""
    at = await place(work, publisher, dataset, period)
    edition = await queries.edition_in_force(work.session, at.dataset.dataset_id, at.period.slug, None)
    await queries.refuse_unreadable(work.session, edition)
    url = queries.file_url(work.base_url, publisher, dataset, edition)
    return RedirectResponse(url, 307, headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})


@public_files.get("/open/{publisher}/{dataset}/{period}/v{n}/{file}", response_class=FileResponse)
async def read_file(
    work: PublicWork,
    publisher: PublisherSlug,
    dataset: DatasetName,
    period: Period,
    n: Number,
    file: Annotated[
        str, Path(max_length=60, description="Such as `spend.csv`, `spend.json`, `edition.json`, `changes.csv`.")
    ],
) -> Response:
    """A file of an edition: the same bytes for ever, named by their hash; 410 where they were withdrawn.

    Those who prepare and approve editions read the files of a checked draft here too, before it is published.
    """
    at = await place(work, publisher, dataset, period)
    inside = is_inside(work, publisher)
    edition = await queries.edition(work.session, at.dataset.dataset_id, at.period.slug, n, drafts=inside)
    await queries.refuse_unreadable(work.session, edition)
    await queries.refuse_lost_changes(work.session, edition, file)
    stored = await queries.file_of(work.session, edition.edition_id, file)
    if stored is None:
        raise NotFound(
            f"Edition {n} has no file of this name; its files are listed at "
            f"{href_of(work, publisher, dataset, edition)}."
        )
    work.etag(stored.sha256)
    return FileResponse(
        work.files.path(stored.sha256),
        media_type=stored.media_type,
        headers={
            "ETag": f'"{stored.sha256}"',
            "Cache-Control": IMMUTABLE if edition.state in queries.PUBLIC_STATES else "private, no-store",
            "Access-Control-Allow-Origin": "*",
            "Content-Disposition": f'inline; filename="{publisher}-{dataset}-{period}-v{n}-{file}"',
        },
    )

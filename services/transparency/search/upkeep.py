"""What the search lacks, made up for a step a tick: editions from before it, large files over all periods (T-60)."""

from __future__ import annotations

import structlog
from sqlmodel import col, exists, select

from services.transparency.editions.tables import Dataset, Edition
from services.transparency.search.files import rebuild_all
from services.transparency.search.index import backfill
from services.transparency.search.tables import SpendFile
from services.transparency.tables import Organisation
from shared.work import Work


async def fill_search(work: Work) -> None:
    """Some editions brought into the search, and the files over all periods of one publisher whose files are behind.

    What goes wrong here is logged and tried again; it holds up nothing else that the tick does.
    """
    for step in (backfill, build_missing_files):
        try:
            async with work.session.begin_nested():
                await step(work)
        except Exception as error:
            structlog.get_logger().warning("search not filled", step=step.__name__, error=type(error).__name__)


async def build_missing_files(work: Work) -> int:
    """Build the files of one publisher whose spend is published and whose files are missing or older than an edition.

    Returns how many files.
    """
    built = exists().where(
        col(SpendFile.organisation_id) == col(Dataset.organisation_id),
        col(SpendFile.built_at) >= col(Edition.published_at),
    )
    behind = exists().where(
        col(Edition.dataset_id) == col(Dataset.dataset_id), col(Edition.state) == "published", ~built
    )
    found = await work.session.exec(
        select(Dataset)
        .where(col(Dataset.kind) == "spend", behind)
        .order_by(col(Dataset.dataset_id))
        .with_for_update(skip_locked=True)
        .limit(1)
    )
    dataset = found.first()
    if dataset is None:
        return 0
    organisation = await work.session.get(Organisation, dataset.organisation_id)
    return len(await rebuild_all(work, organisation)) if organisation is not None else 0

"""Reads a file of the edition in force: whatever the public sees of people comes from what was published, only."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.tables import Organisation
from shared.errors import NotFound
from shared.work import Work


class NotPublished(NotFound):
    code = "not_published"
    title = "No edition of it is published"


async def published_file(
    work: Work, publisher: str, dataset: str, name: str, period: str | None = None
) -> tuple[dict[str, Any], Organisation, Edition]:
    """A JSON file of the edition in force of a period, or of the newest published period."""
    organisation = await publishers.publisher(work.session, publisher)
    found = await _edition(work, organisation.organisation_id, dataset, name, period)
    if found is None:
        words = dataset.replace("_", " ")
        raise NotPublished(
            f"{organisation.name} has no published edition of {words}{f' for {period}' if period else ''}; "
            f"/v1/datasets?publisher={publisher} lists what is published."
        )
    edition, sha256 = found
    data = await asyncio.to_thread(work.files.path(sha256).read_bytes)
    return json.loads(data), organisation, edition


async def _edition(
    work: Work, organisation_id: UUID, dataset: str, name: str, period: str | None
) -> tuple[Edition, str] | None:
    statement = (
        select(Edition, EditionFile)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(EditionFile, col(EditionFile.edition_id) == col(Edition.edition_id))
        .where(
            col(Dataset.organisation_id) == organisation_id,
            col(Dataset.kind) == dataset,
            col(Edition.state) == "published",
            col(EditionFile.name) == name,
        )
        .order_by(col(Edition.period).desc())
        .limit(1)
    )
    if period is not None:
        statement = statement.where(col(Edition.period) == period)
    row = (await work.session.exec(statement)).first()
    return (row[0], row[1].sha256) if row else None

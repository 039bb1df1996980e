"""Which rows an edition about people keeps out for privacy although they would stand there, or a public one has them.

The engine of editions refuses to publish while an earlier edition still shows them (T-37, T-52).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from services.transparency.drafts import Asked, DraftRow
from services.transparency.editions import row_lines
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.people.structure import REDACTED
from shared.work import Work

FIGURES = ("salary_band", "budget_pence", "employees", "unit", "service")
"""What a decision about a small unit hides of a row that stays."""


async def kept_out(
    work: Work,
    asked: Asked,
    dataset: str,
    rows: Sequence[DraftRow],
    *,
    without_objections: Sequence[DraftRow],
    withheld: Collection[str],
    hidden: Collection[str],
) -> tuple[str, ...]:
    """Row ids, in order.

    Rows of a withheld post: as this list would show them, and as public editions do, under whatever holder. Rows of
    posts in a small unit (`hidden`) stay; one is named where a public edition shows a figure that is hidden now.
    """
    there = {row.row_id for row in rows}
    found = {row.row_id for row in without_objections if row.record["post_id"] in withheld} - there
    if withheld or hidden:
        now = {row.row_id: row.record for row in rows if row.record["post_id"] in hidden}
        for path in await _public_files(work, asked, dataset):
            found |= await asyncio.to_thread(_still_shown, path, withheld, now)
    return tuple(sorted(found))


def _still_shown(path: Path, withheld: Collection[str], now: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Blocking."""
    try:
        return set(_shown(row_lines.read(path), withheld, now))
    except FileNotFoundError:
        # It was withdrawn meanwhile.
        return set()


def _shown(
    lines: Iterable[tuple[str, bytes]], withheld: Collection[str], now: Mapping[str, Mapping[str, Any]]
) -> Iterable[str]:
    for row_id, line in lines:
        before = json.loads(line)
        if before["post_id"] in withheld or any(
            _says(before.get(name)) and not _says(now[row_id].get(name)) for name in FIGURES if row_id in now
        ):
            yield row_id


def _says(value: Any) -> bool:
    return value not in (None, REDACTED)


async def _public_files(work: Work, asked: Asked, dataset: str) -> list[Path]:
    """The rows of every public edition of this period."""
    found = await work.session.exec(
        select(EditionFile.sha256)
        .join(Edition, col(Edition.edition_id) == col(EditionFile.edition_id))
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .where(
            col(Dataset.organisation_id) == asked.organisation_id,
            col(Dataset.kind) == dataset,
            col(Edition.period) == asked.period.slug,
            col(Edition.state).in_(("published", "superseded")),
            col(EditionFile.name) == f"{dataset}.json",
        )
    )
    return [work.files.path(sha256) for sha256 in found.all()]

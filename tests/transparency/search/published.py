"""Published editions that can be searched. What publishing does for the search, done again here, changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.transparency.editions.cells import Frame
from services.transparency.editions.tables import Dataset, Edition
from services.transparency.search import files, index
from services.transparency.tables import Organisation
from shared.database import raw_connection
from shared.events.grants import LedgerLine
from tests.harness import Running
from tests.transparency.facts import BODY, PARTNER, batch, line, registered, signed
from tests.transparency.test_editions import Q1, publish

SEARCH = "/v1/search"


async def published(
    transparency: Running, *lines: LedgerLine, slug: str = "body", organisation_id: UUID = BODY, **body: Any
) -> dict[str, Any]:
    """An edition of the first quarter with these lines among others that are too small."""
    await transparency.receive(registered(organisation_id, slug, whole_body=slug != "body"), signed())
    months = [line(100, paid=paid) for paid in ("2017-04-03", "2017-05-03", "2017-06-03")]
    covers = ("2017-04-01", "2017-06-30")
    await transparency.receive(*batch(*lines, *months, covers=covers, organisation_id=organisation_id))
    edition = await publish(transparency, Q1.replace("body", slug), **body)
    await searchable(transparency)
    return edition


async def corrected(transparency: Running, *lines: LedgerLine) -> dict[str, Any]:
    """The next edition of the first quarter, with further lines."""
    await transparency.receive(*batch(*lines, covers=("2017-04-01", "2017-06-30")))
    edition = await publish(transparency, Q1, change_note="Lines that arrived late.")
    await searchable(transparency)
    return edition


async def searchable(transparency: Running) -> None:
    """Every public edition in the search, and the files over all periods, as publishing leaves them."""
    async with transparency.runtime.work() as work:
        connection = await raw_connection(work.session)
        editions = await work.session.exec(select(Edition).where(col(Edition.state).in_(["published", "superseded"])))
        organisations = {row.organisation_id: row for row in (await work.session.exec(select(Organisation))).all()}
        datasets = await work.session.exec(select(Dataset))
        owners = {dataset.dataset_id: dataset.organisation_id for dataset in datasets.all()}
        for edition in editions.all():
            owner = owners[edition.dataset_id]
            frame = Frame(edition.edition_id, organisations[owner].name, "", "", work.settings.reference_key)
            await index.add_edition(connection, frame, organisation_id=owner, period=edition.period)
        for owner in set(owners.values()):
            await files.rebuild_all(work, organisations[owner])


async def found(transparency: Running, **filters: Any) -> list[dict[str, Any]]:
    """The rows that a search finds."""
    answer = await transparency.anonymous.get(SEARCH, params=filters)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


async def payees(transparency: Running, **filters: Any) -> list[str]:
    return [row["beneficiary"] for row in await found(transparency, **filters)]


__all__ = ["PARTNER", "SEARCH", "corrected", "found", "payees", "published", "searchable"]

"""Read-only selects behind catalogue, pages and quality cards: readable editions, their files, the duties they meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.transparency.editions import queries as editions
from services.transparency.editions.tables import Dataset, Edition, EditionFile
from services.transparency.obligations import queries as calendar
from services.transparency.obligations.tables import Obligation
from services.transparency.open_data.rules import Duty
from services.transparency.tables import Organisation


@dataclass(frozen=True)
class Published:
    """An edition that was published once, whose it is and of which dataset."""

    edition: Edition
    dataset: Dataset
    organisation: Organisation

    @property
    def year(self) -> str:
        """The financial year of its period."""
        return self.edition.period[:7]


def editions_statement(
    *,
    publisher: str | None = None,
    kind: str | None = None,
    year: str | None = None,
    states: Sequence[str] = editions.PUBLIC_STATES,
) -> Any:
    """Editions with dataset and organisation, by publisher, dataset and year; each filter is optional."""
    statement: Any = (
        select(Edition, Dataset, Organisation)
        .join(Dataset, col(Dataset.dataset_id) == col(Edition.dataset_id))
        .join(Organisation, col(Organisation.organisation_id) == col(Dataset.organisation_id))
        .where(col(Edition.state).in_(states))
    )
    if publisher is not None:
        statement = statement.where(col(Organisation.slug) == publisher)
    if kind is not None:
        statement = statement.where(col(Dataset.kind) == kind)
    if year is not None:
        statement = statement.where(col(Edition.period).like(f"{year}%"))
    return statement


async def published(session: AsyncSession, **filters: Any) -> list[Published]:
    """Those editions, by publisher, dataset, period and number."""
    found = await session.exec(
        editions_statement(**filters).order_by(
            col(Organisation.slug), col(Dataset.kind), col(Edition.period), col(Edition.number)
        )
    )
    return [Published(*row) for row in found.all()]


async def files_of(session: AsyncSession, edition_ids: Iterable[UUID]) -> dict[UUID, list[EditionFile]]:
    """The files of several editions, by name."""
    found = await session.exec(
        select(EditionFile).where(col(EditionFile.edition_id).in_(list(edition_ids))).order_by(col(EditionFile.name))
    )
    files: dict[UUID, list[EditionFile]] = defaultdict(list)
    for file in found.all():
        files[file.edition_id].append(file)
    return files


async def duties(
    session: AsyncSession, organisation_ids: Iterable[UUID], *, year: str | None = None
) -> dict[UUID, list[Duty]]:
    """The duties of several publishers, of one year or all."""
    statement = calendar.obligations(year=year).where(col(Obligation.organisation_id).in_(list(organisation_ids)))
    found: dict[UUID, list[Duty]] = defaultdict(list)
    for obligation in (await session.exec(statement.order_by(col(Obligation.alarm_on), col(Obligation.code)))).all():
        found[obligation.organisation_id].append(
            Duty(
                code=obligation.code,
                subject=obligation.subject,
                period=obligation.period,
                state=obligation.state,
                due_on=obligation.alarm_on,
                days_late=obligation.days_late,
                lateness_known=calendar.entered(obligation).lateness_known,
            )
        )
    return found


async def organisations(session: AsyncSession) -> list[Organisation]:
    """Everybody known here, by slug."""
    return list((await session.exec(select(Organisation).order_by(col(Organisation.slug)))).all())

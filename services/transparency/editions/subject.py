"""What a command about an edition is about: whose dataset, which period, the dataset's row locked."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from services.transparency import queries as publishers
from services.transparency.drafts import Period
from services.transparency.editions import rules
from services.transparency.editions.kinds import Kind
from services.transparency.editions.tables import Dataset, Edition
from services.transparency.tables import Methodology, Organisation
from shared.errors import NotFound
from shared.periods import Quarter
from shared.work import Work

DATASETS = UUID("9f1e7c86-45b2-5c7e-8b0d-6a0f5e6f2b03")


@dataclass(frozen=True)
class Subject:
    """The publisher, dataset and period that a command is about."""

    organisation: Organisation
    dataset: Dataset
    kind: Kind
    period: Period

    @property
    def quarter(self) -> Quarter:
        """The period of a quarterly dataset."""
        assert isinstance(self.period, Quarter)
        return self.period


async def lock(work: Work, publisher: str, kind: Kind, period: Period) -> Subject:
    """The subject with its dataset's row locked, made where nothing was published of it yet."""
    work.may_write_for(publisher)
    organisation = await publishers.publisher(work.session, publisher)
    dataset_id = uuid5(DATASETS, f"{organisation.organisation_id} {kind.name}")
    row = insert(Dataset).values(
        dataset_id=dataset_id,
        organisation_id=organisation.organisation_id,
        kind=kind.name,
        title=kind.title.format(name=organisation.name),
        version=0,
        created_at=work.now,
    )
    await work.session.exec(row.on_conflict_do_nothing())
    dataset = await work.session.exec(select(Dataset).where(col(Dataset.dataset_id) == dataset_id).with_for_update())
    return Subject(organisation, dataset.one(), kind, period)


async def edition_of(work: Work, subject: Subject, number: int) -> Edition:
    """An edition of the subject in any state."""
    found = await work.session.exec(
        select(Edition).where(
            col(Edition.dataset_id) == subject.dataset.dataset_id,
            col(Edition.period) == subject.period.slug,
            col(Edition.number) == number,
        )
    )
    edition = found.one_or_none()
    if edition is None:
        raise NotFound(f"There is no edition {number} of {subject.kind.name} for {subject.period.label}.")
    return edition


async def methodology_of(work: Work, subject: Subject) -> Methodology:
    """The newest of the publisher's methodologies that is in force when the period begins."""
    versions = await publishers.methodologies(work.session, subject.organisation.organisation_id)
    in_force = [
        version
        for version in versions
        if version.effective_from is None or version.effective_from <= subject.period.start
    ]
    if not in_force:
        raise rules.NoMethodology(f"{subject.organisation.name} publishes no methodology; register it as a publisher.")
    return in_force[-1]

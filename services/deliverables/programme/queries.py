"""Reads of a programme: the year itself, and its book of deliverables and targets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.deliverables.programme.tables import Deliverable, Programme, TargetPart, Theme
from services.deliverables.ratings.rules import Scheme
from services.deliverables.ratings.tables import RatingScheme
from services.deliverables.targets.rules import Join, Operator, Target
from shared.errors import NotFound
from shared.periods import FinancialYear


@dataclass(frozen=True)
class Book:
    """Everything promised in a year, in the order of the agreement."""

    programme: Programme
    themes: tuple[Theme, ...]
    deliverables: tuple[Deliverable, ...]
    parts: dict[str, tuple[TargetPart, ...]]
    """Parts in force by the deliverable's reference, in order."""

    @cached_property
    def by_ref(self) -> dict[str, Deliverable]:
        return {deliverable.ref: deliverable for deliverable in self.deliverables}

    @cached_property
    def theme_codes(self) -> dict[UUID, str]:
        return {theme.id: theme.code for theme in self.themes}

    @cached_property
    def refers_to(self) -> dict[str, str]:
        return {d.ref: d.refers_to for d in self.deliverables if d.refers_to}

    @property
    def all_parts(self) -> list[TargetPart]:
        return [part for parts in self.parts.values() for part in parts]

    def rows_of(self, ref: str) -> tuple[str, ...]:
        """The reporting rows of a split deliverable."""
        return tuple(d.ref for d in self.deliverables if d.split_of == ref)


async def find_programme(session: AsyncSession, year: FinancialYear, *, for_update: bool = False) -> Programme:
    """The programme of a year; 404 where its agreement has not been signed."""
    statement = select(Programme).where(Programme.year == year.label)
    if for_update:
        # What another transaction changed while we waited for the row must be seen.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    programme = (await session.exec(statement)).one_or_none()
    if programme is None:
        raise NotFound(f"There is no programme of {year.label}; it opens when the agreement of that year is signed.")
    return programme


async def find_deliverable(session: AsyncSession, deliverable_id: UUID) -> tuple[Deliverable, Programme]:
    """A deliverable and its programme; 404 where there is none of this id."""
    deliverable = await session.get(Deliverable, deliverable_id)
    if deliverable is None:
        raise NotFound("There is no deliverable of this id; find it in the list of its programme, by ref.")
    programme = await session.get(Programme, deliverable.programme_id)
    assert programme is not None
    return deliverable, programme


async def load_book(session: AsyncSession, programme: Programme) -> Book:
    """The whole of a year's promises: some hundred rows."""
    themes = select(Theme).where(Theme.programme_id == programme.id).order_by(col(Theme.position))
    deliverables = (
        select(Deliverable).where(Deliverable.programme_id == programme.id).order_by(col(Deliverable.position))
    )
    parts = (
        select(TargetPart, Deliverable.ref)
        .join(Deliverable, col(Deliverable.id) == TargetPart.deliverable_id)
        .where(Deliverable.programme_id == programme.id, TargetPart.state == "in_force")
        .order_by(col(Deliverable.position), col(TargetPart.part))
    )
    by_ref: dict[str, tuple[TargetPart, ...]] = {}
    for part, ref in (await session.exec(parts)).all():
        by_ref[ref] = (*by_ref.get(ref, ()), part)
    return Book(
        programme,
        tuple((await session.exec(themes)).all()),
        tuple((await session.exec(deliverables)).all()),
        by_ref,
    )


async def load_scheme(session: AsyncSession, programme: Programme) -> tuple[RatingScheme, Scheme]:
    """The rating scheme in force, as row and as the rules take it (D-26)."""
    statement = select(RatingScheme).where(RatingScheme.programme_id == programme.id)
    row = (await session.exec(statement.order_by(col(RatingScheme.version).desc()).limit(1))).one()
    return row, Scheme(row.name, row.question, tuple(row.colours), row.red_below)


def target_of(part: TargetPart) -> Target:
    """A stored part as the rules take it."""
    return Target(
        part=part.part,
        operator=Operator(part.operator),
        due=part.due,
        low=part.low,
        high=part.high,
        unit=part.unit,
        join=Join(part.join),
        what=part.what,
    )

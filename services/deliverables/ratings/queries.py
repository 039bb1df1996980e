"""Where every deliverable of a year stands at a quarter: values, what the numbers say, what is claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.deliverables.programme.queries import Book, load_book, load_scheme, target_of
from services.deliverables.programme.rules import follows
from services.deliverables.programme.tables import Deliverable, Programme, TargetPart
from services.deliverables.ratings.rules import NOTHING, Derived, Rated, Row, Scheme, derive
from services.deliverables.ratings.tables import Rating
from services.deliverables.results.rules import (
    Accumulation,
    InYear,
    Kind,
    QuarterValue,
    Statement,
    Total,
    Value,
    by_quarter,
    in_year,
    year_to_date,
)
from services.deliverables.results.tables import Observation
from services.deliverables.targets.rules import Assessment, Bound, Join, Operator, Reading, Verdict, judge
from shared.periods import FinancialYear, Quarter

STANDING = ("missing", "asserted", "approved")


@dataclass(frozen=True)
class PartStanding:
    """One target part at a quarter."""

    part: TargetPart
    observations: tuple[Observation, ...]
    total: Total | None
    quarters: dict[Quarter, QuarterValue]
    position: InYear | None
    verdict: Verdict
    instances: dict[str, Total]
    """The value of each instance, where the target applies to each (D-8)."""


@dataclass(frozen=True)
class Standing:
    """One deliverable at a quarter. `shows` is itself, or the deliverable it follows (D-4)."""

    deliverable: Deliverable
    shows: Deliverable
    theme: str
    parts: tuple[PartStanding, ...]
    derived: Derived
    rating: Rating | None
    waiting: Rating | None
    rated: Rated

    @property
    def evidence_empty(self) -> bool:
        """Whether the source gives nothing to support a rating: no value, no note, or expressly none (D-32)."""
        seen = [observation for part in self.parts for observation in part.observations]
        given = [o for o in seen if not o.evidence_empty and (o.value is not None or o.note or o.assessment)]
        return not given


@dataclass(frozen=True)
class Standings:
    """A whole year at a quarter, in the order of the agreement."""

    book: Book
    scheme: Scheme
    period: Quarter
    items: tuple[Standing, ...]

    def of(self, ref: str) -> Standing:
        return next(item for item in self.items if item.deliverable.ref == ref)

    @property
    def rows(self) -> list[Row]:
        """As the summary counts them."""
        return [
            Row(
                ref=item.deliverable.ref,
                theme=item.theme,
                reporting_row=item.deliverable.reporting_row,
                agreed=item.deliverable.counts_in_summary,
                rated=item.rated,
                split_of=item.deliverable.split_of,
            )
            for item in self.items
        ]


async def latest_period(session: AsyncSession, programme: Programme) -> Quarter:
    """The last quarter of the year that holds a rating, else a result; the first where nothing was reported."""
    rated = (
        select(func.max(Rating.period))
        .join(Deliverable, col(Deliverable.id) == Rating.deliverable_id)
        .where(Deliverable.programme_id == programme.id)
    )
    reported = (
        select(func.max(Observation.period))
        .join(TargetPart, col(TargetPart.id) == Observation.target_part_id)
        .join(Deliverable, col(Deliverable.id) == TargetPart.deliverable_id)
        .where(Deliverable.programme_id == programme.id)
    )
    found = (await session.exec(rated)).one() or (await session.exec(reported)).one()
    return Quarter.parse(found) if found else FinancialYear.parse(programme.year).quarters[0]


async def load_standings(session: AsyncSession, programme: Programme, period: Quarter) -> Standings:
    """Every deliverable of the year at the end of `period`."""
    book = await load_book(session, programme)
    _, scheme = await load_scheme(session, programme)
    observations: dict[UUID, list[Observation]] = defaultdict(list)
    for observation in await load_observations(session, book):
        observations[observation.target_part_id].append(observation)
    ratings = await _load_ratings(session, book, period)
    parts = {ref: stand_parts(parts, observations, scheme, period) for ref, parts in book.parts.items()}
    return Standings(
        book,
        scheme,
        period,
        tuple(_stand(book, deliverable, parts, ratings, period) for deliverable in book.deliverables),
    )


async def load_observations(session: AsyncSession, book: Book, *, revised: bool = False) -> list[Observation]:
    """The accepted observations of a year, oldest quarter first; on request also those that were revised."""
    statement = select(Observation).where(col(Observation.target_part_id).in_([part.id for part in book.all_parts]))
    if not revised:
        statement = statement.where(Observation.state == "accepted")
    ordered = statement.order_by(col(Observation.period), col(Observation.created_at), col(Observation.id))
    return list((await session.exec(ordered)).all())


def stand_parts(
    parts: Sequence[TargetPart], observations: Mapping[UUID, Sequence[Observation]], scheme: Scheme, period: Quarter
) -> tuple[PartStanding, ...]:
    """The parts of one deliverable at a quarter, each with its total, its quarters, its position and its verdict."""
    standings: list[PartStanding] = []
    before: TargetPart | None = None
    for part in parts:
        # A report frozen at this quarter must not know what came later.
        seen = tuple(o for o in observations.get(part.id, ()) if Quarter.parse(o.period) <= period)
        delivered = [o for o in seen if o.kind == Kind.DELIVERED]
        readings = _readings(part, delivered, period)
        verdict = judge(
            target_of(part),
            readings,
            year_ends=period.year.end,
            red_below=scheme.red_below,
            instances=_instances(part, before),
        )
        totals = {kind: _total(part, [o for o in seen if o.kind == kind], period) for kind in Kind}
        standings.append(
            PartStanding(
                part=part,
                observations=seen,
                # Values of several instances do not add up to anything that was promised.
                total=totals[Kind.DELIVERED] if len(readings) < 2 else None,
                quarters=_quarters(part, seen, period),
                position=_position(part, totals),
                verdict=verdict,
                instances={
                    reading.instance: Total(reading.value, reading.bound, reading.unit)
                    for reading in readings
                    if reading.instance and reading.value is not None
                },
            )
        )
        if part.join != Join.EACH:
            before = part
    return tuple(standings)


def values_of(part: TargetPart, observations: Iterable[Observation]) -> list[Value]:
    """Observations as the sums take them: in the target's unit where a conversion was stated (D-9)."""
    return [
        Value(
            period=Quarter.parse(o.period),
            value=o.value if o.converted_value is None else o.converted_value,
            bound=Bound(o.bound),
            unit=o.unit if o.converted_value is None else part.unit,
            statement=Statement(o.statement),
        )
        for o in observations
        if o.value is not None
    ]


def _stand(
    book: Book,
    deliverable: Deliverable,
    parts: Mapping[str, tuple[PartStanding, ...]],
    ratings: Mapping[UUID, Sequence[Rating]],
    period: Quarter,
) -> Standing:
    shows = book.by_ref[follows(deliverable.ref, book.refers_to)]
    mine = parts.get(shows.ref, ())
    # The year-end question has no answer before the year has ended; until then the position tells (D-31).
    derived = derive([p.verdict for p in mine]) if period.number == 4 else NOTHING
    given = ratings.get(shows.id, ())
    rating = next((r for r in given if r.state in STANDING), None)
    waiting = next((r for r in given if r.state == "awaiting_approval"), None)
    approved = rating is not None and rating.overridden and rating.derived == derived.firm
    rated = Rated(rating.asserted if rating else None, derived, approved_override=approved)
    return Standing(deliverable, shows, book.theme_codes[deliverable.theme_id], mine, derived, rating, waiting, rated)


async def _load_ratings(session: AsyncSession, book: Book, period: Quarter) -> dict[UUID, list[Rating]]:
    statement = select(Rating).where(
        col(Rating.deliverable_id).in_([d.id for d in book.deliverables]),
        Rating.period == period.slug,
        col(Rating.state).in_([*STANDING, "awaiting_approval"]),
    )
    found: dict[UUID, list[Rating]] = defaultdict(list)
    for rating in (await session.exec(statement)).all():
        found[rating.deliverable_id].append(rating)
    return found


def _readings(part: TargetPart, delivered: Sequence[Observation], period: Quarter) -> list[Reading]:
    """What is tested: the year to date of each instance, or the last assessment of a narrative part."""
    if part.operator == Operator.NARRATIVE:
        return [Reading(None, assessment=Assessment(o.assessment)) for o in delivered if o.assessment]
    readings = []
    for instance in sorted({o.instance for o in delivered}):
        total = _total(part, [o for o in delivered if o.instance == instance], period)
        if total is not None:
            readings.append(Reading(total.value, total.bound, total.unit, instance=instance or None))
    return readings


def _total(part: TargetPart, observations: Sequence[Observation], period: Quarter) -> Total | None:
    if part.accumulation is None:
        return None
    mode = Accumulation(part.accumulation)
    if mode is Accumulation.DISTINCT_SET and any(o.kind != Kind.DELIVERED for o in observations):
        # What is agreed or talked about shrinks as it is done, so the last figure stands and not the largest (D-31).
        mode = Accumulation.LATEST_VALUE
    return year_to_date(mode, values_of(part, observations), period)


def _quarters(part: TargetPart, observations: Sequence[Observation], period: Quarter) -> dict[Quarter, QuarterValue]:
    if part.accumulation is None or len({o.instance for o in observations}) > 1:
        return {}
    delivered = [o for o in observations if o.kind == Kind.DELIVERED]
    found = by_quarter(Accumulation(part.accumulation), values_of(part, delivered), period.year)
    return {quarter: value for quarter, value in found.items() if quarter <= period}


def _position(part: TargetPart, totals: Mapping[Kind, Total | None]) -> InYear | None:
    if part.operator not in (Operator.GE, Operator.GT, Operator.EQ, Operator.RANGE) or not part.low:
        return None
    # Only figures in the target's own unit can stand against it (D-9).
    mine = {kind: total if total and total.unit == part.unit else None for kind, total in totals.items()}
    return in_year(part.low, mine[Kind.DELIVERED], mine[Kind.CONFIRMED], mine[Kind.PIPELINE])


def _instances(part: TargetPart, before: TargetPart | None) -> int | None:
    """How many instances an `each` part must show: the number promised by the part before it, where it is a count."""
    if part.join != Join.EACH or before is None or before.low is None or before.unit == "gbp":
        return None
    whole = before.low == before.low.to_integral_value() and before.low <= Decimal(1000)
    return int(before.low) if whole else None

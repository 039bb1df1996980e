"""How deliverables, parts, ratings and counts are shown; one place, so that lists, summaries and reports agree."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from services.deliverables.ratings.queries import PartStanding, Standing, Standings
from services.deliverables.ratings.rules import Count, Row, count_agreed, count_rows
from services.deliverables.ratings.tables import Rating
from services.deliverables.results.rules import InYear, Total
from services.deliverables.shapes import Figure
from services.deliverables.targets.rules import shown
from shared.http import Shape

HUNDRED = Decimal(100)


class TotalOut(Shape):
    """A computed value; `bound` says how exactly it was reported (D-19)."""

    value: Figure
    bound: str
    unit: str | None


class QuarterOut(Shape):
    quarter: str
    value: Figure
    bound: str
    unit: str | None
    implied: bool = Field(description="Lies between stated totals; nobody reported it (D-18).")
    units_differ: bool = Field(description="The totals it lies between were reported in different units.")


class PositionOut(Shape):
    """Where a part stands within the year; nothing in it is a colour (D-31)."""

    position: str
    delivered: TotalOut | None
    committed: TotalOut | None = Field(description="Delivered and confirmed.")
    possible: TotalOut | None = Field(description="Committed and pipeline.")
    committed_percent: str | None
    possible_percent: str | None


class TargetOut(Shape):
    """A target part as agreed."""

    part: int
    what: str
    join: str
    operator: str
    low: Figure | None
    high: Figure | None
    unit: str | None
    basis: str | None
    due: date
    due_printed: str | None
    accumulation: str | None
    printed: str | None
    effective_from: date


class InstanceOut(Shape):
    instance: str
    year_to_date: TotalOut


class EvidenceOut(Shape):
    """What was reported and noted for a part, numbers that do not rate included."""

    period: str
    instance: str
    kind: str
    value: Figure | None
    bound: str
    unit: str | None
    assessment: str | None
    note: str | None
    source: str | None


class PartOut(Shape):
    """A target part with its result. `met` and `why_not_rated` are of the year end (D-6, D-27)."""

    target: TargetOut
    year_to_date: TotalOut | None
    instances: list[InstanceOut] = Field(description="Where the target applies to each: one value an instance (D-8).")
    quarters: list[QuarterOut]
    met: str
    why_not_rated: str | None
    percent: str | None = Field(description="Of the low end of the target.")
    colour: str | None
    over_commitment: bool = Field(description="Above a ceiling, which is no failure.")
    inexact: bool
    position: PositionOut | None
    evidence: list[EvidenceOut]


class DerivedOut(Shape):
    colour: str | None = Field(description="What the numbers say; null where nothing rates.")
    complete: bool = Field(description="False where a part that should rate cannot; a claim then differs from nothing.")
    headline_percent: str | None = Field(description="Of the worst rated part (D-8).")


class DeliverableOut(Shape):
    """A deliverable at a quarter: what was promised, what came, what the numbers say and what is claimed."""

    id: UUID
    year: str
    ref: str
    printed_ref: str | None
    theme: str
    title: str
    row_kind: str
    reporting_row: bool
    agreed: bool = Field(description="Counts as an agreed deliverable.")
    split_of: str | None
    follows: str | None = Field(description="Reference whose value and rating it shows (D-4).")
    period: str
    parts: list[PartOut]
    derived: DerivedOut
    rating: str | None = Field(description="The colour that stands; null is missing, a state of its own.")
    rating_state: str = Field(description="`missing`, `asserted` or `approved`.")
    rating_origin: str | None = Field(description="`person`, or `as_printed` in a source.")
    missing_reason: str | None
    overridden: bool = Field(description="Differs from the numbers, with a reason and a second approver.")
    override_unexplained: bool = Field(description="Differs from the numbers, and nobody has explained it.")
    override_reason: str | None
    awaiting_approval: str | None = Field(description="A claimed colour that does not count yet; not for the public.")
    evidence_empty: bool
    href: str


class RatingOut(Shape):
    """One claim, beside what the numbers said when it was made."""

    id: UUID
    deliverable_id: UUID
    ref: str
    period: str
    colour: str | None
    derived: str | None
    derived_complete: bool
    state: str = Field(description="`awaiting_approval` until a second person approves a colour that differs.")
    origin: str
    source: str | None
    missing_reason: str | None
    reason: str | None
    overridden: bool
    created_at: datetime
    approved_at: datetime | None
    author: str
    approver: str | None


class CountOut(Shape):
    """Colours counted. `total` = the colours + missing + (where counted apart) the unexplained overrides."""

    total: int
    colours: dict[str, int]
    missing: int
    missing_refs: list[str]
    overrides: int = Field(description="Differ from the numbers, with a reason and a second approver.")
    override_refs: list[str]
    overrides_unexplained: int
    overrides_unexplained_refs: list[str]


class ThemeCountOut(Shape):
    code: str
    title: str
    rows: CountOut
    agreed: CountOut


class SummaryOut(Shape):
    """Ratings of a year at a quarter, by theme and overall; rows and agreed deliverables apart (D-3, D-29)."""

    year: str
    period: str
    scheme: str
    question: str
    counting: str
    rows: CountOut
    agreed: CountOut
    themes: list[ThemeCountOut]
    awaiting_approval: list[str] = Field(description="Claims that do not count yet; not for the public.")
    over_commitments: list[str] = Field(description="Parts above their ceiling, as `EP16/5`.")
    evidence_empty: list[str] = Field(description="Green without evidence (D-32).")


def summary_out(standings: Standings, counting: str, *, drafts: bool = False) -> SummaryOut:
    """Count a year; claims that wait are named where `drafts` may be read.

    `explained` follows D-28: an unexplained override is no colour; `printed` counts it as printed.
    """
    rows, colours = standings.rows, standings.scheme.colours
    items = standings.items
    return SummaryOut(
        year=standings.period.year.label,
        period=standings.period.slug,
        scheme=standings.scheme.name,
        question=standings.scheme.question,
        counting=counting,
        rows=count_out(count_rows(rows, colours, counting == "explained")),
        agreed=count_out(count_agreed(rows, colours, counting == "explained")),
        themes=[
            ThemeCountOut(
                code=theme.code,
                title=theme.title,
                rows=count_out(count_rows(_of(rows, theme.code), colours, counting == "explained")),
                agreed=count_out(count_agreed(_of(rows, theme.code), colours, counting == "explained")),
            )
            for theme in standings.book.themes
        ],
        awaiting_approval=[
            item.deliverable.ref for item in items if drafts and item.waiting and not item.deliverable.refers_to
        ],
        over_commitments=[
            f"{item.deliverable.ref}/{part.part.part}"
            for item in items
            if not item.deliverable.refers_to
            for part in item.parts
            if part.verdict.over_commitment
        ],
        evidence_empty=green_without_evidence(standings),
    )


def green_without_evidence(standings: Standings) -> list[str]:
    """Reporting rows rated green with nothing to support it: a warning, not a refusal (D-32)."""
    return [
        item.deliverable.ref
        for item in standings.items
        if item.deliverable.reporting_row and item.rated.colour == "green" and item.evidence_empty
    ]


def count_out(count: Count) -> CountOut:
    return CountOut(
        total=count.total,
        colours=count.colours,
        missing=len(count.missing),
        missing_refs=list(count.missing),
        overrides=len(count.overrides),
        override_refs=list(count.overrides),
        overrides_unexplained=len(count.overrides_unexplained),
        overrides_unexplained_refs=list(count.overrides_unexplained),
    )


def deliverable_out(standing: Standing, standings: Standings, base_url: str, *, drafts: bool = False) -> DeliverableOut:
    """One deliverable; a claim that waits for a second person is shown where `drafts` may be read."""
    deliverable, rating = standing.deliverable, standing.rating
    return DeliverableOut(
        id=deliverable.id,
        year=standings.period.year.label,
        ref=deliverable.ref,
        printed_ref=deliverable.printed_ref,
        theme=standing.theme,
        title=deliverable.title,
        row_kind=deliverable.row_kind,
        reporting_row=deliverable.reporting_row,
        agreed=deliverable.counts_in_summary,
        split_of=deliverable.split_of,
        follows=deliverable.refers_to,
        period=standings.period.slug,
        parts=[part_out(part) for part in standing.parts],
        derived=DerivedOut(
            colour=standing.derived.colour,
            complete=standing.derived.complete,
            headline_percent=_percent(standing.derived.headline_percent),
        ),
        rating=standing.rated.colour,
        rating_state=rating.state if rating else "missing",
        rating_origin=rating.origin if rating else None,
        missing_reason=rating.missing_reason if rating else None,
        overridden=standing.rated.differs and standing.rated.approved_override,
        override_unexplained=standing.rated.unexplained,
        override_reason=rating.reason if rating and rating.overridden else None,
        awaiting_approval=standing.waiting.asserted if drafts and standing.waiting else None,
        evidence_empty=standing.evidence_empty,
        href=f"{base_url}/v1/deliverables/{deliverable.id}",
    )


def part_out(standing: PartStanding) -> PartOut:
    verdict = standing.verdict
    return PartOut(
        target=TargetOut.model_validate(standing.part),
        year_to_date=_total(standing.total),
        instances=[
            InstanceOut(instance=name, year_to_date=TotalOut(value=t.value, bound=t.bound, unit=t.unit))
            for name, t in standing.instances.items()
        ],
        quarters=[
            QuarterOut(
                quarter=quarter.slug,
                value=value.value,
                bound=value.bound,
                unit=value.unit,
                implied=value.implied,
                units_differ=value.units_differ,
            )
            for quarter, value in sorted(standing.quarters.items())
        ],
        met=verdict.met,
        why_not_rated=verdict.why,
        percent=_percent(verdict.percent),
        colour=verdict.colour,
        over_commitment=verdict.over_commitment,
        inexact=verdict.inexact,
        position=_position(standing.position),
        evidence=[EvidenceOut.model_validate(o) for o in standing.observations if not o.evidence_empty],
    )


def rating_out(rating: Rating, ref: str) -> RatingOut:
    return RatingOut(
        id=rating.id,
        deliverable_id=rating.deliverable_id,
        ref=ref,
        period=rating.period,
        colour=rating.asserted,
        derived=rating.derived,
        derived_complete=rating.derived_complete,
        state=rating.state,
        origin=rating.origin,
        source=rating.source,
        missing_reason=rating.missing_reason,
        reason=rating.reason,
        overridden=rating.overridden,
        created_at=rating.created_at,
        approved_at=rating.approved_at,
        author=rating.author,
        approver=rating.approver,
    )


def _of(rows: list[Row], theme: str) -> list[Row]:
    return [row for row in rows if row.theme == theme]


def _total(total: Total | None) -> TotalOut | None:
    return TotalOut(value=total.value, bound=total.bound, unit=total.unit) if total else None


def _position(position: InYear | None) -> PositionOut | None:
    if position is None:
        return None
    return PositionOut(
        position=position.position,
        delivered=_total(position.delivered),
        committed=_total(position.committed),
        possible=_total(position.possible),
        committed_percent=_percent(position.committed_percent),
        possible_percent=_percent(position.possible_percent),
    )


def _percent(value: Decimal | None) -> str | None:
    """With one decimal, or more where it would seem to reach what it does not (D-7)."""
    return None if value is None else shown(value, HUNDRED, Decimal(50))

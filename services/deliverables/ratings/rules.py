"""Colours: what the parts of a deliverable give together, what a person may claim, how claims count (D-26 to D-30)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from services.deliverables.targets.rules import Verdict, badness
from shared.errors import Conflict, ErrorItem, Invalid
from shared.events.deliverables import RatingRecorded
from shared.periods import Quarter
from shared.texts import folded

GREEN, AMBER, RED = "green", "amber", "red"
WORST_FIRST = (RED, AMBER, GREEN)


@dataclass(frozen=True)
class Scheme:
    """What a colour of one agreement year means (D-26). `red_below` is a percentage of the target (D-27)."""

    name: str
    question: str
    colours: tuple[str, ...] = (GREEN, AMBER, RED)
    red_below: Decimal = Decimal(50)


@dataclass(frozen=True)
class Derived:
    """What the numbers say about a deliverable. No colour: nothing rates. Not complete: some part could not be."""

    colour: str | None
    complete: bool
    headline_percent: Decimal | None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def firm(self) -> str | None:
        """The colour a claim can differ from: only a complete one (D-28)."""
        return self.colour if self.complete else None


NOTHING = Derived(None, complete=False, headline_percent=None)


@dataclass(frozen=True)
class Rated:
    """A claim that stands for one deliverable and period, beside what the numbers say now."""

    colour: str | None
    derived: Derived = NOTHING
    approved_override: bool = False

    @property
    def differs(self) -> bool:
        return self.colour is not None and self.derived.firm is not None and self.colour != self.derived.firm

    @property
    def unexplained(self) -> bool:
        """Differs from the numbers without a reason that a second person approved."""
        return self.differs and not self.approved_override


class UnknownColour(Invalid):
    code = "unknown_colour"
    title = "The colour is not in the rating scheme"


class OverrideReasonMissing(Conflict):
    code = "override_reason_missing"
    title = "A claim that differs from the numbers needs a reason"


class ReferenceNotEditable(Conflict):
    code = "reference_not_editable"
    title = "The deliverable follows another one"


class SplitParentNotRated(Conflict):
    code = "split_parent_not_rated"
    title = "The deliverable is rated by its rows"


class NotADeliverable(Conflict):
    code = "not_a_deliverable"
    title = "An introductory number carries nothing"


class NothingToApprove(Conflict):
    code = "nothing_to_approve"
    title = "The rating does not wait for an approval"


def derive(verdicts: Sequence[Verdict]) -> Derived:
    """As good as the worst rated part, with that part's percentage (D-8, D-27).

    Ceilings, "as required", unresolved and not-yet-due parts never rate and leave the colour complete; a part that
    should rate but cannot (unassessed, unreported, in another unit) leaves it partial. Where nothing rates: none.
    """
    rated = [verdict for verdict in verdicts if verdict.rates]
    if not rated:
        return Derived(None, complete=False, headline_percent=None, verdicts=tuple(verdicts))
    worst = min(rated, key=badness)
    complete = not any(verdict.leaves_a_gap for verdict in verdicts)
    return Derived(worst.colour, complete, worst.percent, tuple(verdicts))


def read_colour(text: str, scheme: Scheme) -> str:
    """`GREEN` and ` green ` are green; a word outside the scheme is refused (D-26, D-30)."""
    colour = folded(text)
    if colour not in scheme.colours:
        raise UnknownColour(
            f"'{text.strip()[:64]}' is not in scheme {scheme.name} ({', '.join(scheme.colours)}); use one of these.",
            pointer="/colour",
        )
    return colour


@dataclass(frozen=True)
class Place:
    """Which deliverable a rating is for, as far as the rules need it."""

    programme_id: UUID
    year: str
    ref: str
    row_kind: str
    refers_to: str | None = None
    rows: tuple[str, ...] = ()


def check_rateable(place: Place) -> None:
    """A referring deliverable follows its target (D-4), a split parent its rows, a lead-in is void (D-3)."""
    if place.refers_to:
        raise ReferenceNotEditable(f"{place.ref} follows {place.refers_to}; change {place.refers_to}.")
    if place.row_kind == "split_parent":
        raise SplitParentNotRated(f"{place.ref} takes the worst of its rows; rate {' and '.join(place.rows)}.")
    if place.row_kind == "lead_in":
        raise NotADeliverable(f"{place.ref} only introduces other items; rate those.")


def assert_rating(
    place: Place, scheme: Scheme, period: Quarter, version: int, *, colour: str, derived: Derived, reason: str | None
) -> RatingRecorded | None:
    """What a person claims. None where it differs from the numbers: it then waits for a second person (D-28).

    Against a complete derived colour another claim needs a reason; a partial one or none leaves the claim free.
    """
    check_rateable(place)
    if Rated(colour, derived).differs:
        if not reason:
            detail = f"Derived {derived.colour}, asserted {colour}; give a reason, and another person must approve it."
            raise OverrideReasonMissing(
                detail, errors=[ErrorItem(code="override_reason_missing", detail=detail, pointer="/reason")]
            )
        return None
    return record_rating(place, scheme, period, version, colour=colour, derived=derived, overridden=False)


def record_rating(
    place: Place, scheme: Scheme, period: Quarter, version: int, *, colour: str, derived: Derived, overridden: bool
) -> RatingRecorded:
    """The fact that a claim now stands."""
    return RatingRecorded(
        programme_id=place.programme_id,
        version=version,
        year=place.year,
        deliverable=place.ref,
        scheme=scheme.name,
        period=period.slug,
        derived=derived.colour,
        asserted=colour,
        overridden=overridden,
    )


@dataclass(frozen=True)
class Row:
    """A deliverable as the summary counts it: a reporting row, or an agreed deliverable, or both."""

    ref: str
    theme: str
    reporting_row: bool
    agreed: bool
    rated: Rated
    split_of: str | None = None


@dataclass(frozen=True)
class Count:
    """Reporting rows or agreed deliverables by colour. Missing is a state of its own, never a colour (D-29)."""

    total: int
    colours: dict[str, int]
    missing: tuple[str, ...]
    overrides: tuple[str, ...]
    overrides_unexplained: tuple[str, ...]


def count_rows(rows: Iterable[Row], colours: Sequence[str], explained_only: bool = True) -> Count:
    """Reporting rows, each for itself."""
    return _count([(row.ref, row.rated) for row in rows if row.reporting_row], colours, explained_only)


def count_agreed(rows: Sequence[Row], colours: Sequence[str], explained_only: bool = True) -> Count:
    """Agreed deliverables; one that is split counts once, as its worst row, as missing while one of them is (D-3)."""
    children: dict[str, list[Rated]] = {}
    for row in rows:
        if row.split_of:
            children.setdefault(row.split_of, []).append(row.rated)
    pairs = [
        (row.ref, worst_of(children[row.ref], explained_only) if row.ref in children else row.rated)
        for row in rows
        if row.agreed
    ]
    return _count(pairs, colours, explained_only)


def worst_of(rated: Sequence[Rated], explained_only: bool = True) -> Rated:
    """The rating of a split deliverable: missing while any row is, else the worst colour among them (D-3).

    Where only explained ratings count, a row with an unexplained override leaves the whole unexplained.
    """
    if not rated or any(r.colour is None for r in rated):
        return Rated(None)
    if explained_only and (unexplained := [r for r in rated if r.unexplained]):
        return unexplained[0]
    return min(rated, key=lambda r: WORST_FIRST.index(r.colour) if r.colour in WORST_FIRST else len(WORST_FIRST))


def _count(pairs: Sequence[tuple[str, Rated]], colours: Sequence[str], explained_only: bool) -> Count:
    """Count ratings that match the numbers, are approved overrides, or have no complete derived colour (D-28).

    An unexplained override is none of these: it is counted apart, unless the ratings are asked for as printed.
    """
    counted = [rated for _, rated in pairs if not (explained_only and rated.unexplained)]
    return Count(
        total=len(pairs),
        colours={colour: sum(rated.colour == colour for rated in counted) for colour in colours},
        missing=tuple(ref for ref, rated in pairs if rated.colour is None),
        overrides=tuple(ref for ref, rated in pairs if rated.differs and rated.approved_override),
        overrides_unexplained=tuple(ref for ref, rated in pairs if rated.unexplained),
    )

"""What a person does with ratings: claim one, approve one that differs from the numbers, take over printed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from services.deliverables.programme.commands import lock_programme
from services.deliverables.programme.queries import Book, find_deliverable, load_scheme
from services.deliverables.programme.tables import Deliverable, Programme
from services.deliverables.ratings.queries import Standing, load_standings
from services.deliverables.ratings.rules import (
    NothingToApprove,
    Place,
    Rated,
    assert_rating,
    read_colour,
    record_rating,
)
from services.deliverables.ratings.tables import Rating
from shared.errors import Invalid, NotFound
from shared.periods import FinancialYear, Quarter, london_date
from shared.work import Work, four_eyes


async def rate(work: Work, deliverable_id: UUID, period: Quarter, colour: str, reason: str | None) -> Rating:
    """Claim a colour for a deliverable and quarter; against the numbers it waits for a second person (D-28)."""
    deliverable, programme = await _lock(work, deliverable_id)
    if period.year.label != programme.year:
        raise Invalid(f"{period.label} is not in {programme.year}; choose one of its quarters.", pointer="/period")
    if period.start > london_date(work.now):
        raise Invalid(f"{period.label} has not begun; choose an earlier quarter.", pointer="/period")
    standings = await load_standings(work.session, programme, period)
    standing = standings.of(deliverable.ref)
    row, scheme = await load_scheme(work.session, programme)
    read = read_colour(colour, scheme)
    event = assert_rating(
        _place(programme, standings.book, deliverable),
        scheme,
        period,
        programme.ratings_recorded + 1,
        colour=read,
        derived=standing.derived,
        reason=reason,
    )
    if standing.waiting:
        # The later claim stands for the earlier one that nobody has approved.
        await _supersede(work, standing.waiting)
    if event and standing.rating:
        await _supersede(work, standing.rating)
    rating = Rating(
        id=work.new_id(),
        deliverable_id=deliverable.id,
        scheme_id=row.id,
        period=period.slug,
        asserted=read,
        derived=standing.derived.colour,
        derived_complete=standing.derived.complete,
        origin="person",
        reason=reason,
        state="asserted" if event else "awaiting_approval",
        author=work.actor.sub,
        created_at=work.now,
    )
    work.session.add(rating)
    if event:
        programme.ratings_recorded += 1
        await work.record(event)
    before = standing.rated.colour
    work.audit("rate", deliverable.id, before={"colour": before}, after=_audited(rating), reason=reason)
    await work.session.flush()
    return rating


async def approve_rating(work: Work, deliverable_id: UUID, rating_id: UUID) -> Rating:
    """A second person approves a claim that differs from the numbers; from now on it counts as an override (D-28)."""
    deliverable, programme = await _lock(work, deliverable_id)
    rating = await work.session.get(Rating, rating_id)
    if rating is None or rating.deliverable_id != deliverable.id:
        raise NotFound("There is no rating of this id for this deliverable.")
    if rating.state != "awaiting_approval":
        raise NothingToApprove(f"The rating is {rating.state.replace('_', ' ')}; only one that waits can be approved.")
    detail = f"Derived {rating.derived}, asserted {rating.asserted}; the person who asserted it may not approve it."
    four_eyes(work.actor, rating.author, code="override_same_person", detail=detail)
    period = Quarter.parse(rating.period)
    standings = await load_standings(work.session, programme, period)
    standing = standings.of(deliverable.ref)
    if standing.derived.firm != rating.derived:
        raise NothingToApprove("The numbers have changed since the claim was made; make it again on the new ones.")
    if standing.rating:
        await _supersede(work, standing.rating)
    rating.state, rating.overridden = "approved", True
    rating.approver, rating.approved_at = work.actor.sub, work.now
    programme.ratings_recorded += 1
    assert rating.asserted is not None
    event = record_rating(
        _place(programme, standings.book, deliverable),
        standings.scheme,
        period,
        programme.ratings_recorded,
        colour=rating.asserted,
        derived=standing.derived,
        overridden=True,
    )
    await work.record(event)
    work.audit("approve_rating", deliverable.id, after=_audited(rating), reason=rating.reason)
    await work.session.flush()
    return rating


@dataclass(frozen=True)
class Printed:
    """A rating as a source prints it: a colour already read, or why there is none."""

    colour: str | None
    missing_reason: str | None
    source: str | None
    reason: str | None


Faults = dict[tuple[str, str], tuple[str, str]]
"""Code and detail by reference and quarter."""


async def rate_as_printed(work: Work, programme: Programme, printed: Mapping[tuple[str, str], Printed]) -> Faults:
    """Take over ratings from a printed source, by reference and quarter; the caller holds the programme's row.

    They stand as they are printed, marked so. One that differs from a complete derived colour is listed as an
    unexplained override until a person claims it with a reason and another approves (D-28). Ratings the source lacks
    are kept as missing, with the reason (D-29). What a person has rated here stays.
    """
    faults: Faults = {}
    row, scheme = await load_scheme(work.session, programme)
    slugs = sorted({slug for _, slug in printed})
    by_period = {slug: await load_standings(work.session, programme, Quarter.parse(slug)) for slug in slugs}
    earlier = await _earlier_printed(work, programme)
    events = []
    for (ref, slug), sent in printed.items():
        standings = by_period[slug]
        standing = standings.of(ref)
        if standing.deliverable.refers_to:
            shown = printed.get((standing.shows.ref, slug))
            colour = shown.colour if shown else standing.rated.colour
            if sent.colour and colour != sent.colour:
                detail = (
                    f"Printed {sent.colour}, but {ref} follows {standing.shows.ref}, which is {colour or 'missing'}."
                )
                faults[ref, slug] = ("reference_differs", detail)
            continue
        before = earlier.get((standing.deliverable.id, slug), [])
        if any((old.asserted, old.missing_reason) == (sent.colour, sent.missing_reason) for old in before):
            continue
        fault = _against_printed(standing, before, sent)
        if fault:
            faults[ref, slug] = fault
            if fault[0] != "override_unexplained":
                continue
        if standing.rating:
            await _supersede(work, standing.rating)
        rating = Rating(
            id=work.new_id(),
            deliverable_id=standing.deliverable.id,
            scheme_id=row.id,
            period=slug,
            asserted=sent.colour,
            derived=standing.derived.colour,
            derived_complete=standing.derived.complete,
            missing_reason=sent.missing_reason,
            origin="as_printed",
            source=sent.source,
            reason=sent.reason,
            state="asserted" if sent.colour else "missing",
            author=work.actor.sub,
            created_at=work.now,
        )
        work.session.add(rating)
        if sent.colour:
            programme.ratings_recorded += 1
            event = record_rating(
                _place(programme, standings.book, standing.deliverable),
                scheme,
                Quarter.parse(slug),
                programme.ratings_recorded,
                colour=sent.colour,
                derived=standing.derived,
                overridden=False,
            )
            events.append(event)
    await work.session.flush()
    await work.record(*events)
    return faults


def _against_printed(standing: Standing, before: list[Rating], sent: Printed) -> tuple[str, str] | None:
    if standing.rating and standing.rating.origin == "person":
        detail = f"A person has rated {standing.deliverable.ref} {standing.rated.colour} here; that stands."
        return "rated_by_a_person", detail
    if before and not sent.reason:
        known = before[-1].asserted or before[-1].missing_reason
        return "conflict", f"Known already as {known}; send a reason to revise the printed rating."
    if Rated(sent.colour, standing.derived).differs:
        detail = (
            f"Derived {standing.derived.colour}, printed {sent.colour}; kept as printed. "
            "It is an unexplained override until a person gives a reason and another approves it."
        )
        return "override_unexplained", detail
    return None


async def _earlier_printed(work: Work, programme: Programme) -> dict[tuple[UUID, str], list[Rating]]:
    statement = (
        select(Rating)
        .join(Deliverable, col(Deliverable.id) == Rating.deliverable_id)
        .where(Deliverable.programme_id == programme.id, Rating.origin == "as_printed")
        .order_by(col(Rating.created_at), col(Rating.id))
    )
    found: dict[tuple[UUID, str], list[Rating]] = {}
    for rating in (await work.session.exec(statement)).all():
        found.setdefault((rating.deliverable_id, rating.period), []).append(rating)
    return found


async def _lock(work: Work, deliverable_id: UUID) -> tuple[Deliverable, Programme]:
    deliverable, programme = await find_deliverable(work.session, deliverable_id)
    return deliverable, await lock_programme(work, FinancialYear.parse(programme.year))


async def _supersede(work: Work, rating: Rating) -> None:
    rating.state = "superseded"
    work.session.add(rating)
    # The one standing rating gives way before the next one takes its place.
    await work.session.flush()


def _place(programme: Programme, book: Book, deliverable: Deliverable) -> Place:
    return Place(
        programme_id=programme.id,
        year=programme.year,
        ref=deliverable.ref,
        row_kind=deliverable.row_kind,
        refers_to=deliverable.refers_to,
        rows=book.rows_of(deliverable.ref),
    )


def _audited(rating: Rating) -> dict[str, object]:
    return {
        "period": rating.period,
        "asserted": rating.asserted,
        "derived": rating.derived,
        "state": rating.state,
        "overridden": rating.overridden,
    }

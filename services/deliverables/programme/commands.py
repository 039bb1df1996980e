"""What a person does to a programme: import it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import col, delete, select

from services.deliverables.programme.queries import Book, find_programme, load_book
from services.deliverables.programme.rules import (
    Item,
    Part,
    check_programme,
    check_unchanged_modes,
    refuse_changed_targets,
)
from services.deliverables.programme.tables import Deliverable, Programme, TargetPart, Theme
from services.deliverables.ratings.tables import Rating, RatingScheme
from services.deliverables.results.tables import Observation
from services.deliverables.tables import Organisation
from shared.events.base import canonical_json
from shared.periods import FinancialYear
from shared.work import Work


@dataclass(frozen=True)
class ThemeSent:
    code: str
    title: str


@dataclass(frozen=True)
class DeliverableSent:
    item: Item
    title: str
    printed_ref: str | None


@dataclass(frozen=True)
class PartSent:
    part: Part
    basis: str | None
    what: str
    due_printed: str | None
    printed: str | None


@dataclass(frozen=True)
class SchemeSent:
    name: str
    question: str
    colours: tuple[str, ...]
    red_below: Decimal


@dataclass(frozen=True)
class Sent:
    """A programme as it was sent, read and with defaults filled in."""

    themes: tuple[ThemeSent, ...]
    deliverables: tuple[DeliverableSent, ...]
    parts: tuple[PartSent, ...]
    scheme: SchemeSent | None


async def lock_programme(work: Work, year: FinancialYear) -> Programme:
    """The programme's row, held until the end of the unit of work; refuses a token that may not write for its body."""
    programme = await find_programme(work.session, year, for_update=True)
    await may_write_for(work, programme)
    return programme


async def may_write_for(work: Work, programme: Programme) -> None:
    """Refuse a token whose organisations do not include the one that runs this programme."""
    if work.actor.organisations is not None:
        organisation = await work.session.get(Organisation, programme.organisation_id)
        work.may_write_for(organisation.slug if organisation else str(programme.organisation_id))


async def import_programme(work: Work, year: FinancialYear, sent: Sent, content: Mapping[str, object]) -> Programme:
    """Take in themes, deliverables and targets. The same content again changes nothing.

    The first import needs no If-Match, since the empty programme was opened by an event and nobody's work can be lost;
    afterwards the current ETag is needed (412, 428). What results were judged on cannot change (D-11, D-15).
    """
    programme = await lock_programme(work, year)
    if programme.state == "imported":
        work.if_match(programme.version, f"{work.base_url}/v1/programmes/{year.slug}")
    digest = hashlib.sha256(canonical_json(content)).hexdigest()
    if digest == programme.content_sha256:
        return programme
    check_programme([t.code for t in sent.themes], [d.item for d in sent.deliverables], [p.part for p in sent.parts])
    book = await load_book(work.session, programme)
    used = await _parts_with_results(work, book)
    rated = await _rated(work, book)
    _check_used(book, used, rated, sent)
    before = {"deliverables": len(book.deliverables), "parts": len(book.all_parts)}
    await _store(work, programme, book, sent)
    await _store_scheme(work, programme, sent.scheme)
    programme.state, programme.content_sha256, programme.imported_at = "imported", digest, work.now
    programme.touch(work.now)
    work.session.add(programme)
    work.audit(
        "import_programme",
        programme.id,
        before=before,
        after={"deliverables": len(sent.deliverables), "parts": len(sent.parts), "content_sha256": digest},
    )
    await work.session.flush()
    return programme


def _check_used(book: Book, used: set[tuple[str, int]], rated: set[str], sent: Sent) -> None:
    standing = {(ref, part.part): part for ref, parts in book.parts.items() for part in parts}
    now_sent = {(p.part.ref, p.part.part): p for p in sent.parts}
    check_unchanged_modes(
        {key: standing[key].accumulation for key in used}, {key: p.part.accumulation for key, p in now_sent.items()}
    )
    changed = [
        key
        for key in sorted(used)
        if key not in now_sent or _judged_on(standing[key]) != _judged_on_sent(now_sent[key])
    ]
    refs = {d.item.ref for d in sent.deliverables}
    refuse_changed_targets([*changed, *((ref, 1) for ref in sorted(rated - refs))])


def _judged_on(part: TargetPart) -> tuple[object, ...]:
    return part.join, part.operator, part.low, part.high, part.unit, part.due


def _judged_on_sent(sent: PartSent) -> tuple[object, ...]:
    part = sent.part
    return part.join, part.operator, part.low, part.high, part.unit, part.due


async def _parts_with_results(work: Work, book: Book) -> set[tuple[str, int]]:
    named = {part.id: (ref, part.part) for ref, parts in book.parts.items() for part in parts}
    statement = select(Observation.target_part_id).where(col(Observation.target_part_id).in_(list(named))).distinct()
    return {named[part_id] for part_id in (await work.session.exec(statement)).all()}


async def _rated(work: Work, book: Book) -> set[str]:
    named = {deliverable.id: deliverable.ref for deliverable in book.deliverables}
    statement = select(Rating.deliverable_id).where(col(Rating.deliverable_id).in_(list(named))).distinct()
    return {named[deliverable_id] for deliverable_id in (await work.session.exec(statement)).all()}


async def _store(work: Work, programme: Programme, book: Book, sent: Sent) -> None:
    """Bring the tables to what was sent: keep ids of what stays, add what is new, remove what is gone."""
    session = work.session
    refs = {d.item.ref for d in sent.deliverables}
    keys = {(p.part.ref, p.part.part) for p in sent.parts}
    gone = [part.id for ref, parts in book.parts.items() for part in parts if (ref, part.part) not in keys]
    await session.exec(delete(TargetPart).where(col(TargetPart.id).in_(gone)))
    dropped = [d.id for d in book.deliverables if d.ref not in refs]
    await session.exec(delete(Deliverable).where(col(Deliverable.id).in_(dropped)))
    themes = await _store_themes(work, programme, book, sent.themes)
    known = {d.ref: d for d in book.deliverables}
    for position, one in enumerate(sent.deliverables, 1):
        item = one.item
        row = known.get(item.ref) or Deliverable(id=work.new_id(), ref=item.ref, **_stamps(work))
        row.programme_id, row.theme_id, row.position = programme.id, themes[item.theme].id, position
        row.printed_ref, row.title, row.row_kind = one.printed_ref, one.title, item.row_kind
        row.reporting_row, row.counts_in_summary = item.reporting_row, item.counts_in_summary
        row.split_of, row.refers_to, row.modified_at = item.split_of, item.refers_to, work.now
        known[item.ref] = row
        session.add(row)
    # Rows are related by plain ids, so the order of the writes is ours to keep.
    await session.flush()
    kept = {theme.code for theme in sent.themes}
    unused = [theme.id for theme in book.themes if theme.code not in kept]
    await session.exec(delete(Theme).where(col(Theme.id).in_(unused)))
    standing = {(ref, part.part): part for ref, parts in book.parts.items() for part in parts}
    year_starts = FinancialYear.parse(programme.year).start
    for sent_part in sent.parts:
        session.add(_store_part(work, standing, known[sent_part.part.ref], sent_part, year_starts))
    await session.flush()


async def _store_themes(work: Work, programme: Programme, book: Book, sent: Sequence[ThemeSent]) -> dict[str, Theme]:
    themes = {theme.code: theme for theme in book.themes}
    for position, one in enumerate(sent, 1):
        theme = themes.get(one.code) or Theme(
            id=work.new_id(), programme_id=programme.id, code=one.code, title=one.title, position=position
        )
        theme.title, theme.position = one.title, position
        themes[one.code] = theme
        work.session.add(theme)
    await work.session.flush()
    return themes


def _store_part(
    work: Work,
    standing: Mapping[tuple[str, int], TargetPart],
    deliverable: Deliverable,
    sent: PartSent,
    effective_from: date,
) -> TargetPart:
    part = sent.part
    row = standing.get((part.ref, part.part)) or TargetPart(
        id=work.new_id(), part=part.part, effective_from=effective_from, state="in_force", **_stamps(work)
    )
    row.deliverable_id = deliverable.id
    row.join, row.operator, row.low, row.high = part.join, part.operator, part.low, part.high
    row.unit, row.basis, row.due, row.accumulation = part.unit, sent.basis, part.due, part.accumulation
    row.due_printed, row.what, row.printed, row.modified_at = sent.due_printed, sent.what, sent.printed, work.now
    return row


async def _store_scheme(work: Work, programme: Programme, sent: SchemeSent | None) -> None:
    if sent is None:
        return
    statement = select(RatingScheme).where(RatingScheme.programme_id == programme.id)
    latest = (await work.session.exec(statement.order_by(col(RatingScheme.version).desc()).limit(1))).one()
    values = (sent.name, sent.question, list(sent.colours), sent.red_below)
    if values == (latest.name, latest.question, latest.colours, latest.red_below):
        return
    scheme = RatingScheme(
        id=work.new_id(),
        programme_id=programme.id,
        version=latest.version + 1,
        name=sent.name,
        question=sent.question,
        colours=list(sent.colours),
        red_below=sent.red_below,
    )
    work.session.add(scheme)


def _stamps(work: Work) -> dict[str, Any]:
    return {"version": 1, "created_at": work.now, "modified_at": work.now, "created_by": work.actor.sub}

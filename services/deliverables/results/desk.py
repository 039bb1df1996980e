"""One row of results at a time: its place in the programme, what stands against it, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.deliverables.programme.queries import Book, target_of
from services.deliverables.programme.rules import follows
from services.deliverables.programme.tables import Programme, TargetPart
from services.deliverables.ratings.queries import stand_parts, values_of
from services.deliverables.ratings.rules import Scheme, UnknownColour, read_colour
from services.deliverables.results.rows import Row
from services.deliverables.results.rules import (
    Accumulation,
    Kind,
    Statement,
    Value,
    find_excess,
    find_fall,
    plain,
    year_to_date,
)
from services.deliverables.results.tables import Observation
from services.deliverables.targets.rules import Join, Operator
from shared.errors import ErrorItem
from shared.periods import Quarter, london_date
from shared.texts import seen
from shared.work import Work


class Outcome(StrEnum):
    """What became of a row. Every row has exactly one."""

    STORED = "stored"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    UNIT_MISMATCH = "unit_mismatch"
    NARRATIVE = "narrative"
    NO_VALUE = "no_value"
    FOLLOWS = "follows"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@dataclass
class Answer:
    """The outcome of one row, with what stands against it or is worth knowing about it."""

    row: Row
    outcome: Outcome
    items: list[ErrorItem] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return {
            "record": self.row.record,
            "line": self.row.line,
            "ref": self.row.ref,
            "part": self.row.part,
            "outcome": str(self.outcome),
            "reasons": [item.model_dump(mode="json", exclude_none=True) for item in self.items],
        }


@dataclass
class Desk:
    """What is needed to judge rows one after the other, as they change what stands."""

    programme: Programme
    book: Book
    scheme: Scheme
    locked: dict[str, str]
    observations: dict[UUID, list[Observation]]
    known: dict[UUID, list[Observation]]
    import_id: UUID | None

    def part(self, ref: str, number: int) -> TargetPart | None:
        return next((part for part in self.book.parts.get(ref, ()) if part.part == number), None)


def check_colours(desk: Desk, rows: Sequence[Row]) -> None:
    """Read the printed colours (D-30); a rating belongs to the reference, so its rows must agree."""
    first: dict[tuple[str, str], tuple[str, Row]] = {}
    for row in rows:
        if row.colour is None or row.period is None:
            continue
        try:
            row.colour = read_colour(row.colour, desk.scheme)
        except UnknownColour as refusal:
            row.fault("unknown_colour", "rag_as_printed", refusal.detail)
            continue
        key = (row.ref, row.period.slug)
        colour, other = first.setdefault(key, (row.colour, row))
        if colour != row.colour:
            detail = f"Record {other.record} rates {row.ref} {colour}; a reference has one rating."
            row.fault("rating_contradicts", "rag_as_printed", detail)


async def take_in(work: Work, desk: Desk, row: Row) -> Answer:
    """One row: the faults of its cells, then its place in the programme, then what stands already."""
    if row.errors:
        return Answer(row, Outcome.REJECTED, row.errors)
    assert row.part is not None
    assert row.period is not None
    if row.kind is Kind.DELIVERED and row.period.start > london_date(work.now):
        detail = f"{row.period.label} has not begun; what is agreed or talked about is confirmed or pipeline."
        return _reject(row, "in_the_future", "as_at", detail)
    deliverable = desk.book.by_ref.get(row.ref)
    if deliverable is None:
        return _reject(
            row, "unknown_ref", "ref", f"There is no {row.ref} in {desk.programme.year}; check the reference."
        )
    if deliverable.refers_to:
        return _follow(desk, row)
    part = desk.part(row.ref, row.part)
    if part is None:
        rows = desk.book.rows_of(row.ref)
        fix = f"report on {' and '.join(rows)}" if rows else "check the number of the part"
        return _reject(row, "unknown_part", "part", f"{row.ref} has no target part {row.part}; {fix}.")
    if part.operator != Operator.NARRATIVE and row.assessment:
        detail = f"{row.ref} part {row.part} is rated by its number; leave the assessment empty."
        return _reject(row, "assessment_not_taken", "assessment", detail)
    if row.instance and part.join != Join.EACH:
        detail = f"The target of {row.ref} part {row.part} does not apply to each instance; leave the cell empty."
        return _reject(row, "instance_not_taken", "instance", detail)
    if row.quarter_value is None:
        return await _store(work, desk, part, row)
    in_quarter = replace(row, value=row.quarter_value, statement=Statement.IN_PERIOD, quarter_value=None)
    refused = (
        None if _is_known(desk, part, in_quarter) else _against(desk, part, in_quarter, f"q{row.period.number}_value")
    )
    if refused:
        return Answer(row, refused.outcome, refused.items)
    answer = await _store(work, desk, part, row)
    if answer.outcome not in (Outcome.CONFLICT, Outcome.REJECTED):
        second = await _store(work, desk, part, in_quarter)
        if answer.outcome is Outcome.UNCHANGED:
            answer.outcome = second.outcome
    return answer


def _follow(desk: Desk, row: Row) -> Answer:
    """A referring deliverable takes no value of its own (D-4); a row without one says nothing new."""
    target = follows(row.ref, desk.book.refers_to)
    if row.value is not None or row.quarter_value is not None or row.assessment:
        return _reject(row, "reference_not_editable", "value", f"{row.ref} follows {target}; change {target}.")
    return Answer(
        row, Outcome.FOLLOWS, [item_of(row, "follows", None, f"{row.ref} shows the value and rating of {target}.")]
    )


def _against(desk: Desk, part: TargetPart, row: Row, column: str = "value") -> Answer | None:
    """What stands against a row: the same fact with another value, a lock, a fall, a part above its whole."""
    assert row.period is not None
    standing = _standing(desk, part, row)
    if standing is not None and not row.reason:
        differing = ", ".join(_differing(standing, row))
        shown = "none" if standing.value is None else plain(standing.value)
        detail = (
            f"Known already with another {differing} (value {shown}); nothing was changed. Send a reason to revise it."
        )
        return Answer(row, Outcome.CONFLICT, [item_of(row, "conflict", column, detail)])
    if row.period.slug in desk.locked and not row.reason:
        why = desk.locked[row.period.slug]
        detail = f"{row.period.label} is locked: {why}. Send it as a revision with a reason, or in the next quarter."
        return _reject(row, "period_locked", "as_at", detail)
    if row.value is None or part.accumulation is None or row.kind is not Kind.DELIVERED:
        return None
    new = _value(part, row)
    others = [
        o
        for o in desk.observations[part.id]
        if o is not standing and o.kind == Kind.DELIVERED and o.instance == row.instance
    ]
    fall = find_fall(Accumulation(part.accumulation), new, values_of(part, others))
    if fall and not row.reason:
        return _reject(row, "running_total_fell", column, fall.detail)
    totals = {}
    for other in desk.book.parts[row.ref]:
        values = values_of(
            other, (o for o in desk.observations[other.id] if o.kind == Kind.DELIVERED and o is not standing)
        )
        if other.id == part.id:
            values.append(new)
        total = year_to_date(Accumulation(other.accumulation), values, row.period) if other.accumulation else None
        if total is not None:
            totals[other.part] = total
    for excess in find_excess([target_of(p) for p in desk.book.parts[row.ref]], totals):
        if part.part in (excess.part, excess.whole):
            what = next(p.what for p in desk.book.parts[row.ref] if p.part == excess.part)
            return _reject(row, "part_exceeds_whole", column, excess.detail(what))
    return None


async def _store(work: Work, desk: Desk, part: TargetPart, row: Row) -> Answer:
    outcome, items = _kind_of(desk, part, row)
    if _is_known(desk, part, row):
        return Answer(row, Outcome.UNCHANGED, items)
    refused = _against(desk, part, row)
    if refused:
        return refused
    standing = _standing(desk, part, row)
    assert row.period is not None
    assert row.as_at is not None
    observation = Observation(
        id=work.new_id(),
        target_part_id=part.id,
        import_id=desk.import_id,
        period=row.period.slug,
        as_at=row.as_at,
        instance=row.instance,
        kind=row.kind,
        statement=row.statement,
        value=row.value,
        bound=row.bound,
        unit=row.unit,
        converted_value=row.converted_value,
        conversion_note=row.conversion_note,
        assessment=row.assessment,
        evidence_empty=row.evidence_empty,
        occurred_on=row.occurred_on,
        note=row.note,
        source=row.source,
        revision_of=standing.id if standing else None,
        reason=row.reason,
        state="accepted",
        created_at=work.now,
        created_by=work.actor.sub,
    )
    if standing is not None:
        standing.state = "revised"
        work.session.add(standing)
        desk.observations[part.id].remove(standing)
        # The one accepted value of a place gives way before the next one takes it.
        await work.session.flush()
        outcome = Outcome.REVISED
    work.session.add(observation)
    desk.observations[part.id].append(observation)
    desk.known[part.id].append(observation)
    return Answer(row, outcome, items)


def _kind_of(desk: Desk, part: TargetPart, row: Row) -> tuple[Outcome, list[ErrorItem]]:
    """How a row that can be stored counts, and what is worth noting about it."""
    if part.operator == Operator.NARRATIVE:
        if row.assessment:
            return Outcome.NARRATIVE, []
        detail = "Kept as evidence; the part has no number and rates by an assessment, which is still open."
        return Outcome.NARRATIVE, [item_of(row, "unassessed", None, detail)]
    if row.value is None:
        return Outcome.NO_VALUE, [
            item_of(row, "no_value", "value", "Kept as a note; without a number it does not rate.")
        ]
    if row.unit != part.unit and row.converted_value is None:
        detail = f"Target counts {part.unit}, result {row.unit}; give a conversion or another result. It does not rate."
        return Outcome.UNIT_MISMATCH, [item_of(row, "unit_mismatch", "unit", detail)]
    verdict = stand_parts([part], {part.id: [_draft(part, row)]}, desk.scheme, _quarter(row))[0].verdict
    items = []
    if verdict.over_commitment:
        detail = f"Above the ceiling of {plain(part.low)}." if part.low is not None else "Above the ceiling."
        items.append(item_of(row, "over_commitment", "value", detail))
    if part.operator == Operator.UNRESOLVED:
        detail = f"'{part.printed or part.what}' has no single reading; choose an operator. The part does not rate."
        items.append(item_of(row, "target_unresolved", None, detail))
    return Outcome.STORED, items


def _standing(desk: Desk, part: TargetPart, row: Row) -> Observation | None:
    return next(iter(_alike(desk.observations[part.id], row)), None)


def _alike(observations: Sequence[Observation], row: Row) -> list[Observation]:
    """Observations of the same fact: quarter, instance, kind and way of stating it."""
    assert row.period is not None
    place = (row.period.slug, seen(row.instance), row.kind, row.statement)
    return [o for o in observations if (o.period, seen(o.instance), o.kind, o.statement) == place]


def _is_known(desk: Desk, part: TargetPart, row: Row) -> bool:
    """Sent before; without a reason also where a revision has replaced it since. With one it goes back to it."""
    standing = _standing(desk, part, row)
    if standing is not None and _same(standing, row):
        return True
    return not row.reason and any(_same(observation, row) for observation in _alike(desk.known[part.id], row))


COMPARED = (
    "value",
    "bound",
    "unit",
    "assessment",
    "converted_value",
    "conversion_note",
    "evidence_empty",
    "occurred_on",
    "note",
    "source",
)


def _same(observation: Observation, row: Row) -> bool:
    return not _differing(observation, row)


def _differing(observation: Observation, row: Row) -> list[str]:
    return [name for name in COMPARED if _as_seen(getattr(observation, name)) != _as_seen(getattr(row, name))]


def _as_seen(value: Any) -> Any:
    """A text that looks the same says the same."""
    return seen(value) if isinstance(value, str) else value


def _value(part: TargetPart, row: Row) -> Value:
    return values_of(part, [_draft(part, row)])[0]


def _draft(part: TargetPart, row: Row) -> Observation:
    """The row as an observation that is not stored, for the sums."""
    return Observation(
        target_part_id=part.id,
        period=_quarter(row).slug,
        instance=row.instance,
        kind=row.kind,
        statement=row.statement,
        value=row.value,
        bound=row.bound,
        unit=row.unit,
        converted_value=row.converted_value,
        assessment=row.assessment,
    )  # type: ignore[call-arg]


def _quarter(row: Row) -> Quarter:
    assert row.period is not None
    return row.period


def _reject(row: Row, code: str, column: str | None, detail: str) -> Answer:
    return Answer(row, Outcome.REJECTED, [item_of(row, code, column, detail)])


def item_of(row: Row, code: str, column: str | None, detail: str) -> ErrorItem:
    return ErrorItem(code=code, detail=detail, record=row.record, line=row.line, column=column)

"""The structure of a year's promises: references, splits, lead-ins, parts; all faults at once, located (D-1 to D-4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.deliverables.targets.rules import Join, Operator
from shared.errors import Conflict, ErrorItem, Invalid

ROW_KINDS = ("deliverable", "split_parent", "split_row", "lead_in")
NUMBERED = frozenset({Operator.GE, Operator.GT, Operator.EQ, Operator.LE, Operator.RANGE})


@dataclass(frozen=True)
class Item:
    """A deliverable as it was sent, with its place in the body."""

    index: int
    ref: str
    theme: str
    row_kind: str
    reporting_row: bool
    counts_in_summary: bool
    split_of: str | None = None
    refers_to: str | None = None
    narrative_only: bool = False


@dataclass(frozen=True)
class Part:
    """A target part as it was sent, with its place in the body."""

    pointer: str
    ref: str
    part: int
    join: Join
    operator: Operator
    low: Decimal | None
    high: Decimal | None
    unit: str | None
    due: date
    accumulation: str | None


class BadProgramme(Invalid):
    code = "bad_programme"
    title = "The programme cannot be taken in as it stands"


class ModeFixed(Conflict):
    code = "mode_fixed"
    title = "Values exist; the mode cannot change"


class TargetFixed(Conflict):
    code = "target_fixed"
    title = "Values exist; a target changes by an agreed variation only"


def check_programme(themes: Sequence[str], items: Sequence[Item], parts: Sequence[Part]) -> None:
    """Refuse a programme whose references, splits or targets do not fit together, naming every fault (D-1 to D-4)."""
    errors = [*_check_items(themes, items), *_check_parts(items, parts)]
    if errors:
        raise BadProgramme(
            f"Faults in the programme: {len(errors)}; mend what errors lists and send it again.", errors=errors
        )


def check_unchanged_modes(
    used: Mapping[tuple[str, int], str | None], sent: Mapping[tuple[str, int], str | None]
) -> None:
    """A part that holds values keeps its accumulation mode (D-15). Keys are reference and part number."""
    changed = [
        ErrorItem(
            code="mode_fixed",
            detail=f"{ref} part {part} holds values counted as {mode or 'nothing'}; keep that mode.",
            pointer="/targets",
        )
        for (ref, part), mode in sorted(used.items())
        if (ref, part) in sent and sent[ref, part] != mode
    ]
    if changed:
        raise ModeFixed("Values exist; the mode cannot change.", errors=changed)


def refuse_changed_targets(changed: Sequence[tuple[str, int]]) -> None:
    """A target that results were judged on stays; it changes by a variation that both parties agreed (D-11)."""
    if changed:
        raise TargetFixed(
            "Results exist for targets that this programme would change or drop.",
            errors=[
                ErrorItem(
                    code="target_fixed",
                    detail=f"{ref} part {part} holds results; send it as it was, a variation changes it.",
                    pointer="/targets",
                )
                for ref, part in changed
            ],
        )


def follows(ref: str, refers_to: Mapping[str, str]) -> str:
    """The deliverable whose value and rating `ref` shows: itself, or the end of its chain of references (D-4)."""
    seen = {ref}
    while ref in refers_to and refers_to[ref] not in seen:
        ref = refers_to[ref]
        seen.add(ref)
    return ref


def _check_items(themes: Sequence[str], items: Sequence[Item]) -> Iterator[ErrorItem]:
    known = {item.ref: item for item in items}
    for ref, count in Counter(item.ref for item in items).items():
        if count > 1:
            index = [item.index for item in items if item.ref == ref][1]
            yield _fault("duplicate_ref", f"{ref} stands here a second time; give each reference once.", index, "ref")
    for index, code in enumerate(themes):
        if code in themes[:index]:
            detail = f"Theme {code} stands here a second time; give each code once."
            yield ErrorItem(code="duplicate_theme", detail=detail, pointer=f"/themes/{index}/code")
    links = {item.ref: item.refers_to for item in items if item.refers_to}
    parents = {item.split_of for item in items if item.split_of}
    for item in items:
        if themes and item.theme not in themes:
            yield _fault("unknown_theme", f"Theme {item.theme} is not among the themes; add it.", item.index, "theme")
        if item.refers_to and item.refers_to not in known:
            yield _fault("unknown_ref", f"{item.refers_to} is not a deliverable here.", item.index, "refers_to")
        elif item.refers_to and _is_cycle(item.ref, links):
            detail = f"{item.ref} follows {item.refers_to}, which leads back to {item.ref}; remove one reference."
            yield _fault("reference_cycle", detail, item.index, "refers_to")
        if item.split_of:
            parent = known.get(item.split_of)
            if parent is None or parent.row_kind != "split_parent":
                detail = f"{item.split_of} is not a split parent here; give it row_kind split_parent."
                yield _fault("unknown_split_parent", detail, item.index, "split_of")
            elif parent.theme != item.theme:
                yield _fault(
                    "split_across_themes", f"{item.ref} and {parent.ref} differ in theme.", item.index, "theme"
                )
        if (item.row_kind == "split_row") != bool(item.split_of):
            yield _fault("bad_row_kind", "A split row, and no other, names its split_of.", item.index, "row_kind")
        if item.row_kind == "split_parent" and item.ref not in parents:
            yield _fault("split_without_rows", f"{item.ref} has no split rows; add them.", item.index, "row_kind")
        if item.row_kind == "split_row" and item.counts_in_summary:
            detail = f"{item.ref} counts through {item.split_of}; say no."
            yield _fault("counted_twice", detail, item.index, "counts_in_summary")
        if item.row_kind == "lead_in" and (item.counts_in_summary or item.reporting_row):
            yield _fault(
                "lead_in_counted", f"{item.ref} is an introduction; it counts nowhere.", item.index, "row_kind"
            )
        if item.row_kind == "split_parent" and item.reporting_row:
            yield _fault("counted_twice", f"{item.ref} is reported by its rows; say no.", item.index, "reporting_row")


def _check_parts(items: Sequence[Item], parts: Sequence[Part]) -> Iterator[ErrorItem]:
    known = {item.ref: item for item in items}
    seen: set[tuple[str, int]] = set()
    first = {part.ref: min(p.part for p in parts if p.ref == part.ref) for part in parts}
    for part in parts:
        item = known.get(part.ref)
        if item is None:
            yield ErrorItem(
                code="unknown_ref", detail=f"{part.ref} is not a deliverable here.", pointer=f"{part.pointer}/ref"
            )
        elif item.refers_to or item.row_kind in ("split_parent", "lead_in"):
            why = f"follows {item.refers_to}" if item.refers_to else f"is a {item.row_kind.replace('_', ' ')}"
            detail = f"{part.ref} {why} and has no targets of its own; move the part."
            yield ErrorItem(code="reference_not_editable", detail=detail, pointer=f"{part.pointer}/ref")
        if (part.ref, part.part) in seen:
            detail = f"{part.ref} part {part.part} stands here a second time; number the parts."
            yield ErrorItem(code="duplicate_part", detail=detail, pointer=f"{part.pointer}/part")
        seen.add((part.ref, part.part))
        if part.join is not Join.AND and part.part == first[part.ref]:
            detail = f"The first part has nothing before it to be {part.join} of; join it by and."
            yield ErrorItem(code="join_without_whole", detail=detail, pointer=f"{part.pointer}/join")
        if item and item.narrative_only and part.operator is not Operator.NARRATIVE:
            detail = (
                f"{part.ref} is narrative only, and this part has the operator {part.operator}; change one of them."
            )
            yield ErrorItem(code="narrative_only_contradicted", detail=detail, pointer=f"{part.pointer}/operator")
        yield from _check_numbers(part)


def _check_numbers(part: Part) -> Iterator[ErrorItem]:
    if part.operator in NUMBERED and (part.low is None or part.unit is None):
        field = "low" if part.low is None else "unit"
        detail = f"The operator {part.operator} needs {field}; give it, or choose another operator."
        yield ErrorItem(code="number_missing", detail=detail, pointer=f"{part.pointer}/{field}")
    if part.operator is Operator.RANGE and (part.high is None or part.low is None or part.high < part.low):
        detail = "A range needs a high end that is not below the low one."
        yield ErrorItem(code="range_reversed", detail=detail, pointer=f"{part.pointer}/high")
    if part.operator is not Operator.NARRATIVE and part.accumulation is None:
        detail = "Say how values add up: increment, running_total, latest_value, distinct_set or percentage."
        yield ErrorItem(code="accumulation_missing", detail=detail, pointer=f"{part.pointer}/accumulation")


def _is_cycle(ref: str, links: Mapping[str, str]) -> bool:
    seen = {ref}
    while ref in links:
        ref = links[ref]
        if ref in seen:
            return True
        seen.add(ref)
    return False


def _fault(code: str, detail: str, index: int, field: str) -> ErrorItem:
    return ErrorItem(code=code, detail=detail, pointer=f"/deliverables/{index}/{field}")

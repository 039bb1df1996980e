"""Which lines may be given up: pure functions that refuse, each with what to do instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.grants.faults import raise_together
from shared.errors import Conflict, ErrorItem, Refusal


class NothingToSettle(Conflict):
    """Only a rejected line or a conflict that waits can be given up."""

    code = "nothing_to_settle"
    title = "The line does not wait to be corrected"


class SettledBefore(Conflict):
    """What settled a line stands."""

    code = "settled_before"
    title = "The line is settled"


class NotTakenIn(Conflict):
    """A file whose lines have no outcome yet has none to give up."""

    code = "not_taken_in"
    title = "The file is not taken in"


@dataclass(frozen=True)
class FileFacts:
    """What giving up must know of a batch."""

    kind: str
    state: str
    dry_run: bool


@dataclass(frozen=True)
class LineFacts:
    """What became of a record, and how it was settled since; no outcome where it entered the ledger, or is none."""

    outcome: str | None
    settled_how: str | None = None


def may_give_up(file: FileFacts) -> None:
    """Refuse what has no lines that could wait."""
    if file.kind != "file":
        raise NothingToSettle("That batch is a manual entry and brought no lines that wait; see its entries.")
    if file.dry_run:
        raise NothingToSettle("That batch was a trial and kept no lines; send the file itself.")
    if file.state not in ("completed", "failed"):
        raise NotTakenIn(f"That batch is {file.state}; wait until it is completed.")


def give_up(records: Sequence[int], lines: Mapping[int, LineFacts], received: int) -> None:
    """Refuse records that do not wait to be corrected, all of them at once."""
    faults: list[Refusal] = []
    for place, record in enumerate(records):
        facts = lines.get(record, LineFacts(None))
        kind, detail = _refusal(record, facts, received, repeated=record in records[:place])
        if kind is not None:
            item = ErrorItem(code=kind.code, detail=detail, pointer=f"/records/{place}", record=record)
            faults.append(kind(detail, errors=[item]))
    raise_together(faults)


def _refusal(record: int, facts: LineFacts, received: int, *, repeated: bool) -> tuple[type[Refusal] | None, str]:
    if repeated:
        return NothingToSettle, f"Record {record} is named twice; name it once."
    if record > received:
        return NothingToSettle, f"The file has {received:,} records and no record {record}; see its errors."
    if facts.settled_how is not None:
        how = facts.settled_how.replace("_", " ")
        return SettledBefore, f"Record {record} is settled: {how}. Leave it out."
    if facts.outcome in ("rejected", "conflict"):
        return None, ""
    if facts.outcome == "held":
        return NothingToSettle, f"Record {record} is held; decide on it at /v1/held-lines."
    outcome = facts.outcome or "accepted"
    return NothingToSettle, f"Record {record} was {outcome} and is not to be corrected; leave it out."


def some_wait(lines: int, held: int) -> None:
    """Refuse to give up all where nothing waits to be corrected."""
    if not lines:
        more = f" {held:,} lines are held; decide on them at /v1/held-lines." if held else ""
        raise NothingToSettle(f"No line of this file waits to be corrected.{more}")

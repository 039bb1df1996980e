"""What becomes of each record of a file: accepted, duplicate, conflict or rejected, with every reason. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from services.transparency.contracts import rules
from services.transparency.contracts.reading import Record
from services.transparency.contracts.rules import CONTACT, Statement
from shared.errors import ErrorItem
from shared.money import pounds

_COLUMNS = {"value_pence": "value", "irrecoverable_vat_pence": "irrecoverable_vat"}
_NOT_REPEATED = {*CONTACT, "title", "description", "rationale"}
"""Fields whose text a message does not repeat: long, or perhaps a person's."""


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@dataclass
class Answer:
    """One record, what became of it and why; `version` is the version it is or became."""

    record: Record
    outcome: Outcome
    version: int | None = None
    reasons: list[ErrorItem] = field(default_factory=list)

    def add(self, code: str, name: str, detail: str) -> None:
        column = _COLUMNS.get(name, name)
        column = self.record.heads.get(column, column)
        self.reasons.append(
            ErrorItem(code=code, detail=detail, record=self.record.number, line=self.record.line, column=column)
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "record": self.record.number,
            "line": self.record.line,
            "reference": self.record.reference,
            "version": self.version if self.version is not None else self.record.version,
            "outcome": str(self.outcome),
            "reasons": [reason.model_dump(exclude_none=True) for reason in self.reasons],
        }


def take_in(records: Iterable[Record], known: dict[str, list[Statement]], now: datetime) -> list[Answer]:
    """Every record with its outcome, in the order of the file.

    `known` is what the register holds of each reference, oldest version first; it is not changed. A version may stand
    in the file before the one it follows.
    """
    standing: dict[str, list[Statement]] = defaultdict(list)
    for reference, versions in known.items():
        standing[reference] = list(versions)
    answers = {}
    for record in sorted(records, key=lambda record: record.version or 0):
        answer = decide(record, standing[record.reference], now)
        answers[record.number] = answer
        if answer.outcome is Outcome.ACCEPTED:
            assert record.said is not None
            standing[record.reference].append(record.said)
    return [answers[number] for number in sorted(answers)]


def decide(record: Record, versions: Sequence[Statement], now: datetime) -> Answer:
    """One record beside the versions that its contract has by then. Nothing that is registered is overwritten."""
    said = record.said
    if said is None:
        return Answer(record, Outcome.REJECTED, reasons=list(record.faults))
    number = record.version
    if number is None:
        number = _alike(said, versions) or (1 if said.kind == "new" else len(versions) + 1)
    if number <= len(versions):
        return _compared(record, said, versions[number - 1], number)
    answer = Answer(record, Outcome.REJECTED, number)
    if number > len(versions) + 1:
        last = f"version {len(versions)}" if versions else "no version"
        detail = f"Version {number} does not follow: the register has {last} of it; send version {len(versions) + 1}."
        answer.add("version_missing", "version", detail)
    elif (said.kind == "new") != (number == 1):
        detail = f"Version {number} is {said.kind}: the first version is new, and no later one is; correct the kind."
        answer.add("kind_of_version", "kind", detail)
    found = rules.contradictions(said, now)
    if versions and number == len(versions) + 1:
        found += rules.following(said, versions)
    for fault in found:
        answer.add(fault.code, fault.field, fault.detail)
    if answer.reasons:
        return answer
    answer.outcome = Outcome.ACCEPTED
    if suspect := rules.number_suspect(said.company_number):
        answer.add(suspect.code, suspect.field, suspect.detail)
    return answer


def _alike(said: Statement, versions: Sequence[Statement]) -> int | None:
    """The version that says the same, where the file does not number its versions."""
    return next((number for number, known in enumerate(versions, 1) if not rules.differing(said, known)), None)


def _compared(record: Record, said: Statement, stored: Statement, number: int) -> Answer:
    names = rules.differing(said, stored)
    if not names:
        return Answer(record, Outcome.DUPLICATE, number)
    answer = Answer(record, Outcome.CONFLICT, number)
    for name in names:
        words = "" if name in _NOT_REPEATED else f": {_shown(said, name)} here, {_shown(stored, name)} there"
        answer.add(
            "differs",
            name,
            f"It differs from version {number} in the register{words}. Nothing was changed; send a change as the next "
            "version, a recording error as a correction.",
        )
    return answer


def _shown(said: Statement, name: str) -> str:
    value = getattr(said, name)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if name.endswith("_pence"):
        return pounds(value)
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)[:64]

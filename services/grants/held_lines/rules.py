"""Who may decide on a held line, and how: pure functions that refuse or say what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.grants.use_rules.rules import Judgement
from shared.errors import Conflict, Invalid, NotAllowed, Refusal

Decision = Literal["accept", "outside", "duplicate", "refuse"]
State = Literal["accepted", "outside", "duplicate", "refused"]
BECOMES: dict[Decision, State] = {
    "accept": "accepted",
    "outside": "outside",
    "duplicate": "duplicate",
    "refuse": "refused",
}


class DecidedBefore(Conflict):
    """A held line is decided once."""

    code = "decided_before"
    title = "The held line is decided"


class DuplicateOfWhat(Invalid):
    code = "duplicate_of_missing"
    title = "The entry it repeats is not named"


class AgreementNotNamed(Conflict):
    code = "outside_agreement_year"
    title = "The line belongs to no year that is named"


class CfoDecides(NotAllowed):
    """What grant may be used for is decided by the chief finance officer (G-19)."""


@dataclass(frozen=True)
class Waiting:
    """What deciding on a held line must know: why it is held, and what was decided before."""

    held_line_id: UUID
    reason_codes: tuple[str, ...]
    decided: str | None


def is_of_use(reason_codes: Iterable[str]) -> bool:
    return any(code.startswith("use_") for code in reason_codes)


def may_decide(waiting: Waiting, decision: Decision, *, by_cfo: bool, duplicate_of: UUID | None) -> None:
    """Refuse what is decided already, what is not this person's to decide, and a duplicate of nothing."""
    if waiting.decided is not None:
        raise DecidedBefore(
            f"It was decided before ({waiting.decided}); the decision stands.",
            extra={"held_line": str(waiting.held_line_id)},
        )
    if is_of_use(waiting.reason_codes) and not by_cfo:
        raise CfoDecides("The rules of use hold this line; the chief finance officer decides (grants:cfo).")
    if decision == "duplicate" and duplicate_of is None:
        raise DuplicateOfWhat(
            "Nothing in the ledger holds this content; name the entry it repeats, or refuse the line.",
            pointer="/duplicate_of",
        )


def has_agreement(decision: Decision, placed: bool, outside_year: bool) -> None:
    """A line that its profile assigned, and whose day lies outside that year, goes nowhere by default."""
    if decision == "accept" and outside_year and not placed:
        raise AgreementNotNamed(
            "Its day lies outside the year that its profile names; name agreement and line_code of its own year, "
            "or decide outside.",
            pointer="/agreement",
        )


def of_record(fault: Refusal, record: int) -> Refusal:
    """The same fault, located at one of several lines decided at once."""
    errors = [error.model_copy(update={"record": record}) for error in fault.errors]
    return type(fault)(fault.detail, errors=errors, extra=fault.extra)


def use_decided(judgement: Judgement | None, reason_codes: Iterable[str], *, by_cfo: bool) -> bool:
    """Whether accepting the line decides on its use; only the chief finance officer may do that (G-19)."""
    needed = judgement is not None and (judgement.outcome != "allowed" or is_of_use(reason_codes))
    if needed and not by_cfo:
        raise CfoDecides("The line raises a rule of use; the chief finance officer decides (grants:cfo).")
    return needed

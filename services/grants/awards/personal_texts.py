"""Texts of an award that seem to hold personal details: what is found, and who may say that it may be published.

They go to nobody outside until a second person has said so, with the reason (G-23, as T-24 has it for spend).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from services.grants.expenditure.persons import PersonNames
from services.grants.faults import raise_together
from shared.errors import Conflict, Refusal
from shared.personal_details import WORDS, find

NAME = "name_in_text"
Detail = Literal["email_in_text", "phone_in_text", "ni_number_in_text", "bank_account_in_text", "name_in_text"]
KINDS: dict[str, str] = {**WORDS, NAME: "the name of a person who is withheld as payee"}
assert set(get_args(Detail)) == set(KINDS), "a kind of personal detail that no request can name"


class NothingToClear(Conflict):
    code = "nothing_to_clear"
    title = "The texts hold nothing of this kind that waits"


@dataclass(frozen=True)
class TextFinding:
    """One text of an award and one kind of personal detail that it seems to hold."""

    text: str
    code: str


def findings_in(texts: Mapping[str, str | None], names: PersonNames) -> list[TextFinding]:
    """What the texts of an award seem to hold, text by text; nothing of what stands there is repeated."""
    found: list[TextFinding] = []
    for field, text in texts.items():
        if text:
            codes = [*find(text), *([NAME] if names.stand_in(text) else [])]
            found += [TextFinding(field, code) for code in codes]
    return found


def open_findings(found: Sequence[TextFinding], cleared: Collection[str]) -> list[TextFinding]:
    return [finding for finding in found if finding.code not in cleared]


def clear_texts(waiting: Sequence[TextFinding], codes: Sequence[str]) -> None:
    """Decide whether these kinds may be said to be harmless: only what waits can be."""
    known = {finding.code for finding in waiting}
    faults: list[Refusal] = []
    for index, code in enumerate(codes):
        if code not in known:
            shown = ", ".join(sorted(known)) or "none"
            faults.append(NothingToClear(f"The texts wait for {shown}, not for {code}.", pointer=f"/codes/{index}"))
    raise_together(faults)


def digest_of(title: str, description: str) -> str:
    """What was read when the texts were cleared: another text waits again."""
    return hashlib.sha256(f"{title}\x1f{description}".encode()).hexdigest()


def in_words(waiting: Sequence[TextFinding]) -> str:
    """Which text seems to hold what, for a message that names no value."""
    by_text: dict[str, list[str]] = {}
    for finding in waiting:
        by_text.setdefault(finding.text, []).append(KINDS[finding.code])
    return "; ".join(f"the {text} seems to hold {' and '.join(kinds)}" for text, kinds in by_text.items())

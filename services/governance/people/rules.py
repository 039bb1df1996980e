"""Names: how a printed one is taken apart, and whether it is known, near to a known one, or new (B-43)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal
from uuid import UUID

from shared.texts import folded

TITLES = frozenset(
    (
        *("cllr", "clir", "councillor", "mr", "mrs", "ms", "miss", "mx", "dr", "sir", "dame", "lord", "lady"),
        *("baroness", "prof", "professor", "mayor", "alderman", "rev"),
    )
)
"""Words before a name that are no part of it; `clir` is how scans read `Cllr`."""

HONOURS = frozenset(
    ("obe", "mbe", "cbe", "kbe", "dbe", "bem", "jp", "qc", "kc", "mp", "dl", "cb", "kcb", "gbe", "frsa")
)

SPELLING_RATIO = 0.88
"""How alike two bare names must be to be proposed as one; Connet and Connett are, Holland and Platts are not."""


@dataclass(frozen=True)
class PrintedName:
    """A name as printed, parted into titles, bare name and honours."""

    titles: tuple[str, ...]
    name: str
    honours: tuple[str, ...]


@dataclass(frozen=True)
class KnownPerson:
    """A person on record with everything they are known to be called."""

    id: UUID
    name: str
    title: str | None = None
    honours: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    person_id: UUID
    name: str
    kind: Literal["title_variant", "name_variant", "scan_fault"]


@dataclass(frozen=True)
class Match:
    """Exactly one of: the person it is, proposals for a person to confirm, or neither."""

    person_id: UUID | None = None
    proposals: tuple[Proposal, ...] = ()


def part_name(printed: str) -> PrintedName:
    """`Sir Stephen Houghton CBE` → titles (Sir), name `Stephen Houghton`, honours (CBE)."""
    words = printed.replace(",", " ").split()
    titles: list[str] = []
    honours: list[str] = []
    while len(words) > 1 and _plain(words[0]) in TITLES:
        titles.append(words.pop(0))
    while len(words) > 1 and _plain(words[-1]) in HONOURS:
        honours.insert(0, words.pop())
    return PrintedName(tuple(titles), " ".join(words), tuple(honours))


def match_name(printed: str, people: Iterable[KnownPerson]) -> Match:
    """Find who a printed name means, without guessing.

    Known: the text is the person's name, an alias, or the name with titles and honours that are on their record. The
    same bare name with others, or nearly the same name, is only proposed; several persons who fit are all proposed.
    """
    people = list(people)
    text = _squeeze(printed)
    exact = {person.id for person in people if text in {_squeeze(t) for t in (person.name, *person.aliases)}}
    parts = part_name(printed)
    bare = _squeeze(parts.name)
    same = [person for person in people if bare == _squeeze(person.name)]
    if not exact:
        exact = {person.id for person in same if _on_record(parts, person)}
    if len(exact) == 1:
        return Match(person_id=exact.pop())
    candidates = [
        Proposal(
            person.id, person.name, "scan_fault" if "clir" in {_plain(t) for t in parts.titles} else "title_variant"
        )
        for person in same
    ]
    if not candidates:
        candidates = [Proposal(person.id, person.name, "name_variant") for person in _near(bare, people)]
    return Match(proposals=tuple(candidates))


def duplicates(names: Sequence[str]) -> tuple[str, ...]:
    """Names printed more than once in one list, each told once."""
    seen: set[str] = set()
    twice: dict[str, str] = {}
    for name in names:
        key = _squeeze(name)
        if key in seen:
            twice.setdefault(key, name)
        seen.add(key)
    return tuple(twice.values())


def _on_record(parts: PrintedName, person: KnownPerson) -> bool:
    titles = {_plain(person.title)} if person.title else set()
    honours = {_plain(honour) for honour in person.honours}
    return {_plain(t) for t in parts.titles} <= titles and {_plain(h) for h in parts.honours} <= honours


def _near(bare: str, people: Sequence[KnownPerson]) -> list[KnownPerson]:
    found = []
    for person in people:
        known = {_squeeze(person.name), *(_squeeze(part_name(alias).name) for alias in person.aliases)}
        if any(SequenceMatcher(None, bare, name).ratio() >= SPELLING_RATIO for name in known):
            found.append(person)
    return found


def _squeeze(text: str) -> str:
    return folded(text)


def _plain(word: str | None) -> str:
    return re.sub(r"[^a-z]", "", folded(word or ""))

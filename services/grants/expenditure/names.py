"""Where the name of a private payee stands in the other texts of its line, and which of them may leave for that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.grants.expenditure.cells import folded_ways
from services.grants.expenditure.columns import Columns
from services.grants.expenditure.line import INCOMING, NULL, PLACE
from services.grants.expenditure.parties import PUBLIC_KINDS
from services.grants.expenditure.persons import PRIVATE_KINDS, TITLES, PersonNames

SEES_NAMES = ("grants:finance", "grants:cfo")
"""Scopes that see the names of individuals, staff and payees of unknown kind."""

NAME_IN_TEXT = "name_in_text"
NAME_IN_KEY = "name_in_key"
"""The line's key may name its payee; outside, the id of the entry stands in its place."""

WITHHELD = {
    field: f"name_in_{field}"
    for field in ("purpose", "category", "unit", "contract_ref", "decision_ref", "ledger_class")
}
"""Texts that are left out where they name a private payee → the flag that says so."""
PURPOSELESS_KINDS = ("individual", "staff")
"""What a person was paid for is told to nobody else, whether it names the person or not."""

CACHE_SIZE = 20_000
LEAST_LETTERS = 3
LEAST_RUN = 6
"""Letters of a whole name that are looked for without regard to spaces."""

PARTY_KIND, PARTY_NAME, REDACTED = PLACE["party_kind"], PLACE["party_name"], PLACE["source_redacted"]
LINE_KEY, CLASS = PLACE["line_key"], PLACE["ledger_class"]
_WORD = re.compile(r"[^\W\d_]+|\d+")
_APOSTROPHE = re.compile("['`\u2018\u2019\u02bc]")


@dataclass(frozen=True)
class _Text:
    """A text as names are looked for in it: without case, accents and punctuation."""

    words: frozenset[str]
    run: str


@dataclass(frozen=True)
class _Name:
    parts: frozenset[str]
    wholes: tuple[frozenset[str], ...]
    run: str


class NameFinder:
    """Flags a parsed line whose texts or key name its payee. Holds caches: one thread uses it."""

    def __init__(
        self,
        layout: dict[str, Any],
        columns: Columns,
        persons: PersonNames | None = None,
        learnt: set[str] | None = None,
    ) -> None:
        """`persons`: private payees of the organisation, who are named in no text of any other line either; each text
        of a line has been noted there. `learnt`: where those go that the file itself has as payees."""
        self._fields = [(PLACE[field], flag) for field, flag in WITHHELD.items() if layout["fields"].get(field)]
        self._keyed = layout["identity"]["kind"] == "keyed"
        telling = {place for field in ("party_name", "party_key", "purpose") for place in columns.columns_of(field)}
        key_places = {columns.place(name) for name in layout["identity"]["columns"]} if self._keyed else set()
        self._key_tells = bool(telling & key_places)
        markers = [pattern for pattern in layout["parties"]["patterns"] if pattern["source_redacted"]]
        self._marker_words: frozenset[str] = frozenset().union(
            *(
                _text(pattern[how]).words
                for pattern in markers
                for how in ("equals", "prefix", "contains")
                if pattern[how]
            )
        )
        self._persons = persons
        self._naming = persons.noted if persons is not None else set()
        self.learnt = learnt if learnt is not None else set()
        self._names: dict[tuple[str, bool], _Name | None] = {}
        self._texts: dict[str, _Text] = {}

    def fill(self, row: list[str], flags: list[str]) -> None:
        """The line's other values have been filled before."""
        kind = row[PARTY_KIND]
        if kind in PUBLIC_KINDS:
            if self._naming:
                self._fill_of_others(row, flags)
            return
        if kind in PRIVATE_KINDS and row[REDACTED] != "t" and row[PARTY_NAME] != NULL:
            self.learnt.add(row[PARTY_NAME])
        if self._key_tells:
            flags.append(NAME_IN_KEY)
        name = self._name(row[PARTY_NAME], row[REDACTED] == "t")
        if name is None:
            return
        strict = kind == "unknown"
        for place, flag in self._fields:
            text = row[place]
            if text != NULL and self._names_in(text, name, strict or place == CLASS, place):
                flags += (flag, NAME_IN_TEXT)
        if self._keyed and not self._key_tells and self._names_in(row[LINE_KEY], name, strict, LINE_KEY):
            flags.append(NAME_IN_KEY)

    def _fill_of_others(self, row: list[str], flags: list[str]) -> None:
        """A text that names a person who is withheld as payee is withheld in every row (T-63)."""
        for place, flag in self._fields:
            text = row[place]
            if text in self._naming and self._persons is not None and self._persons.stand_in(text, row[PARTY_NAME]):
                flags += (flag, NAME_IN_TEXT)

    def _names_in(self, text: str, name: _Name, strict: bool, place: int) -> bool:
        read = self._texts.get(text)
        if read is None:
            if len(self._texts) > CACHE_SIZE:
                self._texts.clear()
            read = self._texts[text] = _text(text)
        if place == CLASS and len(read.words) < 2:
            # A single word is the code that decides whether a line is published at all; no payee called Salary may
            # take it away.
            return False
        if not strict and not name.parts.isdisjoint(read.words):
            return True
        return any(whole <= read.words for whole in name.wholes) or (bool(name.run) and name.run in read.run)

    def _name(self, text: str, redacted: bool) -> _Name | None:
        """None where there is no name: nothing stands there, or only the words that say it was redacted."""
        if text == NULL:
            return None
        if (text, redacted) not in self._names:
            if len(self._names) > CACHE_SIZE:
                self._names.clear()
            self._names[text, redacted] = _name_of(text, self._marker_words if redacted else frozenset())
        return self._names[text, redacted]


def _plain(folded: str) -> str:
    if folded.isascii():
        return folded
    return "".join(sign for sign in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(sign))


def _both_ways(text: str) -> tuple[list[str], list[str]]:
    """Its words with an apostrophe as a break, and as nothing: O'Brien is written OBrien, and Jane's is Jane.

    So it is with signs that nobody sees: they may stand inside a word, or between two.
    """
    ways = [_plain(way) for way in folded_ways(text)]
    broken = [word for way in ways for word in _WORD.findall(way)]
    return broken, _WORD.findall(_APOSTROPHE.sub("", ways[0]))


def _text(text: str) -> _Text:
    broken, joined = _both_ways(text)
    return _Text(frozenset(broken).union(joined), "".join(joined))


def _name_of(text: str, leave_out: frozenset[str]) -> _Name | None:
    ways = []
    for words in _both_ways(text):
        kept = [word for word in words if word not in leave_out]
        ways.append([word for word in kept if word not in TITLES] or kept)
    broken, joined = ways
    if not joined:
        return None
    parts = frozenset(word for word in (*broken, *joined) if word.isalpha() and len(word) >= LEAST_LETTERS)
    run = "".join(joined)
    searched = run if len(joined) > 1 and len(run) >= LEAST_RUN and not leave_out else ""
    return _Name(parts, (frozenset(broken), frozenset(joined)), searched)


def flags_naming(kind: str, name: str | None, texts: Mapping[str, str | None]) -> list[str]:
    """The same flags for a line that no file brought: field → text of those in WITHHELD."""
    finder = NameFinder(
        {"fields": dict.fromkeys(WITHHELD, True), "identity": {"kind": "counted", "columns": ()}, **_NO_PATTERNS},
        Columns((), {"fields": {}, "identity": {"columns": ()}, **_NO_COLUMNS}),
    )
    row = [NULL] * len(INCOMING)
    row[PARTY_KIND], row[PARTY_NAME] = kind, name or NULL
    for field in WITHHELD:
        row[PLACE[field]] = texts.get(field) or NULL
    flags: list[str] = []
    finder.fill(row, flags)
    return sorted(set(flags))


def flags_naming_others(persons: PersonNames, payee: str | None, texts: Mapping[str, str | None]) -> list[str]:
    """The flags of a public payee's line that no file brought: field → text of those in WITHHELD."""
    found = [flag for field, flag in WITHHELD.items() if (text := texts.get(field)) and persons.stand_in(text, payee)]
    return [*found, NAME_IN_TEXT] if found else []


_NO_PATTERNS: dict[str, Any] = {"parties": {"patterns": ()}}
_NO_COLUMNS: dict[str, Any] = {"item_columns": (), "total_rows": (), "assignment": {"rules": ()}}


def withheld(kind: str | None, flags: Sequence[str], field: str) -> bool:
    """Whether this text of a line stays with those who see names."""
    return (field == "purpose" and kind in PURPOSELESS_KINDS) or WITHHELD[field] in flags

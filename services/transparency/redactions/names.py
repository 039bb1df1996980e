"""Names of withheld payees in other texts: pure search for a whole name, or for its surname alone (T-63)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from shared.texts import folded, folded_ways

Found = Literal["whole", "part"]

TITLES = frozenset(
    {"mr", "mrs", "miss", "ms", "mx", "dr", "prof", "professor", "sir", "dame", "rev", "revd", "the", "and"}
)
BEHIND = frozenset({"jr", "jnr", "snr", "obe", "mbe", "cbe", "phd", "esq", "deceased", "decd"})
"""What may stand behind a surname."""
FIRMS = frozenset(
    {"ltd", "limited", "plc", "llp", "lp", "inc", "incorporated", "cic", "cio", "company", "co", "group", "partnership"}
    | {"council", "trust", "charity", "association", "foundation", "society", "university", "college", "school"}
    | {"service", "services", "training", "solutions", "consulting", "consultancy"}
)
"""Words of the names of firms: no surname is looked for in them."""
LEAST_LETTERS = 4
"""Letters of a name of several words, all together."""
LEAST_SURNAME = 3
LEAST_RUN = 8
"""Letters of a name that is written without dividing its words."""
CACHE_SIZE = 20_000

_WORD = re.compile(r"[^\W_]+")
_BROKEN = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)}
_JOINED = _BROKEN | {ord("'"): "", ord("`"): ""}
"""What becomes of the signs of a plain text, so that its words are left."""
_APOSTROPHE = re.compile("['`\u2018\u2019\u02bc]")
_TWO_NAMES = re.compile(r"\b(?:t/a|t\.a\.|trading as|also known as|a\.?k\.?a\.?|c/o)(?!\w)")


class WithheldNames:
    """Looks for the names in texts, without case, accents, punctuation, titles and signs that nobody sees.

    A whole name is its words one behind the other, surname first or last. Holds a cache: one thread uses it.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, set[tuple[str, ...]]] = {}
        self._surnames: set[str] = set()
        for name in set(names):
            for way in _ways_of(name):
                self._by_first.setdefault(way[0], set()).add(way)
            self._surnames |= _surnames_of(name)
        self._sought = self._words_to_look_for()
        self._known: dict[str, Found | None] = {}

    def __bool__(self) -> bool:
        return bool(self._by_first or self._surnames)

    def may_stand_in(self, text: str) -> bool:
        """Whether a word of a name stands in the text, quickly; a text that is not plain is one to look at closer."""
        if not text.isascii():
            return True
        if not self._sought.isdisjoint(text.translate(_BROKEN).split()):
            return True
        return ("'" in text or "`" in text) and not self._sought.isdisjoint(text.translate(_JOINED).split())

    def _words_to_look_for(self) -> frozenset[str]:
        """Of each name one word that stands in every text that holds it: the surname where it has one."""
        found = set(self._surnames)
        for ways in self._by_first.values():
            for way in ways:
                if found.isdisjoint(way):
                    found.add(max(way, key=len))
        return frozenset(found)

    def find(self, text: str | None) -> Found | None:
        """`whole` where a name stands in the text, `part` where only a surname does."""
        if not text:
            return None
        if text not in self._known:
            if len(self._known) > CACHE_SIZE:
                self._known.clear()
            self._known[text] = self._look(text)
        return self._known[text]

    def _look(self, text: str) -> Found | None:
        part = False
        for words in readings(text):
            for place, word in enumerate(words):
                if any(tuple(words[place : place + len(way)]) == way for way in self._by_first.get(word, ())):
                    return "whole"
                part = part or word in self._surnames
        return "part" if part else None


def readings(text: str) -> list[list[str]]:
    """The words of a text: an apostrophe or a sign that nobody sees may divide two words, or stand inside one."""
    ways = [way for plain in map(_plain, folded_ways(text)) for way in (plain, _APOSTROPHE.sub("", plain))]
    return [_WORD.findall(way) for way in dict.fromkeys(ways)]


def _ways_of(name: str) -> list[tuple[str, ...]]:
    """The orders in which a name may be written; none for a single word, which cannot be told from any other."""
    found: list[tuple[str, ...]] = []
    for part in _names_in(name):
        first, comma, _ = part.partition(",")
        ahead = len(_name_words(_plain(folded(first)))) if comma else 0
        for words in readings(part):
            kept = tuple(_kept(words))
            if len(kept) < 2 or sum(map(len, kept)) < LEAST_LETTERS:
                continue
            found.append(kept)
            if len(kept) == 2:
                found.append(kept[::-1])
            elif ahead:
                found.append(kept[ahead:] + kept[:ahead])
    # Where nothing a reader sees divides the words, a text holds them as one.
    return found + [(run,) for way in found if len(run := "".join(way)) >= LEAST_RUN]


def _surnames_of(name: str) -> set[str]:
    """The surname of a person, in each spelling; a name of one word counts as one."""
    found: set[str] = set()
    for part in _names_in(name):
        if FIRMS & set(_name_words(_plain(folded(part)))):
            continue
        first, comma, _ = part.partition(",")
        for words in readings(first if comma else part):
            kept = [word for word in _kept(words) if word not in BEHIND]
            if kept and len(kept[-1]) >= LEAST_SURNAME:
                found.add(kept[-1])
    return found


def _names_in(name: str) -> list[str]:
    """A name and, where somebody trades under another, each of the two."""
    parts = [part for part in _TWO_NAMES.split(folded(name)) if part.strip()]
    return [name, *parts] if len(parts) > 1 else [name]


def _name_words(text: str) -> list[str]:
    return _kept(_WORD.findall(text))


def _kept(words: list[str]) -> list[str]:
    return [word for word in words if word not in TITLES]


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))

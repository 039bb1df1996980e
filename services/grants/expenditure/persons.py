"""Texts that name a private payee of the same organisation, wherever they stand: pure search for whole names (T-63)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from services.grants.expenditure.cells import folded_ways

PRIVATE_KINDS = ("individual", "staff")
"""Payees that are persons; one of unknown kind is mostly a firm, and its name in another row says nothing."""
TITLES = frozenset({"mr", "mrs", "miss", "ms", "mx", "dr", "prof", "professor", "sir", "rev", "revd", "the", "and"})
LEAST_LETTERS = 5
LEAST_LONGEST = 3
LEAST_RUN = 8
"""Letters of a name whose words are not divided."""
CACHE_SIZE = 20_000
_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)}
_JOINED = _BROKEN | {ord("'"): "", ord("`"): ""}
"""What becomes of the signs of a text, so that its words are left; in C, as most texts hold no name at all."""
_APOSTROPHE = re.compile("['`\u2018\u2019\u02bc]")


class PersonNames:
    """Looks for whole names in texts: every word of the name, one behind the other, two words or more.

    Titles do not count, nor do case, accents, figures, punctuation and signs that nobody sees. A name may stand with
    its surname first. Holds caches: one thread uses it.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for way in {way for name in names for way in _ways_of(name)}:
            self._by_first.setdefault(way[0], []).append(way)
        self._known: dict[str, frozenset[tuple[str, ...]]] = {}
        self.noted: set[str] = set()
        """Texts that were noted and hold one of the names."""

    def __bool__(self) -> bool:
        return bool(self._by_first)

    def note(self, text: str) -> None:
        """Look at a text that a file holds, once for all lines that have it; mostly it holds no name."""
        by_first = self._by_first
        if text.isascii() and "'" not in text and by_first.keys().isdisjoint(text.translate(_BROKEN).split()):
            return
        if self._look(text):
            self.noted.add(text)

    def stand_in(self, text: str, payee: str | None = None) -> bool:
        """Whether one of the names stands in the text; that of the payee, who is named in the row anyway, is none."""
        found = self._found_in(text)
        return bool(found) and (payee is None or not found <= set(_ways_of(payee)))

    def _found_in(self, text: str) -> frozenset[tuple[str, ...]]:
        found = self._known.get(text)
        if found is None:
            if len(self._known) > CACHE_SIZE:
                self._known.clear()
            found = self._known[text] = self._look(text)
        return found

    def _look(self, text: str) -> frozenset[tuple[str, ...]]:
        by_first = self._by_first
        met: set[tuple[str, ...]] = set()
        for words in readings(text):
            if by_first.keys().isdisjoint(words):
                continue
            for place, word in enumerate(words):
                for way in by_first.get(word, ()):
                    if tuple(words[place : place + len(way)]) == way:
                        met.add(way)
        return frozenset(met)


def readings(text: str) -> list[list[str]]:
    """The words of a text: an apostrophe or a sign that nobody sees may divide two words, or stand inside one."""
    if text.isascii():
        found = [text.translate(_BROKEN).split()]
        return [*found, text.translate(_JOINED).split()] if "'" in text or "`" in text else found
    ways = [way for folded in folded_ways(text) for way in (_plain(folded), _APOSTROPHE.sub("", _plain(folded)))]
    return [_WORD.findall(way) for way in dict.fromkeys(ways)]


def _ways_of(name: str) -> list[tuple[str, ...]]:
    """The orders in which a name may be written; none for one that is too short to be told from other words."""
    found: list[tuple[str, ...]] = []
    for words in readings(name):
        kept = tuple(word for word in words if word not in TITLES)
        letters = [len(word) for word in kept]
        if len(letters) < 2 or sum(letters) < LEAST_LETTERS or max(letters) < LEAST_LONGEST:
            continue
        found.append(kept)
        if len(kept) == 2:
            found.append(kept[::-1])
        elif "," in name:
            first = len([word for word in _WORD.findall(_plain(name.split(",")[0].casefold())) if word not in TITLES])
            found.append(kept[first:] + kept[:first])
    # Where only a sign that nobody sees stood between the words, the ledger holds them as one.
    return found + [(run,) for way in found if len(run := "".join(way)) >= LEAST_RUN]


def _plain(folded: str) -> str:
    if folded.isascii():
        return folded
    return "".join(sign for sign in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(sign))


def texts_naming(finder: PersonNames, texts: Iterable[str]) -> list[str]:
    """The texts in which one of the names stands. Blocking: runs in a thread."""
    return [text for text in texts if finder.stand_in(text)]

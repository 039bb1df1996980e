"""Finding configured words in texts, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from shared.texts import folded_ways


class WordFinder:
    """Finds some words in texts, at the start of a word, whatever stands between the words of a phrase.

    Built once a book: the load path asks it for every line.
    """

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        found = [(text, code, _ways(text)[0]) for text, code in words]
        patterns = [
            r"[\W_]+".join(re.escape(part) for part in re.split(r"[\W_]+", folded) if part) for _, _, folded in found
        ]
        self._meaning = [(text, code) for (text, code, _), pattern in zip(found, patterns, strict=True) if pattern]
        alternatives = "|".join(f"({pattern})" for pattern in patterns if pattern)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{alternatives})") if alternatives else None

    def find(self, texts: Iterable[str]) -> tuple[str, str] | None:
        """The first word as configured and the code it stands for; None where no text holds one."""
        return next(self.find_all(texts), None)

    def find_all(self, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Every word with its code, in the order of the texts; one after the other, as they are asked for."""
        if self._pattern is None:
            return
        for text in texts:
            for way in _ways(text) if text else ():
                for match in self._pattern.finditer(way):
                    if match.lastindex is not None:
                        yield self._meaning[match.lastindex - 1]


def _ways(text: str) -> list[str]:
    """Without case, accents and invisible signs, so that no way of writing hides a word.

    Signs that nobody sees may have stood between two words; then the text is read so too.
    """
    if text.isascii() and text.isprintable():
        return [text.casefold()]
    return [
        "".join(sign for sign in unicodedata.normalize("NFKD", way) if unicodedata.category(sign) not in ("Mn", "Cf"))
        for way in folded_ways(text)
    ]

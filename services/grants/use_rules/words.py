"""Finding configured words in texts, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


class WordFinder:
    """Finds the first of some words in texts, at the start of a word, whatever stands between the words of a phrase.

    Built once a book: the load path asks it for every line.
    """

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        found = [(text, code, _folded(text)) for text, code in words]
        patterns = [
            r"[\W_]+".join(re.escape(part) for part in re.split(r"[\W_]+", folded) if part) for _, _, folded in found
        ]
        self._meaning = [(text, code) for (text, code, _), pattern in zip(found, patterns, strict=True) if pattern]
        alternatives = "|".join(f"({pattern})" for pattern in patterns if pattern)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{alternatives})") if alternatives else None

    def find(self, texts: Iterable[str]) -> tuple[str, str] | None:
        """The word as configured and the code it stands for; None where no text holds one."""
        if self._pattern is None:
            return None
        for text in texts:
            match = self._pattern.search(_folded(text)) if text else None
            if match is not None and match.lastindex is not None:
                return self._meaning[match.lastindex - 1]
        return None


def _folded(text: str) -> str:
    """Without case, accents and invisible signs, so that no way of writing hides a word."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    kept = unicodedata.normalize("NFKD", folded)
    return "".join(sign for sign in kept if unicodedata.category(sign) not in ("Mn", "Cf"))

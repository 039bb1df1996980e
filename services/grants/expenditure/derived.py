"""Cells that a field needs and no column holds as it stands: joined, divided, translated, or said once a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from services.grants.expenditure.cells import Unreadable, clean_text, folded_ways, is_blank, is_spreadsheet_error
from services.grants.expenditure.columns import Columns, Derived
from shared.texts import without_hidden

CACHE_SIZE = 20_000
MAX_TEXT = 4000
ITSELF = "{value}"
"""In place of a meaning: the text as it stands."""


class Deriver:
    """Makes the cells that stand behind the last column of each record. Holds caches: one thread uses it."""

    def __init__(self, columns: Columns, once: dict[str, str]) -> None:
        """`once`: what is said once a file, by field."""
        self._makers = [(derived.place, *_maker(derived, once.get(derived.field))) for derived in columns.derived]
        self._blanks = [""] * len(self._makers)

    def extend(self, cells: list[str], reasons: list[tuple[str, str, int | None]]) -> list[str]:
        """The record's cells with the derived ones behind them; what cannot be made is blank, with its reason."""
        cells = cells + self._blanks
        for place, gather, mean in self._makers:
            try:
                cells[place] = mean(gather(cells))
            except Unreadable as fault:
                reasons.append((fault.code, fault.detail, place))
        return cells


def _maker(derived: Derived, once: str | None) -> tuple[Callable[[list[str]], str], Callable[[str], str]]:
    return _gatherer(derived, once), _meaning(derived)


def _gatherer(derived: Derived, once: str | None) -> Callable[[list[str]], str]:
    source, places = derived.source, derived.columns
    if source.get("join"):
        separator = source.get("separator", " ")
        return lambda cells: _joined([cells[place] for place in places if not is_blank(cells[place])], separator)
    if source.get("first_of"):
        return lambda cells: next((cells[place] for place in places if not is_blank(cells[place])), "")
    if once is not None or not places:
        said = once or ""
        return lambda _: said
    [place] = places
    return lambda cells: cells[place]


def _meaning(derived: Derived) -> Callable[[str], str]:
    """From the gathered text to what the field is given: its part, its meaning, or what blank means."""
    source = derived.source
    take = _part_taker(source["part"], derived.field) if source.get("part") else None
    values = source.get("values")
    meanings = meanings_of(values)
    otherwise, blank = source.get("otherwise"), source.get("when_blank") or ""
    if take is None and meanings is None:
        return lambda text: blank if is_blank(text) else text
    known: dict[str, str] = {}

    def slow(text: str) -> str:
        if take is not None:
            text = take(text)
        if is_blank(text):
            return blank
        if meanings is not None:
            found = meaning_in(meanings, clean_text(text)[0], text if otherwise == ITSELF else otherwise)
            if found is None:
                raise Unreadable(
                    f"{derived.field}_unknown", "The profile does not say what this text means; add it to `values`."
                )
            return found
        return text

    def mean(text: str) -> str:
        found = known.get(text)
        if found is None:
            if len(known) > CACHE_SIZE:
                known.clear()
            found = known[text] = slow(text)
        return found

    return mean


def meanings_of(values: dict[str, str] | None) -> dict[str, str] | None:
    """What texts mean, by the text as it is seen, without case; None where the profile says nothing of meanings."""
    if not values:
        return None
    return {way: clean_text(value)[0] for key, value in values.items() for way in folded_ways(clean_text(key)[0])}


def meaning_in(meanings: dict[str, str], text: str, otherwise: str | None) -> str | None:
    """What a text means, whatever signs that nobody sees stand in it."""
    return next((meanings[way] for way in folded_ways(text) if way in meanings), otherwise)


def _joined(cells: list[str], separator: str) -> str:
    """Cells put together; the error of a spreadsheet in one of them is the error of the whole."""
    wrong = next((cell for cell in cells if is_spreadsheet_error(cell)), None)
    return separator.join(map(str.strip, cells)) if wrong is None else wrong


def _part_taker(part: dict[str, Any], field: str) -> Callable[[str], str]:
    """Divides a text by the form's dividers, the first or the last of each: plain searches, in a time that no text
    can stretch."""
    pieces = re.split(r"(\{value\}|\{other\})", without_hidden(part["form"]))
    dividers, marks = pieces[0::2], pieces[1::2]
    wanted = marks.index("{value}")
    last = part["split_at"] == "last"

    def divide(text: str) -> str | None:
        text = without_hidden(text).strip()
        head, tail = dividers[0].lstrip(), dividers[-1].rstrip()
        if len(text) < len(head) + len(tail) or not (text.startswith(head) and text.endswith(tail)):
            return None
        rest = text[len(head) : len(text) - len(tail)]
        parts: list[str] = []
        inner = dividers[1:-1]
        if last:
            for divider in reversed(inner):
                rest, found, behind = rest.rpartition(divider)
                if not found:
                    return None
                parts.insert(0, behind)
            parts.insert(0, rest)
        else:
            for divider in inner:
                before, found, rest = rest.partition(divider)
                if not found:
                    return None
                parts.append(before)
            parts.append(rest)
        return parts[wanted].strip()

    def take(text: str) -> str:
        if is_blank(text):
            return ""
        found = divide(text) if len(text) <= MAX_TEXT else None
        if found is not None:
            return found
        if part["otherwise"] == "reject":
            raise Unreadable(f"{field}_unknown", "The text has not the form that the profile names; correct it.")
        return text if part["otherwise"] == "keep" else ""

    return take

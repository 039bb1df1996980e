"""Who was paid: kind of payee, whether the name came redacted, and an opaque key that links one payee's lines."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from services.grants.expenditure.cells import (
    Unreadable,
    clean_text,
    folded,
    folded_ways,
    is_shortened,
    is_spreadsheet_error,
    plain_text,
    says_nothing,
)
from shared.texts import seen

PUBLIC_KINDS = ("organisation", "sole_trader")
MAX_NAME = 300
NULL = "\\N"
CACHE_SIZE = 20_000
HIDDEN_SIGNS = "hidden_signs"
"""Signs that nobody sees stood in a text; the file keeps them, the ledger does not."""
NUMBER_SHORTENED = "number_shortened"
"""The payee's number came in scientific notation, so that it names nobody."""

# Places of the columns in a parsed line; `line.INCOMING` is the list they belong to, and a test compares them.
PARTY_KEY, PARTY_KIND, PARTY_NAME, SOURCE_REDACTED = 9, 10, 11, 32


class PartyReader:
    """Fills the payee's columns of a line from its name and number."""

    constant: str | None = None

    def __init__(self, parties: dict[str, Any], name_place: int | None, key_place: int | None, source: str) -> None:
        self.name_place = name_place
        self._key_place = key_place
        self._source = source
        self._default = parties["default_kind"]
        self._tests = [_test(pattern) for pattern in parties["patterns"]]
        self._known: dict[str, tuple[str, str, bool, tuple[str, ...]]] = {}
        self._keys: dict[str, str] = {}
        self._key_of_name: dict[str, str] = {}
        self._numbers: dict[str, tuple[str, bool]] = {}

    def fill(self, row: list[str], cells: list[str], flags: list[str]) -> None:
        """Kind given by a column stands; patterns of the name decide otherwise. Raises Unreadable."""
        cell = self.constant or "" if self.name_place is None else cells[self.name_place]
        found = self._known.get(cell)
        if found is None:
            if len(self._known) > CACHE_SIZE:
                self._known.clear()
            found = self._known[cell] = self._judge(cell)
        name, kind, redacted, noted = found
        row[PARTY_NAME] = name
        if row[PARTY_KIND] == NULL:
            row[PARTY_KIND] = kind
        row[SOURCE_REDACTED] = "t" if redacted else "f"
        if name == NULL:
            flags.append("party_missing")
        if noted:
            flags += noted
        if not redacted:
            row[PARTY_KEY] = self._key(cells, name, row[PARTY_KIND], flags)

    def _judge(self, cell: str) -> tuple[str, str, bool, tuple[str, ...]]:
        """Name, kind, whether the source had redacted it, and what was noticed about its text."""
        cleaned, repaired = clean_text(cell)
        if is_spreadsheet_error(cleaned):
            raise Unreadable(
                "spreadsheet_error",
                f"The payee is {cleaned[:40]}, an error value of a spreadsheet and no name; correct the formula in the"
                " source and send the line again.",
            )
        name, hidden = plain_text(cleaned)
        if len(name) > MAX_NAME:
            raise Unreadable("text_too_long", f"The name is longer than {MAX_NAME} characters; shorten it.")
        kind, redacted = (self._default, False) if name else ("unknown", False)
        # Where signs that nobody sees leave open how the name is written, the reading that keeps most back decides.
        fitting = [fit for way in folded_ways(cleaned) if (fit := self._fitting(way)) is not None]
        if fitting:
            kind, redacted = max(fitting, key=lambda fit: (fit[0] not in PUBLIC_KINDS, fit[1]))
        noted = (*(("text_repaired",) if repaired else ()), *((HIDDEN_SIGNS,) if hidden else ()))
        return name.replace("\\", "\\\\") or NULL, kind, redacted, noted

    def _fitting(self, name: str) -> tuple[str, bool] | None:
        return next(((kind, redacted) for test, kind, redacted in self._tests if test(name)), None)

    def _key(self, cells: list[str], name: str, kind: str, flags: list[str]) -> str:
        """Opaque, so that no supplier number leaves; none for a private payee known by name alone, and none for a
        redacted one: nothing may link two redacted rows (T-19)."""
        if self._key_place is None and (known := self._key_of_name.get(name)) is not None:
            return known if kind in PUBLIC_KINDS else NULL
        number = "" if self._key_place is None else self._number(cells[self._key_place], flags)
        if not number and (kind not in PUBLIC_KINDS or name == NULL):
            return NULL
        origin = _origin(number, "" if number else name.replace("\\\\", "\\"))
        found = self._keys.get(origin)
        if found is None:
            if len(self._keys) > CACHE_SIZE:
                self._keys.clear()
            found = self._keys[origin] = _opaque(self._source, origin)
        if self._key_place is None:
            if len(self._key_of_name) > CACHE_SIZE:
                self._key_of_name.clear()
            self._key_of_name[name] = found
        return found

    def _number(self, cell: str, flags: list[str]) -> str:
        """The payee's number; nothing where the cell says that there is none, or where what it holds names nobody."""
        known = self._numbers.get(cell)
        if known is None:
            if len(self._numbers) > CACHE_SIZE:
                self._numbers.clear()
            number = seen(cell)
            shortened = is_shortened(number)
            known = self._numbers[cell] = ("" if shortened or says_nothing(number) else number, shortened)
        number, shortened = known
        if shortened:
            # Different payees' numbers look the same in this form.
            flags.append(NUMBER_SHORTENED)
        return number


def key_of(source: str, number: str | None, name: str | None, kind: str) -> str | None:
    """The key of a payee whose number or name a person gave; none for a private payee known by name alone."""
    number = seen(number or "")
    if number and not is_shortened(number) and not says_nothing(number):
        return _opaque(source, _origin(number, ""))
    return _opaque(source, _origin("", name)) if name and kind in PUBLIC_KINDS else None


def _origin(number: str, name: str) -> str:
    return f"number\x1e{number}" if number else f"name\x1e{folded(name)}"


def _opaque(source: str, origin: str) -> str:
    return blake2b(f"{source}\x1e{origin}".encode(), digest_size=12).hexdigest()


def _test(pattern: dict[str, Any]) -> tuple[Callable[[str], bool], str, bool]:
    for how, check in (
        ("equals", lambda texts: lambda name: name in texts),
        ("prefix", lambda texts: lambda name: name.startswith(texts)),
        ("contains", lambda texts: lambda name: any(text in name for text in texts)),
    ):
        if pattern.get(how):
            texts = tuple(
                way if how == "equals" else _with_its_ends(way, pattern[how]) for way in folded_ways(pattern[how])
            )
            return check(texts), pattern["kind"], pattern["source_redacted"]
    raise ValueError("a pattern without a test")


def _with_its_ends(plain: str, pattern: str) -> str:
    """A pattern may begin or end with a space: `mrs ` is no part of Mrstik."""
    if not plain:
        return " "
    return f"{' ' if pattern[0].isspace() else ''}{plain}{' ' if pattern[-1].isspace() else ''}"

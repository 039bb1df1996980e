"""Who was paid: kind of payee, whether the name came redacted, and an opaque key that links one payee's lines."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from services.grants.expenditure.cells import Unreadable, clean_text

PUBLIC_KINDS = ("organisation", "sole_trader")
MAX_NAME = 300
NULL = "\\N"
CACHE_SIZE = 20_000

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
        self._known: dict[str, tuple[str, str, bool, bool]] = {}
        self._keys: dict[str, str] = {}
        self._key_of_name: dict[str, str] = {}

    def fill(self, row: list[str], cells: list[str], flags: list[str]) -> None:
        """Kind given by a column stands; patterns of the name decide otherwise. Raises Unreadable."""
        cell = self.constant or "" if self.name_place is None else cells[self.name_place]
        found = self._known.get(cell)
        if found is None:
            if len(self._known) > CACHE_SIZE:
                self._known.clear()
            found = self._known[cell] = self._judge(cell)
        name, kind, redacted, repaired = found
        row[PARTY_NAME] = name
        if row[PARTY_KIND] == NULL:
            row[PARTY_KIND] = kind
        row[SOURCE_REDACTED] = "t" if redacted else "f"
        if name == NULL:
            flags.append("party_missing")
        if repaired:
            flags.append("text_repaired")
        if not redacted:
            row[PARTY_KEY] = self._key(cells, name, row[PARTY_KIND])

    def _judge(self, cell: str) -> tuple[str, str, bool, bool]:
        name, repaired = clean_text(cell)
        if len(name) > MAX_NAME:
            raise Unreadable("text_too_long", f"The name is longer than {MAX_NAME} characters; shorten it.")
        kind, redacted = (self._default, False) if name else ("unknown", False)
        folded = name.casefold()
        for test, its_kind, its_redacted in self._tests:
            if test(folded):
                kind, redacted = its_kind, its_redacted
                break
        return name.replace("\\", "\\\\") or NULL, kind, redacted, repaired

    def _key(self, cells: list[str], name: str, kind: str) -> str:
        """Opaque, so that no supplier number leaves; none for a private payee known by name alone, and none for a
        redacted one: nothing may link two redacted rows (T-19)."""
        if self._key_place is None and (known := self._key_of_name.get(name)) is not None:
            return known if kind in PUBLIC_KINDS else NULL
        number = "" if self._key_place is None else cells[self._key_place].strip()
        if not number and (kind not in PUBLIC_KINDS or name == NULL):
            return NULL
        origin = _origin(number, name)
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


def key_of(source: str, number: str | None, name: str | None, kind: str) -> str | None:
    """The key of a payee whose number or name a person gave; none for a private payee known by name alone."""
    if number:
        return _opaque(source, _origin(number, ""))
    return _opaque(source, _origin("", name)) if name and kind in PUBLIC_KINDS else None


def _origin(number: str, name: str) -> str:
    return f"number\x1e{number}" if number else f"name\x1e{name.casefold()}"


def _opaque(source: str, origin: str) -> str:
    return blake2b(f"{source}\x1e{origin}".encode(), digest_size=12).hexdigest()


def _test(pattern: dict[str, Any]) -> tuple[Callable[[str], bool], str, bool]:
    for how, check in (
        ("equals", lambda text: lambda name: name == text),
        ("prefix", lambda text: lambda name: name.startswith(text)),
        ("contains", lambda text: lambda name: text in name),
    ):
        if pattern.get(how):
            folded = pattern[how].casefold()
            return check(folded if how != "equals" else folded.strip()), pattern["kind"], pattern["source_redacted"]
    raise ValueError("a pattern without a test")

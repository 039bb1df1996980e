"""Readers of a line's texts: length, meaning, and the forms of codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from services.grants.expenditure.cells import (
    Unreadable,
    clean_text,
    folded,
    folded_ways,
    is_spreadsheet_error,
    plain_text,
    says_nothing,
)
from services.grants.expenditure.derived import ITSELF, meaning_in, meanings_of
from services.grants.expenditure.line import CODED, NULL, TEXT_FIELDS, copied
from services.grants.expenditure.parties import HIDDEN_SIGNS
from services.grants.organisations.identifiers import charity_number, company_number
from shared.texts import seen

CACHE_SIZE = 20_000
DIVIDERS = re.compile(r"[\s,;|/]+")
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
NO_CODE = frozenset({"none", "nil", "n/a", "na", "-"})
GSS = re.compile(r"[EWSNK][0-9]{8}")
POUNDS = frozenset({"", "gbp", "£", "pound sterling", "pounds sterling", "sterling", "stg"})


REPAIRED, ERROR = "text_repaired", "spreadsheet_error"
UNUSABLE = {"company_number": "company_number_unusable", "charity_number": "charity_number_unusable"}
"""A number that cannot be right is left out and flagged, never padded (T-29)."""
REFERENCES = (*UNUSABLE, "contract_ref", "decision_ref")
DECIDING = ("ledger_class", *CODED, "use_codes", "use_exception", "beneficiary_gss")
"""What these hold decides about the line, so that an error of a spreadsheet in them is no blank."""


MAY_BE_ERROR = ("", "#", "'", "e", "E")
"""How a cell that holds the error of a spreadsheet begins, where it holds only ASCII."""


class TextReader:
    """Reads one text field, and notes in `noted` the flags of the line that follow from what stands in it."""

    def __init__(
        self,
        field: str,
        source: dict[str, Any],
        default: str,
        noted: list[str],
        *,
        translate: bool,
        note: Callable[[str], None] | None = None,
    ) -> None:
        """`note`: what is to see each text as it is stored, once a text."""
        values = source.get("values") if translate else None
        self._field, self._limit, self._default = field, TEXT_FIELDS.get(field, 200), default
        self._otherwise = clean_text(source["otherwise"])[0] if source.get("otherwise") is not None else None
        self._meanings = meanings_of(values)
        self._allowed = CODED.get(field)
        self._known: dict[str, str] = {}
        self._flagged: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._noted = noted
        self._note = note
        self._plain = self._meanings is None and field not in (*DECIDING, *REFERENCES)
        """Whether the field takes texts as they stand."""

    def read(self, cell: str) -> str:
        found = self._known.get(cell)
        return self._look(cell) if found is None else found

    def _look(self, cell: str) -> str:
        found = self._flagged.get(cell)
        if found is None:
            text, repaired = clean_text(cell)
            if (
                self._plain
                and not repaired
                and text.isascii()
                and text[:1] not in MAY_BE_ERROR
                and len(text) <= self._limit
            ):
                # The case of nearly all: nothing to translate, to leave out or to say.
                if len(self._known) > CACHE_SIZE:
                    self._known.clear()
                self._known[cell] = read = copied(text)
                if self._note is not None:
                    self._note(read)
                return read
            flags = [REPAIRED] if repaired else []
            read = self._slow(text, flags)
            if self._note is not None:
                self._note(read)
            if not flags:
                if len(self._known) > CACHE_SIZE:
                    self._known.clear()
                self._known[cell] = read
                return read
            if len(self._flagged) > CACHE_SIZE:
                self._flagged.clear()
            found = self._flagged[cell] = read, tuple(flags)
        # Each line with such a cell is flagged.
        self._noted += found[1]
        return found[0]

    def _slow(self, text: str, flags: list[str]) -> str:
        meant = self._meant(text)
        if meant == text and is_spreadsheet_error(text):
            if self._field in DECIDING:
                raise Unreadable(
                    ERROR, f"The cell holds {text[:40]}, an error value of a spreadsheet; correct it in the source."
                )
            flags.append(ERROR)
            return self._default
        if self._field in REFERENCES and meant and says_nothing(meant):
            return self._default
        text, hidden = plain_text(meant)
        if hidden:
            flags.append(HIDDEN_SIGNS)
        if not text:
            return self._default
        if self._field in UNUSABLE:
            number = company_number(text) if self._field == "company_number" else charity_number(text)
            if number is None:
                flags.append(UNUSABLE[self._field])
            return number or self._default
        if self._allowed is not None:
            found = next((way for way in folded_ways(meant) if way in self._allowed), None)
            if found is None:
                raise Unreadable(f"{self._field}_unknown", f"Write one of {', '.join(self._allowed)}.")
            text = found
        if len(text) > self._limit:
            raise Unreadable("text_too_long", f"The text is longer than {self._limit} characters; shorten it.")
        shape = SHAPES.get(self._field)
        return copied(text) if shape is None else shape(text)

    def _meant(self, text: str) -> str:
        if self._meanings is None or not folded(text):
            return text if folded(text) else ""
        meant = meaning_in(self._meanings, text, text if self._otherwise == ITSELF else self._otherwise)
        if meant is None:
            if is_spreadsheet_error(text):
                return text
            raise Unreadable(
                f"{self._field}_unknown", "The profile does not say what this text means; add it to `values`."
            )
        return meant


def yes_or_no(text: str) -> str:
    return "t" if folded(text) == "yes" else "f"


def use_codes(text: str) -> str:
    """Codes as COPY writes an array; `{}` for a line that declares to raise none (G-19)."""
    plain = folded(text)
    if plain in NO_CODE:
        return "{}"
    codes = [code for code in DIVIDERS.split(plain) if code]
    if any(code in NO_CODE or not CODE.fullmatch(code) for code in codes):
        raise Unreadable("use_codes_unreadable", "Write codes such as PU1 divided by spaces or commas, or none.")
    return "{" + ",".join(dict.fromkeys(code.upper() for code in codes)) + "}"


def gss_code(text: str) -> str:
    code = seen(text).upper().replace(" ", "")
    if not GSS.fullmatch(code):
        raise Unreadable("gss_unreadable", "Not a GSS code; write a letter and eight digits, such as E08000035.")
    return code


def exception_name(text: str) -> str:
    return copied(re.sub(r"[\s-]+", "_", folded(text)))


def check_currency(cell: str) -> str:
    """Nothing is kept of it: a line is in pounds, or is refused."""
    if folded(cell) not in POUNDS:
        raise Unreadable("currency_not_pounds", "The line is in another currency; send it in pounds sterling.")
    return NULL


def class_code(text: str) -> str:
    """A class decides whether a line is published, so it is kept as it is seen; its case stays."""
    return copied(seen(text))


SHAPES: dict[str, Callable[[str], str]] = {
    "ledger_class": class_code,
    "vcse": yes_or_no, "use_codes": use_codes, "beneficiary_gss": gss_code, "use_exception": exception_name,
}  # fmt: skip

"""Readers of a line's texts: length, meaning, and the forms of codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from services.grants.expenditure.cells import Unreadable, clean_text
from services.grants.expenditure.derived import ITSELF
from services.grants.expenditure.line import CODED, NULL, TEXT_FIELDS, copied

CACHE_SIZE = 20_000
DIVIDERS = re.compile(r"[\s,;|/]+")
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
NO_CODE = frozenset({"none", "nil", "n/a", "na", "-"})
GSS = re.compile(r"[EWSNK][0-9]{8}")
POUNDS = frozenset({"", "gbp", "£", "pound sterling", "pounds sterling", "sterling", "stg"})


class TextReader:
    """Reads one text field, and notes its name in `repaired` where characters had to be repaired."""

    def __init__(
        self, field: str, source: dict[str, Any], default: str, repaired: list[str], *, translate: bool
    ) -> None:
        values = source.get("values") if translate else None
        self._field, self._limit, self._default = field, TEXT_FIELDS.get(field, 200), default
        self._otherwise = clean_text(source["otherwise"])[0] if source.get("otherwise") is not None else None
        self._meanings = (
            {key.strip().casefold(): clean_text(value)[0] for key, value in values.items()} if values else None
        )
        self._allowed = CODED.get(field)
        self._known: dict[str, str] = {}
        self._repaired = repaired

    def read(self, cell: str) -> str:
        found = self._known.get(cell)
        if found is None:
            text, repaired = clean_text(cell)
            found = self._slow(text)
            if repaired:
                # Not remembered, so that each line with such a cell is flagged.
                self._repaired.append(self._field)
                return found
            if len(self._known) > CACHE_SIZE:
                self._known.clear()
            self._known[cell] = found
        return found

    def _slow(self, text: str) -> str:
        if self._meanings is not None:
            known = self._meanings.get(text.casefold(), text if self._otherwise == ITSELF else self._otherwise)
            if known is None and text:
                raise Unreadable(
                    f"{self._field}_unknown", "The profile does not say what this text means; add it to `values`."
                )
            text = (known or "") if text else ""
        if not text:
            return self._default
        if self._allowed is not None and text.casefold() not in self._allowed:
            raise Unreadable(f"{self._field}_unknown", f"Write one of {', '.join(self._allowed)}.")
        if len(text) > self._limit:
            raise Unreadable("text_too_long", f"The text is longer than {self._limit} characters; shorten it.")
        shape = SHAPES.get(self._field)
        if shape is not None:
            return shape(text)
        return text.casefold() if self._allowed is not None else copied(text)


def yes_or_no(text: str) -> str:
    return "t" if text.strip().casefold() == "yes" else "f"


def use_codes(text: str) -> str:
    """Codes as COPY writes an array; `{}` for a line that declares to raise none (G-19)."""
    if text.casefold() in NO_CODE:
        return "{}"
    codes = [code for code in DIVIDERS.split(text) if code]
    if any(code.casefold() in NO_CODE or not CODE.fullmatch(code) for code in codes):
        raise Unreadable("use_codes_unreadable", "Write codes such as PU1 divided by spaces or commas, or none.")
    return "{" + ",".join(dict.fromkeys(code.upper() for code in codes)) + "}"


def gss_code(text: str) -> str:
    code = text.upper().replace(" ", "")
    if not GSS.fullmatch(code):
        raise Unreadable("gss_unreadable", "Not a GSS code; write a letter and eight digits, such as E08000035.")
    return code


def exception_name(text: str) -> str:
    return copied(re.sub(r"[\s-]+", "_", text.casefold()))


def check_currency(cell: str) -> str:
    """Nothing is kept of it: a line is in pounds, or is refused."""
    if cell.strip().casefold() not in POUNDS:
        raise Unreadable("currency_not_pounds", "The line is in another currency; send it in pounds sterling.")
    return NULL


SHAPES: dict[str, Callable[[str], str]] = {
    "vcse": yes_or_no, "use_codes": use_codes, "beneficiary_gss": gss_code, "use_exception": exception_name,
}  # fmt: skip

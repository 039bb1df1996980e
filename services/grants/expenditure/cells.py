"""Texts of single cells, and the refusal that a cell of any kind is met with."""

from __future__ import annotations

SPACES = " \u00a0\u2007\u2009\u202f"


class Unreadable(ValueError):
    """A cell that cannot be taken: a stable code and a sentence that says the fix."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


C1 = {code: bytes([code]).decode("cp1252", errors="ignore") or " " for code in range(0x80, 0xA0)}
"""Control characters that are really Windows punctuation, saved once too often as UTF-8."""
BREAKS = dict.fromkeys((*range(1, 32), 127, 133, 8232, 8233), " ")
REPAIR = C1 | BREAKS
GUARDED = ("'=", "'+", "'-", "'@")


def clean_text(cell: str) -> tuple[str, bool]:
    """The text without outer spaces, and whether characters in it had to be repaired. Raises Unreadable.

    Line breaks inside become spaces; Windows punctuation that was mangled into control characters is restored; the
    apostrophe that a file of errors puts before text a spreadsheet would run is taken off again (T-56).
    """
    if cell.isprintable():
        text, repaired = cell.strip(), False
    else:
        if "\x00" in cell:
            raise Unreadable("bad_text", "Holds a NUL character, which no text may hold; remove it.")
        if any("\ud800" <= character <= "\udfff" for character in cell):
            raise Unreadable("bad_text", "Holds half of a surrogate pair; send the whole character.")
        text = cell.translate(REPAIR).strip().strip("\ufeff")
        repaired = any("\x7f" <= character <= "\x9f" for character in cell)
    if text.startswith(GUARDED):
        text = text[1:]
    return text, repaired


def folded(text: str | None) -> str:
    """A text as tests of cells compare it: without case, outer spaces and repeated inner ones."""
    return " ".join((text or "").split()).casefold()

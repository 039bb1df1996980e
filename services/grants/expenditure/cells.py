"""Texts of single cells, and the refusal that a cell of any kind is met with."""

from __future__ import annotations

import re
from itertools import product

from shared import texts

SPACES = " \u00a0\u2007\u2009\u202f"


class Unreadable(ValueError):
    """A cell that cannot be taken: a stable code and a sentence that says the fix."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


SHOWN_CHARACTERS = 64


def shown(text: str) -> str:
    """A text as a message quotes it: at most 64 characters, and signs that nobody sees by their number."""
    cut = text.strip()[: SHOWN_CHARACTERS + 1]
    told = "".join(sign if sign.isprintable() else f"<U+{ord(sign):04X}>" for sign in cut[:SHOWN_CHARACTERS])
    return told + ("…" if len(cut) > SHOWN_CHARACTERS else "")


MOST_LETTERS = 8
NO_FIGURES = frozenset(
    {"n/a", "#n/a", "na", "nil", "none", "nan", "null", "tbc", "tba", "inf", "infinity", "void", "free"}
)


def quotable(text: str) -> str | None:
    """A text of an amount, a day or a code as a reason may quote it; None where it may name somebody.

    Where columns moved, a name may stand in any cell; reasons are read by more people than names are.
    """
    plain = text.strip()
    letters = sum(sign.isalpha() for sign in plain)
    if not plain:
        return None
    if letters <= 3 or plain == plain.lower() or plain.casefold() in NO_FIGURES or plain[:1] == "#":
        return shown(plain)
    return shown(plain) if letters <= MOST_LETTERS and any(sign.isdigit() for sign in plain) else None


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
    """A text as tests of cells compare it: as it is seen, without case, outer spaces and repeated inner ones."""
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.split()).casefold() if text.isprintable() else texts.folded(text)
    return texts.folded(text)


MOST_HIDDEN = 8


def folded_ways(text: str) -> tuple[str, ...]:
    """`folded` in every way in which its hidden signs may be read: each as nothing, or as a space between words.

    A text with more such signs than anybody sends by mistake is read in two ways only: all as nothing, all as spaces.
    """
    if text.isascii():
        return (texts.folded(text),)
    pieces = re.split(f"[{''.join(map(re.escape, _hidden_in(text)))}]+", text) if _hidden_in(text) else [text]
    if not 1 < len(pieces) <= MOST_HIDDEN + 1:
        return texts.folded_ways(text)
    ways = (
        "".join(part for pair in zip(pieces, (*between, ""), strict=True) for part in pair)
        for between in product(("", " "), repeat=len(pieces) - 1)
    )
    return tuple(dict.fromkeys(map(texts.folded, ways)))


def _hidden_in(text: str) -> list[str]:
    return [sign for sign in dict.fromkeys(text) if not sign.isascii() and not texts.without_hidden(sign)]


def is_blank(cell: str) -> bool:
    """Whether nothing that anybody sees stands in a cell."""
    return not cell or cell.isspace() or (not cell.isascii() and not texts.seen(cell))


def plain_text(text: str) -> tuple[str, bool]:
    """A cleaned text without signs that nobody sees, its spaces plain, and whether such signs stood in it.

    The file itself keeps them. A space that does not break is shown as a space, and no more is said about it.
    """
    if text.isascii():
        return text, False
    plain = texts.without_hidden(text).strip()
    return plain, plain != text and bool(_hidden_in(text))


SPREADSHEET_ERROR = re.compile(
    r"#(?:n/?a|n\.?v|n/d|nb|getting_data|wird abgerufen)[!?]?|#[\u00a1\u00bf]?[^\W\d]+(?:/0)?[!?]|#{3,}|err:\d{3}"
)
"""What a spreadsheet shows in place of a value, in its languages: `#N/A`, `#REF!`, `#NV`, `#BEZUG!`, `#####`."""
NO_REFERENCE = frozenset(
    ["n/a", "n.a.", "n.a", "na", "null", "none", "nil", "-", "--", "n/k", "not applicable", "not known", "unknown"]
)
"""Words that stand where there is no number or reference."""
SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+)? ?e ?[+-] ?\d{1,3}|[+-]?\d[.,]\d+ ?e ?\d{1,3}")
"""A number in scientific notation: most of its digits are lost."""


def is_spreadsheet_error(text: str) -> bool:
    """Whether a cell holds the error value of a spreadsheet in place of a text."""
    if "#" not in text and "\uff03" not in text and text[:4].casefold() != "err:":
        return False
    plain = folded(text).removeprefix("'").strip()
    return SPREADSHEET_ERROR.fullmatch(plain.replace(" ", "")) is not None


def says_nothing(text: str) -> bool:
    """Whether a cell for a number or reference says that there is none, or holds an error of a spreadsheet."""
    plain = folded(text)
    return not plain or plain in NO_REFERENCE or not plain.strip("0 ") or is_spreadsheet_error(text)


def is_shortened(text: str) -> bool:
    """Whether a number was shortened to scientific notation, so that different ones look the same."""
    return ("e" in text or "E" in text or not text.isascii()) and SHORTENED.fullmatch(folded(text)) is not None
